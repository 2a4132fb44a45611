"""Commons: what all engines of a process share, and what is known of them together."""

import threading
import weakref
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from .engine import Engine


class Tally(NamedTuple):
    """All engines of a process at one moment; ``n_points`` are those learned since its start."""

    n_engines: int
    n_playing: int
    n_points: int
    n_waiting: int


class Commons:
    """The engines that live.

    >>> from clusterer import OnlineClusterer
    >>> from clusterer.engine import Engine
    >>> from clusterer.sources import make_generator
    >>> commons = Commons()
    >>> engine = Engine(make_generator("blobs"), OnlineClusterer(), commons=commons)
    >>> engine.step(500)
    >>> n_seen = engine.wait_for_frame().snapshot.n_seen
    >>> commons.count().n_engines, commons.count().n_points
    (1, 500)
    >>> engine.close()
    >>> commons.count().n_engines, commons.count().n_points
    (0, 500)
    """

    def __init__(self) -> None:
        self._engines: weakref.WeakSet[Engine] = weakref.WeakSet()
        self._lock = threading.Lock()
        self._n_points_of_gone = 0

    def join(self, engine: "Engine") -> None:
        """Take an engine in."""
        with self._lock:
            self._engines.add(engine)

    def leave(self, engine: "Engine") -> None:
        """Let it go; it learns no more."""
        with self._lock:
            if engine in self._engines:
                self._engines.discard(engine)
                self._n_points_of_gone += engine.n_learned

    def count(self) -> Tally:
        """What there is to tell of all."""
        with self._lock:
            engines = list(self._engines)
            n_points = self._n_points_of_gone + sum(engine.n_learned for engine in engines)
        return Tally(
            len(engines),
            sum(engine.is_playing for engine in engines),
            n_points,
            sum(engine.n_waiting for engine in engines),
        )


commons = Commons()
"""Those of this process."""

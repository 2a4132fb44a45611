"""Commons: what all engines of a process share, and what is known of them together."""

import os
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from clusterer.session.recording import MOST_BYTES
from clusterer.session.scheduling.fair_lock import FairLock

if TYPE_CHECKING:
    from clusterer.session.engine import Engine

TICK_S = 0.015
MAX_SLOWDOWN = 32.0
N_WITHOUT_SLOWDOWN = 4
RECORDING_BYTES = 64 * 2**20
LEAST_RECORDING_BYTES = 2**18
MAX_PAUSE_S = 0.5


class EngineCounts(NamedTuple):
    """All engines of a process at one moment; ``n_points`` are those learned since its start."""

    n_engines: int
    n_playing: int
    n_points: int
    n_waiting: int


class EngineScheduler:
    """The engines that live, and each one's share of the processor and of memory.

    Engines that go as fast as they can share the cores but one, which is for the answers:
    after some time of work each rests, so long that all together leave that one alone. Nor do
    more of them work at a time. The memory for recordings is divided by the engines there are.

    Parameters
    ----------
    n_cores : cores to share, default all but one, at least 1
    recording_bytes : memory for the recordings of all engines together, default 64 MiB

    >>> from clusterer import OnlineClusterer
    >>> from clusterer.session.engine import Engine
    >>> from clusterer.datasets import make_generator
    >>> scheduler = EngineScheduler()
    >>> engine = Engine(make_generator("blobs"), OnlineClusterer(), scheduler=scheduler)
    >>> engine.step(500)
    >>> n_seen = engine.wait_for_frame().snapshot.n_seen
    >>> scheduler.count().n_engines, scheduler.count().n_points
    (1, 500)
    >>> engine.close()
    >>> scheduler.count().n_engines, scheduler.count().n_points
    (0, 500)
    """

    def __init__(self, n_cores: int | None = None, recording_bytes: int = RECORDING_BYTES) -> None:
        self.n_cores = n_cores or max((os.cpu_count() or 1) - 1, 1)
        self.all_recording_bytes = recording_bytes
        self._busy: weakref.WeakSet[Engine] = weakref.WeakSet()
        self._streaming: weakref.WeakSet[Engine] = weakref.WeakSet()
        self._engines: weakref.WeakSet[Engine] = weakref.WeakSet()
        self._lock = threading.Lock()
        self._n_points_of_gone = 0
        self.fair_lock = FairLock(self.n_cores)
        self._calm = threading.Event()
        self._calm.set()

    def join(self, engine: "Engine") -> None:
        """Take an engine in."""
        with self._lock:
            self._engines.add(engine)

    def share(self, engine: "Engine", spent_s: float, is_rushing: bool) -> float:
        """How long an engine is to rest that has worked for so long, of the processor's time."""
        self._streaming.add(engine)
        if not is_rushing:
            self._busy.discard(engine)
            return 0.0
        self._busy.add(engine)
        return spent_s * max(len(self._busy) / self.n_cores - 1.0, 0.0)

    @contextmanager
    def pause_streams(self) -> Iterator[None]:
        """Have all engines that stream hold still for a moment: a page is being made.

        Hundreds of threads that want the interpreter would make it wait many times as long.
        """
        self._calm.clear()
        try:
            yield
        finally:
            self._calm.set()

    def wait_while_paused(self) -> None:
        """Hold still where that is asked for, half a second at most."""
        self._calm.wait(MAX_PAUSE_S)

    def rest(self, engine: "Engine") -> None:
        """It needs no share of the processor just now."""
        self._streaming.discard(engine)
        self._busy.discard(engine)

    @property
    def is_crowded(self) -> bool:
        """Whether there are so many that each is to do less."""
        return self.slowdown > 1.0

    @property
    def slowdown(self) -> float:
        """How many times more rarely than alone an engine is to do what can wait."""
        return min(max(len(self._streaming) / N_WITHOUT_SLOWDOWN, 1.0), MAX_SLOWDOWN)

    @property
    def tick_s(self) -> float:
        """The time between two looks for points that are due."""
        return TICK_S * self.slowdown

    @property
    def recording_bytes(self) -> int:
        """Memory for the recording of one engine."""
        share = self.all_recording_bytes // max(len(self._engines), 1)
        return min(max(share, LEAST_RECORDING_BYTES), MOST_BYTES)

    def leave(self, engine: "Engine") -> None:
        """Let it go; it learns no more."""
        self.rest(engine)
        with self._lock:
            if engine in self._engines:
                self._engines.discard(engine)
                self._n_points_of_gone += engine.n_learned

    def count(self) -> EngineCounts:
        """What there is to tell of all."""
        with self._lock:
            engines = list(self._engines)
            n_points = self._n_points_of_gone + sum(engine.n_learned for engine in engines)
        return EngineCounts(
            len(engines),
            sum(engine.is_playing for engine in engines),
            n_points,
            sum(engine.n_waiting for engine in engines),
        )


engine_scheduler = EngineScheduler()
"""Those of this process."""

"""The scheduler: it shares the processor and the memory of a process among its engines."""

import os
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple, Protocol

from clusterer.session.recording import MAX_BYTES
from clusterer.session.scheduling.fair_lock import FairLock

TICK_S = 0.015
MAX_SLOWDOWN = 32.0
N_WITHOUT_SLOWDOWN = 4
RECORDING_BYTES = 64 * 2**20
MIN_RECORDING_BYTES = 2**18
MAX_PAUSE_S = 0.5


class ScheduledEngine(Protocol):
    """What the scheduler needs to know of an engine."""

    n_learned: int

    @property
    def is_playing(self) -> bool:
        """Whether points stream in."""
        ...

    @property
    def n_waiting(self) -> int:
        """Number of commands that have not taken effect yet."""
        ...


class EngineCounts(NamedTuple):
    """Numbers of engines, of points learned since the start of the process, and of commands."""

    n_engines: int
    n_playing: int
    n_points: int
    n_waiting: int


class EngineScheduler:
    """Keep a list of the running engines and give each its share of processor and memory.

    Engines that go as fast as they can share all cores but one; that core is left for the
    answers to the browsers. After each piece of work an engine rests so long that all engines
    together leave this core alone. At most as many engines work at a time as there are cores to
    share. The memory for recordings is divided equally among the engines.

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
        self._busy: weakref.WeakSet[ScheduledEngine] = weakref.WeakSet()
        self._streaming: weakref.WeakSet[ScheduledEngine] = weakref.WeakSet()
        self._engines: weakref.WeakSet[ScheduledEngine] = weakref.WeakSet()
        self._lock = threading.Lock()
        self._n_points_of_closed = 0
        self.fair_lock = FairLock(self.n_cores)
        self._may_stream = threading.Event()
        self._may_stream.set()

    def register(self, engine: ScheduledEngine) -> None:
        """Add an engine."""
        with self._lock:
            self._engines.add(engine)

    def unregister(self, engine: ScheduledEngine) -> None:
        """Remove an engine, which learns no more points."""
        self.note_idle(engine)
        with self._lock:
            if engine in self._engines:
                self._engines.discard(engine)
                self._n_points_of_closed += engine.n_learned

    def choose_rest(self, engine: ScheduledEngine, spent_s: float, is_busy: bool) -> float:
        """Return how many seconds an engine must rest after ``spent_s`` seconds of work.

        Only engines that are busy, because they could use a whole core, have to rest.
        """
        self._streaming.add(engine)
        if not is_busy:
            self._busy.discard(engine)
            return 0.0
        self._busy.add(engine)
        return spent_s * max(len(self._busy) / self.n_cores - 1.0, 0.0)

    def note_idle(self, engine: ScheduledEngine) -> None:
        """Note that an engine needs no share of the processor at present."""
        self._streaming.discard(engine)
        self._busy.discard(engine)

    @contextmanager
    def pause_streams(self) -> Iterator[None]:
        """Pause all engines that stream, while a page is built.

        Hundreds of threads that compete for the interpreter would delay the page many times over.
        """
        self._may_stream.clear()
        try:
            yield
        finally:
            self._may_stream.set()

    def wait_while_paused(self) -> None:
        """Wait while the streams are paused, half a second at most."""
        self._may_stream.wait(MAX_PAUSE_S)

    @property
    def is_crowded(self) -> bool:
        """Whether so many engines stream that each must do less."""
        return self.slowdown > 1.0

    @property
    def slowdown(self) -> float:
        """The factor by which an engine does less urgent work more rarely than alone."""
        return min(max(len(self._streaming) / N_WITHOUT_SLOWDOWN, 1.0), MAX_SLOWDOWN)

    @property
    def tick_s(self) -> float:
        """Seconds between two checks for points that are due."""
        return TICK_S * self.slowdown

    @property
    def recording_bytes(self) -> int:
        """Memory for the recording of one engine, in bytes."""
        share = self.all_recording_bytes // max(len(self._engines), 1)
        return min(max(share, MIN_RECORDING_BYTES), MAX_BYTES)

    def count(self) -> EngineCounts:
        """Count the engines, their points and their commands."""
        with self._lock:
            engines = list(self._engines)
            n_points = self._n_points_of_closed + sum(engine.n_learned for engine in engines)
        return EngineCounts(
            len(engines),
            sum(engine.is_playing for engine in engines),
            n_points,
            sum(engine.n_waiting for engine in engines),
        )


engine_scheduler = EngineScheduler()
"""The scheduler of this process."""

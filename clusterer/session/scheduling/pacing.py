"""The pacing of a stream: at a given rate, by the times of its points, or as fast as it can."""

import time
from collections.abc import Callable
from typing import Protocol

from clusterer.session.scheduling.rate import Rate
from clusterer.session.scheduling.scheduler import EngineScheduler, ScheduledEngine
from clusterer.session.scheduling.throttle import AdaptiveChunkSize
from clusterer.stream.source import Source

MAX_CHUNK_SIZE = 4_096
"""Most points between two checks for commands at a given rate; else see `AdaptiveChunkSize`."""

BUSY_SHARE = 0.1
"""An engine that needs a larger share of a core than this is busy, whatever its rate."""


class PacedRun(Protocol):
    """What the pacing needs to know of a run."""

    source: Source

    @property
    def max_chunk_size(self) -> int:
        """Most points to learn between two checks for commands."""
        ...


class Pacing:
    """Have the points of a run learned when they are due.

    Parameters
    ----------
    points_per_s : the rate; infinity for as fast as it can
    advance : learns at most the given number of points, and returns how many it learned
    engine : uses its share of what ``scheduler`` divides
    scheduler : the scheduler that the engine has registered with
    """

    def __init__(
        self,
        points_per_s: float,
        advance: Callable[[int], int],
        engine: ScheduledEngine,
        scheduler: EngineScheduler,
    ) -> None:
        self.rate = Rate(points_per_s)
        self._advance = advance
        self._engine, self._scheduler = engine, scheduler
        self._rested_at = 0.0
        self._chunk_size = AdaptiveChunkSize()
        self._position = 0.0

    @property
    def is_rested(self) -> bool:
        """Whether the engine has rested long enough for the others."""
        return time.monotonic() >= self._rested_at

    @property
    def rest_s(self) -> float:
        """Seconds until points may be due."""
        rest_s = self._rested_at - time.monotonic()
        return max(rest_s, 0.001 if self.rate.is_unlimited else self._scheduler.tick_s)

    def stream(self, run: PacedRun, elapsed_s: float, goes_on: Callable[[], bool]) -> None:
        """Learn the points that ``elapsed_s`` more seconds made due; then rest.

        It stops early when ``goes_on`` returns False.
        """
        self._scheduler.wait_while_paused()
        start = time.thread_time()
        try:
            self._learn(run, elapsed_s, goes_on)
        finally:
            spent_s = time.thread_time() - start
            is_busy = self.rate.is_unlimited or spent_s > BUSY_SHARE * elapsed_s
            rest_s = self._scheduler.choose_rest(self._engine, spent_s, is_busy)
            self._rested_at = time.monotonic() + rest_s

    def _learn(self, run: PacedRun, elapsed_s: float, goes_on: Callable[[], bool]) -> None:
        if self.rate.is_unlimited:
            # By the thread's own time: on a busy machine smaller chunks would only cost more.
            start = time.thread_time()
            self._advance(min(self._chunk_size.n, run.max_chunk_size))
            self._chunk_size.adapt(time.thread_time() - start)
            return
        n_due = self.rate.count_due(elapsed_s)
        if run.source.is_paced:
            self._position += n_due
            n_due = run.source.count_due(self._position, MAX_CHUNK_SIZE)
        while n_due > 0 and goes_on():
            n_due -= self._advance(min(n_due, MAX_CHUNK_SIZE, run.max_chunk_size))

    def note(self, run: PacedRun, n_learned: int) -> None:
        """Note that points were learned just now, whether they were due or not."""
        self.rate.note(n_learned)
        self._position = max(self._position, run.source.position)

    def restart(self, run: PacedRun) -> None:
        """Forget due and learned points, and continue from the position of a run's source."""
        self.rate.restart()
        self._position = run.source.position

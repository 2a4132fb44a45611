"""The pace of a stream: at a speed, by its points' own times, or as fast as it goes."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from clusterer.session.run import Run
from clusterer.session.scheduling.rate import Rate
from clusterer.session.scheduling.scheduler import EngineScheduler
from clusterer.session.scheduling.throttle import AdaptiveChunkSize

if TYPE_CHECKING:
    from clusterer.session.engine import Engine

N_AT_ONCE = 4_096
"""Largest number of points between two looks at the controls at a given rate."""

RUSH_SHARE = 0.1
"""Who needs more of a core than that is in a rush, whatever the speed."""


class Pacing:
    """Have as many points of a run learned as are due.

    ``advance`` learns so many points and returns how many there were. ``engine`` takes its share
    of what is in ``scheduler``.
    """

    def __init__(
        self,
        points_per_s: float,
        advance: Callable[[int], int],
        engine: "Engine",
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
        """Whether it may go on, as far as others are concerned."""
        return time.monotonic() >= self._rested_at

    @property
    def rest_s(self) -> float:
        """How long until points may be due."""
        rest_s = self._rested_at - time.monotonic()
        return max(rest_s, 0.001 if self.rate.is_endless else self._scheduler.tick_s)

    def stream(self, run: Run, elapsed_s: float, goes_on: Callable[[], bool]) -> None:
        """Learn what has become due in ``elapsed_s``, while it ``goes_on``; then rest."""
        self._scheduler.wait_while_paused()
        start = time.thread_time()
        try:
            self._learn(run, elapsed_s, goes_on)
        finally:
            spent_s = time.thread_time() - start
            is_rushing = self.rate.is_endless or spent_s > RUSH_SHARE * elapsed_s
            self._rested_at = time.monotonic() + self._scheduler.share(
                self._engine, spent_s, is_rushing
            )

    def _learn(self, run: Run, elapsed_s: float, goes_on: Callable[[], bool]) -> None:
        if self.rate.is_endless:
            # By the thread's own time: on a busy machine short strides would only cost more.
            start = time.thread_time()
            self._advance(min(self._chunk_size.n, run.n_at_once))
            self._chunk_size.adapt(time.thread_time() - start)
            return
        n_due = self.rate.count_due(elapsed_s)
        if run.source.is_paced:
            self._position += n_due
            n_due = run.source.count_due(self._position, N_AT_ONCE)
        while n_due > 0 and goes_on():
            n_due -= self._advance(min(n_due, N_AT_ONCE, run.n_at_once))

    def note(self, run: Run, n_learned: int) -> None:
        """So many points were learned just now, due or not."""
        self.rate.note(n_learned)
        self._position = max(self._position, run.source.position)

    def restart(self, run: Run) -> None:
        """Forget what was due and what was learned; go on from where a run is."""
        self.rate.restart()
        self._position = run.source.position

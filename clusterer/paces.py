"""The pace of a stream: at a speed, by its points' own times, or as fast as it goes."""

import time
from collections.abc import Callable

from .runs import Run
from .spacing import Stride
from .speeds import Speed

N_AT_ONCE = 4_096
"""Points between two looks at the controls, at most; as fast as it goes, see `Stride`."""


class Pace:
    """Have as many points of a run learned as are due.

    ``advance`` learns so many points and returns how many there were.
    """

    def __init__(self, points_per_s: float, advance: Callable[[int], int]) -> None:
        self.speed = Speed(points_per_s)
        self._advance = advance
        self._stride = Stride()
        self._position = 0.0

    def stream(self, run: Run, elapsed_s: float, goes_on: Callable[[], bool]) -> None:
        """Learn what has become due in ``elapsed_s``, while it ``goes_on``."""
        if self.speed.is_endless:
            # By the thread's own time: on a busy machine short strides would only cost more.
            start = time.thread_time()
            self._advance(min(self._stride.n, run.n_at_once))
            self._stride.adapt(time.thread_time() - start)
            return
        n_due = self.speed.count_due(elapsed_s)
        if run.source.is_paced:
            self._position += n_due
            n_due = run.source.count_due(self._position, N_AT_ONCE)
        while n_due > 0 and goes_on():
            n_due -= self._advance(min(n_due, N_AT_ONCE, run.n_at_once))

    def note(self, run: Run, n_learned: int) -> None:
        """So many points were learned just now, due or not."""
        self.speed.note(n_learned)
        self._position = max(self._position, run.source.position)

    def restart(self) -> None:
        """Forget what was due and what was learned."""
        self.speed.restart()
        self._position = 0.0

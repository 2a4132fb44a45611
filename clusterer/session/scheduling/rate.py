"""The rate of a stream: how many points are due, and how many were learned per second."""

import time
from collections import deque

from clusterer.support.number_checks import check_float

MEASURED_S = 1.0
# Longer than the longest time between two checks for due points, which is half a second if there
# are many engines. After a longer stall the stream does not try to catch up.
MAX_BACKLOG_S = 1.0


class Rate:
    """Count the points that are due at a number of points per second.

    At an infinite rate there is always one more point.

    >>> rate = Rate(200.0)
    >>> rate.count_due(0.012), rate.count_due(0.012)
    (2, 2)
    >>> rate.count_due(0.012), rate.count_due(60.0)
    (3, 200)
    """

    def __init__(self, points_per_s: float) -> None:
        self._learned: deque[tuple[float, int]] = deque()
        self._points_per_s, self._backlog = points_per_s, 0.0

    def set(self, points_per_s: float) -> None:
        """Change the rate; points due at the old rate are dropped.

        Raises ValueError unless it is a number from 0 to infinity.
        """
        points_per_s = check_float("speed", points_per_s, 0, float("inf"))
        if points_per_s != self._points_per_s:
            self._points_per_s, self._backlog = points_per_s, 0.0

    @property
    def is_unlimited(self) -> bool:
        """Whether the stream goes as fast as it can."""
        return self._points_per_s == float("inf")

    def count_due(self, elapsed_s: float) -> int:
        """Return the number of points due after more seconds; the caller must learn them."""
        self._backlog += min(elapsed_s, MAX_BACKLOG_S) * self._points_per_s
        n_due = int(self._backlog)
        self._backlog -= n_due
        return n_due

    def note(self, n_learned: int) -> None:
        """Note that points were learned just now."""
        self._learned.append((time.monotonic(), n_learned))

    def measure(self) -> float:
        """Return the number of points learned in the last second."""
        start = time.monotonic() - MEASURED_S
        while self._learned and self._learned[0][0] < start:
            self._learned.popleft()
        return sum(n for _, n in self._learned) / MEASURED_S

    def restart(self) -> None:
        """Forget which points were due and which were learned."""
        self._backlog = 0.0
        self._learned.clear()

"""Speed: how many points are due, and how many a second there were."""

import time
from collections import deque

from clusterer.support.number_checks import check_float

RATE_MEMORY_S = 1.0
# Above the longest time between two looks, of half a second among many; after a stall the stream
# does not rush to catch up.
LONGEST_DEBT_S = 1.0


class Rate:
    """Tell how many points are due at so many a second; at infinity there is always one more.

    >>> rate = Rate(200.0)
    >>> rate.count_due(0.012), rate.count_due(0.012)
    (2, 2)
    >>> rate.count_due(0.012), rate.count_due(60.0)
    (3, 200)
    """

    def __init__(self, points_per_s: float) -> None:
        self._learned: deque[tuple[float, int]] = deque()
        self._points_per_s, self._debt = points_per_s, 0.0

    def set(self, points_per_s: float) -> None:
        """Change it; what was due is forgotten."""
        points_per_s = check_float("speed", points_per_s, 0, float("inf"))
        if points_per_s != self._points_per_s:
            self._points_per_s, self._debt = points_per_s, 0.0

    @property
    def is_endless(self) -> bool:
        """Whether the stream goes as fast as it can."""
        return self._points_per_s == float("inf")

    def count_due(self, elapsed_s: float) -> int:
        """Points due after some more seconds; it counts on that they are learned."""
        self._debt += min(elapsed_s, LONGEST_DEBT_S) * self._points_per_s
        n_due = int(self._debt)
        self._debt -= n_due
        return n_due

    def note(self, n_learned: int) -> None:
        """So many points were learned just now."""
        self._learned.append((time.monotonic(), n_learned))

    def measure(self) -> float:
        """Points learned in the last second."""
        start = time.monotonic() - RATE_MEMORY_S
        while self._learned and self._learned[0][0] < start:
            self._learned.popleft()
        return sum(n for _, n in self._learned) / RATE_MEMORY_S

    def restart(self) -> None:
        """Forget what was due and what was learned."""
        self._debt = 0.0
        self._learned.clear()

"""Limits on how often work is done, and on how much is done at once."""

import time
from collections.abc import Callable
from typing import Generic, TypeVar

Value = TypeVar("Value")


def choose_rest(spent_s: float, share: float, least_s: float, most_s: float) -> float:
    """Return how long to rest after work, so that the work takes a share of the time.

    Parameters
    ----------
    spent_s : duration of the work in seconds
    share : share of the time that the work may take
    least_s, most_s : bounds of the rest in seconds

    Examples
    --------
    >>> [choose_rest(spent_s, 0.1, 0.5, 5.0) for spent_s in (0.01, 0.2, 10.0)]
    [0.5, 2.0, 5.0]
    """
    return min(max(least_s, spent_s / share), most_s)


class Throttle(Generic[Value]):
    """Compute a value at most once in ``period_s`` seconds; repeat the last value in between.

    >>> throttle = Throttle(period_s=60.0)
    >>> throttle.refresh(lambda: "first"), throttle.refresh(lambda: "second")
    ('first', 'first')
    >>> 0.0 < throttle.rest_s <= 60.0
    True
    """

    def __init__(self, period_s: float) -> None:
        self._period_s = period_s
        self.reset()

    def reset(self) -> None:
        """Compute the next value at once."""
        self._value: Value | None = None
        self._is_repeated = False
        self._next_at = 0.0

    def refresh(self, compute: Callable[[], Value], slowdown: float = 1.0) -> Value | None:
        """Return the value, computed anew if the period, multiplied by ``slowdown``, is over."""
        self._is_repeated = time.monotonic() < self._next_at
        if not self._is_repeated:
            self._value = compute()
            # Counted from the end, so that slow work never takes all of the time.
            self._next_at = time.monotonic() + slowdown * self._period_s
        return self._value

    @property
    def rest_s(self) -> float | None:
        """Seconds until a repeated value is computed anew; None if the last value was new."""
        return max(self._next_at - time.monotonic(), 0.0) if self._is_repeated else None


class AdaptiveChunkSize:
    """Choose the number of points to learn at once, so that a chunk takes a few milliseconds.

    >>> chunk_size = AdaptiveChunkSize(n=4096)
    >>> chunk_size.adapt(spent_s=0.001)
    >>> chunk_size.n
    8192
    """

    MAX_S = 0.006
    LEAST, MOST = 64, 32_768

    def __init__(self, n: int = 4096) -> None:
        self.n = n

    def adapt(self, spent_s: float) -> None:
        """Halve or double the size by the time that the last chunk took."""
        if spent_s > self.MAX_S:
            self.n = max(self.n // 2, self.LEAST)
        elif spent_s < self.MAX_S / 2:
            self.n = min(self.n * 2, self.MOST)

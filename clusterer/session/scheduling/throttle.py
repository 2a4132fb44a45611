"""Work in time: values made anew not too often, and work cut to lengths that take not too long."""

import time
from collections.abc import Callable
from typing import Generic, TypeVar

Value = TypeVar("Value")


def choose_rest(spent_s: float, share: float, least_s: float, most_s: float) -> float:
    """How long to rest from work that took so long, so that it takes a share of the time.

    >>> [choose_rest(spent_s, 0.1, 0.5, 5.0) for spent_s in (0.01, 0.2, 10.0)]
    [0.5, 2.0, 5.0]
    """
    return min(max(least_s, spent_s / share), most_s)


class Throttle(Generic[Value]):
    """A value made at most once a period; until the next time the last one stands for it.

    >>> throttle = Throttle(period_s=60.0)
    >>> throttle.refresh(lambda: "first"), throttle.refresh(lambda: "second")
    ('first', 'first')
    >>> 0.0 < throttle.rest_s <= 60.0
    True
    """

    def __init__(self, period_s: float) -> None:
        self._period_s = period_s
        self.forget()

    def forget(self) -> None:
        """Have the next value made at once."""
        self._value: Value | None = None
        self._is_old = False
        self._next_at = 0.0

    def refresh(self, make: Callable[[], Value], slowdown: float = 1.0) -> Value | None:
        """The value, made anew if it is time; for more ``slowdown`` so many times more rarely."""
        self._is_old = time.monotonic() < self._next_at
        if not self._is_old:
            self._value = make()
            # From the end on, so that it never takes more than a share of the time.
            self._next_at = time.monotonic() + slowdown * self._period_s
        return self._value

    @property
    def rest_s(self) -> float | None:
        """How long an old value has to stand still; None if the last one given was new."""
        return max(self._next_at - time.monotonic(), 0.0) if self._is_old else None


class AdaptiveChunkSize:
    """How many points to learn before looking up, so that this takes a few milliseconds.

    >>> chunk_size = AdaptiveChunkSize(n=4096)
    >>> chunk_size.adapt(took_s=0.001)
    >>> chunk_size.n
    8192
    """

    LONGEST_S = 0.006
    FEWEST, MOST = 64, 32_768

    def __init__(self, n: int = 4096) -> None:
        self.n = n

    def adapt(self, took_s: float) -> None:
        """Halve or double the stride, by how long the last one took."""
        if took_s > self.LONGEST_S:
            self.n = max(self.n // 2, self.FEWEST)
        elif took_s < self.LONGEST_S / 2:
            self.n = min(self.n * 2, self.MOST)

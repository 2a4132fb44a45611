"""Sentinels: numbers such as -999 that may stand for a missing value."""

import re

import numpy as np
from numpy.typing import NDArray

NINES = re.compile(r"-?9+\.?9+(?:e\+\d+)?")
MIN_SIZE = 1e29


def describe_sentinel(finite: NDArray[np.float64]) -> str | None:
    """Return a note about a number that may stand for a missing value, or None.

    A sentinel consists of nines or is huge, occurs at least twice, and is further from all other
    values than these are from each other.

    Examples
    --------
    >>> describe_sentinel(np.array([0.5, -999.0, 1.5, -999.0]))
    '-999 occurs 2 times, far from all other values: if it means missing, empty those cells'
    """
    for value in (finite.min(), finite.max()) if finite.size else ():
        written = f"{value:.15g}"
        if not (NINES.fullmatch(written) or abs(value) > MIN_SIZE):
            continue
        is_value = finite == value
        # Divided by the largest value, because the span of values near 1e308 overflows.
        scale = np.abs(finite).max()
        others, n_times = finite[~is_value] / scale, int(is_value.sum())
        if n_times < 2 or not others.size:
            continue
        if np.abs(others - value / scale).min() > np.ptp(others):
            return (
                f"{written} occurs {n_times} times, far from all other values: if it means "
                "missing, empty those cells"
            )
    return None

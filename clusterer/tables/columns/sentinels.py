"""Sentinels: numbers such as -999, 0 or 32767 that may stand for a missing value."""

import re

import numpy as np
from numpy.typing import NDArray

NINES = re.compile(r"-?9+\.?9+(?:e\+\d+)?")
MIN_SIZE = 1e29
# A number that is this many times as large as all others, such as 1e20, is no measurement either.
MIN_SIZE_RATIO = 1e9
# The largest and smallest numbers of integer types, and their neighbours.
LIMITS = {float(s * 2**n + d) for n in (7, 8, 15, 16, 31, 32, 63) for s in (1, -1) for d in (-1, 0)}
# Other values that are never measured occur with few numbers; with fewer, a category is likely.
MIN_DISTINCT = 10
N_NEXT = 5
# Zero is a value of its own kind in counts; elsewhere a gap of this many times the spread of the
# lowest tenth of the other values separates it.
ZERO_GAP = 1.5


def describe_sentinel(finite: NDArray[np.float64]) -> str | None:
    """Return a note about a number that may stand for a missing value, or None.

    A sentinel occurs at least twice and is the lowest or the highest value. It is further from all
    other values than these are from each other, or it is the only negative value, a limit of an
    integer type, or a zero far below all other values.

    Examples
    --------
    >>> describe_sentinel(np.array([0.5, -999.0, 1.5, -999.0]))[:48]
    '-999 occurs 2 times, far from all other values: '
    """
    for value in (finite.min(), finite.max()) if finite.size else ():
        is_value = finite == value
        n_times = int(is_value.sum())
        others = finite[~is_value]
        if n_times < 2 or not others.size or not _is_sentinel(float(value), others, n_times):
            continue
        written = f"{value:.15g}"
        return (
            f"{written} occurs {n_times} times, far from all other values: if it means missing, "
            f"choose missing_values {written}"
        )
    return None


def _is_sentinel(value: float, others: NDArray[np.float64], n_times: int) -> bool:
    # Divided by the largest value, because the span of values near 1e308 overflows.
    scale = max(abs(value), float(np.abs(others).max()))
    scaled = others / scale
    gap, spread = float(np.abs(scaled - value / scale).min()), float(np.ptp(scaled))
    largest = float(np.abs(others).max())
    is_huge = abs(value) > min(MIN_SIZE, MIN_SIZE_RATIO * max(largest, 1.0))
    if NINES.fullmatch(f"{value:.15g}") or is_huge:
        return gap > spread
    if value != np.floor(value):
        return False
    distinct, counts = np.unique(others, return_counts=True)
    if distinct.size < MIN_DISTINCT or n_times <= float(np.median(counts)):
        return False
    is_only_negative = value < 0 <= distinct[0]
    if value in LIMITS or (is_only_negative and _is_apart(value, distinct, counts, n_times)):
        return True
    if value == 0:
        return gap > 0 and gap > ZERO_GAP * _spread_of_lowest(np.abs(scaled))
    return False


def _is_apart(
    value: float, distinct: NDArray[np.float64], counts: NDArray[np.int64], n_times: int
) -> bool:
    """Tell whether the only negative value continues no sequence, such as -1 below 0, 1 and 2.

    It continues none if it is further away than these are from each other, or if it is more common
    than each of the next values.
    """
    steps = np.diff(distinct)
    is_far = bool(distinct[0] - value > np.median(steps))
    return is_far or n_times > int(counts[:N_NEXT].max())


def _spread_of_lowest(sizes: NDArray[np.float64]) -> float:
    return float(np.quantile(sizes, 0.1) - sizes.min())

"""Basins: prototypes that flow together, the shallowest valley first.

The valleys all along the border of two basins are pooled before it is judged: between two rings
many prototypes face each other, and one chance link between them outweighs nothing.
"""

import math
from typing import Any

import numpy as np
from numba import njit

# What the density says of a valley counts as much as 10 points seen in it.
VALLEY_POINTS = 10.0
# Of one cluster alone, normal or even, in 1 to 5 dimensions, the prominences within are larger
# by some 3/√n where prototypes hold n points than where they hold many.
POINT_CHANCE = 3.0
LEAST_POINTS = 1e-3
TINY = 1e-9

N_VALLEYS, SEEN, EXPECTED, FALL, LOW, SHARE = range(6)


@njit(cache=True, nogil=True)
def flood(
    valleys: Any, heights: Any, masses: Any, least: float, bar: float
) -> tuple[Any, Any, Any, Any, Any]:
    """Join basins until only those of prominence ``bar`` and mass ``least`` are left.

    Returns the meetings in their order, as in `clusterer.cluster.density.peaks.Tree` (``younger``,
    ``older``, ``levels``, ``prominences``), and the highest peak (k,) of each one's basin. O(K²) on
    average.
    """
    n_kept = len(heights)
    sums = pool_valleys(valleys, n_kept)
    levels = np.full((n_kept, n_kept), -np.inf)
    for e in range(len(valleys.first)):
        i, j = valleys.first[e], valleys.second[e]
        levels[i, j] = levels[j, i] = measure_level(sums, i, j)
    owners = np.arange(n_kept)
    gathered, squares = masses.copy(), masses * masses
    best = np.empty(n_kept, dtype=np.int64)
    for i in range(n_kept):
        best[i] = np.argmax(levels[i])
    rows = np.empty((2, n_kept), dtype=np.int64)
    values = np.empty((2, n_kept))
    n_meetings = 0
    while True:
        a = find_best(levels, best, owners)
        b = best[a]
        level = levels[a, b]
        if level == -np.inf:
            break
        if heights[a] < heights[b]:
            a, b = b, a
        points = max(squares[b] / gathered[b], LEAST_POINTS)
        prominence = max(heights[b] - level - POINT_CHANCE / math.sqrt(points), 0.0)
        if gathered[b] < least:
            prominence = 0.0
        elif prominence >= bar:
            levels[a, b] = levels[b, a] = -np.inf
            best[a], best[b] = np.argmax(levels[a]), np.argmax(levels[b])
            continue
        rows[0, n_meetings], rows[1, n_meetings] = b, a
        values[0, n_meetings], values[1, n_meetings] = level, prominence
        n_meetings += 1
        gathered[a] += gathered[b]
        squares[a] += squares[b]
        join_basins(sums, levels, best, owners, a, b)
    rows, values = rows[:, :n_meetings], values[:, :n_meetings]
    for i in range(n_kept):
        if gathered[owners[i]] < least:
            owners[i] = -1
    return rows[0], rows[1], values[0], values[1], owners


@njit(cache=True, nogil=True)
def pool_valleys(valleys: Any, n_kept: int) -> Any:
    """Sums (6, k, k) over the valleys of each pair, ``falls`` and ``lows`` by points expected."""
    sums = np.zeros((6, n_kept, n_kept))
    for e in range(len(valleys.first)):
        add_valley(sums, valleys, e, valleys.first[e], valleys.second[e])
        add_valley(sums, valleys, e, valleys.second[e], valleys.first[e])
    return sums


@njit(cache=True, nogil=True)
def add_valley(sums: Any, valleys: Any, e: int, i: int, j: int) -> None:
    """Add one to the sums of a pair."""
    share = valleys.expected[e] + TINY
    sums[N_VALLEYS, i, j] += 1.0
    sums[SEEN, i, j] += valleys.seen[e]
    sums[EXPECTED, i, j] += valleys.expected[e]
    sums[FALL, i, j] += share * valleys.falls[e]
    sums[LOW, i, j] += share * valleys.lows[e]
    sums[SHARE, i, j] += share


@njit(cache=True, nogil=True)
def measure_level(sums: Any, i: int, j: int) -> float:
    """Logarithm of the density where the two meet; minus infinity where no valley is known."""
    if sums[N_VALLEYS, i, j] == 0.0:
        return -np.inf
    share = sums[SHARE, i, j]
    prior = VALLEY_POINTS * sums[N_VALLEYS, i, j]
    part = sums[SEEN, i, j] + prior * sums[FALL, i, j] / share
    part /= sums[EXPECTED, i, j] + prior
    return sums[LOW, i, j] / share + math.log(min(part, 1.0)) if part > 0.0 else -np.inf


@njit(cache=True, nogil=True)
def find_best(levels: Any, best: Any, owners: Any) -> int:
    """The basin that meets another one at the highest level; the first of equals."""
    found = 0
    highest = -np.inf
    for i in range(len(owners)):
        if owners[i] == i and levels[i, best[i]] > highest:
            highest = levels[i, best[i]]
            found = i
    return found


@njit(cache=True, nogil=True)
def join_basins(sums: Any, levels: Any, best: Any, owners: Any, a: int, b: int) -> None:
    """Let b flow into a."""
    n_kept = len(owners)
    for i in range(n_kept):
        if owners[i] == b:
            owners[i] = a
    for row in range(6):
        for i in range(n_kept):
            sums[row, a, i] += sums[row, b, i]
            sums[row, i, a] = sums[row, a, i]
    for i in range(n_kept):
        is_other = owners[i] == i and i != a
        levels[a, i] = levels[i, a] = measure_level(sums, a, i) if is_other else -np.inf
        levels[b, i] = levels[i, b] = -np.inf
    best[a] = np.argmax(levels[a])
    for i in range(n_kept):
        if owners[i] != i or i == a:
            continue
        if best[i] == a or best[i] == b:
            best[i] = np.argmax(levels[i])
        elif levels[i, a] > levels[i, best[i]]:
            best[i] = a

"""Stage 3: lower the level and merge the regions of two peaks where they meet.

After F. Chazal, L. Guibas, S. Oudot, P. Skraba, "Persistence-based clustering in Riemannian
manifolds", J. ACM 60(6), 2013 (ToMATo). One rule differs: two regions meet at the level of all
saddles along their border, pooled, instead of the highest saddle. Between two rings many
prototypes face each other, and one chance link between them must not join the rings.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

# The density estimate of a saddle counts as much as 10 points seen there.
PRIOR_POINTS = 10.0
# Within one cluster, normal or even, in 1 to 5 dimensions, prominences are larger by about 3/√n
# where prototypes hold n points than where they hold many.
CHANCE_PROMINENCE = 3.0
MIN_POINTS = 1e-3
MIN_WEIGHT = 1e-9


class MergeTree(NamedTuple):
    """The merges of peaks as the level falls, in their order.

    Parameters
    ----------
    lower, higher : (e,) int64
        Indices of the two peaks that merge; the region of the lower one joins the higher one's.
    levels : (e,)
        Logarithm of the density where the two regions meet, mostly from high to low.
    prominences : (e,)
        Logarithm of the density at the lower peak over the density at the level, less the part
        that chance explains; 0 for a region with too few points.
    """

    lower: NDArray[np.int64]
    higher: NDArray[np.int64]
    levels: NDArray[np.float64]
    prominences: NDArray[np.float64]


class BorderSums(NamedTuple):
    """Sums (k, k) over the saddles on the border between two regions.

    ``ratios`` and ``log_lower`` are sums of products with ``weights``; see `Saddles`.
    """

    n_saddles: NDArray[np.float64]
    seen: NDArray[np.float64]
    expected: NDArray[np.float64]
    ratios: NDArray[np.float64]
    log_lower: NDArray[np.float64]
    weights: NDArray[np.float64]


@njit(cache=True, nogil=True)
def flood(density: Any, saddles: Any, min_mass: float, threshold: float) -> tuple[Any, Any]:
    """Merge regions until only those of enough prominence and mass are left.

    Parameters
    ----------
    density : DensityEstimate
        The density of k prototypes.
    saddles : Saddles
        The saddles between neighbours.
    min_mass : float
        Fewest points of a region.
    threshold : float
        Smallest prominence of a region; infinite to record all merges.

    Returns
    -------
    tree : MergeTree
        The merges. O(K²) on average.
    peaks : (k,) int64
        Index of the peak to whose region each prototype belongs; -1 for a region below
        ``min_mass``.
    """
    heights = density.log_density
    n_kept = len(heights)
    sums = sum_borders(saddles, n_kept)
    levels = np.full((n_kept, n_kept), -np.inf)
    for e in range(len(saddles.first)):
        i, j = saddles.first[e], saddles.second[e]
        levels[i, j] = levels[j, i] = measure_level(sums, i, j)
    peaks = np.arange(n_kept)
    masses, squares = density.masses.copy(), density.masses * density.masses
    best = np.empty(n_kept, dtype=np.int64)
    for i in range(n_kept):
        best[i] = np.argmax(levels[i])
    merges = np.empty((2, n_kept), dtype=np.int64)
    values = np.empty((2, n_kept))
    n_merges = 0
    while True:
        higher = find_highest_border(levels, best, peaks)
        lower = best[higher]
        level = levels[higher, lower]
        if level == -np.inf:
            break
        if heights[higher] < heights[lower]:
            higher, lower = lower, higher
        points = max(squares[lower] / masses[lower], MIN_POINTS)
        prominence = max(heights[lower] - level - CHANCE_PROMINENCE / math.sqrt(points), 0.0)
        if masses[lower] < min_mass:
            prominence = 0.0
        elif prominence >= threshold:
            levels[higher, lower] = levels[lower, higher] = -np.inf
            best[higher], best[lower] = np.argmax(levels[higher]), np.argmax(levels[lower])
            continue
        merges[0, n_merges], merges[1, n_merges] = lower, higher
        values[0, n_merges], values[1, n_merges] = level, prominence
        n_merges += 1
        masses[higher] += masses[lower]
        squares[higher] += squares[lower]
        merge_regions(sums, levels, best, peaks, higher, lower)
    merges, values = merges[:, :n_merges], values[:, :n_merges]
    for i in range(n_kept):
        if masses[peaks[i]] < min_mass:
            peaks[i] = -1
    return MergeTree(merges[0], merges[1], values[0], values[1]), peaks


@njit(cache=True, nogil=True)
def make_border_sums(n_regions: int) -> Any:
    """Sums of 0 for all pairs of regions."""
    shape = (n_regions, n_regions)
    return BorderSums(
        np.zeros(shape),
        np.zeros(shape),
        np.zeros(shape),
        np.zeros(shape),
        np.zeros(shape),
        np.zeros(shape),
    )


@njit(cache=True, nogil=True)
def sum_borders(saddles: Any, n_kept: int) -> Any:
    """The sums while each prototype is a region of its own."""
    sums = make_border_sums(n_kept)
    for e in range(len(saddles.first)):
        add_saddle(sums, saddles, e, saddles.first[e], saddles.second[e])
        add_saddle(sums, saddles, e, saddles.second[e], saddles.first[e])
    return sums


@njit(cache=True, nogil=True)
def add_saddle(sums: Any, saddles: Any, e: int, i: int, j: int) -> None:
    """Add saddle ``e`` to the border between regions i and j."""
    weight = saddles.expected[e] + MIN_WEIGHT
    sums.n_saddles[i, j] += 1.0
    sums.seen[i, j] += saddles.seen[e]
    sums.expected[i, j] += saddles.expected[e]
    sums.ratios[i, j] += weight * saddles.ratios[e]
    sums.log_lower[i, j] += weight * saddles.log_lower[e]
    sums.weights[i, j] += weight


@njit(cache=True, nogil=True)
def measure_level(sums: Any, i: int, j: int) -> float:
    """Logarithm of the density on the border of regions i and j; minus infinity without saddle."""
    if sums.n_saddles[i, j] == 0.0:
        return -np.inf
    weight = sums.weights[i, j]
    prior = PRIOR_POINTS * sums.n_saddles[i, j]
    ratio = sums.seen[i, j] + prior * sums.ratios[i, j] / weight
    ratio /= sums.expected[i, j] + prior
    return sums.log_lower[i, j] / weight + math.log(min(ratio, 1.0)) if ratio > 0.0 else -np.inf


@njit(cache=True, nogil=True)
def find_highest_border(levels: Any, best: Any, peaks: Any) -> int:
    """The region with the highest border to another region; the first of equals."""
    found = 0
    highest = -np.inf
    for i in range(len(peaks)):
        if peaks[i] == i and levels[i, best[i]] > highest:
            highest = levels[i, best[i]]
            found = i
    return found


@njit(cache=True, nogil=True)
def merge_regions(sums: Any, levels: Any, best: Any, peaks: Any, a: int, b: int) -> None:
    """Merge region b into region a."""
    n_kept = len(peaks)
    for i in range(n_kept):
        if peaks[i] == b:
            peaks[i] = a
    for each in sums:
        for i in range(n_kept):
            each[a, i] += each[b, i]
            each[i, a] = each[a, i]
    for i in range(n_kept):
        is_other = peaks[i] == i and i != a
        levels[a, i] = levels[i, a] = measure_level(sums, a, i) if is_other else -np.inf
        levels[b, i] = levels[i, b] = -np.inf
    best[a] = np.argmax(levels[a])
    for i in range(n_kept):
        if peaks[i] != i or i == a:
            continue
        if best[i] == a or best[i] == b:
            best[i] = np.argmax(levels[i])
        elif levels[i, a] > levels[i, best[i]]:
            best[i] = a

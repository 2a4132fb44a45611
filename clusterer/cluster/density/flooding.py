"""Stage 3: lower the level and merge the regions of two peaks where they meet.

After F. Chazal, L. Guibas, S. Oudot, P. Skraba, "Persistence-based clustering in Riemannian
manifolds", J. ACM 60(6), 2013 (ToMATo). One rule differs: two regions meet at the level of all
saddles along their border, pooled, instead of the highest saddle. Between two rings many
prototypes face each other, and one chance link between them must not join the rings.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from clusterer.cluster.density.density_estimate import DensityEstimate
from clusterer.cluster.density.saddles import Saddles
from clusterer.support.kernels import entry, inner

# The density estimate of a saddle counts as much as 10 points seen there.
PRIOR_POINTS = 10.0
# Within one cluster, normal or even, in 1 to 5 dimensions, prominences are larger by about 3/√n
# where prototypes hold n points than where they hold many.
CHANCE_PROMINENCE = 3.0
MIN_POINTS = 1e-3
MIN_WEIGHT = 1e-9
# The columns of the sums over the saddles on a border; the last two are products with the weight.
N_SADDLES, SEEN, EXPECTED, BORDER_WEIGHT, RATIO, LOG_LOWER = range(6)


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


class Borders(NamedTuple):
    """The borders between regions, at first one for each saddle.

    Parameters
    ----------
    ends : (2, e) int64
        The two regions of each border.
    sums : (e, 6)
        The sums over its saddles, see `sum_borders`.
    """

    ends: NDArray[np.int64]
    sums: NDArray[np.float64]


def list_borders(saddles: Saddles) -> Borders:
    """The borders before any merge."""
    return Borders(np.array([saddles.first, saddles.second]), sum_borders(saddles))


def flood(
    density: DensityEstimate, borders: Borders, min_mass: float, threshold: float
) -> tuple[MergeTree, NDArray[np.int64]]:
    """Merge regions until only those of enough prominence and mass are left.

    Parameters
    ----------
    density : DensityEstimate
        The density of k prototypes.
    borders : Borders
        The borders before any merge; they stay as they are.
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
    n_kept = len(density.log_density)
    masses, peaks = density.masses.copy(), np.empty(n_kept, dtype=np.int64)
    merges, values = np.empty((2, n_kept), dtype=np.int64), np.empty((2, n_kept))
    n_merges = merge_borders(
        borders.ends.copy(),
        borders.sums.copy(),
        np.empty(len(borders.sums)),
        density.log_density,
        masses,
        np.empty(n_kept),
        peaks,
        np.empty_like(peaks),
        min_mass,
        threshold,
        merges,
        values,
    )
    (lower, higher), (levels, prominences) = merges[:, :n_merges], values[:, :n_merges]
    return MergeTree(lower, higher, levels, prominences), peaks


def sum_borders(saddles: Saddles) -> NDArray[np.float64]:
    """The sums (e, 6) of borders that consist of one saddle each."""
    weights = saddles.expected + MIN_WEIGHT
    sums = np.empty((len(weights), 6))
    sums[:, N_SADDLES], sums[:, BORDER_WEIGHT] = 1.0, weights
    sums[:, SEEN], sums[:, EXPECTED] = saddles.seen, saddles.expected
    sums[:, RATIO], sums[:, LOG_LOWER] = weights * saddles.ratios, weights * saddles.log_lower
    return sums


@inner
def measure_level(sums: Any, e: int) -> float:
    """Logarithm of the density on border ``e``."""
    weight = sums[e, BORDER_WEIGHT]
    prior = PRIOR_POINTS * sums[e, N_SADDLES]
    ratio = sums[e, SEEN] + prior * sums[e, RATIO] / weight
    ratio /= sums[e, EXPECTED] + prior
    if ratio <= 0.0:
        return -np.inf
    return sums[e, LOG_LOWER] / weight + math.log(min(ratio, 1.0))


@entry
def merge_borders(
    ends: Any,
    sums: Any,
    levels: Any,
    heights: Any,
    masses: Any,
    squares: Any,
    peaks: Any,
    border_of: Any,
    min_mass: float,
    threshold: float,
    merges: Any,
    values: Any,
) -> int:
    """Merge regions; all arrays change.

    Parameters
    ----------
    ends : (2, e) int64
        The two regions of each border.
    sums : (e, 6), levels : (e,)
        The sums over its saddles, and scratch for the level that follows.
    heights, masses, squares : (k,)
        Logarithm of the density at each peak; points of each region, at first of each prototype;
        scratch for the sum of the squares of those of its prototypes.
    peaks : (k,) int64
        The peak of each prototype's region, -1 for a region below ``min_mass``. During the merges,
        the peak that each peak has joined.
    border_of : (k,) int64
        Scratch.
    merges : (2, k) int64, values : (2, k)
        The fields of the `MergeTree`.

    Returns
    -------
    n_merges : int
    """
    n_borders = ends.shape[1]
    for i in range(peaks.shape[0]):
        squares[i] = masses[i] * masses[i]
        peaks[i] = i
        border_of[i] = -1
    for e in range(n_borders):
        levels[e] = measure_level(sums, e)
    n_merges = 0
    while True:
        highest = find_highest_border(ends, levels, n_borders)
        if highest < 0:
            break
        level = levels[highest]
        higher = ends[0, highest]
        lower = ends[1, highest]
        if heights[higher] < heights[lower] or (
            heights[higher] == heights[lower] and higher > lower
        ):
            higher, lower = lower, higher
        points = max(squares[lower] / masses[lower], MIN_POINTS)
        prominence = max(heights[lower] - level - CHANCE_PROMINENCE / math.sqrt(points), 0.0)
        if masses[lower] < min_mass:
            prominence = 0.0
        elif prominence >= threshold:
            levels[highest] = -np.inf
            continue
        merges[0, n_merges] = lower
        merges[1, n_merges] = higher
        values[0, n_merges] = level
        values[1, n_merges] = prominence
        n_merges += 1
        masses[higher] += masses[lower]
        squares[higher] += squares[lower]
        peaks[lower] = higher
        n_borders = merge_regions(ends, sums, levels, n_borders, border_of, higher, lower)
    for i in range(peaks.shape[0]):
        peak = i
        while peaks[peak] != peak:
            peak = peaks[peak]
        border_of[i] = peak if masses[peak] >= min_mass else -1
    for i in range(peaks.shape[0]):
        peaks[i] = border_of[i]
    return n_merges


@inner
def find_highest_border(ends: Any, levels: Any, n_borders: int) -> int:
    """The border with the highest level, that of the first regions of equals; -1 for none."""
    found = -1
    highest = -np.inf
    for e in range(n_borders):
        if levels[e] > highest:
            highest = levels[e]
            found = e
        elif levels[e] == highest and found >= 0:
            low = min(ends[0, e], ends[1, e])
            lowest = min(ends[0, found], ends[1, found])
            high = max(ends[0, e], ends[1, e])
            if low < lowest or (low == lowest and high < max(ends[0, found], ends[1, found])):
                found = e
    return found


@inner
def merge_regions(
    ends: Any, sums: Any, levels: Any, n_borders: int, border_of: Any, a: int, b: int
) -> int:
    """Merge region b into region a; all borders of the region get new levels.

    Returns the number of borders that are left. They come first in the arrays.
    """
    e = 0
    while e < n_borders:
        side = 0 if ends[0, e] == a or ends[0, e] == b else 1
        if ends[side, e] != a and ends[side, e] != b:
            e += 1
            continue
        other = ends[1 - side, e]
        is_inside = other in (a, b)
        kept = border_of[other]
        if not is_inside and kept < 0:
            ends[side, e] = a
            border_of[other] = e
            e += 1
            continue
        if not is_inside:
            for column in range(sums.shape[1]):
                sums[kept, column] += sums[e, column]
        # The last border takes the place of the removed one.
        n_borders -= 1
        ends[0, e], ends[1, e] = ends[0, n_borders], ends[1, n_borders]
        levels[e] = levels[n_borders]
        for column in range(sums.shape[1]):
            sums[e, column] = sums[n_borders, column]
    for region in range(border_of.shape[0]):
        if border_of[region] >= 0:
            levels[border_of[region]] = measure_level(sums, border_of[region])
            border_of[region] = -1
    return n_borders

"""Clusters as the peaks of a density: which of them stand out, and what is noise."""

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .background import is_noise
from .density import Landscape, survey

NOISE = -1
# A cluster holds at least a quarter of what a prototype holds on average, and at most 1 % is
# asked of it: so the smallest cluster shrinks with K, and K = 100 can show a hundred clusters.
LEAST_SHARE = 0.01
LEAST_CELLS = 0.25
# Prominences differ by chance: by half a unit (a factor 1.6) as cells are uneven, and more where
# prototypes hold few points; the logarithm of a count n has variance 1/n, of a ratio twice that,
# and the least and the greatest of many such differ by more.
CHANCE = 0.5
POINT_CHANCE = 4.0
LEAST_POINTS = 1e-3
# Beyond e⁴ = 55 to 1 all valleys are equally empty: one cluster far off widens no gap.
DEEPEST = 4.0


class Tree(NamedTuple):
    """How peaks flow together as the level sinks: a dendrogram of the prototypes.

    ``younger`` and ``older`` (e,) indices of the peaks that meet, ``levels`` (e,) logarithm of
    the density where they do, from high to low, ``prominences`` (e,) how far the younger, lower
    peak stands above it, 0 for what is too small to count.
    """

    younger: NDArray[np.int64]
    older: NDArray[np.int64]
    levels: NDArray[np.float64]
    prominences: NDArray[np.float64]


def read_peaks(
    centers: NDArray,
    weights: NDArray,
    scatters: NDArray,
    counts: NDArray,
    *,
    links: NDArray | None = None,
    drop_noise: bool = True,
) -> NDArray[np.int64]:
    """Give each prototype its cluster: the peak that it lies on, by density.

    The prototypes' density is flooded from above. Where two peaks meet, the lower one is a
    cluster of its own if it stands out: if the logarithm of peak over saddle, its prominence, is
    above a bar. The bar lies in the widest relative gap between the prominences that occur,
    widths measured against what chance brings about. Prototypes far below their cluster are noise.

    After F. Chazal, L. Guibas, S. Oudot, P. Skraba, "Persistence-based clustering in Riemannian
    manifolds", J. ACM 60(6), 2013 (ToMATo).

    Parameters
    ----------
    centers : (m, d), weights : (m,), scatters : (m,), counts : (m,)
        The prototypes, as `OnlineClusterer` holds them.
    links : (m, m), optional
        Points seen between pairs of prototypes; see `clusterer.density.survey`.
    drop_noise : bool, default True
        Off: noise goes to the nearest cluster.

    Returns
    -------
    labels : (m,) int64, the slot of each one's highest peak; -1 is noise.

    Examples
    --------
    >>> centers = np.array([[0.0], [1.0], [9.0], [10.0]])
    >>> counts = np.full(4, 50.0)
    >>> read_peaks(centers, counts, counts / 12, counts)
    array([0, 0, 2, 2])
    """
    if not (weights > 0).any():
        return np.arange(len(weights))
    # Neither the slots' order nor that of the axes may matter, even by rounding.
    order = np.lexsort((scatters, counts, weights))
    if links is not None:
        links = links[np.ix_(order, order)]
    land = survey(centers[order], weights[order], scatters[order], counts[order], links)
    groups = cut_tree(land, choose_bar(land))
    labels = np.where(groups >= 0, order[land.kept[groups]], NOISE)[land.nearest]
    if drop_noise:
        labels[is_noise(land, groups, centers.shape[1])] = NOISE
    placed = np.empty_like(labels)
    placed[order] = labels
    return placed


def find_least_mass(land: Landscape) -> float:
    """Fewest points that make a cluster."""
    return float(land.masses.sum() * min(LEAST_SHARE, LEAST_CELLS / len(land.shifts)))


def measure_chance(land: Landscape) -> float:
    """How far prominences differ by chance."""
    points = float(np.average(land.masses, weights=land.masses))
    # Faded to next to nothing, the points have no reciprocal.
    return float(np.sqrt(CHANCE**2 + POINT_CHANCE / max(points, LEAST_POINTS)))


def choose_bar(land: Landscape) -> float:
    """The prominence from which on a peak is a cluster: within the widest gap.

    >>> choose_bar(survey(np.arange(9.0)[:, None], *np.full((3, 9), 50.0))) > 0.5
    True
    """
    chance = measure_chance(land)
    prominences = grow_tree(land).prominences
    sizes = np.sort(np.minimum(prominences[prominences > 0], DEEPEST))[::-1]
    sizes = np.append(sizes, 0.0)
    if sizes[0] < chance:
        return chance
    tops, bottoms = sizes[:-1], sizes[1:]
    gaps = np.where(tops >= chance, np.log((tops + chance) / (bottoms + chance)), -1.0)
    widest = int(np.argmax(gaps))
    return float((tops[widest] + bottoms[widest]) / 2)


def grow_tree(land: Landscape) -> Tree:
    """All meetings of peaks, from the highest saddle down."""
    return Tree(*flood(*_list_saddles(land), land.heights, land.masses, find_least_mass(land)))


def cut_tree(land: Landscape, bar: float) -> NDArray[np.int64]:
    """Index (k,) of each one's peak among the kept, where only prominent peaks hold out."""
    least = find_least_mass(land)
    return merge_low(*_list_saddles(land), land.heights, land.masses, least, bar)


def _list_saddles(land: Landscape) -> tuple[NDArray, NDArray, NDArray]:
    first, second = np.nonzero(np.triu(land.saddles > -np.inf, 1))
    levels = land.saddles[first, second]
    order = np.argsort(-levels, kind="stable")
    return first[order], second[order], levels[order]


@njit(cache=True, nogil=True)
def find_root(parents: Any, i: int) -> int:
    """The peak that i has flowed into."""
    while parents[i] != i:
        parents[i] = parents[parents[i]]
        i = parents[i]
    return i


@njit(cache=True, nogil=True)
def flood(
    first: Any, second: Any, levels: Any, heights: Any, masses: Any, least: float
) -> tuple[Any, Any, Any, Any]:
    """The arrays of a `Tree`."""
    parents = np.arange(len(heights))
    gathered = masses.copy()
    rows = np.empty((2, len(heights)), dtype=np.int64)
    values = np.zeros((2, len(heights)))
    n_meetings = 0
    for e in range(len(levels)):
        a, b = find_root(parents, first[e]), find_root(parents, second[e])
        if a == b:
            continue
        if heights[a] < heights[b]:
            a, b = b, a
        rows[0, n_meetings], rows[1, n_meetings] = b, a
        values[0, n_meetings] = levels[e]
        if gathered[b] >= least:
            values[1, n_meetings] = heights[b] - levels[e]
        parents[b] = a
        gathered[a] += gathered[b]
        n_meetings += 1
    rows, values = rows[:, :n_meetings], values[:, :n_meetings]
    return rows[0], rows[1], values[0], values[1]


@njit(cache=True, nogil=True)
def merge_low(
    first: Any, second: Any, levels: Any, heights: Any, masses: Any, least: float, bar: float
) -> Any:
    """Peak (k,) of each where peaks below the bar flow into the next one; -1 if too small."""
    n_kept = len(heights)
    parents = np.arange(n_kept)
    gathered = masses.copy()
    for e in range(len(levels)):
        a, b = find_root(parents, first[e]), find_root(parents, second[e])
        if a == b:
            continue
        if heights[a] < heights[b]:
            a, b = b, a
        if heights[b] - levels[e] < bar or gathered[b] < least:
            parents[b] = a
            gathered[a] += gathered[b]
    groups = np.empty(n_kept, dtype=np.int64)
    for i in range(n_kept):
        root = find_root(parents, i)
        groups[i] = root if gathered[root] >= least else -1
    return groups

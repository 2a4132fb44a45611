"""Clusters as the peaks of a density: which of them stand out, and what is noise."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .background import is_noise
from .basins import flood
from .density import Landscape, survey

NOISE = -1
# A cluster holds at least a quarter of what a prototype holds on average, and at most 1 % is
# asked of it: so the smallest cluster shrinks with K, and K = 100 can show a hundred clusters.
LEAST_SHARE = 0.01
LEAST_CELLS = 0.25
# Prominences differ by chance, by nearly half a unit (a factor 1.5), as cells are uneven.
CHANCE = 0.4
# The most prominent peak within one cluster, normal or even, seldom passes this in simulations.
USUAL_PER_FEATURE = 0.5
MOST_USUAL = 2.0
# Lower ones count only where a gap that plain, a factor of 1.6, parts them from the rest: as with
# many clusters of a few prototypes each.
PLAIN_GAP = np.log(1.6)
# Beyond e⁴·⁵ = 90 to 1 all valleys are equally empty: one cluster far off widens no gap.
DEEPEST = 4.5


class Tree(NamedTuple):
    """How peaks flow together as the level sinks: a dendrogram of the prototypes.

    ``younger`` and ``older`` (e,) indices of the peaks that meet, ``levels`` (e,) logarithm of
    the density where they do, mostly from high to low, ``prominences`` (e,) how far the younger,
    lower peak stands above it, less what chance may do, 0 for what is too small to count.
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
    above a bar. The bar lies in the widest relative gap between the prominences that occur, if
    some are larger than those within one cluster. How deep a valley is tell the prototypes'
    spreads and the points seen in it. Prototypes far below their cluster are noise.

    After F. Chazal, L. Guibas, S. Oudot, P. Skraba, "Persistence-based clustering in Riemannian
    manifolds", J. ACM 60(6), 2013 (ToMATo).

    Parameters
    ----------
    centers : (m, d), weights : (m,), scatters : (m,), counts : (m,)
        The prototypes, as `OnlineClusterer` holds them.
    links : (m, m), optional
        Points seen between pairs of prototypes; see `clusterer.links`.
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
        labels[is_noise(land, groups)] = NOISE
    placed = np.empty_like(labels)
    placed[order] = labels
    return placed


def find_least_mass(land: Landscape) -> float:
    """Fewest points that make a cluster."""
    return float(land.masses.sum() * min(LEAST_SHARE, LEAST_CELLS / len(land.shifts)))


def choose_bar(land: Landscape) -> float:
    """The prominence from which on a peak is a cluster: within the widest gap that counts.

    >>> centers = np.array([[0.0], [1.0], [9.0], [10.0]])
    >>> bar = choose_bar(survey(centers, *np.full((3, 4), 50.0)))
    >>> 0.5 < bar < DEEPEST
    True
    """
    tree = grow_tree(land)
    usual = min(USUAL_PER_FEATURE * land.n_features, MOST_USUAL)
    found = tree.prominences[tree.prominences > 0]
    # Peaks that never meet are as prominent as can be.
    found = np.append(found, np.full(count_apart(land, tree), DEEPEST))
    sizes = np.append(np.sort(np.minimum(found, DEEPEST))[::-1], 0.0)
    tops, bottoms = sizes[:-1], sizes[1:]
    gaps = np.log((tops + CHANCE) / (bottoms + CHANCE))
    is_gap = (tops >= usual) | ((gaps >= PLAIN_GAP) & (tops >= CHANCE / 2))
    if not is_gap.any():
        return max(usual, float(np.nextafter(sizes[0], np.inf)))
    widest = int(np.argmax(np.where(is_gap, gaps, -1.0)))
    return float((tops[widest] + bottoms[widest]) / 2)


def count_apart(land: Landscape, tree: Tree) -> int:
    """Number of clusters, but the first, that no valley joins to any other."""
    parents = np.arange(len(land.heights))
    parents[tree.younger] = tree.older
    while not np.array_equal(parents, parents[parents]):
        parents = parents[parents]
    gathered = np.bincount(parents, weights=land.masses)
    return max(int((gathered >= find_least_mass(land)).sum()) - 1, 0)


def grow_tree(land: Landscape) -> Tree:
    """All meetings of peaks, in their order."""
    least = find_least_mass(land)
    return Tree(*flood(*land.valleys, land.heights, land.masses, least, np.inf)[:4])


def cut_tree(land: Landscape, bar: float) -> NDArray[np.int64]:
    """Index (k,) of each one's peak among the kept, where only prominent peaks hold out."""
    least = find_least_mass(land)
    return flood(*land.valleys, land.heights, land.masses, least, bar)[4]

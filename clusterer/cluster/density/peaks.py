"""Clusters as the peaks of a density: which of them stand out, and what is noise."""

import math
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from clusterer.cluster.density.flooding import flood
from clusterer.cluster.density.landscape import measure_landscape, pack_arrays
from clusterer.cluster.density.noise import choose_depth, find_sunk, measure_depths
from clusterer.cluster.density.splitting import split_groups
from clusterer.cluster.density.survival import part_survivors
from clusterer.stream.chunk import NOISE

# A cluster holds at least a quarter of what a prototype holds on average, and at most 1 % is
# asked of it: so the smallest cluster shrinks with K, and K = 100 can show a hundred clusters.
LEAST_SHARE = 0.01
LEAST_CELLS = 0.25
# Prominences differ by chance, by half a unit (a factor 1.6), as cells are uneven.
CHANCE = 0.5
# The most prominent peak within one cluster, normal or even, seldom passes this in simulations.
USUAL_PER_FEATURE = 0.5
MOST_USUAL = 2.0
# Lower ones count only where a gap that plain, a factor of 1.6, parts them from the rest: as with
# many clusters of a few prototypes each.
PLAIN_GAP = math.log(1.6)
# Where eight or more are above what is usual within one cluster, and the widest gap that counts is
# less than a factor of 1.35, all of them are clusters, near and far: the bar lies in a gap below.
N_MANY = 8
EVEN_GAP = math.log(1.35)
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
    previous: NDArray[np.int64] | None = None,
    drop_noise: bool = True,
) -> NDArray[np.int64]:
    """Give each prototype its cluster: the peak that it lies on, by density.

    The prototypes' density is flooded from above. Where two peaks meet, the lower one is a
    cluster of its own if it stands out: if the logarithm of peak over saddle, its prominence, is
    above a bar. The bar lies in the widest relative gap between the prominences that occur, if
    some are larger than those within one cluster. How deep a valley is tell the prototypes'
    spreads and the points seen in it. Prototypes far below their cluster are noise. What is left in
    one but is two normal distributions is split, and so is what was known as several and still is:
    see `clusterer.cluster.density.splitting` and `clusterer.cluster.density.survival`.

    After F. Chazal, L. Guibas, S. Oudot, P. Skraba, "Persistence-based clustering in Riemannian
    manifolds", J. ACM 60(6), 2013 (ToMATo).

    Parameters
    ----------
    centers : (m, d), weights : (m,), scatters : (m,), counts : (m,)
        The prototypes, as `OnlineClusterer` holds them.
    links : (m, m), optional
        Points seen between pairs of prototypes; see `clusterer.cluster.prototypes.links`.
    previous : (m,) int, optional
        The cluster that each was found in before, -1 for none.
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
    order, land, groups, (usual, masses, found) = part_peaks(
        *pack_arrays(centers, weights, scatters, counts, links)
    )
    depths = choose_depth(found, masses, land.n_features)
    before = np.full(len(order), NOISE) if previous is None else previous[order]
    groups, is_sunk = finish(land, groups, before, usual, *depths)
    labels = np.where(groups >= 0, order[land.kept[groups]], NOISE)[land.nearest]
    if drop_noise:
        labels[is_sunk] = NOISE
    placed = np.empty_like(labels)
    placed[order] = labels
    return placed


@njit(cache=True, nogil=True)
def part_peaks(
    centers: Any, weights: Any, scatters: Any, counts: Any, links: Any
) -> tuple[Any, Any, Any, Any]:
    """The order of reading, the density, the peak (k,) of each, and how deep they lie.

    All in one, as a thread that lets go of the interpreter may wait long to have it again.
    """
    order = rank_prototypes(weights, scatters, counts)
    if len(links):
        links = links[order][:, order]
    land = measure_landscape(centers[order], weights[order], scatters[order], counts[order], links)
    groups = cut_tree(land, choose_bar(land))
    return order, land, groups, measure_depths(land, groups)


@njit(cache=True, nogil=True)
def finish(
    land: Any,
    groups: Any,
    known: Any,
    usual: Any,
    bar: float,
    is_shown: bool,
    rim: float,
    farthest: float,
) -> tuple[Any, Any]:
    """The peak (k,) of each once clusters are split, and whether (m,) each prototype is noise."""
    is_sunk = find_sunk(land, usual, bar, is_shown, rim, farthest)
    is_out, before = is_sunk[land.kept], known[land.kept]
    groups = part_survivors(land, groups, is_out, before, find_least_mass(land))
    return split_groups(land, groups, is_out), is_sunk


@njit(cache=True, nogil=True)
def rank_prototypes(weights: Any, scatters: Any, counts: Any) -> Any:
    """Slots (m,), from light to heavy: neither their order nor that of the axes may matter.

    By rounding it would.
    """
    order = np.argsort(scatters, kind="mergesort")
    order = order[np.argsort(counts[order], kind="mergesort")]
    return order[np.argsort(weights[order], kind="mergesort")]


@njit(cache=True, nogil=True)
def find_least_mass(land: Any) -> float:
    """Fewest points that make a cluster."""
    return land.masses.sum() * min(LEAST_SHARE, LEAST_CELLS / len(land.shifts))


@njit(cache=True, nogil=True)
def choose_bar(land: Any) -> float:
    """The prominence from which on a peak is a cluster: within the widest gap that counts.

    >>> from clusterer.cluster.density.landscape import survey
    >>> centers = np.array([[0.0], [1.0], [9.0], [10.0]])
    >>> bar = choose_bar(survey(centers, *np.full((3, 4), 50.0)))
    >>> 0.5 < bar < DEEPEST
    True
    """
    tree = grow_tree(land)
    usual = min(USUAL_PER_FEATURE * land.n_features, MOST_USUAL)
    # Peaks that never meet are as prominent as can be.
    apart = np.full(count_apart(land, tree), np.inf)
    found = np.append(tree.prominences[tree.prominences > 0], apart)
    sizes = np.append(np.sort(found)[::-1], 0.0)
    widest, bar, is_even = -1.0, max(usual, np.nextafter(sizes[0], np.inf)), False
    widest_below, bar_below = -1.0, bar
    for i in range(len(sizes) - 1):
        top, bottom = min(sizes[i], DEEPEST), min(sizes[i + 1], DEEPEST)
        gap = measure_gap(top, bottom)
        is_gap = top >= usual or (gap >= PLAIN_GAP and top >= CHANCE / 2)
        if is_gap and gap > widest:
            widest, bar = gap, (top + bottom) / 2
            is_even = measure_gap(sizes[i], sizes[i + 1]) < EVEN_GAP
        if bottom < usual and gap > widest_below:
            widest_below, bar_below = gap, (top + bottom) / 2
    is_crowd = is_even and (sizes >= usual).sum() >= N_MANY
    return bar_below if is_crowd else bar


@njit(cache=True, nogil=True)
def measure_gap(top: float, bottom: float) -> float:
    """How far two prominences are apart, beside what differs by chance."""
    return math.log((top + CHANCE) / (bottom + CHANCE))


@njit(cache=True, nogil=True)
def count_apart(land: Any, tree: Any) -> int:
    """Number of clusters, but the first, that no valley joins to any other."""
    hosts = np.arange(len(land.heights))
    hosts[tree.younger] = tree.older
    gathered = np.zeros(len(hosts))
    for i in range(len(hosts)):
        host = i
        while hosts[host] != host:
            host = hosts[host]
        gathered[host] += land.masses[i]
    return max(int((gathered >= find_least_mass(land)).sum()) - 1, 0)


@njit(cache=True, nogil=True)
def grow_tree(land: Any) -> Any:
    """All meetings of peaks, in their order."""
    least = find_least_mass(land)
    younger, older, levels, prominences, _ = flood(
        land.valleys, land.heights, land.masses, least, np.inf
    )
    return Tree(younger, older, levels, prominences)


@njit(cache=True, nogil=True)
def cut_tree(land: Any, bar: float) -> Any:
    """Index (k,) of each one's peak among the kept, where only prominent peaks hold out."""
    return flood(land.valleys, land.heights, land.masses, find_least_mass(land), bar)[4]

"""Stage 4: choose the prominence from which a peak of the density is a cluster of its own.

The prominence of a peak is the logarithm of its density over the density at the level where its
region meets a higher one. The threshold lies in the widest relative gap between the prominences
that occur, if some of them are larger than those within one cluster.

After F. Chazal, L. Guibas, S. Oudot, P. Skraba, "Persistence-based clustering in Riemannian
manifolds", J. ACM 60(6), 2013 (ToMATo), who leave the threshold to the user.
"""

import math
from typing import Any

import numpy as np
from numba import njit

from clusterer.cluster.density.flooding import flood

# A cluster holds at least a quarter of the mass of an average prototype, or 1 % of all points if
# that is less. So the smallest cluster shrinks with K, and K = 100 can show a hundred clusters.
MIN_MASS_SHARE = 0.01
MIN_MASS_PROTOTYPES = 0.25
# Prominences differ by chance, by half a unit (a factor of 1.6), because cells are uneven.
CHANCE = 0.5
# In simulations the most prominent peak within one cluster, normal or even, seldom exceeds this.
WITHIN_CLUSTER_PER_FEATURE = 0.5
MAX_WITHIN_CLUSTER = 2.0
# Lower prominences count only if a gap of at least a factor of 1.6 separates them from the rest.
# This happens with many clusters of a few prototypes each.
CLEAR_GAP = math.log(1.6)
# If eight or more prominences exceed those within one cluster, and the widest gap that counts is
# less than a factor of 1.35, all of them are clusters and the threshold lies in a gap below.
N_MANY = 8
EVEN_GAP = math.log(1.35)
# Beyond e⁴·⁵ = 90 to 1 all saddles are equally empty: one cluster far off widens no gap.
MAX_PROMINENCE = 4.5


@njit(cache=True, nogil=True)
def find_peaks(density: Any, saddles: Any) -> Any:
    """Index (k,) of the peak to whose cluster each prototype belongs; -1 for none.

    >>> from clusterer.cluster.density.density_estimate import estimate_density
    >>> from clusterer.cluster.density.saddles import measure_saddles
    >>> centers = np.array([[0.0], [1.0], [9.0], [10.0]])
    >>> density = estimate_density(centers, *np.full((3, 4), 50.0))
    >>> find_peaks(density, measure_saddles(density, np.empty((0, 0))))
    array([1, 1, 2, 2])
    """
    threshold = choose_threshold(density, build_merge_tree(density, saddles))
    return flood(density, saddles, find_min_mass(density), threshold)[1]


@njit(cache=True, nogil=True)
def build_merge_tree(density: Any, saddles: Any) -> Any:
    """All merges of peaks, in their order: a `MergeTree`."""
    return flood(density, saddles, find_min_mass(density), np.inf)[0]


@njit(cache=True, nogil=True)
def choose_threshold(density: Any, tree: Any) -> float:
    """The prominence from which a peak is a cluster: the middle of the widest gap that counts.

    >>> from clusterer.cluster.density.density_estimate import estimate_density
    >>> from clusterer.cluster.density.saddles import measure_saddles
    >>> centers = np.array([[0.0], [1.0], [9.0], [10.0]])
    >>> density = estimate_density(centers, *np.full((3, 4), 50.0))
    >>> tree = build_merge_tree(density, measure_saddles(density, np.empty((0, 0))))
    >>> 0.5 < choose_threshold(density, tree) < MAX_PROMINENCE
    True
    """
    n_features = density.centers.shape[1]
    within = min(WITHIN_CLUSTER_PER_FEATURE * n_features, MAX_WITHIN_CLUSTER)
    # Peaks that never meet have infinite prominence.
    separate = np.full(count_separate(density, tree), np.inf)
    found = np.append(tree.prominences[tree.prominences > 0], separate)
    sizes = np.append(np.sort(found)[::-1], 0.0)
    widest, threshold, is_even = -1.0, max(within, np.nextafter(sizes[0], np.inf)), False
    widest_below, threshold_below = -1.0, threshold
    for i in range(len(sizes) - 1):
        top, bottom = min(sizes[i], MAX_PROMINENCE), min(sizes[i + 1], MAX_PROMINENCE)
        gap = measure_gap(top, bottom)
        is_counted = top >= within or (gap >= CLEAR_GAP and top >= CHANCE / 2)
        if is_counted and gap > widest:
            widest, threshold = gap, (top + bottom) / 2
            is_even = measure_gap(sizes[i], sizes[i + 1]) < EVEN_GAP
        if bottom < within and gap > widest_below:
            widest_below, threshold_below = gap, (top + bottom) / 2
    are_many = is_even and (sizes >= within).sum() >= N_MANY
    return threshold_below if are_many else threshold


@njit(cache=True, nogil=True)
def measure_gap(top: float, bottom: float) -> float:
    """Relative gap between two prominences, each raised by what chance can add."""
    return math.log((top + CHANCE) / (bottom + CHANCE))


@njit(cache=True, nogil=True)
def count_separate(density: Any, tree: Any) -> int:
    """Number of clusters, without the first, that no saddle connects to any other."""
    parents = np.arange(len(density.log_density))
    parents[tree.lower] = tree.higher
    gathered = np.zeros(len(parents))
    for i in range(len(parents)):
        root = i
        while parents[root] != root:
            root = parents[root]
        gathered[root] += density.masses[i]
    return max(int((gathered >= find_min_mass(density)).sum()) - 1, 0)


@njit(cache=True, nogil=True)
def find_min_mass(density: Any) -> float:
    """Fewest points that make a cluster."""
    n_prototypes = len(density.log_density_of_all)
    return density.masses.sum() * min(MIN_MASS_SHARE, MIN_MASS_PROTOTYPES / n_prototypes)


@njit(cache=True, nogil=True)
def find_members(peaks: Any, is_noise: Any, peak: int) -> Any:
    """Indices of the prototypes of a cluster that are not noise."""
    return np.flatnonzero((peaks == peak) & ~is_noise)


@njit(cache=True, nogil=True)
def find_highest(density: Any, members: Any) -> int:
    """The member with the highest density, the first of equals: the peak of these members."""
    return members[np.argmax(density.log_density[members])]

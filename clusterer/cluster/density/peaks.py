"""Stage 4: choose the prominence from which a peak of the density is a cluster of its own.

The prominence of a peak is the logarithm of its density over the density at the level where its
region meets a higher one. The threshold lies in the widest relative gap between the prominences
that occur, if some of them are larger than those within one cluster.

After F. Chazal, L. Guibas, S. Oudot, P. Skraba, "Persistence-based clustering in Riemannian
manifolds", J. ACM 60(6), 2013 (ToMATo), who leave the threshold to the user.
"""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clusterer.cluster.density.density_estimate import DensityEstimate
from clusterer.cluster.density.flooding import Borders, MergeTree, flood, list_borders
from clusterer.cluster.density.saddles import Saddles

# A cluster holds at least a quarter of the mass of an average prototype, or 1 % of all points if
# that is less. So the smallest cluster shrinks with K, and K = 100 can show a hundred clusters.
MIN_MASS_SHARE = 0.01
MIN_MASS_PROTOTYPES = 0.25
# With many points in each prototype, a rare but remote cluster has few points for a prototype and
# yet far more than chance gathers: twice the standard deviation of an average prototype's points.
MIN_MASS_ROOTS = 2.0
# Prominences differ by chance, by half a unit (a factor of 1.6), because cells are uneven.
CHANCE = 0.5
# In simulations the most prominent peak within one cluster, normal or even, seldom exceeds this.
WITHIN_CLUSTER_PER_FEATURE = 0.5
MAX_WITHIN_CLUSTER = 2.0
# Lower prominences count only if a gap of at least a factor of 1.6 separates them from the rest.
# This happens with many clusters of a few prototypes each.
CLEAR_GAP = math.log(1.6)
# If eight or more prominences exceed those within one cluster, and the widest gap that counts is
# less than a factor of 1.35, all of them are clusters and the threshold lies in a gap below. Chance
# peaks along thin curves look alike; `clusterer.cluster.labelling.resolutions` tells them apart.
N_MANY = 8
EVEN_GAP = math.log(1.35)
# Beyond e⁴·⁵ = 90 to 1 all saddles are equally empty: one cluster far off widens no gap.
MAX_PROMINENCE = 4.5


def find_peaks(
    density: DensityEstimate, saddles: Saddles, *, allow_many: bool = True
) -> NDArray[np.int64]:
    """Index (k,) of the peak to whose cluster each prototype belongs; -1 for none.

    ``allow_many`` as in `choose_threshold`.

    >>> from clusterer.cluster.density.density_estimate import estimate_density
    >>> from clusterer.cluster.density.saddles import measure_saddles
    >>> centers = np.array([[0.0], [1.0], [9.0], [10.0]])
    >>> density = estimate_density(centers, *np.full((3, 4), 50.0))
    >>> find_peaks(density, measure_saddles(density, np.empty((0, 0)), np.arange(4)))
    array([1, 1, 2, 2])
    """
    borders = list_borders(saddles)
    min_mass = find_min_mass(density)
    _, threshold = merge_all(density, borders, min_mass, allow_many=allow_many)
    return flood(density, borders, min_mass, threshold)[1]


def build_merge_tree(density: DensityEstimate, saddles: Saddles) -> tuple[MergeTree, float]:
    """All merges of peaks, in their order, and the prominence from which a peak is a cluster.

    >>> from clusterer.cluster.density.density_estimate import estimate_density
    >>> from clusterer.cluster.density.saddles import measure_saddles
    >>> centers = np.array([[0.0], [1.0], [9.0], [10.0]])
    >>> density = estimate_density(centers, *np.full((3, 4), 50.0))
    >>> saddles = measure_saddles(density, np.empty((0, 0)), np.arange(4))
    >>> tree, threshold = build_merge_tree(density, saddles)
    >>> len(tree.levels), 0.5 < threshold < MAX_PROMINENCE
    (3, True)
    """
    return merge_all(density, list_borders(saddles), find_min_mass(density))


def merge_all(
    density: DensityEstimate, borders: Borders, min_mass: float, *, allow_many: bool = True
) -> tuple[MergeTree, float]:
    """Return the tree and the threshold of `build_merge_tree`; ``borders`` stay as they are."""
    tree, regions = flood(density, borders, min_mass, np.inf)
    # No saddle connects these regions. All but the first are further clusters.
    n_regions = len({*regions.tolist()} - {-1})
    n_separate = max(n_regions - 1, 0)
    n_features = density.centers.shape[1]
    return tree, choose_threshold(tree.prominences, n_separate, n_features, allow_many=allow_many)


def choose_threshold(
    prominences: NDArray, n_separate: int, n_features: int, *, allow_many: bool = True
) -> float:
    """The prominence from which a peak is a cluster: the middle of the widest gap that counts.

    Parameters
    ----------
    prominences : (e,)
        The prominences of all peaks that meet a higher one, see `MergeTree`.
    n_separate : int
        Number of further peaks that never meet any.
    n_features : int
    allow_many : bool, default True
        If False, the widest gap counts even if it is not wide, see `N_MANY`.

    Examples
    --------
    >>> choose_threshold(np.array([0.2, 3.0, 0.1]), 0, 2)
    1.6
    """
    within = min(WITHIN_CLUSTER_PER_FEATURE * n_features, MAX_WITHIN_CLUSTER)
    # Peaks that never meet have infinite prominence. Loops over Python's numbers, because calls of
    # NumPy for so few numbers take longer.
    found = sorted((size for size in prominences.tolist() if size > 0.0), reverse=True)
    sizes = [*[math.inf] * n_separate, *found, 0.0]
    no_cluster = max(within, math.nextafter(sizes[0], math.inf))
    if len(sizes) == 1:
        return no_cluster
    capped = [min(size, MAX_PROMINENCE) for size in sizes]
    tops, bottoms = capped[:-1], capped[1:]
    gaps = measure_gaps(np.array(tops), np.array(bottoms)).tolist()
    widest = find_widest(
        gap if top >= within or (gap >= CLEAR_GAP and top >= CHANCE / 2) else -1.0
        for gap, top in zip(gaps, tops, strict=True)
    )
    if widest < 0:
        return no_cluster
    # The gap as it is, without the cap.
    above, below = sizes[widest], sizes[widest + 1]
    is_even = allow_many and above < math.inf and measure_gaps(above, below) < EVEN_GAP
    if is_even and sum(size >= within for size in sizes) >= N_MANY:
        widest = find_widest(
            gap if bottom < within else -1.0 for gap, bottom in zip(gaps, bottoms, strict=True)
        )
    return (tops[widest] + bottoms[widest]) / 2


def find_widest(gaps: Iterable[float]) -> int:
    """Index of the largest gap, the first of equals; -1 if all are below 0.

    >>> find_widest([-1.0, 0.5, 0.5]), find_widest([-1.0])
    (1, -1)
    """
    found, largest = -1, -1.0
    for i, gap in enumerate(gaps):
        if gap > largest:
            found, largest = i, gap
    return found


def measure_gaps(tops: NDArray | float, bottoms: NDArray | float) -> Any:
    """Relative gaps between prominences, each raised by what chance can add."""
    return np.log((tops + CHANCE) / (bottoms + CHANCE))


def find_min_mass(density: DensityEstimate) -> float:
    """Fewest points that make a cluster."""
    n_prototypes, n_points = len(density.log_density_of_all), float(density.masses.sum())
    share = min(MIN_MASS_SHARE, MIN_MASS_PROTOTYPES / n_prototypes)
    return min(share * n_points, MIN_MASS_ROOTS * math.sqrt(n_points / n_prototypes))


def find_members(peaks: NDArray, is_noise: NDArray[np.bool_], peak: int) -> NDArray[np.int64]:
    """Indices of the prototypes of a cluster that are not noise."""
    return np.flatnonzero((peaks == peak) & ~is_noise)


def find_highest(density: DensityEstimate, members: NDArray[np.int64]) -> int:
    """The member with the highest density, the first of equals: the peak of these members."""
    return int(members[np.argmax(density.log_density[members])])

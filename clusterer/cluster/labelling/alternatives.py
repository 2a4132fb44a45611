"""The next best answers: which clusters would be joined, and which would be split, next.

The clusters are separated by valleys of the density. The valley that chance explains best separates
the two clusters that would be joined next: one cluster fewer. Inside a cluster lie shallower
valleys; the most significant of these says how the cluster would be split next: one cluster more.
The significance of a valley is that of `clusterer.cluster.density.significance`: 1 at the depth
that chance reaches within one group, so the answer is certain far above 1 and open near 1.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from clusterer.base import Snapshot
from clusterer.cluster.density.density_estimate import DensityEstimate
from clusterer.cluster.density.flooding import Borders, flood, list_borders
from clusterer.cluster.density.gaussian_mixture import fit_two_components
from clusterer.cluster.density.labels import OrderedDensity, measure_in_order
from clusterer.cluster.density.peaks import find_min_mass
from clusterer.cluster.density.saddles import Saddles
from clusterer.cluster.density.significance import (
    Valley,
    list_limits,
    measure_strength,
    measure_valleys,
)
from clusterer.stream.chunk import NOISE

# The significance takes a while to measure, so it is measured for the shallowest valleys only.
MOST_VALLEYS = 20


class Join(NamedTuple):
    """Two clusters that could be one.

    ``significance`` of the gap between them: 1 is as deep as chance makes gaps within one group,
    infinite if no prototypes of the two clusters are neighbours.
    """

    first: int
    second: int
    significance: float


class Split(NamedTuple):
    """A cluster that could be two: the most likely split.

    ``share`` of the points of the cluster is in the larger part. ``significance`` of the gap
    between the parts: 1 is as deep as chance makes gaps within one group, 0 is no gap.
    """

    cluster: int
    share: float
    significance: float


class Alternatives(NamedTuple):
    """How many clusters there are, and the next best answers.

    Parameters
    ----------
    n_clusters : int
        Number of clusters, noise not counted.
    joins : tuple of Join
        The pairs of clusters that touch, the least significant gap first; if no two clusters
        touch, the nearest pair. At most 20.
    splits : tuple of Split
        A split of each cluster of two prototypes or more, the most significant gap first.
    """

    n_clusters: int
    joins: tuple[Join, ...]
    splits: tuple[Split, ...]


class Halves(NamedTuple):
    """The two parts of a cluster: whether each prototype (k,) is in the second, smaller part."""

    is_second: NDArray[np.bool_]
    share: float
    significance: float


def find_alternatives(snapshot: Snapshot) -> Alternatives:
    """Find the next best answers to the clusters of a snapshot. O(K²) distances.

    Parameters
    ----------
    snapshot : Snapshot
        The state of the model with its links. The ``labels`` are any numbers of clusters.

    Examples
    --------
    >>> from clusterer import OnlineClusterer
    >>> random = np.random.default_rng(0)
    >>> centers = np.array([[0.0, 0.0], [5.0, 0.0], [40.0, 0.0]])
    >>> points = centers[random.integers(3, size=3000)] + random.normal(size=(3000, 2))
    >>> snapshot = OnlineClusterer(50).fit(points).snapshot()
    >>> found = find_alternatives(snapshot)
    >>> join = found.joins[0]
    >>> sorted(int(snapshot.centers[snapshot.labels == each, 0].mean()) for each in join[:2])
    [0, 5]
    >>> found.n_clusters, join.significance > 1.0 > found.splits[0].significance
    (3, True)
    """
    labels = np.asarray(snapshot.labels, dtype=np.int64)
    n_clusters = len({*labels.tolist()} - {NOISE})
    if not (snapshot.weights > 0).any() or not n_clusters:
        return Alternatives(n_clusters, (), ())
    return list_alternatives(measure_snapshot(snapshot), labels)


def list_alternatives(measured: OrderedDensity, labels: NDArray[np.int64]) -> Alternatives:
    """The next best answers to the clusters ``labels`` (m,) of the prototypes."""
    kept = labels[measured.order[measured.density.kept]]
    joins = list_joins(measured.density, measured.saddles, kept)
    splits = []
    for cluster in sorted({*kept.tolist()} - {NOISE}):
        halves = find_halves(measured.density, measured.saddles, kept, cluster)
        if halves is not None:
            splits.append(Split(cluster, halves.share, halves.significance))
    splits.sort(key=lambda each: -each.significance)
    return Alternatives(len({*labels.tolist()} - {NOISE}), joins, tuple(splits))


def measure_snapshot(snapshot: Snapshot) -> OrderedDensity:
    """The density of the prototypes of a snapshot, which have some weight."""
    return measure_in_order(
        *(snapshot.centers, snapshot.weights, snapshot.scatters, snapshot.counts),
        *(snapshot.links, snapshot.steps if len(snapshot.steps) else None),
    )


def list_joins(
    density: DensityEstimate, saddles: Saddles, labels: NDArray[np.int64]
) -> tuple[Join, ...]:
    """The pairs of clusters that could be one; ``labels`` (k,) of the prototypes."""
    valleys = sorted(measure_valleys(density, saddles, labels), key=lambda each: each.prominence)
    joins = [
        Join(each.first, each.second, measure_significance(density, labels, each))
        for each in valleys[:MOST_VALLEYS]
    ]
    if not joins:
        pair = find_nearest_pair(density, labels)
        joins = [] if pair is None else [Join(*pair, math.inf)]
    return tuple(sorted(joins, key=lambda each: each.significance))


def measure_significance(
    density: DensityEstimate, labels: NDArray[np.int64], valley: Valley
) -> float:
    """How significant a valley is: 1 at the limits of chance, 0 for no valley."""
    limits = list_limits(density.centers.shape[1])
    return max(measure_strength(density, labels, valley, *limits), 0.0)


def find_nearest_pair(
    density: DensityEstimate, labels: NDArray[np.int64]
) -> tuple[int, int] | None:
    """The two clusters whose prototypes lie nearest to each other; None for an only cluster."""
    is_apart = (labels[:, None] != labels) & (labels[:, None] >= 0) & (labels >= 0)
    if not is_apart.any():
        return None
    squares = np.where(is_apart, density.squared_distances, np.inf)
    first, second = np.unravel_index(int(np.argmin(squares)), squares.shape)
    low, high = sorted((int(labels[first]), int(labels[second])))
    return low, high


def find_halves(
    density: DensityEstimate, saddles: Saddles, labels: NDArray[np.int64], cluster: int
) -> Halves | None:
    """The most likely split of a cluster; None if it has less than two prototypes.

    Candidates are the most prominent peak below the highest one with its region, as the merge tree
    of the cluster tells it, and the halves that two normal distributions explain best. The
    candidate with the more significant valley counts.

    Parameters
    ----------
    density : DensityEstimate
        The density of k prototypes.
    saddles : Saddles
        The saddles between neighbours.
    labels : (k,) int64
        The cluster of each prototype, -1 for noise.
    cluster : int
        The label of the cluster.
    """
    members = np.flatnonzero(labels == cluster)
    best: Halves | None = None
    for part in (
        find_second_peak(density, saddles, members),
        find_second_component(density, members),
    ):
        if not 0 < len(part) < len(members):
            continue
        is_second = np.zeros(len(labels), dtype=np.bool_)
        is_second[part] = True
        masses = [float(density.masses[side].sum()) for side in (part, members)]
        share = masses[0] / masses[1]
        if share > 0.5:
            is_second[members], share = ~is_second[members], 1.0 - share
        sides = np.full(len(labels), NOISE)
        sides[members] = is_second[members]
        valley = next(iter(measure_valleys(density, saddles, sides)), None)
        size = math.inf if valley is None else measure_significance(density, sides, valley)
        if best is None or size > best.significance:
            best = Halves(is_second, 1.0 - share, size)
    return best


def find_second_peak(
    density: DensityEstimate, saddles: Saddles, members: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The members in the region of the most prominent peak that is not the highest; maybe none."""
    borders = list_borders(saddles)
    is_inside = np.isin(borders.ends, members).all(axis=0)
    inside = Borders(np.ascontiguousarray(borders.ends[:, is_inside]), borders.sums[is_inside])
    min_mass = find_min_mass(density)
    tree, regions = flood(density, inside, min_mass, math.inf)
    # Regions that no saddle connects, the heaviest of which stays.
    found = regions[members]
    sizes = {each: density.masses[members[found == each]].sum() for each in {*found.tolist()}}
    sizes.pop(NOISE, None)
    if len(sizes) > 1:
        second = sorted(sizes, key=lambda each: (-sizes[each], each))[1]
        return members[found == second]
    if not len(tree.prominences) or not tree.prominences.max() > 0.0:
        return np.empty(0, dtype=np.int64)
    widest = int(np.argmax(tree.prominences))
    peaks = np.arange(len(density.masses))
    for lower, higher in zip(tree.lower[:widest], tree.higher[:widest], strict=True):
        peaks[peaks == lower] = higher
    return members[peaks[members] == tree.lower[widest]]


def find_second_component(
    density: DensityEstimate, members: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The members that belong to the second of two normal distributions; maybe none."""
    if len(members) < 2:
        return np.empty(0, dtype=np.int64)
    responsibilities = fit_two_components(
        density.centers[members], density.variances[members], density.masses[members]
    )
    if responsibilities is None:
        return np.empty(0, dtype=np.int64)
    return members[responsibilities < 0.5]


def cut_merge_tree(measured: OrderedDensity, threshold: float) -> NDArray[np.int64]:
    """The peak (m,) to whose region each prototype belongs; -1 for none.

    A peak has a region of its own if its prominence is at least ``threshold``.
    """
    order, _, density, saddles = measured
    _, peaks = flood(density, list_borders(saddles), find_min_mass(density), threshold)
    placed = np.empty(len(order), dtype=np.int64)
    placed[order] = peaks[density.nearest]
    return placed

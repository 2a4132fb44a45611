"""Clusters at several resolutions: the partition that most resolutions agree on.

Which clusters a density shows depends on how finely the prototypes divide it. With an automatic
number of prototypes, the stream is learned finer than it is read: the prototypes are merged step by
step, by the clusterer's own rule, and the clusters are found after each step. The answer is the
partition with the highest sum of agreements with all others: the medoid. The agreement is the
adjusted Rand index of L. Hubert, P. Arabie, "Comparing partitions", Journal of Classification 2,
1985, between the prototypes, weighted by their points.

The finest step has at most 2√n prototypes for n points, the coarsest at least √n: with fewer points
in each prototype gaps are chance, with fewer prototypes clusters are lost.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from clusterer.cluster.density.label_update import LabelledDensity
from clusterer.cluster.density.labels import (
    OrderedDensity,
    find_clusters,
    join_clusters,
    label_singly,
    measure_in_order,
    place_labels,
)
from clusterer.cluster.density.peaks import N_MANY
from clusterer.cluster.density.significance import are_separate, measure_separation
from clusterer.cluster.prototypes.prototypes import Prototypes
from clusterer.cluster.prototypes.state_layout import DECAYED_COUNT
from clusterer.stream.chunk import NOISE

FINEST_PER_ROOT = 2.0  # prototypes per root of the number of points
COARSEST_PER_ROOT = 1.0
COARSEST_SHARE = 0.6  # of the finest: in a long stream, √n exceeds the number of prototypes
MIN_PROTOTYPES = 10
STEP = 0.8  # from one resolution to the next
# Of partitions that agree nearly as well, the finest one shows small clusters best.
TOLERANCE = 0.002


class Reading(NamedTuple):
    """The clusters that most resolutions agree on.

    ``density`` is the `LabelledDensity` of all prototypes, ``agreement`` the mean agreement of the
    chosen resolution with the others, ``measured`` the density at this resolution and
    ``merged_labels`` the labels of its prototypes. ``resolution`` is the number of these if
    `read_at` would find the same clusters, else 0.
    """

    density: LabelledDensity
    agreement: float
    measured: OrderedDensity | None
    merged_labels: NDArray[np.int64]
    resolution: int

    @property
    def n_clusters(self) -> int:
        """Number of clusters, noise not counted."""
        return len({*self.density.labels.tolist()} - {NOISE})

    def measure_separation(self) -> float:
        """See `.density.significance.measure_separation`."""
        if self.measured is None:
            return 1.0
        order, _, density, saddles = self.measured
        return measure_separation(density, saddles, self.merged_labels[order[density.kept]])


class Resolution(NamedTuple):
    """The prototypes merged to a smaller number.

    ``centers`` (s, d) and ``previous`` (s,) are their centres and previous labels, ``measured`` is
    their density, and ``slots`` (m,) tell which of them is nearest to each unmerged prototype.
    """

    centers: NDArray[np.float64]
    previous: NDArray[np.int64] | None
    measured: OrderedDensity
    slots: NDArray[np.int64]


def read_clusters(prototypes: Prototypes, *, keep_previous: bool = False) -> Reading:
    """Find the clusters at all resolutions and choose among them. O(K² d) for each resolution.

    With ``keep_previous``, clusters that were separate before may survive, see
    `clusterer.cluster.density.survival`.

    >>> prototypes = Prototypes(n_features=1, n_prototypes=20, rule=0)
    >>> from clusterer.cluster.prototypes.parameters import Parameters
    >>> points = np.concatenate([np.arange(30.0), np.arange(100.0, 130.0)])[:, None]
    >>> _ = prototypes.learn(np.tile(points, (9, 1)), Parameters(20, 0.0, 1.0, 0))
    >>> reading = read_clusters(prototypes)
    >>> reading.n_clusters, reading.agreement
    (2, 1.0)
    """
    if not (prototypes.weights > 0).any():
        density = label_singly(prototypes.weights)
        return Reading(density, 1.0, None, density.labels, 0)
    resolutions: list[Resolution] = []
    merged = prototypes
    for size in list_sizes(prototypes):
        # The closest pairs merge in the same order from any finer resolution.
        merged = merged.merge_copy(size)
        previous = merged.previous_labels if keep_previous else None
        measured = measure_in_order(**merged.density_data)
        slots = merged.assign(prototypes.centers)
        resolutions.append(Resolution(merged.inner_centers, previous, measured, slots))
    reading = choose_reading(resolutions, prototypes.counts)
    if reading.n_clusters >= N_MANY:
        # Real clusters are the same at all resolutions, chance peaks along curves are not.
        fewer = choose_reading(resolutions, prototypes.counts, allow_many=False)
        if fewer.agreement > reading.agreement:
            return fewer
    return reading


def choose_reading(
    resolutions: list[Resolution], masses: NDArray, *, allow_many: bool = True
) -> Reading:
    """Return the medoid of the clusters at all resolutions; ``masses`` (m,) of the prototypes."""
    found = [
        find_clusters(each.measured, each.previous, allow_many=allow_many) for each in resolutions
    ]
    densities = [
        place_labels(clusters, each.centers)
        for clusters, each in zip(found, resolutions, strict=True)
    ]
    labels = [
        density.labels[each.slots] for density, each in zip(densities, resolutions, strict=True)
    ]
    sums = compare_partitions(labels, masses).sum(axis=1)
    best = int(np.argmax(sums >= sums.max() - TOLERANCE * len(sums)))
    agreement = 1.0 if len(sums) == 1 else float((sums[best] - 1.0) / (len(sums) - 1))
    chosen, resolution = densities[best], resolutions[best]
    if not are_separate([each.evidence for each in found], agreement):
        chosen, agreement = place_labels(join_clusters(found[best]), resolution.centers), 1.0
    density = chosen._replace(labels=chosen.labels[resolution.slots])
    is_repeatable = allow_many and resolution.previous is None
    size = len(resolution.centers) if is_repeatable else 0
    return Reading(density, agreement, resolution.measured, chosen.labels, size)


def read_at(prototypes: Prototypes, size: int, *, is_proven: bool) -> LabelledDensity:
    """Find the clusters at one resolution: after merging to ``size`` prototypes. O(K² d).

    With ``is_proven`` several clusters need no evidence. At least one prototype has weight.
    """
    merged = prototypes.merge_copy(size)
    found = find_clusters(measure_in_order(**merged.density_data))
    if not is_proven and not are_separate([found.evidence]):
        found = join_clusters(found)
    density = place_labels(found, merged.inner_centers)
    return density._replace(labels=density.labels[merged.assign(prototypes.centers)])


def list_sizes(prototypes: Prototypes) -> list[int]:
    """The numbers of prototypes at the resolutions, from fine to coarse."""
    root = math.sqrt(prototypes.scalars[DECAYED_COUNT] / prototypes.mean_weight)
    finest = min(prototypes.n_taken, max(int(FINEST_PER_ROOT * root), MIN_PROTOTYPES))
    least = max(min(COARSEST_PER_ROOT * root, COARSEST_SHARE * finest), MIN_PROTOTYPES)
    sizes = [finest]
    while int(sizes[-1] * STEP) >= least:
        sizes.append(int(sizes[-1] * STEP))
    return sizes


def compare_partitions(partitions: list[NDArray[np.int64]], masses: NDArray) -> NDArray[np.float64]:
    """Adjusted Rand indices (p, p) of partitions (m,) of prototypes with ``masses`` (m,).

    >>> partitions = [np.array([0, 0, 1]), np.array([5, 5, -1]), np.array([0, 1, 1])]
    >>> compare_partitions(partitions, np.ones(3)).round(3)[0]
    array([1. , 1. , 0.1])
    """
    numbers = [np.unique(each, return_inverse=True)[1] for each in partitions]
    indices = np.eye(len(partitions))
    for a, first in enumerate(numbers):
        for b, second in enumerate(numbers[:a]):
            indices[a, b] = indices[b, a] = measure_agreement(first, second, masses)
    return indices


def measure_agreement(first: NDArray, second: NDArray, masses: NDArray) -> float:
    """Adjusted Rand index of two partitions (m,), numbered from 0, of weighted prototypes."""
    n_second = int(second.max()) + 1
    sizes = np.bincount(first * n_second + second, masses)
    together = float(sizes @ sizes)
    rows, columns = np.bincount(first, masses), np.bincount(second, masses)
    in_first, in_second = float(rows @ rows), float(columns @ columns)
    total = float(masses.sum()) ** 2
    if not total > 0.0:
        return 1.0
    expected, most = in_first * in_second / total, (in_first + in_second) / 2.0
    rest = most - expected
    return (together - expected) / rest if rest > 1e-12 * total else 1.0

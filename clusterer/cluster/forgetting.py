"""Choose the half-life from the stream: forget as fast as clusters move.

In a resting cluster, the points of every prototype come as early or late as those of its other
prototypes. In a moving cluster they do not: the prototypes behind it hold old points, the
prototypes ahead hold new ones. The correlation ratio of K. Pearson, "On the general theory of skew
correlation and non-linear regression", 1905, is the share of the variance of the points' times
that the prototypes explain, cluster by cluster. It determines how far a cluster has moved, in its
own widths, within the points that count. The half-life is chosen such that this motion is `MOTION`.

If clusters appear one after the other, or a table is sorted by a column, an order in time is no
motion, and forgetting would lose clusters. So there is no conclusion if successive points lie much
nearer to each other than any two points, or hardly differ in some feature: by the ratio of J. von
Neumann, "Distribution of the ratio of the mean square successive difference to the variance",
Annals of Mathematical Statistics 12(4), 1941.

After a jump of all clusters to other places, no prototype has points of both sides of the jump, so
no cluster seems to move. But the prototypes fall into two groups by the times of their points, and
one group begins where the other ends. The threshold of N. Otsu, "A threshold selection method from
gray-level histograms", 1979, separates the groups.

If clusters appear one after the other, or a table is sorted, the times fall into groups as well,
and nothing must be forgotten. So the old clusters are forgotten only if there are at least two on
each side that take turns: within each side, the prototypes explain hardly anything of the times.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from clusterer.cluster.labelling.label_inheritance import label_moving
from clusterer.cluster.prototypes.prototypes import Prototypes
from clusterer.cluster.prototypes.state_layout import (
    COUNT,
    DECAY_RATE,
    DECAYED_COUNT,
    MEAN,
    RECENT_COUNT,
    RECENT_SQUARES,
    RECENT_STEPS,
    RECENT_TIME_MEAN,
    RECENT_TIME_VARIANCE,
    RECENT_UNIT,
    SQUARES,
    TIME_MEAN,
    TIME_VARIANCE,
)
from clusterer.cluster.prototypes.timestamps import CHANCE
from clusterer.support.kernels import entry

INTERVAL = 500  # points between two drift checks

# In simulations with K from 10 to 200, resting clusters explain less than 0.07 of the times.
LEAST_EXPLAINED = 0.1
# The squared motion within the points that count, in squared widths of a cluster; both are
# standard deviations.
MOTION = 0.2
# The ratio of von Neumann is near 1 for clusters that take turns, and mostly below 0.15 for
# clusters one after the other. But motion itself lowers it, to 0.5 if clusters move fast.
LEAST_MIXED = 0.75
LEAST_MIXED_IN_MOTION = 0.4
# For each single feature, motion leaves at least a third of the ratio, sorting next to nothing.
LEAST_MIXED_PER_FEATURE = 0.1
SHORTEST = 250.0  # with less, K = 50 prototypes hold too few points each to separate clusters
# A half-life that is too long hides the motion that would show it, so it grows more slowly than it
# shrinks.
MAX_GROWTH = 1.1
MAX_SHRINKING = 0.25
MAX_EXPLAINED = 0.25  # two clusters that take turns explain next to nothing, in order 0.75
MAX_OVERLAP = 0.1  # of the two periods, as a share of both together
LEAST_NEW = 0.5  # points of the new clusters for each point of the old ones
MIN_SHARE = 0.05  # of the points of a side, for a cluster to count
N_TAKING_TURNS = 2
KEPT = 1e-6  # share of the points of a replaced prototype: hardly any, but its place stays known


class Times(NamedTuple):
    """Times of the points of each prototype; ``counts``, ``means`` and ``variances`` are (m,)."""

    counts: NDArray[np.float64]
    means: NDArray[np.float64]
    variances: NDArray[np.float64]


def renew_half_life(prototypes: Prototypes) -> None:
    """Choose the half-life anew, and store the labels of the clusters if they move. O(K² d)."""
    before = prototypes.half_life
    least = LEAST_MIXED if before == math.inf else LEAST_MIXED_IN_MOTION
    together, smallest = measure_mixing(prototypes)
    is_mixed = together >= least and smallest >= LEAST_MIXED_PER_FEATURE
    labels = None
    if is_mixed or before < math.inf:
        labels = label_moving(prototypes, INTERVAL)
    past, recent = read_times(prototypes)
    by_past = by_recent = math.inf
    if is_mixed and labels is not None:
        by_past, by_recent = (choose_half_life(times, labels) for times in (past, recent))
    if before == math.inf:
        after = min(by_past, SHORTEST if by_recent < math.inf else math.inf)
        if by_recent < math.inf:
            # As if only the recent points had been learned.
            forget_past(prototypes, recent)
    else:
        wanted = min(by_past, by_recent)
        after = min(max(wanted, before * MAX_SHRINKING), before * MAX_GROWTH)
        if wanted == math.inf and after > prototypes.n_seen:
            after = math.inf
    after = max(after, SHORTEST)
    prototypes.scalars[DECAY_RATE] = 1.0 / after
    if after < math.inf:
        n_points = 1.0 / (1.0 - 2.0 ** (-1.0 / after))
        limit_count(prototypes, n_points * prototypes.mean_weight)
    # Labels found without decay are blurred by all the old points.
    prototypes.set_previous_labels(labels if max(before, after) < math.inf else None)


def choose_half_life(times: Times, labels: NDArray[np.int64]) -> float:
    """Return the half-life in which clusters move by `MOTION`; infinite if they rest."""
    explained, chance, variance = measure_explained(times, labels)
    explained -= CHANCE * chance
    if not explained > LEAST_EXPLAINED:
        return math.inf
    motion = explained / (1.0 - explained)
    return math.log(2.0) * math.sqrt(variance * MOTION / motion)


def measure_explained(times: Times, labels: NDArray[np.int64]) -> tuple[float, float, float]:
    """Measure how much of the times' variance within clusters the prototypes explain.

    Returns the explained share, the share that chance would explain, and the variance. Noise is
    ignored.

    >>> times = Times(np.full(4, 50.0), np.array([10.0, 30.0, 10.0, 30.0]), np.full(4, 25.0))
    >>> measure_explained(times, np.array([0, 0, 1, 1]))
    (0.8, 0.01, 125.0)
    >>> measure_explained(times, np.array([0, 1, 0, 1]))
    (0.0, 0.01, 25.0)
    """
    return sum_explained(*times, labels, np.empty(len(labels)), np.empty(len(labels)))


@entry
def sum_explained(
    counts: Any, means: Any, variances: Any, labels: Any, sizes: Any, centers: Any
) -> tuple[float, float, float]:
    """Do the same; ``sizes`` and ``centers`` (m,) are scratch."""
    for i in range(labels.shape[0]):
        sizes[i] = centers[i] = 0.0
    total = 0.0
    n_free = 0
    for i in range(labels.shape[0]):
        cluster = labels[i]
        if cluster >= 0 and counts[i] > 0.0:
            total += counts[i]
            n_free += sizes[cluster] > 0.0
            sizes[cluster] += counts[i]
            centers[cluster] += counts[i] / sizes[cluster] * (means[i] - centers[cluster])
    if not total > 0.0:
        return 0.0, 0.0, 0.0
    between = 0.0
    within = 0.0
    for i in range(labels.shape[0]):
        if labels[i] >= 0 and counts[i] > 0.0:
            gap = means[i] - centers[labels[i]]
            between += counts[i] * gap * gap
            within += counts[i] * variances[i]
    explained = between / (between + within) if between + within > 0.0 else 0.0
    return explained, n_free / total, (between + within) / total


def measure_mixing(prototypes: Prototypes) -> tuple[float, float]:
    """Return von Neumann's ratio of the recent points: 1 if their order is random.

    The ratio of all features together, and the smallest ratio of one feature.
    """
    # As Python numbers, since NumPy's calls take longer for so few numbers.
    squares, steps = prototypes.features[[RECENT_SQUARES, RECENT_STEPS]].tolist()
    each = [step / (2.0 * square) for step, square in zip(steps, squares, strict=True) if square]
    return (sum(steps) / (2.0 * sum(squares)), min(each)) if each else (0.0, 0.0)


def read_times(prototypes: Prototypes) -> tuple[Times, Times]:
    """Return the times of all points that count, and of the recent points."""
    read = prototypes.read_row
    past = Times(read(COUNT), read(TIME_MEAN), read(TIME_VARIANCE))
    counts = read(RECENT_COUNT) / prototypes.scalars[RECENT_UNIT]
    return past, Times(counts, read(RECENT_TIME_MEAN), read(RECENT_TIME_VARIANCE))


def forget_past(prototypes: Prototypes, recent: Times) -> None:
    """Reduce every prototype to its recent points."""
    counts = prototypes.counts
    reduce_counts(prototypes, np.minimum(recent.counts / np.where(counts > 0, counts, 1.0), 1.0))
    prototypes.rows[TIME_MEAN, : prototypes.n_taken] = recent.means
    prototypes.rows[TIME_VARIANCE, : prototypes.n_taken] = recent.variances


def limit_count(prototypes: Prototypes, n_points: float) -> None:
    """Decay everything to ``n_points`` points, the limit of the half-life, if it is more."""
    count = prototypes.scalars[DECAYED_COUNT]
    if count > n_points:
        reduce_counts(prototypes, np.full(prototypes.n_taken, n_points / count))


def reduce_counts(prototypes: Prototypes, factors: NDArray) -> None:
    """Multiply what each prototype has learned by its factor (m,), and the moments alike."""
    before = prototypes.counts.sum()
    prototypes.scale_prototypes(factors)
    share = min(prototypes.counts.sum() / before, 1.0) if before > 0 else 1.0
    prototypes.scalars[[DECAYED_COUNT, SQUARES]] *= share


def find_replaced(times: Times) -> NDArray[np.bool_]:
    """Return which prototypes (m,) the others have replaced; none or some of them.

    >>> means = np.array([10.0, 11.0, 30.0, 29.0])
    >>> find_replaced(Times(np.full(4, 50.0), means, np.full(4, 33.0))).tolist()
    [True, True, False, False]
    >>> find_replaced(Times(np.full(4, 50.0), means, np.full(4, 99.0))).tolist()
    [False, False, False, False]
    """
    counts, means, variances = times
    order = np.argsort(means)
    sums = np.cumsum(counts[order])
    total, first = sums[-1], np.cumsum(counts[order] * means[order])
    # Between two prototypes, where the variance between both sides is largest.
    with np.errstate(divide="ignore", invalid="ignore"):
        gaps = first[-1] / total * sums - first
        between = np.nan_to_num(gaps * gaps / (sums * (total - sums)), posinf=0.0)
    is_old = np.zeros(len(counts), dtype=bool)
    is_old[order[: int(np.argmax(between)) + 1]] = True
    nothing = np.zeros_like(is_old)
    if is_old.all() or counts[~is_old].sum() < LEAST_NEW * counts[is_old].sum():
        return nothing
    edges = []
    for side, sign in ((is_old, 1.0), (~is_old, -1.0)):
        shares = counts[side] / counts[side].sum()
        middle = float(shares @ means[side])
        explained = float(shares @ (means[side] - middle) ** 2)
        variance = explained + float(shares @ variances[side])
        if not explained <= MAX_EXPLAINED * variance:
            return nothing
        # Uniform over its period, the times have a third of the squared half period as variance.
        half = (3.0 * variance) ** 0.5
        edges += [middle + sign * half, middle - sign * half]
    old_end, old_begin, new_begin, new_end = edges
    is_after = old_end - new_begin <= MAX_OVERLAP * (new_end - old_begin)
    return is_old if is_after else nothing


def take_turns(is_side: NDArray[np.bool_], counts: NDArray, labels: NDArray[np.int64]) -> bool:
    """Return whether a side has several clusters, by the ``labels`` (m,) of the prototypes."""
    is_used = is_side & (labels >= 0)
    sizes = np.bincount(labels[is_used], counts[is_used])
    n_large = np.count_nonzero(sizes > MIN_SHARE * counts[is_side].sum())
    return bool(n_large >= N_TAKING_TURNS)


def forget_replaced(prototypes: Prototypes, is_old: NDArray[np.bool_]) -> None:
    """Forget the points of the prototypes ``is_old`` (m,), also in the moments of the stream."""
    reduce_counts(prototypes, np.where(is_old, KEPT, 1.0))
    counts, weights = prototypes.counts, prototypes.weights
    centers = prototypes.inner_centers
    mean = counts @ centers / counts.sum()
    spreads = prototypes.inner_scatters * counts / np.where(weights > 0.0, weights, 1.0)
    prototypes.features[MEAN] = mean
    scale = prototypes.scalars[DECAYED_COUNT] / counts.sum()
    prototypes.scalars[SQUARES] = scale * float(counts @ ((centers - mean) ** 2).sum(axis=1))
    prototypes.scalars[SQUARES] += scale * float(spreads.sum())

"""Labels between two full labellings in a moving stream: new prototypes inherit their cluster.

A full labelling takes as long as learning thousands of points. Between two of them a prototype
keeps its cluster, and a prototype that has started since belongs to the cluster of the nearest
prototype that has one, if it lies near. Otherwise it is noise or starts a new cluster, which the
next full labelling decides. A cluster with two halves is in doubt, and the full labelling comes
within `PATIENCE` points.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clusterer.cluster.density.labels import label_prototypes
from clusterer.cluster.prototypes.prototypes import Prototypes
from clusterer.cluster.prototypes.state_layout import (
    COUNT,
    N_ROWS,
    PREVIOUS_LABEL,
    SCATTER,
    WEIGHT,
)
from clusterer.support.kernels import entry, inner

# A prototype is near a cluster if it lies at most so far from the cluster's nearest prototype, in
# squared root mean squared distances of the cluster's points from their centre.
REACH = 4.0
# A cluster is labelled anew if its two halves explain more than this share of its variance, along
# the line between their means. The halves of a normal distribution explain 2 / π, those of an even
# one 0.75, two normal distributions four standard deviations apart 0.8.
MAX_EXPLAINED_BY_HALVES = 0.8
# Two clusters overlap if they explain less than the halves of one normal distribution do: if the
# squared distance of their means is less than so many times the sum of both variances along it.
OVERLAP = 2.0 * (2.0 / math.pi) / (1.0 - 2.0 / math.pi)
N_ROUNDS = 5  # of the division into halves
N_CHECKS = 64  # every so many drift checks, a full labelling
# A cluster with two halves is kept for at most so many points. Mostly a full labelling has just
# found it, and would find it again.
PATIENCE = 4_000


def label_moving(prototypes: Prototypes, interval: int) -> NDArray[np.int64]:
    """Label the clusters (m,) at a drift check, and store the labels for the next one.

    ``interval`` is the number of points since the last check.
    """
    n_taken = prototypes.n_taken
    if not is_due(prototypes.n_seen, interval, N_CHECKS * interval):
        labels, scratch = np.empty((2, n_taken), dtype=np.int64)
        spreads, means = np.empty(n_taken), np.empty((n_taken + 1, prototypes.n_features))
        n_clusters = inherit_labels(
            prototypes.floats, prototypes.int_rows, n_taken, labels, scratch, spreads, means
        )
        has_halves = n_clusters < 0
        if n_clusters and not (has_halves and is_due(prototypes.n_seen, interval, PATIENCE)):
            prototypes.set_previous_labels(labels)
            return labels
    labels = label_prototypes(**prototypes.density_data, previous=prototypes.previous_labels)
    prototypes.set_previous_labels(labels)
    return labels


def is_due(n_seen: int, interval: int, period: int) -> bool:
    """Return whether something that is due every ``period`` points is due at this drift check.

    >>> is_due(1_000, 500, 2_000), is_due(2_100, 500, 2_000), is_due(9_000, 5_000, 2_000)
    (False, True, True)
    """
    return n_seen // period != (n_seen - interval) // period


@entry
def inherit_labels(
    floats: Any,
    int_rows: Any,
    n_taken: int,
    numbers: Any,
    names: Any,
    spreads: Any,
    means: Any,
) -> int:
    """Give each prototype without a cluster the cluster of the nearest one.

    Parameters
    ----------
    floats, int_rows
        The arrays of the state; see `clusterer.cluster.prototypes.state_layout`.
    n_taken : int
        Number m of prototypes.
    numbers : (m,) int64
        The result: the cluster of each prototype, numbered 0, 1, …; -1 for none.
    names : (m,) int64, spreads : (m,), means : (m + 1, d)
        Scratch.

    Returns
    -------
    n_clusters : int
        Number of clusters, negative if one of them has two halves; see `MAX_EXPLAINED_BY_HALVES`. 0
        if a full labelling is due: because there is no cluster, because a prototype without a
        cluster has more points than those with one have on average, or because two clusters
        overlap; see `OVERLAP`.
    """
    n_features = floats.shape[0] - N_ROWS
    n_clusters = number_clusters(int_rows, n_taken, numbers, names)
    for cluster in range(n_clusters):
        spreads[cluster] = measure_spread(floats, n_taken, numbers, cluster)
    labelled, n_labelled, heaviest = 0.0, 0, 0.0
    for i in range(n_taken):
        if numbers[i] >= 0:
            labelled += floats[n_features + COUNT, i]
            n_labelled += 1
            continue
        nearest, least = find_nearest_labelled(floats, int_rows, n_taken, i)
        if nearest >= 0 and least <= REACH * spreads[numbers[nearest]]:
            numbers[i] = numbers[nearest]
        else:
            heaviest = max(heaviest, floats[n_features + COUNT, i])
    if heaviest * n_labelled > labelled:
        return 0
    if do_clusters_overlap(floats, n_taken, n_clusters, numbers, means, spreads):
        return 0
    for cluster in range(n_clusters):
        if measure_halves(floats, n_taken, numbers, cluster, means, names) > (
            MAX_EXPLAINED_BY_HALVES
        ):
            return -n_clusters
    return n_clusters


@inner
def find_nearest_labelled(floats: Any, int_rows: Any, n_taken: int, i: int) -> tuple[int, float]:
    """Return the nearest prototype with a stored label, -1 for none, and its squared distance."""
    nearest = -1
    least = np.inf
    for j in range(n_taken):
        if int_rows[PREVIOUS_LABEL, j] >= 0:
            square = 0.0
            for t in range(floats.shape[0] - N_ROWS):
                square += (floats[t, i] - floats[t, j]) ** 2
            if square < least:
                least = square
                nearest = j
    return nearest, least


@inner
def number_clusters(int_rows: Any, n_taken: int, numbers: Any, names: Any) -> int:
    """Number the stored labels 0, 1, … in the order of their first prototype; return how many."""
    n_clusters = 0
    for i in range(n_taken):
        label = int_rows[PREVIOUS_LABEL, i]
        numbers[i] = -1
        if label >= 0:
            number = 0
            while number < n_clusters and names[number] != label:
                number += 1
            if number == n_clusters:
                names[number] = label
                n_clusters += 1
            numbers[i] = number
    return n_clusters


@inner
def measure_spread(floats: Any, n_taken: int, numbers: Any, cluster: int) -> float:
    """Return the mean squared distance of a cluster's points from their centre."""
    n_features = floats.shape[0] - N_ROWS
    weight = 0.0
    scatter = 0.0
    first = -1
    for i in range(n_taken):
        if numbers[i] == cluster:
            first = i if first < 0 else first
            weight += floats[n_features + WEIGHT, i]
            scatter += floats[n_features + SCATTER, i]
    if not weight > 0.0:
        return 0.0
    for t in range(n_features):
        total = 0.0
        squares = 0.0
        for i in range(n_taken):
            if numbers[i] == cluster:
                gap = floats[t, i] - floats[t, first]
                total += floats[n_features + WEIGHT, i] * gap
                squares += floats[n_features + WEIGHT, i] * gap * gap
        scatter += max(squares - total * total / weight, 0.0)
    return scatter / weight


@inner
def measure_halves(
    floats: Any, n_taken: int, numbers: Any, cluster: int, means: Any, sides: Any
) -> float:
    """Return the share of a cluster's variance along a line that the means of two halves explain.

    The halves are those of k-means that starts with two prototypes far apart. The first two rows of
    ``means`` and ``sides`` (m,) int64 are scratch.
    """
    n_features = means.shape[1]
    first = find_farthest(floats, n_taken, numbers, cluster, -1)
    second = find_farthest(floats, n_taken, numbers, cluster, first)
    if first == second:
        return 0.0
    for t in range(n_features):
        means[0, t] = floats[t, first]
        means[1, t] = floats[t, second]
    left = right = 0.0
    for _ in range(N_ROUNDS):
        for i in range(n_taken):
            if numbers[i] == cluster:
                nearer = 0.0
                for t in range(n_features):
                    middle = floats[t, i] - 0.5 * (means[0, t] + means[1, t])
                    nearer += middle * (means[1, t] - means[0, t])
                sides[i] = 1 if nearer > 0.0 else 0
        left = right = 0.0
        for i in range(n_taken):
            weight = floats[n_features + WEIGHT, i]
            if numbers[i] == cluster and weight > 0.0:
                if sides[i] == 0:
                    left += weight
                else:
                    right += weight
                share = weight / (left if sides[i] == 0 else right)
                for t in range(n_features):
                    means[sides[i], t] += share * (floats[t, i] - means[sides[i], t])
    square = 0.0
    for t in range(n_features):
        square += (means[1, t] - means[0, t]) ** 2
    if not square > 0.0:
        return 0.0
    within = 0.0
    for i in range(n_taken):
        if numbers[i] == cluster:
            step = 0.0
            for t in range(n_features):
                step += (floats[t, i] - means[sides[i], t]) * (means[1, t] - means[0, t])
            scatter = floats[n_features + SCATTER, i] / n_features
            within += floats[n_features + WEIGHT, i] * step * step / square + scatter
    between = left * right / (left + right) * square
    return between / (between + within) if between + within > 0.0 else 0.0


@inner
def find_farthest(floats: Any, n_taken: int, numbers: Any, cluster: int, start: int) -> int:
    """Return the member of a cluster farthest from ``start``, or from its first one; -1 if none.

    Members without weight are not considered.
    """
    n_features = floats.shape[0] - N_ROWS
    found = start
    farthest = 0.0
    for i in range(n_taken):
        if numbers[i] == cluster and floats[n_features + WEIGHT, i] > 0.0:
            if start < 0:
                start = found = i
            square = 0.0
            for t in range(n_features):
                square += (floats[t, i] - floats[t, start]) ** 2
            if square > farthest:
                farthest = square
                found = i
    return found


@inner
def do_clusters_overlap(
    floats: Any, n_taken: int, n_clusters: int, numbers: Any, means: Any, spreads: Any
) -> bool:
    """Return whether any two clusters overlap; see `OVERLAP`.

    ``means`` (m + 1, d) and ``spreads`` (m,) are scratch.
    """
    n_features = means.shape[1]
    for cluster in range(n_clusters):
        spreads[cluster] = measure_spread(floats, n_taken, numbers, cluster)
        weight = 0.0
        for t in range(n_features):
            means[cluster, t] = 0.0
        for i in range(n_taken):
            own = floats[n_features + WEIGHT, i]
            if numbers[i] == cluster and own > 0.0:
                weight += own
                for t in range(n_features):
                    means[cluster, t] += own / weight * (floats[t, i] - means[cluster, t])
        if weight == 0.0:
            means[cluster, 0] = np.inf
    for one in range(n_clusters):
        for other in range(one):
            square = 0.0
            for t in range(n_features):
                square += (means[one, t] - means[other, t]) ** 2
            # The variance along a line is no more than that of all features together.
            if square >= OVERLAP * (spreads[one] + spreads[other]):
                continue
            variance = measure_variance_along(floats, n_taken, numbers, one, other, means, square)
            variance += measure_variance_along(floats, n_taken, numbers, other, one, means, square)
            if square < OVERLAP * variance:
                return True
    return False


@inner
def measure_variance_along(
    floats: Any, n_taken: int, numbers: Any, cluster: int, other: int, means: Any, square: float
) -> float:
    """Return the variance of a cluster along the line to another, at the distance √``square``."""
    n_features = means.shape[1]
    weight = 0.0
    variance = 0.0
    for i in range(n_taken):
        own = floats[n_features + WEIGHT, i]
        if numbers[i] == cluster and own > 0.0:
            weight += own
            step = 0.0
            for t in range(n_features):
                step += (floats[t, i] - means[cluster, t]) * (means[other, t] - means[cluster, t])
            variance += floats[n_features + SCATTER, i] / n_features
            if square > 0.0:
                variance += own * step * step / square
    return variance / weight if weight > 0.0 else 0.0

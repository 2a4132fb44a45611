"""The half-life that a stream asks for: found by whether the places of its clusters tell the time.

In a resting cluster the points of every prototype come as early or late as those of the others.
In a moving one they do not: the prototypes that it has left hold old points, those that it has
reached new ones. How much of the variance of the points' times the prototypes explain, cluster by
cluster, is the correlation ratio of K. Pearson, "On the general theory of skew correlation and
non-linear regression", 1905; and from it follows how far a cluster has moved, in its own widths,
within what is remembered. The half-life is chosen such that this is `MOTION`.

Where clusters come one after the other, or a table is sorted by a column, an order in time is no
motion, and forgetting would lose them: so nothing is concluded where successive points lie much
nearer to each other than any two, or hardly differ in some feature, by the ratio of J. von Neumann,
"Distribution of the ratio of the mean square successive difference to the variance", Annals of
Mathematical Statistics 12(4), 1941.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from clusterer.cluster.density.labels import label_prototypes
from clusterer.cluster.prototypes.prototypes import Prototypes
from clusterer.cluster.prototypes.state_layout import (
    COUNT,
    FADED_COUNT,
    FADING,
    RECENT,
    RECENT_SPREAD,
    RECENT_SQUARES,
    RECENT_TIME,
    RECENT_UNIT,
    SCATTER,
    SQUARES,
    STEPS,
    TIME,
    TIME_SPREAD,
    WEIGHT,
)
from clusterer.cluster.prototypes.timestamps import CHANCE

# Resting clusters explain less than 0.07 of the times in simulations, at K from 10 to 200.
LEAST_EXPLAINED = 0.1
# Squared motion within the memory, in squared widths of a cluster, both by their deviations.
MOTION = 0.2
# Clusters that come in turn give a ratio near 1; one after the other, as a rule, below 0.15. But
# motion itself lowers it, to 0.5 where clusters run far within the horizon.
LEAST_MIXED = 0.75
LEAST_MIXED_IN_MOTION = 0.4
# Of each feature alone motion leaves a third at least, and sorting next to nothing.
LEAST_MIXED_EACH = 0.1
SHORTEST = 250.0  # with less, K = 50 prototypes hold too few points each to tell clusters
# A memory too long blurs what would show it, so it grows more slowly than it shrinks.
MOST_GROWTH = 1.1
MOST_SHRINKING = 0.25


class Times(NamedTuple):
    """When points came: ``counts`` (m,) of each prototype, and mean and variance of their times."""

    counts: NDArray[np.float64]
    means: NDArray[np.float64]
    spreads: NDArray[np.float64]


def renew_half_life(held: Prototypes) -> None:
    """Choose the half-life anew, and remember the clusters where they move. O(K² d)."""
    before = held.half_life
    least = LEAST_MIXED if before == math.inf else LEAST_MIXED_IN_MOTION
    together, one = measure_mixing(held)
    is_mixed = together >= least and one >= LEAST_MIXED_EACH
    labels = None
    if is_mixed or before < math.inf:
        labels = label_prototypes(**held.evidence, previous=held.known)
    past, recent = read_times(held)
    by_past = by_recent = math.inf
    if is_mixed and labels is not None:
        by_past, by_recent = (want_half_life(times, labels) for times in (past, recent))
    if before == math.inf:
        after = min(by_past, SHORTEST if by_recent < math.inf else math.inf)
        if by_recent < math.inf:
            # As if what is recent had been all that was remembered.
            forget_past(held, recent)
    else:
        wanted = min(by_past, by_recent)
        after = min(max(wanted, before * MOST_SHRINKING), before * MOST_GROWTH)
        if wanted == math.inf and after > held.n_seen:
            after = math.inf
    after = max(after, SHORTEST)
    held.scalars[FADING] = 1.0 / after
    if after < math.inf:
        fit_memory(held, 1.0 / (1.0 - 2.0 ** (-1.0 / after)))
    # What was found while nothing faded yet is blurred by all that is old.
    held.remember(labels if max(before, after) < math.inf else None)


def want_half_life(times: Times, labels: NDArray[np.int64]) -> float:
    """The half-life in which clusters move by `MOTION`; infinite where they seem to rest."""
    explained, chance, variance = explain(times, labels)
    explained -= CHANCE * chance
    if not explained > LEAST_EXPLAINED:
        return math.inf
    motion = explained / (1.0 - explained)
    return math.log(2.0) * math.sqrt(variance * MOTION / motion)


def explain(times: Times, labels: NDArray[np.int64]) -> tuple[float, float, float]:
    """Share of the times' variance within clusters that the prototypes explain.

    Also what chance would explain of it, and the variance. Noise is left out.

    >>> times = Times(np.full(4, 50.0), np.array([10.0, 30.0, 10.0, 30.0]), np.full(4, 25.0))
    >>> explain(times, np.array([0, 0, 1, 1]))
    (0.8, 0.01, 125.0)
    >>> explain(times, np.array([0, 1, 0, 1]))
    (0.0, 0.01, 25.0)
    """
    is_used = (labels >= 0) & (times.counts > 0)
    labels, (counts, means, spreads) = labels[is_used], (each[is_used] for each in times)
    total = counts.sum()
    if not total > 0:
        return 0.0, 0.0, 0.0
    sizes = np.bincount(labels, counts)
    centers = np.bincount(labels, counts * means) / np.where(sizes > 0, sizes, 1.0)
    between = float(counts @ (means - centers[labels]) ** 2 / total)
    variance = between + float(counts @ spreads / total)
    chance = float((len(counts) - np.count_nonzero(sizes)) / total)
    return between / variance if variance > 0 else 0.0, chance, variance


def measure_mixing(held: Prototypes) -> tuple[float, float]:
    """Von Neumann's ratio of the recent points: 1 where their order tells nothing.

    That of all features together, and the least of one alone.
    """
    squares, steps = held.recent[RECENT_SQUARES], held.recent[STEPS]
    varies = squares > 0
    if not varies.any():
        return 0.0, 0.0
    each = steps[varies] / (2.0 * squares[varies])
    return float(steps.sum() / (2.0 * squares.sum())), float(each.min())


def read_times(held: Prototypes) -> tuple[Times, Times]:
    """The times of all that is remembered, and of what is recent."""
    rows = held.read_row
    past = Times(rows(COUNT), rows(TIME), rows(TIME_SPREAD))
    counts = rows(RECENT) / held.scalars[RECENT_UNIT]
    return past, Times(counts, rows(RECENT_TIME), rows(RECENT_SPREAD))


def forget_past(held: Prototypes, recent: Times) -> None:
    """Leave of every prototype what is recent of it."""
    counts = held.counts
    keep(held, np.minimum(recent.counts / np.where(counts > 0, counts, 1.0), 1.0))
    for target, source in ((TIME, recent.means), (TIME_SPREAD, recent.spreads)):
        held.floats[held.n_features + target, : held.n_taken] = source


def fit_memory(held: Prototypes, n_points: float) -> None:
    """Let all count less where it counts for more points than the half-life lets it."""
    if held.scalars[FADED_COUNT] > n_points:
        keep(held, np.full(held.n_taken, n_points / held.scalars[FADED_COUNT]))


def keep(held: Prototypes, shares: NDArray) -> None:
    """Let each prototype count ``shares`` (m,) times as much."""
    kept, before = slice(held.n_taken), held.counts.sum()
    for row in (WEIGHT, COUNT, SCATTER):
        held.floats[held.n_features + row, kept] *= shares
    roots = np.sqrt(shares)
    held.links[kept, kept] *= roots[:, None] * roots
    share = min(held.counts.sum() / before, 1.0) if before > 0 else 1.0
    for moment in (FADED_COUNT, SQUARES):
        held.scalars[moment] *= share
    held.measure_anew()

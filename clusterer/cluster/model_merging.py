"""Merge the prototypes of two models that learned separately."""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import block_diag

from clusterer.cluster.prototypes.learn_loop import LARGEST_COORDINATE, choose_scale
from clusterer.cluster.prototypes.parameters import Parameters
from clusterer.cluster.prototypes.prototypes import Prototypes
from clusterer.cluster.prototypes.ranges import find_overflow
from clusterer.cluster.prototypes.state_layout import (
    DECAY_RATE,
    DECAYED_COUNT,
    LINK_UNIT,
    N_RECENT,
    N_SEEN,
    NEXT_CHECK,
    RECENT_MEAN,
    RECENT_SQUARES,
    RECENT_STEPS,
    RECENT_UNIT,
    SCALE,
    SQUARED_STEP,
    SQUARES,
    TOTAL_WEIGHT,
)


def pool_prototypes(ours: Prototypes, theirs: Prototypes, parameters: Parameters) -> Prototypes:
    """Combine the prototypes of both models, then merge the closest pairs until K are left.

    The number of points, the mean and the squares of the two streams add up as in Chan, Golub and
    LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances", 1979.
    Both models stay unchanged, and neither is decayed.

    Raises ValueError if the models are too far apart for one system of coordinates, or a sum is too
    large.

    >>> parameters = Parameters(n_prototypes=4, sigma=0.0, decay=1.0, rule=0)
    >>> models = [Prototypes(1, 4, 0), Prototypes(1, 4, 0)]
    >>> for model, points in zip(models, ([[0.0], [1.0]], [[9.0], [8.0]]), strict=True):
    ...     _ = model.learn(np.array(points), parameters)
    >>> pool_prototypes(*models, parameters).centers[:, 0].tolist()
    [1.0, 1.0, 8.0, 8.0]
    """
    pooled = Prototypes(ours.n_features, parameters.n_prototypes, parameters.rule)
    pooled.scalars[:], pooled.features[:] = ours.scalars, ours.features
    pooled.scalars[SCALE] = choose_common_scale(ours, theirs)
    moved, offset, ratio = convert_centers(theirs, pooled)
    # Numbers that overflow are refused below.
    with np.errstate(over="ignore", invalid="ignore"):
        fill_pooled(pooled, ours, theirs, moved, ratio)
        add_moments(pooled, theirs, offset, ratio)
        add_recent_moments(pooled, ours, theirs, offset, ratio)
    overflow = find_overflow(pooled)
    if overflow:
        raise ValueError(
            f"The {overflow} of the two models together are too large. Merge the models in the "
            "other order, or check the units of the data."
        )
    pooled.adapt(parameters)
    return pooled


def fill_pooled(
    pooled: Prototypes, ours: Prototypes, theirs: Prototypes, moved: NDArray, ratio: float
) -> None:
    """Fill ``pooled`` with the prototypes of both; ``moved`` (m, d) are the centres of theirs."""
    n_before = ours.n_seen
    n_seen = n_before + theirs.n_seen
    pooled.fill(
        {
            "centers": np.concatenate([ours.inner_centers, moved]),
            "weights": np.concatenate([ours.weights, theirs.weights]),
            "counts": np.concatenate([ours.counts, theirs.counts]),
            "scatters": np.concatenate(
                [ours.inner_scatters, theirs.inner_scatters * ratio * ratio]
            ),
            # As if their points had come after ours, so that every id stays unique.
            "ids": np.concatenate([ours.ids, theirs.ids + n_before]),
            "last_seen": np.concatenate([ours.last_seen, theirs.last_seen + n_before]),
            # The next drift check matches the clusters of the two models.
            "known": np.full(ours.n_taken + theirs.n_taken, -1),
            "links": block_diag(ours.link_counts, theirs.link_counts),
            "times": np.concatenate([stretch_times(each, n_seen) for each in (ours, theirs)]),
        }
    )
    pooled.scalars[LINK_UNIT] = 1.0
    pooled.scalars[N_SEEN] = n_seen
    pooled.scalars[TOTAL_WEIGHT] = ours.scalars[TOTAL_WEIGHT] + theirs.scalars[TOTAL_WEIGHT]


def choose_common_scale(ours: Prototypes, theirs: Prototypes) -> float:
    """Return the scale of the pooled coordinates: ours, or theirs if all our points are equal."""
    offset = float(np.abs(theirs.origin / 2 - ours.origin / 2).max())
    scale = float(ours.scalars[SCALE] or theirs.scalars[SCALE])
    return scale or (float(choose_scale(2 * offset)) if offset else 0.0)


def convert_centers(theirs: Prototypes, pooled: Prototypes) -> tuple[NDArray, NDArray, float]:
    """Convert the centres of ``theirs`` to the inner coordinates of ``pooled``.

    Also returns the origin of ``theirs`` in these coordinates, and the ratio of the scales.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        offset = (theirs.origin - pooled.origin) * pooled.scalars[SCALE]
        ratio = float(pooled.scalars[SCALE] * (theirs.scalars[SCALE] and 1 / theirs.scalars[SCALE]))
        moved = offset + theirs.inner_centers * ratio
    if not (np.abs(moved) <= LARGEST_COORDINATE).all() or not ratio <= LARGEST_COORDINATE:
        raise ValueError(
            "The two models are too far apart, or their units differ too much, for one system of "
            "coordinates. Merge them in the other order, or check the units of the data."
        )
    return moved, offset, ratio


def add_moments(pooled: Prototypes, theirs: Prototypes, offset: NDArray, ratio: float) -> None:
    """Add the count, mean and squares of their stream to those in ``pooled``."""
    ours, more = pooled.scalars[DECAYED_COUNT], theirs.scalars[DECAYED_COUNT]
    gaps = offset + theirs.mean * ratio - pooled.mean
    share = more / (ours + more)
    pooled.scalars[DECAYED_COUNT] = ours + more
    pooled.scalars[SQUARES] += (
        theirs.scalars[SQUARES] * ratio * ratio + float(gaps @ gaps) * ours * share
    )
    pooled.mean[:] += gaps * share


def stretch_times(prototypes: Prototypes, n_points: int) -> NDArray:
    """Return the times (m, 6) as if the points had been spread over a stream of ``n_points``.

    If the times of one model simply followed those of the other, all clusters would seem to move.
    The recent times keep their distance from the end of the stream.
    """
    times = prototypes.times
    means, variances, counts, recent_means = (times[:, column] for column in (0, 1, 2, 3))
    ratio = n_points / prototypes.n_seen
    means *= ratio
    variances *= ratio * ratio
    counts /= prototypes.scalars[RECENT_UNIT]
    recent_means += n_points - prototypes.n_seen
    return times


def add_recent_moments(
    pooled: Prototypes, ours: Prototypes, theirs: Prototypes, offset: NDArray, ratio: float
) -> None:
    """Add the recent moments of both, and keep the shorter of the two automatic half-lives."""
    units = [each.scalars[RECENT_UNIT] for each in (ours, theirs)]
    count, more = ours.scalars[N_RECENT] / units[0], theirs.scalars[N_RECENT] / units[1]
    share = more / max(count + more, 1.0)
    features = pooled.features
    gaps = offset + theirs.features[RECENT_MEAN] * ratio - ours.features[RECENT_MEAN]
    features[RECENT_MEAN] = ours.features[RECENT_MEAN] + gaps * share
    for row in (RECENT_SQUARES, RECENT_STEPS):
        features[row] = ours.features[row] / units[0] + theirs.features[row] * (ratio**2 / units[1])
    features[RECENT_SQUARES] += gaps * gaps * count * share
    ours_step, their_step = ours.features[SQUARED_STEP], theirs.features[SQUARED_STEP] * ratio**2
    least = np.minimum(ours_step, their_step)
    features[SQUARED_STEP] = np.where(least > 0.0, least, np.maximum(ours_step, their_step))
    pooled.scalars[N_RECENT], pooled.scalars[RECENT_UNIT] = count + more, 1.0
    pooled.scalars[DECAY_RATE] = max(ours.scalars[DECAY_RATE], theirs.scalars[DECAY_RATE])
    pooled.scalars[NEXT_CHECK] = pooled.n_seen

"""Two models learned apart become one."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import block_diag

from clusterer.cluster.prototypes.learn_loop import LARGEST_COORDINATE, choose_scale
from clusterer.cluster.prototypes.prototypes import Prototypes, Settings
from clusterer.cluster.prototypes.state_layout import (
    FADED_COUNT,
    FADING,
    LINK_UNIT,
    N_SEEN,
    NEXT_LOOK,
    RECENT_COUNT,
    RECENT_MEAN,
    RECENT_SQUARES,
    RECENT_UNIT,
    SCALE,
    SQUARES,
    STEPS,
)
from clusterer.cluster.validation import place_names


def pool_prototypes(ours: Prototypes, theirs: Prototypes, settings: Settings) -> Prototypes:
    """All prototypes of both, the closest pairs merged until at most K are left.

    The count, mean and squares of the streams add up as if one had followed the other (Chan,
    Golub and LeVeque, "Updating formulae and a pairwise algorithm for computing sample
    variances", 1979). Neither model is changed, and neither is faded.

    Raises ValueError where the two are too far apart for one frame of coordinates.

    >>> models = [Prototypes(1, 4, 0), Prototypes(1, 4, 0)]
    >>> for model, points in zip(models, ([[0.0], [1.0]], [[9.0], [8.0]]), strict=True):
    ...     _ = model.learn(np.array(points), (4, 0.0, 1.0, 0))
    >>> pool_prototypes(*models, (4, 0.0, 1.0, 0)).centers[:, 0].tolist()
    [1.0, 1.0, 8.0, 8.0]
    """
    n_features, n_before = ours.n_features, ours.n_seen
    pooled = Prototypes(n_features, settings[0], settings[3])
    pooled.scalars[:] = ours.scalars
    pooled.scalars[SCALE] = choose_frame(ours, theirs)
    moved, offset, ratio = enter_frame(theirs, pooled)
    pooled.fill(
        np.concatenate([ours.inner_centers, moved]),
        np.concatenate([ours.weights, theirs.weights]),
        np.concatenate([ours.counts, theirs.counts]),
        np.concatenate([ours.inner_scatters, theirs.inner_scatters * ratio * ratio]),
        # Their points count as having come after ours: so no id appears twice.
        np.concatenate([ours.ids, theirs.ids + n_before]),
        np.concatenate([ours.last_seen, theirs.last_seen + n_before]),
        # Which of theirs is which of ours will tell the next look, at the next point.
        np.full(len(ours.ids) + len(theirs.ids), -1),
        block_diag(ours.link_counts, theirs.link_counts),
        np.concatenate([stretch_times(each, n_before + theirs.n_seen) for each in (ours, theirs)]),
    )
    pooled.scalars[LINK_UNIT] = 1.0
    pooled.scalars[N_SEEN] = n_before + theirs.n_seen
    add_moments(pooled, theirs, offset, ratio)
    add_recent(pooled, ours, theirs, offset, ratio)
    pooled.adapt(settings)
    return pooled


def choose_frame(ours: Prototypes, theirs: Prototypes) -> float:
    """Scale of the pooled coordinates: ours; if all our points are one, theirs."""
    offset = float(np.abs(theirs.origin / 2 - ours.origin / 2).max())
    scale = float(ours.scalars[SCALE] or theirs.scalars[SCALE])
    return scale or (float(choose_scale(2 * offset)) if offset else 0.0)


def enter_frame(theirs: Prototypes, pooled: Prototypes) -> tuple[NDArray, NDArray, float]:
    """Centres of ``theirs`` in the frame of ``pooled``, its origin there, the ratio of scales."""
    with np.errstate(over="ignore", invalid="ignore"):
        offset = (theirs.origin - pooled.origin) * pooled.scalars[SCALE]
        ratio = float(pooled.scalars[SCALE] * (theirs.scalars[SCALE] and 1 / theirs.scalars[SCALE]))
        moved = offset + theirs.inner_centers * ratio
    if not (np.abs(moved) <= LARGEST_COORDINATE).all() or not ratio <= LARGEST_COORDINATE:
        raise ValueError(
            "The two models are too far apart, or their units too different, for one frame of "
            "coordinates. Merging them the other way round may do."
        )
    return moved, offset, ratio


def add_moments(pooled: Prototypes, theirs: Prototypes, offset: NDArray, ratio: float) -> None:
    """Add the count, mean and squares of their stream to those in ``pooled``."""
    ours, more = pooled.scalars[FADED_COUNT], theirs.scalars[FADED_COUNT]
    gaps = offset + theirs.mean * ratio - pooled.mean
    share = more / (ours + more)
    pooled.scalars[FADED_COUNT] = ours + more
    pooled.scalars[SQUARES] += (
        theirs.scalars[SQUARES] * ratio * ratio + float(gaps @ gaps) * ours * share
    )
    pooled.mean[:] += gaps * share


def stretch_times(held: Prototypes, n_points: int) -> NDArray:
    """Times (m, 6) as if the points had been spread over a stream of ``n_points``.

    Were those of one model taken for later than the other's, all clusters would seem to move.
    What is recent stays as far from the end as it was.
    """
    times = held.times
    means, spreads, counts, recent_means = (times[:, column] for column in (0, 1, 2, 3))
    ratio = n_points / held.n_seen
    means *= ratio
    spreads *= ratio * ratio
    counts /= held.scalars[RECENT_UNIT]
    recent_means += n_points - held.n_seen
    return times


def add_recent(
    pooled: Prototypes, ours: Prototypes, theirs: Prototypes, offset: NDArray, ratio: float
) -> None:
    """Add what is recent of both, and keep the shorter of two half-lives found."""
    units = [each.scalars[RECENT_UNIT] for each in (ours, theirs)]
    count, more = ours.scalars[RECENT_COUNT] / units[0], theirs.scalars[RECENT_COUNT] / units[1]
    share = more / max(count + more, 1.0)
    recent = pooled.recent
    gaps = offset + theirs.recent[RECENT_MEAN] * ratio - ours.recent[RECENT_MEAN]
    recent[RECENT_MEAN] = ours.recent[RECENT_MEAN] + gaps * share
    for row in (RECENT_SQUARES, STEPS):
        recent[row] = ours.recent[row] / units[0] + theirs.recent[row] * (ratio**2 / units[1])
    recent[RECENT_SQUARES] += gaps * gaps * count * share
    pooled.scalars[RECENT_COUNT], pooled.scalars[RECENT_UNIT] = count + more, 1.0
    pooled.scalars[FADING] = max(ours.scalars[FADING], theirs.scalars[FADING])
    pooled.scalars[NEXT_LOOK] = pooled.n_seen


def place_features(ours: Any, theirs: Any) -> tuple[NDArray[np.int64], NDArray | None]:
    """Column beside ours of each feature of their model, by name if both have names; all names.

    Raises ValueError where they differ, unless our model may grow.
    """
    n_ours, n_theirs = ours.n_features_in_, theirs.n_features_in_
    names = getattr(ours, "feature_names_in_", None)
    their_names = getattr(theirs, "feature_names_in_", None)
    by_position = np.arange(n_theirs)
    if names is None or their_names is None:
        if n_theirs != n_ours and not ours.allow_growth:
            raise ValueError(f"The models have {n_ours} and {n_theirs} features; see allow_growth.")
        if names is not None and n_theirs > n_ours:
            raise ValueError(f"{n_theirs} features without names cannot join {n_ours} named ones.")
        return by_position, names
    if list(names) == list(their_names):
        return by_position, names
    if not ours.allow_growth:
        raise ValueError(f"The features are named {[*names]} and {[*their_names]}.")
    return place_names(names, their_names)

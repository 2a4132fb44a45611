"""Where the clusters of a generated stream lie, and how they move, come and go.

A layout says of every position in the stream which cluster the point belongs to and around
which centre it is spread with a standard deviation of 1, the unit of all lengths here. It is a
function of the position, not of what was drawn before, so a stream can start anywhere.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.random import Generator as Random
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SEPARATION_SD = 6.0
MARGIN_SD = 4.0
CIRCLE_RADIUS_SD = 3.0
CROSSING_REACH_SD = 10.0
STRETCH_POINTS = 2000
LIFE_POINTS = 6000
RAREST_TO_COMMONEST = 0.02


class Layout(NamedTuple):
    """The clusters of one stream.

    Parameters
    ----------
    box : array (2, n_features)
        Lowest and highest corner of the space that the clusters use.
    choose : callable (random, positions) -> array (n_points,)
        The cluster of the point at each position in the stream.
    locate : callable (random, positions, clusters) -> array (n_points, n_features)
        The centre that each point is spread around.
    """

    box: Floats
    choose: Callable[[Random, Ints], Ints]
    locate: Callable[[Random, Ints, Ints], Floats]


def lay_out_blobs(random: Random, n_clusters: int, n_features: int) -> Layout:
    """Resting clusters of equal share."""
    centres = place_centres(random, n_clusters, n_features)
    return Layout(box_around(centres), choose_evenly(n_clusters), rest_at(centres))


def lay_out_unbalanced(random: Random, n_clusters: int, n_features: int) -> Layout:
    """Resting clusters of which the commonest has 50 times the points of the rarest."""
    shares = np.geomspace(1.0, RAREST_TO_COMMONEST, n_clusters)
    ends = np.cumsum(shares / shares.sum())[:-1]

    def choose(random: Random, positions: Ints) -> Ints:
        return np.searchsorted(ends, random.random(len(positions)), side="right")

    return lay_out_blobs(random, n_clusters, n_features)._replace(choose=choose)


def lay_out_in_order(random: Random, n_clusters: int, n_features: int) -> Layout:
    """Resting clusters, one after the other in stretches of 2 000 points, over and over."""

    def choose(random: Random, positions: Ints) -> Ints:
        return positions // STRETCH_POINTS % n_clusters

    return lay_out_blobs(random, n_clusters, n_features)._replace(choose=choose)


def lay_out_appearing(random: Random, n_clusters: int, n_features: int) -> Layout:
    """Resting clusters, a third of which always lives; the others come and go in turn."""
    alive = schedule_lives(n_clusters)
    n_alive = alive.sum(axis=1)
    # Each row lists the living first, so that a draw below their number finds one of them.
    living = np.argsort(~alive, axis=1, kind="stable")
    phase_points = max(1, 2 * LIFE_POINTS // len(alive))

    def choose(random: Random, positions: Ints) -> Ints:
        phases = positions // phase_points % len(alive)
        ranks = (random.random(len(positions)) * n_alive[phases]).astype(np.int64)
        return living[phases, ranks]

    return lay_out_blobs(random, n_clusters, n_features)._replace(choose=choose)


def lay_out_drifting(random: Random, n_clusters: int, n_features: int, drift: float) -> Layout:
    """Clusters that circle, each in its own plane and sense, too far apart to meet."""
    homes = place_centres(random, n_clusters, n_features, SEPARATION_SD + 2 * CIRCLE_RADIUS_SD)
    axes = CIRCLE_RADIUS_SD * draw_axes(random, n_clusters, n_features)
    radians_per_point = drift / 1000 / CIRCLE_RADIUS_SD

    def locate(random: Random, positions: Ints, clusters: Ints) -> Floats:
        angles = radians_per_point * positions[:, None]
        along, across = axes[clusters, 0], axes[clusters, 1]
        return homes[clusters] + np.cos(angles) * along + np.sin(angles) * across

    box = box_around(homes, MARGIN_SD + CIRCLE_RADIUS_SD)
    return Layout(box, choose_evenly(n_clusters), locate)


def lay_out_crossing(random: Random, n_features: int, drift: float) -> Layout:
    """Two clusters that run to and fro on lines at right angles and meet where these cross."""
    reaches = CROSSING_REACH_SD * draw_axes(random, 1, n_features)[0]
    trips_per_point = drift / 1000 / (4 * CROSSING_REACH_SD)

    def locate(random: Random, positions: Ints, clusters: Ints) -> Floats:
        trips = trips_per_point * positions
        # From 1 to -1 and back at a steady speed, once per trip.
        shares = 4 * np.abs(trips % 1 - 0.5) - 1
        return shares[:, None] * reaches[clusters]

    return Layout(box_around(np.concatenate([reaches, -reaches])), choose_evenly(2), locate)


def choose_evenly(n_clusters: int) -> Callable[[Random, Ints], Ints]:
    """Return a choice in which all clusters have the same share."""
    return lambda random, positions: random.integers(n_clusters, size=len(positions))


def rest_at(centres: Floats) -> Callable[[Random, Ints, Ints], Floats]:
    """Return a placement at `centres` (n_clusters, n_features) that never changes."""
    return lambda random, positions, clusters: centres.take(clusters, axis=0)


def box_around(points: Floats, margin_sd: float = MARGIN_SD) -> Floats:
    """Return the box (2, n_features) that holds `points` with a margin on every side."""
    return np.stack([points.min(axis=0) - margin_sd, points.max(axis=0) + margin_sd])


def place_centres(
    random: Random, n_clusters: int, n_features: int, apart_sd: float = SEPARATION_SD
) -> Floats:
    """Return random centres (n_clusters, n_features) at least `apart_sd` from each other.

    Examples
    --------
    >>> place_centres(np.random.default_rng(0), 5, 3).shape
    (5, 3)
    """
    centres = np.empty((n_clusters, n_features))
    side_sd = 1.6 * apart_sd * n_clusters ** (1 / n_features)
    n_placed = 0
    while n_placed < n_clusters:
        centre = random.uniform(-side_sd / 2, side_sd / 2, n_features)
        gaps_sd = np.linalg.norm(centres[:n_placed] - centre, axis=1)
        if gaps_sd.min(initial=np.inf) >= apart_sd:
            centres[n_placed] = centre
            n_placed += 1
        else:
            # A box that grows with every failure always has room in the end.
            side_sd *= 1.01
    return centres


def draw_axes(random: Random, n_clusters: int, n_features: int) -> Floats:
    """Return two random directions at right angles for each cluster, (n_clusters, 2, n_features).

    Examples
    --------
    >>> axes = draw_axes(np.random.default_rng(0), 1, 3)[0]
    >>> np.allclose(axes @ axes.T, np.eye(2))
    True
    """
    frames, _ = np.linalg.qr(random.standard_normal((n_clusters, n_features, 2)))
    return np.swapaxes(frames, 1, 2)


def schedule_lives(n_clusters: int) -> NDArray[np.bool_]:
    """Return which cluster lives in which phase, (n_phases, n_clusters).

    The first third always lives. Each other one lives for half of the phases, from two phases
    later than the one before it.

    Examples
    --------
    >>> schedule_lives(3).astype(int).tolist()
    [[1, 1, 0], [1, 1, 0], [1, 0, 1], [1, 0, 1]]
    """
    n_steady = max(1, n_clusters // 3)
    n_passing = n_clusters - n_steady
    phases = np.arange(max(1, 2 * n_passing))[:, None]
    passing = (phases - 2 * np.arange(n_passing)) % len(phases) < n_passing
    return np.hstack([np.ones((len(phases), n_steady), dtype=bool), passing])

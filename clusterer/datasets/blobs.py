"""Families of round clusters that stay, move, appear or come in turn."""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from clusterer.datasets.layout import (
    MARGIN_SD,
    SEPARATION_SD,
    Family,
    Floats,
    Ints,
    Layout,
    box_around,
    choose_evenly,
    draw_axes,
    place_centers,
    stay_at,
)

CIRCLE_RADIUS_SD = 3.0
CROSSING_REACH_SD = 10.0
STRETCH_POINTS = 2000
LIFE_POINTS = 6000
RAREST_TO_COMMONEST = 0.02


def lay_out_blobs(rng: Generator, n_clusters: int, n_features: int) -> Layout:
    """Clusters of equal share that do not move."""
    centers = place_centers(rng, n_clusters, n_features)
    return Layout(box_around(centers), choose_evenly(n_clusters), stay_at(centers))


BLOBS = Family(
    "Blobs",
    "Round clusters of equal share that do not move.",
    lay_out_blobs,
    {"n_clusters": 5, "n_features": 2},
)


def lay_out_unbalanced(rng: Generator, n_clusters: int, n_features: int) -> Layout:
    """Clusters that do not move; the most common has 50 times the points of the rarest."""
    shares = np.geomspace(1.0, RAREST_TO_COMMONEST, n_clusters)
    ends = np.cumsum(shares / shares.sum())[:-1]

    def choose(rng: Generator, positions: Ints) -> Ints:
        return np.searchsorted(ends, rng.random(len(positions)), side="right")

    return lay_out_blobs(rng, n_clusters, n_features)._replace(choose=choose)


UNBALANCED = Family(
    "Unbalanced blobs",
    "Round clusters; the most common one has 50 times the points of the rarest.",
    lay_out_unbalanced,
    {"n_clusters": 5, "n_features": 2},
)


def lay_out_in_order(rng: Generator, n_clusters: int, n_features: int) -> Layout:
    """Clusters that do not move and come in turn, 2 000 points of each, again and again."""

    def choose(rng: Generator, positions: Ints) -> Ints:
        return positions // STRETCH_POINTS % n_clusters

    return lay_out_blobs(rng, n_clusters, n_features)._replace(choose=choose)


IN_ORDER = Family(
    "Blobs in order",
    "Round clusters that come in turn, 2 000 points of each, again and again.",
    lay_out_in_order,
    {"n_clusters": 5, "n_features": 2},
)


def lay_out_appearing(rng: Generator, n_clusters: int, n_features: int) -> Layout:
    """Clusters that do not move; a third exists always, the others appear and vanish in turn."""
    alive = schedule_lives(n_clusters)
    n_alive = alive.sum(axis=1)
    # Each row lists the living clusters first, so a rank below their number selects one of them.
    living = np.argsort(~alive, axis=1, kind="stable")
    phase_points = max(1, 2 * LIFE_POINTS // len(alive))

    def choose(rng: Generator, positions: Ints) -> Ints:
        phases = positions // phase_points % len(alive)
        ranks = (rng.random(len(positions)) * n_alive[phases]).astype(np.int64)
        return living[phases, ranks]

    return lay_out_blobs(rng, n_clusters, n_features)._replace(choose=choose)


APPEARING = Family(
    "Appearing and vanishing blobs",
    "Round clusters; some exist always, the others appear and vanish in turn.",
    lay_out_appearing,
    {"n_clusters": 6, "n_features": 2},
)


def schedule_lives(n_clusters: int) -> NDArray[np.bool_]:
    """Return which cluster lives in which phase, (n_phases, n_clusters).

    The first third of the clusters lives always. Each other cluster lives for half of the phases
    and starts two phases later than the cluster before it.

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


def lay_out_drifting(rng: Generator, n_clusters: int, n_features: int, drift: float) -> Layout:
    """Clusters that move on circles, each in its own plane, too far apart to meet."""
    homes = place_centers(rng, n_clusters, n_features, SEPARATION_SD + 2 * CIRCLE_RADIUS_SD)
    axes = CIRCLE_RADIUS_SD * draw_axes(rng, n_clusters, n_features)
    radians_per_point = drift / 1000 / CIRCLE_RADIUS_SD

    def locate(rng: Generator, positions: Ints, clusters: Ints) -> Floats:
        angles = radians_per_point * positions[:, None]
        along, across = axes[clusters, 0], axes[clusters, 1]
        return homes[clusters] + np.cos(angles) * along + np.sin(angles) * across

    box = box_around(homes, MARGIN_SD + CIRCLE_RADIUS_SD)
    return Layout(box, choose_evenly(n_clusters), locate)


DRIFTING = Family(
    "Drifting blobs",
    "Round clusters that move slowly, each on its own circle.",
    lay_out_drifting,
    {"n_clusters": 5, "n_features": 2, "drift": 1.0},
)


def lay_out_crossing(rng: Generator, n_features: int, drift: float) -> Layout:
    """Two clusters that move back and forth on orthogonal lines and meet where the lines cross."""
    reaches = CROSSING_REACH_SD * draw_axes(rng, 1, n_features)[0]
    trips_per_point = drift / 1000 / (4 * CROSSING_REACH_SD)

    def locate(rng: Generator, positions: Ints, clusters: Ints) -> Floats:
        trips = trips_per_point * positions
        # From 1 to -1 and back at a constant speed, once per trip.
        shares = 4 * np.abs(trips % 1 - 0.5) - 1
        return shares[:, None] * reaches[clusters]

    return Layout(box_around(np.concatenate([reaches, -reaches])), choose_evenly(2), locate)


CROSSING = Family(
    "Crossing blobs",
    "Two round clusters that move back and forth and pass through each other.",
    lay_out_crossing,
    {"n_features": 2, "drift": 2.0},
)

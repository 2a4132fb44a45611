"""Clusters along curves in the plane, which no centre describes well.

The layouts are like those of `clusterer.datasets.layouts`, with 1 standard deviation as the unit.
"""

import numpy as np
from numpy.random import Generator as Random
from numpy.typing import NDArray

from clusterer.datasets.layouts import (
    SEPARATION_SD,
    Floats,
    Ints,
    Layout,
    box_around,
    choose_evenly,
)

MOON_RADIUS_SD = 12.0
SPIRAL_TURNS = 1.5


def lay_out_moons(random: Random) -> Layout:
    """Two half circles, each of which reaches into the hollow of the other."""

    def locate(random: Random, positions: Ints, clusters: Ints) -> Floats:
        angles = np.pi * random.random(len(positions))
        x, y = np.cos(angles), np.sin(angles)
        lower = clusters == 1
        # The lower moon is the upper one turned by half a circle about (1/2, 1/4).
        return MOON_RADIUS_SD * np.column_stack(
            [np.where(lower, 1 - x, x), np.where(lower, 0.5 - y, y)]
        )

    corners = MOON_RADIUS_SD * np.array([[-1, -0.5], [2, 1]])
    return Layout(box_around(corners), choose_evenly(2), locate)


def lay_out_rings(random: Random, n_clusters: int) -> Layout:
    """Circles about the same point, each one 6 standard deviations wider than the one inside."""

    def locate(random: Random, positions: Ints, clusters: Ints) -> Floats:
        angles = 2 * np.pi * random.random(len(positions))
        return point_at(SEPARATION_SD * (clusters + 1), angles)

    return Layout(_disc_box(SEPARATION_SD * n_clusters), choose_evenly(n_clusters), locate)


def lay_out_spirals(random: Random, n_clusters: int) -> Layout:
    """Arms that wind outwards, 6 standard deviations from one to the next."""
    widening_sd = SEPARATION_SD * n_clusters / (2 * np.pi)
    # The arms start that far from the middle for their inner ends to be apart as well.
    first_sd = SEPARATION_SD * n_clusters / 4
    last_sd = first_sd + 2 * np.pi * SPIRAL_TURNS * widening_sd

    def locate(random: Random, positions: Ints, clusters: Ints) -> Floats:
        # The length of an arm grows with the square of its radius; this spreads points evenly.
        squares = first_sd**2 + random.random(len(positions)) * (last_sd**2 - first_sd**2)
        radii_sd = np.sqrt(squares)
        turns = 2 * np.pi * clusters / n_clusters
        return point_at(radii_sd, (radii_sd - first_sd) / widening_sd + turns)

    return Layout(_disc_box(last_sd), choose_evenly(n_clusters), locate)


def point_at(radii: NDArray[np.floating], angles: Floats) -> Floats:
    """Return the points (n_points, 2) at polar coordinates, angles in radians.

    Examples
    --------
    >>> point_at(np.array([2.0]), np.array([np.pi / 2])).round(3).tolist()
    [[0.0, 2.0]]
    """
    return np.column_stack([radii * np.cos(angles), radii * np.sin(angles)])


def _disc_box(radius: float) -> Floats:
    return box_around(np.array([[-radius, -radius], [radius, radius]]))

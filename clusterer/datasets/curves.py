"""Families of clusters along curves in the plane; no center describes such a cluster well."""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from clusterer.datasets.layout import (
    SEPARATION_SD,
    Family,
    Floats,
    Ints,
    Layout,
    box_around,
    choose_evenly,
)

MOON_RADIUS_SD = 12.0
SPIRAL_TURNS = 1.5


def lay_out_moons(rng: Generator) -> Layout:
    """Two half circles; the end of each one lies inside the other."""

    def locate(rng: Generator, positions: Ints, clusters: Ints) -> Floats:
        angles = np.pi * rng.random(len(positions))
        x, y = np.cos(angles), np.sin(angles)
        lower = clusters == 1
        # The lower moon is the upper one turned by half a circle about (1/2, 1/4).
        return MOON_RADIUS_SD * np.column_stack(
            [np.where(lower, 1 - x, x), np.where(lower, 0.5 - y, y)]
        )

    corners = MOON_RADIUS_SD * np.array([[-1, -0.5], [2, 1]])
    return Layout(box_around(corners), choose_evenly(2), locate)


MOONS = Family(
    "Moons", "Two half circles; the end of each one lies inside the other.", lay_out_moons, {}
)


def lay_out_rings(rng: Generator, n_clusters: int) -> Layout:
    """Circles around the same point; each radius is 6 standard deviations larger than the last."""

    def locate(rng: Generator, positions: Ints, clusters: Ints) -> Floats:
        angles = 2 * np.pi * rng.random(len(positions))
        return point_at(SEPARATION_SD * (clusters + 1), angles)

    return Layout(_disc_box(SEPARATION_SD * n_clusters), choose_evenly(n_clusters), locate)


RINGS = Family(
    "Rings",
    "Circles around the same point, one inside the other.",
    lay_out_rings,
    {"n_clusters": 3},
)


def lay_out_spirals(rng: Generator, n_clusters: int) -> Layout:
    """Arms that wind outwards, 6 standard deviations from each other."""
    widening_sd = SEPARATION_SD * n_clusters / (2 * np.pi)
    # With this first radius the inner ends of the arms are apart, too.
    first_sd = SEPARATION_SD * n_clusters / 4
    last_sd = first_sd + 2 * np.pi * SPIRAL_TURNS * widening_sd

    def locate(rng: Generator, positions: Ints, clusters: Ints) -> Floats:
        # An arm's length grows with the square of its radius, so this spreads the points evenly.
        squares = first_sd**2 + rng.random(len(positions)) * (last_sd**2 - first_sd**2)
        radii_sd = np.sqrt(squares)
        turns = 2 * np.pi * clusters / n_clusters
        return point_at(radii_sd, (radii_sd - first_sd) / widening_sd + turns)

    return Layout(_disc_box(last_sd), choose_evenly(n_clusters), locate)


SPIRALS = Family(
    "Spirals", "Arms that wind outwards between each other.", lay_out_spirals, {"n_clusters": 2}
)


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

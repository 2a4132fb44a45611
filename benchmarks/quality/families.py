"""Generated families of points with known classes for the quality benchmark."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.random import Generator as Random
from numpy.typing import NDArray

from clusterer.datasets.generator import make_generator
from clusterer.datasets.layout import place_centers

Labelled = tuple[NDArray[np.float64], NDArray[np.int64]]

N_POINTS = 4000
LONG_POINTS = 20_000
WINDOW_POINTS = 1000


def draw(family: str, seed: int, *, n_points: int = N_POINTS, **parameters: Any) -> Labelled:
    """Draw the first points of one of the library's generators."""
    chunk = make_generator(family, seed=seed, **parameters).take(n_points)
    assert chunk.classes is not None
    return chunk.points, chunk.classes


def sort_by_class(seed: int) -> Labelled:
    """Draw blobs, one class after the other."""
    points, classes = draw("blobs", seed)
    order = np.argsort(classes, kind="stable")
    return points[order], classes[order]


def sort_by_feature(seed: int) -> Labelled:
    """Draw blobs sorted by a feature, in a stream so long that the order resembles drift."""
    points, classes = draw("blobs", seed, n_points=LONG_POINTS)
    order = np.argsort(points[:, 0], kind="stable")
    return points[order], classes[order]


def draw_heteroscedastic(seed: int) -> Labelled:
    """Draw round clusters whose standard deviations differ by up to 4 to 1."""
    random = np.random.default_rng([seed, 1])
    centres = place_centers(random, 5, 2, 12.0)
    spreads = random.uniform(0.5, 2.0, 5)
    classes = random.integers(5, size=N_POINTS)
    gaps = random.normal(size=(N_POINTS, 2)) * spreads[classes, None]
    return centres[classes] + gaps, classes


def draw_elongated(seed: int) -> Labelled:
    """Draw parallel clusters, five times as long as wide, 8 standard deviations apart."""
    random = np.random.default_rng([seed, 2])
    classes = random.integers(4, size=N_POINTS)
    flat = random.normal(size=(N_POINTS, 2)) * [5.0, 1.0]
    flat[:, 1] += 8.0 * classes
    return flat @ draw_rotation(random), classes


def draw_discs(seed: int) -> Labelled:
    """Draw uniform discs of radius 2.3 whose centres lie at least 6 apart."""
    random = np.random.default_rng([seed, 3])
    centres = place_centers(random, 5, 2, 6.0)
    classes = random.integers(5, size=N_POINTS)
    radii = 2.3 * np.sqrt(random.random(N_POINTS))
    angles = 2 * np.pi * random.random(N_POINTS)
    return centres[classes] + np.column_stack([np.cos(angles), np.sin(angles)]) * radii[
        :, None
    ], classes


def draw_rotation(random: Random) -> NDArray[np.float64]:
    """Draw a random rotation (2, 2) of the plane."""
    angle = random.uniform(0.0, np.pi)
    return np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])


FAMILIES: dict[str, Callable[[int], Labelled]] = {
    "blobs": partial(draw, "blobs"),
    "blobs, 10 % noise": partial(draw, "blobs", noise=0.1),
    "blobs, 20 % noise": partial(draw, "blobs", noise=0.2),
    "blobs, 30 % noise": partial(draw, "blobs", noise=0.3),
    "three blobs, 10 % noise": partial(draw, "blobs", noise=0.1, n_clusters=3),
    "ten blobs, 5 % noise": partial(draw, "blobs", noise=0.05, n_clusters=10),
    "blobs in order": sort_by_class,
    "blobs sorted by a feature": sort_by_feature,
    "unbalanced": partial(draw, "unbalanced"),
    "heteroscedastic": draw_heteroscedastic,
    "ten dimensions": partial(draw, "blobs", n_features=10),
    "elongated": draw_elongated,
    "discs": draw_discs,
    "moons": partial(draw, "moons"),
    "moons, 5 % noise": partial(draw, "moons", noise=0.05),
    "rings": partial(draw, "rings"),
    "rings, 5 % noise": partial(draw, "rings", noise=0.05),
    "spirals": partial(draw, "spirals"),
    "spirals, 5 % noise": partial(draw, "spirals", noise=0.05),
}

DRIFTS: dict[str, Callable[[int], Labelled]] = {
    name: partial(draw, name, n_points=LONG_POINTS)
    for name in ("drifting", "appearing", "crossing", "in_order")
}

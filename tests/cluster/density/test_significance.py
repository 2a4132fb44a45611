"""One group of points is one cluster; several groups stay several."""

from __future__ import annotations

import numpy as np
import pytest

from clusterer import OnlineClusterer

SHAPES = {
    "normal": lambda random, size: random.normal(size=size),
    "uniform": lambda random, size: random.random(size=size),
    "exponential": lambda random, size: random.exponential(size=size),
}
N_SEEDS = 8


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("size", [(200, 2), (500, 3), (3000, 2)], ids=str)
def test_one_group_is_one_cluster(shape, size):
    n_wrong = 0
    for seed in range(N_SEEDS):
        points = SHAPES[shape](np.random.default_rng(seed), size)
        n_wrong += OnlineClusterer().fit(points).n_clusters_ != 1
    assert n_wrong <= 1


@pytest.mark.parametrize("n_points", [80, 1000])
def test_separate_groups_are_not_joined(n_points):
    random = np.random.default_rng(0)
    centers = np.array([[0.0, 0.0], [9.0, 0.0], [0.0, 9.0]])
    points = centers[random.integers(3, size=n_points)] + random.normal(size=(n_points, 2))
    assert OnlineClusterer().fit(points).n_clusters_ == 3


def test_a_ring_around_a_disc_is_separate_although_no_line_separates_them():
    random = np.random.default_rng(0)
    angles, is_ring = 2 * np.pi * random.random(4000), random.random(4000) < 0.7
    radii = np.where(is_ring, 8.0, 0.0) + 0.4 * random.normal(size=4000)
    points = np.column_stack([np.cos(angles), np.sin(angles)]) * radii[:, None]
    assert OnlineClusterer().fit(points).n_clusters_ == 2

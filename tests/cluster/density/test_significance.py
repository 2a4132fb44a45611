"""One group of points is one cluster; several groups stay several."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from clusterer import OnlineClusterer
from clusterer.cluster.density.significance import CLEAR, Evidence, are_separate

SHAPES = {
    "normal": lambda random, size: random.normal(size=size),
    "uniform": lambda random, size: random.random(size=size),
    "log-normal": lambda random, size: random.lognormal(size=size),
    "exponential": lambda random, size: random.exponential(size=size),
}
N_SEEDS = 8


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("size", [(400, 1), (200, 2), (500, 3), (3000, 2)], ids=str)
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


def test_a_shallow_valley_at_the_same_place_at_all_resolutions_counts():
    """A chance valley moves, and a few far points stay: neither makes two clusters."""
    shallow, few = Evidence(0.7, 0.4, 2), Evidence(0.7, 0.01, 2)
    assert are_separate([shallow] * 3, agreement=0.95)
    assert not are_separate([shallow] * 3, agreement=0.5)
    assert not are_separate([few] * 3, agreement=0.95)
    assert not are_separate([shallow])


def test_most_resolutions_decide():
    clear, none = Evidence(CLEAR, 0.5, 2), Evidence(0.0, 1.0, 2)
    assert are_separate([clear, none, clear])
    assert not are_separate([none, clear, none], agreement=0.95)


def test_flame_is_two_clusters(shared):
    """Two shapes touch: no straight line separates them."""
    rows = np.genfromtxt(shared / "data" / "sipu_flame.csv", delimiter=",", skip_header=1)
    points, classes = rows[:, :-1], rows[:, -1]
    labels = OnlineClusterer().fit(points / points.std(axis=0)).labels_
    assert adjusted_rand_score(classes, labels) > 0.8

"""The clusters on which most resolutions agree."""

from __future__ import annotations

import numpy as np
from sklearn.metrics import adjusted_rand_score

from clusterer import OnlineClusterer
from clusterer.cluster.density.peaks import choose_threshold
from clusterer.cluster.labelling.resolutions import read_clusters
from clusterer.datasets.layout import place_centers


def read_set(folder, name):
    """Points (n, 2) of a shared set, scaled to unit variance, and classes (n,)."""
    rows = np.genfromtxt(folder / "data" / f"{name}.csv", delimiter=",", skip_header=1)
    points = rows[:, :-1]
    return points / points.std(axis=0), rows[:, -1]


def test_even_prominences_are_many_clusters_or_chance():
    prominences = np.append(2.7 * 1.08 ** -np.arange(20.0) - 0.5, 3.0)
    assert choose_threshold(prominences, 0, 2) < 1.0
    assert 2.2 < choose_threshold(prominences, 0, 2, allow_many=False) < 3.0


def test_many_clusters_stay_many():
    random = np.random.default_rng(0)
    centers = place_centers(random, 40, 2, 8.0)
    points = centers[random.integers(40, size=6000)] + random.normal(size=(6000, 2))
    assert OnlineClusterer().fit(points).n_clusters_ == 40


def test_a_thin_curve_is_not_many_clusters(shared):
    """Chance peaks along a curve lie at other places at every resolution."""
    points, classes = read_set(shared, "wut_trajectories")
    model = OnlineClusterer().fit(points)
    assert model.n_clusters_ < 12
    assert adjusted_rand_score(classes, model.labels_) > 0.6


def test_clusters_are_read_at_all_resolutions_while_something_is_forgotten():
    """The separate clusters of the last drift check survive at every resolution."""
    random = np.random.default_rng(0)
    classes = np.repeat([0, 1, 0, 1, 0, 1], 1000)
    centers = np.array([[0.0, 0.0], [9.0, 0.0]])
    points = centers[classes] + random.normal(size=(6000, 2))
    model = OnlineClusterer(half_life=1500).fit(points)
    reading = read_clusters(model._prototypes, keep_previous=True)
    assert reading.n_clusters == model.n_clusters_ == 2
    assert reading.agreement > 0.95

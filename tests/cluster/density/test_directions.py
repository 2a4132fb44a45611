"""Clusters in many features are found in the directions in which their prototypes differ."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from clusterer import OnlineClusterer
from clusterer.cluster.density.directions import find_directions


def test_few_features_are_all_kept():
    centers = np.random.default_rng(0).normal(size=(30, 3))
    assert find_directions(centers, np.ones(30), np.ones(30), np.ones(30)) is None


@pytest.mark.parametrize("n_prototypes", [20, 80])
def test_the_directions_are_orthonormal_and_hold_the_differences(n_prototypes):
    random = np.random.default_rng(1)
    centers = 0.01 * random.normal(size=(n_prototypes, 40))
    centers[:, [3, 8]] += 5.0 * random.normal(size=(n_prototypes, 2))
    weights = np.ones(n_prototypes)
    axes = find_directions(centers, weights, 40.0 * weights, weights)
    assert axes.shape == (40, 2)
    np.testing.assert_allclose(axes.T @ axes, np.eye(2), atol=1e-9)
    assert (np.abs(axes[[3, 8]] ** 2).sum(axis=1) > 0.99).all()


@pytest.mark.parametrize("n_features", [50, 200])
def test_clusters_in_many_features_are_found_and_new_prototypes_labelled(n_features):
    random = np.random.default_rng(2)
    centers = random.normal(size=(6, n_features))
    classes = random.integers(6, size=3000)
    points = centers[classes] + random.normal(size=(3000, n_features))
    model = OnlineClusterer().fit(points)
    assert adjusted_rand_score(classes, model.labels_) > 0.95
    # Point by point the labels are updated instead of computed.
    labels = [int(model.partial_fit(point[None]).predict(point[None])[0]) for point in points[:60]]
    assert adjusted_rand_score(classes[:60], labels) > 0.9

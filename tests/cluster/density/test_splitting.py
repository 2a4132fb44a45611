"""Clusters that two normal distributions explain are split; all others stay whole."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.metrics import adjusted_rand_score

from clusterer import OnlineClusterer
from clusterer.cluster.density.labels import label_prototypes, measure_in_order
from clusterer.cluster.density.peaks import find_peaks


def count_peaks(model: OnlineClusterer) -> int:
    """Number of clusters before any cluster is split."""
    measured = measure_in_order(**model._prototypes.density_data)
    peaks = find_peaks(measured.density, measured.saddles)
    return len(np.unique(peaks[peaks >= 0]))


def overlap(gap: float, n: int = 6000, seed: int = 0):
    """Two overlapping clusters, and one so far away that the threshold lies above their saddle."""
    rng = np.random.default_rng(seed)
    classes = rng.integers(3, size=n)
    centers = np.array([[0.0, 0.0], [gap, 0.0], [60.0, 0.0]])
    return centers[classes] + rng.normal(size=(n, 2)), classes


def test_two_overlapping_clusters_are_split_beside_one_far_away():
    n_peaks = []
    for seed in range(8):
        points, classes = overlap(3.8, seed=seed)
        model = OnlineClusterer().fit(points)
        n_peaks.append(count_peaks(model))
        assert model.n_clusters_ == 3
        assert adjusted_rand_score(classes, model.labels_) > 0.9
    assert min(n_peaks) == 2


@pytest.mark.parametrize("seed", range(5))
def test_two_clusters_that_form_one_peak_are_one(seed):
    assert OnlineClusterer().fit(overlap(1.5, seed=seed)[0]).n_clusters_ == 2


def draw_shape(name: str, n: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    angles, noise = rng.uniform(0, 2 * np.pi, n), rng.normal(size=(n, 2))
    round_ = np.column_stack([np.cos(angles), np.sin(angles)])
    return {
        "normal": noise,
        "long": noise * [6.0, 1.0],
        "square": rng.uniform(size=(n, 2)),
        "bar": rng.uniform(size=(n, 2)) * [6.0, 1.0],
        "disc": round_ * np.sqrt(rng.uniform(size=(n, 1))),
        "ring": round_ + 0.08 * noise,
        "arc": np.column_stack([np.cos(angles / 2), np.sin(angles / 2)]) + 0.1 * noise,
        "wave": np.column_stack([angles, 1.5 * np.sin(angles)]) + 0.15 * noise,
        "corner": np.where(rng.uniform(size=(n, 1)) < 0.5, [5.0, 1.0], [1.0, 5.0])
        * rng.uniform(size=(n, 2)),
    }[name]


@pytest.mark.parametrize(
    "name", ["normal", "long", "square", "bar", "disc", "ring", "arc", "wave", "corner"]
)
def test_other_shapes_are_not_split(name):
    for seed in range(4):
        for n_prototypes in (50, 100):
            model = OnlineClusterer(n_prototypes).fit(draw_shape(name, 4000, seed))
            # Clusters that the threshold separates are not the result of a split.
            assert model.n_clusters_ <= count_peaks(model)


def test_neither_the_order_of_prototypes_nor_their_unit_changes_a_label():
    points, _ = overlap(3.8)
    held = OnlineClusterer().fit(points)._prototypes.density_data
    links, order = held["links"], np.random.default_rng(1).permutation(len(held["counts"]))
    arrays = [held[name] for name in ("centers", "weights", "scatters", "counts")]
    labels = label_prototypes(*arrays, links=links)
    assert labels.max() == 2
    permuted = label_prototypes(
        *(each[order] for each in arrays), links=links[np.ix_(order, order)]
    )
    assert adjusted_rand_score(labels[order], permuted) == 1.0
    centers, weights, scatters, counts = arrays
    scaled = label_prototypes(centers * 2.0**40, weights, scatters * 2.0**80, counts, links=links)
    assert_array_equal(labels, scaled)


def test_a_split_needs_as_many_prototypes_as_the_covariances_have_parameters():
    rng = np.random.default_rng(0)
    points, _ = overlap(3.8)
    wide = np.column_stack([points, rng.normal(size=(len(points), 8))])
    model = OnlineClusterer().fit(wide)
    assert model.n_clusters_ == count_peaks(model)

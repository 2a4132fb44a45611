"""The peaks of the density that are clusters, and the saddles between them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import adjusted_rand_score

from clusterer import OnlineClusterer
from clusterer.cluster.density.density_estimate import estimate_density
from clusterer.cluster.density.labels import label_by_density, number_in_order
from clusterer.cluster.density.peaks import build_merge_tree, find_peaks
from clusterer.cluster.density.saddles import measure_saddles
from clusterer.datasets.generator import make_generator
from clusterer.stream.chunk import NOISE
from tests.support.streams import seeds


def row(n: int, gap: float = 1.0, start: float = 0.0) -> np.ndarray:
    return np.column_stack([start + gap * np.arange(n), np.zeros(n)])


def label(centers: np.ndarray, count: float = 50.0, variance: float = 1 / 12, **choices):
    counts = np.full(len(centers), count)
    scatters = counts * variance * centers.shape[1]
    return label_by_density(centers, counts, scatters, counts, **choices)


def learn(family: str, n_prototypes: int, *, seed: int = 0, noise: float = 0.0, **parameters):
    chunk = make_generator(family, seed=seed, noise=noise, **parameters).take(4000)
    model = OnlineClusterer(n_prototypes).fit(chunk.points)
    held = model._prototypes
    labels = label_by_density(held.inner_centers, held.weights, held.inner_scatters, held.counts)
    return labels, model.find_nearest(chunk.points), chunk.classes


def test_an_even_row_is_one_cluster():
    assert_array_equal(number_in_order(label(row(12))), np.zeros(12))


def test_two_separate_rows_are_two_clusters():
    labels = label(np.concatenate([row(8), row(8, start=30.0)]))
    assert_array_equal(number_in_order(labels), np.repeat([0, 1], 8))


def test_a_label_is_the_index_of_a_prototype_of_the_cluster():
    labels = label(np.concatenate([row(8), row(8, start=30.0)]))
    assert_array_equal(labels[labels], labels)


def test_points_seen_at_a_saddle_decide():
    # By their spread alone the six cells are one cluster without a saddle.
    centers = row(6, gap=0.9)
    links = np.zeros((6, 6))
    for i in range(5):
        links[i, i + 1] = links[i + 1, i] = 0.0 if i == 2 else 200.0
    counts = np.full(6, 500.0)
    scatters = counts / 6
    joined = label_by_density(centers, counts, scatters, counts)
    separate = label_by_density(centers, counts, scatters, counts, links=links)
    assert_array_equal(joined, np.full(6, joined[0]))
    assert_array_equal(number_in_order(separate), [0, 0, 0, 1, 1, 1])


def test_a_far_outlier_is_noise():
    centers = np.concatenate([row(10), [[500.0, 500.0]]])
    counts = np.array([*[50.0] * 10, 1.5])
    scatters = counts / 6
    labels = label_by_density(centers, counts, scatters, counts)
    assert_array_equal(labels == NOISE, [False] * 10 + [True])


@pytest.mark.parametrize("n_prototypes", [0, 1, 2])
def test_prototypes_without_any_weight_are_clusters(n_prototypes):
    nothing = np.zeros(n_prototypes)
    labels = label_by_density(np.zeros((n_prototypes, 2)), nothing, nothing, nothing)
    assert_array_equal(labels, np.arange(n_prototypes))


def test_two_prototypes_on_one_spot_are_one_cluster():
    counts = np.full(4, 20.0)
    centers = np.array([[1.0, 1.0], [1.0, 1.0], [5.0, 1.0], [5.0, 1.0]])
    labels = label_by_density(centers, counts, np.zeros(4), counts)
    assert labels[0] == labels[1]
    assert labels[2] == labels[3]
    assert labels[0] != labels[2]


@given(seeds, st.integers(1, 30), st.integers(1, 5))
def test_any_input_gives_labels(seed, n, d):
    rng = np.random.default_rng(seed)
    weights = rng.choice([0.0, 1e-9, 0.5, 30.0, 1e6], n)
    centers = rng.integers(3, size=(n, d)) * rng.choice([0.0, 1e-9, 1.0, 1e9], d)
    labels = label_by_density(centers, weights, weights * rng.choice([0.0, 1.0, 1e9], n), weights)
    assert labels.dtype == np.int64
    assert ((labels >= NOISE) & (labels < n)).all()


@given(seeds, st.integers(-40, 40))
def test_scaling_by_a_power_of_two_changes_nothing(seed, power):
    rng = np.random.default_rng(seed)
    centers, counts = rng.normal(size=(20, 2)), rng.integers(1, 90, 20).astype(float)
    scatters, scale = counts * rng.random(20) * 0.1, 2.0**power
    labels = label_by_density(centers, counts, scatters, counts)
    scaled = label_by_density(centers * scale, counts, scatters * scale**2, counts)
    assert_array_equal(labels, scaled)


@pytest.mark.parametrize("scale", [1e-6, 1e6, 3.3])
@pytest.mark.parametrize("family", ["blobs", "moons", "rings"])
def test_scaling_by_any_factor_changes_no_cluster(family, scale):
    points = make_generator(family, seed=1).take(3000).points
    found = []
    for factor in (1.0, scale):
        held = OnlineClusterer(60).fit(points * factor)._prototypes
        arrays = held.inner_centers, held.weights, held.inner_scatters, held.counts
        found.append(number_in_order(label_by_density(*arrays)))
    assert adjusted_rand_score(*found) > 0.95


@given(seeds)
def test_the_order_of_the_prototypes_does_not_matter(seed):
    rng = np.random.default_rng(seed)
    centers = rng.normal(size=(15, 3)) + 6.0 * rng.integers(3, size=(15, 1))
    counts = rng.choice([0.0, 0.1, 10.0, 50.0], 15)
    arrays = centers, counts, counts * rng.random(15), counts
    links = np.triu(rng.random((15, 15)) * 20.0, 1)
    links += links.T
    order = rng.permutation(15)
    labels = label_by_density(*arrays, links=links)
    permuted = label_by_density(
        *(array[order] for array in arrays), links=links[np.ix_(order, order)]
    )
    assert_array_equal(number_in_order(labels[order]), number_in_order(permuted))


def test_labels_are_reproducible_and_the_input_is_unchanged():
    rng = np.random.default_rng(0)
    arrays = rng.normal(size=(30, 2)), *np.abs(rng.normal(size=(3, 30)))
    before = [array.copy() for array in arrays]
    assert_array_equal(label_by_density(*arrays), label_by_density(*arrays))
    for array, old in zip(arrays, before, strict=True):
        assert_array_equal(array, old)


@pytest.mark.parametrize(
    ("family", "n_clusters", "noise"),
    [("blobs", 5, 0.0), ("blobs", 5, 0.2), ("rings", 3, 0.05), ("moons", 2, 0.0)],
)
def test_the_clusters_are_the_true_classes(family, n_clusters, noise):
    labels, slots, classes = learn(family, 100, noise=noise)
    is_true = classes >= 0
    assert adjusted_rand_score(classes[is_true], labels[slots][is_true]) > 0.95
    assert len(np.unique(labels[labels >= 0])) == n_clusters


def test_the_background_is_noise_and_clusters_are_not():
    labels, slots, classes = learn("blobs", 100, noise=0.2)
    is_noisy = labels[slots] == NOISE
    assert is_noisy[classes < 0].mean() > 0.4
    assert is_noisy[classes >= 0].mean() < 0.03


def measure(centers: np.ndarray, count: float, variance: float):
    counts = np.full(len(centers), count)
    density = estimate_density(centers, counts, counts * variance, counts)
    return density, measure_saddles(density, np.empty((0, 0)), density.kept)


def test_the_merge_tree_holds_every_merge():
    centers = np.concatenate([row(8), row(8, start=30.0)])
    density, saddles = measure(centers, 50.0, 1 / 6)
    tree, threshold = build_merge_tree(density, saddles)
    assert len(tree.levels) == 15
    assert (np.diff(tree.levels) <= 0).all()
    assert (tree.prominences > threshold).sum() == 1
    assert len(np.unique(find_peaks(density, saddles))) == 2
    assert (label(centers) != NOISE).all()


def test_saddles_lie_between_neighbours_and_below_both():
    centers = np.random.default_rng(0).normal(size=(40, 2))
    density, saddles = measure(centers, 30.0, 0.05)
    pairs = zip(saddles.first, saddles.second, saddles.log_lower, saddles.ratios, strict=True)
    for first, second, log_lower, ratio in pairs:
        middle = (centers[first] + centers[second]) / 2
        others = np.delete(centers, [first, second], axis=0)
        radius = np.linalg.norm(centers[first] - middle)
        assert (np.linalg.norm(others - middle, axis=1) >= radius * (1 - 1e-9)).all()
        assert log_lower == min(density.log_density[first], density.log_density[second])
        assert 0.0 <= ratio <= 1.0
    # Without links, the points seen are those that the density implies.
    assert_allclose(saddles.seen, saddles.ratios * saddles.expected)


def test_all_saddles_of_a_border_are_pooled():
    # Two rows side by side, with points between them at one pair of prototypes only.
    centers = np.concatenate([row(9), np.add(row(9), [0.0, 1.2])])
    counts = np.full(18, 500.0)
    links = np.zeros((18, 18))
    for i in (*range(8), *range(9, 17)):
        links[i, i + 1] = links[i + 1, i] = 100.0
    links[4, 13] = links[13, 4] = 60.0
    labels = label_by_density(centers, counts, counts / 6, counts, links=links)
    assert_array_equal(number_in_order(labels), np.repeat([0, 1], 9))
    for i in range(9):
        links[i, i + 9] = links[i + 9, i] = 100.0
    labels = label_by_density(centers, counts, counts / 6, counts, links=links)
    assert set(labels[:9].tolist()) & set(labels[9:].tolist())


@pytest.mark.parametrize("n_features", [1, 2, 3])
def test_one_cluster_is_seldom_split(n_features):
    found = [
        OnlineClusterer(50).fit(
            np.random.default_rng([seed, n_features]).normal(size=(4000, n_features))
        )
        for seed in range(10)
    ]
    assert np.mean([model.n_clusters_ == 1 for model in found]) >= 0.7


@pytest.mark.parametrize("n_prototypes", [50, 100])
@pytest.mark.parametrize("seed", [6, 9])
def test_many_clusters_at_small_and_large_distances_are_all_found(n_prototypes, seed):
    # The prominences range from small to large: no gap separates clusters from chance.
    random = np.random.default_rng(seed)
    places = np.stack(np.meshgrid(np.arange(6), np.arange(5)), axis=-1).reshape(-1, 2) * 4.5
    centers = places + random.uniform(-1.2, 1.2, places.shape)
    classes = random.integers(30, size=6000)
    spreads = random.uniform(0.5, 1.0, 30)[classes, None]
    points = centers[classes] + random.normal(size=(6000, 2)) * spreads
    model = OnlineClusterer(n_prototypes).fit(points)
    assert 27 <= model.n_clusters_ <= 31
    assert adjusted_rand_score(classes, model.predict(points)) > 0.85

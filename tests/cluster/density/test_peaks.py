"""Reading the clusters off by density: peaks, valleys, the background."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import adjusted_rand_score

from clusterer import OnlineClusterer
from clusterer.cluster.density.labels import number_in_order
from clusterer.cluster.density.landscape import survey
from clusterer.cluster.density.noise import (
    expect_share,
    is_noise,
    measure_middle,
    measure_rim,
    part,
)
from clusterer.cluster.density.peaks import choose_bar, cut_tree, grow_tree, read_peaks
from clusterer.datasets.generator import make_generator
from clusterer.stream.chunk import NOISE
from tests.support.streams import seeds


def row(n: int, gap: float = 1.0, start: float = 0.0) -> np.ndarray:
    return np.column_stack([start + gap * np.arange(n), np.zeros(n)])


def read(centers: np.ndarray, count: float = 50.0, variance: float = 1 / 12, **choices):
    counts = np.full(len(centers), count)
    scatters = counts * variance * centers.shape[1]
    return read_peaks(centers, counts, scatters, counts, **choices)


def learn(family: str, n_prototypes: int, *, seed: int = 0, noise: float = 0.0, **parameters):
    chunk = make_generator(family, seed=seed, noise=noise, **parameters).take(4000)
    model = OnlineClusterer(n_prototypes).fit(chunk.points)
    held = model._prototypes
    labels = read_peaks(held.inner_centers, held.weights, held.inner_scatters, held.counts)
    return labels, model.find_nearest(chunk.points), chunk.classes


def test_an_even_row_is_one_cluster():
    assert_array_equal(number_in_order(read(row(12))), np.zeros(12))


def test_two_rows_apart_are_two():
    labels = read(np.concatenate([row(8), row(8, start=30.0)]))
    assert_array_equal(number_in_order(labels), np.repeat([0, 1], 8))


def test_label_is_a_slot_of_the_cluster():
    labels = read(np.concatenate([row(8), row(8, start=30.0)]))
    assert_array_equal(labels[labels], labels)


def test_what_was_seen_in_a_valley_decides():
    # Six cells by spread alone: no valley is known between any two.
    centers = row(6, gap=0.9)
    links = np.zeros((6, 6))
    for i in range(5):
        links[i, i + 1] = links[i + 1, i] = 0.0 if i == 2 else 200.0
    counts = np.full(6, 500.0)
    scatters = counts / 6
    joined = read_peaks(centers, counts, scatters, counts)
    parted = read_peaks(centers, counts, scatters, counts, links=links)
    assert_array_equal(joined, np.full(6, joined[0]))
    assert_array_equal(number_in_order(parted), [0, 0, 0, 1, 1, 1])


def test_far_outlier_is_noise_and_may_be_kept():
    centers = np.concatenate([row(10), [[500.0, 500.0]]])
    counts = np.array([*[50.0] * 10, 1.5])
    scatters = counts / 6
    labels = read_peaks(centers, counts, scatters, counts)
    assert_array_equal(labels == NOISE, [False] * 10 + [True])


def test_drop_noise_off_leaves_none():
    labels, _, _ = learn("blobs", 100, noise=0.3)
    assert (labels == NOISE).any()
    chunk = make_generator("blobs", seed=0, noise=0.3).take(4000)
    held = OnlineClusterer(100).fit(chunk.points)._prototypes
    arrays = held.inner_centers, held.weights, held.inner_scatters, held.counts
    assert (read_peaks(*arrays, drop_noise=False) == NOISE).mean() < 0.05


@pytest.mark.parametrize("n_prototypes", [0, 1, 2])
def test_weightless_prototypes_are_clusters(n_prototypes):
    nothing = np.zeros(n_prototypes)
    labels = read_peaks(np.zeros((n_prototypes, 2)), nothing, nothing, nothing)
    assert_array_equal(labels, np.arange(n_prototypes))


def test_twins_on_one_spot_are_one():
    counts = np.full(4, 20.0)
    centers = np.array([[1.0, 1.0], [1.0, 1.0], [5.0, 1.0], [5.0, 1.0]])
    labels = read_peaks(centers, counts, np.zeros(4), counts)
    assert labels[0] == labels[1]
    assert labels[2] == labels[3]
    assert labels[0] != labels[2]


@given(seeds, st.integers(1, 30), st.integers(1, 5))
def test_any_input_gives_labels(seed, n, d):
    rng = np.random.default_rng(seed)
    weights = rng.choice([0.0, 1e-9, 0.5, 30.0, 1e6], n)
    centers = rng.integers(3, size=(n, d)) * rng.choice([0.0, 1e-9, 1.0, 1e9], d)
    labels = read_peaks(centers, weights, weights * rng.choice([0.0, 1.0, 1e9], n), weights)
    assert labels.dtype == np.int64
    assert ((labels >= NOISE) & (labels < n)).all()


@given(seeds, st.integers(-40, 40))
def test_powers_of_two_change_nothing(seed, power):
    rng = np.random.default_rng(seed)
    centers, counts = rng.normal(size=(20, 2)), rng.integers(1, 90, 20).astype(float)
    scatters, scale = counts * rng.random(20) * 0.1, 2.0**power
    labels = read_peaks(centers, counts, scatters, counts)
    scaled = read_peaks(centers * scale, counts, scatters * scale**2, counts)
    assert_array_equal(labels, scaled)


@pytest.mark.parametrize("scale", [1e-6, 1e6, 3.3])
@pytest.mark.parametrize("family", ["blobs", "moons", "rings"])
def test_no_scale_changes_the_clusters(family, scale):
    points = make_generator(family, seed=1).take(3000).points
    read_out = []
    for factor in (1.0, scale):
        held = OnlineClusterer(60).fit(points * factor)._prototypes
        arrays = held.inner_centers, held.weights, held.inner_scatters, held.counts
        read_out.append(number_in_order(read_peaks(*arrays)))
    assert adjusted_rand_score(*read_out) > 0.95


@given(seeds)
def test_order_of_the_prototypes_does_not_matter(seed):
    rng = np.random.default_rng(seed)
    centers = rng.normal(size=(15, 3)) + 6.0 * rng.integers(3, size=(15, 1))
    counts = rng.choice([0.0, 0.1, 10.0, 50.0], 15)
    arrays = centers, counts, counts * rng.random(15), counts
    links = np.triu(rng.random((15, 15)) * 20.0, 1)
    links += links.T
    order = rng.permutation(15)
    labels = read_peaks(*arrays, links=links)
    permuted = read_peaks(*(array[order] for array in arrays), links=links[np.ix_(order, order)])
    assert_array_equal(number_in_order(labels[order]), number_in_order(permuted))


def test_the_same_each_time_and_input_unchanged():
    rng = np.random.default_rng(0)
    arrays = rng.normal(size=(30, 2)), *np.abs(rng.normal(size=(3, 30)))
    before = [array.copy() for array in arrays]
    assert_array_equal(read_peaks(*arrays), read_peaks(*arrays))
    for array, old in zip(arrays, before, strict=True):
        assert_array_equal(array, old)


@pytest.mark.parametrize(
    ("family", "n_clusters", "noise"),
    [("blobs", 5, 0.0), ("blobs", 5, 0.2), ("rings", 3, 0.05), ("moons", 2, 0.0)],
)
def test_finds_what_a_person_would_draw(family, n_clusters, noise):
    labels, slots, classes = learn(family, 100, noise=noise)
    is_true = classes >= 0
    assert adjusted_rand_score(classes[is_true], labels[slots][is_true]) > 0.95
    assert len(np.unique(labels[labels >= 0])) == n_clusters


def test_background_is_noise_and_clusters_are_not():
    labels, slots, classes = learn("blobs", 100, noise=0.2)
    is_noisy = labels[slots] == NOISE
    assert is_noisy[classes < 0].mean() > 0.4
    assert is_noisy[classes >= 0].mean() < 0.03


def test_tree_holds_every_meeting():
    centers = np.concatenate([row(8), row(8, start=30.0)])
    counts = np.full(16, 50.0)
    land = survey(centers, counts, counts / 6, counts)
    tree = grow_tree(land)
    assert len(tree.levels) == 15
    assert (np.diff(tree.levels) <= 0).all()
    bar = choose_bar(land)
    assert (tree.prominences > bar).sum() == 1
    assert len(np.unique(cut_tree(land, bar))) == 2
    assert not is_noise(land, cut_tree(land, bar)).any()


def test_valleys_lie_between_neighbours_and_below_both():
    rng = np.random.default_rng(0)
    counts, centers = np.full(40, 30.0), rng.normal(size=(40, 2))
    land = survey(centers, counts, counts * 0.05, counts)
    valleys = land.valleys
    for first, second, low, fall in zip(*valleys[:4], strict=True):
        middle = (centers[first] + centers[second]) / 2
        others = np.delete(centers, [first, second], axis=0)
        radius = np.linalg.norm(centers[first] - middle)
        assert (np.linalg.norm(others - middle, axis=1) >= radius * (1 - 1e-9)).all()
        assert low == min(land.heights[first], land.heights[second])
        assert 0.0 <= fall <= 1.0
    # Unless told otherwise, seen is what the density lets expect.
    assert_allclose(valleys.seen, valleys.falls * valleys.expected)


def test_a_border_is_judged_as_a_whole():
    # Two rows side by side: no points between them, but for one chance pair.
    centers = np.concatenate([row(9), np.add(row(9), [0.0, 1.2])])
    counts = np.full(18, 500.0)
    links = np.zeros((18, 18))
    for i in (*range(8), *range(9, 17)):
        links[i, i + 1] = links[i + 1, i] = 100.0
    links[4, 13] = links[13, 4] = 60.0
    labels = read_peaks(centers, counts, counts / 6, counts, links=links)
    assert_array_equal(number_in_order(labels), np.repeat([0, 1], 9))
    for i in range(9):
        links[i, i + 9] = links[i + 9, i] = 100.0
    labels = read_peaks(centers, counts, counts / 6, counts, links=links)
    assert set(labels[:9].tolist()) & set(labels[9:].tolist())


@pytest.mark.parametrize("n_features", [1, 2, 3])
def test_one_cluster_is_seldom_taken_for_several(n_features):
    found = [
        OnlineClusterer(50).fit(
            np.random.default_rng([seed, n_features]).normal(size=(4000, n_features))
        )
        for seed in range(10)
    ]
    assert np.mean([model.n_clusters_ == 1 for model in found]) >= 0.7


def test_rim_of_a_gaussian():
    # In the plane the squared distance is exponential: quantiles are logarithms.
    assert_allclose(measure_middle(2), 2 * np.log(2))
    assert_allclose(measure_rim(2, 0.99), np.log(100) - np.log(2))
    assert_allclose(expect_share(np.log(5.0), 2), 0.1)


def test_bar_parts_two_groups():
    bar, level, contrast = part(np.array([0.0, 0.1, 0.2, 5.0, 5.1, 5.2]))
    assert_allclose([bar, level], [2.6, 5.1])
    assert contrast > 10


@pytest.mark.parametrize("n_prototypes", [50, 100])
@pytest.mark.parametrize("seed", [6, 9])
def test_many_clusters_near_and_far_are_all_clusters(n_prototypes, seed):
    # Prominences from nearly none to plain: no gap among them parts clusters from chance.
    random = np.random.default_rng(seed)
    places = np.stack(np.meshgrid(np.arange(6), np.arange(5)), axis=-1).reshape(-1, 2) * 4.5
    centers = places + random.uniform(-1.2, 1.2, places.shape)
    classes = random.integers(30, size=6000)
    spreads = random.uniform(0.5, 1.0, 30)[classes, None]
    points = centers[classes] + random.normal(size=(6000, 2)) * spreads
    model = OnlineClusterer(n_prototypes).fit(points)
    assert 27 <= model.n_clusters_ <= 31
    assert adjusted_rand_score(classes, model.predict(points)) > 0.85

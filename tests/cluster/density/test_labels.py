"""Prototypes get the number of their cluster: joining, noise, numbering."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from clusterer.cluster.density.labels import average_clusters, label_prototypes, number_in_order
from clusterer.stream.chunk import NOISE
from tests.support.streams import seeds


def line(*places: float) -> np.ndarray:
    return np.array(places)[:, None]


def test_neighbours_without_a_saddle_between_them_join():
    weights = np.full(7, 50.0)
    labels = label_prototypes(line(0, 1, 2, 3, 30, 31, 32), weights, weights / 12)
    assert_array_equal(labels, [0, 0, 0, 0, 1, 1, 1])


def test_joining_is_transitive():
    weights = np.full(12, 50.0)
    labels = label_prototypes(line(*range(12)), weights, weights / 12)
    assert_array_equal(labels, np.zeros(12))


def test_weights_replace_missing_counts():
    weights = np.array([50.0, 40.0, 60.0])
    arrays = line(0, 1, 9), weights, weights / 12
    assert_array_equal(label_prototypes(*arrays), label_prototypes(*arrays, weights))


def test_a_singleton_is_noise_or_a_cluster_of_its_own():
    centers = line(0.0, 1.0, 2.0, 3.0, 90.0)
    weights = np.array([50.0, 50.0, 50.0, 50.0, 0.0])
    assert_array_equal(label_prototypes(centers, weights, weights / 12), [0, 0, 0, 0, NOISE])
    kept = label_prototypes(centers, weights, weights / 12, drop_singletons=False)
    assert_array_equal(kept, [0, 0, 0, 0, 1])


def test_without_joining_each_prototype_is_a_cluster():
    weights = np.array([10.0, 10.0, 0.1])
    centers = line(0.0, 0.1, 0.2)
    assert_array_equal(label_prototypes(centers, weights, weights, join=False), [0, 1, NOISE])
    kept = label_prototypes(centers, weights, weights, join=False, drop_singletons=False)
    assert_array_equal(kept, [0, 1, 2])


@pytest.mark.parametrize("join", [True, False])
@pytest.mark.parametrize("drop_singletons", [True, False])
def test_prototypes_without_any_weight_are_clusters(join, drop_singletons):
    labels = label_prototypes(
        line(3.0, 1.0), np.zeros(2), np.zeros(2), join=join, drop_singletons=drop_singletons
    )
    assert_array_equal(labels, [0, 1])


@given(st.lists(st.integers(NOISE, 5), max_size=20))
def test_numbers_follow_the_first_appearance(labels):
    numbered = number_in_order(np.array(labels, dtype=np.int64))
    kept = [label for label in numbered.tolist() if label != NOISE]
    assert list(dict.fromkeys(kept)) == list(range(len(set(kept))))
    assert len(set(zip(labels, numbered.tolist(), strict=True))) == len(set(labels))


@given(seeds, st.integers(1, 12), st.integers(1, 4), st.booleans(), st.booleans())
def test_the_order_of_the_prototypes_does_not_matter(seed, n, d, join, drop_singletons):
    rng = np.random.default_rng(seed)
    centers, weights = rng.normal(size=(n, d)), rng.choice([0.0, 0.1, 1.0, 5.0], n)
    scatters = weights * rng.random(n)
    choices = {"join": join, "drop_singletons": drop_singletons}
    labels = label_prototypes(centers, weights, scatters, **choices)
    order = rng.permutation(n)
    permuted = label_prototypes(centers[order], weights[order], scatters[order], **choices)
    assert_array_equal(number_in_order(labels[order]), permuted)
    assert labels.dtype == np.int64
    assert drop_singletons or (labels != NOISE).all()


def test_centers_are_weighted_means():
    centers = np.array([[0.0, 0.0], [4.0, 0.0], [9.0, 9.0], [1.0, 1.0], [2.0, 4.0]])
    weights = np.array([1.0, 3.0, 0.0, 0.0, 7.0])
    means = average_clusters(centers, weights, np.array([0, 0, 1, 1, NOISE]))
    assert_allclose(means, [[3.0, 0.0], [5.0, 5.0]])


def test_no_cluster_has_no_center():
    assert average_clusters(np.ones((2, 3)), np.ones(2), np.full(2, NOISE)).shape == (0, 3)

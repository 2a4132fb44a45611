"""Clusters that were separate before survive while they touch, unless they have become one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import adjusted_rand_score

from clusterer import OnlineClusterer
from clusterer.cluster.density.gaussian_mixture import MAX_ITERATIONS, MIN_SHARE, TOLERANCE
from clusterer.cluster.density.labels import label_prototypes
from clusterer.cluster.density.survival import (
    BIC_FACTOR,
    MAX_PREVIOUS,
    assign_survivors,
    find_heaviest,
)
from tests.support import reference_mixtures
from tests.support.streams import seeds

N_POINTS = 12_000


def meet(seed: int, nearest: float = 3.2) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points, classes and distances of two clusters that move back and forth; a third one rests.

    Every 4 000 points the two are ``nearest`` standard deviations apart.
    """
    rng = np.random.default_rng(seed)
    classes = rng.integers(3, size=N_POINTS)
    share = (1.0 + np.cos(2 * np.pi * np.arange(N_POINTS) / 4000)) / 2
    gaps = nearest + share * (8.0 - nearest)
    sides = np.array([-0.5, 0.5, 0.0])[classes]
    centers = np.column_stack([sides * gaps, np.where(classes == 2, 12.0, 0.0)])
    return centers + rng.normal(size=(N_POINTS, 2)), classes, gaps


def draw_previous(seed: int, n_clusters: int):
    """Prototypes of clusters near or far from each other; for most the cluster is given."""
    rng = np.random.default_rng(seed)
    classes = rng.integers(n_clusters, size=40)
    means = rng.uniform(0.5, 6.0) * rng.normal(size=(n_clusters, 2))
    centers = means[classes] + rng.normal(size=(40, 2))
    previous = np.where(rng.uniform(size=40) < 0.8, 3 * classes + 1, -1)
    return centers, rng.uniform(0.01, 0.3, 40), rng.uniform(1.0, 50.0, 40), previous


def label(model: OnlineClusterer, previous: np.ndarray | None) -> np.ndarray:
    return label_prototypes(**model._prototypes.density_data, previous=previous)


@given(seeds, st.integers(2, 4))
def test_survivors_equal_the_reference(seed, n_clusters):
    centers, variances, masses, previous = draw_previous(seed, n_clusters)
    candidates = np.unique(previous[previous >= 0])
    expected = reference_mixtures.assign_survivors(
        *(centers, variances, masses, previous),
        bic_factor=BIC_FACTOR,
        max_iterations=MAX_ITERATIONS,
        tolerance=TOLERANCE,
        min_share=MIN_SHARE,
    )
    assume(expected is not None)
    found = assign_survivors(centers, variances, masses, previous, candidates)
    assert adjusted_rand_score(expected, found) == 1.0


def test_two_moving_clusters_stay_two_while_they_touch():
    scores, without_previous = [], []
    for seed in range(6):
        points, classes, gaps = meet(seed)
        model = OnlineClusterer()
        for start in range(0, N_POINTS, 500):
            rows = slice(start, start + 500)
            labels = model.partial_fit(points[rows]).labels_
            if start >= 5000 and gaps[rows].mean() < 4.0:
                scores.append(adjusted_rand_score(classes[rows], labels))
                groups = label(model, None)[model.find_nearest(points[rows])]
                without_previous.append(adjusted_rand_score(classes[rows], groups))
    assert len(scores) >= 12
    assert np.mean(scores) > np.mean(without_previous) + 0.05


def test_two_clusters_that_have_become_one_do_not_survive():
    for seed in range(4):
        points, _, _ = meet(seed)
        model = OnlineClusterer().fit(points[:8000])
        assert model.n_clusters_ == 3
        # From here on both are at the same place.
        resting = np.random.default_rng(seed).normal(size=(2000, 2))
        assert model.partial_fit(resting).n_clusters_ == 2
        # The third cluster is where it was.
        assert_allclose(np.sort(model.cluster_centers_[:, 1]), [0.0, 12.0], atol=0.5)


@pytest.mark.parametrize("shape", ["normal", "long"])
def test_one_cluster_that_was_labelled_as_two_is_one(shape):
    for seed in range(5):
        rng = np.random.default_rng(seed)
        points = rng.normal(size=(4000, 2)) * [1.0, 5.0 if shape == "long" else 1.0]
        model = OnlineClusterer(half_life=400).fit(points)
        held = model._prototypes
        halves = (held.inner_centers[:, 1] > np.median(held.inner_centers[:, 1])).astype(int)
        assert label(model, halves).max() <= label(model, None).max()


@pytest.mark.parametrize("half_life", ["auto", 300.0, None])
def test_cutting_the_stream_into_chunks_changes_nothing(half_life):
    points, _, _ = meet(0)
    once = OnlineClusterer(half_life=half_life).fit(points)
    again = OnlineClusterer(half_life=half_life)
    cuts = np.sort(np.random.default_rng(1).choice(N_POINTS, 30, replace=False))
    for piece in np.split(points, cuts):
        if len(piece):
            again.partial_fit(piece)
            assert again.n_clusters_ > 0  # labelling changes nothing either
    assert_array_equal(once._prototypes.previous_labels, again._prototypes.previous_labels)
    # The numbers of the clusters depend on when they were read.
    assert adjusted_rand_score(once.cluster_labels_, again.cluster_labels_) == 1.0
    assert_array_equal(once.cluster_labels_ < 0, again.cluster_labels_ < 0)
    assert (once._prototypes.previous_labels.max() >= 0) == (half_life is not None)


def test_neither_the_order_of_prototypes_nor_their_unit_changes_a_label():
    model = OnlineClusterer().fit(meet(1)[0][:6500])
    held, known = model._prototypes.density_data, model._prototypes.previous_labels
    labels = label(model, known)
    assert labels.max() > label(model, None).max()
    links, order = held["links"], np.random.default_rng(1).permutation(len(known))
    centers, weights, scatters, counts = arrays = [
        held[name] for name in ("centers", "weights", "scatters", "counts")
    ]
    permuted = label_prototypes(
        *(each[order] for each in arrays), links=links[np.ix_(order, order)], previous=known[order]
    )
    assert adjusted_rand_score(labels[order], permuted) == 1.0
    scaled = label_prototypes(
        centers * 2.0**40, weights, scatters * 2.0**80, counts, links=links, previous=known
    )
    assert_array_equal(labels, scaled)


def test_without_forgetting_no_previous_cluster_survives():
    model = OnlineClusterer().fit(meet(2)[0])
    model.half_life = None
    assert_array_equal(model.cluster_labels_, label(model, None))


@example(seed=2, n_features=3, n_spots=2, spread=0.0)  # all masses underflow
@given(seeds, st.integers(1, 3), st.integers(1, 4), st.sampled_from([0.0, 1e-300, 1e-9, 1.0]))
def test_prototypes_on_a_few_spots_get_labels(seed, n_features, n_spots, spread):
    rng = np.random.default_rng(seed)
    spots = rng.integers(-3, 3, (n_spots, n_features)).astype(float)
    centers = spots[rng.integers(n_spots, size=30)] + spread * rng.normal(size=(30, n_features))
    counts = rng.choice([0.0, 1e-300, 1.0, 50.0], 30)
    known = rng.choice([-1, 0, 5, 2**52], 30)
    labels = label_prototypes(centers, counts, counts * spread, counts, previous=known)
    assert labels.shape == (30,)
    assert labels.min() >= -1


def test_only_the_heaviest_of_too_many_previous_clusters_count():
    """Otherwise a model file in which each prototype is a cluster would take hours to label."""
    masses = np.random.default_rng(0).uniform(20.0, 30.0, 3000)
    found = find_heaviest(np.arange(3000), masses, 25.0)
    assert_array_equal(found, np.argsort(-masses)[:MAX_PREVIOUS])

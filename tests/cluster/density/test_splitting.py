"""Clusters in which two normal distributions are told apart, and those in which none are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import adjusted_rand_score

from clusterer import OnlineClusterer
from clusterer.cluster.density.gaussian_mixture import (
    ENOUGH,
    N_ROUNDS,
    fit_normal,
    fit_two,
    measure_dip,
    measure_logs,
    refine,
)
from clusterer.cluster.density.labels import label_prototypes
from clusterer.cluster.density.peaks import part_peaks
from tests.support import reference_mixtures
from tests.support.streams import seeds


def draw_prototypes(seed: int, n: int = 30, n_features: int = 3):
    rng = np.random.default_rng(seed)
    places = rng.normal(size=(n, n_features)) + 3.0 * rng.integers(2, size=(n, 1))
    return places, rng.uniform(0.01, 0.3, n), rng.uniform(1.0, 50.0, n)


def count_peaks(model: OnlineClusterer) -> int:
    """How many clusters the bar alone parts."""
    held = model._prototypes.evidence
    arrays = (held[name] for name in ("centers", "weights", "scatters", "counts", "links"))
    groups = part_peaks(*map(np.ascontiguousarray, arrays))[2]
    return len(np.unique(groups[groups >= 0]))


def overlap(gap: float, n: int = 6000, seed: int = 0):
    """Two overlapping clusters, and one so far away that the bar lies above their valley."""
    rng = np.random.default_rng(seed)
    classes = rng.integers(3, size=n)
    centers = np.array([[0.0, 0.0], [gap, 0.0], [60.0, 0.0]])
    return centers[classes] + rng.normal(size=(n, 2)), classes


@given(seeds, st.integers(2, 4))
def test_the_fit_is_the_textbooks(seed, n_parts):
    places, variances, masses = draw_prototypes(seed)
    parts = np.random.default_rng(seed).dirichlet(np.ones(n_parts), len(masses)).T.copy()
    found = parts.copy()
    likelihood, _ = refine(places, variances, masses, found)
    expected, known, _ = reference_mixtures.refine(
        places, variances, masses, parts, n_rounds=N_ROUNDS, enough=ENOUGH
    )
    if likelihood > -np.inf:
        assert_allclose(likelihood, expected, rtol=1e-9, atol=1e-9)
        assert_allclose(found, known, rtol=1e-6, atol=1e-9)


@given(seeds)
def test_a_normal_distribution_has_the_moments_of_the_points(seed):
    places, variances, masses = draw_prototypes(seed)
    normal = fit_normal(places, variances, masses, 2 * masses.sum())
    center, covariance = reference_mixtures.fit(places, variances, masses)
    assert normal.share == pytest.approx(0.5)
    assert_allclose(normal.center, center)
    assert_allclose((normal.axes * normal.variances) @ normal.axes.T, covariance, atol=1e-12)
    logs = reference_mixtures.mean_log(places, variances, center, covariance)
    assert_allclose(measure_logs(normal, places, variances), logs + np.log(0.5))


@given(seeds)
def test_turning_and_stretching_changes_no_halves(seed):
    places, _, masses = draw_prototypes(seed, n_features=2)
    still = np.zeros(len(masses))
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    found, turned = fit_two(places, still, masses), fit_two(4.0 * places @ turn, still, masses)
    same, other = turned, 1 - turned
    assert np.allclose(found, same, atol=1e-5) or np.allclose(found, other, atol=1e-5)


def test_prototypes_on_a_line_or_a_spot_are_no_trouble():
    line = np.column_stack([np.arange(20.0), np.zeros(20)])
    for places in (line, np.zeros((20, 2)), np.full((20, 1), 1e-300)):
        assert np.isfinite(fit_two(places, np.zeros(20), np.ones(20))).all()


def test_the_dip_is_that_of_the_density_on_the_line():
    rng = np.random.default_rng(0)
    places = np.concatenate([rng.normal(size=(400, 2)), rng.normal([4.0, 0.0], 1.0, (400, 2))])
    still, masses = np.zeros(800), np.ones(800)
    first, second = (
        fit_normal(places[part], still[part], masses[part], 800.0)
        for part in (slice(0, 400), slice(400, 800))
    )
    # Two of deviation 1 at 0 and 4: in the middle 2 exp(-2), at the centres 1 + exp(-8).
    assert measure_dip(first, second) == pytest.approx(2 - np.log(2), abs=0.15)
    assert measure_dip(first, first._replace(center=first.center + 1.0)) == 0.0


def test_two_that_overlap_are_told_apart_beside_one_far_away():
    n_peaks = []
    for seed in range(8):
        points, classes = overlap(3.8, seed=seed)
        model = OnlineClusterer().fit(points)
        n_peaks.append(count_peaks(model))
        assert model.n_clusters_ == 3
        assert adjusted_rand_score(classes, model.labels_) > 0.9
    assert min(n_peaks) == 2


@pytest.mark.parametrize("seed", range(5))
def test_two_that_overlap_to_one_peak_are_one(seed):
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
def test_what_is_no_two_normal_distributions_is_not_split(name):
    for seed in range(4):
        for n_prototypes in (50, 100):
            model = OnlineClusterer(n_prototypes).fit(draw_shape(name, 4000, seed))
            # What the bar parts is not the split's doing.
            assert model.n_clusters_ <= count_peaks(model)


def test_the_order_of_prototypes_and_their_unit_change_nothing():
    points, _ = overlap(3.8)
    held = OnlineClusterer().fit(points)._prototypes.evidence
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


def test_fewer_prototypes_than_the_covariances_have_parameters_are_not_split():
    rng = np.random.default_rng(0)
    points, _ = overlap(3.8)
    wide = np.column_stack([points, rng.normal(size=(len(points), 8))])
    model = OnlineClusterer().fit(wide)
    assert model.n_clusters_ == count_peaks(model)

"""Gaussian mixtures fitted to prototypes agree with the textbook."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from clusterer.cluster.density.gaussian_mixture import (
    MAX_ITERATIONS,
    TOLERANCE,
    fit_normal,
    fit_two_components,
    measure_dip,
    measure_log_likelihoods,
    run_em,
)
from tests.support import reference_mixtures
from tests.support.streams import seeds


def draw_prototypes(seed: int, n: int = 30, n_features: int = 3):
    rng = np.random.default_rng(seed)
    centers = rng.normal(size=(n, n_features)) + 3.0 * rng.integers(2, size=(n, 1))
    return centers, rng.uniform(0.01, 0.3, n), rng.uniform(1.0, 50.0, n)


@given(seeds, st.integers(2, 4))
def test_the_fit_equals_the_reference(seed, n_components):
    centers, variances, masses = draw_prototypes(seed)
    rng = np.random.default_rng(seed)
    start = rng.dirichlet(np.ones(n_components), len(masses)).T.copy()
    found = start.copy()
    likelihood, _ = run_em(centers, variances, masses, found)
    expected, responsibilities, _ = reference_mixtures.run_em(
        centers, variances, masses, start, max_iterations=MAX_ITERATIONS, tolerance=TOLERANCE
    )
    if likelihood > -np.inf:
        assert_allclose(likelihood, expected, rtol=1e-9, atol=1e-9)
        assert_allclose(found, responsibilities, rtol=1e-6, atol=1e-9)


@given(seeds)
def test_a_normal_distribution_has_the_moments_of_the_points(seed):
    centers, variances, masses = draw_prototypes(seed)
    normal = fit_normal(centers, variances, masses, 2 * masses.sum())
    mean, covariance = reference_mixtures.fit(centers, variances, masses)
    assert normal.share == pytest.approx(0.5)
    assert_allclose(normal.center, mean)
    assert_allclose((normal.axes * normal.variances) @ normal.axes.T, covariance, atol=1e-12)
    logs = reference_mixtures.mean_log_density(centers, variances, mean, covariance)
    assert_allclose(measure_log_likelihoods(normal, centers, variances), logs + np.log(0.5))


@given(seeds)
def test_rotation_and_scaling_change_no_halves(seed):
    centers, _, masses = draw_prototypes(seed, n_features=2)
    points = np.zeros(len(masses))
    rotation = np.array([[0.6, -0.8], [0.8, 0.6]])
    found = fit_two_components(centers, points, masses)
    rotated = fit_two_components(4.0 * centers @ rotation, points, masses)
    other = 1 - rotated
    assert np.allclose(found, rotated, atol=1e-5) or np.allclose(found, other, atol=1e-5)


def test_prototypes_on_a_line_or_a_spot_have_a_finite_fit():
    line = np.column_stack([np.arange(20.0), np.zeros(20)])
    for centers in (line, np.zeros((20, 2)), np.full((20, 1), 1e-300)):
        assert np.isfinite(fit_two_components(centers, np.zeros(20), np.ones(20))).all()


def test_the_dip_is_that_of_the_density_between_the_centers():
    rng = np.random.default_rng(0)
    centers = np.concatenate([rng.normal(size=(400, 2)), rng.normal([4.0, 0.0], 1.0, (400, 2))])
    variances, masses = np.zeros(800), np.ones(800)
    first, second = (
        fit_normal(centers[part], variances[part], masses[part], 800.0)
        for part in (slice(0, 400), slice(400, 800))
    )
    # Standard deviation 1 at 0 and 4: in the middle 2 exp(-2), at the centres 1 + exp(-8).
    assert measure_dip(first, second) == pytest.approx(2 - np.log(2), abs=0.15)
    assert measure_dip(first, first._replace(center=first.center + 1.0)) == 0.0

"""Valleys between two clusters: how deep they are, and from which depth on they are significant."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import norm

from clusterer.cluster.density import significance
from clusterer.cluster.density.density_estimate import estimate_density
from clusterer.cluster.density.saddles import Saddles
from clusterer.cluster.density.significance import (
    Evidence,
    Valley,
    are_separate,
    measure_evidence,
    measure_excess,
    measure_excess_between,
    measure_separation,
    measure_valleys,
)


def place(centers, weights, variance=0.25):
    centers, weights = np.array(centers, float), np.array(weights, float)
    scatters = weights * variance * centers.shape[1]
    return estimate_density(centers, weights, scatters, weights)


# Prominence, excess around and excess between at which a valley is significant, by the number of
# features; beyond 5 they increase no more.
LIMITS = {1: (3.2, 12.0, 7.0), 5: (6.0, 36.0, 15.0), 9: (6.0, 36.0, 15.0)}
BELOW, ABOVE = 0.999, 1.001
MANY, FEW = 10.0, 9.99


@pytest.mark.parametrize("n_features", LIMITS)
def test_each_measure_of_a_valley_has_its_limit(monkeypatch, n_features):
    prominent, around, between = LIMITS[n_features]
    # Prominence, excess around, mass, excess between, and the strength that follows.
    cases = [
        (0.9 * prominent, 0.0, MANY, 0.0, 0.9),
        (ABOVE * 1.9, 1.5 * around, MANY, 0.0, 1.5),
        (BELOW * 1.9, 1.5 * around, MANY, 0.0, BELOW * 1.9 / prominent),
        (ABOVE * 1.0, 0.0, MANY, 1.5 * between, 1.5),
        (BELOW * 1.0, 0.0, MANY, 1.5 * between, (1.5 + BELOW / prominent) / 1.4),
        # The first two together.
        (0.7 * prominent, 0.0, MANY, 0.7 * between, 1.0),
        # Few points need a valley that is twice as deep.
        (1.2 * prominent, 9.0 * around, FEW, 9.0 * between, 0.6),
        (3.0 * prominent, 0.0, MANY, 0.0, 3.0),
    ]
    density = place(np.zeros((2, n_features)) + np.arange(2)[:, None], [9.0, 31.0])
    for prominence, excess, mass, excess_between, strength in cases:
        valley = Valley(0, 1, prominence, excess, mass)
        weak = Valley(2, 3, 0.1 * prominent, 0.0, MANY)
        excesses = {(0, 1): excess_between, (2, 3): 0.0}
        monkeypatch.setattr(
            significance,
            "measure_excess_between",
            lambda density, labels, first, second, found=excesses: found[first, second],
        )
        # The strongest of several valleys counts, and no more than twice its limit.
        for valleys in ([valley], [weak, valley], [valley, weak]):
            monkeypatch.setattr(significance, "measure_valleys", lambda *given, v=valleys: v)
            evidence = measure_evidence(density, None, np.zeros(2, np.int64))
            assert_allclose(evidence.strength, min(strength, 2.0), err_msg=str(valley))
            assert_allclose(evidence.share, mass / 40.0)
            assert evidence.n_features == n_features


def test_clusters_without_any_border_are_separate_and_one_cluster_is_not():
    density = place([[0.0], [9.0], [30.0]], [50.0, 50.0, 50.0])
    for labels, evidence in (
        ([0, 1, -1], Evidence(2.0, 0.5, 1)),
        ([0, 1, 2], Evidence(2.0, 1.0 / 3.0, 1)),
        ([0, 0, -1], Evidence(0.0, 1.0, 1)),
        ([-1, -1, -1], Evidence(0.0, 1.0, 1)),
    ):
        assert (
            measure_evidence(density, make_saddles([(0, 0)], [0.0]), np.array(labels)) == evidence
        )


# By the number of features: the least strength at one resolution, at several ones, and at several
# ones that agree.
LEAST = {1: (1.25, 1.25, 1.25), 2: (1.0, 1.0, 0.62), 3: (1.0, 0.85, 0.527), 4: (1.0, 0.75, 0.465)}
LEAST[12] = LEAST[4]


@pytest.mark.parametrize("n_features", LEAST)
def test_the_least_evidence_depends_on_the_features_and_the_resolutions(n_features):
    once, several, agreeing = LEAST[n_features]
    for factor, is_enough in ((ABOVE, True), (BELOW, False)):
        assert are_separate([Evidence(factor * once, 0.1, n_features)], 1.0) == is_enough
        at_several = [Evidence(factor * several, 0.1, n_features)] * 3
        assert are_separate(at_several, 0.89) == is_enough
        few = [Evidence(factor * several, 0.09, n_features)] * 3
        assert are_separate(few, 0.9) == is_enough
        at_agreeing = [Evidence(factor * agreeing, 0.1, n_features)] * 3
        assert are_separate(at_agreeing, 0.9) == is_enough


def test_the_excess_counts_what_lies_above_the_level():
    heights = np.array([1.0, 3.0, 5.0, 2.0])
    # (1 + 3) / 2 points of (3 + 5) / 2.
    assert measure_excess(heights, level=2.0, step=0.5) == 2.0 / math.sqrt(4.0)
    assert measure_excess(heights, level=5.0, step=0.5) == 0.0
    assert measure_excess(heights[:0], level=0.0, step=0.5) == 0.0


def make_saddles(pairs, levels):
    """Saddles at which many points were seen, so that the level is what they say."""
    first, second = np.array(pairs).T
    many = np.full(len(pairs), 1e9)
    return Saddles(first, second, np.array(levels, float), np.ones(len(pairs)), many, many)


def test_a_valley_is_as_deep_as_its_lower_side_over_all_saddles_of_the_border():
    density = place([[0.0], [1.0], [5.0], [6.0], [20.0]], [40.0, 60.0, 30.0, 20.0, 10.0])
    labels = np.array([4, 4, 2, 2, -1])
    pairs = [(0, 1), (1, 2), (0, 2), (2, 3), (3, 4)]
    saddles = make_saddles(pairs, [9.0, 1.0, 2.0, 9.0, 9.0])
    (valley,) = measure_valleys(density, saddles, labels)
    assert (valley.first, valley.second) == (2, 4)
    # Saddles within a cluster, and those to noise, belong to no valley.
    heights = density.log_density - 1.5
    assert_allclose(valley.prominence, min(heights[:2].max(), heights[2:4].max()))
    excesses = [
        float(density.masses[side] @ (1.0 - np.exp(-heights[side])) / math.sqrt(mass))
        for side, mass in ((slice(0, 2), 100.0), (slice(2, 4), 50.0))
    ]
    assert (heights[:4] > 0.0).all()
    assert_allclose(valley.excess, min(excesses))
    assert valley.mass == 50.0


def test_prototypes_below_the_border_add_no_excess():
    density = place([[0.0], [3.0], [30.0]], [100.0, 3.0, 80.0])
    level = float(density.log_density[:2].mean())
    (valley,) = measure_valleys(density, make_saddles([(0, 2)], [level]), np.array([0, 0, 2]))
    height = density.log_density[0] - level
    excess_of_first = 100.0 * (1.0 - math.exp(-height)) / 10.0
    height = density.log_density[2] - level
    excess_of_second = 80.0 * (1.0 - math.exp(-height)) / math.sqrt(80.0)
    assert_allclose(valley.excess, min(excess_of_first, excess_of_second))
    assert_allclose(valley.mass, 80.0)


def expect_excess(gap, masses):
    """The excess of two normal distributions, at distance ``gap``, from their formula.

    Each point is blurred by the bandwidth of Silverman's rule for the smaller one.
    """
    deviation = math.hypot(1.0, 1.06 * min(masses) ** -0.2)
    line = np.linspace(-8.0, gap + 8.0, 100_001)
    heights = masses[0] * norm.pdf(line, 0.0, deviation)
    heights += masses[1] * norm.pdf(line, gap, deviation)
    inside = np.flatnonzero((line >= 0.0) & (line <= gap))
    lowest = inside[np.argmin(heights[inside])]
    step = line[1] - line[0]
    excesses = []
    for side in (heights[:lowest], heights[lowest:]):
        above = side[side > heights[lowest]]
        excesses.append((above - heights[lowest]).sum() * step / math.sqrt(above.sum() * step))
    return min(excesses)


@pytest.mark.parametrize("angle", [0.0, 0.6])
@pytest.mark.parametrize("masses", [(4_000.0, 4_000.0), (9_000.0, 3_000.0)])
@pytest.mark.parametrize("gap", [4.0, 6.0])
def test_the_excess_along_the_discriminant_is_that_of_two_normal_distributions(gap, masses, angle):
    steps = np.linspace(-4.0, 4.0, 81)
    shares = norm.pdf(steps) / norm.pdf(steps).sum()
    # The second feature is wide and separates nothing.
    wide = np.tile([-30.0, 30.0], 81)
    parts = [np.column_stack([np.repeat(steps + each, 2), wide]) for each in (0.0, gap)]
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    centers = np.concatenate(parts) @ turn
    weights = np.concatenate([np.repeat(shares, 2) * mass / 2.0 for mass in masses])
    density = place(centers, weights, variance=1e-4)
    # Light prototypes are no part of the density estimate.
    labels = np.repeat([3, 7], 162)[density.kept]
    excess = measure_excess_between(density, labels, 3, 7)
    assert_allclose(excess, expect_excess(gap, masses), rtol=0.02)
    saddles = make_saddles([(0, len(labels) - 1)], [0.0])
    expected = excess / math.sqrt(min(masses))
    assert_allclose(measure_separation(density, saddles, labels), expected, rtol=1e-2)


def test_clusters_without_a_border_are_completely_separate():
    density = place([[0.0], [9.0]], [50.0, 50.0])
    saddles = make_saddles([(0, 0)], [0.0])
    assert measure_separation(density, saddles, np.array([0, 1])) == 1.0

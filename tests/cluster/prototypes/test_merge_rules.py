"""The table of merge rules: costs agree with the reference, and unknown rules are refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.metrics import adjusted_rand_score

from clusterer import OnlineClusterer, load
from clusterer.cluster.prototypes.merge_rules import (
    MERGE_RULES,
    bound_light_cost,
    compute_cost,
    compute_mass,
    find_rule,
)
from tests.support.reference import merging_cost

distances = st.floats(0.0, 1e200)
weights = st.floats(0.0, 1e12)


@given(st.sampled_from(MERGE_RULES), distances, weights, weights)
def test_costs_agree_with_the_reference(rule, distance, weight, other):
    cost = compute_cost(find_rule(rule.name), distance, rule.mass(weight), rule.mass(other))
    assert cost == merging_cost(distance, weight, other, rule.name)


@given(st.sampled_from(MERGE_RULES), distances, weights)
def test_no_prototype_is_cheaper_than_the_bound_of_a_new_one(rule, distance, weight):
    index = find_rule(rule.name)
    assert bound_light_cost(index, distance) <= compute_cost(
        index, distance, compute_mass(index, 0.0), compute_mass(index, weight)
    )


@given(st.sampled_from(MERGE_RULES), distances, weights, weights)
def test_costs_are_at_least_the_share_of_the_smaller_mass(rule, distance, weight, other):
    masses = rule.mass(weight), rule.mass(other)
    least = rule.min_share * distance * min(masses)
    # The factor covers the rounding, like `ROUNDED_DOWN` of the bounds.
    assert rule.cost(distance, *masses) >= least * (1.0 - 2.0**-40)


def test_unknown_rule_is_refused():
    with pytest.raises(ValueError, match=r"merge must be one of 'plain'.*'unknown'"):
        find_rule("unknown")


def draw_clusters(n_features):
    random = np.random.default_rng(n_features)
    classes = random.integers(5, size=1_500)
    centers = random.normal(scale=0.8, size=(5, n_features))
    return centers[classes] + random.normal(size=(1_500, n_features))


@pytest.mark.parametrize(
    ("n_features", "rule"), [(2, "log-min"), (49, "log-min"), (50, "ward"), (200, "ward")]
)
def test_the_automatic_rule_is_chosen_by_the_number_of_features(n_features, rule):
    points = draw_clusters(n_features)
    automatic, told = OnlineClusterer(20).fit(points), OnlineClusterer(20, merge=rule).fit(points)
    assert_array_equal(automatic.prototypes_, told.prototypes_)
    assert_array_equal(automatic.weights_, told.weights_)


def draw_topics(seed, n_topics=6, n_features=512, cosine=0.45):
    """Directions on the sphere: topics that lie half way to a common direction."""
    random = np.random.default_rng([seed, 5])
    topics = random.normal(size=(n_topics, n_features))
    topics /= np.linalg.norm(topics, axis=1)[:, None]
    topics += 0.5 * topics[0]
    topics /= np.linalg.norm(topics, axis=1)[:, None]
    classes = random.integers(n_topics, size=2_000)
    width = np.sqrt((1.0 / cosine - 1.0) / n_features)
    points = topics[classes] + width * random.normal(size=(2_000, n_features))
    return points / np.linalg.norm(points, axis=1)[:, None], classes


def test_seldom_one_prototype_takes_the_points_of_several_topics():
    # The mean is 0.8, and 0.5 by "log-min".
    found = [
        adjusted_rand_score(classes, OnlineClusterer().fit_predict(points))
        for points, classes in map(draw_topics, range(10))
    ]
    assert np.mean(found) > 0.65


def test_the_automatic_rule_is_saved(tmp_path):
    points = draw_clusters(60)
    model = OnlineClusterer(20).fit(points[:700])
    model.save(tmp_path / "model.npz")
    again = load(tmp_path / "model.npz")
    assert again.merge == "auto"
    assert_array_equal(
        again.partial_fit(points[700:]).prototypes_, model.partial_fit(points[700:]).prototypes_
    )

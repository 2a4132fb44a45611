"""The table of merge rules: costs agree with the reference, and unknown rules are refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

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

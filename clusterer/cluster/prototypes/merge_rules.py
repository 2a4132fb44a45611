"""The merge rules: the cost of merging two prototypes. The pair of least cost merges.

`MERGE_RULES` is the table. A rule consists of its name, its cost function, the function of a
prototype's weight that the cost needs (the "mass"), and three properties.

How to add a rule
-----------------
1. Write the cost, ``cost(distance, mass, other)``, of two prototypes at the squared distance
   ``distance``. It must be proportional to the squared distance, must not decrease in either mass,
   and must be concave in the weights (at most linear growth), because the bounds of
   `.closest_pair` rely on all three.
2. Choose the mass function of the weight: `unit_mass`, `log2_mass`, `shifted_mass`, or a new one.
   A mass must be above 0 for the weight 0, because prototypes start with the weight 0.
3. Append one row to `MERGE_RULES`. The parameter ``merge`` of the estimator, the command line, the
   checks and the compiled loops read the table.
4. Describe the rule in the docstring of `clusterer.OnlineClusterer`, and append it to the slow
   reference in ``tests/support/reference.py``, which the tests compare the loops with.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from clusterer.cluster.prototypes.state_layout import MASS, WEIGHT
from clusterer.support.kernels import inner, separate

FRACTION_SIZE = np.uint64(52)
FRACTION_BITS = np.uint64((1 << 52) - 1)
BITS_OF_1, BITS_OF_2_52 = (np.float64(number).view(np.uint64) for number in (1.0, 2.0**52))


@inner
def plain_cost(distance: float, mass: float, other: float) -> float:
    """d², the squared distance: Guedalia, London and Werman, 1999."""
    return distance


@inner
def log_min_cost(distance: float, mass: float, other: float) -> float:
    """d² log2(2 + min(w, w')), with the masses log2(2 + w)."""
    return distance * min(mass, other)


@inner
def ward_cost(distance: float, mass: float, other: float) -> float:
    """d² h with h = m m' / (m + m'), the increase of variance: J. Ward, 1963."""
    return distance * (mass * other / (mass + other))


@inner
def log_ward_cost(distance: float, mass: float, other: float) -> float:
    """d² log(1 + h), with the h of Ward's criterion."""
    return distance * math.log(1.0 + mass * other / (mass + other))


@inner
def unit_mass(weight: float) -> float:
    """1 for every weight."""
    return 1.0


@inner
def shifted_mass(weight: float) -> float:
    """The weight plus 1."""
    return weight + 1.0


@inner
def log2_mass(weight: float) -> float:
    """log2(2 + weight), linear between powers of two: the same bits everywhere, without libm.

    The integers become numbers by their bits alone, since machines without a vector instruction for
    the conversion would convert the masses of all slots one by one.
    """
    # The bits of a double are its exponent, biased by 1023, and 52 bits of its fraction.
    bits = np.float64(2.0 + weight).view(np.uint64)
    exponent = np.uint64((bits >> FRACTION_SIZE) | BITS_OF_2_52).view(np.float64) - 2.0**52
    mantissa = np.uint64((bits & FRACTION_BITS) | BITS_OF_1).view(np.float64)
    return float((exponent - 1023.0) + (mantissa - 1.0))


class MergeRule(NamedTuple):
    """One row of the table.

    ``pairs_with_nearest`` is True if the cheapest partner of the lighter prototype of the merging
    pair is also its nearest one. Then the bounds survive the merge; otherwise a row of bounds is
    computed anew. If in doubt, False is always correct. ``min_share`` is a number s such that the
    cost is at least s d² min(mass, mass'); 0 is always correct. ``joins_nearest`` is True if the
    cheapest partner of a prototype of weight 0 is its nearest one; False is always correct.
    """

    name: str
    cost: Callable[[float, float, float], float]
    mass: Callable[[float], float]
    pairs_with_nearest: bool
    min_share: float
    joins_nearest: bool


MERGE_RULES = (
    MergeRule(
        "plain", plain_cost, unit_mass, pairs_with_nearest=True, min_share=1.0, joins_nearest=True
    ),
    MergeRule(
        "log-min",
        log_min_cost,
        log2_mass,
        pairs_with_nearest=True,
        min_share=1.0,
        joins_nearest=True,
    ),
    MergeRule(
        "ward",
        ward_cost,
        shifted_mass,
        pairs_with_nearest=False,
        min_share=0.5,
        joins_nearest=False,
    ),
    MergeRule(
        "log-ward",
        log_ward_cost,
        shifted_mass,
        pairs_with_nearest=False,
        min_share=0.0,
        joins_nearest=False,
    ),
)
RULE_NAMES = tuple(rule.name for rule in MERGE_RULES)
AUTOMATIC_RULE = -1  # as ``rule``: "auto", chosen by the number of features
AUTOMATIC_NAME = "auto"
FEW_FEATURES_RULE, MANY_FEATURES_RULE = "log-min", "ward"
# From so many features on. Of clusters 5 to 12 deviations apart, both rules found as many in 8 to
# 32 features, and Ward's rule more in 48 and 64. There two points of one cluster lie farther apart
# than a point and the mean of several clusters, so that one prototype takes the points of all of
# them. The squared distance of two means of n and n' points is v (1/n + 1/n') by chance alone, with
# the variance v of a cluster; Ward's cost is v for all n, so the mean of many points has no
# advantage.
MANY_FEATURES = 50
PAIRS_WITH_NEAREST = tuple(rule.pairs_with_nearest for rule in MERGE_RULES)
MIN_SHARE = tuple(rule.min_share for rule in MERGE_RULES)
JOINS_NEAREST = tuple(rule.joins_nearest for rule in MERGE_RULES)


def find_rule(name: str) -> int:
    """Return the index in `MERGE_RULES` by which the compiled loops know a rule.

    It is `AUTOMATIC_RULE` for "auto". Raises ValueError for an unknown name.

    >>> MERGE_RULES[find_rule("ward")].name
    'ward'
    """
    if name == AUTOMATIC_NAME:
        return AUTOMATIC_RULE
    if name not in RULE_NAMES:
        raise ValueError(f"merge must be one of {', '.join(map(repr, RULE_NAMES))}, got {name!r}.")
    return RULE_NAMES.index(name)


def choose_rule(rule: int, n_features: int) -> int:
    """Return the rule in force: ``rule``, or that for so many features if it is automatic.

    >>> [RULE_NAMES[choose_rule(AUTOMATIC_RULE, n)] for n in (2, 300)]
    ['log-min', 'ward']
    """
    if rule != AUTOMATIC_RULE:
        return rule
    return find_rule(MANY_FEATURES_RULE if n_features >= MANY_FEATURES else FEW_FEATURES_RULE)


def dispatch(functions: Sequence[Any], rule: int = 0) -> Any:
    """Return a ``f(i, ...)`` that calls ``functions[i](...)``, for interpreted and compiled code.

    The last function also serves any larger ``i``; `find_rule` returns none.
    """
    function = functions[rule]
    if rule + 1 == len(functions):

        @inner
        def call_last(index: int, *arguments: Any) -> Any:
            return function(*arguments)

        return call_last
    others = dispatch(functions, rule + 1)

    @inner
    def choose(index: int, *arguments: Any) -> Any:
        if index == rule:
            return function(*arguments)
        return others(index, *arguments)

    return choose


def make_row_cost(cost: Any) -> Any:
    """Return a loop that turns ``distances`` from one prototype to all slots into costs.

    One loop for each rule: with the choice of the rule inside, LLVM does not vectorise the loop.
    """

    @separate
    def fill_costs(distances: Any, rows: Any, mass: float) -> None:
        for i in range(rows.shape[1]):
            distances[0, i] = cost(distances[0, i], mass, rows[MASS, i])

    return fill_costs


def make_row_mass(mass: Any) -> Any:
    """Return a loop that computes the masses of all slots from their weights."""

    @separate
    def fill_masses(rows: Any) -> None:
        for i in range(rows.shape[1]):
            rows[MASS, i] = mass(rows[WEIGHT, i])

    return fill_masses


compute_cost = dispatch([rule.cost for rule in MERGE_RULES])
compute_mass = dispatch([rule.mass for rule in MERGE_RULES])
fill_costs = dispatch([make_row_cost(rule.cost) for rule in MERGE_RULES])
fill_masses = dispatch([make_row_mass(rule.mass) for rule in MERGE_RULES])


@inner
def bound_light_cost(rule: int, distance: float) -> float:
    """Return the least cost of merging a new prototype with any other no nearer than this."""
    # A cost does not decrease in the masses, and a new prototype has the weight 0.
    mass = compute_mass(rule, 0.0)
    return compute_cost(rule, distance, mass, mass)

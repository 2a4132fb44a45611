"""Logarithms of heavy-tailed features: defined everywhere, invertible, and advised where useful."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterer.preprocessing.logarithm import (
    measure_logarithm,
    measure_skewness,
    take_logarithm,
    undo_logarithm,
)

RANDOM = np.random.default_rng(0)


@given(
    value=st.floats(-1e300, 1e300),
    unit=st.floats(1e-290, 1e290),
)
def test_every_value_has_a_finite_logarithm_with_its_sign(value, unit):
    logarithm = float(take_logarithm(value, unit))
    assert np.isfinite(logarithm)
    assert logarithm == 0 or (logarithm > 0) == (value > 0)
    if abs(logarithm) < 700 and abs(value) > 1e-290:
        assert float(undo_logarithm(logarithm, unit)) == pytest.approx(value, rel=1e-9)


def test_the_logarithm_does_not_depend_on_the_number_of_values_at_a_time():
    values = RANDOM.lognormal(3, 2, 1_003)
    whole = take_logarithm(values, 3.3)
    for size in (1, 3, 8, 64):
        parts = [take_logarithm(values[i : i + size], 3.3) for i in range(0, 1_003, size)]
        assert np.array_equal(np.concatenate(parts), whole)


@pytest.mark.parametrize(
    ("values", "is_advised"),
    [
        (RANDOM.lognormal(8, 1, 2_000), True),
        (np.where(RANDOM.random(2_000) < 0.2, 0.0, RANDOM.lognormal(8, 1, 2_000)), True),
        (RANDOM.lognormal(-9, 1, 2_000), True),
        (RANDOM.pareto(2, 2_000), True),
        (RANDOM.normal(50, 5, 2_000), False),
        (RANDOM.random(2_000), False),
        # Skewed, but the logarithm does not help: a rare flag, a rare group, one wrong value.
        ((RANDOM.random(2_000) < 0.05) * 1.0, False),
        (np.where(RANDOM.random(2_000) < 0.02, 90.0, 50.0) + RANDOM.normal(size=2_000), False),
        (np.append(RANDOM.normal(50, 1, 2_000), 900.0), False),
        # The logarithm of debts would be that of their size.
        (RANDOM.lognormal(8, 1, 2_000) - 500.0, False),
    ],
)
def test_the_logarithm_is_advised_for_heavy_tails_that_it_removes(values, is_advised):
    assert measure_logarithm(values).is_advised == is_advised


def test_the_advice_does_not_depend_on_the_unit_of_the_column():
    values = RANDOM.lognormal(0, 1, 500)
    for factor in (1e-9, 1e9):
        one, other = measure_logarithm(values), measure_logarithm(values * factor)
        assert other.unit == pytest.approx(one.unit * factor)
        assert (other.mean, other.std) == pytest.approx((one.mean, one.std))


def test_the_skewness_is_that_of_scipy():
    from scipy.stats import skew

    values = RANDOM.gamma(0.5, size=300) * 1e200
    assert measure_skewness(values) == pytest.approx(skew(values / 1e200))

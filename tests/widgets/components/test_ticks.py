"""Ticks of logarithmic axes: round values at their places, in any range."""

import numpy as np
import pytest
from bokeh.models import BasicTicker
from bokeh.plotting import figure
from hypothesis import given
from hypothesis import strategies as st

from clusterer.preprocessing.logarithm import take_logarithm
from widgets.components.ticks import MOST_TICKS, place_log_ticks, set_ticks


@given(
    low=st.floats(-40, 40),
    width=st.floats(1e-3, 60),
    unit=st.floats(-12, 12).map(lambda power: 10.0**power),
)
def test_a_few_ticks_stand_where_their_values_are(low, width, unit):
    ticks = place_log_ticks(low, low + width, unit)
    places = np.array([*ticks])
    assert len(ticks) <= 3 * MOST_TICKS
    assert (places >= low - 1e-6).all()
    assert (places <= low + width + 1e-6).all()
    values = [float(name.replace(",", "")) for name in ticks.values()]
    assert take_logarithm(values, unit) == pytest.approx(places, abs=0.01)
    assert len(set(ticks.values())) == len(ticks)


@pytest.mark.parametrize(
    ("low", "high", "names"),
    [
        (0, 1.1e6, ["0", "1,000", "10,000", "100,000", "1,000,000"]),
        (-5_000, 5_000, ["-1,000", "0", "1,000"]),
        (12_100, 12_900, ["12,200", "12,400", "12,600", "12,800"]),
    ],
)
def test_ticks_are_round_numbers_in_the_units_of_the_data(low, high, names):
    ends = take_logarithm([low, high], 700.0).tolist()
    shown = list(place_log_ticks(*ends, 700.0).values())
    assert set(names) <= set(shown)


def test_an_axis_gets_its_usual_ticks_back():
    axis = figure().xaxis
    set_ticks(axis, {1.0: "ten"})
    ticker = axis[0].ticker
    assert (ticker.ticks, axis[0].major_label_overrides) == ([1.0], {1.0: "ten"})
    set_ticks(axis, {1.0: "ten"})
    assert axis[0].ticker is ticker
    set_ticks(axis, None)
    assert isinstance(axis[0].ticker, BasicTicker)
    assert axis[0].major_label_overrides == {}

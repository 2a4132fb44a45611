"""A logarithmic slider and its setting follow each other."""

import math

import param
import pytest
from hypothesis import given
from hypothesis import strategies as st

from widgets.components.sliders import LogScale, build_log_slider


class Speed(param.Parameterized):
    per_s = param.Number(default=200.0, bounds=(0.1, None), label="Speed", doc="Points per second.")
    is_automatic = param.Boolean(default=True)


def build(**options):
    speed = Speed()
    return speed, build_log_slider(speed, "per_s", LogScale(1, 1e6, 3, "", "no limit"), **options)


@given(value=st.floats(0.1, 1e9))
def test_the_position_is_the_logarithm_and_lies_between_the_ends(value):
    speed, slider = build()
    speed.per_s = value
    assert 10**slider.value == pytest.approx(value)
    assert slider.start <= slider.value <= slider.end
    assert slider.format.args["top"] == pytest.approx(max(6, math.log10(value)))


def test_the_last_step_has_no_limit():
    speed, slider = build()
    slider.value = slider.end
    assert speed.per_s == math.inf
    speed.per_s = 5e7
    assert slider.value < slider.end
    slider.value = slider.end
    assert speed.per_s == math.inf


@given(n_step=st.integers(0, 18))
def test_a_step_has_three_digits_and_stays_where_the_user_moved_it(n_step):
    speed, slider = build()
    slider.value = n_step / 3
    assert speed.per_s == float(f"{10 ** (n_step / 3):.3g}")
    assert slider.value == n_step / 3


@given(values=st.lists(st.floats(1, 1e6), min_size=2, max_size=5))
def test_a_late_answer_of_a_browser_means_the_value_that_it_was_shown(values):
    heard = []

    def is_echo(value):
        heard.append(value)
        return True

    speed, slider = build(is_echo=is_echo)
    positions = []
    for value in values:
        speed.per_s = float(f"{value:.3g}")
        positions.append((speed.per_s, slider.value))
    for value, position in positions:
        heard.clear()
        slider.value = position
        assert heard in ([], [value])
    assert speed.per_s == positions[-1][0]


@given(n_step=st.integers(0, 17))
def test_a_move_turns_the_estimate_off(n_step):
    speed, slider = build(switch="is_automatic")
    slider.value = n_step / 3
    assert (speed.per_s, speed.is_automatic) == (float(f"{10 ** (n_step / 3):.3g}"), False)

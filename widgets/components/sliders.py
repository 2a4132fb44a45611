"""Sliders whose steps are not evenly spaced: from 10 to a million, or from slow to no limit."""

import math
from collections.abc import Callable, Iterable
from typing import Any

import panel_material_ui as pmui
import param

DEBOUNCE_MS = 5


def space_steps(low: float, high: float, n_per_decade: int) -> list[float]:
    """Evenly many steps in each power of ten, to three digits, both ends included.

    >>> space_steps(1, 100, 3)
    [1.0, 2.15, 4.64, 10.0, 21.5, 46.4, 100.0]
    """
    n_steps = round(math.log10(high / low) * n_per_decade)
    return [float(f"{low * 10 ** (i / n_per_decade):.3g}") for i in range(n_steps + 1)]


def shorten_debounce(widget: Any) -> Any:
    """Have a widget heard at once; Panel waits for 50 ms in case that there is more to hear."""
    widget._debounce = DEBOUNCE_MS
    return widget


def build_step_slider(
    settings: param.Parameterized,
    name: str,
    steps: Iterable[float],
    write: Callable[[float], str],
    *,
    is_move: Callable[[float], bool] = lambda value: True,
) -> pmui.DiscreteSlider:
    """A slider over ``steps`` bound to a setting both ways.

    A value set elsewhere that is no step becomes one. ``is_move`` is asked of each value that the
    browser sends, before it becomes the setting: whether it is the user's.
    """
    parameter = settings.param[name]
    base = list(steps)

    def label_steps(value: float) -> dict[str, float]:
        return {write(step): step for step in sorted({*base, value})}

    value = getattr(settings, name)
    options = label_steps(value)
    slider = pmui.DiscreteSlider(
        label=parameter.label,
        description=parameter.doc,
        options=options,
        value=options[write(value)],
        sizing_mode="stretch_width",
    )
    is_following = False

    def follow(event: Any) -> None:
        nonlocal is_following
        is_following = True
        if write(event.new) not in slider.options:
            slider.options = label_steps(event.new)
        # Its own object, which the slider looks up: of two values that read alike, of 1 and 1.0.
        slider.value = slider.options[write(event.new)]
        is_following = False

    def lead(event: Any) -> None:
        if not is_following and is_move(event.new):
            settings.param.update(**{name: type(getattr(settings, name))(event.new)})

    settings.param.watch(follow, name)
    slider.param.watch(lead, "value")
    return shorten_debounce(slider)

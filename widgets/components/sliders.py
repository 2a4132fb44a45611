"""Sliders with unevenly spaced steps, for example from 10 to a million."""

import math
from collections.abc import Callable, Iterable
from typing import Any

import panel_material_ui as pmui
import param

DEBOUNCE_MS = 5


def space_steps(low: float, high: float, n_per_decade: int) -> list[float]:
    """Steps with three digits, equally many per power of ten, both ends included.

    >>> space_steps(1, 100, 3)
    [1.0, 2.15, 4.64, 10.0, 21.5, 46.4, 100.0]
    """
    n_steps = round(math.log10(high / low) * n_per_decade)
    return [float(f"{low * 10 ** (i / n_per_decade):.3g}") for i in range(n_steps + 1)]


def shorten_debounce(widget: Any) -> Any:
    """Send a widget's changes after 5 ms without further change, instead of Panel's 50 ms."""
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
    """Build a slider over ``steps`` that follows a setting and changes it.

    Parameters
    ----------
    settings : Parameterized
        The object with the setting.
    name : str
        The setting. A value that is set elsewhere and is not a step becomes an additional step.
    steps : iterable of float
        The slider's values.
    write : callable
        Formats a value.
    is_move : callable
        Whether a value from the browser is a change by the user; other values are ignored.
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

    def follow_setting(event: Any) -> None:
        nonlocal is_following
        is_following = True
        options = slider.options
        if write(event.new) not in options:
            options = label_steps(event.new)
        # Both at once: a slider whose value is no option shows its first step, and the browser
        # may send that step back. The option's own object: 1 and 1.0 are written alike.
        slider.param.update(options=options, value=options[write(event.new)])
        is_following = False

    def change_setting(event: Any) -> None:
        if not is_following and is_move(event.new):
            settings.param.update(**{name: type(getattr(settings, name))(event.new)})

    settings.param.watch(follow_setting, name)
    slider.param.watch(change_setting, "value")
    return shorten_debounce(slider)

"""Sliders with unevenly spaced steps, for example from 10 to a million."""

import math
from collections.abc import Callable
from typing import Any

import panel_material_ui as pmui
import param
from bokeh.models import CustomJSTickFormatter

DEBOUNCE_MS = 5

# The browser writes the number, so that a moving slider shows it without the server.
WRITE_VALUE = """
if (noLimit && tick > top + .5 / nPerDecade) return noLimit
const value = 10 ** tick, short = Number(value.toPrecision(3)), nStep = tick * nPerDecade
const isStep = Math.abs(nStep - Math.round(nStep)) < 1e-9
const number = isStep || value < 100 ? short : Math.round(value)
return number.toLocaleString("en-US", {maximumFractionDigits: 20}) + unit
"""


def space_steps(low: float, high: float, n_per_decade: int) -> list[float]:
    """Steps with three digits, equally many per power of ten, both ends included.

    >>> space_steps(1, 100, 3)
    [1.0, 2.15, 4.64, 10.0, 21.5, 46.4, 100.0]
    """
    n_steps = round(math.log10(high / low) * n_per_decade)
    return [round_to_digits(low * 10 ** (i / n_per_decade)) for i in range(n_steps + 1)]


def round_to_digits(value: float) -> float:
    """Round to three significant digits.

    >>> round_to_digits(215_443.0), round_to_digits(0.012345)
    (215000.0, 0.0123)
    """
    return float(f"{value:.3g}")


def shorten_debounce(widget: Any) -> Any:
    """Send a widget's changes after 5 ms without further change, instead of Panel's 50 ms."""
    widget._debounce = DEBOUNCE_MS
    return widget


class LogScale:
    """The positions of values on a slider: their decimal logarithms.

    Parameters
    ----------
    low, high : float
        The ends of the scale. A value beyond an end moves the end.
    n_per_decade : int
        The number of steps per power of ten.
    unit : str
        The text behind the number. Default none.
    no_limit : str
        The text of an infinite value, one step above ``high``. Default: there is none.
    """

    def __init__(
        self, low: float, high: float, n_per_decade: int, unit: str = "", no_limit: str = ""
    ) -> None:
        self._low, self._high = low, high
        self._n_per_decade = n_per_decade
        self._unit, self._no_limit = unit, no_limit
        self._top = math.log10(high)

    @property
    def step(self) -> float:
        """The distance between two steps."""
        return 1 / self._n_per_decade

    def place(self, value: float) -> dict[str, Any]:
        """The slider's parameters that show a value."""
        is_infinite = math.isinf(value)
        self._top = math.log10(self._high if is_infinite else max(self._high, value))
        end = self._top + self.step if self._no_limit else self._top
        position = end if is_infinite else math.log10(value)
        return {"start": min(math.log10(self._low), position), "end": end, "value": position}

    def read(self, position: float) -> float:
        """The value at a position, with three digits."""
        is_infinite = self._no_limit and position > self._top + self.step / 2
        return math.inf if is_infinite else round_to_digits(10**position)

    def make_format(self) -> CustomJSTickFormatter:
        """The writer of the values in the browser."""
        arguments = {
            "noLimit": self._no_limit,
            "nPerDecade": self._n_per_decade,
            "top": self._top,
            "unit": self._unit,
        }
        return CustomJSTickFormatter(code=WRITE_VALUE, args=arguments)


def build_log_slider(
    settings: param.Parameterized,
    name: str,
    scale: LogScale,
    *,
    switch: str = "",
    is_echo: Callable[[float], bool] = lambda value: False,
) -> pmui.FloatSlider:
    """Build a slider with a logarithmic scale that follows a setting and changes it.

    The slider's value is the position on the scale. A slider with a list of steps would send the
    number of a step: a browser that answers late would then mean a step of an older list.

    Parameters
    ----------
    settings : Parameterized
        The object with the setting.
    name : str
        The setting. It may also have a value between two steps or beyond the ends.
    scale : LogScale
        The scale, of this slider only.
    switch : str
        The setting that lets the program choose the value; a move of the slider turns it off.
        Default: there is none.
    is_echo : callable
        Whether the browser may only send a value back that it was shown, so that the value does not
        count.
    """
    parameter = settings.param[name]
    position = scale.place(getattr(settings, name))
    slider = pmui.FloatSlider(
        label=parameter.label,
        description=parameter.doc,
        step=scale.step,
        format=scale.make_format(),
        # The label shows the value; a tooltip of this width is cut off at the edge of the page.
        tooltips=False,
        sizing_mode="stretch_width",
        **position,
    )
    is_changing = False

    def follow_setting(event: Any) -> None:
        nonlocal is_changing
        # A new position would disturb a slider that the user moves.
        if is_changing:
            return
        position = scale.place(event.new)
        if position["end"] != slider.end:
            position["format"] = scale.make_format()
        is_changing = True
        slider.param.update(**position)
        is_changing = False

    def change_setting(event: Any) -> None:
        nonlocal is_changing
        value = scale.read(event.new)
        if not is_changing and not is_echo(value):
            is_changing = True
            values = {name: type(getattr(settings, name))(value)}
            settings.param.update(**values, **({switch: False} if switch else {}))
            is_changing = False

    settings.param.watch(follow_setting, name)
    slider.param.watch(change_setting, "value")
    return shorten_debounce(slider)

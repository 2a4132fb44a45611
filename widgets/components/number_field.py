"""A text field beside a slider, to type a value that the slider's steps or ends leave out."""

import math
import re
from collections.abc import Callable
from typing import Any

import param
from panel.custom import JSComponent

WIDTH_PX = 128
# The field stands at the right end of the line with the slider's label, which it names again for
# screen readers.
STYLE = """
:host { position: relative; z-index: 1; }
input { box-sizing: border-box; width: 100%; height: 26px; padding: 2px 6px; text-align: right;
    font-family: inherit; font-size: 13px; font-variant-numeric: tabular-nums; color: inherit;
    background: transparent;
    border: 1px solid rgba(128, 128, 128, .55); border-radius: 4px; }
input:focus { outline: 2px solid currentColor; }
"""
NO_NUMBER = "{}: {!r} is not a number. Type a number{}."
OUTSIDE = "{}: {} is outside of the allowed range, {} to {}."


class TextField(JSComponent):
    """A line of text. A text that the user types is sent with Enter, or when the field is left.

    Bokeh's text field fails if its value changes before the browser has drawn the field, and then
    the rest of the server's message is lost.
    """

    value = param.String()
    label = param.String(doc="For screen readers.")

    _esm = """
    export function render({model}) {
        const input = document.createElement("input")
        input.type = "text"
        input.autocomplete = "off"
        input.setAttribute("aria-label", model.label)
        input.value = model.value
        let isTyping = false
        input.addEventListener("input", () => { isTyping = true })
        input.addEventListener("change", () => {
            isTyping = false
            model.value = input.value
        })
        // An estimate that changes must not replace what the user types.
        model.on("value", () => { if (!isTyping) input.value = model.value })
        return input
    }
    """
    _stylesheets = [STYLE]


def build_number_field(
    settings: param.Parameterized,
    name: str,
    on_value: Callable[[float], object],
    on_problem: Callable[[str], object],
    *,
    no_limit: str = "",
) -> TextField:
    """Build a field that shows a number of the settings, and takes any allowed value.

    Parameters
    ----------
    settings : Parameterized
        The object with the setting.
    name : str
        The setting, a number with bounds.
    on_value : callable
        Called with each value that the user types and that is allowed.
    on_problem : callable
        Called with a sentence about a text that is not allowed, and with "" after an allowed one.
    no_limit : str
        The text of an infinite value. Default: it is not allowed.

    Examples
    --------
    >>> class Speed(param.Parameterized):
    ...     per_s = param.Number(default=200.0, bounds=(0.1, None), label="Speed")
    >>> speed, problems = Speed(), []
    >>> field = build_number_field(
    ...     speed, "per_s", lambda value: setattr(speed, "per_s", value), problems.append
    ... )
    >>> field.value = "1,234.5"
    >>> speed.per_s
    1234.5
    >>> field.value = "fast"
    >>> problems[-1], field.value
    ("Speed: 'fast' is not a number. Type a number.", '1,234.5')
    """
    parameter = settings.param[name]
    field = TextField(
        label=f"{parameter.label}: type a value",
        value=write_value(getattr(settings, name), no_limit),
        width=WIDTH_PX,
        height=26,
        align="end",
        margin=(4, 10, -30, 0),
    )
    is_showing = False

    def show(*_: object) -> None:
        nonlocal is_showing
        is_showing = True
        field.value = write_value(getattr(settings, name), no_limit)
        is_showing = False

    def take(event: param.parameterized.Event) -> None:
        if is_showing:
            return
        try:
            value = read_value(event.new, parameter, no_limit)
        except ValueError as error:
            on_problem(str(error))
        else:
            on_problem("")
            on_value(value)
        show()

    settings.param.watch(show, name)
    field.param.watch(take, "value")
    return field


def write_value(value: float, no_limit: str = "") -> str:
    """A number as text that `read_value` reads back.

    >>> write_value(20_000), write_value(0.0123), write_value(math.inf, "never forgets")
    ('20,000', '0.0123', 'never forgets')
    """
    if math.isinf(value):
        return no_limit
    return f"{value:,.10g}"


def read_value(text: str, parameter: Any, no_limit: str = "") -> float:
    """The number that a text means, of the parameter's type and within its bounds.

    Raises ValueError with a sentence for the user.

    >>> k = param.Integer(default=50, bounds=(1, 1000), label="Prototypes K")
    >>> read_value(" 1e2 ", k), read_value("300.", k)
    (100, 300)
    >>> read_value("2,000", k)
    Traceback (most recent call last):
    ...
    ValueError: Prototypes K: 2,000 is outside of the allowed range, 1 to 1,000.
    """
    low, high = parameter.bounds
    words = {no_limit.casefold(), "inf", "infinity", "∞"} if no_limit else set()
    if text.strip().casefold() in words:
        return math.inf
    found = re.match(r"[\s+]*(-?[\d.][\d.,'\u202f\u00a0 ]*(?:e[+-]?\d+)?)", text, re.IGNORECASE)
    try:
        value = float(re.sub(r"[^\d.eE+-]", "", found.group(1))) if found else math.nan
    except ValueError:
        value = math.nan
    if math.isnan(value):
        advice = f", or {no_limit!r}" if no_limit else ""
        raise ValueError(NO_NUMBER.format(parameter.label, text, advice))
    if isinstance(parameter, param.Integer):
        value = round(value) if math.isfinite(value) else value
    if value < low or value > (math.inf if high is None else high) or math.isinf(value):
        top = "any number" if high is None else write_value(high)
        raise ValueError(
            OUTSIDE.format(parameter.label, write_value(value, "∞"), write_value(low), top)
        )
    return value

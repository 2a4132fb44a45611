"""Ticks of axes: names in place of numbers, and the values on a logarithmic axis."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from bokeh.models import BasicTicker, FixedTicker

from clusterer.preprocessing.logarithm import take_logarithm, undo_logarithm

MOST_TICKS = 8
DIGITS = (1, 2, 5)
MIN_GAP = 0.07
"""Least distance of two ticks, as a share of the axis."""


def set_ticks(axis: Any, ticks: Mapping[float, str] | None) -> None:
    """Put ticks with these names at these places of the axis, unless they are there already.

    None gives back the usual ticks to an axis that had others.
    """
    if axis[0].major_label_overrides == (ticks or {}):
        return
    axis.ticker = BasicTicker() if ticks is None else FixedTicker(ticks=[*ticks])
    axis.major_label_overrides = dict(ticks or {})


def place_log_ticks(low: float, high: float, unit: float) -> dict[float, str]:
    """Return the places on a logarithmic axis and their names: 1, 2 and 5 times powers of ten.

    Where these are too many for the axis, powers of ten; where they are too few, as between 300 and
    400, evenly spaced round values.

    Parameters
    ----------
    low, high : float
        The ends of the axis, as logarithms.
    unit : float
        The unit of the logarithm, see `clusterer.preprocessing.logarithm`.

    Examples
    --------
    >>> list(place_log_ticks(0.0, 7.0, 1.0).values())
    ['1', '10', '100', '1,000']
    >>> list(place_log_ticks(4.6, 7.0, 1.0).values())
    ['100', '200', '500', '1,000']
    >>> list(place_log_ticks(5.71, 5.99, 1.0).values())
    ['320', '340', '360', '380']
    """
    first, last = (float(each) for each in undo_logarithm([low, high], unit))
    if not (math.isfinite(first) and math.isfinite(last) and first < last):
        return {}
    powers = _list_powers(unit, max(abs(first), abs(last)))
    values: list[float] = []
    for digits, step in ((DIGITS, 1), ((1,), 1), ((1,), 2), ((1,), 3), ((1,), 6)):
        sizes = [digit * 10.0**power for power in powers[::step] for digit in digits]
        known = [*(-size for size in reversed(sizes)), 0.0, *sizes]
        values = [value for value in known if first <= value <= last]
        if len(values) <= MOST_TICKS:
            break
    if len(values) < 3:
        values = place_round_values(first, last)
    places = take_logarithm(values, unit).tolist()
    kept: dict[float, str] = {}
    # Near 0 the axis is linear, and names would overlap: those of larger values stay.
    for place, value in sorted(zip(places, values, strict=True), key=lambda pair: -abs(pair[1])):
        if all(abs(place - other) >= MIN_GAP * (high - low) for other in kept):
            kept[place] = write_tick(value)
    return dict(sorted(kept.items()))


def _list_powers(unit: float, largest: float) -> range:
    """The powers of ten from the unit on; below it the axis is linear."""
    least = math.floor(math.log10(unit) + 0.5)
    return range(least, max(math.ceil(math.log10(max(largest, unit))), least) + 1)


def place_round_values(low: float, high: float, n_ticks: int = 5) -> list[float]:
    """Return about five round numbers between two numbers, including these if they are round.

    >>> place_round_values(-1.2, 4.1)
    [-1.0, 0.0, 1.0, 2.0, 3.0, 4.0]
    """
    raw = (high - low) / n_ticks
    power = 10.0 ** math.floor(math.log10(raw))
    step = min((1, 2, 5, 10), key=lambda factor: abs(factor * power - raw)) * power
    first, last = math.ceil(low / step), math.floor(high / step)
    return [float(f"{i * step:.12g}") for i in range(first, min(last, first + 20) + 1)]


def write_tick(value: float) -> str:
    """Return the name of a tick: short, also for very large and very small values.

    >>> write_tick(20_000), write_tick(0.05), write_tick(5e9), write_tick(1e-7)
    ('20,000', '0.05', '5e+09', '1e-07')
    """
    size = abs(value)
    is_short = size == 0 or 1e-3 <= size < 1e7
    if is_short:
        return f"{value:,.10g}"
    return np.format_float_scientific(value, precision=9, trim="-", exp_digits=2)

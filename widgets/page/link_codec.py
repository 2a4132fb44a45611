"""Addresses: the settings of a run as the query of an address, and back, whoever wrote it."""

import math
from collections.abc import Mapping
from typing import Any

import param

from clusterer.session.density_image import Box
from clusterer.support.text import shorten
from widgets.settings import Settings

# What a setting is called in a link, and what it is.
NAMES = {
    "generator": "generator",
    "seed": "seed",
    "noise": "noise",
    "k": "n_prototypes",
    "sigma": "sigma",
    "memory": "half_life",
    "quiet": "keep_inactive",
    "singletons": "drop_singletons",
    "join": "join",
    "speed": "points_per_s",
    "window": "window_length",
}
PLACES = ("source", "table", "x", "y", "view", "tab")
KEYS = (*NAMES, *PLACES)
AUTO = "auto"
SWITCH = {"on": True, "off": False}
LONGEST_SHOWN = 40
FURTHEST = 1e15


def write_link(settings: Settings, defaults: Mapping[str, Any]) -> dict[str, str]:
    """The settings that differ from ``defaults`` (name: value), by their names in a link.

    >>> defaults = Settings().param.values()
    >>> write_link(Settings(seed=4, drop_singletons=False), defaults)
    {'seed': '4', 'singletons': 'off'}
    """
    found = {}
    for key, name in NAMES.items():
        value = getattr(settings, name)
        switch = Settings.AUTOMATIC.get(name)
        if switch is None:
            if value != defaults[name]:
                found[key] = _write(value)
        # What was found by itself is no setting; what was set always is.
        elif not getattr(settings, switch):
            found[key] = _write(value)
        elif not defaults[switch]:
            found[key] = AUTO
    return found


def read_link(query: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    """The settings that a link names, and what was wrong with it, in words.

    Numbers beyond their bounds are brought within them; what cannot be read is left out. Unknown
    keys belong to others and are passed over.

    >>> read_link({"seed": "12", "k": "1e9", "noise": "lots", "utm": "x"})
    ({'seed': 12, 'n_prototypes': 1000}, ['noise=lots was ignored', 'k=1e9 became 1000'])
    """
    values: dict[str, Any] = {}
    complaints = []
    for key, name in NAMES.items():
        if key not in query:
            continue
        text = query[key].strip()
        switch = Settings.AUTOMATIC.get(name)
        if switch is not None and text == AUTO:
            values[switch] = True
            continue
        value = _read(Settings.param[name], text)
        if value is None:
            complaints.append(f"{key}={shorten(text, LONGEST_SHOWN)} was ignored")
            continue
        values[name] = value
        if switch is not None:
            values[switch] = False
        if isinstance(value, int | float) and text not in SWITCH and value != float(text):
            complaints.append(f"{key}={shorten(text, LONGEST_SHOWN)} became {_write(value)}")
    return values, complaints


def write_box(box: Box) -> str:
    """A view as text: left, right, bottom, top.

    >>> write_box((-1.0, 1.0, 0.0, 2.5))
    '-1,1,0,2.5'
    """
    return ",".join(f"{edge:.6g}" for edge in box)


def read_box(text: str) -> Box | None:
    """A view from text; None if it is none.

    >>> read_box("-1,1,0,2.5"), read_box("1,-1,0,2"), read_box("nan,1,0,1")
    ((-1.0, 1.0, 0.0, 2.5), None, None)
    """
    try:
        left, right, bottom, top = map(float, text.split(","))
    except ValueError:
        return None
    is_near = all(abs(edge) <= FURTHEST for edge in (left, right, bottom, top))
    return (left, right, bottom, top) if is_near and left < right and bottom < top else None


def _write(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _read(parameter: param.Parameter, text: str) -> Any:
    if isinstance(parameter, param.Boolean):
        return SWITCH.get(text)
    if isinstance(parameter, param.Selector):
        return text if text in parameter.objects else None
    try:
        number = float(text)
    except ValueError:
        return None
    if math.isnan(number):
        return None
    low, high = parameter.bounds
    number = max(number, low)
    number = number if high is None else min(number, high)
    return round(number) if isinstance(parameter, param.Integer) else number

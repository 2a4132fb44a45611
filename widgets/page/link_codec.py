"""Links: the settings of a run as the query of a web address, and safely back."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import param

from clusterer.preprocessing.treatment_text import (
    read_names,
    read_weights,
    write_names,
    write_weights,
)
from clusterer.session.density_image import Box
from clusterer.support.text import shorten
from widgets.settings import Settings

# The key of each setting in a link, and the setting's name.
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
    "classifier": "classifier",
    "teacher": "classifier_teacher",
    "lambda": "classifier_alpha",
    "width": "classifier_sigma",
    "budget": "classifier_budget",
    "maintenance": "classifier_maintenance",
    "classifier-memory": "classifier_half_life",
    "peer": "classifier_peer",
}
VIEW_KEYS = ("source", "table", "log", "weights", "x", "y", "color", "view", "tab")
KEYS = (*NAMES, *VIEW_KEYS)
AUTOMATIC = "auto"
SWITCH = {"on": True, "off": False}
MAX_SHOWN_CHARS = 40
MAX_EDGE = 1e15
"""Largest coordinate of a zoomed view."""


def write_link(settings: Settings, defaults: Mapping[str, Any]) -> dict[str, str]:
    """The settings that differ from ``defaults`` (name: value), by their keys in a link.

    >>> defaults = Settings().param.values()
    >>> write_link(Settings(seed=4, drop_singletons=False), defaults)
    {'seed': '4', 'singletons': 'off'}
    """
    query = {}
    for key, name in NAMES.items():
        value = getattr(settings, name)
        switch = Settings.AUTOMATIC.get(name)
        if switch is None:
            if value != defaults[name]:
                query[key] = _write(value)
        # An automatic value is not written; a value that the user has set is always written.
        elif not getattr(settings, switch):
            query[key] = _write(value)
        elif not defaults[switch]:
            query[key] = AUTOMATIC
    return query


def read_link(query: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    """The settings in a link, and one phrase for each value that is not used as written.

    A number beyond its bounds becomes the nearest bound; a value that cannot be read is left out.
    Keys of other programs are ignored.

    >>> values, complaints = read_link({"seed": "12", "k": "1e9", "noise": "lots", "utm": "x"})
    >>> values
    {'seed': 12, 'n_prototypes': 1000, 'has_automatic_n_prototypes': False}
    >>> complaints
    ['noise=lots was ignored', 'k=1e9 became 1000']
    """
    values: dict[str, Any] = {}
    complaints = []
    for key, name in NAMES.items():
        if key not in query:
            continue
        text = query[key].strip()
        switch = Settings.AUTOMATIC.get(name)
        if switch is not None and text == AUTOMATIC:
            values[switch] = True
            continue
        value = _read(Settings.param[name], text)
        if value is None:
            complaints.append(describe_ignored(key, text))
            continue
        values[name] = value
        if switch is not None:
            values[switch] = False
        if isinstance(value, int | float) and text not in SWITCH and value != float(text):
            complaints.append(f"{key}={shorten(text, MAX_SHOWN_CHARS)} became {_write(value)}")
    return values, complaints


def describe_ignored(key: str, text: str) -> str:
    """The phrase about a value that cannot be used."""
    return f"{key}={shorten(text, MAX_SHOWN_CHARS)} was ignored"


def write_treatment(logs: Sequence[str], weights: Mapping[str, float]) -> dict[str, str]:
    """The features whose logarithm is taken, and the weights other than 1, by their keys.

    >>> write_treatment(["amount"], {"age": 2.0})
    {'log': 'amount', 'weights': 'age=2'}
    """
    query = {"log": write_names(logs)} if logs else {}
    return query | ({"weights": write_weights(weights)} if weights else {})


def read_treatment(query: Mapping[str, str]) -> tuple[list[str], dict[str, float], list[str]]:
    """What `write_treatment` wrote, and one phrase for each part that cannot be read.

    >>> read_treatment({"log": "amount", "weights": "age=2"})
    (['amount'], {'age': 2.0}, [])
    >>> read_treatment({"weights": "age=many"})
    ([], {}, ['weights=age=many was ignored'])
    """
    logs: list[str] = []
    weights: dict[str, float] = {}
    complaints = []
    try:
        logs = read_names(query["log"]) if "log" in query else []
    except ValueError:
        complaints.append(describe_ignored("log", query["log"]))
    try:
        weights = read_weights(query["weights"]) if "weights" in query else {}
    except ValueError:
        complaints.append(describe_ignored("weights", query["weights"]))
    return logs, weights, complaints


def write_box(box: Box) -> str:
    """A zoomed view as text: left, right, bottom, top.

    >>> write_box((-1.0, 1.0, 0.0, 2.5))
    '-1,1,0,2.5'
    """
    return ",".join(f"{edge:.6g}" for edge in box)


def read_box(text: str) -> Box | None:
    """A zoomed view from text; None if the text is not a valid box.

    >>> read_box("-1,1,0,2.5"), read_box("1,-1,0,2"), read_box("nan,1,0,1")
    ((-1.0, 1.0, 0.0, 2.5), None, None)
    """
    try:
        left, right, bottom, top = map(float, text.split(","))
    except ValueError:
        return None
    is_near = all(abs(edge) <= MAX_EDGE for edge in (left, right, bottom, top))
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

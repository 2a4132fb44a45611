"""Malformed messages that are whole as the protocol wants it, and wrong in what they say."""

import json
import random
from collections.abc import Mapping
from typing import Any

Fragment = str | bytes
Models = Mapping[str, dict[str, Any]]

CANARY = "canary-of-a-stranger"
"""Part of all texts that are sent: no log may have it."""

DEPTH = 100_000
ATTRIBUTES = (
    *(
        "value",
        "value_throttled",
        "active",
        "pressed",
        "gesture",
        "requested_key",
        "painted",
        "received",
    ),
    *("data", "label", "tags", "children", "width_px", "name", "visible", "options", "id"),
)


def write_message(kind: str, content: Any, **header: Any) -> list[Fragment]:
    """A message in its three parts, as the protocol wants it."""
    told = {"msgid": CANARY, "msgtype": kind} | header
    return [json.dumps(told), "{}", json.dumps(content)]


def patch(*events: Any) -> list[Fragment]:
    """A message that changes the document."""
    return write_message("PATCH-DOC", {"events": [*events]})


def change(model: Any, name: str, value: Any) -> dict[str, Any]:
    """One change of a patch."""
    return {"kind": "ModelChanged", "model": {"id": model}, "attr": name, "new": value}


def pick_model(dice: random.Random, models: Models) -> str:
    """The id of some model of the page."""
    model: str = models[dice.choice(sorted(models))]["id"]
    return model


def make_junk(dice: random.Random) -> Any:
    """A value of some type, mostly not the one that is wanted."""
    return dice.choice(
        [
            None,
            True,
            -1,
            10**400,
            1e308,
            CANARY,
            CANARY * 1000,
            "\ud800" + CANARY,
            [],
            [[[CANARY]]],
            {CANARY: CANARY},
            {"type": "number", "value": "nan"},
            {"type": "number", "value": CANARY},
            {"type": "object", "name": "Slider", "id": CANARY, "attributes": {"value": CANARY}},
            {"type": "object", "name": f"os.{CANARY}", "id": CANARY},
            {"type": "bytes", "data": CANARY},
            {"type": "bytes", "data": {"id": CANARY}},
            {"type": "map", "entries": [[CANARY]]},
            {"type": "symbol", "name": CANARY},
            {"type": "slice", "start": CANARY, "stop": None, "step": 0},
            {
                "type": "ndarray",
                "array": {"type": "bytes", "data": "AAAA"},
                "shape": [10**9, 10**9],
                "dtype": "float64",
                "order": "little",
            },
            {"id": CANARY},
        ]
    )


def send_unknown_model(dice: random.Random, models: Models) -> list[Fragment]:
    model = dice.choice([CANARY, "", None, 7, [CANARY], {"id": CANARY}, "p1", "p999999"])
    return patch(change(model, dice.choice(["value", CANARY, "", "__class__"]), 1))


def send_wrong_type(dice: random.Random, models: Models) -> list[Fragment]:
    model = pick_model(dice, models)
    attribute = dice.choice(ATTRIBUTES)
    return patch(change(model, attribute, make_junk(dice)))


def send_wrong_event(dice: random.Random, models: Models) -> list[Fragment]:
    model = pick_model(dice, models)
    event = dice.choice(
        [
            None,
            [],
            CANARY,
            {},
            {"kind": CANARY},
            {"kind": "ModelChanged"},
            {"kind": "RootAdded", "model": make_junk(dice)},
            {"kind": "RootRemoved", "model": {"id": CANARY}},
            {"kind": "TitleChanged", "title": make_junk(dice)},
            {
                "kind": "ColumnDataChanged",
                "model": {"id": model},
                "attr": "data",
            },
            {
                "kind": "ColumnsStreamed",
                "model": {"id": model},
                "attr": "data",
                "data": make_junk(dice),
                "rollover": -1,
            },
            {
                "kind": "ColumnsPatched",
                "model": {"id": model},
                "attr": "data",
                "patches": make_junk(dice),
            },
            {"kind": "MessageSent", "msg_type": CANARY, "msg_data": make_junk(dice)},
            {"kind": "MessageSent", "msg_type": "bokeh_event", "msg_data": make_junk(dice)},
        ]
    )
    return patch(event)


def send_wrong_component_message(dice: random.Random, models: Models) -> list[Fragment]:
    name = dice.choice(["data_event", "dom_event", "tap", "document_ready", "button_click", CANARY])
    model: Any = {"id": dice.choice([pick_model(dice, models), models["Upload"]["id"], CANARY])}
    data = dice.choice(
        [
            make_junk(dice),
            {
                "kind": "begin",
                "number": 1,
                "name": [CANARY],
                "n_bytes": dice.choice([-1, 1e9, "9"]),
            },
            {"kind": "piece", "number": 1, "start": CANARY, "data": CANARY},
            {"type": "map", "entries": [["kind", "begin"], ["number", {}], ["n_bytes", 10**30]]},
        ]
    )
    entries = [["model", model], [dice.choice(["data", "node", CANARY]), data]]
    event = {"type": "event", "name": name, "values": {"type": "map", "entries": entries}}
    return patch({"kind": "MessageSent", "msg_type": "bokeh_event", "msg_data": event})


def send_deep(dice: random.Random, models: Models) -> list[Fragment]:
    deep = dice.choice(["[" * DEPTH + "]" * DEPTH, '{"a":' * DEPTH + "1" + "}" * DEPTH])
    model, place = pick_model(dice, models), dice.randrange(3)
    if place < 2:
        parts: list[Fragment] = patch()
        parts[place] = deep
        return parts
    head, _, tail = json.dumps({"events": [change(model, "value", "HERE")]}).partition('"HERE"')
    # What the parser takes, what follows may not.
    deep = deep if dice.random() < 0.5 else "[" * 900 + "]" * 900
    return ['{"msgid": "1", "msgtype": "PATCH-DOC"}', "{}", head + deep + tail]


def send_unexpected(dice: random.Random, models: Models) -> list[Fragment]:
    return dice.choice(
        [
            write_message("PUSH-DOC", {"doc": make_junk(dice)}),
            write_message("PUSH-DOC", {}),
            write_message("PUSH-DOC", {"doc": {"title": CANARY, "roots": [], "version": "0"}}),
            write_message("PULL-DOC-REPLY", {"doc": {}}, reqid="1"),
            write_message("PULL-DOC-REQ", make_junk(dice)),
            write_message("PATCH-DOC", make_junk(dice)),
        ]
    )

"""Messages that follow the protocol and have invalid contents."""

import json
import random
from collections.abc import Mapping
from typing import Any

Fragment = str | bytes
Models = Mapping[str, dict[str, Any]]

# A part of every text that is sent. The log must not contain it.
MARKER = "marker-of-an-attacker"

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
    """Return the three parts of a message: header, metadata, content."""
    full_header = {"msgid": MARKER, "msgtype": kind} | header
    return [json.dumps(full_header), "{}", json.dumps(content)]


def patch(*events: Any) -> list[Fragment]:
    """Return a message that changes the document."""
    return write_message("PATCH-DOC", {"events": [*events]})


def change(model: Any, name: str, value: Any) -> dict[str, Any]:
    """Return the event that sets one property of a model."""
    return {"kind": "ModelChanged", "model": {"id": model}, "attr": name, "new": value}


def pick_model(rng: random.Random, models: Models) -> str:
    """Return the id of a random model of the page."""
    model: str = models[rng.choice(sorted(models))]["id"]
    return model


def make_junk(rng: random.Random) -> Any:
    """Return a value of a random type, mostly of the wrong one."""
    return rng.choice(
        [
            None,
            True,
            -1,
            10**400,
            1e308,
            MARKER,
            MARKER * 1000,
            "\ud800" + MARKER,
            [],
            [[[MARKER]]],
            {MARKER: MARKER},
            {"type": "number", "value": "nan"},
            {"type": "number", "value": MARKER},
            {"type": "object", "name": "Slider", "id": MARKER, "attributes": {"value": MARKER}},
            {"type": "object", "name": f"os.{MARKER}", "id": MARKER},
            {"type": "bytes", "data": MARKER},
            {"type": "bytes", "data": {"id": MARKER}},
            {"type": "map", "entries": [[MARKER]]},
            {"type": "symbol", "name": MARKER},
            {"type": "slice", "start": MARKER, "stop": None, "step": 0},
            {
                "type": "ndarray",
                "array": {"type": "bytes", "data": "AAAA"},
                "shape": [10**9, 10**9],
                "dtype": "float64",
                "order": "little",
            },
            {"id": MARKER},
        ]
    )


def make_unknown_model(rng: random.Random, models: Models) -> list[Fragment]:
    model = rng.choice([MARKER, "", None, 7, [MARKER], {"id": MARKER}, "p1", "p999999"])
    return patch(change(model, rng.choice(["value", MARKER, "", "__class__"]), 1))


def make_wrong_type(rng: random.Random, models: Models) -> list[Fragment]:
    model = pick_model(rng, models)
    attribute = rng.choice(ATTRIBUTES)
    return patch(change(model, attribute, make_junk(rng)))


def make_wrong_change(rng: random.Random, models: Models) -> list[Fragment]:
    model = pick_model(rng, models)
    event = rng.choice(
        [
            None,
            [],
            MARKER,
            {},
            {"kind": MARKER},
            {"kind": "ModelChanged"},
            {"kind": "RootAdded", "model": make_junk(rng)},
            {"kind": "RootRemoved", "model": {"id": MARKER}},
            {"kind": "TitleChanged", "title": make_junk(rng)},
            {
                "kind": "ColumnDataChanged",
                "model": {"id": model},
                "attr": "data",
            },
            {
                "kind": "ColumnsStreamed",
                "model": {"id": model},
                "attr": "data",
                "data": make_junk(rng),
                "rollover": -1,
            },
            {
                "kind": "ColumnsPatched",
                "model": {"id": model},
                "attr": "data",
                "patches": make_junk(rng),
            },
            {"kind": "MessageSent", "msg_type": MARKER, "msg_data": make_junk(rng)},
            {"kind": "MessageSent", "msg_type": "bokeh_event", "msg_data": make_junk(rng)},
        ]
    )
    return patch(event)


def make_wrong_component_message(rng: random.Random, models: Models) -> list[Fragment]:
    name = rng.choice(["data_event", "dom_event", "tap", "document_ready", "button_click", MARKER])
    model: Any = {"id": rng.choice([pick_model(rng, models), models["Upload"]["id"], MARKER])}
    data = rng.choice(
        [
            make_junk(rng),
            {
                "kind": "begin",
                "number": 1,
                "name": [MARKER],
                "n_bytes": rng.choice([-1, 1e9, "9"]),
            },
            {"kind": "piece", "number": 1, "start": MARKER, "data": MARKER},
            {"type": "map", "entries": [["kind", "begin"], ["number", {}], ["n_bytes", 10**30]]},
        ]
    )
    entries = [["model", model], [rng.choice(["data", "node", MARKER]), data]]
    event = {"type": "event", "name": name, "values": {"type": "map", "entries": entries}}
    return patch({"kind": "MessageSent", "msg_type": "bokeh_event", "msg_data": event})


def make_deeply_nested(rng: random.Random, models: Models) -> list[Fragment]:
    deep = rng.choice(["[" * DEPTH + "]" * DEPTH, '{"a":' * DEPTH + "1" + "}" * DEPTH])
    model, place = pick_model(rng, models), rng.randrange(3)
    if place < 2:
        parts: list[Fragment] = patch()
        parts[place] = deep
        return parts
    head, _, tail = json.dumps({"events": [change(model, "value", "HERE")]}).partition('"HERE"')
    # The JSON parser accepts 900 levels; the deserializer after it may not.
    deep = deep if rng.random() < 0.5 else "[" * 900 + "]" * 900
    return ['{"msgid": "1", "msgtype": "PATCH-DOC"}', "{}", head + deep + tail]


def make_unexpected_message(rng: random.Random, models: Models) -> list[Fragment]:
    return rng.choice(
        [
            write_message("PUSH-DOC", {"doc": make_junk(rng)}),
            write_message("PUSH-DOC", {}),
            write_message("PUSH-DOC", {"doc": {"title": MARKER, "roots": [], "version": "0"}}),
            write_message("PULL-DOC-REPLY", {"doc": {}}, reqid="1"),
            write_message("PULL-DOC-REQ", make_junk(rng)),
            write_message("PATCH-DOC", make_junk(rng)),
        ]
    )

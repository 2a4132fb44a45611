"""All kinds of malformed websocket messages that a broken or hostile client can send.

The messages made here violate the protocol. `invalid_contents` makes messages that follow the
protocol and have invalid contents.
"""

import json
import random
import struct
from collections.abc import Callable
from typing import Any

from tests.robustness.sockets.invalid_contents import (
    MARKER,
    Fragment,
    Models,
    change,
    make_deeply_nested,
    make_unexpected_message,
    make_unknown_model,
    make_wrong_change,
    make_wrong_component_message,
    make_wrong_type,
    patch,
    pick_model,
    write_message,
)

HUGE_MB = (3, 9, 30)
ENDLESS = 40


def make_invalid_json(rng: random.Random, models: Models) -> list[Fragment]:
    parts: list[Fragment] = ['{"msgid": "1", "msgtype": "PATCH-DOC"}', "{}", '{"events": []}']
    parts[rng.randrange(3)] = rng.choice(["", "{", MARKER, "\0", "'", "NaN,", "{}{}"])
    return parts


def make_wrong_header(rng: random.Random, models: Models) -> list[Fragment]:
    header: Any = rng.choice(
        [
            [],
            None,
            7,
            MARKER,
            {},
            {"msgid": MARKER},
            {"msgtype": "PATCH-DOC"},
            {"msgtype": MARKER, "msgid": "1"},
            {"msgtype": [MARKER], "msgid": "1"},
            {"msgtype": {}, "msgid": {}},
            {"msgtype": "ACK", "msgid": "1"},
            {"msgtype": "OK", "msgid": "1", "reqid": MARKER},
            {"msgtype": "ERROR", "msgid": "1", "reqid": None},
        ]
    )
    return [json.dumps(header), rng.choice(["{}", "[]", "null"]), '{"events": []}']


def make_wrong_message_number(rng: random.Random, models: Models) -> list[Fragment]:
    number = rng.choice([None, 7, -1e300, MARKER * 5000, [MARKER], {MARKER: 1}, "\0"])
    kind = rng.choice(["SERVER-INFO-REQ", "PULL-DOC-REQ", "PATCH-DOC"])
    return write_message(kind, {"events": []}, msgid=number)


def make_huge(rng: random.Random, models: Models) -> list[Fragment]:
    n_bytes = rng.choice(HUGE_MB) * 2**20
    text = MARKER * (n_bytes // len(MARKER))
    return rng.choice(
        [
            [text],
            ['{"msgid": "1", "msgtype": "PATCH-DOC"}', "{}", text],
            [b"\0" * n_bytes],
            patch(change(pick_model(rng, models), "label", text)),
        ]
    )


def make_binary_part(rng: random.Random, models: Models) -> list[Fragment]:
    parts = patch(change(pick_model(rng, models), "value", 1))
    place = rng.randrange(3)
    parts[place] = rng.choice([str(parts[place]).encode(), b"\xff\xfe\0", rng.randbytes(500)])
    return parts


def make_wrong_buffers(rng: random.Random, models: Models) -> list[Fragment]:
    n = rng.choice([1, 2, -1, "2", None, 1.5, 10**12, [1]])
    head = write_message("PATCH-DOC", {"events": []}, num_buffers=n)
    rest: list[Fragment] = rng.choice(
        [
            [b"no header"],
            ['{"id": "a"}', "text instead of bytes"],
            ["{}", b""],
            [json.dumps({"id": {MARKER: 1}}), b"\0"],
            [json.dumps({"id": MARKER, "more": 1}), b"\0"],
            ["[]", b"\0"],
            ['{"id": "a"}', b"\0", '{"id": "a"}', b"\0", '{"id": "b"}', b"\0"],
        ]
    )
    return [*head, *rest]


def make_wrong_order(rng: random.Random, models: Models) -> list[Fragment]:
    parts = patch(change(pick_model(rng, models), "value", 1))
    rng.shuffle(parts)
    return rng.choice([parts, parts[:1], parts[:2], [*parts[1:], *parts], parts[:1] * 4])


def make_endless(rng: random.Random, models: Models) -> list[Fragment]:
    head = write_message("PATCH-DOC", {"events": []}, num_buffers=10**9)
    return [*head, *([json.dumps({"id": MARKER}), b"\0" * 2**20] * ENDLESS)]


class Frames(bytes):
    """Bytes for the TCP stream, below the level of messages."""


def frame(opcode: int, payload: bytes, *, is_last: bool = True, is_masked: bool = True) -> bytes:
    """Return a websocket frame; the mask is zero."""
    length = min(len(payload), 125)
    head = struct.pack("BB", opcode | 128 * is_last, length | 128 * is_masked)
    return head + (b"\0" * 4 if is_masked else b"") + payload[:length]


def make_broken_frames(rng: random.Random, models: Models) -> list[Fragment]:
    text = MARKER.encode()
    return [
        Frames(
            rng.choice(
                [
                    frame(1, text, is_last=False),  # the second half never arrives
                    frame(1, text, is_last=False) + frame(1, text),
                    frame(0, text),
                    frame(1, b"\xff\xfe\xfd"),
                    frame(1, text, is_masked=False),
                    frame(5, text),
                    frame(9, text, is_last=False),
                    frame(8, b"\0"),
                    frame(1 | 64, text),
                    struct.pack(">BBQ", 130, 255, 2**62) + b"\0" * 4 + text,
                    frame(2, text)[:9],
                    rng.randbytes(64),
                    b"GET / HTTP/1.1\r\n\r\n",
                ]
            )
        )
    ]


KINDS: dict[str, Callable[[random.Random, Models], list[Fragment]]] = {
    "not JSON": make_invalid_json,
    "wrong header": make_wrong_header,
    "wrong message number": make_wrong_message_number,
    "binary where text belongs": make_binary_part,
    "wrong buffers": make_wrong_buffers,
    "parts in another order, or missing": make_wrong_order,
    "unknown model": make_unknown_model,
    "wrong type of a value": make_wrong_type,
    "wrong change": make_wrong_change,
    "wrong message to a component": make_wrong_component_message,
    "message not for a server": make_unexpected_message,
    "nested 100,000 deep": make_deeply_nested,
    "3 to 30 MiB": make_huge,
    "buffers without end": make_endless,
    "broken frames": make_broken_frames,
}
# Weights of the kinds that take long; the other kinds have weight 1.
RARE = {"3 to 30 MiB": 0.2, "buffers without end": 0.1, "nested 100,000 deep": 0.5}


def list_messages(n: int, seed: int) -> list[str]:
    """Return the kinds of n random messages in the order of sending."""
    weights = [RARE.get(kind, 1.0) for kind in KINDS]
    return random.Random(seed).choices([*KINDS], weights, k=n)

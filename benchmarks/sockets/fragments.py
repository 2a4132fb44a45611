"""Malformed messages: what a broken or hostile client may send over a websocket, kind by kind.

Here are those that break the protocol; what is whole and says nonsense is in `sockets_messages`.
"""

import json
import random
import struct
from collections.abc import Callable
from typing import Any

from benchmarks.sockets.messages import (
    CANARY,
    Fragment,
    Models,
    change,
    patch,
    pick_model,
    send_deep,
    send_unexpected,
    send_unknown_model,
    send_wrong_component_message,
    send_wrong_event,
    send_wrong_type,
    write_message,
)

HUGE_MB = (3, 9, 30)
ENDLESS = 40


def send_no_json(dice: random.Random, models: Models) -> list[Fragment]:
    parts: list[Fragment] = ['{"msgid": "1", "msgtype": "PATCH-DOC"}', "{}", '{"events": []}']
    parts[dice.randrange(3)] = dice.choice(["", "{", CANARY, "\0", "'", "NaN,", "{}{}"])
    return parts


def send_wrong_header(dice: random.Random, models: Models) -> list[Fragment]:
    header: Any = dice.choice(
        [
            [],
            None,
            7,
            CANARY,
            {},
            {"msgid": CANARY},
            {"msgtype": "PATCH-DOC"},
            {"msgtype": CANARY, "msgid": "1"},
            {"msgtype": [CANARY], "msgid": "1"},
            {"msgtype": {}, "msgid": {}},
            {"msgtype": "ACK", "msgid": "1"},
            {"msgtype": "OK", "msgid": "1", "reqid": CANARY},
            {"msgtype": "ERROR", "msgid": "1", "reqid": None},
        ]
    )
    return [json.dumps(header), dice.choice(["{}", "[]", "null"]), '{"events": []}']


def send_wrong_number(dice: random.Random, models: Models) -> list[Fragment]:
    number = dice.choice([None, 7, -1e300, CANARY * 5000, [CANARY], {CANARY: 1}, "\0"])
    kind = dice.choice(["SERVER-INFO-REQ", "PULL-DOC-REQ", "PATCH-DOC"])
    return write_message(kind, {"events": []}, msgid=number)


def send_huge(dice: random.Random, models: Models) -> list[Fragment]:
    n_bytes = dice.choice(HUGE_MB) * 2**20
    text = CANARY * (n_bytes // len(CANARY))
    return dice.choice(
        [
            [text],
            ['{"msgid": "1", "msgtype": "PATCH-DOC"}', "{}", text],
            [b"\0" * n_bytes],
            patch(change(pick_model(dice, models), "label", text)),
        ]
    )


def send_binary(dice: random.Random, models: Models) -> list[Fragment]:
    parts = patch(change(pick_model(dice, models), "value", 1))
    place = dice.randrange(3)
    parts[place] = dice.choice([str(parts[place]).encode(), b"\xff\xfe\0", dice.randbytes(500)])
    return parts


def send_wrong_buffers(dice: random.Random, models: Models) -> list[Fragment]:
    n = dice.choice([1, 2, -1, "2", None, 1.5, 10**12, [1]])
    head = write_message("PATCH-DOC", {"events": []}, num_buffers=n)
    rest: list[Fragment] = dice.choice(
        [
            [b"no header"],
            ['{"id": "a"}', "text instead of bytes"],
            ["{}", b""],
            [json.dumps({"id": {CANARY: 1}}), b"\0"],
            [json.dumps({"id": CANARY, "more": 1}), b"\0"],
            ["[]", b"\0"],
            ['{"id": "a"}', b"\0", '{"id": "a"}', b"\0", '{"id": "b"}', b"\0"],
        ]
    )
    return [*head, *rest]


def send_wrong_order(dice: random.Random, models: Models) -> list[Fragment]:
    parts = patch(change(pick_model(dice, models), "value", 1))
    dice.shuffle(parts)
    return dice.choice([parts, parts[:1], parts[:2], [*parts[1:], *parts], parts[:1] * 4])


def send_endless(dice: random.Random, models: Models) -> list[Fragment]:
    head = write_message("PATCH-DOC", {"events": []}, num_buffers=10**9)
    return [*head, *([json.dumps({"id": CANARY}), b"\0" * 2**20] * ENDLESS)]


class Frames(bytes):
    """Bytes for the socket itself, below messages."""


def frame(opcode: int, payload: bytes, *, is_last: bool = True, is_masked: bool = True) -> bytes:
    """A websocket's frame; the mask is zero."""
    length = min(len(payload), 125)
    head = struct.pack("BB", opcode | 128 * is_last, length | 128 * is_masked)
    return head + (b"\0" * 4 if is_masked else b"") + payload[:length]


def send_broken_frames(dice: random.Random, models: Models) -> list[Fragment]:
    text = CANARY.encode()
    return [
        Frames(
            dice.choice(
                [
                    frame(1, text, is_last=False),  # the other half never comes
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
                    dice.randbytes(64),
                    b"GET / HTTP/1.1\r\n\r\n",
                ]
            )
        )
    ]


KINDS: dict[str, Callable[[random.Random, Models], list[Fragment]]] = {
    "not JSON": send_no_json,
    "wrong header": send_wrong_header,
    "wrong message number": send_wrong_number,
    "binary where text belongs": send_binary,
    "wrong buffers": send_wrong_buffers,
    "parts in another order, or missing": send_wrong_order,
    "unknown model": send_unknown_model,
    "wrong type of a value": send_wrong_type,
    "wrong change": send_wrong_event,
    "wrong message to a component": send_wrong_component_message,
    "message not for a server": send_unexpected,
    "nested 100,000 deep": send_deep,
    "3 to 30 MiB": send_huge,
    "buffers without end": send_endless,
    "broken frames": send_broken_frames,
}
RARE = {"3 to 30 MiB": 0.2, "buffers without end": 0.1, "nested 100,000 deep": 0.5}
"""How often, beside others, what takes its time comes."""


def list_messages(n: int, seed: int) -> list[str]:
    """The kinds of so many messages, in the order in which they are to be sent."""
    weights = [RARE.get(kind, 1.0) for kind in KINDS]
    return random.Random(seed).choices([*KINDS], weights, k=n)

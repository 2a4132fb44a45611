"""The values of a JSON text one after the other, in bounded memory."""

import codecs
import json
import re
from collections.abc import Iterator
from typing import Any

from clusterer.tables.errors import TableError
from clusterer.tables.files.rendered_text import Read
from clusterer.tables.limits import READ_BUDGET

BLOCK_BYTES = 2**18
BLANKS = " \t\r\n"
SEPARATORS = re.compile(r"[ \t\r\n,]*")
# What Python takes for each object or array, and for each other value with its key.
CONTAINER_BYTES, VALUE_BYTES = 96, 96


class BrokenValue:
    """A line of JSON lines that is no JSON."""


def make_decoder() -> json.JSONDecoder:
    """Return a decoder that keeps numbers as they are written."""
    return json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str)


def read_lines(read: Read, name: str, max_line_bytes: int) -> Iterator[Any]:
    r"""Yield the values of JSON lines; a line that is no JSON is a `BrokenValue`.

    Examples
    --------
    >>> blocks = iter([b'{"x": 1}\n{"x"', b': 2.50}\n', b""])
    >>> list(read_lines(lambda n_bytes: next(blocks), "t", 100))
    [{'x': '1'}, {'x': '2.50'}]
    """
    decoder = make_decoder()
    pending = b""
    while True:
        block = read(BLOCK_BYTES)
        lines = (pending + block).split(b"\n")
        pending = lines.pop() if block else b""
        if len(pending) > max_line_bytes:
            raise TableError(f"{name} has a line of JSON longer than {max_line_bytes:,} bytes")
        for line in lines:
            text = line.decode("utf-8", "replace").strip(BLANKS)
            if text:
                yield _decode_line(decoder, text)
        if not block:
            return


def _decode_line(decoder: json.JSONDecoder, text: str) -> Any:
    try:
        return decoder.decode(text)
    except (ValueError, RecursionError):
        return BrokenValue()


def read_values(read: Read, name: str, max_bytes: int) -> Iterator[Any]:
    """Yield the elements of a JSON array, or JSON values that follow each other.

    Raises TableError where the text is no JSON, or if one value has more than `max_bytes` bytes.
    """
    decoder = make_decoder()
    decode = codecs.getincrementaldecoder("utf-8")("replace").decode
    text, n_before = decode(read(BLOCK_BYTES)), 0
    start = _skip(text, 0)
    is_array = text[start : start + 1] == "["
    start += is_array
    while True:
        start = _skip(text, start)
        if is_array and text[start : start + 1] == "]":
            return
        value, stop = _try_decode(decoder, text, start)
        # A number may go on after the end of the block.
        if stop is None or stop >= len(text) - 1:
            block = read(BLOCK_BYTES)
            if block and len(text) - start <= max_bytes:
                n_before += start
                text, start = text[start:] + decode(block), 0
                continue
            if stop is None:
                if not text[start:] and not is_array:
                    return
                place = f"{n_before + start:,} characters"
                raise TableError(f"{name} is no valid JSON, or is cut short, after {place}")
        yield value
        assert stop is not None
        start = stop


def read_document(read: Read, name: str) -> Any:
    """Return a JSON text as one value; TableError if that would take too much memory."""
    blocks, n_taken = [], 0
    while block := read(BLOCK_BYTES):
        blocks.append(block)
        n_taken += 5 * len(block)
        n_taken += CONTAINER_BYTES * (block.count(b"{") + block.count(b"["))
        n_taken += VALUE_BYTES * block.count(b",")
        if n_taken > READ_BUDGET:
            raise TableError(
                f"{name} is a JSON text too large to be read at once: save its rows as JSON lines "
                "or CSV, which are read bit by bit"
            )
    try:
        return make_decoder().decode(b"".join(blocks).decode("utf-8", "replace"))
    except (ValueError, RecursionError) as error:
        reason = str(error) if isinstance(error, json.JSONDecodeError) else "it is nested too deep"
        raise TableError(f"{name} is no valid JSON: {reason}") from None


def _try_decode(decoder: json.JSONDecoder, text: str, start: int) -> tuple[Any, int | None]:
    try:
        return decoder.raw_decode(text, start)
    except (ValueError, RecursionError):
        return None, None


def _skip(text: str, start: int) -> int:
    """Return where the blanks and commas from `start` on end."""
    found = SEPARATORS.match(text, start)
    return found.end() if found else start

"""A stream of bytes cut into blocks of whole lines, with every line end made a newline."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from clusterer.tables.files.byte_stream import TextStream

HEAD_BYTES = 2**20
BLOCK_BYTES = 4 * 2**20
# How far back a cut moves to keep a quoted cell with line ends in it whole.
N_BACK_BYTES = 2**16


@dataclass(frozen=True)
class Block:
    """Whole lines, each ending with a newline; `line` is the number of the first, from 1.

    `long_lines` are the numbers of lines that were longer than allowed and left out
    (where they stood an empty line stands).
    """

    data: bytes
    line: int
    long_lines: tuple[int, ...] = ()


class _LineEnds:
    """Makes all line ends newlines, also where CR and LF are cut in two."""

    def __init__(self) -> None:
        self._held = b""

    def unified(self, data: bytes, at_end: bool) -> bytes:
        data = self._held + data if self._held else data
        self._held = b""
        if b"\r" not in data:
            return data
        if data.endswith(b"\r") and not at_end:
            self._held, data = b"\r", data[:-1]
        return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def read_blocks(stream: TextStream, max_line_bytes: int, quote: bytes = b'"') -> Iterator[Block]:
    """Yield the text of `stream` in blocks, a small one first.

    Lines beyond `max_line_bytes` are never held: they are emptied and told in the block.
    """
    ends, pending, line = _LineEnds(), b"", 1
    overlong: int | None = None
    following = stream.read(HEAD_BYTES)
    while True:
        fresh, following = following, stream.read(BLOCK_BYTES) if following else b""
        at_end = not following
        data = pending + ends.unified(fresh, at_end)
        if overlong is not None:
            data = data[data.find(b"\n") :] if b"\n" in data else b""
        if at_end and data and not data.endswith(b"\n"):
            data += b"\n"
        cut = _cut(data, quote, at_end)
        pending = data[cut:]
        told: tuple[int, ...] = ()
        if cut and overlong is not None:
            told, overlong = (overlong,), None
        whole, long_lines = _without_long_lines(data[:cut], line, max_line_bytes)
        if whole or told:
            yield Block(whole, line, told + long_lines)
        line += whole.count(b"\n")
        if len(pending) > max_line_bytes and overlong is None and b"\n" not in pending:
            pending, overlong = b"", line
        if at_end:
            if overlong is not None:
                yield Block(b"", line, (overlong,))
            return


def _cut(data: bytes, quote: bytes, at_end: bool) -> int:
    """Return where the last whole line ends that is not within quotes."""
    if at_end:
        return len(data)
    cut = data.rfind(b"\n") + 1
    if quote not in data or data.count(quote, 0, cut) % 2 == 0:
        return cut
    earlier, is_odd = cut, True
    while earlier > max(1, cut - N_BACK_BYTES):
        newline = data.rfind(b"\n", 0, earlier - 1)
        is_odd ^= data.count(quote, newline + 1, earlier) % 2 == 1
        earlier = newline + 1
        if not is_odd:
            return earlier or cut
    return cut


def _has_long_line(data: bytes, most: int) -> bool:
    start = 0
    while len(data) - start > most:
        # From the far end, so that most of the block is never looked at.
        start = data.rfind(b"\n", start, start + most + 1) + 1
        if start == 0:
            return True
    return False


def _without_long_lines(data: bytes, line: int, most: int) -> tuple[bytes, tuple[int, ...]]:
    if not _has_long_line(data, most):
        return data, ()
    ends = np.flatnonzero(np.frombuffer(data, np.uint8) == ord("\n"))
    lengths = np.diff(ends, prepend=-1) - 1
    overlong = np.flatnonzero(lengths > most)
    if not overlong.size:
        return data, ()
    pieces, start = [], 0
    for i in overlong.tolist():
        pieces.append(data[start : int(ends[i] - lengths[i])])
        start = int(ends[i])
    return b"".join([*pieces, data[start:]]), tuple((line + overlong).tolist())

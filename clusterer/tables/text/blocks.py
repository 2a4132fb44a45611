"""A stream of bytes cut into blocks of whole lines; every line ends with a newline."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from clusterer.tables.files.byte_stream import TextStream

HEAD_BYTES = 2**20
BLOCK_BYTES = 4 * 2**20
# A cut moves back by at most this much, so that a quoted cell with line ends stays whole.
MAX_BACK_BYTES = 2**16


@dataclass(frozen=True)
class Block:
    """Whole lines, each with a newline at its end.

    Parameters
    ----------
    data : bytes
        The lines in UTF-8.
    first_line : int
        The number of the first line, from 1.
    long_lines : tuple of int
        The numbers of the lines beyond the length limit; each is replaced by an empty line.
    """

    data: bytes
    first_line: int
    long_lines: tuple[int, ...] = ()


class _LineEnds:
    """Replaces CR LF and CR by newlines, also where CR LF is cut between two reads."""

    def __init__(self) -> None:
        self._pending = b""

    def unify(self, data: bytes, at_end: bool) -> bytes:
        data = self._pending + data if self._pending else data
        self._pending = b""
        if b"\r" not in data:
            return data
        if data.endswith(b"\r") and not at_end:
            self._pending, data = b"\r", data[:-1]
        return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def read_blocks(stream: TextStream, max_line_bytes: int, quote: bytes = b'"') -> Iterator[Block]:
    """Yield the text of `stream` in blocks, a small block first.

    Lines beyond `max_line_bytes` are never kept in memory; the block lists their numbers.
    """
    ends, pending, line = _LineEnds(), b"", 1
    overlong: int | None = None
    following = stream.read(HEAD_BYTES)
    while True:
        fresh, following = following, stream.read(BLOCK_BYTES) if following else b""
        at_end = not following
        data = pending + ends.unify(fresh, at_end)
        if overlong is not None:
            data = data[data.find(b"\n") :] if b"\n" in data else b""
        if at_end and data and not data.endswith(b"\n"):
            data += b"\n"
        cut = _find_cut(data, quote, at_end)
        pending = data[cut:]
        ended: tuple[int, ...] = ()
        if cut and overlong is not None:
            ended, overlong = (overlong,), None
        whole, long_lines = _empty_long_lines(data[:cut], line, max_line_bytes)
        if whole or ended:
            yield Block(whole, line, ended + long_lines)
        line += whole.count(b"\n")
        if len(pending) > max_line_bytes and overlong is None and b"\n" not in pending:
            pending, overlong = b"", line
        if at_end:
            if overlong is not None:
                yield Block(b"", line, (overlong,))
            return


def _find_cut(data: bytes, quote: bytes, at_end: bool) -> int:
    """Return the end of the last whole line that is not inside quotes."""
    if at_end:
        return len(data)
    cut = data.rfind(b"\n") + 1
    if quote not in data or data.count(quote, 0, cut) % 2 == 0:
        return cut
    earlier, is_odd = cut, True
    while earlier > max(1, cut - MAX_BACK_BYTES):
        newline = data.rfind(b"\n", 0, earlier - 1)
        is_odd ^= data.count(quote, newline + 1, earlier) % 2 == 1
        earlier = newline + 1
        if not is_odd:
            return earlier or cut
    return cut


def _empty_long_lines(data: bytes, line: int, most: int) -> tuple[bytes, tuple[int, ...]]:
    """Return the data with lines beyond `most` bytes emptied, and the numbers of these lines."""
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


def _has_long_line(data: bytes, most: int) -> bool:
    start = 0
    while len(data) - start > most:
        # The search goes backwards from the limit, so it skips most of the block.
        start = data.rfind(b"\n", start, start + most + 1) + 1
        if start == 0:
            return True
    return False

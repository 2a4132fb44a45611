"""A pipe that can be opened more than once, as long as only its beginning was read."""

import io
from typing import Any, BinaryIO

MOST_HELD_BYTES = 256 * 2**20


class Pipe:
    """What comes through a pipe, such as the standard input, as if it were a file.

    To find out what a table is, its beginning is read several times: that is held in memory
    until `settle` is called. The opening after that reads on, and is the last.

    Parameters
    ----------
    source : binary file
        Has ``read1``, as the buffer of the standard input.
    name : str, default "standard input"
        What to call it in messages.

    Examples
    --------
    >>> pipe = Pipe(io.BytesIO(b"x,y"))
    >>> pipe.open("rb").read(1), pipe.open("rb").read(2)
    (b'x', b'x,')
    >>> pipe.settle()
    >>> pipe.open("rb").read(9)
    b'x,y'
    """

    def __init__(self, source: BinaryIO | io.BufferedIOBase, name: str = "standard input") -> None:
        self.name = name
        self._source: Any = source
        self._held = bytearray()
        self._is_settled = False
        self._is_spent = False

    def settle(self) -> None:
        """Hold nothing of what comes from now on: one more opening is all there is."""
        self._is_settled = True

    def open(self, mode: str = "rb") -> BinaryIO:
        """Read from the beginning."""
        if self._is_spent:
            raise OSError("what has come through a pipe is gone")
        self._is_spent = self._is_settled
        return io.BufferedReader(_Reader(self), 2**20)

    def read_at(self, place: int, n_bytes: int) -> bytes:
        """Up to ``n_bytes`` from a place on, which is never before what is still held."""
        if place < len(self._held):
            return bytes(self._held[place : place + n_bytes])
        data: bytes = self._source.read1(n_bytes)
        if self._is_settled:
            self._held.clear()
        else:
            self._held += data
            if len(self._held) > MOST_HELD_BYTES:
                raise OSError("too much is to be read to find out what the table is")
        return data


class _Reader(io.RawIOBase):
    """Reads a pipe from its beginning on."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe
        self._place = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._pipe.read_at(self._place, len(buffer))
        buffer[: len(data)] = data
        self._place += len(data)
        return len(data)

    def tell(self) -> int:
        return self._place

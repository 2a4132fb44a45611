"""A pipe, such as the standard input, that can be opened several times at its beginning."""

import io
from typing import Any, BinaryIO

MAX_BUFFER_BYTES = 256 * 2**20


class Pipe:
    """A pipe with the methods of a path that the reader needs.

    The reader opens a table several times to detect its format. The pipe keeps the bytes that
    were read until `stop_buffering` is called; after that call it can be opened once more.

    Parameters
    ----------
    source : binary file
        Must have ``read1``, as ``sys.stdin.buffer`` has.
    name : str, default "standard input"
        The name of the table in messages.

    Examples
    --------
    >>> pipe = Pipe(io.BytesIO(b"x,y"))
    >>> pipe.open("rb").read(1), pipe.open("rb").read(2)
    (b'x', b'x,')
    >>> pipe.stop_buffering()
    >>> pipe.open("rb").read(9)
    b'x,y'
    """

    def __init__(self, source: BinaryIO | io.BufferedIOBase, name: str = "standard input") -> None:
        self.name = name
        self._source: Any = source
        self._buffer = bytearray()
        self._is_buffering = True
        self._is_consumed = False

    def stop_buffering(self) -> None:
        """Keep no more bytes; the pipe can be opened once more."""
        self._is_buffering = False

    def open(self, mode: str = "rb") -> BinaryIO:
        """Return a file that reads from the beginning; OSError if the bytes are not kept."""
        if self._is_consumed:
            raise OSError("the data of a pipe can be read only once")
        self._is_consumed = not self._is_buffering
        return io.BufferedReader(_PipeReader(self), 2**20)

    def read_at(self, position: int, n_bytes: int) -> bytes:
        """Return up to `n_bytes` bytes; `position` is in the buffer or directly after it."""
        if position < len(self._buffer):
            return bytes(self._buffer[position : position + n_bytes])
        data: bytes = self._source.read1(n_bytes)
        if not self._is_buffering:
            self._buffer.clear()
        else:
            self._buffer += data
            if len(self._buffer) > MAX_BUFFER_BYTES:
                raise OSError("the beginning of the table is too large to keep; name a file")
        return data


class _PipeReader(io.RawIOBase):
    """Reads a pipe from its beginning."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe
        self._position = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._pipe.read_at(self._position, len(buffer))
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)

    def tell(self) -> int:
        return self._position

"""A file as a stream of UTF-8 bytes: unpacked, transcoded, and never beyond the limits."""

import bz2
import codecs
import gzip
import zlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Protocol, Self

import pyarrow as pa

from clusterer.support.text import format_bytes
from clusterer.tables.errors import TableError
from clusterer.tables.files.encoding import Encoding
from clusterer.tables.files.pipe import Pipe
from clusterer.tables.limits import Limits

DAMAGE = (EOFError, OSError, zlib.error, pa.ArrowException)
# Below this much even the emptiest table is no burden, and short ones pack extremely well.
N_TRUSTED_BYTES = 32 * 2**20
N_PROBE_BYTES = 64 * 2**20


class Readable(Protocol):
    """What the unpackers have in common."""

    def read(self, size: int = -1, /) -> bytes:
        """Return up to `size` bytes."""

    def close(self) -> None:
        """Let go of what is held."""


class ByteStream:
    """The unpacked bytes of a file, counted while they are read."""

    def __init__(self, path: Path | Pipe, name: str, packing: str | None, limits: Limits) -> None:
        self._name, self._packing, self._limits = name, packing, limits
        self._n_bytes = 0
        try:
            self._file: BinaryIO = path.open("rb")
        except OSError as error:
            message = f"{name} cannot be opened: {error.strerror or 'it is gone'}"
            raise TableError(message) from None
        self._source: Readable = _unpacker(self._file, packing)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        try:
            self._source.close()
        finally:
            self._file.close()

    def read(self, n_bytes: int) -> bytes:
        """Return up to `n_bytes` bytes, none at the end."""
        try:
            data = bytes(self._source.read(n_bytes))
        except DAMAGE:
            word = f"the {self._packing} data of {self._name}" if self._packing else self._name
            place = f" after {format_bytes(self._n_bytes)}" if self._n_bytes else ""
            raise TableError(f"{word} is damaged or cut short{place}; make it again") from None
        self._n_bytes += len(data)
        self._check()
        return data

    def _check(self) -> None:
        most = self._limits.max_bytes
        if self._n_bytes > most:
            word = "unpacks to" if self._packing else "has"
            message = (
                f"{self._name} {word} more than the {format_bytes(most)} that max_bytes allows"
            )
            raise TableError(message)
        if self._packing and self._n_bytes > N_TRUSTED_BYTES:
            ratio = self._n_bytes / max(1, self._file.tell())
            if ratio > self._limits.max_ratio:
                raise TableError(
                    f"{self._name} unpacks to more than {self._limits.max_ratio} times its size, "
                    "as a decompression bomb does; if it is real, unpack it first"
                )


@dataclass(frozen=True)
class Stamp:
    """Which file a path led to, and how long it was."""

    path: Path
    name: str
    inode: int
    n_bytes: int

    @classmethod
    def of(cls, path: Path, name: str) -> Self:
        """Return the stamp of the file as it is now."""
        status = path.stat()
        return cls(path, name, status.st_ino, status.st_size)

    def check(self) -> None:
        """Raise TableError if there is another file now, or a shorter one; it may have grown."""
        with suppress(OSError):
            now = Stamp.of(self.path, self.name)
            if now.inode != self.inode or now.n_bytes < self.n_bytes:
                raise TableError(f"{self.name} has changed since it was opened: open it again")


class TextStream:
    """The text of a file as UTF-8 bytes, whatever its encoding."""

    def __init__(self, source: ByteStream, encoding: Encoding) -> None:
        self._source = source
        self._n_to_skip = encoding.n_mark_bytes
        self._decoder: codecs.IncrementalDecoder | None = None
        # Bytes that are UTF-8 already pass as they are; a wrong one is dealt with in its line.
        if encoding.codec not in ("utf-8", "ascii"):
            self._decoder = codecs.getincrementaldecoder(encoding.codec)("replace")

    def read(self, n_bytes: int) -> bytes:
        """Return about `n_bytes` bytes, none at the end only."""
        while True:
            data = self._source.read(n_bytes)
            at_end = not data
            skipped, self._n_to_skip = data[self._n_to_skip :], max(0, self._n_to_skip - len(data))
            text = self._transcoded(skipped, at_end)
            if text or at_end:
                return text

    def _transcoded(self, data: bytes, at_end: bool) -> bytes:
        if self._decoder is None:
            return data
        try:
            text = self._decoder.decode(data, final=at_end)
        except (UnicodeError, ValueError):
            raise TableError("the text is not in the chosen encoding; choose another") from None
        return text.encode("utf-8", "replace")


def probe(stream: ByteStream) -> None:
    """Unpack a first stretch, so that a bomb is refused before anything is made of it."""
    n_left = N_PROBE_BYTES
    while n_left > 0 and (data := stream.read(2**20)):
        n_left -= len(data)


def _unpacker(file: BinaryIO, packing: str | None) -> Readable:
    if packing == "gzip":
        return gzip.GzipFile(fileobj=file)
    if packing == "bzip2":
        return bz2.BZ2File(file)
    if packing == "zstd":
        unpacker: Readable = pa.CompressedInputStream(pa.PythonFile(file, mode="r"), "zstd")
        return unpacker
    return file

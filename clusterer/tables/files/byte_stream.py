"""A file as a stream of UTF-8 bytes: decompressed, transcoded, and within the limits."""

import bz2
import codecs
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Protocol, Self

import pyarrow as pa

from clusterer.support.text import format_bytes
from clusterer.tables.errors import TableError
from clusterer.tables.files.archive import open_member
from clusterer.tables.files.encoding import Encoding
from clusterer.tables.files.pipe import Pipe
from clusterer.tables.files.rendered_text import RenderedText
from clusterer.tables.limits import MIN_BOMB_BYTES, READ_BUDGET, Limits

DAMAGE_ERRORS = (
    EOFError,
    OSError,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
    pa.ArrowException,
)
N_BOMB_CHECK_BYTES = 64 * 2**20
Openable = Path | Pipe | RenderedText
"""What has `open` and a name, as a path has."""


class Readable(Protocol):
    """The common methods of files and decompressors."""

    def read(self, size: int = -1, /) -> bytes:
        """Return up to `size` bytes."""

    def close(self) -> None:
        """Release the resources."""


class ByteStream:
    """The decompressed bytes of a file; reading beyond a limit raises TableError.

    Parameters
    ----------
    path : Path, Pipe or RenderedText
        The file.
    name : str
        The name of the table in messages.
    compression : str or None
        "gzip", "bzip2", "zstd", "xz", "zip" (of one table) or None.
    limits : Limits
        The largest sizes that are read.
    """

    def __init__(self, path: Openable, name: str, compression: str | None, limits: Limits) -> None:
        self._name, self._compression, self._limits = name, compression, limits
        self._n_bytes = 0
        try:
            self._file: BinaryIO = path.open("rb")
        except OSError as error:
            message = f"{name} cannot be opened: {error.strerror or error}"
            raise TableError(message) from None
        try:
            self._source: Readable = _open_decompressor(self._file, name, compression)
        except BaseException:
            self._file.close()
            raise

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
        """Return up to `n_bytes` bytes; no bytes mean the end."""
        try:
            data = bytes(self._source.read(n_bytes))
        except DAMAGE_ERRORS:
            part = f"the {self._compression} data of {self._name}"
            subject = part if self._compression else self._name
            place = f" after {format_bytes(self._n_bytes)}" if self._n_bytes else ""
            raise TableError(f"{subject} is damaged or cut short{place}; make it again") from None
        self._n_bytes += len(data)
        self._check_limits()
        return data

    def _check_limits(self) -> None:
        if self._n_bytes > self._limits.max_bytes:
            verb = "unpacks to" if self._compression else "has"
            limit = format_bytes(self._limits.max_bytes)
            raise TableError(f"{self._name} {verb} more than the {limit} that max_bytes allows")
        if self._compression and self._n_bytes > MIN_BOMB_BYTES:
            ratio = self._n_bytes / max(1, self._count_packed())
            if ratio > self._limits.max_ratio:
                raise TableError(
                    f"{self._name} unpacks to more than {self._limits.max_ratio} times its size, "
                    "as a decompression bomb does; if it is a real table, unpack it first"
                )

    def _count_packed(self) -> int:
        """Return the number of compressed bytes that were read; of a zip archive, its size."""
        if self._compression != "zip":
            return self._file.tell()
        place = self._file.tell()
        n_bytes = self._file.seek(0, io.SEEK_END)
        self._file.seek(place)
        return n_bytes


def refuse_bomb(stream: ByteStream) -> None:
    """Read the first 64 MiB, so that a decompression bomb raises TableError before parsing."""
    n_left = N_BOMB_CHECK_BYTES
    while n_left > 0 and (data := stream.read(2**20)):
        n_left -= len(data)


def _open_decompressor(file: BinaryIO, name: str, compression: str | None) -> Readable:
    if compression == "gzip":
        return gzip.GzipFile(fileobj=file)
    if compression == "bzip2":
        return bz2.BZ2File(file)
    if compression == "zstd":
        stream: Readable = pa.CompressedInputStream(pa.PythonFile(file, mode="r"), "zstd")
        return stream
    if compression == "xz":
        return _XzReader(file)
    if compression == "zip":
        return open_member(file, name)
    return file


class _XzReader:
    """Decompresses xz with bounded memory; `lzma.LZMAFile` takes any dictionary size."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._decompressor = self._start()

    @staticmethod
    def _start() -> lzma.LZMADecompressor:
        return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=READ_BUDGET)

    def read(self, size: int = -1, /) -> bytes:
        """Return up to `size` bytes; no bytes mean the end."""
        while True:
            if self._decompressor.eof:
                # A file may hold several streams, with zeros between them.
                rest = self._decompressor.unused_data.lstrip(b"\0")
                while not rest and (data := self._file.read(2**16)):
                    rest = data.lstrip(b"\0")
                if not rest:
                    return b""
                self._decompressor = self._start()
                packed = rest
            else:
                packed = self._file.read(2**16) if self._decompressor.needs_input else b""
                if not packed and self._decompressor.needs_input:
                    raise EOFError
            try:
                data = self._decompressor.decompress(packed, size)
            except lzma.LZMAError as error:
                if "limit" not in str(error):
                    raise
                most = format_bytes(READ_BUDGET)
                message = f"the xz data need more than {most} of memory to unpack: use gzip or zstd"
                raise TableError(message) from None
            if data:
                return data

    def close(self) -> None:
        """Do nothing; the owner closes the file."""


class TextStream:
    """The text of a file as UTF-8 bytes, whatever its encoding."""

    def __init__(self, source: ByteStream, encoding: Encoding) -> None:
        self._source = source
        self._n_to_skip = encoding.n_mark_bytes
        self._decoder: codecs.IncrementalDecoder | None = None
        # UTF-8 passes unchanged; `text_source` handles a wrong byte within its line.
        if encoding.codec not in ("utf-8", "ascii"):
            self._decoder = codecs.getincrementaldecoder(encoding.codec)("replace")

    def read(self, n_bytes: int) -> bytes:
        """Return about `n_bytes` bytes; no bytes mean the end."""
        while True:
            data = self._source.read(n_bytes)
            at_end = not data
            skipped, self._n_to_skip = data[self._n_to_skip :], max(0, self._n_to_skip - len(data))
            text = self._transcode(skipped, at_end)
            if text or at_end:
                return text

    def _transcode(self, data: bytes, at_end: bool) -> bytes:
        if self._decoder is None:
            return data
        try:
            text = self._decoder.decode(data, final=at_end)
        except (UnicodeError, ValueError):
            raise TableError("the text is not in the chosen encoding; choose another") from None
        return text.encode("utf-8", "replace")


@dataclass(frozen=True)
class TextInput:
    """A text that can be opened again and again.

    Parameters
    ----------
    path : Path or Pipe
        The file.
    name : str
        The name of the table in messages.
    compression : str or None
        As for `ByteStream`.
    encoding : Encoding
        The encoding of the text.
    limits : Limits
        The largest sizes that are read.
    """

    path: Path | Pipe
    name: str
    compression: str | None
    encoding: Encoding
    limits: Limits

    @contextmanager
    def open(self) -> Iterator[Callable[[int], bytes]]:
        """Open the text; the value is a function that reads UTF-8 from its beginning on."""
        with ByteStream(self.path, self.name, self.compression, self.limits) as stream:
            yield TextStream(stream, self.encoding).read


@dataclass(frozen=True)
class FileStamp:
    """The identity and the size of a file at one time, to detect that it was replaced."""

    path: Path
    name: str
    inode: int
    n_bytes: int

    @classmethod
    def read(cls, path: Path, name: str) -> Self:
        """Return the stamp of the file as it is now."""
        status = path.stat()
        return cls(path, name, status.st_ino, status.st_size)

    def check(self) -> None:
        """Raise TableError if the file was replaced or is shorter now; it may have grown."""
        with suppress(OSError):
            now = FileStamp.read(self.path, self.name)
            if now.inode != self.inode or now.n_bytes < self.n_bytes:
                raise TableError(f"{self.name} has changed since it was opened: open it again")

"""The messages of an Arrow stream, measured without decompressing their buffers.

A message is a mark, the length of its description, the description, and the body. The description
is a FlatBuffers table as defined in Message.fbs and Schema.fbs of Apache Arrow; a buffer that is
compressed begins with its size after decompression.
"""

import struct
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

MARK = b"\xff\xff\xff\xff"
MAX_DESCRIPTION_BYTES = 16 * 2**20
SCHEMA, DICTIONARY, RECORDS = 1, 2, 3


class Message(NamedTuple):
    """A message: its kind, its rows, and the bytes that it takes in memory."""

    kind: int
    n_rows: int
    n_bytes: int


def list_messages(file: BinaryIO) -> Iterator[Message]:
    """Yield the messages from the place of the file on; ValueError if they are damaged."""
    while True:
        start = file.read(8)
        length = int.from_bytes(start[4:], "little")
        if start[:4] != MARK:
            raise ValueError("a message without its mark")
        if length == 0:
            return
        if length > MAX_DESCRIPTION_BYTES:
            raise ValueError("a message with too long a description")
        description = file.read(length)
        if len(description) < length:
            raise ValueError("a message that is cut short")
        body_start = file.tell()
        try:
            message, n_body = _read_message(file, description, body_start)
        except struct.error:
            raise ValueError("a message with a damaged description") from None
        yield message
        file.seek(body_start + n_body)


def _read_message(file: BinaryIO, description: bytes, body_start: int) -> tuple[Message, int]:
    message = _Table(description, struct.unpack_from("<I", description)[0])
    kind, n_body = message.read(1, "<B"), message.read(3, "<q")
    if n_body < 0:
        raise ValueError("a message of negative size")
    header = message.follow(2)
    records = header.follow(1) if kind == DICTIONARY and header else header
    if kind not in (DICTIONARY, RECORDS) or records is None:
        return Message(kind, 0, n_body), n_body
    n_rows, n_unpacked = records.read(0, "<q"), 0
    if records.follow(3) is not None:
        for offset, length in records.list_pairs(2):
            if length >= 8:
                file.seek(body_start + offset)
                # -1 stands for a buffer that is not compressed.
                n_unpacked += max(0, *struct.unpack("<q", file.read(8)), 0)
    return Message(kind, n_rows, n_body + n_unpacked), n_body


class _Table:
    """A table of FlatBuffers; struct.error where it points outside its data."""

    def __init__(self, data: bytes, place: int) -> None:
        self._data, self._place = data, place
        self._fields = place - self._unpack("<i", place)
        self._n_field_bytes = self._unpack("<H", self._fields)

    def _unpack(self, form: str, place: int) -> int:
        if place < 0:
            raise struct.error
        value: int = struct.unpack_from(form, self._data, place)[0]
        return value

    def _find(self, number: int) -> int:
        """Return the place of a field; 0 if the table leaves it out."""
        entry = 4 + 2 * number
        if entry >= self._n_field_bytes:
            return 0
        offset = self._unpack("<H", self._fields + entry)
        return self._place + offset if offset else 0

    def read(self, number: int, form: str) -> int:
        """Return a number; 0 if it is left out."""
        place = self._find(number)
        return self._unpack(form, place) if place else 0

    def follow(self, number: int) -> "_Table | None":
        """Return the table that a field points to; None if there is none."""
        place = self._find(number)
        return _Table(self._data, place + self._unpack("<I", place)) if place else None

    def list_pairs(self, number: int) -> Iterator[tuple[int, int]]:
        """Yield the pairs of whole numbers that a field points to."""
        place = self._find(number)
        if place:
            start = place + self._unpack("<I", place)
            for i in range(self._unpack("<I", start)):
                yield struct.unpack_from("<qq", self._data, start + 4 + 16 * i)

"""The headers of Parquet pages, read without decompressing a page.

The file's metadata give the size of whole columns, but a reader allocates what a page header says.
The header is a structure of Thrift's compact protocol, as defined in parquet.thrift of Apache
Parquet: field 2 is the size after decompression, 3 the size in the file, 5, 7 and 8 are the headers
of data pages and dictionaries, which hold the number of values.
"""

from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple

import pyarrow.parquet as pq

# A header holds the least and the largest value of its page.
HEADER_BYTES = (256, 2**14, 2**20)
MAX_DEPTH = 8
BOOLEANS, SIGNED, DOUBLE, BINARY, LISTS, STRUCT = (1, 2), (4, 5, 6), 7, 8, (9, 10), 12


class Page(NamedTuple):
    """The sizes of a page in bytes."""

    n_unpacked: int
    n_packed: int


def list_pages(file: BinaryIO, chunk: pq.ColumnChunkMetaData) -> Iterator[Page]:
    """Yield the pages of a column chunk; ValueError or IndexError if the file is damaged."""
    starts = [chunk.data_page_offset]
    if chunk.has_dictionary_page and chunk.dictionary_page_offset:
        starts.append(chunk.dictionary_page_offset)
    place, n_values = min(starts), 0
    end = place + chunk.total_compressed_size
    while place < end and n_values < chunk.num_values:
        header, n_bytes = _read_header(file, place)
        n_unpacked, n_packed = header[2], header[3]
        if n_unpacked < 0 or n_packed < 0:
            raise ValueError("a page has a negative size")
        data: dict[int, Any] = header.get(5) or header.get(8) or {}
        n_values += data.get(1, 0)
        yield Page(n_unpacked, n_packed)
        place += n_bytes + n_packed


def _read_header(file: BinaryIO, place: int) -> tuple[dict[int, Any], int]:
    for n_bytes in HEADER_BYTES:
        file.seek(place)
        data = file.read(n_bytes)
        try:
            return _Decoder(data).read_header()
        except IndexError:
            if len(data) < n_bytes:
                raise
    raise ValueError("the header of a page is too long")


class _Decoder:
    """Decodes structures of Thrift's compact protocol; IndexError at the end of the data."""

    def __init__(self, data: bytes) -> None:
        self._data, self._place = data, 0

    def read_header(self) -> tuple[dict[int, Any], int]:
        """Return the fields by their numbers, and the number of bytes read."""
        header = self._read_struct(0)
        if not (isinstance(header.get(2), int) and isinstance(header.get(3), int)):
            raise ValueError("a page has no size")
        return header, self._place

    def _read_byte(self) -> int:
        self._place += 1
        return self._data[self._place - 1]

    def _read_varint(self) -> int:
        value = shift = 0
        while True:
            byte = self._read_byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7
            if shift > 63:
                raise ValueError("a number of a page header is too long")

    def _read_signed(self) -> int:
        value = self._read_varint()
        return (value >> 1) ^ -(value & 1)

    def _skip(self, n_bytes: int) -> None:
        self._place += n_bytes
        if self._place > len(self._data):
            raise IndexError

    def _read_struct(self, depth: int) -> dict[int, Any]:
        if depth > MAX_DEPTH:
            raise ValueError("a page header is nested too deep")
        fields: dict[int, Any] = {}
        number = 0
        while byte := self._read_byte():
            number = number + (byte >> 4) if byte >> 4 else self._read_signed()
            fields[number] = self._read_value(byte & 15, depth)
        return fields

    def _read_value(self, kind: int, depth: int) -> Any:
        if kind in BOOLEANS:
            return kind == 1
        if kind in SIGNED:
            return self._read_signed()
        if kind == STRUCT:
            return self._read_struct(depth + 1)
        if kind == BINARY:
            self._skip(self._read_varint())
        elif kind == DOUBLE:
            self._skip(8)
        elif kind == 3:
            self._skip(1)
        elif kind in LISTS:
            start = self._read_byte()
            n_values = start >> 4 if start >> 4 < 15 else self._read_varint()
            for _ in range(n_values):
                self._read_value(start & 15 or BINARY, depth + 1)
        else:
            raise ValueError("a page header has a field of an unknown type")
        return None

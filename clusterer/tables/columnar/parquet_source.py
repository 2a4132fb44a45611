"""The rows of a Parquet file."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet

from clusterer.support.text import format_bytes, make_printable
from clusterer.tables.columnar.expansion import (
    N_BATCH_ROWS,
    ExpansionCounter,
    cut_values,
    expand_rows,
    is_read,
    make_placeholder,
    measure_type,
    simplify,
)
from clusterer.tables.columnar.parquet_pages import list_pages
from clusterer.tables.errors import TableError
from clusterer.tables.limits import READ_BUDGET, Limits, check_n_columns
from clusterer.tables.row_source import ColumnRequest, RowBatch, RowBatches, TableSample

N_SAMPLE_ROWS = 5_000
N_SAMPLE_CELLS = 200_000
BUFFER_BYTES = 2**20
# The largest pages of the columns that are read at once, packed and unpacked.
MAX_PAGE_BYTES = READ_BUDGET // 2
# Texts that share the beginnings of others are decoded a few rows at a time, up to this size.
MAX_SHARED_BYTES = READ_BUDGET // 16
TEXT = "BYTE_ARRAY"
# Encodings that PyArrow cannot read as dictionaries; in the first one a text is the beginning of
# the text before and a rest.
INCREMENTAL = {"DELTA_BYTE_ARRAY", "DELTA_LENGTH_BYTE_ARRAY"}
DAMAGE_ERRORS = (pa.ArrowException, OSError, ValueError, IndexError)


class ParquetRowSource:
    """The rows of a Parquet file, read batch by batch.

    Columns that are not requested are never decoded, nor are lists and records. The pages of the
    other columns are measured before they are decompressed.

    Parameters
    ----------
    path : Path
        The file.
    name : str
        The name of the table in messages.
    limits : Limits
        The largest sizes that are read.

    Raises
    ------
    TableError
        If the file is damaged, empty or beyond a limit.
    """

    def __init__(self, path: Path, name: str, limits: Limits) -> None:
        self._path, self._name, self._limits = path, name, limits
        self._texts = self._find_texts()
        # The measured sizes of the pages, by row group and column; of one reading, because the
        # file may be replaced before the next.
        self._sizes: dict[tuple[int, int], tuple[int, int]] = {}
        with self._open() as file:
            self._check_size(file)
            self._schema = schema = file.schema_arrow
            self._leaves = _list_leaves(schema)
            n_rows = max(100, min(N_SAMPLE_ROWS, N_SAMPLE_CELLS // max(1, len(schema))))
            with self._report_damage():
                columns, notes, unread = self._read_sample(file, n_rows)
            n_read = len(columns[0])
            self.sample = TableSample(
                tuple(schema.names),
                columns,
                n_read,
                ["read as Parquet", *notes],
                is_all=file.metadata.num_rows <= n_read,
                unread=unread,
            )

    def read_rows(self, requests: Sequence[ColumnRequest]) -> RowBatches:
        """Yield all rows from the first on, with the requested columns."""
        self._sizes = {}
        with self._open() as file:
            if not file.schema_arrow.equals(self._schema):
                message = f"{self._name} has changed since it was opened: open it again"
                raise TableError(message)
            for request in requests:
                self._check_type(request.index)
            indices = sorted({request.index for request in requests})
            counter = self._make_counter()
            meta = file.metadata
            counter.add_rows(meta.num_rows, [self._schema.types[i] for i in indices])
            places = [indices.index(request.index) for request in requests]
            for group in range(meta.num_row_groups):
                with self._report_damage():
                    for batch in self._read_batches(file, [group], indices, N_BATCH_ROWS):
                        chosen = [batch.column(place) for place in places]
                        for columns, n_rows in expand_rows(chosen, batch.num_rows, counter):
                            yield RowBatch(columns, n_rows)

    def _make_counter(self) -> ExpansionCounter:
        return ExpansionCounter(self._name, os.path.getsize(self._path), self._limits)

    def _check_type(self, index: int) -> None:
        kind = self._schema.types[index]
        if not is_read(kind):
            raise TableError(
                f"column {make_printable(self._schema.names[index])!r} of {self._name} holds "
                f"{make_printable(kind, 60)}, which is not read: choose another column"
            )

    def _find_texts(self) -> frozenset[str]:
        """Return the columns of texts that PyArrow can read as dictionaries."""
        try:
            with pyarrow.parquet.ParquetFile(self._path) as file:
                return _list_texts(file.metadata)
        except DAMAGE_ERRORS:
            raise self._make_file_error() from None

    def _make_file_error(self) -> TableError:
        return TableError(
            f"{self._name} looks like Parquet, but is damaged or cut short; make it again"
        )

    @contextmanager
    def _open(self) -> Iterator[Any]:
        """Open the file; texts come as dictionaries, which take no more memory than their pages."""
        try:
            file = pyarrow.parquet.ParquetFile(
                self._path,
                pre_buffer=False,
                buffer_size=BUFFER_BYTES,
                read_dictionary=[*self._texts],
                page_checksum_verification=True,
            )
        except DAMAGE_ERRORS:
            raise self._make_file_error() from None
        with file:
            yield file

    def _check_size(self, file: pyarrow.parquet.ParquetFile) -> None:
        meta, schema = file.metadata, file.schema_arrow
        if meta.num_rows == 0 or len(schema) == 0:
            raise TableError(f"{self._name} has no data rows")
        n_columns = max(meta.num_columns, len(schema))
        check_n_columns(self._name, n_columns, self._limits.max_columns)
        n_bytes = sum(meta.row_group(i).total_byte_size for i in range(meta.num_row_groups))
        if n_bytes > self._limits.max_bytes:
            raise TableError(
                f"{self._name} unpacks to {format_bytes(n_bytes)}, more than the "
                f"{format_bytes(self._limits.max_bytes)} that max_bytes allows"
            )
        # Even the smallest column can be repetitions of one value.
        kinds = sorted((kind for kind in schema.types if is_read(kind)), key=measure_type)
        if not kinds:
            held = sorted({make_printable(kind, 40) for kind in schema.types})
            raise TableError(f"{self._name} has no numeric column, only columns of {held[0]}")
        self._make_counter().add_rows(meta.num_rows, kinds[:1])

    def _read_sample(
        self, file: pyarrow.parquet.ParquetFile, n_rows: int
    ) -> tuple[list[pa.Array], list[str], frozenset[int]]:
        """Return the first rows of all columns, read few at a time.

        The second result are notes about the columns that are not read, the third their numbers.
        """
        meta = file.metadata
        groups: list[int] = []
        n_held = 0
        while n_held < n_rows and len(groups) < meta.num_row_groups:
            n_held += meta.row_group(len(groups)).num_rows
            groups.append(len(groups))
        n_rows = min(n_rows, n_held)
        columns = [make_placeholder(kind, n_rows) for kind in self._schema.types]
        notes: list[str] = []
        unread = set(range(len(columns)))
        for indices in self._group_columns(file, groups, notes):
            unread -= {*indices}
            parts: list[list[pa.Array]] = [[] for _ in indices]
            n_taken = 0
            for batch in self._read_batches(file, groups, indices, n_rows):
                n_taken += batch.num_rows
                for part, column in zip(parts, batch.columns, strict=True):
                    part.append(simplify(cut_values(column)))
                if n_taken >= n_rows:
                    break
            if n_taken < n_rows:
                raise ValueError("a row group has fewer rows than it says")
            for i, part in zip(indices, parts, strict=True):
                columns[i] = pa.concat_arrays(part).slice(0, n_rows)
        return columns, notes, frozenset(unread)

    def _group_columns(
        self, file: pyarrow.parquet.ParquetFile, groups: Sequence[int], notes: list[str]
    ) -> Iterator[list[int]]:
        """Yield the columns that are read, in groups whose pages fit into the budget.

        A column with larger pages is left out, with a note.
        """
        chosen: list[int] = []
        n_bytes = 0
        for i, kind in enumerate(self._schema.types):
            if not is_read(kind):
                continue
            size = self._measure_pages(file, groups, [i])[0]
            if size > MAX_PAGE_BYTES:
                name = make_printable(self._schema.names[i], 40)
                notes.append(f"{name} is not read: its pages unpack to {format_bytes(size)}")
                continue
            if chosen and n_bytes + size > MAX_PAGE_BYTES:
                yield chosen
                chosen, n_bytes = [], 0
            chosen.append(i)
            n_bytes += size
        if chosen:
            yield chosen

    def _measure_pages(
        self, file: pyarrow.parquet.ParquetFile, groups: Sequence[int], indices: Sequence[int]
    ) -> tuple[int, int]:
        """Return the bytes of the largest page of each column, and the longest text that expands.

        A text that shares the beginning of others is not longer than its page.
        """
        n_bytes = n_longest = 0
        with self._path.open("rb") as raw:
            for i in indices:
                sizes = []
                for group in groups:
                    if (group, i) not in self._sizes:
                        chunk = file.metadata.row_group(group).column(self._leaves[i])
                        self._sizes[group, i] = self._measure_chunk(raw, chunk)
                    sizes.append(self._sizes[group, i])
                n_bytes += max((size for size, _ in sizes), default=0)
                n_longest = max(n_longest, *(longest for _, longest in sizes), 0)
        return n_bytes, n_longest

    def _measure_chunk(
        self, raw: BinaryIO, chunk: pyarrow.parquet.ColumnChunkMetaData
    ) -> tuple[int, int]:
        pages = [*list_pages(raw, chunk)]
        most = max((page.n_unpacked + page.n_packed for page in pages), default=0)
        if chunk.physical_type != TEXT or chunk.path_in_schema in self._texts:
            return most, 0
        return most, max((page.n_unpacked for page in pages), default=0)

    def _read_batches(
        self,
        file: pyarrow.parquet.ParquetFile,
        groups: Sequence[int],
        indices: Sequence[int],
        n_rows: int,
    ) -> Iterator[pa.RecordBatch]:
        """Yield the columns of some row groups; TableError if their pages are too large."""
        n_bytes, n_longest = self._measure_pages(file, groups, indices)
        if n_bytes > MAX_PAGE_BYTES:
            shown = ", ".join(make_printable(self._schema.names[i], 30) for i in indices[:3])
            raise TableError(
                f"{self._name} takes more than {format_bytes(READ_BUDGET)} of memory to read: its "
                f"pages unpack to {format_bytes(n_bytes)} at a time (columns {shown}, …); choose "
                "fewer columns, or save it with smaller pages"
            )
        if n_longest:
            n_rows = min(n_rows, max(1, MAX_SHARED_BYTES // n_longest))
        leaves = [self._leaves[i] for i in indices]
        # By number, because a column "a.b" and the member b of the record a have one name.
        yield from file.reader.iter_batches(
            n_rows, row_groups=[*groups], column_indices=leaves, use_threads=True
        )

    @contextmanager
    def _report_damage(self) -> Iterator[None]:
        try:
            yield
        except TableError:
            raise
        except DAMAGE_ERRORS as error:
            cause = make_printable(error, 120)
            message = f"{self._name} is a damaged Parquet file; make it again ({cause})"
            raise TableError(message) from None


def _list_leaves(schema: pa.Schema) -> list[int]:
    """Return the first column of the file for each field; a record has a column per member."""
    leaves, n_before = [], 0
    for kind in schema.types:
        leaves.append(n_before)
        n_before += _count_leaves(kind)
    return leaves


def _count_leaves(kind: pa.DataType) -> int:
    if isinstance(kind, pa.BaseExtensionType):
        return _count_leaves(kind.storage_type)
    if pa.types.is_map(kind):
        return _count_leaves(kind.key_type) + _count_leaves(kind.item_type)
    if pa.types.is_struct(kind):
        return sum(_count_leaves(kind.field(i).type) for i in range(kind.num_fields))
    if pa.types.is_nested(kind) and hasattr(kind, "value_type"):
        return _count_leaves(kind.value_type)
    return 1


def _list_texts(meta: pyarrow.parquet.FileMetaData) -> frozenset[str]:
    texts, incremental = set(), set()
    for group in map(meta.row_group, range(meta.num_row_groups)):
        for column in map(group.column, range(group.num_columns)):
            if column.physical_type == TEXT:
                texts.add(column.path_in_schema)
                if INCREMENTAL & {*column.encodings}:
                    incremental.add(column.path_in_schema)
    return frozenset(texts - incremental)

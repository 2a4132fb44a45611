"""The rows of NumPy arrays: a file of one array (npy), or an archive of several (npz)."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from math import prod
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.lib import format as npy
from numpy.typing import NDArray

from clusterer.support.text import format_bytes, join_names, make_printable
from clusterer.tables.columnar.expansion import ExpansionCounter
from clusterer.tables.errors import TableError
from clusterer.tables.files.archive import open_archive
from clusterer.tables.files.byte_stream import DAMAGE_ERRORS, FileStamp
from clusterer.tables.limits import READ_BUDGET, Limits, check_n_columns
from clusterer.tables.row_source import ColumnRequest, RowBatch, RowBatches, TableSample

N_SAMPLE_ROWS = 5_000
N_SAMPLE_CELLS = 200_000
BATCH_BYTES = 4 * 2**20
# Numbers, truth values, texts, dates and durations; no objects, which are pickles.
READ_KINDS = "biufSUMm"
NPY = ".npy"


class _Array(NamedTuple):
    """An array of a file: its name ("" for the only one), type, shape and order of values."""

    name: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    is_by_column: bool

    @property
    def n_rows(self) -> int:
        return self.shape[0]

    @property
    def n_columns(self) -> int:
        return prod(self.shape[1:])

    @property
    def n_row_bytes(self) -> int:
        return self.n_columns * self.dtype.itemsize

    def list_names(self, is_single: bool) -> list[str]:
        """Return the names of the columns; "" where the only array gives none."""
        if self.dtype.names:
            return [*self.dtype.names]
        if is_single:
            return [""] * self.n_columns
        if len(self.shape) == 1:
            return [self.name]
        return [f"{self.name}_{j + 1}" for j in range(self.n_columns)]


class NumpyRowSource:
    """The rows of arrays with one or two dimensions, read block by block.

    Of an archive the largest array is read, with the arrays of the same length side by side. A
    structured array has a column per field.

    Parameters
    ----------
    path : Path
        The file.
    name : str
        The name of the table in messages.
    is_archive : bool
        Whether the file is an archive of arrays (npz).
    limits : Limits
        The largest sizes that are read.

    Raises
    ------
    TableError
        If the file is damaged, empty or beyond a limit, or if its arrays form no table.
    """

    def __init__(self, path: Path, name: str, is_archive: bool, limits: Limits) -> None:
        self._path, self._name, self._is_archive = path, name, is_archive
        self._limits = limits
        self._stamp = FileStamp.read(path, name)
        self._members: Sequence[str] | None = None
        with self._open() as opened:
            arrays = [array for array, _ in opened]
        self._arrays = self._choose_arrays(arrays)
        self._check_size()
        self._members = [array.name for array in self._arrays]
        left_out = [array.name for array in arrays if array not in self._arrays]
        is_single = len(self._arrays) == 1
        names = [each for array in self._arrays for each in array.list_names(is_single)]
        n_rows = max(100, min(N_SAMPLE_ROWS, N_SAMPLE_CELLS // len(names)))
        columns = next(self._read_columns(n_rows))
        n_read = len(columns[0])
        self.sample = TableSample(
            tuple(names) if any(names) else None,
            columns,
            n_read,
            self._write_notes(left_out),
            is_all=n_read == self._arrays[0].n_rows,
        )

    def read_rows(self, requests: Sequence[ColumnRequest]) -> RowBatches:
        """Yield all rows from the first on, with the requested columns."""
        self._stamp.check()
        chosen = [request.index for request in requests]
        n_bytes = sum(array.n_row_bytes for array in self._arrays)
        for columns in self._read_columns(max(1, BATCH_BYTES // n_bytes), chosen):
            yield RowBatch(columns, len(columns[0]))

    def _write_notes(self, left_out: Sequence[str]) -> list[str]:
        if not self._is_archive:
            return ["read as a NumPy array"]
        names = [make_printable(array.name, 40) for array in self._arrays]
        notes = [f"read as NumPy arrays: {join_names(names, 8)}"]
        if left_out:
            shown = join_names([make_printable(name, 40) for name in left_out], 8)
            notes.append(f"arrays of other shapes and types are left out: {shown}")
        return notes

    def _choose_arrays(self, arrays: Sequence[_Array]) -> list[_Array]:
        """Return the largest array and those of the same length; TableError if none is a table."""
        if not arrays:
            raise TableError(f"{self._name} is an archive without an array")
        problems: list[TableError] = []
        tables: list[_Array] = []
        for array in arrays:
            try:
                self._check_array(array)
                tables.append(array)
            except TableError as error:
                problems.append(error)
        if not tables:
            raise problems[0]
        n_rows = max(tables, key=lambda array: array.n_rows * array.n_columns).n_rows
        return [array for array in tables if array.n_rows == n_rows]

    def _check_size(self) -> None:
        arrays, limits = self._arrays, self._limits
        n_columns = sum(array.n_columns * len(array.dtype.names or [""]) for array in arrays)
        check_n_columns(self._name, n_columns, limits.max_columns)
        if not arrays[0].n_rows or not n_columns:
            raise TableError(f"{self._name} has no data rows")
        counter = ExpansionCounter(self._name, self._stamp.n_bytes, limits)
        counter.add(float(sum(array.n_rows * array.n_row_bytes for array in arrays)))

    def _check_array(self, array: _Array) -> None:
        shown = (
            f"array {make_printable(array.name)!r} of {self._name}" if array.name else self._name
        )
        fields = [array.dtype[i] for i in range(len(array.dtype.names or ()))] or [array.dtype]
        if array.dtype.hasobject:
            raise TableError(
                f"{shown} holds Python objects, which are pickled and never opened because that "
                "runs code: save an array of numbers, or a CSV"
            )
        if any(each.kind not in READ_KINDS or each.itemsize == 0 for each in fields):
            kinds = make_printable(array.dtype, 60)
            raise TableError(f"{shown} holds values of type {kinds}: save an array of numbers")
        if len(array.shape) not in (1, 2) or (array.dtype.names and len(array.shape) > 1):
            size = " × ".join(map(str, array.shape)) or "one value"
            raise TableError(
                f"{shown} has {len(array.shape)} dimensions ({size}); a table has 2: one row per "
                "point"
            )
        if (
            array.is_by_column
            and self._is_archive
            and array.n_rows * array.n_row_bytes > (READ_BUDGET // 2)
        ):
            raise TableError(
                f"{shown} takes more than {format_bytes(READ_BUDGET)} of memory to read, because "
                "its columns are packed one after the other: save it with numpy.ascontiguousarray"
            )

    @contextmanager
    def _open(self) -> Iterator[list[tuple[_Array, BinaryIO]]]:
        """Open all arrays; each file is at the first value."""
        with ExitStack() as stack:
            try:
                file = stack.enter_context(self._path.open("rb"))
                opened: list[tuple[_Array, BinaryIO]] = []
                if not self._is_archive:
                    opened.append((_read_header(file, ""), file))
                else:
                    archive = stack.enter_context(open_archive(file, self._name))
                    members = [f"{each}{NPY}" for each in self._members or ()]
                    for member in members or archive.namelist():
                        data: Any = stack.enter_context(archive.open(member))
                        opened.append((_read_header(data, member.removesuffix(NPY)), data))
            except (*DAMAGE_ERRORS, ValueError, RuntimeError, SyntaxError) as error:
                if isinstance(error, TableError):
                    raise
                raise self._make_damage_error(error) from None
            yield opened

    def _read_columns(
        self, n_rows: int, chosen: Sequence[int] | None = None
    ) -> Iterator[list[pa.Array]]:
        """Yield the columns of successive rows."""
        with self._open() as opened:
            if [array for array, _ in opened] != self._arrays:
                raise TableError(f"{self._name} has changed since it was opened: open it again")
            blocks = [self._read_blocks(array, file, n_rows) for array, file in opened]
            for parts in zip(*blocks, strict=True):
                columns = [column for part in parts for column in _list_columns(part)]
                taken = columns if chosen is None else [columns[i] for i in chosen]
                yield [_convert(column) for column in taken]

    def _read_blocks(
        self, array: _Array, file: BinaryIO, n_rows: int
    ) -> Iterator[NDArray[np.generic]]:
        try:
            if not array.is_by_column or array.n_columns == 1:
                for start in range(0, array.n_rows, n_rows):
                    n_taken = min(n_rows, array.n_rows - start)
                    yield _read_values(file, array.dtype, (n_taken, array.n_columns))
            elif self._is_archive:
                whole = _read_values(file, array.dtype, (array.n_columns, array.n_rows)).T
                for start in range(0, array.n_rows, n_rows):
                    yield whole[start : start + n_rows]
            else:
                yield from _read_by_column(array, file, n_rows)
        except DAMAGE_ERRORS as error:
            raise self._make_damage_error(error) from None

    def _make_damage_error(self, error: object) -> TableError:
        cause = make_printable(error, 120)
        return TableError(f"{self._name} is a damaged NumPy file; make it again ({cause})")


def _read_header(file: BinaryIO, name: str) -> _Array:
    """Return what the header of an array says; ValueError if it is damaged."""
    try:
        version = npy.read_magic(file)  # type: ignore[no-untyped-call]
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, is_by_column, dtype = read(file)  # type: ignore[no-untyped-call]
    except DAMAGE_ERRORS:
        raise
    except Exception as error:
        # NumPy parses the header as a literal of Python, which fails in many ways.
        raise ValueError(f"its header is damaged: {type(error).__name__}") from None
    if any(length < 0 for length in shape):
        raise ValueError("a negative length")
    return _Array(name, dtype, tuple(map(int, shape)), is_by_column)


def _read_values(
    file: BinaryIO, dtype: np.dtype[Any], shape: tuple[int, int]
) -> NDArray[np.generic]:
    n_bytes = prod(shape) * dtype.itemsize
    data = bytearray()
    while len(data) < n_bytes:
        block = file.read(min(n_bytes - len(data), BATCH_BYTES))
        if not block:
            raise EOFError("it is cut short")
        data += block
    return np.frombuffer(data, dtype).reshape(shape)


def _read_by_column(array: _Array, file: BinaryIO, n_rows: int) -> Iterator[NDArray[np.generic]]:
    """Yield rows of an array whose columns stand one after the other."""
    first, size = file.tell(), array.dtype.itemsize
    for start in range(0, array.n_rows, n_rows):
        n_taken = min(n_rows, array.n_rows - start)
        columns = []
        for j in range(array.n_columns):
            file.seek(first + (j * array.n_rows + start) * size)
            columns.append(_read_values(file, array.dtype, (n_taken, 1)))
        yield np.hstack(columns)


def _list_columns(block: NDArray[Any]) -> list[NDArray[np.generic]]:
    if block.dtype.names:
        return [block[name][:, 0] for name in block.dtype.names]
    return [block[:, j] for j in range(block.shape[1])]


def _convert(column: NDArray[Any]) -> pa.Array:
    kind = column.dtype.kind
    if kind == "S":
        return pa.array([cell.decode("utf-8", "replace") for cell in column.tolist()], pa.string())
    if kind == "U":
        return pa.array(column.tolist(), pa.string())
    if kind == "M":
        return pa.array(column.astype("datetime64[us]"))
    if kind == "m":
        return pa.array(column.astype("timedelta64[us]"))
    if kind == "f" and column.dtype.itemsize not in (4, 8):
        return pa.array(column.astype(np.float64))
    # PyArrow reads the byte order of this machine.
    return pa.array(np.ascontiguousarray(column, column.dtype.newbyteorder("=")))

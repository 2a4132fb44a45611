"""Columns as plain arrays, with the bytes counted before dictionaries and runs are expanded.

A dictionary holds each text once, however many rows point to it: a file of 1 MB can describe
400 GB of text. So the text of each row is measured first, and the rows are expanded few at a time.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from clusterer.support.text import format_bytes
from clusterer.tables.errors import TableError
from clusterer.tables.limits import MIN_BOMB_BYTES, Limits

N_BATCH_ROWS = 32_768
# Text that is expanded at a time.
MAX_EXPANDED_BYTES = 16 * 2**20
# Longer cells are cut in a sample, which serves the detection and the preview.
MAX_SAMPLE_CHARACTERS = 200
# Wider cells of fixed size are no number, date or word.
MAX_FIXED_BYTES = 64


class ExpansionCounter:
    """Counts the expanded bytes of a reading; TableError beyond the limits.

    Parameters
    ----------
    name : str
        The name of the table in messages.
    n_file_bytes : int
        The size of the file.
    limits : Limits
        The largest size, and the largest ratio of expanded bytes to the file's.
    """

    def __init__(self, name: str, n_file_bytes: int, limits: Limits) -> None:
        self._name, self._n_file_bytes, self._limits = name, max(1, n_file_bytes), limits
        self._n_bytes = 0.0

    def add(self, n_bytes: float) -> None:
        """Count more bytes."""
        self._n_bytes += n_bytes
        if self._n_bytes > self._limits.max_bytes:
            limit = format_bytes(self._limits.max_bytes)
            raise TableError(f"{self._name} unpacks to more than the {limit} that max_bytes allows")
        ratio = self._n_bytes / self._n_file_bytes
        if self._n_bytes > MIN_BOMB_BYTES and ratio > self._limits.max_ratio:
            raise TableError(
                f"{self._name} unpacks to more than {self._limits.max_ratio} times its size, "
                "as a decompression bomb does; if it is a real table, save it as CSV"
            )

    def add_rows(self, n_rows: int, kinds: Sequence[pa.DataType]) -> None:
        """Count the parts of fixed size of rows with these types of columns."""
        self.add(n_rows * sum(map(measure_type, kinds)))


def is_read(kind: pa.DataType) -> bool:
    """Tell whether columns of a type are read: numbers, texts and times, no lists or records."""
    while isinstance(kind, pa.BaseExtensionType):
        kind = kind.storage_type
    if pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind):
        return is_read(kind.value_type)
    if pa.types.is_fixed_size_binary(kind):
        return bool(kind.byte_width <= MAX_FIXED_BYTES)
    # A union is nested as well.
    return not pa.types.is_nested(kind)


def make_placeholder(kind: pa.DataType, n_rows: int) -> pa.Array:
    """Return missing values for a column that is not read."""
    # Missing values of a type of fixed size take the memory of values.
    return pa.nulls(n_rows) if "fixed_size" in str(kind) else pa.nulls(n_rows, kind)


def measure_type(kind: pa.DataType) -> float:
    """Return the bytes that a value of a type takes at least."""
    if isinstance(kind, pa.BaseExtensionType):
        return measure_type(kind.storage_type)
    if pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind):
        return measure_type(kind.value_type)
    try:
        return float(kind.bit_width) / 8
    except ValueError:
        # The offset of a text, or the mark of a missing value.
        return 1 / 8 if pa.types.is_null(kind) else 4.0


def expand_rows(
    columns: Sequence[pa.Array], n_rows: int, counter: ExpansionCounter
) -> Iterator[tuple[list[pa.Array], int]]:
    """Yield some columns as plain arrays, and their number of rows, a few rows at a time."""
    for start in range(0, n_rows, N_BATCH_ROWS):
        n_taken = min(N_BATCH_ROWS, n_rows - start)
        part = [column.slice(start, n_taken) for column in columns]
        growths = [growth for growth in map(measure_growth, part) if growth is not None]
        if not growths:
            yield [simplify(column) for column in part], n_taken
            continue
        ends = np.cumsum(np.sum(growths, axis=0))
        counter.add(float(ends[-1]))
        first = 0
        while first < n_taken:
            before = ends[first - 1] if first else 0
            last = int(np.searchsorted(ends, before + MAX_EXPANDED_BYTES, "right"))
            last = max(last, first + 1)
            yield [simplify(each.slice(first, last - first)) for each in part], last - first
            first = last


def measure_growth(column: pa.Array) -> NDArray[np.int64] | None:
    """Return the bytes of text of each row of a column that expands; None for other columns.

    Examples
    --------
    >>> measure_growth(pa.array(["aa", "b", None, "aa"]).dictionary_encode())
    array([2, 1, 0, 2])
    """
    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        return measure_growth(column.storage)
    if pa.types.is_dictionary(kind):
        sizes = np.append(_measure_values(column.dictionary), 0)
        indices = column.indices.fill_null(len(sizes) - 1).to_numpy(zero_copy_only=False)
        return np.asarray(sizes[indices], np.int64)
    if pa.types.is_run_end_encoded(kind):
        most = int(_measure_values(column.values).max(initial=0))
        return np.full(len(column), most, np.int64)
    return measure_views(column) if _is_view(kind) else None


def _measure_values(values: pa.Array) -> NDArray[np.int64]:
    """Return the bytes of each value."""
    kind = values.type
    if _is_view(kind):
        return measure_views(values)
    if _is_bytes(kind):
        sizes = pc.fill_null(pc.binary_length(values), 0)
        return np.asarray(sizes.to_numpy(zero_copy_only=False), np.int64)
    return np.full(len(values), int(measure_type(kind)) + 1, np.int64)


def measure_views(values: pa.Array) -> NDArray[np.int64]:
    """Return the bytes of each text of an array of views, which may share their texts."""
    # Each view begins with the length of its text.
    views = np.frombuffer(values.buffers()[1] or b"", np.int32)[::4]
    sizes = views[values.offset : values.offset + len(values)].astype(np.int64)
    return np.where(_to_mask(pc.is_valid(values)), sizes, 0)


def _is_view(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string_view(kind) or pa.types.is_binary_view(kind))


def _is_bytes(kind: pa.DataType) -> bool:
    types = pa.types
    return bool(
        types.is_string(kind)
        or types.is_large_string(kind)
        or types.is_binary(kind)
        or types.is_large_binary(kind)
    )


def count_shared_bytes(batch: pa.RecordBatch) -> int:
    """Return the bytes of all texts to which views point, each as often as it is pointed to."""
    views = [column for column in batch.columns if _is_view(column.type)]
    return sum(int(measure_views(column).sum()) for column in views)


def cut_values(column: pa.Array) -> pa.Array:
    """Return a column whose long texts are cut, for a sample; its dictionary stays one."""
    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        return cut_values(column.storage)
    if pa.types.is_dictionary(kind):
        return pa.DictionaryArray.from_arrays(column.indices, cut_values(column.dictionary))
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return pc.utf8_slice_codeunits(column, 0, MAX_SAMPLE_CHARACTERS)
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return pc.binary_slice(column, 0, MAX_SAMPLE_CHARACTERS)
    if _is_view(kind) and (measure_views(column) > MAX_SAMPLE_CHARACTERS).any():
        cells = [column[i].as_py() for i in range(len(column))]
        return pa.array([None if cell is None else cell[:MAX_SAMPLE_CHARACTERS] for cell in cells])
    return column


def simplify(column: pa.Array) -> pa.Array:
    """Return a column without dictionaries, runs, views, extensions, decimals and half floats."""
    while isinstance(column.type, pa.BaseExtensionType):
        column = column.storage
    if pa.types.is_run_end_encoded(column.type):
        column = pc.run_end_decode(column)
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    kind = column.type
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return column.cast(pa.string())
    if pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind):
        return column.cast(pa.binary())
    if pa.types.is_decimal(kind) or pa.types.is_float16(kind):
        return column.cast(pa.float64())
    return column


def _to_mask(flags: pa.Array) -> NDArray[np.bool_]:
    return np.asarray(flags.to_numpy(zero_copy_only=False), np.bool_)

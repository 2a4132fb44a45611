"""The rows of a Parquet file."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet

from clusterer.support.text import format_bytes, make_printable
from clusterer.tables.errors import TableError
from clusterer.tables.limits import Limits
from clusterer.tables.row_source import ColumnRequest, RowBatch, RowBatches, TableSample

N_BATCH_ROWS = 32_768
N_SAMPLE_ROWS = 5_000
N_SAMPLE_CELLS = 200_000
DAMAGE_ERRORS = (pa.ArrowException, OSError, ValueError)


class ParquetRowSource:
    """The rows of a Parquet file, read batch by batch.

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
        self._path, self._name = path, name
        with self._open() as file:
            self._check_size(file, limits)
            self._schema = schema = file.schema_arrow
            n_rows = max(100, min(N_SAMPLE_ROWS, N_SAMPLE_CELLS // max(1, len(schema))))
            batch = self._read_first(file, n_rows)
            self.sample = TableSample(
                tuple(schema.names),
                [_simplify(column) for column in batch.columns],
                batch.num_rows,
                ["read as Parquet"],
                is_all=file.metadata.num_rows <= batch.num_rows,
            )

    def read_rows(self, requests: Sequence[ColumnRequest]) -> RowBatches:
        """Yield all rows from the first on, with the requested columns."""
        with self._open() as file:
            if not file.schema_arrow.equals(self._schema):
                message = f"{self._name} has changed since it was opened: open it again"
                raise TableError(message)
            names = self._schema.names
            chosen = [names[request.index] for request in requests]
            # Duplicate names cannot be requested by name, so all columns are read then.
            by_name = len(set(names)) == len(names)
            batches = file.iter_batches(
                N_BATCH_ROWS, columns=[*dict.fromkeys(chosen)] if by_name else None
            )
            try:
                for batch in batches:
                    columns = [
                        batch.column(name if by_name else request.index)
                        for name, request in zip(chosen, requests, strict=True)
                    ]
                    yield RowBatch([_simplify(column) for column in columns], batch.num_rows)
            except DAMAGE_ERRORS as error:
                raise self._make_damage_error(error) from None

    def _open(self) -> pyarrow.parquet.ParquetFile:
        try:
            return pyarrow.parquet.ParquetFile(
                self._path, pre_buffer=False, page_checksum_verification=True
            )
        except DAMAGE_ERRORS:
            message = f"{self._name} looks like Parquet, but is damaged or cut short; make it again"
            raise TableError(message) from None

    def _check_size(self, file: pyarrow.parquet.ParquetFile, limits: Limits) -> None:
        meta = file.metadata
        if meta.num_rows == 0 or len(file.schema_arrow) == 0:
            raise TableError(f"{self._name} has no data rows")
        n_columns = max(meta.num_columns, len(file.schema_arrow))
        if n_columns > limits.max_columns:
            raise TableError(
                f"{self._name} has {n_columns:,} columns, more than the "
                f"{limits.max_columns:,} that max_columns allows"
            )
        n_bytes = sum(meta.row_group(i).total_byte_size for i in range(meta.num_row_groups))
        if n_bytes > limits.max_bytes:
            raise TableError(
                f"{self._name} unpacks to {format_bytes(n_bytes)}, more than the "
                f"{format_bytes(limits.max_bytes)} that max_bytes allows"
            )

    def _read_first(self, file: pyarrow.parquet.ParquetFile, n_rows: int) -> pa.RecordBatch:
        try:
            return next(file.iter_batches(n_rows))
        except (*DAMAGE_ERRORS, StopIteration) as error:
            raise self._make_damage_error(error) from None

    def _make_damage_error(self, error: BaseException) -> TableError:
        cause = make_printable(error, 120)
        return TableError(f"{self._name} is a damaged Parquet file; make it again ({cause})")


def _simplify(column: pa.Array) -> pa.Array:
    """Return a column without dictionaries, views, decimals and half floats."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.dictionary_decode()
        kind = column.type
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return column.cast(pa.string())
    if pa.types.is_decimal(kind) or pa.types.is_float16(kind):
        return column.cast(pa.float64())
    return column

"""A Parquet file as a source of rows."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet

from clusterer.support.text import format_bytes, make_printable
from clusterer.tables.errors import TableError
from clusterer.tables.frames import Frame, Frames, Sample, Wanted
from clusterer.tables.limits import Limits

N_BATCH_ROWS = 32_768
N_SAMPLE_ROWS = 5_000
N_SAMPLE_CELLS = 200_000
DAMAGE = (pa.ArrowException, OSError, ValueError)


class ParquetSource:
    """The rows of a Parquet file, read batch by batch."""

    def __init__(self, path: Path, name: str, limits: Limits) -> None:
        self._path, self._name = path, name
        with self._file() as file:
            self._check(file, limits)
            self._schema = schema = file.schema_arrow
            n_rows = max(100, min(N_SAMPLE_ROWS, N_SAMPLE_CELLS // max(1, len(schema))))
            columns, n_taken = self._first(file, n_rows)
            self.sample = Sample(
                tuple(schema.names),
                columns,
                n_taken,
                ["read as Parquet"],
                is_all=file.metadata.num_rows <= n_taken,
            )

    def frames(self, wanted: Sequence[Wanted]) -> Frames:
        """Yield all rows from the first on, the wanted columns of them."""
        with self._file() as file:
            if not file.schema_arrow.equals(self._schema):
                message = f"{self._name} has changed since it was opened: open it again"
                raise TableError(message)
            names = self._schema.names
            chosen = [names[one.index] for one in wanted]
            # Names that stand twice cannot be asked for by name.
            by_name = len(set(names)) == len(names)
            batches = file.iter_batches(
                N_BATCH_ROWS, columns=[*dict.fromkeys(chosen)] if by_name else None
            )
            try:
                for batch in batches:
                    columns = [
                        batch.column(name if by_name else one.index)
                        for name, one in zip(chosen, wanted, strict=True)
                    ]
                    yield Frame([_flat(column) for column in columns], batch.num_rows)
            except DAMAGE as error:
                raise TableError(
                    f"{self._name} is a damaged Parquet file: {make_printable(error, 120)}"
                ) from None

    def _damage(self, error: BaseException) -> TableError:
        return TableError(f"{self._name} is a damaged Parquet file: {make_printable(error, 120)}")

    def _file(self) -> pyarrow.parquet.ParquetFile:
        try:
            return pyarrow.parquet.ParquetFile(
                self._path, pre_buffer=False, page_checksum_verification=True
            )
        except DAMAGE:
            message = f"{self._name} looks like Parquet, but is damaged or cut short"
            raise TableError(message) from None

    def _check(self, file: pyarrow.parquet.ParquetFile, limits: Limits) -> None:
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

    def _first(self, file: pyarrow.parquet.ParquetFile, n_rows: int) -> tuple[list[pa.Array], int]:
        try:
            batch = next(file.iter_batches(n_rows))
        except (*DAMAGE, StopIteration) as error:
            raise TableError(
                f"{self._name} is a damaged Parquet file: {make_printable(error, 120)}"
            ) from None
        return [_flat(column) for column in batch.columns], batch.num_rows


def _flat(column: pa.Array) -> pa.Array:
    """Return a column as text or numbers, dictionaries and views resolved."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.dictionary_decode()
        kind = column.type
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return column.cast(pa.string())
    if pa.types.is_decimal(kind) or pa.types.is_float16(kind):
        return column.cast(pa.float64())
    return column

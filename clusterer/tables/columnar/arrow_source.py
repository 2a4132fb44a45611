"""The rows of an Arrow file or stream; Feather of version 2 is an Arrow file."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from clusterer.support.text import format_bytes, make_printable
from clusterer.tables.columnar.arrow_messages import RECORDS, list_messages
from clusterer.tables.columnar.expansion import (
    ExpansionCounter,
    count_shared_bytes,
    cut_values,
    expand_rows,
    is_read,
    make_placeholder,
    simplify,
)
from clusterer.tables.errors import TableError
from clusterer.tables.files.byte_stream import FileStamp
from clusterer.tables.limits import READ_BUDGET, Limits, check_n_columns
from clusterer.tables.row_source import ColumnRequest, RowBatch, RowBatches, TableSample

N_SAMPLE_ROWS = 5_000
N_SAMPLE_CELLS = 200_000
# A file begins with this mark and two zeros; the messages of a stream follow.
FILE_MARK = b"ARROW1\0\0"
DAMAGE_ERRORS = (pa.ArrowException, OSError, ValueError, EOFError)


class ArrowRowSource:
    """The rows of an Arrow file or stream, read batch by batch.

    Columns that are not requested are never decoded. Each message is measured before it is read.

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
        self._stamp = FileStamp.read(path, name)
        with self._report_damage():
            self._schema = self._read_schema()
        check_n_columns(name, len(self._schema), limits.max_columns)
        with self._report_damage():
            self.sample = self._read_sample()

    def read_rows(self, requests: Sequence[ColumnRequest]) -> RowBatches:
        """Yield all rows from the first on, with the requested columns."""
        self._stamp.check()
        for request in requests:
            self._check_type(request.index)
        indices = sorted({request.index for request in requests})
        places = [indices.index(request.index) for request in requests]
        counter = self._make_counter()
        with self._report_damage():
            for batch in self._read_batches(indices, counter):
                chosen = [batch.column(place) for place in places]
                for columns, n_rows in expand_rows(chosen, batch.num_rows, counter):
                    yield RowBatch(columns, n_rows)

    def _make_counter(self) -> ExpansionCounter:
        return ExpansionCounter(self._name, self._stamp.n_bytes, self._limits)

    def _check_type(self, index: int) -> None:
        kind = self._schema.types[index]
        if not is_read(kind):
            raise TableError(
                f"column {make_printable(self._schema.names[index])!r} of {self._name} holds "
                f"{make_printable(kind, 60)}, which is not read: choose another column"
            )

    def _read_schema(self) -> pa.Schema:
        with self._path.open("rb") as file:
            _skip_mark(file)
            return pa.ipc.open_stream(pa.PythonFile(file, mode="r")).schema

    def _read_sample(self) -> TableSample:
        schema = self._schema
        indices = [i for i, kind in enumerate(schema.types) if is_read(kind)]
        n_most = max(100, min(N_SAMPLE_ROWS, N_SAMPLE_CELLS // max(1, len(schema))))
        parts: list[list[pa.Array]] = [[] for _ in indices]
        n_rows, is_all = 0, True
        for batch in self._read_batches(indices, self._make_counter()) if indices else ():
            if n_rows >= n_most:
                is_all = False
                break
            part = batch.slice(0, n_most - n_rows)
            is_all = part.num_rows == batch.num_rows
            n_rows += part.num_rows
            for columns, column in zip(parts, part.columns, strict=True):
                columns.append(simplify(cut_values(column)))
        if not n_rows:
            raise TableError(f"{self._name} has no data rows")
        columns = [make_placeholder(kind, n_rows) for kind in schema.types]
        for i, each in zip(indices, parts, strict=True):
            columns[i] = pa.concat_arrays(each)
        return TableSample(
            tuple(schema.names),
            columns,
            n_rows,
            ["read as Arrow"],
            is_all=is_all,
            unread=frozenset(range(len(schema))) - {*indices},
        )

    def _read_batches(
        self, indices: Sequence[int], counter: ExpansionCounter
    ) -> Iterator[pa.RecordBatch]:
        kinds, shared = [self._schema.types[i] for i in indices], self._make_counter()
        options = pa.ipc.IpcReadOptions(included_fields=[*indices])
        with self._path.open("rb") as described, self._path.open("rb") as file:
            _skip_mark(described)
            _skip_mark(file)
            reader = None
            for message in list_messages(described):
                if message.n_bytes > READ_BUDGET // 2:
                    raise self._make_size_error(message.n_bytes)
                if message.kind != RECORDS:
                    continue
                counter.add_rows(message.n_rows, kinds)
                # Opened late, because the reader takes dictionaries when it is opened.
                if reader is None:
                    source = pa.PythonFile(file, mode="r")
                    reader = pa.ipc.open_stream(source, options=options)
                batch = reader.read_next_batch()
                batch.validate()
                shared.add(count_shared_bytes(batch))
                # The file may come from a stranger: wrong offsets would read beyond buffers.
                batch.validate(full=True)
                yield batch

    def _make_size_error(self, n_bytes: int) -> TableError:
        return TableError(
            f"{self._name} takes more than {format_bytes(READ_BUDGET)} of memory to read: it has a "
            f"batch of rows of {format_bytes(n_bytes)}; save it in smaller batches, or as Parquet"
        )

    @contextmanager
    def _report_damage(self) -> Iterator[None]:
        try:
            yield
        except TableError:
            raise
        except (*DAMAGE_ERRORS, StopIteration) as error:
            cause = make_printable(error, 120)
            message = f"{self._name} is a damaged Arrow file; make it again ({cause})"
            raise TableError(message) from None


def _skip_mark(file: object) -> None:
    """Go to the first message of a file or a stream."""
    read, seek = file.read, file.seek  # type: ignore[attr-defined]
    seek(len(FILE_MARK) if read(len(FILE_MARK)) == FILE_MARK else 0)

"""A table with its clusters: all rows and columns of a file, and what the model says about each.

The rows are read, labelled and written a few thousand at a time, so a table of any size takes the
same memory.
"""

import re
from collections.abc import Generator, Sequence
from typing import BinaryIO, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from clusterer.evaluation.row_labels import RowLabeller
from clusterer.export.data_files import FORMULA_STARTS, escape_formula, name_apart
from clusterer.scaled_learner import ScaledLearner
from clusterer.session.run_export import RunExport
from clusterer.stream import TableSource
from clusterer.tables.columns.numbers import is_text, parse_numbers
from clusterer.tables.errors import TableError
from clusterer.tables.options import MissingRule
from clusterer.tables.rows.all_rows import TableRows
from clusterer.tables.table import Table

Format = Literal["csv", "parquet"]

NOT_USED = "not_used"
"""The column with the reason why a row has no cluster."""

FORMULA = f"^[{re.escape(''.join(FORMULA_STARTS))}]"
# A sign in front of a number, as in -3, +41 44 and -1.5e3, makes no formula.
NUMBER = "^[+-][\\d.,'\u2019_ \u00a0\u202f]*(?:[eE][+-]?\\d+)?[ \u00a0]?%?$|^[+-]+$"

DELIMITERS = (",", ";", "\t", "|")
MARK = b"\xef\xbb\xbf"
"""By this mark spreadsheets recognise UTF-8."""


def write_labelled_table(
    file: BinaryIO,
    table: Table,
    features: Sequence[str],
    labeller: RowLabeller,
    kind: Format = "csv",
    *,
    missing: MissingRule | None = None,
) -> Generator[int, None, None]:
    r"""Write a table with further columns that hold what a model says about each row.

    All rows come in the order of the file, with all columns as they are: those of
    `RowLabeller.label`, and ``not_used``, which tells why a row has no label. A name that the table
    has already gets an underscore. The CSV has the delimiter and the decimal mark of the table, and
    an apostrophe before text that a spreadsheet would run as a formula. In Parquet, columns of
    numbers hold numbers, and cells that are none are missing.

    Parameters
    ----------
    file : binary file
        Where to write. It is complete when the iterator ends; delete it if you stop earlier.
    table : Table
        The table; its report counts the rows.
    features : sequence of str
        The columns that the model has learned.
    labeller : RowLabeller
        The model.
    kind : "csv" or "parquet"
        The format, default "csv".
    missing : "drop" or "mean", optional
        The rule for missing values; default that of the table.

    Yields
    ------
    int
        The number of rows written so far, after every few thousand.

    Raises
    ------
    clusterer.tables.TableError
        If the table cannot be read or has no row.
    ValueError
        If its columns do not fit the model.

    Examples
    --------
    >>> import io, tempfile, pathlib
    >>> from clusterer import OnlineClusterer
    >>> from clusterer.scaled_learner import ScaledLearner
    >>> from clusterer.tables import open_table
    >>> path = pathlib.Path(tempfile.mkdtemp(), "t.csv")
    >>> _ = path.write_text("city;x\nBern;1,5\nUri;\nChur;1,5\n")
    >>> learner = ScaledLearner(OnlineClusterer(2)).learn(np.array([[1.5], [1.5]]))
    >>> file = io.BytesIO()
    >>> list(write_labelled_table(file, open_table(path), ["x"], RowLabeller(learner)))
    [3]
    >>> for line in file.getvalue().decode().splitlines():
    ...     print([line.split(";")[i].strip('"') for i in (0, 1, 2, 3, 6)])
    ['city', 'x', 'cluster', 'distance', 'not_used']
    ['Bern', '1,5', '0', '0', '']
    ['Uri', '', '', '', 'a value is missing: x']
    ['Chur', '1,5', '0', '0', '']
    """
    writer: pa_csv.CSVWriter | pq.ParquetWriter | None = None
    layout = _Layout(table, kind)
    n_rows = 0
    try:
        for rows in table.read_rows(features, missing=missing):
            batch = layout.make_batch(rows, labeller)
            if writer is None:
                if kind == "csv" and not is_ascii(batch):
                    file.write(MARK)
                writer = layout.open_writer(file, batch.schema)
            writer.write(batch)
            n_rows += len(rows.numbers)
            yield n_rows
        if writer is None:
            raise TableError(f"{table.name} has no rows")
    finally:
        if writer is not None:
            writer.close()


def write_run_table(file: BinaryIO, run: RunExport, kind: Format) -> Generator[int, None, None]:
    """Write the table of a run with the clusters that users see; see `write_labelled_table`.

    Raises ValueError if the run reads no table.
    """
    source = run.source
    if not isinstance(source, TableSource) or not isinstance(source.table, Table):
        raise ValueError(
            "This stream is no table. Points writes the points in the window with their clusters."
        )
    learner = ScaledLearner(run.model, run.scaling, source.feature_names)
    labeller = RowLabeller(learner, run.label_ids, run.cluster_names)
    missing = source.choices.get("missing")
    return write_labelled_table(
        file, source.table.copy(), source.feature_names, labeller, kind, missing=missing
    )


class _Layout:
    """The columns of the output."""

    def __init__(self, table: Table, kind: Format) -> None:
        self._table, self._kind = table, kind
        self._is_csv = kind == "csv"
        self._has_comma = self._is_csv and table.decimal == ","
        self._formats = table.number_formats

    def open_writer(self, file: BinaryIO, schema: pa.Schema) -> pa_csv.CSVWriter | pq.ParquetWriter:
        if not self._is_csv:
            return pq.ParquetWriter(file, schema)
        delimiter = self._table.delimiter if self._table.delimiter in DELIMITERS else ","
        return pa_csv.CSVWriter(
            file, schema, write_options=pa_csv.WriteOptions(delimiter=delimiter)
        )

    def make_batch(self, rows: TableRows, labeller: RowLabeller) -> pa.RecordBatch:
        columns = {name: self._convert(name, each) for name, each in rows.columns.items()}
        places = _find_places(rows.is_used)
        for name, values in labeller.label(rows.points).items():
            columns[name_apart(name, columns)] = self._spread(values, places)
        reasons = _find_places(~rows.is_used)
        named = pa.array(rows.reasons, pa.string()).take(reasons)
        columns[name_apart(NOT_USED, columns)] = self._protect(named)
        names = [escape_formula(name) if self._is_csv else name for name in columns]
        return pa.record_batch([*columns.values()], names=names)

    def _convert(self, name: str, column: pa.Array) -> pa.Array:
        """Return a column of the table as the format can hold it."""
        number_format = self._formats.get(name)
        if number_format is not None and is_text(column.type):
            numbers = parse_numbers(column, number_format)
            if not self._is_csv:
                return pa.array(numbers.values, from_pandas=True)
            # A number keeps its notation, also if its first sign is that of a formula.
            return pc.if_else(pa.array(numbers.unreadable), self._protect(column), column)
        if not self._is_csv:
            return column
        kind = column.type
        if pa.types.is_binary(kind) or pa.types.is_fixed_size_binary(kind):
            values = column.to_pylist()
            column = pa.array(
                [None if each is None else each.decode("utf-8", "replace") for each in values],
                pa.string(),
            )
        elif pa.types.is_duration(kind) or pa.types.is_interval(kind):
            column = pa.array([None if each is None else str(each) for each in column.to_pylist()])
        return self._protect(column)

    def _spread(self, values: NDArray, places: pa.Array) -> pa.Array:
        """Return values of the rows that can be used, with gaps for the other rows."""
        is_text_column = values.dtype.kind in "OU"
        column = (
            pa.array(values.tolist(), pa.string())
            if is_text_column
            else pa.array(values, from_pandas=True)
        )
        column = column.take(places)
        if self._has_comma and pa.types.is_floating(column.type):
            return pc.replace_substring(column.cast(pa.string()), ".", ",")
        return self._protect(column)

    def _protect(self, column: pa.Array) -> pa.Array:
        is_harmless = not self._is_csv or not pa.types.is_string(column.type)
        return column if is_harmless else protect_text(column)


def protect_text(column: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """Return a column of text without cells that a spreadsheet would run as a formula.

    >>> protect_text(pa.array(["=1+1", "-3", None])).to_pylist()
    ["'=1+1", '-3', None]
    """
    is_formula = pc.and_not(
        pc.match_substring_regex(column, FORMULA), pc.match_substring_regex(column, NUMBER)
    )
    if not pc.any(is_formula).as_py():
        return column
    return pc.if_else(is_formula, pc.binary_join_element_wise("'", column, ""), column)


def _find_places(is_chosen: NDArray[np.bool_]) -> pa.Array:
    """Return for each row its place among the chosen rows, missing for the others."""
    return pa.array(np.cumsum(is_chosen) - 1, mask=~is_chosen)


def is_ascii(rows: pa.RecordBatch | pa.Table) -> bool:
    """Whether all names and all texts of columns are ASCII."""
    texts = [column for column in rows.columns if pa.types.is_string(column.type)]
    is_plain = all(pc.all(pc.string_is_ascii(each)).as_py() is not False for each in texts)
    return is_plain and all(map(str.isascii, rows.schema.names))

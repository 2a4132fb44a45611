"""A table: its columns, a preview, and its rows as chunks of points."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from copy import copy
from functools import partial
from typing import Any, NamedTuple, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from clusterer.stream.chunk import Chunk
from clusterer.stream.table_source import ChunkedTable
from clusterer.support.text import join_names, make_printable
from clusterer.tables.columns.class_labels import MISSING_CLASS, ClassEncoder
from clusterer.tables.columns.column import Column, InferredColumn
from clusterer.tables.columns.dates import TimeFormat, TimeReader, detect_time_format
from clusterer.tables.columns.numbers import NumberFormat
from clusterer.tables.errors import TableError
from clusterer.tables.limits import check_count
from clusterer.tables.options import MissingRule, check_missing_rule
from clusterer.tables.report import Report
from clusterer.tables.row_source import ColumnRequest, RowBatch, RowSource
from clusterer.tables.rows.all_rows import AllRowsReader, TableRows
from clusterer.tables.rows.cell_parsing import parse_finite, parse_text
from clusterer.tables.rows.chunking import cut_to_size, sort_by_time
from clusterer.tables.rows.points import Feature, PointConverter, RowNumbers


class TableRoles(NamedTuple):
    """The columns with a role: default features, class, time and its parts, names of the rows."""

    features: tuple[str, ...]
    label: str | None = None
    time: str | None = None
    row_names: str | None = None
    time_parts: tuple[str, ...] = ()


class LackingRows(NamedTuple):
    """How many of the first rows lack a value.

    Parameters
    ----------
    n_rows : int
        The number of first rows.
    n_lacking : int
        The number of them that lack a value of at least one column.
    by_column : list of (str, int)
        The columns that lack values and how many, most first.
    is_all : bool
        Whether these are all rows of the table.
    """

    n_rows: int
    n_lacking: int
    by_column: list[tuple[str, int]]
    is_all: bool


class Table(ChunkedTable):
    """A table: information about its columns, and its rows as points.

    `open_table` makes it. The columns are inferred from the first few thousand rows. The whole
    table is never in memory, unless it is sorted by time.

    Parameters
    ----------
    name : str
        The name of the table in messages.
    columns : tuple of Column
        What each column holds.
    default_features : tuple of str
        The columns that are features unless the user chooses others: numbers that are neither
        ids, constants nor the label.
    label_column : str or None
        The column that looks like the true classes.
    time_column : str or None
        The first column of dates or times.
    time_parts : tuple of str
        The further columns that make up the time of a row: times of the day beside the dates in
        `time_column`, or months, days and hours beside years.
    missing : "drop" or "mean"
        The rule for rows with a missing value.
    report : Report
        What was assumed, and what the latest reading dropped.
    choices : dict
        The arguments of `open_table` other than the path and the limits, to open the table again.
    """

    has_row_numbers = True

    def __init__(
        self,
        name: str,
        source: RowSource,
        inferred: Sequence[InferredColumn],
        roles: "TableRoles",
        report: Report,
        missing: MissingRule,
        choices: dict[str, Any],
    ) -> None:
        self.name = name
        self.columns: tuple[Column, ...] = tuple(each.column for each in inferred)
        self.default_features = roles.features
        self.label_column = roles.label
        self.time_column = roles.time
        self.time_parts = roles.time_parts
        self.missing: MissingRule = missing
        self.report = report
        self.choices = choices
        self._source = source
        self._inferred = {each.column.name: (i, each) for i, each in enumerate(inferred)}
        self._row_names = roles.row_names
        self._encoder: ClassEncoder | None = None

    @property
    def class_names(self) -> tuple[str, ...] | None:
        """The labels that the latest reading has numbered so far; None if it numbered none."""
        return None if self._encoder is None else self._encoder.names

    def __repr__(self) -> str:
        return f"<Table {make_printable(self.name)!r} of {len(self.columns)} columns>"

    @property
    def n_sampled(self) -> int:
        """The number of rows that the columns were inferred from."""
        return self._source.sample.n_rows

    @property
    def delimiter(self) -> str:
        """The sign between cells; a comma if the file is no text."""
        return self._source.sample.delimiter

    @property
    def sheets(self) -> Sequence[str]:
        """The sheets of a workbook or the tables of a database; empty for other files."""
        return self._source.sample.sheets

    @property
    def decimal(self) -> str:
        """The decimal mark of most columns of numbers."""
        marks = Counter(each.decimal for each in self.number_formats.values())
        return marks.most_common(1)[0][0] if marks else "."

    @property
    def number_formats(self) -> dict[str, NumberFormat]:
        """The formats of the columns of numbers, without ids and constants."""
        return {
            name: each.number_format
            for name, (_, each) in self._inferred.items()
            if each.column.kind == "number" and each.number_format is not None
        }

    def copy(self) -> Self:
        """Return a table of the same file with a report of its own, for another reading."""
        twin = super().copy()
        twin.report, twin._encoder = Report(list(self.report.notes)), None
        # A source may note what it measures during a reading.
        twin._source = copy(self._source)
        return twin

    def count_lacking(self, features: Sequence[str]) -> LackingRows:
        r"""Return how many of the first rows lack a value of a feature.

        Raises TableError if a column does not exist.

        Examples
        --------
        >>> from clusterer.tables import open_table
        >>> import tempfile, pathlib
        >>> path = pathlib.Path(tempfile.mkdtemp(), "t.csv")
        >>> _ = path.write_text("x,y,z\n1,2,1\n3,?,5\n?,?,4\n7,8,?\n")
        >>> open_table(path).count_lacking(["x", "y"])
        LackingRows(n_rows=4, n_lacking=2, by_column=[('y', 2), ('x', 1)], is_all=True)
        """
        lacking = {name: self._find(name)[1].lacking for name in features}
        counts = [(name, int(each.sum())) for name, each in lacking.items() if each.any()]
        n_lacking = int(np.any([*lacking.values()], axis=0).sum()) if lacking else 0
        n_rows = max((len(each) for each in lacking.values()), default=0)
        counts.sort(key=lambda item: -item[1])
        return LackingRows(n_rows, n_lacking, counts, self._source.sample.is_all)

    def preview(self, n: int = 20) -> tuple[list[str], list[list[str]]]:
        r"""Return the column names and the first `n` rows as they are written.

        Examples
        --------
        >>> from clusterer.tables import open_table
        >>> import tempfile, pathlib
        >>> path = pathlib.Path(tempfile.mkdtemp(), "t.csv")
        >>> _ = path.write_text("x;y\n1,5;2\n3,5;4\n")
        >>> open_table(path).preview(1)
        (['x', 'y'], [['1,5', '2']])
        """
        n_rows = min(check_count("n", n, 0), self._source.sample.n_rows)
        columns = [
            ["" if cell is None else str(cell) for cell in column[:n_rows].to_pylist()]
            for column in self._source.sample.columns
        ]
        rows = [list(row) for row in zip(*columns, strict=True)]
        return [column.name for column in self.columns], rows

    def chunks(
        self,
        features: Sequence[str],
        size: int,
        label: str | None = None,
        *,
        time: str | None = None,
        missing: MissingRule | None = None,
        is_numbered: bool = False,
        is_label_text: bool = False,
    ) -> Iterator[Chunk]:
        r"""Yield all rows as points from the first on, `size` at a time (fewer at the end).

        Parameters
        ----------
        features : sequence of str
            The names of the columns to use.
        size : int
            The number of points per chunk, at least 1.
        label : str, optional
            The name of the column of true classes; None (the default) gives no classes.
        time : str, optional
            The name of a column of dates, times or numbers. The rows come in the order of this
            column, and the time in seconds is one more coordinate of each point, the last. A table
            of more than 8 million values keeps its order, and the report counts the rows that are
            out of order.
        missing : str, optional
            "drop" or "mean", as for `open_table`; None (the default) uses the choice made there.
        is_numbered : bool, default False
            Whether the number of the row, from 1, is one more coordinate, before the time.
        is_label_text : bool, default False
            Whether labels that are whole numbers are numbered like words, too. Then the label -1
            is not taken for a missing one.

        Yields
        ------
        Chunk
            Points without NaN or infinity, float64 and C-contiguous, and their classes. Whole
            numbers are classes as they are, other labels are numbered by first appearance, and a
            missing label has the class -1.

        Raises
        ------
        TableError
            If a column does not exist or holds no numbers; during the reading, if the file is
            damaged or beyond a limit.

        Examples
        --------
        >>> from clusterer.tables import open_table
        >>> import tempfile, pathlib
        >>> path = pathlib.Path(tempfile.mkdtemp(), "t.csv")
        >>> _ = path.write_text("x,y,class\n1,2,a\n3,?,b\n5,6,b\n")
        >>> table = open_table(path)
        >>> for points, classes in table.chunks(["x", "y"], 10, label="class"):
        ...     print(points.tolist(), classes.tolist())
        [[1.0, 2.0], [5.0, 6.0]] [0, 1]
        >>> table.report.summary()
        ['2 of 3 rows used', '1 row dropped: a value is missing (1 in y)']
        """
        n_points = check_count("size", size, 1)
        chosen = self._make_features(features)
        names = [each.name for each in chosen]
        requests = [ColumnRequest(self._find(each.name)[0], each.number_format) for each in chosen]
        encoder = None
        if label is not None:
            index, inferred = self._find(label)
            is_number = inferred.is_whole and inferred.column.kind != "boolean"
            number_format = inferred.number_format if is_number and not is_label_text else None
            encoder = ClassEncoder(number_format)
            requests.append(ColumnRequest(index, number_format))
        times = None
        if time is not None:
            formats = [(each, self._find_time_format(each)) for each in self._list_times(time)]
            requests += [ColumnRequest(self._find(each)[0], f.number_format) for each, f in formats]
            times = TimeReader([time_format for _, time_format in formats], self.report)
        has_names = self._row_names is not None and self._row_names not in names
        if has_names:
            index, inferred = self._find(str(self._row_names))
            requests.append(ColumnRequest(index, inferred.number_format))
        self._encoder = encoder
        rule = check_missing_rule(missing or self.missing)
        converters = _Converters(
            PointConverter(chosen, rule, self.report, has_names),
            encoder,
            times,
            RowNumbers() if is_numbered else None,
        )
        return self._read_chunks(requests, converters, n_points)

    def read_rows(
        self, features: Sequence[str], *, missing: MissingRule | None = None
    ) -> Iterator[TableRows]:
        r"""Yield all rows with all columns in the order of the file, and the points of usable rows.

        Columns of lists or records are left out, as are lines of comments and repeated headers.

        Parameters
        ----------
        features, missing
            As for `chunks`.

        Yields
        ------
        TableRows
            The rows; also those that `chunks` drops, with the reason.

        Raises
        ------
        TableError
            As `chunks`.

        Examples
        --------
        >>> from clusterer.tables import open_table
        >>> import tempfile, pathlib
        >>> path = pathlib.Path(tempfile.mkdtemp(), "t.csv")
        >>> _ = path.write_text("city,x\nBern,1\nUri,\n")
        >>> for rows in open_table(path).read_rows(["x"]):
        ...     print(rows.columns["city"].to_pylist(), rows.points.tolist(), rows.reasons)
        ['Bern', 'Uri'] [[1.0]] ['a value is missing: x']
        """
        chosen = self._make_features(features)
        names = [each.name for each in chosen]
        row_names = self._row_names if self._row_names not in names else None
        rule = check_missing_rule(missing or self.missing)
        converter = PointConverter(chosen, rule, self.report, row_names is not None)
        unread = self._source.sample.unread
        read = [i for i in range(len(self.columns)) if i not in unread]
        reader = AllRowsReader([self.columns[i].name for i in read], chosen, converter, row_names)
        return self._read_all([ColumnRequest(i, None) for i in read], reader)

    def make_cell_parser(self, name: str) -> Callable[[pa.Array], "NDArray[np.float64] | pa.Array"]:
        r"""Return a function that converts cells of a column, as `read_rows` yields them.

        The cells become numbers, or times in seconds since 1970, with NaN for missing ones; text
        and booleans become text, with null for missing ones.

        Raises
        ------
        TableError
            If the column does not exist, or holds dates that cannot be read.

        Examples
        --------
        >>> from clusterer.tables import open_table
        >>> import tempfile, pathlib
        >>> path = pathlib.Path(tempfile.mkdtemp(), "t.csv")
        >>> _ = path.write_text("x;city;sold\n1,5;Bern;yes\n3,5;?;no\n")
        >>> table = open_table(path)
        >>> table.make_cell_parser("x")(pa.array(["1,5", "?"])).tolist()
        [1.5, nan]
        >>> table.make_cell_parser("city")(pa.array([" Bern", "?"])).to_pylist()
        ['Bern', None]
        """
        inferred = self._find(name)[1]
        if inferred.column.kind == "date":
            return self._find_time_format(name).parse
        if inferred.number_format is not None and inferred.column.kind != "boolean":
            return partial(parse_finite, number_format=inferred.number_format)
        return parse_text

    def _read_all(
        self, requests: list[ColumnRequest], reader: AllRowsReader
    ) -> Iterator[TableRows]:
        self.report.restart()
        batches = self._source.read_rows(requests)
        try:
            for batch in batches:
                if _has_content(batch):
                    rows = reader.convert(batch)
                    self.report.n_rows += len(rows.points)
                    yield rows
        finally:
            batches.close()

    def _make_features(self, names: Sequence[str]) -> list[Feature]:
        try:
            listed = [] if isinstance(names, str) else list(names)
        except TypeError:
            listed = []
        if not listed:
            raise TableError("features must be a list of at least one column name")
        return [self._make_feature(name) for name in listed]

    def _find(self, name: str) -> tuple[int, InferredColumn]:
        if not isinstance(name, str) or name not in self._inferred:
            known = join_names(list(self._inferred))
            raise TableError(f"there is no column {make_printable(name)!r}; there are: {known}")
        return self._inferred[name]

    def _make_feature(self, name: str) -> Feature:
        inferred = self._find(name)[1]
        column, number_format = inferred.column, inferred.number_format
        if number_format is None:
            raise TableError(
                f"column {make_printable(name)!r} cannot be a feature: it holds {column.kind} "
                f"(such as {make_printable(column.example)!r}), no numbers"
            )
        return Feature(name, number_format, column.mean if np.isfinite(column.mean) else 0.0)

    def _find_time_format(self, name: str) -> TimeFormat:
        index, inferred = self._find(name)
        sample = self._source.sample.columns[index]
        time_format = inferred.time_format
        if time_format is None:
            time_format = detect_time_format(
                sample, inferred.number_format, self.choices.get("day_first")
            )
        if time_format is not None and time_format.is_assumed:
            time_format = self._read_whole_order(index, time_format)
        if time_format is None:
            raise TableError(
                f"column {make_printable(name)!r} cannot be the time: its values, such as "
                f"{make_printable(inferred.column.example)!r}, are neither times nor numbers"
            )
        return time_format

    def _list_times(self, time: str) -> list[str]:
        """Return the columns that make up the time: a date and the time of the day may be two."""
        return [time, *self.time_parts] if time == self.time_column else [time]

    def _read_whole_order(self, index: int, time_format: TimeFormat) -> TimeFormat:
        """Return the format with the order of day and month that the whole column shows.

        The rows are read until one shows the order; a table from a pipe keeps the assumption.
        """
        if self._source.sample.is_all or not self._source.sample.is_repeatable:
            return time_format
        batches = self._source.read_rows([ColumnRequest(index, None)])
        try:
            for batch in batches:
                found = time_format.decide_order(batch.columns[0])
                if not found.is_assumed:
                    return found
        finally:
            batches.close()
        return time_format

    def _read_chunks(
        self, requests: list[ColumnRequest], converters: "_Converters", size: int
    ) -> Iterator[Chunk]:
        self.report.restart()
        batches = self._source.read_rows(requests)
        try:
            chunks: Iterator[Chunk] = (
                converters.convert(batch) for batch in batches if _has_content(batch)
            )
            if converters.times is not None:
                chunks = sort_by_time(chunks, self.report)
            for points, classes in cut_to_size(chunks, size):
                self.report.n_rows += len(points)
                if classes is not None:
                    self.report.n_unlabelled += int(np.count_nonzero(classes == MISSING_CLASS))
                yield Chunk(points, classes)
        finally:
            batches.close()


class _Converters(NamedTuple):
    """The converters of one reading; None for what was not asked for."""

    points: PointConverter
    classes: ClassEncoder | None
    times: TimeReader | None
    numbers: RowNumbers | None

    def convert(self, batch: RowBatch) -> Chunk:
        """Return the kept rows of a batch; the columns are the features, the label, the time."""
        points, kept = self.points.convert(batch)
        n_labels = self.classes is not None
        n_times = 0 if self.times is None else self.times.n_columns
        if self.numbers is not None:
            rows = self.numbers.number(batch)
            points = np.column_stack([points, rows if kept is None else rows[kept]])
        first = self.points.n_features
        cells = batch.columns[first : first + n_labels + n_times]
        if kept is not None:
            cells = [column.filter(kept) for column in cells]
        classes = self.classes.encode(cells[0]) if self.classes is not None else None
        if self.times is not None:
            points = np.column_stack([points, self.times.read(cells[n_labels:])])
        return Chunk(points, classes)


def _has_content(batch: RowBatch) -> bool:
    return batch.n_rows > 0 or bool(batch.malformed_lines or batch.header_lines or batch.n_comments)

"""A table: its columns, a preview, and its rows in chunks of points."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from clusterer.stream.chunk import Chunk
from clusterer.support.text import join_names, make_printable
from clusterer.tables.columns.class_labels import MISSING_CLASS, LabelCodes
from clusterer.tables.columns.column import Column, Sampled
from clusterer.tables.columns.date_times import Clock, Part, TimeFormat, in_order, time_format
from clusterer.tables.errors import TableError
from clusterer.tables.frames import Frame, Source, Wanted
from clusterer.tables.limits import check_count
from clusterer.tables.points import Feature, Missing, PointFilter, rule_for_missing
from clusterer.tables.report import Report
from clusterer.tables.rows import RowNumbers


class Table:
    """A table that streams: what its columns hold, and its rows as points.

    Made by `open_table`. The columns are estimated from the first some thousand rows; the
    rows are never all in memory.

    Parameters
    ----------
    name : str
        What to call the table in messages.
    columns : tuple of Column
        What is in each column.
    default_features : tuple of str
        The columns that make sense as features unasked: numbers that are no ids, no constants
        and not the label.
    label_column : str or None
        The column that looks like the true classes.
    time_column : str or None
        The first column of dates or times.
    report : Report
        What was assumed, and what the latest reading dropped.
    choices : dict
        What `open_table` was told beyond the path, to open the same again.
    """

    def __init__(
        self,
        name: str,
        source: Source,
        sampled: Sequence[Sampled],
        default_features: tuple[str, ...],
        label_column: str | None,
        time_column: str | None,
        report: Report,
        missing: Missing,
    ) -> None:
        self.name = name
        self.columns: tuple[Column, ...] = tuple(one.column for one in sampled)
        self.default_features = default_features
        self.label_column = label_column
        self.time_column = time_column
        self.report = report
        self._source = source
        self._sampled = {one.column.name: (i, one) for i, one in enumerate(sampled)}
        self._missing: Missing = missing
        self._codes: LabelCodes | None = None
        self.choices: dict[str, Any] = {}

    @property
    def class_names(self) -> tuple[str, ...] | None:
        """The names of the classes that the latest reading has numbered so far, if it has."""
        return None if self._codes is None else self._codes.names

    def __repr__(self) -> str:
        return f"<Table {make_printable(self.name)!r} of {len(self.columns)} columns>"

    @property
    def n_sampled(self) -> int:
        """The number of rows that the columns were judged by."""
        return self._source.sample.n_rows

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
        missing: Missing | None = None,
        is_numbered: bool = False,
    ) -> Iterator[Chunk]:
        r"""Yield the rows as points, `size` at a time (fewer at the end), from the first on.

        Parameters
        ----------
        features : sequence of str
            The names of the columns to use.
        size : int
            The number of points per chunk, at least 1.
        label : str, optional
            The name of the column of true classes; None (the default) gives no classes.
        time : str, optional
            The name of a column of dates, times or numbers: the rows come in its order, and the
            time in seconds is one more coordinate of each point, the last. Tables of more than
            8 million values keep their order, and the report tells what was out of it.
        missing : str, optional
            "drop" or "mean", as for `open_table`; None (the default) is what was chosen there.
        is_numbered : bool, default False
            The number of the row, from 1, is one more coordinate of each point, before the time.

        Yields
        ------
        Chunk
            Points without NaN or infinity, float64 and C-contiguous, and their classes: whole
            numbers as they are, others numbered by first appearance, -1 where missing.

        Raises
        ------
        TableError
            If there is no such column, or it holds no numbers; while reading, if the file is
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
        try:
            names = [] if isinstance(features, str) else list(features)
        except TypeError:
            names = []
        if not names:
            raise TableError("features must be a list of at least one column name")
        chosen = [self._feature(name) for name in names]
        wanted = [Wanted(self._found(one.name)[0], one.form) for one in chosen]
        codes = None
        if label is not None:
            index, one = self._found(label)
            form = one.form if one.is_whole and one.column.kind != "boolean" else None
            codes = LabelCodes(form)
            wanted.append(Wanted(index, form))
        clock = None
        if time is not None:
            index, _ = self._found(time)
            clock = self._time_format(time)
            wanted.append(Wanted(index, clock.form))
        self._codes = codes
        sieve = PointFilter(chosen, rule_for_missing(missing or self._missing), self.report)
        numbers = RowNumbers() if is_numbered else None
        return self._chunks(sieve, wanted, codes, clock, numbers, n_points)

    def _time_format(self, name: str) -> TimeFormat:
        index, one = self._found(name)
        form = time_format(self._source.sample.columns[index], one.form)
        if form is None:
            raise TableError(
                f"column {make_printable(name)!r} cannot be the time: its values, such as "
                f"{make_printable(one.column.example)!r}, are neither times nor numbers"
            )
        return form

    def _found(self, name: str) -> tuple[int, Sampled]:
        if not isinstance(name, str) or name not in self._sampled:
            known = join_names(list(self._sampled))
            raise TableError(f"there is no column {make_printable(name)!r}; there are: {known}")
        return self._sampled[name]

    def _feature(self, name: str) -> Feature:
        _, one = self._found(name)
        if one.form is None:
            raise TableError(
                f"column {make_printable(name)!r} cannot be a feature: it holds {one.column.kind} "
                f"(such as {make_printable(one.column.example)!r}), no numbers"
            )
        mean = one.column.mean
        return Feature(name, one.form, mean if np.isfinite(mean) else 0.0)

    def _chunks(
        self,
        sieve: PointFilter,
        wanted: list[Wanted],
        codes: LabelCodes | None,
        form: TimeFormat | None,
        numbers: RowNumbers | None,
        size: int,
    ) -> Iterator[Chunk]:
        self.report.restart()
        clock = Clock(form, self.report) if form is not None else None
        frames = self._source.frames(wanted)
        try:
            parts: Iterator[Part] = (
                _part(frame, sieve, codes, clock, numbers)
                for frame in frames
                if _has_content(frame)
            )
            if clock is not None:
                parts = in_order(parts, self.report)
            for points, classes in _of_size(parts, size):
                self.report.n_rows += len(points)
                if classes is not None and codes is not None:
                    self.report.n_unlabelled += int(np.count_nonzero(classes == MISSING_CLASS))
                yield Chunk(points, classes)
        finally:
            frames.close()


def _has_content(frame: Frame) -> bool:
    return frame.n_rows > 0 or bool(frame.broken) or frame.n_comments > 0


def _part(
    frame: Frame,
    sieve: PointFilter,
    codes: LabelCodes | None,
    clock: Clock | None,
    numbers: RowNumbers | None,
) -> Part:
    points, kept = sieve.points(frame)
    if numbers is not None:
        rows = numbers.of(frame)
        points = np.column_stack([points, rows if kept is None else rows[kept]])
    cells = frame.columns[sieve.n_features :]
    if kept is not None:
        cells = [column.filter(kept) for column in cells]
    classes = codes.classes(cells[0]) if codes is not None else None
    if clock is not None:
        points = np.column_stack([points, clock.times(cells[-1])])
    return points, classes


def _of_size(parts: Iterator[Part], size: int) -> Iterator[Part]:
    """Yield the parts joined and cut so that each has `size` points but the last."""
    held: list[Part] = []
    n_held = 0
    for part in parts:
        n_lacking = min(size - n_held, len(part[0]))
        if held and n_held + n_lacking == size:
            yield _joined([*held, _cut(part, 0, n_lacking)])
            held, n_held, part = [], 0, _cut(part, n_lacking, len(part[0]))
        n_points = len(part[0])
        if n_held == 0:
            for start in range(0, n_points - size + 1, size):
                yield _cut(part, start, start + size)
            part = _cut(part, n_points - n_points % size, n_points)
        if len(part[0]):
            held.append(part)
            n_held += len(part[0])
    if n_held:
        yield _joined(held)


def _cut(part: Part, start: int, stop: int) -> Part:
    points, classes = part
    return points[start:stop], None if classes is None else classes[start:stop]


def _joined(parts: list[Part]) -> Part:
    if len(parts) == 1:
        return parts[0]
    classes = [part[1] for part in parts if part[1] is not None]
    points = np.concatenate([part[0] for part in parts])
    return points, np.concatenate(classes) if classes else None

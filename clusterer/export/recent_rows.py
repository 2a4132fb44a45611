"""The rows of a table behind the last points of a stream, with all columns of the table."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from clusterer.stream import TableSource
from clusterer.tables.rows.all_rows import TableRows
from clusterer.tables.table import Table

MAX_BYTES = 64 * 2**20
"""Rows in memory; of more rows only the newest are kept."""


class PointRows(NamedTuple):
    """Rows of a table that are points of a stream.

    Parameters
    ----------
    numbers : array (n,) of int64
        The numbers of the rows, from 1.
    cells : pyarrow.Table
        All columns of these n rows, as the file holds them.
    """

    numbers: NDArray[np.int64]
    cells: pa.Table


class RecentRows:
    r"""Finds the rows behind the last points of a table's stream.

    The reading goes on from one call to the next, so a stream is read only once more. All methods
    may be called from any thread.

    Parameters
    ----------
    source : TableSource
        The stream of a `Table`; it is not changed.

    Raises
    ------
    ValueError
        If the source reads no `Table`, such as a table on Dask.

    Examples
    --------
    >>> from clusterer.tables import open_table
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp(), "t.csv")
    >>> _ = path.write_text("city,x\nBern,1\nUri,\nChur,2\n")
    >>> rows = RecentRows(TableSource(open_table(path), ["x"])).read(n_taken=2, n_last=1)
    >>> rows.numbers.tolist(), rows.cells.column("city").to_pylist()
    ([3], ['Chur'])
    """

    def __init__(self, source: TableSource) -> None:
        if not isinstance(source.table, Table):
            raise ValueError(f"{source.name} is no table whose rows can be read again")
        self._source, self._table = source, source.table.copy()
        self._is_in_order = "time" not in source.choices
        self._lock = threading.Lock()
        self._last: tuple[tuple[int, int], PointRows | None] = (0, 0), None
        self._restart()

    @property
    def table(self) -> Table:
        """The table that is read; its rows may not be read by others."""
        return self._table

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The columns that form the points."""
        return self._source.feature_names

    def read(self, n_taken: int, n_last: int) -> PointRows | None:
        """Return the rows of the last ``n_last`` of the first ``n_taken`` points of the stream.

        Fewer if they take more than 64 MB; None if the file has changed and has fewer points now.
        Raises TableError or OSError if it cannot be read any more.
        """
        with self._lock:
            key, found = self._last
            if found is None or key != (n_taken, n_last):
                read = self._read_on if self._is_in_order else self._collect
                found = read(n_taken, n_last) if n_taken else None
                self._last = (n_taken, n_last), found
            return found

    def _restart(self) -> None:
        self._rows: Iterator[TableRows] | None = None
        self._batches: deque[PointRows] = deque()
        self._n_read = self._n_dropped = 0

    def _open(self) -> Iterator[TableRows]:
        missing = self._source.choices.get("missing")
        return self._table.read_rows(self._source.feature_names, missing=missing)

    def _read_on(self, n_taken: int, n_last: int) -> PointRows | None:
        """Read until the last point; keep the batches from the first wanted point on."""
        first = max(n_taken - n_last, 0)
        if first < self._n_dropped or self._rows is None:
            self._restart()
            self._rows = self._open()
        while self._n_read < n_taken:
            rows = next(self._rows, None)
            if rows is None:
                return None
            self._batches.append(choose_points(rows))
            self._n_read += len(self._batches[-1].numbers)
            self._drop(first)
        found = _join(self._batches)
        start = max(first - self._n_dropped, 0)
        numbers = found.numbers[start : n_taken - self._n_dropped]
        return PointRows(numbers, found.cells.slice(start, len(numbers)))

    def _drop(self, first: int) -> None:
        while len(self._batches) > 1 and (
            self._n_dropped + len(self._batches[0].numbers) <= first
            or sum(each.cells.nbytes for each in self._batches) > MAX_BYTES
        ):
            self._n_dropped += len(self._batches.popleft().numbers)

    def _collect(self, n_taken: int, n_last: int) -> PointRows | None:
        """Read the whole table once, for points in the order of a time column."""
        numbers = self._source.find_rows(n_taken, n_last)
        if numbers is None or not len(numbers):
            return None
        chosen, wanted = deque[PointRows](), np.sort(numbers)
        for rows in self._open():
            batch = choose_points(rows)
            places = np.flatnonzero(np.isin(batch.numbers, wanted))
            chosen.append(PointRows(batch.numbers[places], batch.cells.take(places)))
            if len(rows.numbers) and rows.numbers[-1] >= wanted[-1]:
                break
        found = _join(chosen)
        if len(found.numbers) != len(numbers):
            return None
        order = np.searchsorted(found.numbers, numbers)
        return PointRows(numbers, found.cells.take(order))


def choose_points(rows: TableRows) -> PointRows:
    """Return those of the rows that are points."""
    places = np.flatnonzero(rows.is_used)
    return PointRows(rows.numbers[places], pa.table(rows.columns).take(places))


def _join(batches: deque[PointRows]) -> PointRows:
    cells = pa.concat_tables([each.cells for each in batches], promote_options="permissive")
    return PointRows(np.concatenate([each.numbers for each in batches]), cells)

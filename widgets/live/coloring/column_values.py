"""The values of a table's column that is no feature, for the points of the live figure."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from clusterer.export.recent_rows import RecentRows
from clusterer.session.frame import Frame
from clusterer.support.cell_text import number_texts
from clusterer.tables.table import Table
from widgets.live.coloring.point_colors import Categories, PointValues, fill_front

REST_SHARE = 2.0
"""The reader rests for this times as long as the last reading took."""

MIN_REST_S = 0.1

log = logging.getLogger(__name__)


class ColumnTable(NamedTuple):
    """A table whose columns can be shown, and the reader of the rows behind the points."""

    table: Table
    rows: RecentRows


class _Reading(NamedTuple):
    """The values of the last points up to ``n_seen`` of a stream."""

    run: int
    n_seen: int
    found: PointValues


class ColumnReader:
    """Reads the rows behind the points in a thread of its own, as the points stream.

    Parameters
    ----------
    take_table : callable
        Returns the table of the present source; None if it reads none.
    refresh : callable
        Called from the thread when values were read.
    """

    def __init__(
        self, take_table: Callable[[], ColumnTable | None], refresh: Callable[[], object]
    ) -> None:
        self._take_table, self._refresh = take_table, refresh
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="clusterer-colors")
        self._is_busy = False
        self._next_at = 0.0
        self._name = ""
        self._table: Table | None = None
        self._parse: Callable[[pa.Array], NDArray[np.float64] | pa.Array] | None = None
        self._categories = Categories()
        self._last: _Reading | None = None

    def close(self) -> None:
        """Read no more."""
        self._worker.shutdown(wait=False, cancel_futures=True)

    def read(self, frame: Frame, name: str) -> PointValues:
        """Return what is known of a column for the points of a frame; more may follow.

        Newer points have NaN until their rows are read.
        """
        taken = self._take_table()
        table = None if taken is None else taken.table
        if name != self._name or table is not self._table:
            self._name, self._table, self._parse = name, table, None
            self._categories, self._last = Categories(), None
        n_seen, last = frame.snapshot.n_seen, self._last
        is_read = last is not None and (last.run, last.n_seen) == (frame.run, n_seen)
        is_due = not self._is_busy and (time.monotonic() >= self._next_at or not frame.is_playing)
        if taken is not None and len(frame.points) and not is_read and is_due:
            self._is_busy = True
            self._worker.submit(
                self._read, taken, name, self._categories, (frame.run, n_seen, len(frame.points))
            )
        if last is None or last.run != frame.run:
            kind = "number" if last is None else last.found.kind
            return PointValues(np.full(len(frame.points), np.nan), kind)
        n_new = n_seen - last.n_seen
        known = last.found.values
        # The past is another run, so there are never fewer points than at the last reading.
        shown = np.concatenate([known, np.full(max(n_new, 0), np.nan)])
        return last.found._replace(values=fill_front(shown, len(frame.points)))

    def _read(
        self, taken: ColumnTable, name: str, categories: Categories, place: tuple[int, int, int]
    ) -> None:
        run, n_seen, n_last = place
        start = time.monotonic()
        found = None
        try:
            found = self._find_values(taken, name, categories, n_seen, n_last)
        except Exception as error:
            # The plot goes on, with grey points.
            log.warning("A column could not be read for the colours: %s", type(error).__name__)
        if found is None:
            found = PointValues(np.full(n_last, np.nan))
        if categories is self._categories:
            self._last = _Reading(run, n_seen, found)
        spent_s = time.monotonic() - start
        self._next_at = time.monotonic() + max(REST_SHARE * spent_s, MIN_REST_S)
        self._is_busy = False
        self._refresh()

    def _find_values(
        self, taken: ColumnTable, name: str, categories: Categories, n_seen: int, n_last: int
    ) -> PointValues | None:
        rows = taken.rows.read(n_seen, n_last)
        if rows is None or name not in rows.cells.column_names:
            return None
        parse = self._parse
        if parse is None:
            parse = self._parse = taken.table.copy().make_cell_parser(name)
        values = parse(rows.cells.column(name).combine_chunks())
        if isinstance(values, np.ndarray):
            kinds = {column.name: column.kind for column in taken.table.columns}
            return PointValues(values, "date" if kinds[name] == "date" else "number")
        return encode_texts(values, categories)


def encode_texts(texts: pa.Array, categories: Categories) -> PointValues:
    """Return texts as categories; the most frequent new ones get the free numbers.

    >>> encode_texts(pa.array(["b", "a", None, "a"]), Categories())
    PointValues(values=array([ 1.,  0., nan,  0.]), kind='category', names=('a', 'b'))
    """
    # The most frequent first; each has the same number when it is found again.
    for each in sorted(pc.value_counts(texts).to_pylist(), key=lambda each: -each["counts"]):
        if each["values"] is not None:
            categories.find(each["values"])
    values = number_texts(texts, categories.find, np.nan)
    return PointValues(values, "category", categories.list_names())

"""The columns of text and booleans of a table, counted by cluster for cards and reports."""

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from clusterer.evaluation.category_contrasts import CategoryCounter
from clusterer.export.recent_rows import RecentRows
from clusterer.session.run_export import RunExport
from clusterer.stream import TableSource
from clusterer.tables.table import Table

N_COLUMNS = 50
"""Most columns that are counted: the first ones of the table."""

MOST_ROWS = 5_000_000
"""A longer stream is not read once more for a report of a page."""


class RowCategories:
    """Counts the categories of the rows of a table, batch by batch.

    Parameters
    ----------
    table : Table
        The table.
    features : sequence of str
        The columns that are features, which are described as numbers.

    Attributes
    ----------
    names : tuple of str
        The columns that are counted; empty if the table has no text and no booleans.
    counter : CategoryCounter
        What was counted.
    """

    def __init__(self, table: Table, features: Sequence[str]) -> None:
        kinds = {column.name: column.kind for column in table.columns}
        chosen = [name for name, kind in kinds.items() if kind in ("text", "boolean")]
        self.names = tuple(name for name in chosen if name not in features)[:N_COLUMNS]
        self.counter = CategoryCounter()
        self._parsers = {name: table.make_cell_parser(name) for name in self.names}

    def add(self, cells: Mapping[str, pa.Array], clusters: NDArray[np.integer]) -> None:
        """Count rows, by their cells in each column (n,) and their clusters (n,)."""
        for name, parse in self._parsers.items():
            if name in cells:
                self.counter.add(name, parse(cells[name]), clusters)


def count_recent_rows(
    rows: RecentRows, n_taken: int, clusters: NDArray[np.integer]
) -> CategoryCounter | None:
    """Count the rows behind the last n points of a stream, whose clusters (n,) are given.

    Returns None if the table has no columns of text or booleans, or has fewer rows now. Raises
    TableError or OSError if the table cannot be read any more.
    """
    categories = RowCategories(rows.table, rows.feature_names)
    found = rows.read(n_taken, len(clusters)) if categories.names and len(clusters) else None
    if found is None or not len(found.numbers):
        return None
    cells = {name: found.cells.column(name) for name in found.cells.column_names}
    categories.add(cells, clusters[-len(found.numbers) :])
    return categories.counter


def count_run(run: RunExport, labels: NDArray[np.integer]) -> CategoryCounter | None:
    """Count the rows in the window of a run, with the labels (n,) of its points.

    Returns None where there is nothing to count, the stream is longer than `MOST_ROWS`, or the
    table cannot be read any more.
    """
    source = run.source
    if not isinstance(source, TableSource) or not isinstance(source.table, Table):
        return None
    if run.snapshot.n_seen > MOST_ROWS:
        return None
    try:
        return count_recent_rows(RecentRows(source), run.snapshot.n_seen, labels)
    except (ValueError, OSError):
        return None

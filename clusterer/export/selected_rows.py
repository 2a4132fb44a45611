"""Selected rows: the points of the window with their clusters and all columns of their table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
from numpy.typing import NDArray

from clusterer.export.data_files import escape_formula, name_apart, name_classes
from clusterer.export.labelled_table import MARK, is_ascii, protect_text
from clusterer.export.recent_rows import RecentRows
from clusterer.session.run_export import RunExport
from clusterer.stream.chunk import NOISE
from clusterer.support.cell_text import show_cells


@dataclass(frozen=True, eq=False)
class SelectedRows:
    """Rows behind points of a run.

    Parameters
    ----------
    numbers : (n,)
        The row of the table of each point, from 1; for other data, the number of the point in the
        stream.
    clusters : (n,)
        The lasting cluster id of each point; -1 for noise.
    names : tuple of str
        What people call the cluster of each point, one text per point; empty without a name.
    cells : pyarrow.Table
        The features and all other columns of the n rows.
    n_points : int
        How many points there were to choose from.
    is_table : bool
        Whether they are rows of a table.
    """

    numbers: NDArray[np.int64]
    clusters: NDArray[np.int64]
    names: tuple[str, ...]
    cells: pa.Table
    n_points: int
    is_table: bool = True

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.numbers)


def select_rows(
    run: RunExport,
    rows: RecentRows | None = None,
    *,
    text: str = "",
    cluster: int | None = None,
    is_inside: NDArray[np.bool_] | None = None,
) -> SelectedRows:
    """Return the points of the window that meet all conditions, in the order of the stream.

    Parameters
    ----------
    run : RunExport
        The run with its window.
    rows : RecentRows, optional
        The table behind the run; without it the rows have the features only.
    text : str
        Text that one cell must contain, default none; upper and lower case are the same.
    cluster : int, optional
        The lasting cluster id, -1 for noise; default all clusters.
    is_inside : (n,) of bool, optional
        Which points of the window may be chosen, default all.

    Raises
    ------
    clusterer.tables.TableError
        If the table cannot be read any more.

    Examples
    --------
    >>> from clusterer import OnlineClusterer
    >>> from clusterer.datasets import make_generator
    >>> from clusterer.session.run import Run
    >>> run = Run(make_generator("blobs"), OnlineClusterer())
    >>> _ = run.advance(500)
    >>> first = select_rows(run.export_run(), cluster=1)
    >>> set(first.clusters.tolist()), first.cells.column_names, first.n_points
    ({1}, ['x1', 'x2', 'class'], 500)
    """
    found = None if rows is None else rows.read(run.snapshot.n_seen, len(run.points))
    n_points = len(run.points) if found is None else len(found.numbers)
    last = slice(len(run.points) - n_points, None)
    clusters = run.label_points()[last]
    if found is None:
        n_seen = run.snapshot.n_seen
        numbers, cells = np.arange(n_seen - n_points + 1, n_seen + 1), _list_features(run)
    else:
        numbers, cells = found
        features = [name for name in run.source.feature_names if name in cells.column_names]
        cells = cells.select([*features, *(n for n in cells.column_names if n not in features)])
    is_chosen = np.ones(n_points, dtype=np.bool_) if is_inside is None else is_inside[last]
    if cluster is not None:
        is_chosen = is_chosen & (clusters == cluster)
    if text:
        is_chosen = is_chosen & contains(cells, text)
    places = np.flatnonzero(is_chosen)
    names = tuple(run.cluster_names.get(each, "") for each in clusters[places].tolist())
    chosen = numbers[places], clusters[places], names, cells.take(places)
    return SelectedRows(*chosen, n_points=n_points, is_table=found is not None)


def _list_features(run: RunExport) -> pa.Table:
    columns = dict(zip(run.source.feature_names, run.points.T, strict=True))
    if run.classes is not None:
        columns[name_apart("class", columns)] = name_classes(run.classes, run.class_names)
    return pa.table(columns)


def contains(cells: pa.Table, text: str) -> NDArray[np.bool_]:
    """Return in which rows (n,) of a table a cell contains the text.

    >>> contains(pa.table({"city": ["Bern", None], "x": [1.5, 20.5]}), "BER").tolist()
    [True, False]
    >>> contains(pa.table({"city": ["Bern", None], "x": [1.5, 20.5]}), "0.5").tolist()
    [False, True]
    """
    is_found = np.zeros(len(cells), dtype=np.bool_)
    for column in cells.columns:
        matches = pc.match_substring(show_cells(column), text, ignore_case=True)
        is_found |= np.asarray(pc.fill_null(matches, False))
    return is_found


def write_selected_rows(rows: SelectedRows) -> bytes:
    """Return the rows as CSV, with the columns row or point, cluster and cluster_name in front.

    Text that a spreadsheet would run as a formula has an apostrophe in front.

    >>> cells = pa.table({"city": ["=1+1"], "row": ["a"]})
    >>> selected = SelectedRows(np.array([7]), np.array([2]), ("gold",), cells, 9)
    >>> print(write_selected_rows(selected).decode().replace('"', ""))
    row_,cluster,cluster_name,city,row
    7,2,gold,'=1+1,a
    <BLANKLINE>
    """
    taken = rows.cells.column_names
    number = "row" if rows.is_table else "point"
    parts: dict[str, NDArray | Sequence[str]] = {number: rows.numbers, "cluster": rows.clusters}
    if any(rows.names):
        parts["cluster_name"] = rows.names
    columns = {name_apart(name, taken): pa.array(values) for name, values in parts.items()}
    for name, column in zip(taken, rows.cells.columns, strict=True):
        is_number = pa.types.is_integer(column.type) or pa.types.is_floating(column.type)
        columns[name] = column if is_number else show_cells(column)
    protected = [
        protect_text(each) if pa.types.is_string(each.type) else each for each in columns.values()
    ]
    table = pa.table(protected, names=[escape_formula(name) for name in columns])
    sink = BytesIO()
    sink.write(b"" if is_ascii(table) else MARK)
    pa_csv.write_csv(table, sink)
    return sink.getvalue()


def call_cluster(cluster: int, name: str) -> str:
    """What a table calls a cluster.

    >>> call_cluster(3, ""), call_cluster(3, "gold"), call_cluster(-1, "")
    ('3', '3 gold', 'noise')
    """
    return "noise" if cluster == NOISE else f"{cluster} {name}".strip()

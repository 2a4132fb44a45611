"""The rows behind the points of the present source, and the lines about one of them."""

from collections.abc import Sequence

from clusterer.export.recent_rows import RecentRows
from clusterer.export.selected_rows import call_cluster
from clusterer.session.frame import Frame
from clusterer.stream import Source, TableSource
from clusterer.stream.chunk import NOISE
from clusterer.support.cell_text import show_cells
from clusterer.tables.table import Table
from widgets.live.point_tip import Lines


class SourceRows:
    """Keeps the reader of the present source; all methods may be called from any thread."""

    def __init__(self) -> None:
        self._source: Source | None = None
        self._rows: RecentRows | None = None

    def take(self, source: Source) -> RecentRows | None:
        """Return the rows behind the points of a source; None if it reads no table."""
        if source is not self._source:
            self._rows = None
            if isinstance(source, TableSource) and isinstance(source.table, Table):
                self._rows = RecentRows(source)
            self._source = source
        return self._rows


def describe_point(frame: Frame, places: Sequence[int], names: Sequence[str]) -> Lines:
    """The number, the cluster and the features of the last of points with the same coordinates."""
    n_seen, place = frame.snapshot.n_seen, places[-1]
    title = (f"point {n_seen - len(frame.points) + place + 1:,}", _call(frame, places))
    values = frame.points[place].tolist()
    # Just after a change of the source, the names can be those of the source before.
    shown = names if len(names) == len(values) else [f"x{i + 1}" for i in range(len(values))]
    return [title, *((name, f"{value:.6g}") for name, value in zip(shown, values, strict=True))]


def read_row(frame: Frame, places: Sequence[int], rows: RecentRows) -> Lines:
    """The row behind the last of these points of the frame, with all columns of the table.

    Without lines if the row is gone.

    Raises TableError or OSError if the table cannot be read any more.
    """
    found = rows.read(frame.snapshot.n_seen, len(frame.points))
    if found is None:
        return []
    at = places[-1] - len(frame.points) + len(found.numbers)
    if at < 0:
        return []
    cells = found.cells.slice(at, 1)
    values = [show_cells(column)[0].as_py() for column in cells.columns]
    title = (f"row {found.numbers[at]:,}", _call(frame, places))
    pairs = zip(cells.column_names, values, strict=True)
    return [title, *((name, "–" if value is None else value) for name, value in pairs)]


def _call(frame: Frame, places: Sequence[int]) -> str:
    cluster = int(frame.point_clusters[places[-1]])
    called = call_cluster(cluster, frame.cluster_names.get(cluster, ""))
    others = f", and {len(places) - 1:,} more at this place" if len(places) > 1 else ""
    return f"{called if cluster == NOISE else f'cluster {called}'}{others}"

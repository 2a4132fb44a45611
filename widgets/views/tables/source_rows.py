"""The rows behind the points of the present source, and the lines about one of them."""

from collections.abc import Sequence

from clusterer.export.recent_rows import RecentRows
from clusterer.export.selected_rows import call_cluster, show_cells
from clusterer.session.frame import Frame
from clusterer.stream import Source, TableSource
from clusterer.stream.chunk import NOISE
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


def describe_point(frame: Frame, place: int, names: Sequence[str]) -> Lines:
    """The number of a point, its cluster and its features."""
    n_seen = frame.snapshot.n_seen
    title = (f"point {n_seen - len(frame.points) + place + 1:,}", _call(frame, place))
    values = frame.points[place].tolist()
    # Just after a change of the source, the names can be those of the source before.
    shown = names if len(names) == len(values) else [f"x{i + 1}" for i in range(len(values))]
    return [title, *((name, f"{value:.6g}") for name, value in zip(shown, values, strict=True))]


def read_row(frame: Frame, place: int, rows: RecentRows) -> Lines:
    """The row behind a point of the frame with all columns of the table; nothing if it is gone.

    Raises TableError or OSError if the table cannot be read any more.
    """
    found = rows.read(frame.snapshot.n_seen, len(frame.points))
    if found is None:
        return []
    at = place - len(frame.points) + len(found.numbers)
    if at < 0:
        return []
    cells = found.cells.slice(at, 1)
    values = [show_cells(column)[0].as_py() for column in cells.columns]
    title = (f"row {found.numbers[at]:,}", _call(frame, place))
    pairs = zip(cells.column_names, values, strict=True)
    return [title, *((name, "–" if value is None else value) for name, value in pairs)]


def _call(frame: Frame, place: int) -> str:
    cluster = int(frame.point_clusters[place])
    called = call_cluster(cluster, frame.cluster_names.get(cluster, ""))
    return called if cluster == NOISE else f"cluster {called}"

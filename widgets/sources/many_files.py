"""Many files as one source: Dask workers learn the files of a folder."""

import html
import importlib.util
import os
from collections.abc import Callable
from os import PathLike
from pathlib import Path

import panel as pn
import panel_material_ui as pmui

from clusterer.distributed import list_partitions
from clusterer.distributed.client import share_connection
from clusterer.distributed.live_run import DistributedRun, DistributedSource
from clusterer.distributed.partitions import Partition
from clusterer.preprocessing.scaling import Scaling
from clusterer.session.run import Run
from clusterer.stream import Source
from clusterer.support.text import make_printable
from clusterer.tables import Table, TableError, check_inside, list_folder, open_table
from widgets.components.background import run_in_thread
from widgets.components.lazy import LazyColumn
from widgets.components.text import Html, Text
from widgets.controls.controls import WIDE
from widgets.sources.column_chooser import build_feature_choice

MAX_CELLS = 400
MAX_ERRORS_SHOWN = 3
WAITING, LEARNED, FAILED = "#cfd8dc", "#2e7d32", "#d32f2f"
STATES = {WAITING: "waiting", LEARNED: "learned", FAILED: "failed"}
ABOUT = (
    "Dask workers learn the files of the folder as parts of one table, in the order of their "
    "names, with standardised columns. Each result merges into the clusters here. Reset learns "
    "all files again with the present σ, K and memory."
)
ABOUT_COLUMNS = "The columns to learn, the same in every file. A change learns all files again."


def can_learn(folder: str | PathLike[str] | None) -> bool:
    """Whether there is a folder, and Dask is installed."""
    return folder is not None and importlib.util.find_spec("distributed") is not None


class ManyFiles:
    """A folder as one source. ``on_open`` gets the source when the folder has been read.

    ``scheduler`` is the address of a Dask scheduler; None starts one on this machine.
    """

    def __init__(
        self,
        on_open: Callable[[Source, Scaling, type[Run]], None],
        folder: str | PathLike[str],
        scheduler: str | None,
    ) -> None:
        self._on_open = on_open
        self._folder = Path(folder)
        self._connection = share_connection(scheduler)
        self._partitions: list[Partition] = []
        self._source: DistributedSource | None = None
        self._is_chosen = False
        self._problem = ""
        self.about = Text()
        self.progress = Text(role="status")
        self.message = Text(role="alert", style="color: #d32f2f;")
        self.cells = Html("", margin=(6, 12), **WIDE)
        self._columns = pn.Column(max_height=200, scroll="y-auto", **WIDE)
        self.link = pmui.Button(
            label="Dask dashboard",
            icon="open_in_new",
            variant="text",
            size="small",
            description="Dask dashboard: shows the work of the workers, in another tab.",
            target="_blank",
            visible=False,
        )
        self.view = LazyColumn(
            lambda: [
                self.about.pane,
                self.message.pane,
                self.progress.pane,
                self.cells,
                self._columns,
                self.link,
            ],
            visible=False,
        )
        self.about.show(ABOUT)

    def open(self) -> None:
        """Read the folder in the background, and begin to learn it."""
        self._is_chosen = True
        self._problem = ""
        self.message.show()
        self.progress.show("Reading the folder and connecting to Dask …")
        pn.state.execute(self._open)

    def leave(self) -> None:
        """Another source was chosen: do not open a folder that is still being read."""
        self._is_chosen = False
        self._source = None

    async def _open(self) -> None:
        try:
            table = await run_in_thread(self._read_folder)
        except (ValueError, OSError) as error:
            self.progress.show()
            self.message.show(str(error))
            return
        if not self._is_chosen:
            return
        link = self._connection.dashboard_link
        self.link.param.update(href=link, visible=bool(link))
        self._columns.objects = [self._build_column_choice(table)]
        self._begin(table.default_features)

    def _read_folder(self) -> Table:
        """The first file with usable columns; the other files must have the same columns."""
        files = list_folder(self._folder)
        table = self._find_table(files)
        self._connection.client()
        self._partitions = list_partitions(files, folder=self._folder)
        return table

    def _find_table(self, files: list[Path]) -> Table:
        first_error = ""
        for path in files:
            try:
                check_inside(path, self._folder)
                table = open_table(path)
            except TableError as error:
                first_error = first_error or str(error)
                continue
            if table.default_features:
                return table
        raise TableError(f"No file in the folder has numeric columns to learn. {first_error}")

    def _build_column_choice(self, table: Table) -> pmui.CheckBoxGroup:
        columns = build_feature_choice(table, about=ABOUT_COLUMNS)
        columns.param.watch(lambda event: self._choose(tuple(event.new)), "value")
        return columns

    def _choose(self, features: tuple[str, ...]) -> None:
        if not self._is_chosen:
            return
        self._problem = "" if features else "Choose at least one column."
        if features:
            self._begin(features)
        else:
            # A stream that has ended draws no further frame, so the message is shown here.
            self.show_progress()

    def _begin(self, features: tuple[str, ...]) -> None:
        name = make_printable(self._folder.name, 60)
        source = DistributedSource(name, self._partitions, features, self._connection.client)
        self._source = source
        self.show_progress()
        # The scaling follows from the files, so the run has its own.
        self._on_open(source, Scaling.identity(source.n_features), DistributedRun)

    def show_progress(self) -> None:
        """Show the progress of the workers; cheap while it has not changed."""
        source = self._source
        if source is None:
            return
        reports = list(source.reports)
        n_all, n_points = len(source.partitions), sum(report.n_points for report in reports)
        failed = [report for report in reports if report.error]
        self.progress.show(f"{len(reports):,} of {n_all:,} files, {n_points:,} points")
        n_more = len(failed) - MAX_ERRORS_SHOWN
        more = f"and {n_more} more" if n_more > 0 else ""
        # Users of a served page must not learn the path of the folder.
        folder = f"{make_printable(self._folder, 200)}{os.sep}"
        errors = [
            f"Not learned: {report.error.replace(folder, '')}"
            for report in failed[:MAX_ERRORS_SHOWN]
        ]
        self.message.show(self._problem, *errors, more)
        cells = self._draw_cells(source)
        if cells != self.cells.object:
            self.cells.object = cells

    @staticmethod
    def _draw_cells(source: DistributedSource) -> str:
        """A small square for each file, or for a group of neighbouring files if there are many."""
        partitions = source.partitions
        colors = [WAITING] * len(partitions)
        for report in source.reports:
            colors[report.index] = FAILED if report.error else LEARNED
        size = -(-len(partitions) // MAX_CELLS)
        squares = []
        for start in range(0, len(partitions), size):
            group = colors[start : start + size]
            # One failed file marks the group; else one waiting file does.
            color = next(state for state in (FAILED, WAITING, LEARNED) if state in group)
            name = html.escape(make_printable(Path(partitions[start].name).name, 80))
            squares.append(
                f'<span title="{name}" data-state="{STATES[color]}" style="background:{color};'
                'width:10px;height:10px;border-radius:2px"></span>'
            )
        return (
            '<div role="img" aria-label="Progress by file" style="display:flex;flex-wrap:wrap;'
            f'gap:2px">{"".join(squares)}</div>'
        )

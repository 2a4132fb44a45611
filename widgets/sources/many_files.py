"""The source of many files: a folder that Dask's workers learn, and how far they are."""

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
from clusterer.distributed.live_source import ManyRun, ManySource
from clusterer.distributed.partitions import Partition
from clusterer.preprocessing.scaling import Scaling
from clusterer.session.run import Run
from clusterer.stream import Source
from clusterer.support.text import make_printable
from clusterer.tables import Table, TableError, list_folder, open_table
from widgets.components.background import run_in_thread
from widgets.components.lazy import LazyColumn
from widgets.components.text import Html, Text
from widgets.controls.controls import WIDE
from widgets.sources.column_chooser import offer_features

MOST_CELLS = 400
N_TOLD = 3
WAITING, LEARNED, FAILED = "#cfd8dc", "#2e7d32", "#d32f2f"
STATES = {WAITING: "waiting", LEARNED: "learned", FAILED: "failed"}
ABOUT = (
    "Every file is learned by one of Dask's workers, as parts of one table in the order of their "
    "names, standardised; what they have learned merges here as it comes. Reset learns them anew, "
    "with σ, K and the memory of then."
)
ABOUT_COLUMNS = "The columns that make the points, of every file. All is learned anew."


def is_offered(folder: str | PathLike[str] | None) -> bool:
    """Whether there is a folder, and Dask to learn it with."""
    return folder is not None and importlib.util.find_spec("distributed") is not None


class ManyFiles:
    """A folder as one source. ``on_open`` gets it when it has been looked at.

    ``scheduler`` is the address of one, None for one on this machine.
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
        self._source: ManySource | None = None
        self._is_wanted = False
        self._complaint = ""
        self.about = Text()
        self.progress = Text(role="status")
        self.message = Text(role="alert", style="color: #d32f2f;")
        self.cells = Html("", margin=(6, 12), **WIDE)
        self._columns = pn.Column(max_height=200, scroll="y-auto", **WIDE)
        self.link = pmui.Button(
            label="Dask's dashboard",
            icon="open_in_new",
            variant="text",
            size="small",
            description="Dask's dashboard: what the workers do, in another tab.",
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
        """Look at the folder without keeping the page waiting, and begin to learn it."""
        self._is_wanted = True
        self._complaint = ""
        self.message.show()
        self.progress.show("Looking at the folder, and for Dask's workers …")
        pn.state.execute(self._open)

    def leave(self) -> None:
        """Another source was chosen: what is still being looked at is not opened."""
        self._is_wanted = False
        self._source = None

    async def _open(self) -> None:
        try:
            table = await run_in_thread(self._look)
        except (ValueError, OSError) as error:
            self.progress.show()
            self.message.show(str(error))
            return
        if not self._is_wanted:
            return
        link = self._connection.dashboard_link
        self.link.param.update(href=link, visible=bool(link))
        self._columns.objects = [self._offer_columns(table)]
        self._begin(table.default_features)

    def _look(self) -> Table:
        """The first file that is a table of measurements; the others must have its columns too."""
        files = list_folder(self._folder)
        table = self._find_table(files)
        self._connection.client()
        self._partitions = list_partitions(files)
        return table

    @staticmethod
    def _find_table(files: list[Path]) -> Table:
        trouble = ""
        for path in files:
            try:
                table = open_table(path)
            except TableError as error:
                trouble = trouble or str(error)
                continue
            if table.default_features:
                return table
        raise TableError(f"No file has columns of measurements. {trouble}")

    def _offer_columns(self, table: Table) -> pmui.CheckBoxGroup:
        columns = offer_features(table, about=ABOUT_COLUMNS)
        columns.param.watch(lambda event: self._choose(tuple(event.new)), "value")
        return columns

    def _choose(self, features: tuple[str, ...]) -> None:
        if not self._is_wanted:
            return
        self._complaint = "" if features else "Choose at least one column to go on with."
        if features:
            self._begin(features)
        else:
            # A stream that has ended paints no further frame that would tell.
            self.show_progress()

    def _begin(self, features: tuple[str, ...]) -> None:
        name = make_printable(self._folder.name, 60)
        source = ManySource(name, self._partitions, features, self._connection.client)
        self._source = source
        self.show_progress()
        # The run brings its own scaling.
        self._on_open(source, Scaling.identity(source.n_features), ManyRun)

    def show_progress(self) -> None:
        """Tell how far the workers are; cheap while nothing has changed."""
        source = self._source
        if source is None:
            return
        reports = list(source.reports)
        n_all, n_points = len(source.partitions), sum(one.n_points for one in reports)
        failed = [one for one in reports if one.error]
        self.progress.show(f"{len(reports):,} of {n_all:,} files, {n_points:,} points")
        more = f"and {len(failed) - N_TOLD} more" if len(failed) > N_TOLD else ""
        # Where the folder lies is not for everybody.
        here = f"{make_printable(self._folder, 200)}{os.sep}"
        told = [f"Not learned: {one.error.replace(here, '')}" for one in failed[:N_TOLD]]
        self.message.show(self._complaint, *told, more)
        cells = self._draw_cells(source)
        if cells != self.cells.object:
            self.cells.object = cells

    @staticmethod
    def _draw_cells(source: ManySource) -> str:
        """A small square for each file, or for several neighbours of very many."""
        partitions = source.partitions
        colors = [WAITING] * len(partitions)
        for report in source.reports:
            colors[report.index] = FAILED if report.error else LEARNED
        size = -(-len(partitions) // MOST_CELLS)
        squares = []
        for start in range(0, len(partitions), size):
            group = colors[start : start + size]
            # The worst, then what is still to come.
            color = next(each for each in (FAILED, WAITING, LEARNED) if each in group)
            name = html.escape(make_printable(Path(partitions[start].name).name, 80))
            squares.append(
                f'<span title="{name}" data-state="{STATES[color]}" style="background:{color};'
                'width:10px;height:10px;border-radius:2px"></span>'
            )
        return (
            '<div role="img" aria-label="Progress by file" style="display:flex;flex-wrap:wrap;'
            f'gap:2px">{"".join(squares)}</div>'
        )

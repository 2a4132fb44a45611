"""The rows behind the points: those in a region of the plot, of a cluster, or with some text."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import panel as pn
import panel_material_ui as pmui
import param
import pyarrow as pa
from panel.custom import JSComponent

from clusterer.export.data_files import make_file_name
from clusterer.export.recent_rows import RecentRows
from clusterer.export.selected_rows import (
    SelectedRows,
    call_cluster,
    select_rows,
    write_selected_rows,
)
from clusterer.session.run_export import RunExport
from clusterer.session.tracking import map_labels
from clusterer.stream import Source
from clusterer.stream.chunk import NOISE
from clusterer.support.cell_text import show_cells
from clusterer.support.text import make_printable
from widgets.components.button import build_button
from widgets.components.download import TOO_LATE, File
from widgets.components.palette import CLUSTER_COLORS, NOISE_COLOR
from widgets.components.text import Text
from widgets.live.region import Region
from widgets.live.view_data import ViewData, project

N_ON_PAGE = 50
N_COLUMNS = 40
N_CHARACTERS = 80
ALL = 0
"""The choice of all clusters; ids of clusters begin with 1."""

HOW_TO_SELECT = (
    "To list only some of the points, move the pointer into the plot, choose the box or the lasso "
    "at its right edge, and draw around the points."
)
PRESENT = "The rows are those of the present."
CUT = "The table shows the first {} of {} columns; the file has all."

# All cells are set as text.
ESM = """
export function render({ model, el }) {
  const table = document.createElement('table')
  const head = table.createTHead().insertRow(), body = table.createTBody()
  const fit = (row, n, make) => {
    while (row.cells.length > n) row.deleteCell(-1)
    while (row.cells.length < n) row.append(make())
  }
  const write = (cell, text) => { if (cell.textContent !== text) cell.textContent = text }
  const fill = () => {
    const { headings, rows, colors } = model.content
    fit(head, headings.length, () => {
      const cell = document.createElement('th')
      cell.scope = 'col'
      return cell
    })
    headings.forEach((text, i) => write(head.cells[i], text))
    while (body.rows.length > rows.length) body.deleteRow(-1)
    while (body.rows.length < rows.length) body.insertRow()
    rows.forEach((cells, i) => {
      fit(body.rows[i], cells.length, () => document.createElement('td'))
      cells.forEach((text, j) => write(body.rows[i].cells[j], text))
      body.rows[i].style.setProperty('--color', colors[i])
    })
  }
  fill()
  model.on('content', fill)
  // A part that scrolls must be reached by the keyboard.
  const area = document.createElement('div')
  Object.assign(area, { tabIndex: 0, role: 'region', ariaLabel: 'Rows', className: 'area' })
  area.append(table)
  el.append(area)
}
"""
STYLE = """
.area { overflow: auto; }
table { border-collapse: collapse; font-size: .84rem; font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 500; opacity: .72; padding: 4px 10px; white-space: nowrap; }
td { padding: 4px 10px; border-top: 1px solid rgba(128, 128, 128, .28); max-width: 260px;
  overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
td:nth-child(2)::before { content: ''; display: inline-block; width: .7em; height: .7em;
  border-radius: 50%; margin-right: .5em; background: var(--color); }
"""
EMPTY: dict[str, list[Any]] = {"headings": [], "rows": [], "colors": []}


class RowGrid(JSComponent):
    """A table of text; ``content`` has the headings, the rows, and a colour for each row."""

    content = param.Dict(default=EMPTY)

    _esm = ESM
    _stylesheets = [STYLE]


@dataclass(frozen=True)
class RowQuery:
    """Which rows the user wants, and which page of them."""

    text: str = ""
    cluster: int = ALL
    page: int = 0


@dataclass(frozen=True)
class Measured:
    """A page of rows for a query, the clusters that can be chosen, and the lines above."""

    query: RowQuery
    content: dict[str, list[Any]] = field(default_factory=lambda: EMPTY)
    clusters: dict[str, int] = field(default_factory=dict)
    summary: str = ""
    n_pages: int = 1
    notes: tuple[str, ...] = ()


class RowTable:
    """The tab with the rows.

    Parameters
    ----------
    region : Region
        The region that the user has drawn in the plot.
    take_run : callable
        Returns the present run; called in a worker thread.
    take_rows : callable
        Returns the rows behind the points of a source, None if it reads no table.
    on_cluster : callable
        Called with the cluster that the user chooses, 0 for all.
    request_frame : callable
        Has the view measured anew.
    send : callable
        Sends a file to the browser.
    """

    title = "Rows"

    def __init__(
        self,
        region: Region,
        take_run: Callable[[], RunExport],
        take_rows: Callable[[Source], RecentRows | None],
        on_cluster: Callable[[int], None],
        request_frame: Callable[[], None],
        send: Callable[[File], None],
    ) -> None:
        self._region, self._take_run, self._take_rows = region, take_run, take_rows
        self._on_cluster, self._request_frame, self._send = on_cluster, request_frame, send
        self.query, self._view_data = RowQuery(), ViewData()
        self._build_controls()
        self._summary, self._notes = Text(role="status"), Text()
        self._grid = RowGrid(sizing_mode="stretch_width", margin=(0, 8))
        self._message = Text(role="alert")
        self.pane = pn.Column(
            pn.Row(self.search, self.cluster, sizing_mode="stretch_width", margin=0),
            self._message.pane,
            self._summary.pane,
            self._notes.pane,
            pn.FlexBox(
                self.previous, self.next, self._everywhere, self.download, margin=(2, 8), gap="6px"
            ),
            self._grid,
            sizing_mode="stretch_width",
            margin=0,
        )

    def _build_controls(self) -> None:
        self.search = pmui.TextInput(
            label="Search",
            placeholder="text in any column",
            size="small",
            sizing_mode="stretch_width",
            margin=(8, 8, 4, 12),
        )
        self.cluster = pmui.Select(
            label="Cluster",
            options={"all clusters": ALL},
            value=ALL,
            size="small",
            sizing_mode="stretch_width",
            margin=(8, 12, 4, 8),
        )
        self.search.param.watch(lambda event: self.ask(text=event.new or ""), "value")
        self.cluster.param.watch(lambda event: self._choose(event.new), "value")
        small = {"size": "small", "variant": "outlined", "margin": 2}
        self.previous = build_button(
            "Previous", "The rows before.", lambda _: self._turn(-1), disabled=True, **small
        )
        self.next = build_button(
            "Next", "The rows behind.", lambda _: self._turn(1), disabled=True, **small
        )
        self._everywhere = build_button(
            "Whole plot",
            "Remove the region.",
            lambda _: self.leave_region(),
            visible=False,
            **small,
        )
        self.download = build_button(
            "These rows",
            "All rows found, with all columns, as CSV.",
            self._download,
            icon="download",
            **small,
        )

    def ask(self, **changes: Any) -> None:
        """Change the query; its first page is shown."""
        self.query = replace(self.query, page=0, **changes)
        self._request_frame()

    def leave_region(self) -> None:
        """Remove the region and list the points of the whole plot."""
        self._region.clear()
        self.ask()

    def restart(self) -> None:
        """Ask for all rows again, since another run has begun."""
        self.search.value, self.cluster.value = "", ALL

    def _choose(self, cluster: int | None) -> None:
        self.ask(cluster=cluster or ALL)
        self._on_cluster(self.query.cluster)

    def _turn(self, n: int) -> None:
        self.query = replace(self.query, page=self.query.page + n)
        self._request_frame()

    def _select(self, run: RunExport, query: RowQuery, view_data: ViewData) -> SelectedRows:
        return select_rows(
            run,
            self._take_rows(run.source),
            text=query.text.strip(),
            cluster=query.cluster or None,
            is_inside=self._region.contains(*project(run.points, view_data.view_request)),
        )

    def measure(self, view_data: ViewData) -> Measured:
        """The rows of the page that is shown; runs in a worker thread."""
        self._view_data, query = view_data, self.query
        try:
            run = self._take_run()
            selected = self._select(run, query, view_data)
        except (ValueError, OSError) as error:
            return Measured(query, notes=(str(error) or TOO_LATE,))
        except RuntimeError:  # the page is closed
            return Measured(query)
        n_pages = max(-(-len(selected) // N_ON_PAGE), 1)
        page = min(query.page, n_pages - 1)
        start = page * N_ON_PAGE
        end = min(start + N_ON_PAGE, len(selected))
        found = f"{start + 1:,} to {end:,} of {len(selected):,} rows" if selected else "No rows"
        n_columns = len(selected.cells.column_names)
        is_drawn = self._region.corners is not None
        place = " in the region" if is_drawn else ""
        chosen = "" if len(selected) == selected.n_points else f", of {selected.n_points:,} points"
        return Measured(
            replace(query, page=page),
            write_page(run, selected, slice(start, end)),
            list_clusters(run),
            f"{found}{place}{chosen}.",
            n_pages,
            (
                PRESENT if view_data.past else "",
                "" if is_drawn else HOW_TO_SELECT,
                CUT.format(N_COLUMNS, n_columns) if n_columns > N_COLUMNS else "",
            ),
        )

    def draw(self, measured: Measured) -> None:
        """Show the rows."""
        if replace(measured.query, page=0) == replace(self.query, page=0):
            self.query = replace(self.query, page=min(self.query.page, measured.n_pages - 1))
        options = {"all clusters": ALL, **measured.clusters}
        if self.query.cluster not in options.values():
            options[f"{self.query.cluster} (gone)"] = self.query.cluster
        if options != self.cluster.options:
            self.cluster.options = options
        self._summary.show(measured.summary)
        self._notes.show(*measured.notes)
        if self._grid.content != measured.content:
            self._grid.content = measured.content
        page = measured.query.page
        is_drawn = self._region.corners is not None
        for button, name, value in (
            (self.previous, "disabled", page == 0),
            (self.next, "disabled", page + 1 >= measured.n_pages),
            (self._everywhere, "visible", is_drawn),
        ):
            if getattr(button, name) != value:
                setattr(button, name, value)

    async def _download(self, _: Any) -> None:
        try:
            run = await asyncio.to_thread(self._take_run)
            selected = await asyncio.to_thread(self._select, run, self.query, self._view_data)
            content = await asyncio.to_thread(write_selected_rows, selected)
        except (ValueError, OSError) as error:
            self._message.show(str(error) or TOO_LATE)
            return
        self._message.show()
        self._send(File(make_file_name(run.source.name, "rows.csv"), "text/csv", content))


def list_clusters(run: RunExport) -> dict[str, int]:
    """The clusters of a run, by what the table calls them; noise is the last."""
    found = np.unique(run.center_clusters).tolist()
    found = [*(each for each in found if each != NOISE), NOISE]
    return {make_printable(call_cluster(i, run.cluster_names.get(i, ""))): i for i in found}


def write_page(run: RunExport, selected: SelectedRows, part: slice) -> dict[str, list[Any]]:
    """Some of the rows as text, with the colours of their clusters."""
    names = selected.cells.column_names[:N_COLUMNS]
    numbers = [f"{number:,}" for number in selected.numbers[part].tolist()]
    clusters = selected.clusters[part]
    called = map(call_cluster, clusters.tolist(), selected.names[part])
    page = selected.cells.slice(part.start, len(clusters))
    columns = [write_column(page.column(name), selected.is_table) for name in names]
    colors = map_labels(clusters, run.cluster_colors)
    first = "Row" if selected.is_table else "Point"
    rows = zip(numbers, map(make_printable, called), *columns, strict=True)
    return {
        "headings": [first, "Cluster", *map(make_printable, names)],
        "rows": [list(row) for row in rows],
        "colors": [
            NOISE_COLOR if color < 0 else CLUSTER_COLORS[color % len(CLUSTER_COLORS)]
            for color in colors.tolist()
        ],
    }


def write_column(column: pa.ChunkedArray, is_exact: bool = True) -> list[str]:
    """The cells of a column as text; computed numbers, which are not exact, with six digits.

    >>> write_column(pa.chunked_array([[1 / 3, None]]), is_exact=False)
    ['0.333333', '']
    """
    if pa.types.is_floating(column.type) and not is_exact:
        values = [None if each is None else f"{each:.6g}" for each in column.to_pylist()]
    else:
        values = show_cells(column).to_pylist()
    return ["" if each is None else make_printable(each, N_CHARACTERS) for each in values]

"""A small scatter matrix: every pair of a few features at once."""

import time

import numpy as np
import panel as pn
import panel_material_ui as pmui
from bokeh.models import ColumnDataSource, Range1d
from bokeh.plotting import figure
from numpy.typing import NDArray

from clusterer.session.frame import Frame
from clusterer.support.text import shorten
from widgets.components.float32 import pack_coordinates
from widgets.components.lazy import LazyColumn
from widgets.components.palette import map_colors, wrap_colors
from widgets.components.text import label_axis

N_FEATURES = 4
N_POINTS = 400
SIZE_PX = 130
X_AXIS_PX, Y_AXIS_PX = 38, 52
PERIOD_S = 0.5
NAME_CHARACTERS = 20


class ScatterMatrix:
    """The first four features against each other, twice a second; off, it costs nothing.

    Its figures are made when it is first on.
    """

    def __init__(self) -> None:
        self._names: tuple[str, ...] = ()
        self._drawn = (-1, -1)
        self._drawn_at = 0.0
        self._frame: Frame | None = None
        nothing: dict[str, NDArray] = {str(i): np.empty(0) for i in range(N_FEATURES)}
        self.source = ColumnDataSource(nothing | {"color": np.empty(0)}, name="matrix")
        self._ranges = [Range1d(0, 1) for _ in range(N_FEATURES)]
        self.cells: dict[tuple[int, int], figure] = {}
        self._rows: list[pn.Row] = []
        self.view = LazyColumn(self._build_rows, visible=False)
        self.switch = pmui.Switch(
            label="Scatter matrix",
            description=f"Draws the first {N_FEATURES} features against each other, below.",
            value=False,
            visible=False,
        )
        self.switch.param.watch(self._toggle, "value")

    def _build_rows(self) -> list[pn.Row]:
        for y in range(1, N_FEATURES):
            row = pn.Row()
            for x in range(y):
                cell = self.cells[x, y] = build_cell(self.source, x, y, self._ranges)
                row.append(pn.pane.Bokeh(cell, margin=2, autodispatch=False))
            self._rows.append(row)
        self._name_cells()
        return self._rows

    def show(self, names: tuple[str, ...]) -> None:
        """Offer the features of another source."""
        self._names = names[:N_FEATURES]
        self._frame = None
        self.switch.visible = len(names) > 2
        self._toggle()

    def _toggle(self, *_: object) -> None:
        self._drawn = (-1, -1)
        self.view.visible = self.is_on
        # Of a stream that has ended no other frame comes.
        if self._frame is not None:
            self.draw(self._frame)

    @property
    def is_on(self) -> bool:
        """Whether there is something to draw and somebody wants to see it."""
        return bool(self.switch.visible and self.switch.value)

    def draw(self, frame: Frame) -> None:
        """Show the newest points, if the last ones have stood for half a second."""
        self._frame = frame
        now = time.monotonic()
        state = frame.run, frame.snapshot.n_seen
        is_late = now - self._drawn_at >= PERIOD_S or not frame.is_playing
        is_late |= self._drawn == (-1, -1)
        if not (self.is_on and is_late) or state == self._drawn:
            return
        points = frame.points[-N_POINTS:, :N_FEATURES]
        if points.shape[1] != len(self._names):
            return
        if self._drawn == (-1, -1):
            self._name_cells()
        self._drawn, self._drawn_at = state, now
        self._draw_points(points, wrap_colors(frame.point_colors[-N_POINTS:]))

    def _draw_points(self, points: NDArray, colors: NDArray) -> None:
        columns: dict[str, NDArray] = {
            str(i): pack_coordinates(points[:, i])
            if i < len(self._names)
            else np.zeros(len(points), np.float32)
            for i in range(N_FEATURES)
        }
        self.source.data = columns | {"color": colors}
        if len(points):
            for i, axis_range in enumerate(self._ranges[: len(self._names)]):
                low, high = float(points[:, i].min()), float(points[:, i].max())
                margin = 0.05 * (high - low) or 0.05 * max(abs(low), 1.0)
                axis_range.update(start=low - margin, end=high + margin)

    def _name_cells(self) -> None:
        last = len(self._names) - 1
        for row, y in zip(self._rows, range(1, N_FEATURES), strict=True):
            row.visible = y <= last
        for (x, y), cell in self.cells.items():
            if y <= last:
                titles = (label_axis(shorten(self._names[i], NAME_CHARACTERS)) for i in (x, y))
                cell.xaxis.axis_label, cell.yaxis.axis_label = titles
                cell.xaxis.visible = y == last
                cell.height = SIZE_PX + X_AXIS_PX * (y == last)


def build_cell(source: ColumnDataSource, x: int, y: int, ranges: list[Range1d]) -> figure:
    """A small figure of one feature against another, without names yet."""
    plot = figure(
        width=SIZE_PX + Y_AXIS_PX * (x == 0),
        height=SIZE_PX,
        x_range=ranges[x],
        y_range=ranges[y],
        tools="",
        toolbar_location=None,
        output_backend="canvas",
        background_fill_alpha=0,
        border_fill_alpha=0,
        outline_line_alpha=0.3,
        min_border=2,
    )
    color = {"field": "color", "transform": map_colors()}
    plot.scatter(str(x), str(y), source=source, size=3, color=color, alpha=0.6, line_alpha=0)
    plot.grid.grid_line_alpha = 0.2
    plot.axis.ticker.desired_num_ticks = 3
    plot.axis.axis_label_text_font_size = "11px"
    plot.axis.major_label_text_font_size = "9px"
    plot.axis.minor_tick_line_alpha = 0
    plot.yaxis.visible = x == 0
    return plot

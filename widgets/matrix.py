"""A small scatter matrix: every pair of a few features at once."""

import time

import numpy as np
import panel as pn
import panel_material_ui as pmui
from bokeh.layouts import column, row
from bokeh.models import Column, ColumnDataSource
from bokeh.plotting import figure
from numpy.typing import NDArray

from clusterer.frames import Frame

from .palettes import map_colors, wrap_colors
from .texts import label_axis

N_FEATURES = 4
N_POINTS = 400
SIZE_PX = 130
PERIOD_S = 0.5


class ScatterMatrix:
    """The first four features against each other, twice a second; off, it costs nothing."""

    def __init__(self) -> None:
        self._names: tuple[str, ...] = ()
        self._drawn = (-1, -1)
        self._drawn_at = 0.0
        self._is_built = False
        self.source = ColumnDataSource({"color": []}, name="matrix")
        self.view = pmui.Column(sizing_mode="stretch_width", visible=False)
        self.switch = pmui.Switch(
            label="Scatter matrix",
            description=f"Draws the first {N_FEATURES} features against each other, below.",
            value=False,
            visible=False,
        )
        self.switch.param.watch(self._clear, "value")

    def show(self, names: tuple[str, ...]) -> None:
        """Offer the features of another source."""
        self._names = names[:N_FEATURES]
        self.switch.visible = len(names) > 2
        self._clear()

    def _clear(self, *_: object) -> None:
        self._drawn = (-1, -1)
        self._is_built = False
        self.view.param.update(objects=[], visible=self.is_on)

    @property
    def is_on(self) -> bool:
        """Whether there is something to draw and somebody wants to see it."""
        return bool(self.switch.visible and self.switch.value)

    def draw(self, frame: Frame) -> None:
        """Show the newest points, if the last ones have stood for half a second."""
        now = time.monotonic()
        moment = frame.run, frame.snapshot.n_seen
        is_late = now - self._drawn_at >= PERIOD_S or not frame.is_playing
        if not (self.is_on and is_late and len(frame.points)) or moment == self._drawn:
            return
        if frame.points.shape[1] < len(self._names):
            return
        self._drawn, self._drawn_at = moment, now
        points = frame.points[-N_POINTS:].astype(np.float32)
        columns: dict[str, NDArray] = {str(i): points[:, i] for i in range(len(self._names))}
        columns["color"] = wrap_colors(frame.point_colors[-N_POINTS:])
        if self._is_built:
            self.source.data = columns
        else:
            # With points from the first moment on: of none the browser finds no range.
            self._is_built = True
            self.source = ColumnDataSource(columns, name="matrix")
            self.view.objects = [pn.pane.Bokeh(build_matrix(self.source, self._names))]


def build_matrix(source: ColumnDataSource, names: tuple[str, ...]) -> Column:
    """One small figure for each pair of different features."""
    color = {"field": "color", "transform": map_colors()}
    n = len(names)
    rows = [[_build_cell(source, names, x, y, color) for x in range(y)] for y in range(1, n)]
    return column(*(row(*cells, spacing=4) for cells in rows), spacing=4)


def _build_cell(
    source: ColumnDataSource, names: tuple[str, ...], x: int, y: int, color: object
) -> figure:
    is_first, is_last = x == 0, y == len(names) - 1
    plot = figure(
        width=SIZE_PX + 45 * is_first,
        height=SIZE_PX + 35 * is_last,
        tools="",
        output_backend="canvas",
        background_fill_alpha=0,
        border_fill_alpha=0,
        outline_line_alpha=0.3,
        min_border=2,
    )
    plot.scatter(str(x), str(y), source=source, size=3, color=color, alpha=0.6, line_alpha=0)
    # Without a location for it Bokeh stumbles over figures that come late.
    plot.toolbar.logo, plot.toolbar.visible = None, False
    plot.grid.grid_line_alpha = 0.2
    plot.axis.ticker.desired_num_ticks = 3
    plot.axis.axis_label_text_font_size = "11px"
    plot.axis.major_label_text_font_size = "9px"
    plot.xaxis.visible, plot.yaxis.visible = is_last, is_first
    plot.xaxis.axis_label, plot.yaxis.axis_label = (
        label_axis(shorten(name)) for name in (names[x], names[y])
    )
    return plot


def shorten(name: str, n_characters: int = 20) -> str:
    """A name that fits beside a small figure.

    >>> shorten("a rather long name of a feature")
    'a rather long name …'
    """
    return name if len(name) <= n_characters else name[: n_characters - 1] + "…"

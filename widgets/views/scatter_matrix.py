"""The scatter matrix: every pair of the first features in a small plot of its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import panel as pn
import panel_material_ui as pmui
from numpy.typing import ArrayLike, NDArray

from clusterer.session.frame import Frame
from clusterer.support.text import shorten
from widgets.components.float32 import pack_coordinates
from widgets.components.lazy import LazyColumn
from widgets.components.palette import wrap_colors
from widgets.components.text import label_axis
from widgets.views.plot import (
    COLOR_OPTIONS,
    LivePlot,
    PlotData,
    load_holoviews,
    set_options,
    set_plot_options,
)

if TYPE_CHECKING:
    import holoviews as hv

N_FEATURES = 4
N_POINTS = 400
SIZE_PX = 110
Y_AXIS_PX = 80
PERIOD_S = 0.5
NAME_CHARACTERS = 20


def scatter_matrix(
    points: ArrayLike, labels: ArrayLike | None = None, names: Sequence[str] = ()
) -> hv.Layout:
    """The last 400 points in a small plot for each pair of the first four features.

    Parameters
    ----------
    points : (n, d)
        At least two features.
    labels : (n,), optional
        The cluster of each point, -1 for noise; without labels, all points have one colour.
    names : sequence of str, default ()
        The names of the features; without names, "feature 1" and so on.

    Examples
    --------
    >>> len(scatter_matrix(np.zeros((9, 4))))  # six plots and three empty places
    9
    """
    points = np.asarray(points, dtype=np.float64)
    labels = np.zeros(len(points), dtype=np.int64) if labels is None else np.asarray(labels)
    names = names or [f"feature {i + 1}" for i in range(points.shape[1])]
    return draw_scatter_matrix(measure_scatter_matrix(points, labels), names[:N_FEATURES])


def measure_scatter_matrix(points: NDArray, colors: NDArray) -> PlotData:
    """The first features of the last points (n, d), and their colour numbers (n,)."""
    points = points[-N_POINTS:, :N_FEATURES]
    columns = {f"x{i}": pack_coordinates(points[:, i]) for i in range(points.shape[1])}
    limits = {}
    if len(points):
        for name, low, high in zip(columns, points.min(axis=0), points.max(axis=0), strict=True):
            margin = 0.05 * (high - low) or 0.05 * max(abs(low), 1.0)
            limits[name] = float(low - margin), float(high + margin)
    return PlotData({"matrix": {**columns, "color": wrap_colors(colors[-N_POINTS:])}}, limits)


def draw_scatter_matrix(data: PlotData, names: Sequence[str]) -> hv.Layout:
    """The plots below the diagonal of a matrix; the lowest row and the left column have axes."""
    hv = load_holoviews()

    cells = [
        _draw_cell(data, names, x, y) if x < y else hv.Empty()
        for y in range(1, len(names))
        for x in range(len(names) - 1)
    ]
    return hv.Layout(cells).cols(max(len(names) - 1, 1))


def _draw_cell(data: PlotData, names: Sequence[str], x: int, y: int) -> hv.Overlay:
    hv = load_holoviews()
    is_left, is_lowest = x == 0, y == len(names) - 1

    def set_labels(plot: Any, element: Any) -> None:
        for axis, i in ((plot.state.xaxis, x), (plot.state.yaxis, y)):
            axis.axis_label = label_axis(shorten(names[i], NAME_CHARACTERS))
        plot.state.update(outline_line_alpha=0.3, min_border=2)
        if is_left:
            # The names of the ticks are not equally wide in all rows; the plots keep aligned.
            plot.state.min_border_left = Y_AXIS_PX
        plot.state.grid.grid_line_alpha = 0.2

    columns = data.layers["matrix"]
    points = set_options(
        hv.Points(columns, [f"x{x}", f"x{y}"], ["color"]),
        "matrix",
        size=3,
        alpha=0.6,
        line_alpha=0,
        **COLOR_OPTIONS,
    )
    return set_plot_options(
        hv.Overlay([points]),
        data,
        f"matrix {x} {y}",
        dimensions="",
        hooks=[set_labels],
        responsive=False,
        height=None,
        frame_width=SIZE_PX,
        frame_height=SIZE_PX,
        xaxis="bottom" if is_lowest else None,
        yaxis="left" if is_left else None,
        xticks=3,
        yticks=3,
        fontsize={"labels": "11px", "ticks": "9px"},
        toolbar=None,
        show_legend=False,
    )


def arrange_cells(plots: list[Any]) -> list[Any]:
    """Rows of one pane, of two panes and so on."""
    panes = [pn.pane.HoloViews(plot, linked_axes=False, margin=2) for plot in plots]
    rows: list[Any] = []
    while panes:
        n_columns = len(rows) + 1
        rows.append(pn.Row(*panes[:n_columns]))
        panes = panes[n_columns:]
    return rows


class ScatterMatrix:
    """The first four features against each other, twice a second; off, it costs nothing.

    A thread builds the plots when the matrix is first on, and again for another source.
    ``request_frame`` is called from the thread when the plots are built.
    """

    def __init__(self, request_frame: Callable[[], None]) -> None:
        self._request_frame = request_frame
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="clusterer-matrix")
        self._names: tuple[str, ...] = ()
        self._frame: Frame | None = None
        self._begin()
        # On a phone the matrix is wider than the page.
        self.view = LazyColumn(lambda: [self._plot.pane], visible=False, scroll="x-auto")
        self.switch = pmui.Switch(
            label="Scatter matrix",
            description=f"Draws the first {N_FEATURES} features against each other, below.",
            value=False,
            visible=False,
        )
        self.switch.param.watch(self._toggle, "value")

    def _begin(self) -> None:
        """Begin with plots that are not built yet."""
        self._plot = LivePlot(partial(draw_scatter_matrix, names=self._names), arrange_cells)
        self._building: Future[bool] | None = None
        self._drawn = (-1, -1)
        self._drawn_at = 0.0

    def show(self, names: tuple[str, ...]) -> None:
        """Offer the features of another source."""
        self._frame = None
        if names[:N_FEATURES] != self._names:
            self._names = names[:N_FEATURES]
            self._begin()
            self.view.empty()
        self.switch.visible = len(names) > 2
        self._toggle()

    def _toggle(self, *_: object) -> None:
        self._drawn = (-1, -1)
        self.view.visible = self.is_on
        if self.is_on:
            self.view.fill()
        # A stream that has ended sends no further frame.
        if self._frame is not None:
            self.draw(self._frame)

    @property
    def is_on(self) -> bool:
        """Whether the source has enough features and the user has switched the matrix on."""
        return bool(self.switch.visible and self.switch.value)

    def draw(self, frame: Frame) -> None:
        """Show the newest points if the points shown are half a second old."""
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
        data = measure_scatter_matrix(points, frame.point_colors)
        if self._building is None and not data.is_empty:
            self._building = self._worker.submit(self._plot.build, data)
            self._building.add_done_callback(lambda _: self._request_frame())
        if self._building is None or not self._building.done():
            return
        self._building.result()
        self._plot.show(data, is_new=False)
        self._drawn, self._drawn_at = state, now

    def close(self) -> None:
        """Build no more plots."""
        self._worker.shutdown(wait=False, cancel_futures=True)

"""The scatter matrix: every pair of the first features in a small plot of its own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import panel as pn
from numpy.typing import ArrayLike, NDArray

from clusterer.preprocessing.scaling import Treatment
from clusterer.support.text import shorten
from widgets.components.float32 import pack_coordinates
from widgets.components.lazy import LazyColumn
from widgets.components.palette import wrap_colors
from widgets.components.text import Text, label_axis
from widgets.live.coloring.highlight import FAINT_ALPHA
from widgets.live.view_data import ViewData
from widgets.views.plot import (
    COLOR_OPTIONS,
    LivePlot,
    PlotData,
    load_holoviews,
    place_ticks,
    set_options,
    set_plot_options,
)

if TYPE_CHECKING:
    import holoviews as hv

N_FEATURES = 6
N_POINTS = 400
POINT_ALPHA = 0.6
WIDTH_PX, LOWEST_PX, HIGHEST_PX = 900, 110, 300
"""The cells of a page of this width are squares, between these heights."""
X_AXIS_PX, Y_AXIS_PX = 45, 80
NAME_CHARACTERS = 20
ONE_FEATURE = "The data have one feature. A scatter matrix needs two or more."
CUT = "These are the first {} of {} features. Other features can be chosen as those of the source."


def scatter_matrix(
    points: ArrayLike, labels: ArrayLike | None = None, names: Sequence[str] = ()
) -> hv.Layout:
    """The last 400 points in a small plot for each pair of the first six features.

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


def measure_scatter_matrix(
    points: NDArray,
    colors: NDArray,
    is_lit: NDArray[np.bool_] | None = None,
    treatment: Treatment | None = None,
) -> PlotData:
    """The first features of the last points (n, d), and their colour numbers (n,).

    Points that are not ``is_lit`` (n,) are faint; without one that is, none is faint. The axes are
    logarithmic where the ``treatment`` takes logarithms.
    """
    is_faint = np.zeros(len(points), dtype=bool)
    if is_lit is not None and is_lit.any():
        is_faint = ~is_lit
    alphas = np.where(is_faint, FAINT_ALPHA, POINT_ALPHA).astype(np.float32)[-N_POINTS:]
    treatment = treatment or Treatment.plain(points.shape[1])
    points = treatment.take_logarithms(points[-N_POINTS:])[:, :N_FEATURES]
    log_units = dict(zip((f"x{i}" for i in range(N_FEATURES)), treatment.log_units, strict=False))
    columns = {f"x{i}": pack_coordinates(points[:, i]) for i in range(points.shape[1])}
    limits = {}
    if len(points):
        for name, low, high in zip(columns, points.min(axis=0), points.max(axis=0), strict=True):
            margin = 0.05 * (high - low) or 0.05 * max(abs(low), 1.0)
            limits[name] = float(low - margin), float(high + margin)
    styles = {"color": wrap_colors(colors[-N_POINTS:]), "alpha": alphas}
    ticks = {
        name: dict(list(each.items())[:: max(len(each) // 3, 1)])
        for name, each in place_ticks(limits, log_units).items()
    }
    return PlotData({"matrix": columns | styles}, limits, ticks=ticks)


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
    height = min(max(WIDTH_PX // (len(names) - 1), LOWEST_PX), HIGHEST_PX)

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
        hv.Points(columns, [f"x{x}", f"x{y}"], ["color", "alpha"]),
        "matrix",
        size=3,
        alpha="alpha",
        line_alpha=0,
        **COLOR_OPTIONS,
    )
    return set_plot_options(
        hv.Overlay([points]),
        data,
        f"matrix {x} {y}",
        dimensions="",
        hooks=[set_labels],
        height=height + X_AXIS_PX if is_lowest else height,
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
    wide = {"sizing_mode": "stretch_width"}
    panes = [pn.pane.HoloViews(plot, linked_axes=False, margin=2, **wide) for plot in plots]
    rows: list[Any] = []
    n_rows = math.isqrt(2 * len(panes))
    while panes:
        n_columns = len(rows) + 1
        gaps = [pn.Spacer(height=0, margin=2, **wide) for _ in range(n_rows - n_columns)]
        rows.append(pn.Row(*panes[:n_columns], *gaps, **wide))
        panes = panes[n_columns:]
    return rows


class Measured(NamedTuple):
    """The data, the plots of their features, whether those are new, and all features' names."""

    data: PlotData
    plot: LivePlot | None
    is_new: bool
    names: tuple[str, ...]


class ScatterMatrixView:
    """The tab with the scatter matrix of the newest points; it fills the width of the page."""

    title = "Scatter matrix"

    def __init__(self) -> None:
        self._names: tuple[str, ...] = ()
        self._built: LivePlot | None = None
        self._shown: LivePlot | None = None
        self._text = Text()
        self._place = LazyColumn(list)
        self.pane = pn.Column(self._text.pane, self._place, sizing_mode="stretch_width", margin=0)

    def measure(self, view_data: ViewData) -> Measured:
        """The newest points, and the plots for their features; may run in another thread."""
        frame, names = view_data.frame, view_data.feature_names
        if frame is None or frame.points.shape[1] != len(names) or len(names) < 2:
            return Measured(PlotData({}), None, False, names)
        treatment = view_data.find_treatment(len(names))
        shown = tuple(
            f"{shorten(name, NAME_CHARACTERS - 6)} (log)" if unit else name
            for name, unit in zip(names[:N_FEATURES], treatment.log_units, strict=False)
        )
        if self._built is None or shown != self._names:
            self._names = shown
            self._built = LivePlot(partial(draw_scatter_matrix, names=shown), arrange_cells)
        is_lit = frame.point_clusters == view_data.highlighted
        data = measure_scatter_matrix(frame.points, frame.point_colors, is_lit, treatment)
        return Measured(data, self._built, self._built.build(data), names)

    def draw(self, measured: Measured) -> None:
        """Show the points."""
        n, plot = len(measured.names), measured.plot
        is_cut = n > N_FEATURES
        self._text.show(ONE_FEATURE if n == 1 else "", CUT.format(N_FEATURES, n) if is_cut else "")
        if plot is None:
            return
        if plot is not self._shown:
            self._shown = plot
            # In a batch of its own; see `LivePlot.show`.
            replace = partial(setattr, self._place, "objects", [plot.pane])
            pn.state.execute(replace, schedule=True)
        plot.show(measured.data, measured.is_new)

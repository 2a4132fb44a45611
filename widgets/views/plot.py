"""Plots of the views: HoloViews builds a plot once, later only new columns reach the browser.

Measured with Panel 1.9.4 and HoloViews 1.23.2 on the stream graph (200 states, 8 clusters, on
the page's thread): a `DynamicMap` on a `Pipe` costs 105 ms of CPU an update, a new
``pane.object`` 220 ms and the zoom, new columns in the plot's own data sources 2 ms.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import panel as pn
import panel_material_ui as pmui
from bokeh.models import (
    ColumnDataSource,
    NumeralTickFormatter,
    PanTool,
    Range1d,
    ResetTool,
    WheelZoomTool,
)

from widgets.components.lazy import LazyColumn
from widgets.components.palette import CLUSTER_COLORS, NOISE_COLOR
from widgets.components.plot import LEGEND_STYLE
from widgets.components.text import Text
from widgets.components.ticks import place_log_ticks, set_ticks
from widgets.live.view_data import ViewData

if TYPE_CHECKING:
    import holoviews as hv
    from bokeh.plotting import figure

HEIGHT_PX = 250
MIN_WIDTH_PX = 300
COLOR_OPTIONS: dict[str, Any] = {
    "color": "color",
    "cmap": [NOISE_COLOR, *CLUSTER_COLORS],
    "clim": (-1.5, len(CLUSTER_COLORS) - 0.5),
}
"""Style options that give each row of a layer the colour of the number in its column "color"."""

Columns = dict[str, Any]

# HoloViews keeps the options of all elements in one global tree, which threads must not share.
_holoviews_lock = threading.Lock()


@dataclass(frozen=True, eq=False)
class PlotData:
    """Everything that a view draws.

    ``layers`` holds the columns of each element, by the name of its data source. ``limits``
    holds the lowest and the highest value of each axis, by the name of its dimension.
    ``sentences`` stand above the plot on the page. ``ticks`` holds the places of the ticks and
    their names, for the dimensions whose ticks are not numbers.
    """

    layers: Mapping[str, Columns]
    limits: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    sentences: tuple[str, ...] = ()
    ticks: Mapping[str, Mapping[float, str]] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether no layer has a row."""
        return not any(_has_rows(columns) for columns in self.layers.values())


def set_options(
    element: hv.Element,
    name: str,
    tooltips: Iterable[tuple[str, str]] = (),
    **options: Any,
) -> hv.Element:
    """The element with options for Bokeh; its data source gets the ``name`` of the layer."""

    def name_source(plot: Any, element: Any) -> None:
        plot.handles["source"].name = name

    if tooltips:
        options |= {"tools": ["hover"], "hover_tooltips": list(tooltips)}
    return element.opts(backend="bokeh", hooks=[name_source], default_tools=[], **options)


def set_plot_options(
    plot: hv.Overlay,
    data: PlotData,
    name: str,
    *,
    dimensions: str = "width",
    hooks: Iterable[Callable[[Any, Any], None]] = (),
    **options: Any,
) -> hv.Overlay:
    """The plot with quiet axes, a legend above it, and zoom in the ``dimensions``.

    The zoom works in "width", in "height" or in "both"; with "" the plot has no tools but hover.
    The figure gets the ``name``. Each axis begins with the limits of its dimension in ``data``.
    """
    x, y = (dimension.name for dimension in plot.dimensions()[:2])

    def refine(plot: Any, element: Any) -> None:
        _refine(plot.state, name, dimensions)
        set_ticks(plot.state.xaxis, data.ticks.get(x))
        set_ticks(plot.state.yaxis, data.ticks.get(y))

    return plot.opts(
        backend="bokeh",
        **{
            "responsive": True,
            "height": HEIGHT_PX,
            "xlim": data.limits.get(x, (0.0, 1.0)),
            "ylim": data.limits.get(y, (0.0, 1.0)),
            # HoloViews would repeat the name of an only layer, which the legend shows.
            "title": "",
            "show_grid": True,
            "active_tools": [],
            "toolbar": "right",
            "legend_position": "top",
            "show_legend": True,
            **options,
        },
        hooks=[refine, *hooks],
    )


def _refine(plot: figure, name: str, dimensions: str) -> None:
    plot.name = name
    if dimensions:
        plot.add_tools(
            PanTool(dimensions=dimensions), WheelZoomTool(dimensions=dimensions), ResetTool()
        )
    plot.background_fill_alpha = plot.border_fill_alpha = plot.outline_line_alpha = 0
    # On a phone a drag must scroll the page.
    plot.toolbar.active_drag = None
    plot.toolbar.logo = None
    plot.toolbar.autohide = True
    if dimensions == "width":
        # The x axis counts points; on other axes whole numbers would be wrong.
        plot.xaxis.formatter = NumeralTickFormatter(format="0,0")
    plot.grid.grid_line_alpha = 0.25
    plot.axis.axis_line_alpha = 0.3
    plot.axis.minor_tick_line_alpha = 0
    plot.axis.major_tick_line_alpha = 0.3
    for legend in plot.legend:
        legend.update(**LEGEND_STYLE)


def place_ticks(
    limits: Mapping[str, tuple[float, float]], log_units: Mapping[str, float]
) -> dict[str, dict[float, str]]:
    """The ticks of logarithmic axes, as `PlotData` takes them.

    ``limits`` are those of `PlotData`; ``log_units`` are the units of the logarithms by dimension,
    0 for linear axes.

    >>> place_ticks({"x": (0.0, 7.0), "y": (0.0, 7.0)}, {"x": 1.0, "y": 0.0})["x"].values()
    dict_values(['1', '10', '100', '1,000'])
    """
    return {
        name: place_log_ticks(*limits[name], unit)
        for name, unit in log_units.items()
        if unit and name in limits
    }


def arrange_plots(plots: list[Any]) -> list[Any]:
    """Panes of the built plots: beside each other where the page is wide enough."""
    panes = [
        pn.pane.HoloViews(
            plot,
            linked_axes=False,
            sizing_mode="stretch_width",
            min_width=MIN_WIDTH_PX,
            margin=0,
        )
        for plot in plots
    ]
    return panes if len(panes) == 1 else [pmui.FlexBox(*panes, sizing_mode="stretch_width")]


class LivePlot:
    """Shows a HoloViews element, or the elements of a layout, and keeps them up to date.

    ``draw`` makes the element from the data, ``arrange`` makes panes of the built plots. `build`
    calls ``draw`` once and may run in any thread; `show` belongs to the page. Plots that have a
    dimension in common share its range; elements whose layers have the same name share its data.
    """

    def __init__(
        self,
        draw: Callable[[PlotData], Any],
        arrange: Callable[[list[Any]], list[Any]] = arrange_plots,
    ) -> None:
        self._draw = draw
        self._plots: list[Any] = []
        self._sources: dict[str, ColumnDataSource] = {}
        self._ranges: dict[str, Range1d] = {}
        self._axes: list[tuple[str, Any]] = []
        self._is_on_page = False
        self.pane = LazyColumn(lambda: arrange(self._plots))

    @property
    def figures(self) -> list[figure]:
        """The figures of Bokeh; none before they are built."""
        return [plot.state for plot in self._plots]

    def build(self, data: PlotData) -> bool:
        """Build the plots if that is still to be done and there is something to draw.

        Returns whether the plots were built now.
        """
        if self._plots or data.is_empty:
            return False
        with _holoviews_lock:
            hv = load_holoviews()
            renderer = load_renderer()
            element = self._draw(data)
            parts = list(element) if isinstance(element, hv.Layout) else [element]
            parts = [part for part in parts if not isinstance(part, hv.Empty)]
            plots = [renderer.get_plot(part) for part in parts]
        for plot in plots:
            # HoloViews itself updates the plot no more; so its document lets the plot go.
            plot.cleanup()
            state = plot.state
            x, y = (dimension.name for dimension in plot.current_frame.dimensions()[:2])
            state.x_range = self._ranges.setdefault(x, state.x_range)
            state.y_range = self._ranges.setdefault(y, state.y_range)
            self._axes += [(x, state.xaxis), (y, state.yaxis)]
            for each in state.renderers:
                source = each.data_source
                each.data_source = self._sources.setdefault(source.name, source)
        self._plots = plots
        self._update(data)
        self._show_legends()
        return True

    def show(self, data: PlotData, is_new: bool) -> None:
        """Put the data into the plots, unless they are new, and the plots into the page."""
        if not is_new:
            self._update(data)
            self._show_legends()
        # The first data may never be shown: another tab was opened while they were measured.
        if self._plots and not self._is_on_page:
            self._is_on_page = True
            # In a batch of its own: inside a frame's batch, changes of the new models would reach
            # the browser before the models.
            pn.state.execute(self.pane.fill, schedule=True)

    def _update(self, data: PlotData) -> None:
        for name, columns in data.layers.items():
            if name in self._sources:
                self._sources[name].data = columns
        for name, limits in data.limits.items():
            if name in self._ranges:
                fit(self._ranges[name], *limits)
        for name, axis in self._axes:
            set_ticks(axis, data.ticks.get(name))

    def _show_legends(self) -> None:
        """Name in the legends only layers that have rows."""
        for plot in self._plots:
            for item in [item for legend in plot.state.legend for item in legend.items]:
                item.visible = any(_has_rows(each.data_source.data) for each in item.renderers)


class PlotView:
    """A tab with one plot and, above it, the sentences of its data.

    ``measure`` gets the data of the plot, in another thread; ``draw`` makes the element from it.
    """

    def __init__(
        self, measure: Callable[[ViewData], PlotData], draw: Callable[[PlotData], Any]
    ) -> None:
        self._measure = measure
        self._plot = LivePlot(draw)
        self._text = Text()
        self.pane = pn.Column(
            self._text.pane, self._plot.pane, sizing_mode="stretch_width", margin=0
        )

    @property
    def figures(self) -> list[figure]:
        """The figures of Bokeh; none before the first data."""
        return self._plot.figures

    def measure(self, view_data: ViewData) -> tuple[PlotData, bool]:
        """What `draw` shows; may run in another thread."""
        data = self._measure(view_data)
        return data, self._plot.build(data)

    def draw(self, measured: tuple[PlotData, bool]) -> None:
        """Bring the page up to the data."""
        data, is_new = measured
        self._text.show(*data.sentences)
        self._plot.show(data, is_new)


def load_holoviews() -> Any:
    """Import HoloViews and its Bokeh backend; the first import takes a second or two."""
    import holoviews as hv
    import holoviews.plotting.bokeh

    hv.Store.set_current_backend("bokeh")
    return hv


def load_renderer() -> Any:
    """Return a new renderer of HoloViews for Bokeh, which does not keep what it has rendered."""
    renderer = load_holoviews().renderer("bokeh").instance(mode="default")
    # Each plot gets a document of its own. By default HoloViews takes Bokeh's current document,
    # which belongs to another thread.
    renderer.notebook_context = True
    return renderer


def fit(axis_range: Range1d, low: float, high: float) -> None:
    """Show the values from low to high, unless the user has zoomed; a reset then shows them."""
    is_following = (axis_range.start, axis_range.end) == (
        axis_range.reset_start,
        axis_range.reset_end,
    )
    axis_range.update(reset_start=low, reset_end=high)
    if is_following:
        axis_range.update(start=low, end=high)


def span_time(known: Any) -> tuple[float, float]:
    """Limits that show all sorted times ``known``.

    >>> span_time([100, 300])
    (100.0, 301.0)
    """
    return (float(known[0]), float(known[-1]) + 1.0) if len(known) else (0.0, 1.0)


def span_from_zero(*columns: Any) -> tuple[float, float]:
    """Limits from zero to a little above the largest number of the columns.

    >>> span_from_zero([0.5, 1.0], [])
    (0.0, 1.08)
    """
    values = np.concatenate([np.asarray(column, dtype=float).ravel() for column in columns])
    return 0.0, 1.08 * float(values.max(initial=0.0)) or 1.0


def _has_rows(columns: Mapping[str, Any]) -> bool:
    return any(len(column) for column in columns.values())

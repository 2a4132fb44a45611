"""The plots of the views: quiet axes, a legend above, and what the mouse may do."""

from functools import partial
from typing import Any

import numpy as np
from bokeh.models import (
    ColumnDataSource,
    HoverTool,
    Legend,
    LegendItem,
    NumeralTickFormatter,
    PanTool,
    Range1d,
)
from bokeh.models import ResetTool as Reset
from bokeh.models import WheelZoomTool as WheelZoom
from bokeh.plotting import figure

HEIGHT_PX = 250


def build_plot(
    name: str, x_label: str, y_label: str, *, dimensions: str = "width", **options: Any
) -> figure:
    """A plot whose ranges `fit` moves, and the mouse in one of its dimensions or both."""
    plot = figure(
        name=name,
        **{
            "height": HEIGHT_PX,
            "sizing_mode": "stretch_width",
            "x_range": build_range(),
            "y_range": build_range(),
            **options,
        },
        tools="",
        output_backend="canvas",
        background_fill_alpha=0,
        border_fill_alpha=0,
        outline_line_alpha=0,
        x_axis_label=x_label,
        y_axis_label=y_label,
    )
    plot.add_tools(PanTool(dimensions=dimensions), WheelZoom(dimensions=dimensions), Reset())
    # All is in view; and on a phone what drags the plot cannot scroll the page.
    plot.toolbar.active_drag = None
    plot.toolbar.logo = None
    plot.toolbar.autohide = True
    plot.xaxis.formatter = NumeralTickFormatter(format="0,0")
    plot.grid.grid_line_alpha = 0.25
    plot.axis.axis_line_alpha = 0.3
    plot.axis.minor_tick_line_alpha = 0
    plot.axis.major_tick_line_alpha = 0.3
    return plot


def build_range() -> Range1d:
    """A range for `fit` to move."""
    return Range1d(0, 1, reset_start=0, reset_end=1)


def fit(axis_range: Range1d, low: float, high: float) -> None:
    """Show from low to high, unless somebody has zoomed; a reset then brings that about."""
    is_following = (axis_range.start, axis_range.end) == (
        axis_range.reset_start,
        axis_range.reset_end,
    )
    axis_range.update(reset_start=low, reset_end=high)
    if is_following:
        axis_range.update(start=low, end=high)


def fit_time(axis_range: Range1d, known: Any) -> None:
    """Show the whole time that is known."""
    if len(known):
        fit(axis_range, float(known[0]), float(known[-1]) + 1.0)


def fit_from_zero(axis_range: Range1d, *columns: Any) -> None:
    """Show from zero to a little above the largest number."""
    values = np.concatenate([np.asarray(column, dtype=float).ravel() for column in columns])
    fit(axis_range, 0.0, 1.08 * float(values.max(initial=0.0)) or 1.0)


def add_legend(plot: figure, items: list[LegendItem], *, names_all: bool = False) -> None:
    """A legend in one line above the plot, naming only what there is, or all."""
    for item in [] if names_all else items:
        sources = [renderer.data_source for renderer in item.renderers]
        item.visible = _has_rows(sources)
        for source in sources:
            source.on_change("data", partial(_follow, item, sources))
    legend = Legend(
        items=items,
        orientation="horizontal",
        border_line_alpha=0,
        background_fill_alpha=0,
        label_text_font_size="12px",
        padding=0,
        margin=2,
        spacing=12,
    )
    plot.add_layout(legend, "above")


def _has_rows(sources: list[ColumnDataSource]) -> bool:
    return any(len(column) for source in sources for column in source.data.values())


def _follow(
    item: LegendItem, sources: list[ColumnDataSource], attr: str, old: Any, new: Any
) -> None:
    item.visible = _has_rows(sources)


def add_hover(plot: figure, renderer: Any, *tooltips: tuple[str, str], **options: Any) -> None:
    """Tell about what is under the pointer."""
    plot.add_tools(HoverTool(renderers=[renderer], tooltips=list(tooltips), **options))


def build_columns(name: str, *columns: str) -> ColumnDataSource:
    """An empty data source."""
    return ColumnDataSource({column: np.empty(0) for column in columns}, name=name)

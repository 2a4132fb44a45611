"""The live figure: points, prototypes and the density image in one Bokeh figure."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from bokeh.models import (
    BoxZoomTool,
    ColumnDataSource,
    HoverTool,
    Legend,
    LegendItem,
    LinearColorMapper,
    PanTool,
    ResetTool,
    WheelZoomTool,
)
from bokeh.plotting import figure
from numpy.typing import NDArray

from clusterer.session.frame import Frame, ViewRequest
from clusterer.session.recording import Recording
from widgets.components.float32 import pack_coordinates
from widgets.components.palette import CLUSTER_COLORS, DENSITY_COLORS, map_colors, wrap_colors
from widgets.components.plot import LEGEND_STYLE, build_columns
from widgets.components.text import fold_title, label_axis
from widgets.components.ticks import place_log_ticks, set_ticks
from widgets.live.cluster_labels import ClusterLabels
from widgets.live.coloring.color_legend import ColorLegendBox
from widgets.live.coloring.highlight import POINT_ALPHA, PROTOTYPE_ALPHA, VALUE_ALPHA, Highlight
from widgets.live.coloring.point_colors import ColorChoice, PointColors, PointValues
from widgets.live.kernel import KernelRings
from widgets.live.region import Region
from widgets.live.trails import Trails
from widgets.live.viewport import Viewport

SMALLEST_SIZE_PX = 7.0
LARGEST_SIZE_PX = 38.0
# Bokeh shows its hint about zooming in a white box, so the text in it must be dark.
STYLE = ".bk-Panel { color: #222; }"
NO_IMAGE = np.zeros((1, 1), dtype=np.uint8)


class LiveFigure:
    """Draws frames and sends the browser only the changes.

    ``view_request`` is the part of the data that the figure shows. ``on_view_request`` is called
    with it when the user zooms, pans or chooses other axes, so that the density image of the next
    frame covers the new box. ``read_column`` returns the values of a column of the table that is
    no feature, for the points of a frame.
    """

    def __init__(
        self,
        on_view_request: Callable[[ViewRequest], None],
        read_column: Callable[[Frame, str], PointValues] | None = None,
    ) -> None:
        self.view_request = ViewRequest()
        self._on_view_request = on_view_request
        self._names: tuple[str, ...] = ("",)
        self.axis_titles = "", ""
        self._drawn = (-1, ViewRequest(), 0)
        self._frame: Frame | None = None
        self.points = build_columns("points", "x", "y", "cluster", "color")
        self.prototypes = build_columns(
            "prototypes", "x", "y", "weight", "size", "cluster", "color"
        )
        self.density = ColumnDataSource(
            {"image": [NO_IMAGE], "x": [0.0], "y": [0.0], "dw": [1.0], "dh": [1.0]}, name="density"
        )
        self.viewport = Viewport(self._request_view)
        self.colors = PointColors(read_column)
        self.trails = Trails()
        self.labels = ClusterLabels()
        self.figure = self._build()

    def _build(self) -> figure:
        plot = figure(
            name="live",
            sizing_mode="stretch_both",
            min_height=200,
            x_range=self.viewport.x,
            y_range=self.viewport.y,
            tools="",
            output_backend="canvas",
            background_fill_alpha=0,
            border_fill_alpha=0,
            outline_line_alpha=0,
            stylesheets=[STYLE],
        )
        plot.image(
            "image",
            source=self.density,
            x="x",
            y="y",
            dw="dw",
            dh="dh",
            color_mapper=LinearColorMapper(palette=DENSITY_COLORS, low=0, high=256),
        )
        color = {"field": "color", "transform": map_colors()}
        points = plot.scatter(
            "x", "y", source=self.points, size=5, color=color, alpha=POINT_ALPHA, line_alpha=0
        )
        self._points = points.glyph
        self.trails.add_to(plot)
        prototypes = plot.scatter(
            "x",
            "y",
            source=self.prototypes,
            size="size",
            fill_color=color,
            fill_alpha=PROTOTYPE_ALPHA,
            line_color=color,
            line_width=2,
        )
        self.kernel = KernelRings(plot, self.prototypes, color)
        self.highlight = Highlight(points.glyph, prototypes.glyph)
        self.labels.add_to(plot)
        self._add_tools(plot, prototypes)
        self.region = Region(plot)
        self._add_legend(plot)
        plot.grid.grid_line_alpha = 0.25
        plot.axis.axis_line_alpha = 0.3
        plot.axis.minor_tick_line_alpha = 0
        plot.axis.major_tick_line_alpha = 0.3
        return plot

    def _add_tools(self, plot: figure, prototypes: object) -> None:
        hover = HoverTool(
            renderers=[prototypes],
            tooltips=[("prototype of cluster", "@cluster"), ("weight", "@weight{0,0.0}")],
            # So low that the tip of a point fits below or above it.
            limit=1,
            point_policy="follow_mouse",
        )
        # The page is higher than the screen, so the wheel without Ctrl must scroll it.
        wheel = WheelZoomTool(modifiers="ctrl")
        plot.add_tools(PanTool(), wheel, BoxZoomTool(), ResetTool(), hover)
        plot.toolbar.active_scroll = wheel
        plot.toolbar.logo = None
        plot.toolbar.autohide = True

    def _add_legend(self, plot: figure) -> None:
        # The legend has glyphs of its own: the glyph of the first point may be faded.
        style = {"line_color": CLUSTER_COLORS[0], "fill_color": CLUSTER_COLORS[0]}
        nowhere = [np.nan], [np.nan]
        point = plot.scatter(*nowhere, size=5, **style)
        circle = plot.scatter(*nowhere, size=12, fill_alpha=PROTOTYPE_ALPHA, line_width=2, **style)
        items = [
            LegendItem(label="point (grey: noise)", renderers=[point]),
            LegendItem(label="prototype (size: weight)", renderers=[circle]),
        ]
        # All names at once, so that the plot does not move at the first point and at a reset.
        self._cluster_legend = Legend(items=items, **LEGEND_STYLE)
        plot.add_layout(self._cluster_legend, "above")
        self._color_legend = ColorLegendBox(plot, VALUE_ALPHA, circle)

    def enlarge(self, is_large: bool) -> None:
        """Draw type and points large enough for a lecture hall, or in their usual size."""
        small, medium = ("17px", "20px") if is_large else ("11px", "13px")
        self.figure.axis.major_label_text_font_size = small
        self.figure.axis.axis_label_text_font_size = medium
        self.figure.legend.label_text_font_size = "18px" if is_large else "12px"
        self._color_legend.legend.title_text_font_size = "18px" if is_large else "12px"
        self.labels.enlarge(is_large)
        self._points.size = 8 if is_large else 5

    def show_axes(self, x: int, y: int, names: tuple[str, ...]) -> None:
        """Show two features (from 0 up) or components (from -1 down) from the next frame on."""
        self._names = names
        self.viewport.follow()
        self.view_request = replace(self.view_request, x=x, y=y)
        self._on_view_request(self.view_request)

    def color_by(self, choice: ColorChoice) -> None:
        """Show something else by the colours of the points, from the next frame on."""
        self.colors.choose(choice)
        self.view_request = replace(
            self.view_request,
            has_classes=choice.kind == "class",
            has_scores=choice.kind == "score",
        )
        self._on_view_request(self.view_request)

    def draw_trails(self, recording: Recording) -> None:
        """Draw the paths of the prototypes; none for an empty recording."""
        self.trails.draw(recording, self.drawn_view_request)

    @property
    def drawn_view_request(self) -> ViewRequest:
        """The request that the screen shows, with its projection."""
        return self._drawn[1]

    def draw(self, frame: Frame) -> None:
        """Show a frame; a frame of other axes or of another source is ignored."""
        if not self._has_axes_of(frame):
            return
        # The last frame of the previous source can come after the feature names of this source.
        n_features, view = len(self._names), frame.view_request.view
        if frame.points.shape[1] != n_features or (view and len(view.means) != n_features):
            return
        # Not in `show_axes`, which can be called while another callback holds the document.
        titles = self._write_axis_titles(frame.view_request)
        if titles != self.axis_titles:
            self.axis_titles = titles
            x, y = (label_axis(fold_title(title)) for title in titles)
            self.figure.xaxis.axis_label, self.figure.yaxis.axis_label = x, y
        self._fit(frame)
        self._set_ticks(frame.view_request)
        self.region.keep(frame.view_request)
        self._draw_points(frame)
        self._explain_colors()
        self._draw_prototypes(frame)
        self.kernel.draw(frame)
        self.labels.draw(frame)
        self._draw_image(frame)
        self.highlight.draw(frame.center_clusters)
        self._drawn = frame.run, frame.view_request, frame.snapshot.n_seen
        self._frame = frame

    def find_points(self, x: float, y: float) -> tuple[Frame, list[int]] | None:
        """The frame on the screen, and the places in it of the points drawn at these coordinates.

        None if there is no such point.
        """
        xs, ys = self.points.data["x"], self.points.data["y"]
        places = np.flatnonzero((np.asarray(xs) == x) & (np.asarray(ys) == y))
        frame = self._frame
        if frame is None or not len(places) or len(xs) != len(frame.points):
            return None
        return frame, places.tolist()

    def _set_ticks(self, view_request: ViewRequest) -> None:
        """Show values in the units of the data also on logarithmic axes."""
        left, right, bottom, top = self.viewport.box
        edges = (left, right), (bottom, top)
        axes = self.figure.xaxis, self.figure.yaxis
        for axis, (low, high), unit in zip(axes, edges, view_request.log_units, strict=True):
            set_ticks(axis, place_log_ticks(low, high, unit) if unit else None)

    def _write_axis_titles(self, view_request: ViewRequest) -> tuple[str, str]:
        names = [
            f"{name} (log)" if view_request.find_log_unit(i) else name
            for i, name in enumerate(self._names)
        ]
        titles = view_request.view.name_axes(tuple(names)) if view_request.view else []
        x, y = (
            names[axis] if axis >= 0 else titles[-1 - axis]
            for axis in (view_request.x, view_request.y)
        )
        return x, y if len(self._names) > 1 else ""

    def _has_axes_of(self, frame: Frame) -> bool:
        shown = self.view_request
        return (frame.view_request.x, frame.view_request.y) == (shown.x, shown.y)

    def can_record(self, frame: Frame) -> bool:
        """Whether a video can show the frame as the figure does.

        A frame of the past, which has the run number -1, was recorded when it was new.
        """
        is_drawn = frame is self._frame and self.viewport.is_valid
        return is_drawn and self._has_axes_of(frame) and frame.run >= 0

    @property
    def point_colors(self) -> NDArray[np.int8]:
        """The colour numbers (n,) of the points on the screen."""
        return np.asarray(self.points.data["color"], dtype=np.int8)

    @property
    def prototype_sizes_px(self) -> NDArray[np.float32]:
        """The diameters (m,) of the circles on the screen."""
        return np.asarray(self.prototypes.data["size"], dtype=np.float32)

    def _draw_points(self, frame: Frame) -> None:
        run, view_request, n_seen = self._drawn
        n_new = frame.snapshot.n_seen - n_seen
        n_points = len(frame.points)
        n_kept = n_points - n_new
        xs, ys = frame.view_request.project(frame.points)
        columns: dict[str, NDArray] = {
            "x": pack_coordinates(xs),
            "y": pack_coordinates(ys),
            "cluster": frame.point_clusters.astype(np.int32),
            "color": self.colors.paint(frame),
        }
        n_shown = len(self.points.data["x"])
        is_same = frame.run == run and frame.view_request.axes == view_request.axes
        # New values must have the type of the column that they are added to.
        is_same &= all(columns[name].dtype == self.points.data[name].dtype for name in "xy")
        # Only a removal of the first points and an addition of last points can be streamed.
        if not is_same or not 0 < n_kept <= n_shown or (not n_new and n_shown != n_points):
            self.points.data = columns
            return
        if n_new:
            new = {name: values[n_kept:] for name, values in columns.items()}
            self.points.stream(new, rollover=n_points)
        self._recolor(columns, n_kept)

    def _recolor(self, columns: dict[str, NDArray], n_kept: int) -> None:
        """Update the clusters and colours of the points that are on the screen already.

        Only a column that has changed is sent.
        """
        shown = self.points.data
        patch = {
            name: [(slice(0, n_kept), columns[name][:n_kept])]
            for name in ("cluster", "color")
            if (shown[name][:n_kept] != columns[name][:n_kept]).any()
        }
        if patch:
            self.points.patch(patch)

    def _explain_colors(self) -> None:
        legend = self.colors.legend
        self._color_legend.show(legend)
        if self._cluster_legend.visible != (not legend.title):
            self._cluster_legend.visible = not legend.title
        self.highlight.shows_values = bool(legend.title)

    def _draw_prototypes(self, frame: Frame) -> None:
        xs, ys = frame.view_request.project(frame.centers)
        weights = frame.snapshot.weights
        shares = weights / max(weights.max(initial=0.0), 1e-300)
        sizes = SMALLEST_SIZE_PX + (LARGEST_SIZE_PX - SMALLEST_SIZE_PX) * np.sqrt(shares)
        self.prototypes.data = {
            "x": xs,
            "y": ys,
            "weight": weights,
            "size": sizes.astype(np.float32),
            "cluster": frame.center_clusters.astype(np.int32),
            "color": wrap_colors(frame.center_colors),
        }

    def _draw_image(self, frame: Frame) -> None:
        if frame.image is None or frame.view_request.box is None:
            if self.density.data["image"][0] is not NO_IMAGE:
                self.density.data = {**self.density.data, "image": [NO_IMAGE]}
            return
        left, right, bottom, top = frame.view_request.box
        self.density.data = {
            "image": [frame.image],
            "x": [left],
            "y": [bottom],
            "dw": [right - left],
            "dh": [top - bottom],
        }

    def _fit(self, frame: Frame) -> None:
        # The bounding box of the data does not tell the extent along oblique components.
        edges = frame.points if frame.view_request.is_projected else frame.bounds
        if len(edges):
            run, view_request, _ = self._drawn
            is_new = (
                frame.run != run
                or frame.view_request.axes != view_request.axes
                or self.view_request.box is None
            )
            self.viewport.fit(*frame.view_request.project(edges), is_new=is_new)

    def _request_view(self) -> None:
        if self.viewport.is_valid:
            self.view_request = replace(self.view_request, box=self.viewport.box)
            self._on_view_request(self.view_request)

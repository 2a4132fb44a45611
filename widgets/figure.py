"""The live figure: points, prototypes and the density image, in one Bokeh figure."""

from collections.abc import Callable

import numpy as np
from bokeh.models import (
    BoxZoomTool,
    ColumnDataSource,
    HoverTool,
    Legend,
    LegendItem,
    LinearColorMapper,
    PanTool,
    Range1d,
    ResetTool,
    WheelZoomTool,
)
from bokeh.plotting import figure
from numpy.typing import NDArray

from clusterer.frames import Frame, Look
from clusterer.images import Box
from clusterer.recordings import Recording

from .highlights import POINT_ALPHA, PROTOTYPE_ALPHA, Highlight
from .palettes import DENSITY_COLORS, map_colors, wrap_colors
from .trails import Trails

MARGIN = 0.04
SMALLEST_SIZE_PX = 7.0
LARGEST_SIZE_PX = 38.0
NO_IMAGE = np.zeros((1, 1), dtype=np.uint8)


class LiveFigure:
    """Draws frames, sending the browser no more than what is new.

    ``look`` is what the figure needs to be shown; ``on_look`` is called with it when the user
    zooms, pans or chooses other axes, so that the image can be counted over the new box.
    """

    def __init__(self, on_look: Callable[[Look], None]) -> None:
        self.look = Look()
        self._on_look = on_look
        self._labels = "", ""
        self._is_following = True
        self._is_moving_itself = False
        self._home: Box = (-1.0, 1.0, -1.0, 1.0)
        self._drawn = (-1, Look(), 0)
        self.points = ColumnDataSource(_columns("x", "y", "cluster", "color"), name="points")
        self.prototypes = ColumnDataSource(
            _columns("x", "y", "weight", "size", "cluster", "color"), name="prototypes"
        )
        self.density = ColumnDataSource(
            {"image": [NO_IMAGE], "x": [0.0], "y": [0.0], "dw": [1.0], "dh": [1.0]}, name="density"
        )
        self.trails = Trails()
        self.figure = self._build()

    def _build(self) -> figure:
        plot = figure(
            name="live",
            sizing_mode="stretch_both",
            min_height=320,
            x_range=Range1d(-1, 1),
            y_range=Range1d(-1, 1),
            tools="",
            output_backend="canvas",
            background_fill_alpha=0,
            border_fill_alpha=0,
            outline_line_alpha=0,
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
        self.highlight = Highlight(points.glyph, prototypes.glyph)
        self._equip(plot, points, prototypes)
        for axis_range in (plot.x_range, plot.y_range):
            for edge in ("start", "end"):
                axis_range.on_change(edge, self._note_move)
        return plot

    def _equip(self, plot: figure, points: object, prototypes: object) -> None:
        hover = HoverTool(
            renderers=[prototypes],
            tooltips=[("prototype of cluster", "@cluster"), ("weight", "@weight{0,0.0}")],
        )
        wheel = WheelZoomTool()
        plot.add_tools(PanTool(), wheel, BoxZoomTool(), ResetTool(), hover)
        plot.toolbar.active_scroll = wheel
        plot.toolbar.logo = None
        plot.toolbar.autohide = True
        plot.grid.grid_line_alpha = 0.25
        plot.axis.axis_line_alpha = 0.3
        plot.axis.minor_tick_line_alpha = 0
        plot.axis.major_tick_line_alpha = 0.3
        items = [
            LegendItem(label="point (grey: noise)", renderers=[points]),
            LegendItem(label="prototype (size: weight)", renderers=[prototypes]),
        ]
        legend = Legend(
            items=items,
            orientation="horizontal",
            border_line_alpha=0,
            background_fill_alpha=0,
            label_text_font_size="12px",
            padding=0,
            margin=4,
        )
        plot.add_layout(legend, "above")

    def show_axes(self, x: int, y: int, names: tuple[str, ...]) -> None:
        """Put two features on the axes, with the next frame."""
        self._labels = names[x], names[y] if len(names) > 1 else ""
        self._is_following = True
        self.look = Look(x, y, self.look.box)
        self._on_look(self.look)

    def draw_trails(self, recording: Recording) -> None:
        """Draw where the prototypes have been; nothing for an empty recording."""
        self.trails.draw(recording, self.look)

    def draw(self, frame: Frame) -> None:
        """Bring what is on the screen up to the frame."""
        if (frame.look.x, frame.look.y) != (self.look.x, self.look.y):
            return
        # Not in `show_axes`: it may be called while another callback holds the document.
        self.figure.xaxis.axis_label, self.figure.yaxis.axis_label = self._labels
        if self._is_following:
            self._fit(frame)
        self._draw_points(frame)
        self._draw_prototypes(frame)
        self._draw_image(frame)
        self.highlight.draw()
        self._drawn = frame.run, frame.look, frame.snapshot.n_seen

    def _draw_points(self, frame: Frame) -> None:
        run, look, n_seen = self._drawn
        n_new = frame.snapshot.n_seen - n_seen
        n_points = len(frame.points)
        n_kept = n_points - n_new
        xs, ys = frame.look.project(frame.points)
        columns: dict[str, NDArray] = {
            "x": xs.astype(np.float32),
            "y": ys.astype(np.float32),
            "cluster": frame.point_clusters.astype(np.int32),
            "color": wrap_colors(frame.point_colors),
        }
        n_shown = len(self.points.data["x"])
        is_same = frame.run == run and (frame.look.x, frame.look.y) == (look.x, look.y)
        # Only points that left at the front and points that came at the end can be streamed.
        if not is_same or not 0 < n_kept <= n_shown or (not n_new and n_shown != n_points):
            self.points.data = columns
            return
        if n_new:
            new = {name: values[n_kept:] for name, values in columns.items()}
            self.points.stream(new, rollover=n_points)
        self._recolor(columns, n_kept)

    def _recolor(self, columns: dict[str, NDArray], n_kept: int) -> None:
        """Points already on the screen follow their cluster."""
        shown = self.points.data
        is_other = shown["cluster"][:n_kept] != columns["cluster"][:n_kept]
        is_other |= shown["color"][:n_kept] != columns["color"][:n_kept]
        if is_other.any():
            patch = {
                name: [(slice(0, n_kept), columns[name][:n_kept])] for name in ("cluster", "color")
            }
            self.points.patch(patch)

    def _draw_prototypes(self, frame: Frame) -> None:
        xs, ys = frame.look.project(frame.centers)
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
        if frame.image is None or frame.look.box is None:
            if self.density.data["image"][0] is not NO_IMAGE:
                self.density.data = {**self.density.data, "image": [NO_IMAGE]}
            return
        left, right, bottom, top = frame.look.box
        self.density.data = {
            "image": [frame.image],
            "x": [left],
            "y": [bottom],
            "dw": [right - left],
            "dh": [top - bottom],
        }

    def _fit(self, frame: Frame) -> None:
        """Keep the data in view; move only when they leave it, so that the picture stays calm."""
        if not len(frame.bounds):
            return
        xs, ys = frame.look.project(frame.bounds)
        wanted = (*_pad(xs), *_pad(ys))
        box = self._box()
        is_new = frame.run != self._drawn[0] or self.look.box is None
        if is_new or not _holds(box, (*xs, *ys)):
            self._is_moving_itself = True
            for axis_range, (start, end) in (
                (self.figure.x_range, wanted[:2]),
                (self.figure.y_range, wanted[2:]),
            ):
                axis_range.update(start=start, end=end, reset_start=start, reset_end=end)
            self._is_moving_itself = False
            self._home = wanted
            self._tell()

    def _box(self) -> Box:
        x, y = self.figure.x_range, self.figure.y_range
        return x.start, x.end, y.start, y.end

    def _note_move(self, attr: str, old: float, new: float) -> None:
        if not self._is_moving_itself:
            # A reset in the browser brings the box back edge by edge.
            self._is_following = self._box() == self._home
            self._tell()

    def _tell(self) -> None:
        left, right, bottom, top = self._box()
        if left < right and bottom < top:
            self.look = Look(self.look.x, self.look.y, (left, right, bottom, top))
            self._on_look(self.look)


def _columns(*names: str) -> dict[str, NDArray]:
    return {name: np.empty(0) for name in names}


def _pad(edges: NDArray) -> tuple[float, float]:
    low, high = float(edges.min()), float(edges.max())
    margin = MARGIN * (high - low) or max(abs(low), 1.0) * MARGIN
    return low - margin, high + margin


def _holds(box: Box, edges: tuple[float, ...]) -> bool:
    left, right, bottom, top = box
    return left <= edges[0] and edges[1] <= right and bottom <= edges[2] and edges[3] <= top

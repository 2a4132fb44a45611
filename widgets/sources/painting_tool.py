"""The painting on the live plot: paint, move painted points, undo and clear."""

from collections.abc import Callable
from typing import Any

import numpy as np
import panel_material_ui as pmui
from bokeh.models import Label
from bokeh.plotting import figure
from numpy.typing import NDArray

from clusterer.datasets import PaintedSource
from clusterer.datasets.drawing import Layer
from clusterer.datasets.edits import HEIGHT, WIDTH
from clusterer.session.engine import Engine
from clusterer.stream import Source
from widgets.components.button import build_button
from widgets.components.lazy import LazyColumn
from widgets.components.plot import build_columns
from widgets.components.text import Text
from widgets.sources.brush import MOVE, OFF, PAINT, VIEW, Brush, Gesture, add_brush, read_gesture
from widgets.sources.painting_chooser import PaintingChooser

BLOB_POINTS = 60
BLOB_RADIUS = 0.9
GREY = "#808080"


class PaintingTool:
    """Paints on a plot while the stream is a painting, and shows the painted areas.

    ``change`` runs a function that changes the page from outside a callback of the page.
    """

    def __init__(
        self,
        plot: figure,
        chooser: PaintingChooser,
        engine: Engine,
        change: Callable[[Callable[[], None]], None],
    ) -> None:
        self._chooser = chooser
        self._engine = engine
        self._change = change
        self._is_painting = False
        self._drawn: tuple[Layer, ...] | None = None
        # The number of the last stroke in the browser, and its number in the painting.
        self._stroke: tuple[int, int | None] = -1, None
        # The number of the last stroke in the browser, the group that it moves, its last place.
        self._grabbed: tuple[int, int | None, tuple[float, float]] = -1, None, (0.0, 0.0)
        self.brush = Brush(name="brush")
        self.brush.on_change("gesture", self._handle_gesture)
        for slider in ("radius_px", "n_per_s"):
            getattr(chooser, slider).param.watch(self._set_brush, "value")
        self._set_brush()
        self.shapes = build_columns("painting", "x", "y", "width", "height")
        self._hint = Label(
            x=WIDTH / 2,
            y=HEIGHT / 2,
            text="Paint here: press and drag",
            text_align="center",
            text_baseline="middle",
            text_color=GREY,
            text_font_size="17px",
            visible=False,
        )
        self._toolbar = plot.toolbar
        self._draw_on(plot)
        self.mode = pmui.RadioButtonGroup(
            options=[PAINT, MOVE, VIEW],
            value=PAINT,
            size="small",
            margin=(0, 12, 0, 0),
            description="What the pointer does on the plot: paint points, move painted points, or "
            "pan and zoom the view.",
        )
        self.mode.param.watch(lambda _: self._set_mode(), "value")
        self.message = Text(role="alert")
        self.view = LazyColumn(self._lay_out, visible=False)

    def _lay_out(self) -> list[Any]:
        tools = pmui.FlexBox(
            self.mode,
            self._build_button("Add", "add", "add a blob at an empty place.", self._add),
            self._build_button("Undo", "undo", "remove the last stroke.", self._undo),
            self._build_button("Clear", "delete", "start with an empty canvas.", self._clear),
            self.message.pane,
            align_items="center",
            gap="4px",
            margin=(0, 10),
            sizing_mode="stretch_width",
        )
        return [tools]

    def _build_button(
        self, label: str, icon: str, description: str, act: Callable[[], None]
    ) -> Any:
        return build_button(
            label, description, lambda _: act(), icon=icon, size="small", variant="text", margin=0
        )

    def _draw_on(self, plot: figure) -> None:
        plot.ellipse(
            "x",
            "y",
            "width",
            "height",
            source=self.shapes,
            fill_color=GREY,
            fill_alpha=0.07,
            line_alpha=0,
            level="underlay",
        )
        plot.add_layout(self._hint)
        add_brush(plot, self.brush)

    def show(self, source: Source) -> None:
        """Show the tools if the source is a painting."""
        self._is_painting = isinstance(source, PaintedSource)
        self.view.visible = self._is_painting
        self.message.show()
        self._drawn = None

    def draw(self) -> None:
        """Update the painted areas; called with each frame."""
        # Not earlier: a page that is still loading would not get the change.
        self._set_mode()
        layers = self._painting.layers if self._painting else ()
        if layers is self._drawn:
            return
        self._drawn = layers
        xs, ys, widths, heights = outline_layers(layers).T
        self.shapes.data = {"x": xs, "y": ys, "width": widths, "height": heights}
        self._hint.visible = self._painting is not None and not layers

    @property
    def _painting(self) -> PaintedSource | None:
        """The painting that streams; None while another source streams."""
        return self._chooser.painting if self._is_painting else None

    def _set_brush(self, *_: Any) -> None:
        self.brush.update(
            radius_px=float(self._chooser.radius_px.value),
            n_per_s=float(self._chooser.n_per_s.value),
        )

    def _set_mode(self) -> None:
        mode = self.mode.value if self._is_painting else OFF
        if mode != self.brush.mode:
            self.brush.mode = mode
            # Choosing another tool in the toolbar would turn the brush off.
            self._toolbar.visible = mode in (VIEW, OFF)

    def _handle_gesture(self, attr: str, old: str, text: str) -> None:
        gesture = read_gesture(text)
        if gesture is None or self._painting is None:
            return
        try:
            if gesture.kind == MOVE:
                self._move(gesture, self._painting)
            else:
                self._paint(gesture, self._painting)
        except ValueError as error:
            message = str(error)
            self._change(lambda: self.message.show(message))

    def _paint(self, gesture: Gesture, painting: PaintedSource) -> None:
        last_stroke, number = self._stroke
        number = painting.paint(
            gesture.places,
            gesture.radii,
            gesture.n_points,
            number if last_stroke == gesture.stroke else None,
        )
        self._stroke = gesture.stroke, number
        # Painted points are learned at once, even if the stream is slow or paused.
        self._engine.step(gesture.n_points)

    def _move(self, gesture: Gesture, painting: PaintedSource) -> None:
        start, present = gesture.places
        last_stroke, group, last = self._grabbed
        if last_stroke != gesture.stroke:
            group, last = painting.find(*start), start
        self._grabbed = gesture.stroke, group, present
        if group is not None:
            painting.move(group, present[0] - last[0], present[1] - last[1])
            self._engine.refresh_frame()

    def _add(self) -> None:
        painting = self._painting
        if painting is not None:
            place = find_empty_place(painting.layers)
            try:
                painting.paint([place], (BLOB_RADIUS, BLOB_RADIUS), BLOB_POINTS)
            except ValueError as error:
                self.message.show(str(error))
            else:
                self._engine.step(BLOB_POINTS)

    def _undo(self) -> None:
        if self._painting is not None:
            self._painting.undo()
            self._engine.refresh_frame()

    def _clear(self) -> None:
        self._stroke = self._stroke[0], None
        self._chooser.clear()


def outline_layers(layers: tuple[Layer, ...]) -> NDArray[np.float64]:
    """Centres (x, y), widths and heights (m, 4) of a few ellipses that cover all layers."""
    if not layers:
        return np.empty((0, 4))
    places = np.concatenate([places for _, places in layers])
    radii = np.repeat([edit.radii for edit, _ in layers], [len(p) for _, p in layers], axis=0)
    # One of several ellipses at nearly the same place is enough.
    _, kept = np.unique(np.round(2 * places / radii), axis=0, return_index=True)
    return np.column_stack([places[kept], 2 * radii[kept]])


def find_empty_place(layers: tuple[Layer, ...]) -> tuple[float, float]:
    """The place on the canvas that is furthest from its edges and from all layers.

    >>> find_empty_place(())
    (10.0, 5.0)
    """
    xs, ys = np.meshgrid(np.linspace(0, WIDTH, 41), np.linspace(0, HEIGHT, 21))
    grid = np.column_stack([xs.ravel(), ys.ravel()])
    distances = np.minimum(grid, (WIDTH, HEIGHT) - grid).min(axis=1)
    for place in outline_layers(layers)[:, :2]:
        distances = np.minimum(distances, np.hypot(*(grid - place).T) / 2)
    # The most central of several equally distant places.
    distances = distances - 1e-6 * np.hypot(*(grid - (WIDTH / 2, HEIGHT / 2)).T)
    x, y = grid[distances.argmax()].tolist()
    return x, y

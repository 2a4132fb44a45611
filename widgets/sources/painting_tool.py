"""The easel: painting on the live plot, moving what is painted, and taking it back."""

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
from widgets.components.lazy import LazyColumn
from widgets.components.plot import build_columns
from widgets.components.text import Text
from widgets.controls.transport import CLICK_THROUGH_TOOLTIP
from widgets.sources.brush import LOOK, MOVE, OFF, PAINT, Brush, Gesture, equip, read_gesture
from widgets.sources.painting_chooser import PaintingChooser

BLOB_POINTS = 60
BLOB_RADIUS = 0.9
GREY = "#808080"


class PaintingTool:
    """Paints on a plot while the stream is a painting, and shows what is painted.

    ``change`` is called with changes of the page from outside any callback of its own.
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
        self._stroke: tuple[int, int | None] = -1, None
        self._grasped: tuple[int, int | None, tuple[float, float]] = -1, None, (0.0, 0.0)
        self.brush = Brush(name="brush")
        self.brush.on_change("told", self._hear)
        for slider in ("radius_px", "n_per_s"):
            getattr(chooser, slider).param.watch(self._set_brush, "value")
        self._set_brush()
        self.shapes = build_columns("painting", "x", "y", "width", "height")
        self._hint = Label(
            x=WIDTH / 2,
            y=HEIGHT / 2,
            text="Paint here: hold down and move",
            text_align="center",
            text_baseline="middle",
            text_color=GREY,
            text_font_size="17px",
            visible=False,
        )
        self._toolbar = plot.toolbar
        self._draw_on(plot)
        self.mode = pmui.RadioButtonGroup(
            options=[PAINT, MOVE, LOOK],
            value=PAINT,
            size="small",
            margin=(0, 12, 0, 0),
            description="What the pointer does on the plot: paint, move what is painted, or move "
            "and zoom the view.",
        )
        self.mode.param.watch(lambda _: self._set_mode(), "value")
        self.message = Text(role="alert")
        self.view = LazyColumn(self._lay_out, visible=False)

    def _lay_out(self) -> list[Any]:
        tools = pmui.FlexBox(
            self.mode,
            self._build_button("Add", "add", "a blob where there is room.", self._add),
            self._build_button("Undo", "undo", "take the last stroke back.", self._undo),
            self._build_button("Clear", "delete", "begin an empty canvas.", self._clear),
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
        return pmui.Button(
            label=label,
            icon=icon,
            description=f"{label}: {description}",
            size="small",
            variant="text",
            margin=0,
            stylesheets=[CLICK_THROUGH_TOOLTIP],
            on_click=lambda _: act(),
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
        equip(plot, self.brush)

    def show(self, source: Source) -> None:
        """Offer the brush if the source is a painting."""
        self._is_painting = isinstance(source, PaintedSource)
        self.view.visible = self._is_painting
        self.message.show()
        self._drawn = None

    def draw(self) -> None:
        """Bring what is painted up to date; called with each frame."""
        # Not before: a page that is only being made would not hear of it.
        self._set_mode()
        layers = self._painting.layers if self._painting else ()
        if layers is self._drawn:
            return
        self._drawn = layers
        xs, ys, widths, heights = outline(layers).T
        self.shapes.data = {"x": xs, "y": ys, "width": widths, "height": heights}
        self._hint.visible = self._painting is not None and not layers

    @property
    def _painting(self) -> PaintedSource | None:
        """What can be painted on; None while something else streams."""
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
            # Whoever took another tool there would wonder why the brush is gone.
            self._toolbar.visible = mode in (LOOK, OFF)

    def _hear(self, attr: str, old: str, told: str) -> None:
        gesture = read_gesture(told)
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
        known, number = self._stroke
        number = painting.paint(
            gesture.places,
            gesture.radii,
            gesture.n_points,
            number if known == gesture.stroke else None,
        )
        self._stroke = gesture.stroke, number
        # Painted points come at once, however slowly the others stream, or while it is paused.
        self._engine.step(gesture.n_points)

    def _move(self, gesture: Gesture, painting: PaintedSource) -> None:
        first, now = gesture.places
        known, group, last = self._grasped
        if known != gesture.stroke:
            group, last = painting.find(*first), first
        self._grasped = gesture.stroke, group, now
        if group is not None:
            painting.move(group, now[0] - last[0], now[1] - last[1])
            self._engine.refresh_frame()

    def _add(self) -> None:
        painting = self._painting
        if painting is not None:
            place = find_room(painting.layers)
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


def outline(layers: tuple[Layer, ...]) -> NDArray[np.float64]:
    """Middles, widths and heights (m, 4) of ellipses that cover what is painted, not too many."""
    if not layers:
        return np.empty((0, 4))
    places = np.concatenate([places for _, places in layers])
    radii = np.repeat([edit.radii for edit, _ in layers], [len(p) for _, p in layers], axis=0)
    # Of those that lie nearly upon each other one is enough.
    _, kept = np.unique(np.round(2 * places / radii), axis=0, return_index=True)
    return np.column_stack([places[kept], 2 * radii[kept]])


def find_room(layers: tuple[Layer, ...]) -> tuple[float, float]:
    """The place on the canvas that is furthest from its edges and from all that is painted.

    >>> find_room(())
    (10.0, 5.0)
    """
    xs, ys = np.meshgrid(np.linspace(0, WIDTH, 41), np.linspace(0, HEIGHT, 21))
    free = np.column_stack([xs.ravel(), ys.ravel()])
    room = np.minimum(free, (WIDTH, HEIGHT) - free).min(axis=1)
    for place in outline(layers)[:, :2]:
        room = np.minimum(room, np.hypot(*(free - place).T) / 2)
    # Of those that are as good, the most central one.
    room = room - 1e-6 * np.hypot(*(free - (WIDTH / 2, HEIGHT / 2)).T)
    x, y = free[room.argmax()].tolist()
    return x, y

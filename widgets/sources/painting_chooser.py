"""A painting as a source: its brush, and the painting itself."""

from collections.abc import Callable

import panel_material_ui as pmui

from clusterer.datasets import PaintedSource
from clusterer.preprocessing.scaling import Scaling
from clusterer.stream import Source
from widgets.components.lazy import LazyColumn
from widgets.components.text import Text
from widgets.settings import Settings

WIDE = {"sizing_mode": "stretch_width"}
TOLD = (
    "What you paint goes on giving points. Reset plays the painting again from its first stroke. "
    "Move drags what you have painted: the automatic memory notices that a cluster moves, and "
    "forgets its old place."
)


class PaintingChooser:
    """The painting of the session and the brush; ``on_open`` gets it at its first point."""

    def __init__(self, on_open: Callable[[Source, Scaling], None], settings: Settings) -> None:
        self._on_open = on_open
        self._settings = settings
        self.painting = PaintedSource()
        self.radius_px = pmui.IntSlider(
            label="Brush size",
            description="Radius of the brush, in pixels of the screen.",
            value=36,
            start=8,
            end=120,
            step=4,
            **WIDE,
        )
        self.n_per_s = pmui.IntSlider(
            label="Flow",
            description="Points per second that the brush strews while it is down. What was "
            "painted longer gives more of the points that follow.",
            value=200,
            start=20,
            end=1000,
            step=20,
            **WIDE,
        )
        told = Text()
        told.show(TOLD)
        self.view = LazyColumn(lambda: [self.radius_px, self.n_per_s, told.pane], visible=False)

    def reopen(self) -> None:
        """Play the painting from its beginning."""
        self.painting.noise = self._settings.noise
        self.painting.rewind()
        self._on_open(self.painting, Scaling.identity(self.painting.n_features))

    def clear(self) -> None:
        """Begin another painting."""
        self.painting = PaintedSource(seed=self._settings.seed)
        self.reopen()

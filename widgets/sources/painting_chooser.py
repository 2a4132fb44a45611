"""A painting as a source: the painting, and the settings of the brush."""

from collections.abc import Callable

import panel_material_ui as pmui

from clusterer.datasets import PaintedSource
from clusterer.preprocessing.scaling import Scaling
from clusterer.stream import Source
from widgets.components.lazy import LazyColumn
from widgets.components.text import Text
from widgets.controls.controls import WIDE
from widgets.settings import Settings

ABOUT = (
    "Painted areas keep producing points. Reset repeats the painting from its first stroke. Move "
    "drags a painted area; automatic memory detects that the cluster moves and forgets its old "
    "position."
)


class PaintingChooser:
    """The painting of the session and its brush; ``on_open`` gets the painting as a source."""

    def __init__(self, on_open: Callable[[Source, Scaling], None], settings: Settings) -> None:
        self._on_open = on_open
        self._settings = settings
        self.painting = PaintedSource()
        self.radius_px = pmui.IntSlider(
            label="Brush size",
            description="The radius of the brush in pixels.",
            value=36,
            start=8,
            end=120,
            step=4,
            **WIDE,
        )
        self.n_per_s = pmui.IntSlider(
            label="Flow",
            description="How many points per second the brush paints. An area that was painted for "
            "longer also produces more of the later points.",
            value=200,
            start=20,
            end=1000,
            step=20,
            **WIDE,
        )
        about = Text()
        about.show(ABOUT)
        self.view = LazyColumn(lambda: [self.radius_px, self.n_per_s, about.pane], visible=False)

    def reopen(self) -> None:
        """Restart the painting from its first stroke."""
        self.painting.noise = self._settings.noise
        self.painting.rewind()
        self._on_open(self.painting, Scaling.identity(self.painting.n_features))

    def clear(self) -> None:
        """Start an empty painting."""
        self.painting = PaintedSource(seed=self._settings.seed)
        self.reopen()

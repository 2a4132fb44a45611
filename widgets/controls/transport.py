"""Play, pause, step, reset: the buttons that move the stream."""

import panel as pn
import panel_material_ui as pmui

from clusterer.session.engine import Engine
from clusterer.session.frame import Frame

N_STEP = 1

# The description is also the button's accessible name, so it begins with the label.
PLAY = "Play: let points stream in."
PAUSE = "Pause: hold the stream; the controls go on working."

# The help opens to the right, over the next button, and would catch what is meant for that.
BESIDE_POINTER = ".MuiTooltip-popper, .MuiTooltip-popper * { pointer-events: none !important; }"


class Transport:
    """Buttons that drive an engine, and follow it when it stops by itself."""

    def __init__(self, engine: Engine, speed: pn.viewable.Viewable) -> None:
        self._engine = engine
        self.is_playing = False
        self.play = pmui.Button(
            label="Play",
            icon="play_arrow",
            variant="contained",
            color="primary",
            width=116,
            description=PLAY,
            stylesheets=[BESIDE_POINTER],
            on_click=lambda _: self.toggle(),
        )
        self.step = pmui.Button(
            label="Step",
            icon="skip_next",
            variant="outlined",
            description="Step: learn the next point.",
            stylesheets=[BESIDE_POINTER],
            on_click=lambda _: engine.step(N_STEP),
        )
        self.reset = pmui.Button(
            label="Reset",
            icon="replay",
            variant="outlined",
            description="Reset: forget everything and start from the first point.",
            stylesheets=[BESIDE_POINTER],
            on_click=lambda _: engine.reset(),
        )
        self.view = pmui.FlexBox(
            self.play,
            self.step,
            self.reset,
            pmui.Column(speed, min_width=220, max_width=420, sizing_mode="stretch_width"),
            align_items="center",
            sizing_mode="stretch_width",
        )

    def toggle(self) -> None:
        """Play if it is paused, pause if it plays."""
        if self.is_playing:
            self._engine.pause()
        else:
            self._engine.play()
        self._show(not self.is_playing)

    def draw(self, frame: Frame) -> None:
        """Follow the engine: at the end of a table it pauses by itself."""
        if frame.is_playing != self.is_playing:
            self._show(frame.is_playing)

    def _show(self, is_playing: bool) -> None:
        self.is_playing = is_playing
        label, icon, description = (
            ("Pause", "pause", PAUSE) if is_playing else ("Play", "play_arrow", PLAY)
        )
        self.play.param.update(label=label, icon=icon, description=description)

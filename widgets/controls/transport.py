"""The buttons that control the stream: play, pause, step and reset."""

import panel as pn
import panel_material_ui as pmui

from clusterer.session.engine import Engine
from clusterer.session.frame import Frame

# A description is also the accessible name of its button, so it begins with the label.
PLAY = "Play: start or continue the stream."
PAUSE = "Pause: stop the stream. The controls still work."

# A tooltip opens over the next button; without this style it would catch the clicks on that.
CLICK_THROUGH_TOOLTIP = (
    ".MuiTooltip-popper, .MuiTooltip-popper * { pointer-events: none !important; }"
)


class Transport:
    """Buttons that control an engine and show whether it plays, beside the slider ``speed``."""

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
            stylesheets=[CLICK_THROUGH_TOOLTIP],
            on_click=lambda _: self.toggle(),
        )
        self.step = pmui.Button(
            label="Step",
            icon="skip_next",
            variant="outlined",
            description="Step: learn the next point.",
            stylesheets=[CLICK_THROUGH_TOOLTIP],
            on_click=lambda _: engine.step(),
        )
        self.reset = pmui.Button(
            label="Reset",
            icon="replay",
            variant="outlined",
            description="Reset: forget everything and restart the stream from its first point.",
            stylesheets=[CLICK_THROUGH_TOOLTIP],
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
        """Pause a stream that plays; play a paused one."""
        if self.is_playing:
            self._engine.pause()
        else:
            self._engine.play()
        self._show(not self.is_playing)

    def draw(self, frame: Frame) -> None:
        """Update the first button; the engine pauses itself at the end of a table."""
        if frame.is_playing != self.is_playing:
            self._show(frame.is_playing)

    def _show(self, is_playing: bool) -> None:
        self.is_playing = is_playing
        label, icon, description = (
            ("Pause", "pause", PAUSE) if is_playing else ("Play", "play_arrow", PLAY)
        )
        self.play.param.update(label=label, icon=icon, description=description)

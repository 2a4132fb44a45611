"""The buttons that control the stream: play, pause, step and reset."""

from typing import Any

import panel_material_ui as pmui

from clusterer.session.engine import Engine
from clusterer.session.frame import Frame
from widgets.components.button import build_button, describe_button

PLAY = "start or continue the stream."
PAUSE = "stop the stream. The controls still work."


class Transport:
    """Buttons that control an engine and show whether it plays, beside the widgets ``speed``."""

    def __init__(self, engine: Engine, speed: list[Any]) -> None:
        self._engine = engine
        self.is_playing = False
        self.play = build_button(
            "Play",
            PLAY,
            lambda _: self.toggle(),
            icon="play_arrow",
            variant="contained",
            color="primary",
            width=116,
        )
        self.step = build_button(
            "Step",
            "learn the next point.",
            lambda _: engine.step(),
            icon="skip_next",
            variant="outlined",
        )
        self.reset = build_button(
            "Reset",
            "forget everything and restart the stream from its first point.",
            lambda _: engine.reset(),
            icon="replay",
            variant="outlined",
        )
        self.restart = build_button(
            "Start anew with these settings",
            "forget everything, and learn the stream from its first point with the present "
            "settings. What is learned already keeps the effect of the earlier settings.",
            lambda _: self._start_anew(),
            icon="restart_alt",
            variant="outlined",
            visible=False,
        )
        self._run = -1
        self.view = pmui.FlexBox(
            self.play,
            self.step,
            self.reset,
            self.restart,
            pmui.Column(*speed, min_width=220, max_width=420, sizing_mode="stretch_width"),
            align_items="center",
            sizing_mode="stretch_width",
        )

    def disable(self, is_disabled: bool) -> None:
        """Disable the buttons while they can have no effect, or enable them again."""
        for button in (self.play, self.step, self.reset):
            button.disabled = is_disabled

    def toggle(self) -> None:
        """Pause a stream that plays; play a paused one."""
        if self.is_playing:
            self._engine.pause()
        else:
            self._engine.play()
        self._show(not self.is_playing)

    def offer_restart(self) -> None:
        """Offer to start anew: a setting has changed that only new points obey."""
        if not self.restart.visible:
            self.restart.visible = True

    def _start_anew(self) -> None:
        self._engine.reset()
        self._engine.play()

    def draw(self, frame: Frame) -> None:
        """Update the buttons; the engine pauses itself at the end of a table."""
        if frame.run != self._run:
            self._run = frame.run
            self.restart.visible = False
        if frame.is_playing != self.is_playing:
            self._show(frame.is_playing)

    def _show(self, is_playing: bool) -> None:
        self.is_playing = is_playing
        label, icon, help_text = (
            ("Pause", "pause", PAUSE) if is_playing else ("Play", "play_arrow", PLAY)
        )
        description = describe_button(label, help_text)
        self.play.param.update(label=label, icon=icon, description=description)

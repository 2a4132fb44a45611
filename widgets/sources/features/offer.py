"""A sentence about the table, with a button that does what the sentence advises."""

from collections.abc import Callable

import panel as pn
import panel_material_ui as pmui

from widgets.components.text import Text

ACCENT = "#0b7285"
STYLE = f"border-left: 3px solid {ACCENT}; padding-left: 8px;"


class Offer:
    """Hidden without a sentence. ``on_click`` is called without arguments."""

    def __init__(self, on_click: Callable[[], None]) -> None:
        self._text = Text(role="status", style=STYLE)
        self.button = pmui.Button(
            label="", variant="outlined", size="small", margin=(2, 12, 10, 12), visible=False
        )
        self.button.on_click(lambda _: on_click())
        self.view = pn.Column(self._text.pane, self.button, sizing_mode="stretch_width", margin=0)
        self.sentence = ""

    def show(self, sentence: str = "", label: str = "") -> None:
        """Show a sentence and the label of the button; without a sentence hide both."""
        self.sentence = sentence
        self._text.show(sentence)
        if sentence and self.button.label != label:
            self.button.label = label
        if self.button.visible != bool(sentence):
            self.button.visible = bool(sentence)

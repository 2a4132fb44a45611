"""For lectures: a presentation with the plot in large type, and links that hide controls."""

from collections.abc import Iterable, Mapping
from typing import Any

import panel_material_ui as pmui

from widgets.components.button import build_header_button
from widgets.live.figure import LiveFigure

LARGE_CLASS = "large"
HIDDEN = {"display": "none"}


class Presentation:
    """Shows the plot and the open view in large type, without sidebar and introduction.

    Parameters
    ----------
    figure : LiveFigure
        Gets large type and points.
    hidden : iterable of viewables
        The parts that a presentation leaves out.
    enlarged : iterable of viewables
        The parts that get the CSS class ``large``.
    """

    def __init__(
        self, figure: LiveFigure, hidden: Iterable[Any], enlarged: Iterable[Any] = ()
    ) -> None:
        self._figure = figure
        self._hidden, self._enlarged = [*hidden], [*enlarged]
        self._page: pmui.Page | None = None
        self.is_on = False
        self.button = build_header_button(
            "slideshow",
            "Presentation: large type, without the controls (P)",
            on_click=lambda _: self.toggle(),
        )

    def listen(self, page: pmui.Page, word: str) -> None:
        """Control this page; the ``word`` "on" from a link begins the presentation."""
        self._page = page
        if word == "on":
            self.toggle()

    def toggle(self) -> None:
        """Begin the presentation, or end it."""
        self.is_on = not self.is_on
        self._figure.enlarge(self.is_on)
        for part in self._hidden:
            part.visible = not self.is_on
        for part in self._enlarged:
            part.css_classes = [LARGE_CLASS] if self.is_on else []
        if self._page is not None:
            self._page.sidebar_open = not self.is_on


def hide_controls(text: str, parts: Mapping[str, Iterable[Any]]) -> list[str]:
    """Hide the parts that the text names, divided by commas; return the names that it gets wrong.

    >>> class Part:
    ...     styles = {}
    >>> slider = Part()
    >>> hide_controls("sigma, colour", {"sigma": [slider]}), slider.styles
    (['colour'], {'display': 'none'})
    """
    words = [word.strip() for word in text.split(",") if word.strip()]
    for part in [part for word in words for part in parts.get(word, ())]:
        # Not `visible`, which code sets that shows a part when it applies.
        part.styles = {**part.styles, **HIDDEN}
    return [word for word in words if word not in parts]

"""Text of users, such as file and column names, shown as plain text and never as HTML."""

import html
import textwrap
from collections.abc import Iterable
from typing import Any

import panel as pn
from bokeh.models import PlainText

FORMULAS = ("$$", "\\(", "\\[")
N_ON_AXIS = 40
"""Characters per line that fit beside the lowest plot."""


def escape_lines(lines: Iterable[str]) -> str:
    """HTML that shows each line literally.

    >>> escape_lines(["<b>x</b>", "y"])
    '&lt;b&gt;x&lt;/b&gt;<br>y'
    """
    return "<br>".join(html.escape(line) for line in lines)


def label_axis(title: str) -> str | PlainText:
    """A title that an axis of Bokeh shows literally; Bokeh typesets formulas between dollars.

    >>> label_axis("length"), label_axis("$$x$$").text
    ('length', '$$x$$')
    """
    return PlainText(text=title) if any(mark in title for mark in FORMULAS) else title


def hide_formula(text: str) -> str:
    r"""The text with an invisible space in marks of formulas, for ticks, which take no models.

    >>> hide_formula("length"), hide_formula("$$x$$")
    ('length', '$\u200b$x$\u200b$')
    """
    for mark in FORMULAS:
        text = text.replace(mark, f"{mark[0]}\u200b{mark[1]}")
    return text


def fold_title(title: str) -> str:
    """Break a title into at most two lines, which fit beside the lowest plot.

    >>> fold_title("component 2 (25%): length of the leaf, width of the leaf, …")
    'component 2 (25%): length of the leaf,\\nwidth of the leaf, …'
    """
    return "\n".join(textwrap.wrap(title, N_ON_AXIS, max_lines=2, placeholder=" …"))


class Html(pn.pane.HTML):
    """HTML that sends only its new content, and that ``is_shown`` hides instead of ``visible``.

    Panel compares all properties at each change and sends the style sheets again; in a notebook
    it sends links to a remote server even if the first style sheets were inline. When ``visible``
    changes, Panel looks for the drawn content and fails if the browser has not drawn it yet.
    """

    @property
    def is_shown(self) -> bool:
        """Whether the pane takes room on the page."""
        return self.styles.get("display") != "none"

    @is_shown.setter
    def is_shown(self, is_shown: bool) -> None:
        # None removes the style; the browser keeps a style that is no longer named.
        self.styles = {**self.styles, "display": None if is_shown else "none"}

    def _update(self, ref: str, model: Any) -> None:
        model.text = self._transform_object(self.object)["object"]


class Text:
    """Lines of plain text in the page; invisible without lines."""

    def __init__(self, *, role: str = "note", style: str = "") -> None:
        self._role = role
        self._lines: tuple[str, ...] = ()
        self.pane = Html(
            "",
            sizing_mode="stretch_width",
            margin=(2, 12),
            styles={"font-size": "0.86rem", "line-height": "1.45", "overflow-wrap": "anywhere"},
            stylesheets=[f":host {{ {style} }}"] if style else [],
        )
        self.pane.is_shown = False

    def show(self, *lines: str) -> None:
        """Replace the lines."""
        lines = tuple(line for line in lines if line)
        if lines != self._lines:
            self._lines = lines
            content = f'<div role="{self._role}">{escape_lines(lines)}</div>'
            self.pane.object = content if lines else ""
            if self.pane.is_shown != bool(lines):
                self.pane.is_shown = bool(lines)

"""The spotlight: outlines one widget of the page and brings it into view."""

from typing import Any

from bokeh.core.properties import String
from bokeh.model import DataModel
from bokeh.models import CustomJS

from .highlights import ACCENT

OUTLINE = {"outline": f"2px solid {ACCENT}", "outline-offset": "4px", "border-radius": "4px"}
NO_OUTLINE = {"outline": "none"}
LIT = "lit"

# The widgets are each in a tree of their own. What is folded away takes a moment to unfold.
SEEK = """
    const find = (root, wanted) => {
        const tree = root.shadowRoot ?? root
        const found = tree.querySelector(wanted)
        if (found) return found
        for (const each of tree.querySelectorAll("*")) {
            const inner = each.shadowRoot && find(each, wanted)
            if (inner) return inner
        }
    }
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches
    const behavior = calm ? "auto" : "smooth"
    const wanted = spot.wanted.split(" ").slice(1)
    clearTimeout(spot._timer)
    spot._timer = setTimeout(() => {
        for (const name of wanted) {
            const found = find(document, `.${name}`)
            // What holds the widget is to stand at the top, with as much below it as there is room.
            const block = found && name != wanted[0] && find(found, `.${wanted[0]}`)
                ? "start" : "nearest"
            found?.scrollIntoView({block, behavior})
        }
    }, 350)
"""


class Spot(DataModel):
    """A number, and the classes of what is to be brought into view."""

    wanted = String(default="")


class Spotlight:
    """Lights at most one widget; ``spot`` must be in the page's document."""

    def __init__(self) -> None:
        self._lit: Any = None
        self._n_moves = 0
        self.spot = Spot(name="spot")
        self.spot.js_on_change("wanted", CustomJS(args={"spot": self.spot}, code=SEEK))

    def light(self, widget: Any, *others: str) -> None:
        """Outline a widget, or none, and have it and ``others`` (classes) in view."""
        if self._lit is not None:
            self._lit.param.update(styles=NO_OUTLINE, css_classes=[])
        self._lit = widget
        if widget is not None:
            widget.param.update(styles=OUTLINE, css_classes=[LIT])
            self._n_moves += 1
            self.spot.wanted = " ".join([str(self._n_moves), LIT, *others])

"""The spotlight: outlines one widget of the page, brings it into view, and moves the focus."""

from typing import Any

from bokeh.core.properties import String
from bokeh.model import DataModel
from bokeh.models import CustomJS

from widgets.live.highlight import ACCENT

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

# What is to have the focus may not be there yet. Back it goes only from where it was put.
FOCUS = """
    const find = (root, wanted) => {
        const found = root.querySelector(wanted)
        if (found) return found
        for (const each of root.querySelectorAll("*")) {
            const inner = each.shadowRoot && find(each.shadowRoot, wanted)
            if (inner) return inner
        }
    }
    const path = () => {
        const found = []
        let each = document.activeElement
        for (; each; each = each.shadowRoot?.activeElement) found.push(each)
        return found
    }
    clearTimeout(spot._seeking)
    const wanted = spot.focused
    if (!wanted) {
        const isThere = path().some((each) => each?.classList?.contains(spot._around))
        if (isThere || document.activeElement == document.body) spot._before?.focus()
        spot._before = null
        return
    }
    const [name, around] = wanted.split(" ")
    const seek = (n_left) => {
        const found = find(document, `.${name}`)
        if (!found) {
            if (n_left) spot._seeking = setTimeout(seek, 100, n_left - 1)
            return
        }
        if (!spot._before) spot._before = path().at(-1)
        spot._around = around
        found.focus({preventScroll: true})
    }
    seek(50)
"""


class Spot(DataModel):
    """What is wanted is a number, and the classes of what is to be brought into view.

    ``focused`` is the class of what is to have the focus, and that of what is around it.
    """

    wanted = String(default="")
    focused = String(default="")


class Spotlight:
    """Lights at most one widget; ``spot`` must be in the page's document."""

    def __init__(self) -> None:
        self._lit: Any = None
        self._n_moves = 0
        self.spot = Spot(name="spot")
        for name, code in (("wanted", SEEK), ("focused", FOCUS)):
            self.spot.js_on_change(name, CustomJS(args={"spot": self.spot}, code=code))

    def focus(self, name: str, around: str) -> None:
        """Give the focus to what has the class ``name``, within ``around``."""
        self.spot.focused = f"{name} {around}"

    def let_go(self) -> None:
        """Give the focus back to what had it first, if it is still here."""
        self.spot.focused = ""

    def light(self, widget: Any, *others: str) -> None:
        """Outline a widget, or none, and have it and ``others`` (classes) in view."""
        if self._lit is not None:
            self._lit.param.update(styles=NO_OUTLINE, css_classes=[])
        self._lit = widget
        if widget is not None:
            widget.param.update(styles=OUTLINE, css_classes=[LIT])
            self._n_moves += 1
            self.spot.wanted = " ".join([str(self._n_moves), LIT, *others])

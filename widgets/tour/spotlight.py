"""The spotlight: outlines one widget of the page, scrolls to it and moves the keyboard focus."""

from typing import Any

from bokeh.core.properties import String
from bokeh.model import DataModel
from bokeh.models import CustomJS

from widgets.live.coloring.highlight import ACCENT

OUTLINE = {"outline": f"2px solid {ACCENT}", "outline-offset": "4px", "border-radius": "4px"}
NO_OUTLINE = {"outline": "none"}
LIT_CLASS = "lit"

# Each widget has a shadow tree of its own, so the search descends into all of them.
FIND = """
    const find = (root, selector) => {
        const tree = root.shadowRoot ?? root
        const found = tree.querySelector(selector)
        if (found) return found
        for (const each of tree.querySelectorAll("*")) {
            const inner = each.shadowRoot && find(each, selector)
            if (inner) return inner
        }
    }
"""

# An accordion needs a moment to unfold, so the page scrolls after a delay, and when all of it is
# drawn: what is drawn later would move the target away.
SCROLL = (
    FIND
    + """
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches
    const behavior = calm ? "auto" : "smooth"
    const names = spotlight.scrolled_to.split(" ").slice(1)
    const first = names[0]?.replace("^", "")
    clearTimeout(spotlight._timer)
    const scroll = (n_left) => {
        if (n_left && !spotlight.document?.is_idle) {
            spotlight._timer = setTimeout(scroll, 100, n_left - 1)
            return
        }
        for (const each of names) {
            const name = each.replace("^", "")
            const found = find(document, `.${name}`)
            // A container of the widget goes to the top, so that most of its content is visible.
            const isOuter = found && name != first && find(found, `.${first}`)
            const block = each != name || isOuter ? "start" : "nearest"
            found?.scrollIntoView({block, behavior})
        }
    }
    spotlight._timer = setTimeout(scroll, 350, 100)
"""
)

# The target of the focus may not be in the page yet, so the search is repeated for five seconds.
# The earlier focus returns only if the focus is still in the container of the target.
FOCUS = (
    FIND
    + """
    const listFocused = () => {
        const found = []
        let each = document.activeElement
        for (; each; each = each.shadowRoot?.activeElement) found.push(each)
        return found
    }
    clearTimeout(spotlight._search)
    if (!spotlight.focused) {
        const isInside = listFocused().some(
            (each) => each?.classList?.contains(spotlight._container))
        if (isInside || document.activeElement == document.body) spotlight._before?.focus()
        spotlight._before = null
        return
    }
    const [name, container] = spotlight.focused.split(" ")
    const search = (n_left) => {
        const found = find(document, `.${name}`)
        if (!found) {
            if (n_left) spotlight._search = setTimeout(search, 100, n_left - 1)
            return
        }
        if (!spotlight._before) spotlight._before = listFocused().at(-1)
        spotlight._container = container
        found.focus({preventScroll: true})
    }
    search(50)
"""
)


class SpotlightState(DataModel):
    """What the browser scrolls to and what it focuses.

    ``scrolled_to`` holds a number, which makes each request differ from the last, and the CSS
    classes of the elements to scroll to; with ^ an element goes to the top. ``focused`` holds the
    CSS class of the element to focus and that of its container; empty, the earlier focus returns.
    """

    scrolled_to = String(default="")
    focused = String(default="")


class Spotlight:
    """Outlines at most one widget. ``state`` must be in the document of the page."""

    def __init__(self) -> None:
        self._lit: Any = None
        self._n_requests = 0
        self.state = SpotlightState(name="spotlight")
        for name, code in (("scrolled_to", SCROLL), ("focused", FOCUS)):
            self.state.js_on_change(name, CustomJS(args={"spotlight": self.state}, code=code))

    def focus(self, name: str, container: str) -> None:
        """Focus the element of CSS class ``name``, which is inside that of class ``container``."""
        self.state.focused = f"{name} {container}"

    def restore_focus(self) -> None:
        """Return the focus to the element that had it before the first call of `focus`."""
        self.state.focused = ""

    def light(self, widget: Any, *others: str) -> None:
        """Outline a widget; scroll to it and to elements with the CSS classes ``others``.

        None removes the outline.
        """
        if self._lit is not None:
            self._lit.param.update(styles=NO_OUTLINE, css_classes=[])
        self._lit = widget
        if widget is not None:
            widget.param.update(styles=OUTLINE, css_classes=[LIT_CLASS])
            self.scroll_to(LIT_CLASS, *others)

    def scroll_to(self, *names: str) -> None:
        """Scroll to the elements with these CSS classes; a name that ends with ^ to the top."""
        self._n_requests += 1
        self.state.scrolled_to = " ".join([str(self._n_requests), *names])

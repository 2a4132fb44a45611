"""Keyboard shortcuts: single keys that control the stream, only in a page of the dashboard."""

import json
from collections.abc import Callable, Mapping

from bokeh.core.properties import String
from bokeh.document import Document
from bokeh.model import DataModel
from bokeh.models import Plot

from widgets.components.first_display import run_at_first_display

# Elements that use the keys themselves while they have the focus: text fields, lists, dialogs.
TAKES_KEYS = (
    "input:not([type=checkbox]):not([type=radio]):not([type=range]), textarea, select, "
    "[contenteditable], [role=combobox], [role=listbox], [role=option], [role^=menu], "
    "[role=tree], [role=grid], [role=dialog]"
)
# Elements that use the arrow keys only.
TAKES_ARROWS = "input[type=range], [role=slider], [role=tab]"
# Elements that Escape closes.
TAKES_ESCAPE = "[role=dialog], [role=listbox], [role=option], [role^=menu]"
# A closed select. panel-material-ui opens it with the pointer only, so these keys open it here.
CLOSED_SELECT = "[role=combobox][aria-haspopup=listbox][aria-expanded=false]" + (
    ":not([aria-disabled=true])"
)
OPENING_KEYS = ["Enter", " ", "ArrowDown", "ArrowUp"]
# Elements that Space activates.
TAKES_SPACE = (
    "button, summary, a[href], input:not([type=range]), [role=button], [role=switch], [role=radio]"
)

LISTEN = f"""
    let count = 0
    document.addEventListener("keydown", (event) => {{
        if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return
        const target = event.composedPath()[0]
        const opens = {json.dumps(OPENING_KEYS)}.includes(event.key)
        if (opens && target.matches?.({json.dumps(CLOSED_SELECT)})) {{
            event.preventDefault()
            target.click()
            // The release of Space over the open list would choose the current entry.
            const stop = (release) => release.stopPropagation()
            document.addEventListener("keyup", stop, {{capture: true, once: true}})
            return
        }}
        const key = event.key.length == 1 ? event.key.toLowerCase() : event.key
        if (!KEYS.includes(key) || event.defaultPrevented) return
        if (event.repeat && key != "ArrowRight") return
        const isIn = (selector) => event.composedPath().some((each) => each.matches?.(selector))
        const closesHelp = key == "?" && isIn("[role=dialog]:not(:has(input))")
        const taken = key == "Escape" ? {json.dumps(TAKES_ESCAPE)} : {json.dumps(TAKES_KEYS)}
        if (isIn(taken) && !closesHelp) return
        if (key == "ArrowRight" && isIn({json.dumps(TAKES_ARROWS)})) return
        if (key == " " && isIn({json.dumps(TAKES_SPACE)})) return
        event.preventDefault()
        key_press.pressed = `${{count++}} ${{key}}`
    }})
"""


class KeyPress(DataModel):
    """The last key pressed: the number of earlier key presses, a space, the name of the key."""

    pressed = String(default="")


class Keyboard:
    """Calls one of ``actions`` when its key is pressed.

    The keys of ``actions`` are the browser's names of keys; letters are in lower case.
    ``change`` runs a function that changes the page from outside a callback of the page.
    """

    def __init__(
        self,
        actions: Mapping[str, Callable[[], object]],
        change: Callable[[Callable[[], None]], None],
    ) -> None:
        self._actions = actions
        self._change = change
        self.key_press = KeyPress(name="keys")
        self.key_press.on_change("pressed", self._run_action)

    def listen(self, doc: Document, plot: Plot) -> None:
        """Listen to the keys as soon as the page shows the plot."""
        code = LISTEN.replace("KEYS", json.dumps(list(self._actions)))
        run_at_first_display(doc, plot, "listen to keys", code, key_press=self.key_press)

    def _run_action(self, attr: str, old: str, pressed: str) -> None:
        action = self._actions.get(pressed.partition(" ")[2])
        if action is not None:
            self._change(lambda: (action(), None)[1])

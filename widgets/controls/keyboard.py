"""The keyboard: single keys that drive the stream, in a page of the dashboard's own only."""

import json
from collections.abc import Callable, Mapping

from bokeh.core.properties import String
from bokeh.document import Document
from bokeh.events import DocumentReady
from bokeh.model import DataModel
from bokeh.models import CustomJS

# Whoever has the focus there uses some of the keys: text fields, lists, dialogs.
BUSY = (
    "input:not([type=checkbox]):not([type=radio]):not([type=range]), textarea, select, "
    "[contenteditable], [role=combobox], [role=listbox], [role=option], [role^=menu], "
    "[role=tree], [role=grid], [role=dialog]"
)
# There only the arrows.
MOVED = "input[type=range], [role=slider], [role=tab]"
# What Escape closes.
OPEN = "[role=dialog], [role=listbox], [role=option], [role^=menu]"
# A closed list of choices, which panel-material-ui opens by the pointer only.
LIST = "[role=combobox][aria-haspopup=listbox][aria-expanded=false]:not([aria-disabled=true])"
OPENING = ["Enter", " ", "ArrowDown", "ArrowUp"]
# What Space presses, and arrows choose among.
PRESSED = (
    "button, summary, a[href], input:not([type=range]), [role=button], [role=switch], [role=radio]"
)

LISTEN = f"""
    let count = 0
    document.addEventListener("keydown", (event) => {{
        if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return
        const at = event.composedPath()[0]
        if ({json.dumps(OPENING)}.includes(event.key) && at.matches?.({json.dumps(LIST)})) {{
            event.preventDefault()
            at.click()
            // Let go over the list, Space would choose what is chosen already.
            const stop = (release) => release.stopPropagation()
            document.addEventListener("keyup", stop, {{capture: true, once: true}})
            return
        }}
        const key = event.key.length == 1 ? event.key.toLowerCase() : event.key
        if (!KEYS.includes(key) || event.defaultPrevented) return
        if (event.repeat && key != "ArrowRight") return
        const is = (kinds) => event.composedPath().some((each) => each.matches?.(kinds))
        const isClosing = key == "?" && is("[role=dialog]:not(:has(input))")
        if (is(key == "Escape" ? {json.dumps(OPEN)} : {json.dumps(BUSY)}) && !isClosing) return
        if (key == "ArrowRight" && is({json.dumps(MOVED)})) return
        if (key == " " && is({json.dumps(PRESSED)})) return
        event.preventDefault()
        keyboard.pressed = `${{count++}} ${{key}}`
    }})
"""


class Keys(DataModel):
    """The last key pressed, and how many were before it."""

    pressed = String(default="")


class Keyboard:
    """Calls ``actions`` by key, as the browser names them; letters in either case."""

    def __init__(
        self,
        actions: Mapping[str, Callable[[], object]],
        change: Callable[[Callable[[], None]], None],
    ) -> None:
        self._actions = actions
        self._change = change
        self.keys = Keys(name="keys")
        self.keys.on_change("pressed", self._act)

    def listen(self, doc: Document) -> None:
        """Hear the keys once the page is there."""
        code = LISTEN.replace("KEYS", json.dumps(list(self._actions)))
        doc.js_on_event(DocumentReady, CustomJS(args={"keyboard": self.keys}, code=code))

    def _act(self, attr: str, old: str, pressed: str) -> None:
        action = self._actions.get(pressed.partition(" ")[2])
        if action is not None:
            self._change(lambda: (action(), None)[1])

"""The dashboard as the output of a notebook's cell: self-contained, and told when it is cleared."""

import asyncio
import json
import math
import time
from base64 import b64encode
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Protocol
from weakref import WeakSet

import panel as pn
import panel_material_ui as pmui
from bokeh.document.callbacks import invoke_with_curdoc
from panel.models.esm import ReactComponent

DIST = Path(pmui.__file__).parent / "dist"
BUNDLE = "window.clustererWidgets"

# In a notebook each of the forty widgets would bring the whole bundle of 1.4 MB along. All but
# this line of it is moved to a script that the output holds once.
BORROWED = f"const lent = await import({BUNDLE}); export default lent.default"

# Inside of the widgets the page's own styles do not reach; its fonts do.
ICONS = """.material-icons { font: normal 24px/1 "Material Icons"; font-feature-settings: "liga";
    display: inline-block; white-space: nowrap; text-transform: none; letter-spacing: normal; }"""

# Panel drops the pieces of messages that come before the view is there, and takes what is left of
# one for the beginning of another; so the browser speaks first. It goes on speaking because no
# other sign tells the kernel that an output was cleared or a page closed.
# Panel also sends back whatever the kernel has sent, and the kernel would stream it once more.
PING = """<script>(function wait(tries) {
    const root = %s
    const find = () => window.Bokeh?.index?.[root]
    const doc = find()?.model.document
    const beat = doc?.get_model_by_name("heartbeat")
    const manager = doc?.roots().find((root) => root._document_changed != null)
    if (beat == null || manager == null) return tries && setTimeout(wait, 100, tries - 1)
    const send = manager._document_changed.bind(manager)
    manager._document_changed = (event) => { if (event.sync) send(event) }
    let count = 0
    const ping = () => { find() ? (beat.ping = `${root} ${count++}`) : clearInterval(timer) }
    const timer = setInterval(ping, 1000)
    ping()
})(3000)</script>"""

SILENCE_S = 150.0
"""After so long without a ping nobody looks; a browser slows a hidden page to one in a minute."""


class Closable(Protocol):
    """What can be shown in a cell and freed later."""

    def close(self) -> None: ...


class CellView(pmui.Row):
    """A row that a notebook shows with nothing loaded from elsewhere.

    It is shown once, as the whole output of a cell: showing the dashboard again makes another.
    """

    def __init__(self, *objects: Any, **params: Any) -> None:
        super().__init__(*objects, **params)
        self._heard_at = -math.inf
        self._loop: asyncio.AbstractEventLoop | None = None

    def hear(self, attr: str, old: str, ping: str) -> None:
        """Note a ping of a browser that shows this view; an earlier display pings as well."""
        if any(ping.startswith(ref) for ref in self._models):
            self._heard_at = time.monotonic()

    @property
    def is_seen(self) -> bool:
        """Whether a browser shows it."""
        return time.monotonic() - self._heard_at < SILENCE_S

    def push(self) -> None:
        """Send what has changed to the browser."""
        pn.io.push_notebook(self)

    def _render_model(self, doc: Any = None, comm: Any = None) -> Any:
        model = super()._render_model(doc, comm)
        _borrow(model)
        return model

    def _preprocess(self, root: Any, changed: Any = None, old_models: Any = None) -> None:
        # What is added later is to bring no more along than what was there at first.
        super()._preprocess(root, changed, old_models)
        if changed is not None:
            _borrow(changed._models[root.ref["id"]][0])

    def _on_msg(self, ref: str, manager: Any, msg: Any) -> None:
        # JupyterLab has messages handled in a thread of their own. There they would meet a frame
        # half drawn, and what was drawn so far would never be sent.
        handle = partial(self._take_in, ref, manager, msg)
        if self._loop is None:
            handle()
        else:
            self._loop.call_soon_threadsafe(handle)

    def _take_in(self, ref: str, manager: Any, msg: Any) -> None:
        super()._on_msg(ref, manager, msg)
        # Of several changes in one message Panel 1.10 may hear the first only: while it does, it
        # holds the document, and the others would wait there to be sent back to the browser.
        if ref not in pn.state._views:
            return
        _, _, doc, comm = pn.state._views[ref]
        held = doc.callbacks._held_events
        missed = [event for event in held if comm and event.setter == comm.id]
        doc.callbacks._held_events = [event for event in held if event not in missed]
        for event in missed:
            if event.callback_invoker is not None:
                invoke_with_curdoc(doc, event.callback_invoker)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        with suppress(RuntimeError):
            self._loop = asyncio.get_running_loop()
        _load_resources()
        shown = super()._repr_mimebundle_(include, exclude)
        if shown and "text/html" in shown[0]:
            ping = PING % json.dumps(next(iter(self._models)))
            shown[0]["text/html"] = _write_bundle() + shown[0]["text/html"] + ping
        return shown


def _borrow(model: Any) -> None:
    """Have the widgets below take their code from the output's one script."""
    for widget in model.select({"type": ReactComponent}):
        if widget.bundle and widget.esm != BORROWED:
            widget.update(esm=BORROWED, css_bundle=ICONS)


_shown: dict[str, tuple[str, "WeakSet[Any]"]] = {}
_cells_with_resources: set[str] = set()


def take_over_cell(shown: Closable) -> None:
    """Close what an earlier run of the cell that runs now has shown, and only there."""
    for _, others in _shown.values():
        others.discard(shown)
    cell, run = _find_cell()
    earlier_run, earlier = _shown.get(cell, (run, WeakSet()))
    if cell and earlier_run != run:
        for each in list(earlier):
            each.close()
        earlier = WeakSet()
    earlier.add(shown)
    _shown[cell] = run, earlier


def is_in_notebook() -> bool:
    """Whether this is a notebook's kernel, where a dashboard is shown in cells."""
    return _find_shell() is not None


def _find_cell() -> tuple[str, str]:
    """The id of the cell that runs, and of this run of it; empty where it is not known."""
    shell = _find_shell()
    parent = shell.get_parent() if shell else {}
    return (
        parent.get("metadata", {}).get("cellId") or "",
        parent.get("header", {}).get("msg_id") or "",
    )


def _find_shell() -> Any:
    """The shell of a notebook's kernel; None anywhere else."""
    try:
        from IPython import get_ipython
    except ImportError:
        return None
    shell = get_ipython()
    return shell if hasattr(shell, "kernel") else None


def _load_resources() -> None:
    """Have the notebook load Bokeh and Panel, unless it has; from here, not from the net."""
    if _find_shell() is None:
        return
    cell, _ = _find_cell()
    # A cell that runs again has lost the scripts of its last output, and a page that is loaded
    # again needs them.
    if not (pn.extension._loaded and pn.config.inline) or cell in _cells_with_resources:
        pn.extension(inline=True)
        _cells_with_resources.add(cell)


def _write_bundle() -> str:
    """The widgets' code and icons, as HTML; a page that has them already keeps those."""
    code = json.dumps((DIST / "panel-material-ui.bundle.js").read_text("utf-8"))
    font = next(DIST.glob("material-icons-[!o]*.woff2"))
    source = f"data:font/woff2;base64,{b64encode(font.read_bytes()).decode()}"
    # "<" could end the script.
    blob = f"new Blob([{code}], {{type: 'text/javascript'}})".replace("<", "\\u003c")
    return (
        f"<style>@font-face {{ font-family: 'Material Icons'; src: url({source}); }}</style>"
        f"<script>{BUNDLE} ??= URL.createObjectURL({blob})</script>"
    )

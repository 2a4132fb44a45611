"""The dashboard as the output of a notebook cell: self-contained, and it detects its removal."""

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

DISTRIBUTION = Path(pmui.__file__).parent / "dist"
BUNDLE = "window.clustererWidgets"

# In a notebook, each of the forty widgets would contain the whole bundle of 1.4 MB. Instead, the
# output contains the bundle once as a script, and each widget imports it with this line.
SHARED_ESM = f"const shared = await import({BUNDLE}); export default shared.default"

# The styles of the page do not apply inside of the widgets; its fonts do.
ICONS = """.material-icons { font: normal 24px/1 "Material Icons"; font-feature-settings: "liga";
    display: inline-block; white-space: nowrap; text-transform: none; letter-spacing: normal; }"""

# Panel drops the parts of a message that arrive before the view exists, and takes the rest of the
# message for a new one; therefore the browser sends the first message. It repeats it, because
# nothing else tells the kernel that an output was cleared or that a page was closed.
# Panel also sends every change of the kernel back, and the kernel would stream it a second time.
PING = """<script>(function wait(tries) {
    const root = %s
    const find = () => window.Bokeh?.index?.[root]
    const doc = find()?.model.document
    const heartbeat = doc?.get_model_by_name("heartbeat")
    const manager = doc?.roots().find((root) => root._document_changed != null)
    if (heartbeat == null || manager == null) return tries && setTimeout(wait, 100, tries - 1)
    const send = manager._document_changed.bind(manager)
    manager._document_changed = (event) => { if (event.sync) send(event) }
    let count = 0
    const ping = () => { find() ? (heartbeat.ping = `${root} ${count++}`) : clearInterval(timer) }
    const timer = setInterval(ping, 1000)
    ping()
})(3000)</script>"""

PING_TIMEOUT_S = 150.0
"""After this time without a ping, no browser shows the view.

A browser slows the timers of a hidden page to one call per minute.
"""


class Closable(Protocol):
    """An object that a cell shows and that is closed later."""

    def close(self) -> None: ...


class CellView(pmui.Row):
    """A row that a notebook shows without loading anything from the internet.

    It is shown once, as the whole output of a cell; each display of a dashboard builds a new view.
    """

    def __init__(self, *objects: Any, **params: Any) -> None:
        super().__init__(*objects, **params)
        self._pinged_at = -math.inf
        self._loop: asyncio.AbstractEventLoop | None = None

    def note_ping(self, attr: str, old: str, ping: str) -> None:
        """Note a ping, unless it comes from an earlier view of the same dashboard."""
        if any(ping.startswith(ref) for ref in self._models):
            self._pinged_at = time.monotonic()

    @property
    def is_seen(self) -> bool:
        """Whether a browser shows the view."""
        return time.monotonic() - self._pinged_at < PING_TIMEOUT_S

    def push(self) -> None:
        """Send the changes to the browser."""
        pn.io.push_notebook(self)

    def _render_model(self, doc: Any = None, comm: Any = None) -> Any:
        model = super()._render_model(doc, comm)
        _share_bundle(model)
        return model

    def _preprocess(self, root: Any, changed: Any = None, old_models: Any = None) -> None:
        # Widgets that are added later must not contain the bundle either.
        super()._preprocess(root, changed, old_models)
        if changed is not None:
            _share_bundle(changed._models[root.ref["id"]][0])

    def _on_msg(self, ref: str, manager: Any, msg: Any) -> None:
        # JupyterLab handles messages in another thread. There, a message could arrive while a
        # frame is being drawn, and the first changes of that frame would never be sent.
        handle = partial(self._handle_message, ref, manager, msg)
        if self._loop is None:
            handle()
        else:
            self._loop.call_soon_threadsafe(handle)

    def _handle_message(self, ref: str, manager: Any, msg: Any) -> None:
        super()._on_msg(ref, manager, msg)
        # Panel 1.10 may handle only the first of several changes in a message: it holds the
        # document meanwhile, and the other changes would wait there to be sent to the browser.
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
        output = super()._repr_mimebundle_(include, exclude)
        if output and "text/html" in output[0]:
            ping = PING % json.dumps(next(iter(self._models)))
            output[0]["text/html"] = _write_bundle() + output[0]["text/html"] + ping
        return output


def _share_bundle(model: Any) -> None:
    """Let the widgets in a model import their code from the one script of the output."""
    for widget in model.select({"type": ReactComponent}):
        if widget.bundle and widget.esm != SHARED_ESM:
            widget.update(esm=SHARED_ESM, css_bundle=ICONS)


# By cell: the run of the cell, and the objects that this run has shown.
_shown_by_cell: dict[str, tuple[str, "WeakSet[Any]"]] = {}
_cells_with_resources: set[str] = set()


def take_over_cell(shown: Closable) -> None:
    """Close the objects that an earlier run of the running cell has shown."""
    for _, others in _shown_by_cell.values():
        others.discard(shown)
    cell, run = _find_cell()
    earlier_run, earlier = _shown_by_cell.get(cell, (run, WeakSet()))
    if cell and earlier_run != run:
        for each in list(earlier):
            each.close()
        earlier = WeakSet()
    earlier.add(shown)
    _shown_by_cell[cell] = run, earlier


def is_in_notebook() -> bool:
    """Whether this process is the kernel of a notebook."""
    return _find_shell() is not None


def _find_cell() -> tuple[str, str]:
    """The id of the running cell and the id of this run; empty if they are not known."""
    shell = _find_shell()
    parent = shell.get_parent() if shell else {}
    return (
        parent.get("metadata", {}).get("cellId") or "",
        parent.get("header", {}).get("msg_id") or "",
    )


def _find_shell() -> Any:
    """The shell of the kernel of a notebook; None in other processes."""
    try:
        from IPython import get_ipython
    except ImportError:
        return None
    shell = get_ipython()
    return shell if hasattr(shell, "kernel") else None


def _load_resources() -> None:
    """Let the notebook load Bokeh and Panel from this machine, if it has not done so."""
    if _find_shell() is None:
        return
    cell, _ = _find_cell()
    # A second run of a cell removes the scripts in its earlier output, but a page needs them when
    # it is reloaded.
    if not (pn.extension._loaded and pn.config.inline) or cell in _cells_with_resources:
        pn.extension(inline=True)
        _cells_with_resources.add(cell)


def _write_bundle() -> str:
    """The code and the icons of the widgets as HTML; a page loads them only once."""
    code = json.dumps((DISTRIBUTION / "panel-material-ui.bundle.js").read_text("utf-8"))
    font = next(DISTRIBUTION.glob("material-icons-[!o]*.woff2"))
    source = f"data:font/woff2;base64,{b64encode(font.read_bytes()).decode()}"
    # A "<" in the code could end the script.
    blob = f"new Blob([{code}], {{type: 'text/javascript'}})".replace("<", "\\u003c")
    return (
        f"<style>@font-face {{ font-family: 'Material Icons'; src: url({source}); }}</style>"
        f"<script>{BUNDLE} ??= URL.createObjectURL({blob})</script>"
    )

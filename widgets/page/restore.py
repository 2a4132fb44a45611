"""Keepsakes: a page that is loaded again, or whose server was killed, gets its run back.

The browser's tab holds the run's key, in its session storage: it survives a reload and a broken
connection, and is in no link. The page tells it when it is there; then the run is brought back,
or a new one begins under a new key.
"""

import asyncio
import json
import logging
import threading
import weakref
from collections.abc import Callable
from functools import partial

from bokeh.core.properties import String
from bokeh.document import Document
from bokeh.events import DocumentReady
from bokeh.model import DataModel
from bokeh.models import CustomJS
from panel.io.state import set_curdoc

from clusterer.session.engine import Engine
from clusterer.session.saving.autosave import Autosave
from clusterer.session.saving.checkpoint import Checkpoint
from clusterer.session.saving.store import RunStore, hash_key, make_key
from widgets.page.notifications import Notification, show_error
from widgets.page.page_state import PageState

log = logging.getLogger(__name__)

NAME = "clusterer-run"
NONE = "-"
STORED_S = 5.0
MOST_LETTERS = 100
LOST = (
    "The run of this page could not be brought back: it is too old, or its table is gone. "
    "A new one has begun."
)


class RestoreRequest(DataModel):
    """``requested_key`` is the key that the tab has ("-": none), ``key`` the one it is to have."""

    requested_key = String(default="")
    key = String(default="")


# Without storage, as where cookies are forbidden, each page begins anew.
# Another link opened in the same tab is not the run that was there.
TELL = """
    let key = null
    try {
        const isNew = performance.getEntriesByType("navigation")[0]?.type == "navigate"
        if (!isNew || sessionStorage.getItem(AT) === location.search)
            key = sessionStorage.getItem(NAME)
        addEventListener("pagehide", () => sessionStorage.setItem(AT, location.search))
    } catch {}
    request.requested_key = key ?? "-"
""".replace("NAME", json.dumps(NAME)).replace("AT", json.dumps(f"{NAME}-at"))
HOLD = "try { sessionStorage.setItem(NAME, request.key) } catch {}".replace(
    "NAME", json.dumps(NAME)
)

# The document that the server had is gone or will be; a new page gets the run back.
RETURN = """
    if (window.isReturning) return
    window.isReturning = true
    const retry = async () => {
        const answer = await fetch("", {method: "HEAD", cache: "no-store"}).catch(() => null)
        if (answer?.ok) location.reload()
        else setTimeout(retry, 1500)
    }
    setTimeout(retry, 500)
"""


class RunRestore:
    """Keeps a page's run in the store, and gets it back.

    ``begin`` is called once, when it is settled which run goes on, with whether it is a new one.
    """

    _held: "weakref.WeakValueDictionary[str, RunRestore]" = weakref.WeakValueDictionary()
    _guard = threading.Lock()

    def __init__(
        self, store: RunStore, engine: Engine, place: PageState, notice: Notification
    ) -> None:
        self._store, self._engine, self._place, self._notice = store, engine, place, notice
        self._autosave: Autosave | None = None
        self._document: Document | None = None
        self._begin: Callable[[bool], None] = lambda is_new: None
        self.key = ""
        self.request = RestoreRequest(name="restore_request")
        self.request.js_on_change("key", CustomJS(args={"request": self.request}, code=HOLD))
        self.request.on_change("requested_key", lambda attr, old, new: self._answer(new))

    def listen(self, doc: Document, begin: Callable[[bool], None]) -> None:
        """Settle it when the page is there."""
        self._document, self._begin = doc, begin
        doc.js_on_event(DocumentReady, CustomJS(args={"request": self.request}, code=TELL))
        doc.js_on_event("connection_lost", CustomJS(code=RETURN))

    def _answer(self, requested_key: str) -> None:
        if self.key or self._document is None:
            return
        self.key = make_key()
        if requested_key != NONE:
            with set_curdoc(self._document):
                self._place.make_room()
        self._document.add_next_tick_callback(partial(self._settle, requested_key[:MOST_LETTERS]))

    async def _settle(self, requested_key: str) -> None:
        with set_curdoc(self._document):
            try:
                await self._get_back(requested_key)
            except Exception as error:
                show_error(error)
                self._begin(True)

    async def _get_back(self, requested_key: str) -> None:
        checkpoint, is_lost = None, False
        if requested_key != NONE:
            checkpoint = await asyncio.to_thread(self._take_over, requested_key)
            is_lost = checkpoint is None
        if checkpoint is not None:
            try:
                await self._place.go_back(checkpoint, self._store.folder_for(self.key))
            except Exception as error:
                log.info("a run could not be brought back: %s", type(error).__name__)
                checkpoint, is_lost = None, True
        if is_lost:
            self._notice.show(LOST)
        self._place.keep_tables(self._store.folder_for(self.key), self._store.make_upload_folder())
        with self._guard:
            self._held[hash_key(self.key)] = self
        self.request.key = self.key
        self._autosave = Autosave(partial(self._store.put, self.key))
        self._autosave.note_page_state(self._place.describe())
        self._engine.set_autosave(self._autosave)
        self._begin(checkpoint is None)

    def _take_over(self, requested_key: str) -> Checkpoint | None:
        """The run of the key, which this page has from now on. Another open page keeps its own."""
        with self._guard:
            holder = self._held.get(hash_key(requested_key))
            is_shown = holder is not None and holder.is_shown
            if holder is not None and not is_shown:
                del self._held[hash_key(requested_key)]
        if holder is not None:
            holder.store_now(is_last=not is_shown)
        checkpoint = self._store.find(requested_key)
        if checkpoint is not None and is_shown:
            self._store.share_tables(requested_key, self.key)
        elif checkpoint is not None:
            self.key = requested_key
        return checkpoint

    @property
    def is_shown(self) -> bool:
        """Whether a browser shows the page."""
        context = self._document.session_context if self._document is not None else None
        session = getattr(context, "session", None)
        return session is not None and not session.destroyed and session.connection_count > 0

    def store_now(self, *, is_last: bool) -> None:
        """Have the run stored as it is now; if it is the last time, it stands still then."""
        if self._autosave is None:
            return
        is_stored = self._autosave.ask(is_last=is_last)
        self._engine.refresh_frame()
        is_stored.wait(STORED_S)
        if is_last:
            self._autosave.end()
            self._engine.pause()
        self._store.flush()

    def note(self) -> None:
        """With every frame: has the place changed?"""
        if self._autosave is not None and self._autosave.note_page_state(self._place.describe()):
            self._engine.refresh_frame()

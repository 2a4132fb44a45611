"""Restoring runs: a reloaded page, or a page whose server was restarted, continues its run.

The browser's tab holds the run's key in its session storage. The storage survives a reload and a
lost connection, and no link contains the key. The page sends the key when its plot is placed; then
its run is restored, or a new run begins under a new key. While the store cannot be read, the tab
keeps its key, and the page tries again.
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
from bokeh.model import DataModel
from bokeh.models import CustomJS, Plot
from panel.io.state import set_curdoc

from clusterer.session.engine import Engine
from clusterer.session.saving.autosave import Autosave
from clusterer.session.saving.checkpoint import Checkpoint
from clusterer.session.saving.store import RunStore, hash_key, make_key
from widgets.components.first_display import run_at_first_display
from widgets.page.notifications import Notification, show_error
from widgets.page.page_state import PageState

log = logging.getLogger(__name__)

NAME = "clusterer-run"
NO_KEY = "-"
MAX_KEY_CHARS = 100
SAVE_TIMEOUT_S = 5.0
RETRY_MS = 2_000
N_TRIES_BEFORE_NEW_RUN = 3
LOST = (
    "The run of this page could not be restored: it is too old, or its table was deleted. "
    "A new run has begun."
)

NOT_READ = (
    "The saved run of this page cannot be read at the moment ({}). The server tries again every "
    "few seconds, and then shows the run. A new run that begins meanwhile is not saved."
)

NOT_SAVED = (
    "The server cannot save this run at the moment ({}). The run goes on, but a reload of this "
    "page may begin a new one. The server tries again every few seconds."
)


class RestoreRequest(DataModel):
    """``requested_key`` is the key that the tab holds ("-": none), ``key`` the key to hold."""

    requested_key = String(default="")
    key = String(default="")


# Where the browser forbids storage, for example with cookies blocked, each page begins a new run.
# A different link opened in the same tab begins a new run as well.
SEND_KEY = """
    let key = null
    try {
        const isNew = performance.getEntriesByType("navigation")[0]?.type == "navigate"
        if (!isNew || sessionStorage.getItem(AT) === location.search)
            key = sessionStorage.getItem(NAME)
        addEventListener("pagehide", () => sessionStorage.setItem(AT, location.search))
    } catch {}
    request.requested_key = key ?? "-"
""".replace("NAME", json.dumps(NAME)).replace("AT", json.dumps(f"{NAME}-at"))
STORE_KEY = "try { sessionStorage.setItem(NAME, request.key) } catch {}".replace(
    "NAME", json.dumps(NAME)
)

# After a lost connection the server discards the document; a reloaded page restores the run.
RELOAD = """
    if (window.isReloading) return
    window.isReloading = true
    const retry = async () => {
        const answer = await fetch("", {method: "HEAD", cache: "no-store"}).catch(() => null)
        if (answer?.ok) location.reload()
        else setTimeout(retry, 1500)
    }
    setTimeout(retry, 500)
"""


class RunRestore:
    """Restores the page's run from the store, and saves the run there from then on."""

    _by_key: "weakref.WeakValueDictionary[str, RunRestore]" = weakref.WeakValueDictionary()
    _lock = threading.Lock()

    def __init__(
        self,
        store: RunStore,
        engine: Engine,
        page_state: PageState,
        notification: Notification,
    ) -> None:
        self._store, self._engine = store, engine
        self._page_state, self._notification = page_state, notification
        self._autosave: Autosave | None = None
        self._document: Document | None = None
        self._begin: Callable[[bool], None] = lambda is_new: None
        self._is_held = False
        self._n_tries = 0
        self.key = ""
        self.request = RestoreRequest(name="restore_request")
        self.request.js_on_change("key", CustomJS(args={"request": self.request}, code=STORE_KEY))
        self.request.on_change("requested_key", lambda attr, old, new: self._answer(new))

    def listen(self, doc: Document, plot: Plot, begin: Callable[[bool], None]) -> None:
        """Restore the run when the browser has placed the plot, or at the latest the whole page.

        ``begin`` is called once, with True if a new run begins.
        """
        self._document, self._begin = doc, begin
        run_at_first_display(doc, plot, "send key", SEND_KEY, request=self.request)
        doc.js_on_event("connection_lost", CustomJS(code=RELOAD))

    def _answer(self, requested_key: str) -> None:
        if self.key or self._document is None:
            return
        self.key = make_key()
        if requested_key != NO_KEY:
            with set_curdoc(self._document):
                self._page_state.create_table_models()
        self._document.add_next_tick_callback(
            partial(self._restore_or_begin, requested_key[:MAX_KEY_CHARS])
        )

    async def _restore_or_begin(self, requested_key: str) -> None:
        with set_curdoc(self._document):
            try:
                if requested_key == NO_KEY:
                    self._save_from_now_on(is_new=True)
                else:
                    await self._restore(requested_key)
            except Exception as error:
                show_error(error)
                self._begin(True)

    async def _restore(self, requested_key: str) -> None:
        try:
            checkpoint = await asyncio.to_thread(self._take_over, requested_key)
        except OSError as error:
            self._try_again(requested_key, error)
            return
        if self._n_tries:
            # A run that began meanwhile was not saved, and the saved run replaces it.
            self._notification.show()
        is_lost = checkpoint is None
        if checkpoint is not None:
            try:
                await self._page_state.restore(checkpoint, self._store.folder_for(self.key))
            except Exception as error:
                log.info("run not restored: %s", type(error).__name__)
                is_lost = True
        if is_lost:
            self._notification.show(LOST)
        self._save_from_now_on(is_new=is_lost)

    def _try_again(self, requested_key: str, error: OSError) -> None:
        """Say that the run cannot be read, and try again later; the tab keeps its key."""
        log.warning("a saved run cannot be read: %s", error.strerror or error)
        self._notification.show(NOT_READ.format(error.strerror or error))
        self._n_tries += 1
        if self._n_tries == N_TRIES_BEFORE_NEW_RUN:
            self._begin(True)
        if self._document is not None:
            # Not in one task with pauses, which would hold the lock of the document.
            self._document.add_timeout_callback(
                partial(self._restore_or_begin, requested_key), RETRY_MS
            )

    def _save_from_now_on(self, *, is_new: bool) -> None:
        """Begin the run, and save it and its tables under the page's key, which the tab gets."""
        self._save_tables()
        self._store.hold(self.key)
        self._is_held = True
        with self._lock:
            self._by_key[hash_key(self.key)] = self
        self.request.key = self.key
        self._autosave = Autosave(partial(self._store.put, self.key))
        self._autosave.note_page_state(self._page_state.describe())
        self._engine.set_autosave(self._autosave)
        self._begin(is_new)

    def _save_tables(self) -> None:
        try:
            folders = self._store.folder_for(self.key), self._store.make_upload_folder()
        except OSError as error:
            # The run goes on, and its tables are deleted with the page.
            log.warning("the tables of a run are not saved: %s", error.strerror or error)
        else:
            self._page_state.save_tables_in(*folders)

    @property
    def problem(self) -> str:
        """A sentence for the user if the run cannot be saved at the moment; else empty."""
        return NOT_SAVED.format(self._store.problem) if self._store.problem else ""

    def close(self) -> None:
        """Let the saved run age, since its page is closed."""
        if self._is_held:
            self._is_held = False
            self._store.release(self.key)

    def _take_over(self, requested_key: str) -> Checkpoint | None:
        """The checkpoint of a key; the key becomes this page's unless another open page has it.

        Raises OSError if the store cannot be read at the moment.
        """
        name = hash_key(requested_key)
        with self._lock:
            owner = self._by_key.get(name)
            is_open = owner is not None and owner is not self and owner.is_open
            if not is_open:
                # At once, because a second page with this key may ask while the store is read.
                self._by_key[name] = self
        if owner is not None and owner is not self:
            owner.save_now(is_last=not is_open)
        checkpoint = self._store.read(requested_key)
        if checkpoint is not None:
            key = self.key if is_open else requested_key
            self._store.folder_for(key)
            if is_open:
                self._store.share_tables(requested_key, key)
            self.key = key
        return checkpoint

    @property
    def is_open(self) -> bool:
        """Whether a browser shows the page."""
        context = self._document.session_context if self._document is not None else None
        session = getattr(context, "session", None)
        return session is not None and not session.destroyed and session.connection_count > 0

    def save_now(self, *, is_last: bool) -> None:
        """Save the run at once; after the last save the run pauses and is saved no more."""
        if self._autosave is None:
            return
        is_saved = self._autosave.request(is_last=is_last)
        self._engine.refresh_frame()
        is_saved.wait(SAVE_TIMEOUT_S)
        if is_last:
            self._autosave.end()
            self._engine.pause()
        self._store.flush()

    def note_page_state(self) -> None:
        """Have the page's state saved if it has changed; called with every frame."""
        if self._autosave is not None and self._autosave.note_page_state(
            self._page_state.describe()
        ):
            self._engine.refresh_frame()

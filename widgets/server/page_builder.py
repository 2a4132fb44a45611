"""Building pages beside the event loop: a page takes half a second, which nobody else waits for."""

import asyncio
import sys
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import panel as pn
from bokeh.application import Application
from bokeh.application.application import SessionContext
from bokeh.application.handlers.handler import Handler
from bokeh.document import Document
from panel.io.state import set_curdoc

from clusterer.session.scheduling.scheduler import engine_scheduler
from clusterer.session.scheduling.throttle import choose_rest
from clusterer.support.errors import log_unexpected_error
from widgets.server.memory import give_back, settle

# How long a thread keeps the interpreter: the loop asks for it hundreds of times a second, and
# waits as long each time while a page is built.
SWITCH_S = 0.001

# To look through all memory keeps all waiting: from a quarter of a second to more than one.
COLLECT_SHARE = 0.01
COLLECT_S = 10.0
LATEST_COLLECT_S = 60.0
LEAST_GONE = 0.1
"""Pages that have ended, of those that are open: fewer are not worth keeping all waiting."""
MOST_GONE = 20
"""So many are not left for later: they take up 100 MB, which do not all come back to the system."""

documents: "weakref.WeakSet[Document]" = weakref.WeakSet()
"""The pages in memory."""

# One after the other: two at once would take twice as long each.
_builder = ThreadPoolExecutor(1, thread_name_prefix="clusterer-pages")


class PageBuilder(Handler):
    """Builds a session's document before Bokeh asks for it, in a thread."""

    def __init__(self, build: Any) -> None:
        super().__init__()
        self._build = build
        self._ended: weakref.WeakSet[Document] = weakref.WeakSet()
        self._n_left = 0
        self._timer: asyncio.TimerHandle | None = None
        self._rest_s = COLLECT_S

    async def on_session_created(self, session_context: SessionContext) -> None:
        """Have it built; the loop goes on meanwhile."""
        document = session_context._document
        documents.add(document)
        await asyncio.get_running_loop().run_in_executor(_builder, self._build_alone, document)
        # Panel takes the thread that has built a page for the page's own, and holds back what
        # others change.
        with set_curdoc(document):
            pn.state._thread_id = threading.get_ident()

    def _build_alone(self, document: Document) -> None:
        with engine_scheduler.pause_streams():
            self._build(document)
        settle()

    async def on_session_destroyed(self, session_context: SessionContext) -> None:
        """Have the page free what it holds.

        Bokeh would, and look through the memory of all sessions for garbage each time, for as
        long as a second; here that takes a hundredth of the time, and is left while those that have
        ended are few beside those that are open.
        """
        document = session_context._document
        callbacks = list(document.session_destroyed_callbacks)
        document.session_destroyed_callbacks = set()
        for callback in callbacks:
            try:
                callback(session_context)
            except Exception as error:
                log_unexpected_error(error)
        self._ended.add(document)
        if len(self._ended) - self._n_left >= MOST_GONE:
            self._collect()
        elif self._timer is None:
            self._wait()

    def _wait(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._rest_s, self._look)

    def _look(self) -> None:
        self._timer = None
        n_open = len(documents) - len(self._ended)
        if len(self._ended) < LEAST_GONE * n_open:
            self._wait()
        elif self._ended:
            self._collect()

    def _collect(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        start = time.perf_counter()
        give_back()
        spent_s = time.perf_counter() - start
        self._rest_s = choose_rest(spent_s, COLLECT_SHARE, COLLECT_S, LATEST_COLLECT_S)
        # What still waited for something held its page: that is gone the next time.
        n_left, self._n_left = self._n_left, len(self._ended)
        if 0 < self._n_left != n_left:
            self._wait()

    def modify_document(self, doc: Document) -> None:
        """It is built already."""


def build_pages_in_thread(application: Application) -> None:
    """Have the pages of an application built beside the event loop. Twice does no harm."""
    if any(isinstance(each, PageBuilder) for each in application.handlers):
        return
    sys.setswitchinterval(SWITCH_S)
    build = application.initialize_document
    # Before Bokeh's own, which then finds nothing to do.
    apart = PageBuilder(build)
    application.add(apart)
    application._handlers.remove(apart)
    application._handlers.insert(0, apart)
    application.initialize_document = lambda doc: None  # type: ignore[method-assign]

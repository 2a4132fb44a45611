"""Building pages beside the event loop: a page takes half a second to build.

The event loop answers all other sessions meanwhile. The garbage of closed pages is collected here
as well, seldom enough that the open pages hardly wait for the collector.
"""

import asyncio
import sys
import threading
import time
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import panel as pn
from bokeh.application import Application
from bokeh.application.application import SessionContext
from bokeh.application.handlers.handler import Handler
from bokeh.document import Document
from panel.io.state import set_curdoc

from clusterer.session.scheduling.scheduler import engine_scheduler
from clusterer.session.scheduling.throttle import choose_rest
from clusterer.support.errors import log_unexpected_error
from widgets.server.memory import freeze_objects, release_garbage

SWITCH_INTERVAL_S = 0.001
"""How long a thread keeps the interpreter. The event loop asks for the interpreter hundreds of
times a second and waits this long each time while a page is built."""

# A full collection stops all threads for 0.25 s to more than 1 s.
COLLECT_SHARE = 0.01
COLLECT_PERIOD_S = 10.0
MAX_COLLECT_PERIOD_S = 60.0
MIN_CLOSED_SHARE = 0.1
"""Collect only if at least this share of closed to open pages is in memory."""
MAX_CLOSED = 20
"""So many closed pages are collected at once: they hold 100 MB, and later the system does not get
all of it back."""

documents: "weakref.WeakSet[Document]" = weakref.WeakSet()
"""The pages in memory."""

# One thread: two pages built at the same time would each take twice as long.
_builder = ThreadPoolExecutor(1, thread_name_prefix="clusterer-pages")


class PageBuilder(Handler):
    """Builds each session's document in a thread before Bokeh asks for it; frees it afterwards."""

    def __init__(self, build: Callable[[Document], None]) -> None:
        super().__init__()
        self._build = build
        self._closed: weakref.WeakSet[Document] = weakref.WeakSet()
        self._n_left = 0
        self._timer: asyncio.TimerHandle | None = None
        self._period_s = COLLECT_PERIOD_S

    async def on_session_created(self, session_context: SessionContext) -> None:
        """Build the document in the thread."""
        document = session_context._document
        documents.add(document)
        await asyncio.get_running_loop().run_in_executor(_builder, self._build_alone, document)
        # Panel treats the thread that built a page as the page's own thread, and delays the changes
        # of other threads.
        with set_curdoc(document):
            pn.state._thread_id = threading.get_ident()

    def _build_alone(self, document: Document) -> None:
        with engine_scheduler.pause_streams():
            self._build(document)
        freeze_objects()

    async def on_session_destroyed(self, session_context: SessionContext) -> None:
        """Free what the page holds, and collect garbage if enough pages are closed.

        Bokeh would run a full collection for each closed session, which takes up to a second.
        """
        document = session_context._document
        free_session(document, session_context)
        self._closed.add(document)
        if len(self._closed) - self._n_left >= MAX_CLOSED:
            self._collect()
        elif self._timer is None:
            self._schedule()

    def _schedule(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._period_s, self._collect_if_worthwhile)

    def _collect_if_worthwhile(self) -> None:
        self._timer = None
        n_open = len(documents) - len(self._closed)
        if len(self._closed) < MIN_CLOSED_SHARE * n_open:
            self._schedule()
        elif self._closed:
            self._collect()

    def _collect(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        start = time.perf_counter()
        release_garbage()
        spent_s = time.perf_counter() - start
        self._period_s = choose_rest(spent_s, COLLECT_SHARE, COLLECT_PERIOD_S, MAX_COLLECT_PERIOD_S)
        # A task that still waits may hold a closed page; the next collection frees that page.
        n_left, self._n_left = self._n_left, len(self._closed)
        if 0 < self._n_left != n_left:
            self._schedule()

    def modify_document(self, doc: Document) -> None:
        """Do nothing: the document is complete."""


def free_session(document: Document, session_context: SessionContext) -> None:
    """Run the callbacks of a session that ends, once each; log their errors."""
    callbacks, document.session_destroyed_callbacks = document.session_destroyed_callbacks, set()
    for callback in list(callbacks):
        try:
            callback(session_context)
        except Exception as error:
            log_unexpected_error(error)


def build_pages_in_thread(application: Application) -> None:
    """Build the pages of an application beside the event loop; a second call changes nothing."""
    if any(isinstance(each, PageBuilder) for each in application.handlers):
        return
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    builder = PageBuilder(application.initialize_document)
    application.add(builder)
    # First, before the handlers that Bokeh calls for a closed session.
    application._handlers.remove(builder)
    application._handlers.insert(0, builder)
    application.initialize_document = lambda doc: None  # type: ignore[method-assign]

"""Building pages beside the event loop: a page takes half a second, which nobody else waits for."""

import asyncio
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import panel as pn
from bokeh.application import Application
from bokeh.application.application import SessionContext
from bokeh.application.handlers.handler import Handler
from bokeh.document import Document
from panel.io.state import set_curdoc

# How long a thread keeps the interpreter: the loop asks for it hundreds of times a second, and
# waits as long each time while a page is built.
SWITCH_S = 0.001

# One after the other: two at once would take twice as long each.
_builder = ThreadPoolExecutor(1, thread_name_prefix="clusterer-pages")


class Apart(Handler):
    """Builds a session's document before Bokeh asks for it, in a thread."""

    def __init__(self, build: Any) -> None:
        super().__init__()
        self._build = build

    async def on_session_created(self, session_context: SessionContext) -> None:
        """Have it built; the loop goes on meanwhile."""
        document = session_context._document
        await asyncio.get_running_loop().run_in_executor(_builder, self._build, document)
        # Panel takes the thread that has built a page for the page's own, and holds back what
        # others change.
        with set_curdoc(document):
            pn.state._thread_id = threading.get_ident()

    def modify_document(self, doc: Document) -> None:
        """It is built already."""


def build_apart(application: Application) -> None:
    """Have the pages of an application built beside the event loop. Twice does no harm."""
    if any(isinstance(each, Apart) for each in application.handlers):
        return
    sys.setswitchinterval(SWITCH_S)
    build = application.initialize_document
    application.add(Apart(build))
    application.initialize_document = lambda doc: None  # type: ignore[method-assign]

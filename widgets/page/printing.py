"""Printing: a page that is printed prints the report of its run."""

import asyncio
import html
import json
import secrets
import weakref

from bokeh.document import Document
from bokeh.models import Plot
from tornado.web import HTTPError, RequestHandler

from clusterer.export.report import write_report
from clusterer.session.engine import Engine
from widgets.components.first_display import run_at_first_display

KEY_HEADER = "X-Report-Key"
"""A header, because addresses stand in the logs of proxies."""

TIMEOUT_S = 15.0
"""The browser waits so long at most; then it prints the page as it is."""

# The event `beforeprint` comes with Ctrl+P, with the browser's menu and when a program prints. The
# browser does not wait for answers that come later, so the request blocks. The report has a tree of
# its own, so that its styles and those of the page do not mix.
PRINT = """
    const SHEET = `
        @media screen { #printed-report { display: none } }
        @media print {
            html, body { background: #fff !important; height: auto !important; margin: 0 !important;
                overflow: visible !important; position: static !important; }
            body > * { display: none !important; }
            body > #printed-report { display: block !important; }
        }`
    const title = document.title
    let added = []
    const remove = () => {
        for (const element of added) element.remove()
        if (added.length) document.title = title
        added = []
    }
    addEventListener("beforeprint", () => {
        remove()
        const request = new XMLHttpRequest()
        try {
            request.open("GET", "report", false)
            request.setRequestHeader(KEY_HEADER, KEY)
            request.send()
        } catch { return }
        if (request.status != 200) return
        const report = new DOMParser().parseFromString(request.responseText, "text/html")
        const holder = document.createElement("div"), style = document.createElement("style")
        holder.id = "printed-report"
        holder.attachShadow({mode: "open"}).append(
            ...report.querySelectorAll("style"), ...report.body.childNodes)
        style.textContent = SHEET
        added = [style, holder]
        document.body.append(...added)
        document.title = report.title || title
    })
    addEventListener("afterprint", remove)
"""


class Printing:
    """Writes the report of an engine's run when the browser prints the page.

    The browser gets the report from the `ReportHandler` of the server, by a secret key that only
    this page knows. Where the server has no such handler, the browser prints the page as it is.
    """

    _by_key: "weakref.WeakValueDictionary[str, Printing]" = weakref.WeakValueDictionary()

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = asyncio.Lock()
        self.key = secrets.token_urlsafe(24)
        self._by_key[self.key] = self

    @classmethod
    def find(cls, key: str) -> "Printing | None":
        """The printing of the open page with this key."""
        return cls._by_key.get(key)

    def listen(self, doc: Document, plot: Plot) -> None:
        """Print the report instead of this document's page."""
        code = PRINT.replace("KEY_HEADER", json.dumps(KEY_HEADER))
        code = code.replace("KEY)", f"{json.dumps(self.key)})")
        run_at_first_display(doc, plot, "print", code)

    async def write(self) -> str:
        """Return the report of the present run as HTML, or a sentence if there is none yet.

        Raises
        ------
        TimeoutError
            If the run does not answer in time.
        RuntimeError
            If the page is closed.
        """
        # One at a time: a page that asks often must not take the time of other pages.
        async with asyncio.timeout(TIMEOUT_S), self._lock:
            run = await asyncio.wrap_future(self._engine.export_run())
            try:
                return await asyncio.to_thread(write_report, run)
            except ValueError as error:
                return (
                    "<!DOCTYPE html><title>No report yet</title>"
                    f"<main><p>{html.escape(str(error))}</p></main>"
                )


class ReportHandler(RequestHandler):
    """Answers the report of the page whose key the request has in its header."""

    async def get(self) -> None:
        self.set_header("Cache-Control", "no-store")
        printing = Printing.find(self.request.headers.get(KEY_HEADER, ""))
        if printing is None:
            raise HTTPError(404, reason="No open page has this key")
        try:
            report = await printing.write()
        except (TimeoutError, RuntimeError):
            raise HTTPError(503, reason="The run did not answer") from None
        self.write(report)

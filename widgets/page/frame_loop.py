"""The frame loop: sends frames as fast as the browser draws them, one at a time."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from typing import Any

import panel as pn
from bokeh.core.properties import Bool, Int, String
from bokeh.document import Document
from bokeh.model import DataModel
from bokeh.models import CustomJS

from clusterer.session.engine import Engine
from clusterer.session.frame import Frame
from widgets.notebook import CellView
from widgets.page.frame_scheduler import FrameScheduler, get_frame_scheduler
from widgets.page.notifications import show_error

NOTEBOOK_PERIOD_S = 0.025
"""Time between two checks for a frame in a notebook; in a page `FrameScheduler` decides."""

CONNECT_PERIOD_S = 0.1
"""Time between two messages to a browser that has not answered yet."""


class Heartbeat(DataModel):
    """The number of the frame sent, and what the browser tells with each frame.

    The browser tells the number of the frame painted, its width, and whether its user prefers a
    dark page. In a notebook the browser also sends ``ping``, see `CellView`.
    """

    sent = Int(default=0)
    painted = Int(default=0)
    width_px = Int(default=0)
    prefers_dark = Bool(default=False)
    ping = String(default="")


# A hidden tab paints nothing. It acknowledges no frame, so the server sends no further frame.
ACKNOWLEDGE = """
    const number = beat.sent
    requestAnimationFrame(() => {
        beat.width_px = window.innerWidth
        beat.prefers_dark = matchMedia("(prefers-color-scheme: dark)").matches
        beat.painted = number
    })
"""


class FrameLoop:
    """Takes frames from the engine and draws them; waits for the browser after each frame.

    The acknowledgement is plain Bokeh: a Panel component would cost a quarter of the frames.

    Parameters
    ----------
    engine : Engine
        Where the frames come from.
    draw : callable
        Draws a frame; the document's changes are collected meanwhile and sent together.
    """

    def __init__(self, engine: Engine, draw: Callable[[Frame], None]) -> None:
        self._engine = engine
        self._draw = draw
        self.heartbeat = Heartbeat(name="heartbeat")
        self.heartbeat.js_on_change(
            "sent", CustomJS(args={"beat": self.heartbeat}, code=ACKNOWLEDGE)
        )
        self._scheduler = FrameScheduler()
        self._is_scheduled = False
        self._next_at = 0.0
        self._stop: Callable[[], object] = lambda: None
        self._push: Callable[[], None] = lambda: None
        self._hold: Callable[[], AbstractContextManager[Any]] = self._hold_document
        self._run_later: Callable[[Callable[[], None]], object] = lambda update: update()

    def start(self, doc: Document) -> None:
        """Start to draw in a page of the server."""
        self._engine.request_frame()
        # In the callback the event loop runs, wherever this method is called.
        callback = doc.add_next_tick_callback(self._join_scheduler)
        self._stop = partial(doc.remove_next_tick_callback, callback)
        self._run_later = doc.add_next_tick_callback
        # An acknowledgement schedules the next frame, instead of the next tick of the scheduler. It
        # uses a new callback: Panel does not know the document of an event.
        self.heartbeat.on_change(
            "painted", lambda attr, old, new: self.schedule_frame(time.monotonic())
        )

    def _join_scheduler(self) -> None:
        self._scheduler = get_frame_scheduler()
        self._scheduler.add(self)
        self._stop = partial(self._scheduler.remove, self)

    def schedule_frame(self, now: float) -> bool:
        """Schedule a frame if there is one, the browser waits for it, and its time has come."""
        heartbeat = self.heartbeat
        is_awaited = heartbeat.painted >= heartbeat.sent and self._engine.has_frame
        is_due = is_awaited or not heartbeat.painted
        if is_due and not self._is_scheduled and now >= self._next_at:
            self._is_scheduled = True
            self._run_later(self._draw_scheduled)
            return True
        return False

    def _draw_scheduled(self) -> None:
        self._is_scheduled = False
        scheduler, start = self._scheduler, time.monotonic()
        if not self.heartbeat.painted:
            self._next_at = start + CONNECT_PERIOD_S
            self._draw_frame()
            return
        cpu = time.thread_time()
        self._draw_frame()
        scheduler.note_frame(self, time.thread_time() - cpu)
        self._next_at = start + scheduler.period_s

    def start_in_notebook(self, view: CellView) -> None:
        """Start to draw in a notebook's cell; the stream stops while no browser shows the cell."""
        self.stop()
        self._engine.hold(True)
        self._engine.request_frame()
        self.heartbeat.update(sent=0, painted=0, ping="")
        self.heartbeat.on_change("ping", view.note_ping)
        self._push, self._hold = view.push, pn.io.block_comm
        self._run_later = self._update_and_push
        task = asyncio.get_running_loop().create_task(self._run_in_notebook(view))

        def stop() -> None:
            task.cancel()
            self.heartbeat.remove_on_change("ping", view.note_ping)

        self._stop = stop

    async def _run_in_notebook(self, view: CellView) -> None:
        # Panel's periodic callback does not sleep when it is late, which starves the kernel.
        was_seen = False
        while True:
            is_seen = view.is_seen
            if is_seen:
                self._draw_frame()
            if is_seen != was_seen:
                was_seen = is_seen
                self._engine.hold(not is_seen)
            await asyncio.sleep(NOTEBOOK_PERIOD_S)

    def stop(self) -> None:
        """Stop to draw."""
        stop, self._stop = self._stop, lambda: None
        # A session that ends has removed its callbacks already.
        with suppress(ValueError, AttributeError):
            stop()

    def update_page(self, update: Callable[[], None]) -> None:
        """Run a function that changes the page's models, from outside the page's callbacks."""
        self._run_later(update)

    def _update_and_push(self, update: Callable[[], None]) -> None:
        with self._hold():
            update()
        self._push()

    def _draw_frame(self) -> None:
        beat = self.heartbeat
        if not beat.painted:
            # Messages before the browser is connected may be lost: repeat until it answers.
            beat.sent += 1
            self._push()
            return
        if beat.painted < beat.sent:
            return
        frame = self._engine.take_frame()
        if frame is None:
            return
        with self._hold():
            try:
                self._draw(frame)
            except Exception as error:
                show_error(error)
            beat.sent += 1
        self._push()
        self._engine.request_frame()

    @contextmanager
    def _hold_document(self) -> Iterator[None]:
        doc = self.heartbeat.document
        # Panel may hold the document already; then `unhold` below sends Panel's changes as well.
        if doc is not None and doc.callbacks.hold_value is None:
            doc.hold("collect")
        try:
            yield
        finally:
            if doc is not None:
                # Panel would treat held changes as changes from the browser and apply them again.
                for event in doc.callbacks._held_events:
                    if event.setter is None:
                        event.callback_invoker = None
                doc.unhold()

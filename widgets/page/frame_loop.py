"""The painter: as many frames as the browser can show, and not one more."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from typing import Any

import panel as pn
from bokeh.core.properties import Int, String
from bokeh.document import Document
from bokeh.model import DataModel
from bokeh.models import CustomJS

from clusterer.session.engine import Engine
from clusterer.session.frame import Frame
from widgets.notebook import CellView
from widgets.page.frame_scheduler import FrameScheduler, of_this_loop
from widgets.page.notifications import show_error

PERIOD_MS = 25
"""Between two looks for a frame in a notebook; see `ticker` for a page."""

KNOCK_S = 0.1


class Heartbeat(DataModel):
    """The number of the frame sent, and what the browser tells: the frame painted, its width.

    In a notebook it also brings pings, see `CellView`.
    """

    sent = Int(default=0)
    painted = Int(default=0)
    width_px = Int(default=0)
    ping = String(default="")


# A hidden tab paints nothing, so it acknowledges nothing and is sent nothing.
ECHO = """
    const number = beat.sent
    requestAnimationFrame(() => {
        beat.width_px = window.innerWidth
        beat.painted = number
    })
"""


class FrameLoop:
    """Take frames from the engine and have them drawn, one in flight at a time.

    The acknowledgement is plain Bokeh: a Panel component for it costs a quarter of the frames.
    ``draw`` is called with each frame inside one held batch of changes.
    """

    def __init__(self, engine: Engine, draw: Callable[[Frame], None]) -> None:
        self._engine = engine
        self._draw = draw
        self.heartbeat = Heartbeat(name="heartbeat")
        self.heartbeat.js_on_change("sent", CustomJS(args={"beat": self.heartbeat}, code=ECHO))
        self._ticker = FrameScheduler()
        self._is_asked = False
        self._next_at = 0.0
        self._stop: Callable[[], object] = lambda: None
        self._push: Callable[[], None] = lambda: None
        self._hold: Callable[[], AbstractContextManager[Any]] = self._hold_document
        self._later: Callable[[Callable[[], None]], object] = lambda change: change()

    def start(self, doc: Document) -> None:
        """Begin to paint in a page that a server holds."""
        self._engine.request_frame()
        # By then the event loop runs, wherever this was called.
        callback = doc.add_next_tick_callback(self._follow_ticker)
        self._stop = partial(doc.remove_next_tick_callback, callback)
        self._later = doc.add_next_tick_callback
        # Not to lose up to a period after each frame, an acknowledgement asks for the next one; by
        # a callback of its own, since Panel does not know whose document an event is about.
        self.heartbeat.on_change("painted", lambda attr, old, new: self.beat(time.monotonic()))

    def _follow_ticker(self) -> None:
        self._ticker = of_this_loop()
        self._ticker.join(self)
        self._stop = partial(self._ticker.leave, self)

    def beat(self, now: float) -> bool:
        """Have a frame painted if there is one, the browser waits for it, and it is its turn."""
        heartbeat = self.heartbeat
        is_waited_for = heartbeat.painted >= heartbeat.sent and self._engine.has_frame
        is_due = is_waited_for or not heartbeat.painted
        if is_due and not self._is_asked and now >= self._next_at:
            self._is_asked = True
            self._later(self._paint_in_turn)
            return True
        return False

    def _paint_in_turn(self) -> None:
        self._is_asked = False
        ticker, start = self._ticker, time.monotonic()
        if not self.heartbeat.painted:
            self._next_at = start + KNOCK_S
            self._paint()
            return
        cpu = time.thread_time()
        self._paint()
        ticker.note(self, time.thread_time() - cpu)
        self._next_at = start + ticker.period_s

    def start_in_notebook(self, view: CellView) -> None:
        """Begin to paint in a notebook's cell; the stream is held while no browser shows it."""
        self.stop()
        self._engine.hold(True)
        self._engine.request_frame()
        self.heartbeat.update(sent=0, painted=0, ping="")
        self.heartbeat.on_change("ping", view.note_ping)
        self._push, self._hold = view.push, pn.io.block_comm
        self._later = self._change_and_push
        task = asyncio.get_running_loop().create_task(self._repeat(view))

        def stop() -> None:
            task.cancel()
            self.heartbeat.remove_on_change("ping", view.note_ping)

        self._stop = stop

    async def _repeat(self, view: CellView) -> None:
        # Panel's periodic callback does not sleep when it is late, which starves the kernel.
        was_seen = False
        while True:
            is_seen = view.is_seen
            if is_seen:
                self._paint()
            if is_seen != was_seen:
                was_seen = is_seen
                self._engine.hold(not is_seen)
            await asyncio.sleep(PERIOD_MS / 1000)

    def stop(self) -> None:
        """Paint no more."""
        stop, self._stop = self._stop, lambda: None
        # A session that ends has dropped its callbacks already.
        with suppress(ValueError, AttributeError):
            stop()

    def change(self, change: Callable[[], None]) -> None:
        """Change the page's models from outside any callback of its own."""
        self._later(change)

    def _change_and_push(self, change: Callable[[], None]) -> None:
        with self._hold():
            change()
        self._push()

    def _paint(self) -> None:
        beat = self.heartbeat
        if not beat.painted:
            # What is sent before the browser is connected may be lost: knock until it answers.
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
        # Panel may be holding it already, and what it holds is let go with ours.
        if doc is not None and doc.callbacks.hold_value is None:
            doc.hold("collect")
        try:
            yield
        finally:
            if doc is not None:
                # Panel would take what is held for news from the browser, and set it once more.
                for event in doc.callbacks._held_events:
                    if event.setter is None:
                        event.callback_invoker = None
                doc.unhold()

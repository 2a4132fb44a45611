"""The painter: as many frames as the browser can show, and not one more."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from typing import Any

import panel as pn
from bokeh.core.properties import Int, String
from bokeh.document import Document
from bokeh.model import DataModel
from bokeh.models import CustomJS

from clusterer.engine import Engine
from clusterer.frames import Frame

from .notebook import CellView
from .notices import tell_fault

PERIOD_MS = 25
"""Between two looks for a frame; a screen of 60 Hz shows every other of its own."""


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


class Painter:
    """Take frames from the engine and have them drawn, one in flight at a time.

    The acknowledgement is plain Bokeh: a Panel component for it costs a quarter of the frames.
    ``draw`` is called with each frame inside one held batch of changes.
    """

    def __init__(self, engine: Engine, draw: Callable[[Frame], None]) -> None:
        self._engine = engine
        self._draw = draw
        self.heartbeat = Heartbeat(name="heartbeat")
        self.heartbeat.js_on_change("sent", CustomJS(args={"beat": self.heartbeat}, code=ECHO))
        self._stop: Callable[[], object] = lambda: None
        self._push: Callable[[], None] = lambda: None
        self._hold: Callable[[], AbstractContextManager[Any]] = self._hold_document
        self._later: Callable[[Callable[[], None]], object] = lambda change: change()

    def start(self, doc: Document) -> None:
        """Begin to paint in a page that a server holds."""
        self._engine.request_frame()
        callback = doc.add_periodic_callback(self._paint, PERIOD_MS)
        self._stop = partial(doc.remove_periodic_callback, callback)
        self._later = doc.add_next_tick_callback
        # Not to lose up to a period after each frame, an acknowledgement asks for the next one; by
        # a callback of its own, since Panel does not know whose document an event is about.
        self.heartbeat.on_change(
            "painted", lambda attr, old, new: doc.add_next_tick_callback(self._paint)
        )

    def start_in_notebook(self, view: CellView) -> None:
        """Begin to paint in a notebook's cell; the stream is held while no browser shows it."""
        self.stop()
        self._engine.hold(True)
        self._engine.request_frame()
        self.heartbeat.update(sent=0, painted=0, ping="")
        self.heartbeat.on_change("ping", view.hear)
        self._push, self._hold = view.push, pn.io.block_comm
        self._later = self._change_and_push
        task = asyncio.get_running_loop().create_task(self._repeat(view))

        def stop() -> None:
            task.cancel()
            self.heartbeat.remove_on_change("ping", view.hear)

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
                tell_fault(error)
            beat.sent += 1
        self._push()
        self._engine.request_frame()

    @contextmanager
    def _hold_document(self) -> Iterator[None]:
        doc = self.heartbeat.document
        if doc is not None:
            doc.hold("collect")
        try:
            yield
        finally:
            if doc is not None:
                doc.unhold()

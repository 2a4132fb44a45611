"""The ticker: one beat for all painters of a server, and how often each of them may paint.

A timer for each page would cost more than a hundred pages at rest may. The event loop gives so
much of its time to frames and no more: what a frame costs is measured, and the frames it has time
for are shared equally among the pages that show any, so that controls are answered meanwhile. And
so that no answer waits for a frame of every page, few are painted between two looks, those first
that have waited longest.
"""

import asyncio
import time
import weakref
from typing import Protocol

PERIOD_S = 0.025
"""Between two looks for frames; a screen of 60 Hz shows every other of its own."""

SHARE = 0.5
"""Of the event loop's time, for frames."""

LONGEST_S = 0.5
MOST_AT_ONCE_S = 0.02
"""Of frames between two looks, however late the second one comes."""

SHOWN_S = 2.0
"""A page that has taken no frame for so long takes none: its tab is hidden, or it is paused."""

MEMORY = 0.05


class Painting(Protocol):
    """What the ticker drives."""

    def beat(self, now: float) -> bool:
        """Whether there is something to paint, which then is painted soon; cheap."""


class FrameScheduler:
    """Beats for the painters of one event loop; `of_this_loop` finds it."""

    def __init__(self) -> None:
        self._painters: weakref.WeakSet[Painting] = weakref.WeakSet()
        self._painted_at: weakref.WeakKeyDictionary[Painting, float] = weakref.WeakKeyDictionary()
        self._cost_s = 0.0
        self._n_showing = 1
        self._task: asyncio.Task[None] | None = None

    @property
    def period_s(self) -> float:
        """The least time between two frames of a page."""
        return min(self._n_showing * self._cost_s / SHARE, LONGEST_S)

    def join(self, painter: Painting) -> None:
        """Beat for a painter from now on."""
        self._painters.add(painter)
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run())

    def leave(self, painter: Painting) -> None:
        """Beat for it no more."""
        self._painters.discard(painter)
        self._painted_at.pop(painter, None)

    def note(self, painter: Painting, cost_s: float) -> None:
        """A frame was painted, which has taken so long."""
        self._painted_at[painter] = time.monotonic()
        self._cost_s += MEMORY * (cost_s - self._cost_s)

    async def _run(self) -> None:
        last = time.monotonic()
        while self._painters:
            await asyncio.sleep(PERIOD_S)
            now = time.monotonic()
            self._beat(now, SHARE * (now - last))
            last = now

    def _beat(self, now: float, time_s: float) -> None:
        """Have as many painters paint as there is time for, one at least."""
        times = list(self._painted_at.values())
        self._n_showing = max(sum(now - each < SHOWN_S for each in times), 1)
        left_s = min(time_s, MOST_AT_ONCE_S)
        for painter in sorted(self._painters, key=lambda one: self._painted_at.get(one, 0.0)):
            if painter.beat(now):
                left_s -= self._cost_s
                if left_s <= 0.0:
                    return


_tickers: "weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, FrameScheduler]" = (
    weakref.WeakKeyDictionary()
)


def of_this_loop() -> FrameScheduler:
    """The ticker of the event loop that runs here."""
    return _tickers.setdefault(asyncio.get_running_loop(), FrameScheduler())

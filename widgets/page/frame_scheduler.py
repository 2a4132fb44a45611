"""The frame scheduler: one timer for all pages of a server, and a fair share of frames for each.

A timer per page would cost more than a hundred paused pages may cost. The event loop spends a
fixed share of its time on frames, so that it answers controls meanwhile: the scheduler measures
the cost of a frame and divides the affordable frames equally among the pages that show frames.
Between two ticks it draws only a few frames, for the pages that waited longest, so that no answer
waits for the frames of all pages.
"""

import asyncio
import time
import weakref
from typing import Protocol

PERIOD_S = 0.025
"""Time between two ticks; with a 60 Hz screen every second or third frame of the screen."""

SHARE = 0.5
"""Share of the event loop's time for frames."""

MAX_PERIOD_S = 0.5
MAX_FRAME_TIME_S = 0.02
"""Largest time for frames between two ticks, however late the second tick is."""

ACTIVE_S = 2.0
"""A page without a frame for this long needs none: it is paused, or its tab is hidden."""

COST_SMOOTHING = 0.05
"""Weight of the newest frame in the running mean of the cost."""


class FrameSource(Protocol):
    """A page as the scheduler sees it."""

    def schedule_frame(self, now: float) -> bool:
        """Schedule a frame and return True if the page needs a frame now; must be cheap."""


class FrameScheduler:
    """Schedules the frames of all pages of one event loop; see `get_frame_scheduler`."""

    def __init__(self) -> None:
        self._pages: weakref.WeakSet[FrameSource] = weakref.WeakSet()
        self._drawn_at: weakref.WeakKeyDictionary[FrameSource, float] = weakref.WeakKeyDictionary()
        self._cost_s = 0.0
        self._n_active = 1
        self._task: asyncio.Task[None] | None = None

    @property
    def period_s(self) -> float:
        """Shortest time between two frames of one page."""
        return min(self._n_active * self._cost_s / SHARE, MAX_PERIOD_S)

    def add(self, page: FrameSource) -> None:
        """Schedule the frames of a page from now on."""
        self._pages.add(page)
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run())

    def remove(self, page: FrameSource) -> None:
        """Schedule no more frames of a page."""
        self._pages.discard(page)
        self._drawn_at.pop(page, None)

    def note_frame(self, page: FrameSource, cost_s: float) -> None:
        """Note a drawn frame and the CPU time that it took."""
        self._drawn_at[page] = time.monotonic()
        self._cost_s += COST_SMOOTHING * (cost_s - self._cost_s)

    async def _run(self) -> None:
        last = time.monotonic()
        while self._pages:
            await asyncio.sleep(PERIOD_S)
            now = time.monotonic()
            self._tick(now, SHARE * (now - last))
            last = now

    def _tick(self, now: float, time_s: float) -> None:
        """Request as many frames as ``time_s`` allows, at least one."""
        times = list(self._drawn_at.values())
        self._n_active = max(sum(now - each < ACTIVE_S for each in times), 1)
        left_s = min(time_s, MAX_FRAME_TIME_S)
        for page in sorted(self._pages, key=lambda page: self._drawn_at.get(page, 0.0)):
            if page.schedule_frame(now):
                left_s -= self._cost_s
                if left_s <= 0.0:
                    return


_schedulers: "weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, FrameScheduler]" = (
    weakref.WeakKeyDictionary()
)


def get_frame_scheduler() -> FrameScheduler:
    """The scheduler of the running event loop."""
    return _schedulers.setdefault(asyncio.get_running_loop(), FrameScheduler())

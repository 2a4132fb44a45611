"""Who paints when many pages show frames."""

import asyncio
import time

from tests.support.threads import run_in_new_loop
from widgets.page.frame_scheduler import MOST_AT_ONCE_S, FrameScheduler

COST_S = 0.008


class Page:
    """One that always has a frame, which takes the loop so long."""

    def __init__(self, ticker):
        self.ticker = ticker
        self.n_frames = 0
        self.is_asked = False
        self.next_at = 0.0

    def beat(self, now):
        if self.is_asked or now < self.next_at:
            return False
        self.is_asked = True
        asyncio.get_running_loop().call_soon(self.paint)
        return True

    def paint(self):
        start = time.monotonic()
        while time.monotonic() - start < COST_S:
            pass
        self.is_asked = False
        self.n_frames += 1
        self.ticker.note(self, COST_S)
        self.next_at = start + self.ticker.period_s


async def watch(n_pages, duration_s):
    """Frames of each page, and how many were painted between two looks at the loop, at most."""
    ticker = FrameScheduler()
    pages = [Page(ticker) for _ in range(n_pages)]
    for page in pages:
        ticker.join(page)
    most, last, end = 0, 0, time.monotonic() + duration_s
    while time.monotonic() < end:
        await asyncio.sleep(0)
        n_frames = sum(page.n_frames for page in pages)
        # What a frame costs has to be found out first.
        if time.monotonic() > end - duration_s / 2:
            most = max(most, n_frames - last)
        last = n_frames
    for page in pages:
        ticker.leave(page)
    return [page.n_frames for page in pages], most


def test_no_answer_waits_for_a_frame_of_every_page():
    counts, most = run_in_new_loop(watch(40, 4.0))
    assert most <= 1 + MOST_AT_ONCE_S / COST_S
    assert min(counts) >= max(counts) - 2
    # A page alone waits for nobody.
    [alone], _ = run_in_new_loop(watch(1, 1.0))
    assert alone > max(counts)


def test_a_page_that_has_left_is_asked_no_more():
    async def leave():
        ticker = FrameScheduler()
        page, other = Page(ticker), Page(ticker)
        ticker.join(page)
        ticker.join(other)
        await asyncio.sleep(0.2)
        ticker.leave(page)
        n_frames, n_others = page.n_frames, other.n_frames
        await asyncio.sleep(0.2)
        return page.n_frames - n_frames, other.n_frames - n_others

    n_more, n_others_more = run_in_new_loop(leave())
    # One may have been asked for already.
    assert n_more <= 1 < n_others_more

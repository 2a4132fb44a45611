"""The frame scheduler divides the event loop's time among the pages that show frames."""

import asyncio
import time

from tests.support.threads import run_in_new_loop
from widgets.page.frame_scheduler import MAX_FRAME_TIME_S, FrameScheduler

COST_S = 0.008


class Page:
    """A page that always has a frame; drawing it occupies the event loop for `COST_S`."""

    def __init__(self, scheduler):
        self.scheduler = scheduler
        self.n_frames = 0
        self.is_scheduled = False
        self.next_at = 0.0

    def schedule_frame(self, now):
        if self.is_scheduled or now < self.next_at:
            return False
        self.is_scheduled = True
        asyncio.get_running_loop().call_soon(self.draw)
        return True

    def draw(self):
        start = time.monotonic()
        while time.monotonic() - start < COST_S:
            pass
        self.is_scheduled = False
        self.n_frames += 1
        self.scheduler.note_frame(self, COST_S)
        self.next_at = start + self.scheduler.period_s


async def count_frames(n_pages, duration_s):
    """Frames of each page, and the most frames drawn between two turns of the event loop."""
    scheduler = FrameScheduler()
    pages = [Page(scheduler) for _ in range(n_pages)]
    for page in pages:
        scheduler.add(page)
    most, last, end = 0, 0, time.monotonic() + duration_s
    while time.monotonic() < end:
        await asyncio.sleep(0)
        n_frames = sum(page.n_frames for page in pages)
        # The scheduler measures the cost of a frame during the first half.
        if time.monotonic() > end - duration_s / 2:
            most = max(most, n_frames - last)
        last = n_frames
    for page in pages:
        scheduler.remove(page)
    return [page.n_frames for page in pages], most


def test_no_answer_waits_for_the_frames_of_all_pages():
    counts, most = run_in_new_loop(count_frames(40, 4.0))
    assert most <= 1 + MAX_FRAME_TIME_S / COST_S
    assert min(counts) >= max(counts) - 2
    # The only page of a server does not wait.
    [alone], _ = run_in_new_loop(count_frames(1, 1.0))
    assert alone > max(counts)


def test_a_removed_page_draws_no_more_frames():
    async def remove_one():
        scheduler = FrameScheduler()
        page, other = Page(scheduler), Page(scheduler)
        scheduler.add(page)
        scheduler.add(other)
        await asyncio.sleep(0.2)
        scheduler.remove(page)
        n_frames, n_others = page.n_frames, other.n_frames
        await asyncio.sleep(0.2)
        return page.n_frames - n_frames, other.n_frames - n_others

    n_more, n_others_more = run_in_new_loop(remove_one())
    # One frame may have been scheduled before.
    assert n_more <= 1 < n_others_more

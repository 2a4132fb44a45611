"""A page in headless Chromium, operated and timed while a server streams to it."""

import json
import time
from dataclasses import dataclass
from urllib.request import urlopen

import numpy as np
from playwright.sync_api import Page

WARM_UP_S = 4.0
N_PRESSES = 60
GAP_MS = 70

# Times from the key on the slider to the return of the value from the server.
TIME_KEYS = """() => {
    window.waits = []
    let pressed_at = null
    document.addEventListener("keydown", () => { pressed_at ??= performance.now() }, true)
    window.answered = () => {
        if (pressed_at != null) window.waits.push(performance.now() - pressed_at)
        pressed_at = null
    }
}"""
COUNT = "window.n_painted ?? 0"
STALL = """ms => {
    const end = performance.now() + ms
    while (performance.now() < end) {}
}"""


@dataclass
class Showing:
    """Measurements of one shown page."""

    updates_per_s: float
    bytes_per_update: float
    server_ms_per_update: float
    process_ms_per_update: float
    longest_block_ms: float
    longest_cpu_ms: float
    round_trips_ms: np.ndarray
    n_seen: int
    points_per_s: float


def measure(address: str) -> dict[str, float]:
    """Read the server's work since the last request."""
    with urlopen(f"{address}/measure") as answer:
        return json.load(answer)


def count_seen(page: Page) -> int:
    """Read the page's counter of learned points; 0 without a counter."""
    counter = page.locator('[data-counter="points seen"] .value')
    text = counter.inner_text().replace(",", "") if counter.count() else "0"
    return int(text) if text.isdigit() else 0


def show(page: Page, address: str, path: str, seconds: float) -> Showing:
    """Open a page, let it stream, and measure; a ``path`` that ends in "#paused" pauses it."""
    page.goto(f"{address}/{path}")
    page.wait_for_selector("canvas")
    page.wait_for_timeout(1000 * WARM_UP_S)
    if path.endswith("#paused"):
        page.keyboard.press("Space")
        page.wait_for_timeout(1000)
    return watch(page, address, seconds)


def watch(page: Page, address: str, seconds: float) -> Showing:
    """Measure a streaming page, first without input, then while a slider moves."""
    measure(address)
    n_before, n_seen = page.evaluate(COUNT), count_seen(page)
    begin = time.perf_counter()
    page.wait_for_timeout(1000 * seconds)
    n_updates = page.evaluate(COUNT) - n_before
    elapsed_s = time.perf_counter() - begin
    done = measure(address)
    n_learned = count_seen(page) - n_seen
    waits = press_keys(page)
    later = measure(address)
    return Showing(
        updates_per_s=n_updates / elapsed_s,
        bytes_per_update=done["n_bytes"] / max(n_updates, 1),
        server_ms_per_update=1000 * done["loop_cpu_s"] / max(n_updates, 1),
        process_ms_per_update=1000 * done["process_cpu_s"] / max(n_updates, 1),
        longest_block_ms=1000 * max(done["longest_s"], later["longest_s"]),
        longest_cpu_ms=1000 * max(done["longest_cpu_s"], later["longest_cpu_s"]),
        round_trips_ms=waits,
        n_seen=count_seen(page),
        points_per_s=n_learned / elapsed_s,
    )


def press_keys(page: Page) -> np.ndarray:
    """Return the round trips of a slider in milliseconds."""
    page.evaluate(TIME_KEYS)
    slider = page.get_by_role("slider", name="Noise")
    slider.focus()
    for i in range(N_PRESSES):
        # In both directions, since a slider at its end sends no change.
        page.keyboard.press("ArrowRight" if i % 40 < 20 else "ArrowLeft")
        page.wait_for_timeout(GAP_MS)
    page.wait_for_timeout(500)
    return np.array(page.evaluate("window.waits"))


def stall(page: Page, address: str, seconds: float) -> dict[str, float]:
    """Keep the browser busy; return the server's work per second meanwhile."""
    page.evaluate("ms => { setTimeout(STALL, 0, ms) }".replace("STALL", STALL), 1000 * seconds)
    time.sleep(1.0)
    before = measure(address)
    time.sleep(seconds - 2.0)
    done = measure(address)
    return {
        "bytes": done["n_bytes"] / done["elapsed_s"],
        "loop_cpu": done["loop_cpu_s"] / done["elapsed_s"],
        "memory": (done["memory_bytes"] - before["memory_bytes"]) / done["elapsed_s"],
    }

"""Functions that read and control the dashboard in a browser, shared by its tests."""

import time

import numpy as np
from playwright.sync_api import expect

SETTLED_S = 1.0
"""A slider that does not move for this time is at its end."""


def data_of(page, name):
    """The columns of a data source in the browser; empty if there is no such source."""
    columns = page.evaluate(
        """name => {
            const source = Bokeh.documents[0].get_model_by_name(name)
            return Object.entries(source?.data ?? {}).map(([k, v]) => [k, Array.from(v)])
        }""",
        name,
    )
    return {key: np.array(values) for key, values in columns}


def counter(page, name):
    text = page.locator(f'[data-counter="{name}"] .value').inner_text()
    return text.replace(",", "")


def wait_until(is_true, timeout_s=60.0):
    """Poll until ``is_true``. The time limit is long: a loaded machine can be ten times slower."""
    deadline = time.monotonic() + timeout_s
    while not is_true():
        assert time.monotonic() < deadline, "the condition did not become true in time"
        time.sleep(0.1)


def seen(page):
    text = counter(page, "points seen")
    return int(text) if text.isdigit() else 0


def slide(page, label, key, times=1):
    slider = page.get_by_role("slider", name=label)
    slider.focus()
    for _ in range(times):
        before = slider.input_value()
        slider.press(key)
        # Key presses that are faster than the page draws, faster than a person, count once.
        deadline = time.monotonic() + SETTLED_S
        while slider.input_value() == before and time.monotonic() < deadline:
            time.sleep(0.01)


def pause(page):
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    wait_until(lambda: counter(page, "points per second") == "paused")

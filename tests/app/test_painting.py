"""Painting points with the pointer, and dragging painted points."""

import time

import numpy as np
from playwright.sync_api import expect

from tests.app.test_link import query_of
from tests.support.screens import counter, data_of, pause, seen, wait_until

FRAME = """() => {
    const view = Bokeh.index.find_one(Bokeh.documents[0].get_model_by_name("live"))
    const {left, top} = view.el.getBoundingClientRect()
    const {x_range, y_range} = view.model
    const frame = view.frame.bbox
    const [ax, ay] = [frame.width, frame.height]
    return [
        left + frame.left, ax / (x_range.end - x_range.start), x_range.start,
        top + frame.top + ay, -ay / (y_range.end - y_range.start), y_range.start,
    ]
}"""


def move_pointer(page, x, y, steps=1):
    """Move the pointer to a place on the canvas."""
    left, across, start, bottom, upwards, low = page.evaluate(FRAME)
    page.mouse.move(left + (x - start) * across, bottom + (y - low) * upwards, steps=steps)


def stroke(page, *places, steps=6):
    """Draw from place to place with the button down."""
    move_pointer(page, *places[0])
    page.mouse.down()
    for place in places[1:]:
        move_pointer(page, *place, steps=steps)
    page.mouse.up()


def choose(page, mode):
    """Choose the mode of the pointer."""
    page.get_by_role("button", name=mode, exact=True).click()
    find = """() => Bokeh.documents[0].get_model_by_name("brush").mode"""
    wait_until(lambda: page.evaluate(find) == mode)


def pan(page, *places):
    """Drag the plot until the address has the new view.

    A busy browser may take the beginning of a drag for a long press, which moves nothing.
    """
    for _ in range(5):
        stroke(page, *places)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            if "view=" in query_of(page):
                return
            time.sleep(0.1)
    raise AssertionError("the plot does not pan")


def near(page, x, y, name="prototypes"):
    """The clusters of the prototypes or points near a place, without noise."""
    data = data_of(page, name)
    found = data["cluster"][np.hypot(data["x"] - x, data["y"] - y) < 2.0].astype(int)
    return found[found >= 0]


def test_painting_two_blobs_dragging_one_and_undoing_it(dashboard_page):
    page = dashboard_page
    wait_until(lambda: seen(page) > 50)
    page.get_by_role("button", name="Draw", exact=True).click()
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    wait_until(lambda: seen(page) == 0)
    assert len(data_of(page, "points")["x"]) == 0
    pause(page)
    # Painted points are learned at once, even while the stream is paused.
    stroke(page, (4, 4), (4.5, 5), (4, 5.5), (4.5, 4))
    wait_until(lambda: len(near(page, 4, 4.7, "points")) > 20)
    move_pointer(page, 15, 6)
    page.mouse.down()
    wait_until(lambda: len(near(page, 15, 6, "points")) > 60)
    page.mouse.up()
    wait_until(lambda: counter(page, "clusters found") == "2")
    # The last points of the stroke may not have arrived yet.
    wait_until(lambda: seen(page) == len(data_of(page, "points")["x"]))
    n_seen = seen(page)
    page.get_by_role("button", name="Play").click()
    wait_until(lambda: seen(page) > n_seen + 100)
    cluster = np.bincount(near(page, 15, 6)).argmax()
    choose(page, "Move")
    move_pointer(page, 15, 6)
    page.mouse.down()
    for y in (5.5, 5, 4.5, 4, 3.5, 3):
        move_pointer(page, 15, y, steps=3)
        start = seen(page)
        wait_until(lambda start=start: seen(page) > start + 40)
    page.mouse.up()
    n_seen = seen(page)
    wait_until(lambda: seen(page) > n_seen + 400)
    # The later points come from the new place and belong to the same cluster.
    later = data_of(page, "points")
    is_right = (later["x"] > 10) & (np.arange(len(later["x"])) >= len(later["x"]) - 300)
    assert abs(later["y"][is_right].mean() - 3) < 0.3
    assert (near(page, 15, 3) == cluster).mean() > 0.8
    page.get_by_role("button", name="Undo").click()
    n_seen = seen(page)
    wait_until(lambda: seen(page) > n_seen + 300)
    assert (data_of(page, "points")["x"][-200:] < 10).all()
    # In the mode View, the pointer does not paint.
    choose(page, "View")
    pan(page, (15, 5), (12, 5))
    assert len(data_of(page, "painting")["x"]) > 0
    page.get_by_role("button", name="Clear").click()
    wait_until(lambda: len(data_of(page, "painting")["x"]) == 0)
    wait_until(lambda: seen(page) == 0)
    page.get_by_role("button", name="Add").click()
    wait_until(lambda: len(near(page, 10, 5, "points")) > 40)

"""The dashboard as a person uses it: in a browser, against a running server."""

import gc
import re
import threading
import weakref

import numpy as np
import pytest
from playwright.sync_api import expect

from clusterer.datasets import GENERATORS
from tests.support.screens import counter, data_of, pause, seen, slide, wait_until
from widgets import Dashboard
from widgets.settings import Settings

SENTENCE = re.compile("Points stream in one by one")


def test_the_first_screen_moves_and_explains_itself(dashboard_page):
    page = dashboard_page
    expect(page.get_by_text(SENTENCE)).to_be_visible()
    wait_until(lambda: len(data_of(page, "points")["x"]) > 50)
    first = data_of(page, "prototypes")
    wait_until(lambda: not np.array_equal(data_of(page, "prototypes")["x"], first["x"]))
    wait_until(lambda: seen(page) > 500)
    assert counter(page, "clusters found") == "5"


def test_every_request_stays_on_this_server(dashboard_page):
    wait_until(lambda: seen(dashboard_page) > 0)
    assert dashboard_page.foreign_requests == []


def test_every_control_carries_help(dashboard_page):
    page = dashboard_page
    page.get_by_text("More settings").click()
    for name in set(Settings.param) - {"name"}:
        help_text = Settings.param[name].doc
        expect(page.get_by_label(help_text, exact=True).first).to_be_attached()
    for label in ("Pause", "Step", "Reset"):
        expect(page.get_by_role("button", name=re.compile(f"^{label}: "))).to_be_visible()
    pause(page)
    expect(page.get_by_role("button", name=re.compile("^Play: "))).to_be_visible()


def test_points_stay_while_they_are_in_the_window(dashboard_page):
    page = dashboard_page
    wait_until(lambda: len(data_of(page, "points")["x"]) > 100)
    before = data_of(page, "points")
    wait_until(lambda: len(data_of(page, "points")["x"]) > 300)
    after = data_of(page, "points")
    n = len(before["x"])
    assert np.array_equal(before["x"], after["x"][:n])
    assert np.array_equal(before["y"], after["y"][:n])


def test_sigma_slider_takes_over_and_changes_the_result(dashboard_page):
    page = dashboard_page
    pause(page)
    page.get_by_role("button", name="Reset").click()
    wait_until(lambda: seen(page) == 0)
    automatic = page.get_by_role("switch", name="Automatic σ")
    expect(automatic).to_be_checked()
    slide(page, "Kernel width σ", "Home")
    expect(automatic).not_to_be_checked()
    page.get_by_role("button", name="Play").click()
    wait_until(lambda: seen(page) > 400)
    narrow = data_of(page, "prototypes")["weight"].sum()
    slide(page, "Kernel width σ", "End")
    start = seen(page)
    wait_until(lambda: seen(page) > start + 500)
    # A narrow kernel counts hardly any point, an endless one counts each as 1.
    assert narrow < 50
    assert data_of(page, "prototypes")["weight"].sum() > narrow + 150


def test_fewer_prototypes_at_once(dashboard_page):
    page = dashboard_page
    wait_until(lambda: len(data_of(page, "prototypes")["x"]) == 50)
    slide(page, "Prototypes K", "ArrowLeft", 45)
    expect(page.get_by_role("slider", name="Prototypes K")).to_have_value("5")
    wait_until(lambda: len(data_of(page, "prototypes")["x"]) <= 5)
    start = seen(page)
    wait_until(lambda: seen(page) > start + 100)
    assert len(data_of(page, "prototypes")["x"]) <= 5


def test_noise_slider_strews_noise(dashboard_page):
    page = dashboard_page
    wait_until(lambda: seen(page) > 300)
    calm = np.mean(data_of(page, "points")["cluster"] == -1)
    slide(page, "Noise", "ArrowRight", 30)
    expect(page.get_by_role("slider", name="Noise")).to_have_value("0.3")
    wait_until(lambda: np.mean(data_of(page, "points")["cluster"][-400:] == -1) > calm + 0.1)


def test_pause_step_and_reset(dashboard_page):
    page = dashboard_page
    wait_until(lambda: seen(page) > 50)
    pause(page)
    held = seen(page)
    page.get_by_role("button", name="Step").click()
    wait_until(lambda: seen(page) == held + 1)
    page.get_by_role("button", name="Reset").click()
    wait_until(lambda: seen(page) == 0)
    assert len(data_of(page, "points")["x"]) == 0
    assert len(data_of(page, "prototypes")["x"]) == 0


def test_singletons_go_and_come_without_learning_anew(dashboard_page):
    page = dashboard_page
    slide(page, "Noise", "ArrowRight", 10)
    wait_until(lambda: seen(page) > 600)
    pause(page)
    # A share of noise is none at every moment.
    while not (data_of(page, "prototypes")["cluster"] == -1).any():
        before = seen(page)
        page.get_by_role("button", name="Step").click()
        wait_until(lambda before=before: seen(page) > before)
        assert seen(page) < 5_000
    held = seen(page)
    dropped = data_of(page, "prototypes")
    page.get_by_role("switch", name="Drop singleton clusters").click()
    wait_until(lambda: not (data_of(page, "prototypes")["cluster"] == -1).any())
    kept = data_of(page, "prototypes")
    assert (dropped["cluster"] == -1).any()
    assert np.array_equal(kept["x"], dropped["x"])
    assert np.array_equal(kept["weight"], dropped["weight"])
    assert seen(page) == held
    page.get_by_role("switch", name="Drop singleton clusters").click()
    wait_until(lambda: (data_of(page, "prototypes")["cluster"] == -1).any())


def test_long_windows_are_drawn_as_a_density(dashboard_page):
    page = dashboard_page
    page.get_by_text("More settings").click()
    slide(page, "Window", "End")
    expect(page.get_by_text("Window: 1,000,000")).to_be_visible()
    slide(page, "Speed", "End")
    expect(page.get_by_text("Speed: as fast as possible")).to_be_visible()
    wait_until(lambda: seen(page) > 100_000)
    image = page.evaluate(
        """() => Array.from(Bokeh.documents[0].get_model_by_name('density').data.image[0])"""
    )
    assert max(image) == 255
    assert 0 < len(data_of(page, "points")["x"]) <= 5_000


@pytest.mark.parametrize(
    ("key", "opening"), [("drifting", "Enter"), ("moons", " "), ("in_order", "ArrowDown")]
)
def test_another_generator_starts_anew(dashboard_page, key, opening):
    page = dashboard_page
    wait_until(lambda: seen(page) > 100)
    page.get_by_role("combobox", name="Generator").press(opening)
    item = page.get_by_role("menuitem", name=GENERATORS[key].title, exact=True)
    item.press("Enter")
    expect(page.get_by_text(GENERATORS[key].description)).to_be_visible()
    wait_until(lambda: len(data_of(page, "points")["x"]) > 0)
    wait_until(lambda: seen(page) > 50)


def test_a_closed_session_leaves_nothing_behind(app_server, open_page, monkeypatch):
    # The collector could list all objects, but beside threads that run it would hand out tuples
    # that they are still making, which CPython forbids.
    dashboards, begin = weakref.WeakSet(), Dashboard.__init__

    def note(dashboard, *given, **named):
        dashboards.add(dashboard)
        begin(dashboard, *given, **named)

    monkeypatch.setattr(Dashboard, "__init__", note)

    def living():
        # Pages are kept out of the collector's sight while they are open.
        gc.unfreeze()
        gc.collect()
        threads = [t for t in threading.enumerate() if t.name == "clusterer-engine"]
        return len(dashboards), len(threads)

    wait_until(lambda: living() == (0, 0), 90)
    page = open_page()
    wait_until(lambda: seen(page) > 50)
    assert living() == (1, 1)
    page.close()
    wait_until(lambda: living() == (0, 0), 90)

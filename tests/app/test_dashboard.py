"""The dashboard as a person uses it: in a browser, with a running server."""

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
from widgets.live.compilation_notice import CompilationNotice
from widgets.settings import Settings

INTRODUCTION = re.compile("Points stream in one by one")


def test_the_first_screen_plays_and_has_an_introduction(dashboard_page):
    page = dashboard_page
    expect(page.get_by_text(INTRODUCTION)).to_be_visible()
    wait_until(lambda: len(data_of(page, "points")["x"]) > 50)
    first = data_of(page, "prototypes")
    wait_until(lambda: not np.array_equal(data_of(page, "prototypes")["x"], first["x"]))
    wait_until(lambda: seen(page) > 500)
    assert counter(page, "clusters found") == "5"


def test_the_notice_of_the_compilation_leaves_the_page_when_points_stream(monkeypatch, open_page):
    may_end = threading.Event()
    draw = CompilationNotice.draw
    monkeypatch.setattr(
        CompilationNotice,
        "draw",
        lambda self, frame: draw(self, frame) if may_end.is_set() else None,
    )
    monkeypatch.setattr("widgets.live.compilation_notice.find_progress", lambda: 0.25)
    monkeypatch.setattr("widgets.dashboard.is_compiling", lambda: not may_end.is_set())
    page = open_page()
    notice = page.get_by_text("Preparing the program for this machine")
    expect(notice).to_be_visible()
    may_end.set()
    expect(notice).to_be_hidden()


def test_every_request_stays_on_this_server(dashboard_page):
    wait_until(lambda: seen(dashboard_page) > 0)
    assert dashboard_page.foreign_requests == []


def test_every_control_has_a_help_text(dashboard_page):
    page = dashboard_page
    page.get_by_text("More settings").click()
    for name in {each for each in Settings.param if "classifier" not in each} - {"name"}:
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


def test_the_sigma_slider_turns_the_estimate_off_and_changes_the_result(dashboard_page):
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
    # With a narrow kernel hardly any point has weight; with a very wide one each has weight 1.
    assert narrow < 50
    assert data_of(page, "prototypes")["weight"].sum() > narrow + 150


def test_the_number_of_prototypes_falls_at_once(dashboard_page):
    page = dashboard_page
    wait_until(lambda: len(data_of(page, "prototypes")["x"]) >= 50)
    automatic = page.get_by_role("switch", name="Automatic K")
    expect(automatic).to_be_checked()
    slide(page, "Prototypes K", "Home")
    expect(automatic).not_to_be_checked()
    slide(page, "Prototypes K", "ArrowRight", 3)
    expect(page.get_by_role("slider", name="Prototypes K")).to_have_value("5")
    wait_until(lambda: len(data_of(page, "prototypes")["x"]) <= 5)
    start = seen(page)
    wait_until(lambda: seen(page) > start + 100)
    assert len(data_of(page, "prototypes")["x"]) <= 5


def test_the_noise_slider_adds_noise(dashboard_page):
    page = dashboard_page
    wait_until(lambda: seen(page) > 300)
    before = np.mean(data_of(page, "points")["cluster"] == -1)
    slide(page, "Noise", "ArrowRight", 30)
    expect(page.get_by_role("slider", name="Noise")).to_have_value("0.3")
    wait_until(lambda: np.mean(data_of(page, "points")["cluster"][-400:] == -1) > before + 0.1)


def test_pause_step_and_reset(dashboard_page):
    page = dashboard_page
    wait_until(lambda: seen(page) > 50)
    pause(page)
    n_seen = seen(page)
    page.get_by_role("button", name="Step").click()
    wait_until(lambda: seen(page) == n_seen + 1)
    page.get_by_role("button", name="Reset").click()
    wait_until(lambda: seen(page) == 0)
    assert len(data_of(page, "points")["x"]) == 0
    assert len(data_of(page, "prototypes")["x"]) == 0


def test_singletons_are_dropped_and_kept_without_learning_again(dashboard_page):
    page = dashboard_page
    slide(page, "Noise", "ArrowRight", 10)
    wait_until(lambda: seen(page) > 600)
    pause(page)
    # At times no prototype is noise.
    while not (data_of(page, "prototypes")["cluster"] == -1).any():
        before = seen(page)
        page.get_by_role("button", name="Step").click()
        wait_until(lambda before=before: seen(page) > before)
        assert seen(page) < 5_000
    n_seen = seen(page)
    dropped = data_of(page, "prototypes")
    page.get_by_role("switch", name="Drop singleton clusters").click()
    wait_until(lambda: not (data_of(page, "prototypes")["cluster"] == -1).any())
    kept = data_of(page, "prototypes")
    assert (dropped["cluster"] == -1).any()
    assert np.array_equal(kept["x"], dropped["x"])
    assert np.array_equal(kept["weight"], dropped["weight"])
    assert seen(page) == n_seen
    page.get_by_role("switch", name="Drop singleton clusters").click()
    wait_until(lambda: (data_of(page, "prototypes")["cluster"] == -1).any())


def test_long_windows_are_drawn_as_a_density_image(dashboard_page):
    page = dashboard_page
    page.get_by_text("More settings").click()
    slide(page, "Window", "End")
    expect(page.get_by_role("textbox", name="Window: type a value")).to_have_value("1,000,000")
    slide(page, "Speed", "End")
    expect(page.get_by_role("textbox", name="Speed: type a value")).to_have_value(
        "as fast as possible"
    )
    wait_until(lambda: seen(page) > 100_000)
    image = page.evaluate(
        """() => Array.from(Bokeh.documents[0].get_model_by_name('density').data.image[0])"""
    )
    assert max(image) == 255
    assert 0 < len(data_of(page, "points")["x"]) <= 5_000


@pytest.mark.parametrize(
    ("key", "opening"), [("drifting", "Enter"), ("moons", " "), ("in_order", "ArrowDown")]
)
def test_another_generator_restarts_the_stream(dashboard_page, key, opening):
    page = dashboard_page
    wait_until(lambda: seen(page) > 100)
    page.get_by_role("combobox", name="Generator").press(opening)
    item = page.get_by_role("option", name=GENERATORS[key].title, exact=True)
    item.press("Enter")
    expect(page.get_by_text(GENERATORS[key].description)).to_be_visible()
    wait_until(lambda: len(data_of(page, "points")["x"]) > 0)
    wait_until(lambda: seen(page) > 50)


def test_a_closed_session_frees_its_dashboard_and_thread(app_server, open_page, monkeypatch):
    # The garbage collector could list all objects. But while threads run, the list can contain
    # unfinished tuples, which CPython forbids to use.
    dashboards, initialize = weakref.WeakSet(), Dashboard.__init__

    def note(dashboard, *given, **named):
        dashboards.add(dashboard)
        initialize(dashboard, *given, **named)

    monkeypatch.setattr(Dashboard, "__init__", note)

    def count_living():
        # Open pages are frozen, so the garbage collector does not see them.
        gc.unfreeze()
        gc.collect()
        threads = [t for t in threading.enumerate() if t.name == "clusterer-engine"]
        return len(dashboards), len(threads)

    wait_until(lambda: count_living() == (0, 0), 90)
    page = open_page()
    wait_until(lambda: seen(page) > 50)
    assert count_living() == (1, 1)
    page.close()
    wait_until(lambda: count_living() == (0, 0), 90)

"""The page for all: on a small screen, in dark mode, by keyboard, and for screen readers."""

import re
import time

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.support.screens import pause, seen, wait_until

PLOT = """() => {
    const plot = Bokeh.documents[0].get_model_by_name("live")
    const {top, bottom, left, right} = Bokeh.index.find_one(plot).el.getBoundingClientRect()
    return {top, bottom, left, right}
}"""
HEADER = """() => {
    const find = (root) => {
        const bar = root.querySelector("header")
        if (bar) return bar
        for (const each of root.querySelectorAll("*")) {
            const found = each.shadowRoot && find(each.shadowRoot)
            if (found) return found
        }
    }
    const style = getComputedStyle(find(document))
    return [style.color, style.backgroundColor]
}"""


def luminance(color):
    """The relative luminance of WCAG 2."""
    channels = [int(part) / 255 for part in re.findall(r"\d+", color)[:3]]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_on_a_phone_the_plot_fills_half_of_the_first_screen(open_page):
    page = open_page(390, 844)
    wait_until(lambda: seen(page) > 20)
    wait_until(lambda: page.evaluate(PLOT)["right"] <= 390)
    plot = page.evaluate(PLOT)
    assert min(plot["bottom"], 844) - plot["top"] >= 422
    assert plot["left"] >= 0
    for name in ("Pause", "Step", "Reset"):
        expect(page.get_by_role("button", name=name)).to_be_in_viewport()
    # The controls leave the plot visible while one turns a slider.
    page.get_by_role("button", name="Open drawer").click()
    expect(page.get_by_role("button", name="Close drawer")).to_be_visible()
    # The sheet slides in. Material clips the input of a slider, so its place is compared.
    slider = page.get_by_role("slider", name="Kernel width σ")
    wait_until(lambda: 0 < slider.bounding_box()["y"] < 844)
    sheet = page.locator(".MuiDrawer-paper").bounding_box()
    wait_until(lambda: page.evaluate(PLOT)["bottom"] <= sheet["y"])
    plot = page.evaluate(PLOT)
    assert plot["bottom"] - max(plot["top"], 0) >= 200


def test_on_a_phone_the_time_stands_below_the_open_view(open_page):
    page = open_page(390, 844)
    wait_until(lambda: seen(page) > 20)
    page.get_by_role("tab", name="Classify").click()
    expect(page.get_by_text("Each point is predicted before it is learned")).to_be_attached()
    note = page.get_by_text("Each point is predicted before it is learned").first
    slider = page.get_by_text("Time: now").first
    wait_until(lambda: note.bounding_box() is not None)

    def is_below():
        above = note.bounding_box()
        return above["y"] + above["height"] <= slider.bounding_box()["y"]

    wait_until(is_below)


def test_on_a_low_screen_the_plot_ends_above_the_time(open_page):
    # The sentence about the link takes a line of the page.
    page = open_page(width=1280, height=720, query="?color=nothing")
    expect(page.get_by_text("color=nothing was ignored")).to_be_visible()
    time_slider = page.get_by_text("Time: now", exact=True)
    wait_until(lambda: page.evaluate(PLOT)["bottom"] <= time_slider.bounding_box()["y"] + 1)
    assert page.evaluate(PLOT)["bottom"] <= 720


def test_the_theme_is_the_systems_and_the_header_is_readable_in_both(dashboard_page):
    page = dashboard_page
    assert contrast(*page.evaluate(HEADER)) >= 4.5

    def lightness_of_text():
        return luminance(page.evaluate("getComputedStyle(document.body).color"))

    page.emulate_media(color_scheme="dark")
    wait_until(lambda: lightness_of_text() > 0.5)
    wait_until(lambda: contrast(*page.evaluate(HEADER)) >= 4.5)
    # What the user chooses on the page holds, whatever the system prefers.
    page.get_by_role("button", name="Toggle theme").click()
    wait_until(lambda: lightness_of_text() < 0.5)
    n_seen = seen(page)
    wait_until(lambda: seen(page) > n_seen)
    assert lightness_of_text() < 0.5


RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
}
FOCUSED = """() => {
    let at = document.activeElement
    while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement
    return at?.getAttribute("aria-label") ?? ""
}"""


def check(page):
    """Colours and roles follow a change of the page in a moment; then nothing is violated."""

    def find():
        found = Axe().run(page, options=RULES).response["violations"]
        return [(each["id"], [node["html"] for node in each["nodes"]]) for each in found]

    deadline = time.monotonic() + 30.0
    while (found := find()) and time.monotonic() < deadline:
        pass
    assert found == []


def test_the_page_has_no_violations_in_either_theme(dashboard_page):
    page = dashboard_page
    wait_until(lambda: seen(page) > 300)
    pause(page)
    page.get_by_text("More settings").click()
    expect(page.get_by_role("switch", name="Trails")).to_be_visible()
    check(page)
    # An entry of an open list is an option, and the list closes by the keyboard.
    page.get_by_role("combobox", name="Generator").press("Enter")
    expect(page.get_by_role("option", name="Moons")).to_be_visible()
    check(page)
    page.keyboard.press("Escape")
    expect(page.get_by_role("option", name="Moons")).to_be_hidden()
    page.emulate_media(color_scheme="dark")
    for tab in ("Groups", "Clusters", "Rows"):
        page.get_by_role("tab", name=tab).click()
        expect(page.get_by_role("tab", name=tab)).to_have_attribute("aria-selected", "true")
        check(page)
    # The help beside a control is reached by the keyboard, and read aloud.
    for _ in range(60):
        page.keyboard.press("Tab")
        if "How close to its prototype" in page.evaluate(FOCUSED):
            break
    assert "How close to its prototype" in page.evaluate(FOCUSED)
    # The tooltip of the control before may still fade out.
    expect(page.get_by_role("tooltip", name="How close to its prototype")).to_be_visible()
    # The plot in words.
    status = page.get_by_role("status", name="Live plot in words")
    expect(status).to_contain_text(re.compile(r"The stream is paused\. .*5 clusters in the plot: "))

"""The page on a small screen and in dark mode."""

import re

from playwright.sync_api import expect

from tests.support.screens import seen, wait_until

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

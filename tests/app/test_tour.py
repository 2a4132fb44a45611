"""The guided tour, used as a person uses it."""

import re

from playwright.sync_api import expect

from tests.support.screens import counter, pause, seen, slide, wait_until


def step_text(page, number):
    return page.get_by_text(f"step {number} of 6", exact=True)


def go_to_step(page, number):
    page.get_by_role("button", name="Next", exact=True).click()
    expect(step_text(page, number)).to_be_visible()


def is_in_view(page, slider):
    """Whether the thumb of a slider, the only part with an extent, is in the viewport."""
    box = slider.bounding_box()
    return box is not None and 0 < box["y"] < page.viewport_size["height"] - box["height"]


def outlined(page, role, label):
    """The style of the outline that the spotlight draws around a widget."""
    return page.get_by_role(role, name=label).evaluate(
        """element => {
            for (let each = element; each; each = each.parentNode ?? each.host)
                if (each.classList?.contains("lit")) return getComputedStyle(each).outlineStyle
            return "none"
        }"""
    )


def has_focus(page, name):
    """Whether the element with this CSS class has the focus."""
    return page.evaluate(
        """name => {
            let at = document.activeElement
            while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement
            return Boolean(at?.classList?.contains(name))
        }""",
        name,
    )


def test_the_six_steps_report_effects_and_restore_the_page(dashboard_page):
    page = dashboard_page
    wait_until(lambda: seen(page) > 300)
    slide(page, "Prototypes K", "Home")
    slide(page, "Prototypes K", "ArrowRight", 5)
    page.wait_for_url(re.compile("[?&]k=7(&|$)"))
    pause(page)
    n_before, n_found, address = seen(page), counter(page, "clusters found"), page.url
    done = page.get_by_text(re.compile("^✓ Done: "))
    show = page.get_by_role("button", name="Show me")

    page.get_by_role("button", name=re.compile("^Guided tour")).click()
    expect(step_text(page, 1)).to_be_visible()
    wait_until(lambda: has_focus(page, "tour-step-1"))
    wait_until(lambda: outlined(page, "slider", "Kernel width σ") == "solid")
    expect(page.get_by_role("switch", name="Automatic K")).to_be_checked()
    show.click()
    expect(done).to_contain_text(re.compile(r"weight of a new point is 0\.0\d, was 0\.[5-9]"))

    go_to_step(page, 2)
    expect(page.get_by_role("switch", name="Automatic σ")).to_be_checked()
    wait_until(lambda: outlined(page, "slider", "Kernel width σ") == "none")
    assert outlined(page, "slider", "Prototypes K") == "solid"
    slide(page, "Prototypes K", "Home")
    expect(done).to_contain_text("→ 2, clusters found")

    go_to_step(page, 3)
    page.get_by_role("button", name="Back", exact=True).click()
    expect(step_text(page, 2)).to_be_visible()
    go_to_step(page, 3)
    wait_until(lambda: has_focus(page, "tour-step-3"))
    slide(page, "Noise", "End")
    expect(done).to_contain_text("noise in view")
    assert page.url == address

    go_to_step(page, 4)
    page.get_by_role("switch", name="Drop singleton clusters").click()
    expect(done).to_contain_text("clusters found")

    go_to_step(page, 5)
    memory = page.get_by_role("slider", name="Memory (half-life)")
    wait_until(lambda: is_in_view(page, memory))
    expect(page.get_by_text(re.compile("^Now the clusters are"))).to_be_visible()
    slide(page, "Memory (half-life)", "Home")
    expect(done).to_contain_text("behind their newest points")
    expect(page.get_by_text("Drifting blobs")).to_be_visible()

    go_to_step(page, 6)
    expect(page.get_by_role("tab", name="Classify")).to_have_attribute("aria-selected", "true")
    expect(page.get_by_text(re.compile(r"^Now \d+% of the latest points"))).to_be_visible()
    name = re.compile("^Classifier ")
    kind = page.get_by_role("combobox", name=name)
    assert outlined(page, "combobox", name) == "solid"
    expect(kind).to_have_text("Linear")
    page.get_by_role("button", name="Back", exact=True).click()
    expect(step_text(page, 5)).to_be_visible()
    expect(page.get_by_role("tab", name="Live plot")).to_have_attribute("aria-selected", "true")
    go_to_step(page, 6)
    show.click()
    expect(kind).to_have_text("Gaussian kernel")
    expect(done).to_contain_text(re.compile(r"(9\d|100)% of the latest points .* [2-6]\d% were"))

    page.keyboard.press("Escape")
    expect(step_text(page, 6)).to_be_hidden()
    expect(page.get_by_role("tab", name="Live plot")).to_have_attribute("aria-selected", "true")
    expect(page.get_by_role("slider", name="Prototypes K")).to_have_value("7")
    page.wait_for_url(address)
    # The run at hand is back, as it was.
    wait_until(lambda: seen(page) == n_before)
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    wait_until(lambda: counter(page, "clusters found") == n_found)
    assert outlined(page, "slider", "Memory (half-life)") == "none"

    # A reload ends the tour too, and the run is back.
    page.keyboard.press("t")
    expect(step_text(page, 1)).to_be_visible()
    go_to_step(page, 2)
    show.click()
    expect(page.get_by_role("slider", name="Prototypes K")).to_have_value("3")
    page.reload()
    page.wait_for_selector("canvas")
    wait_until(lambda: seen(page) == n_before)
    expect(page.get_by_role("slider", name="Prototypes K")).to_have_value("7")
    expect(step_text(page, 2)).to_be_hidden()


TOUCH = """() => {
    const find = (root) => {
        for (const each of root.querySelectorAll("*")) {
            if (each.matches(".bk-events")) return each
            const inner = each.shadowRoot && find(each.shadowRoot)
            if (inner) return inner
        }
    }
    return getComputedStyle(find(document)).touchAction
}"""


def test_on_a_phone_the_card_contains_the_control_and_a_finger_scrolls(open_page):
    page = open_page(390, 844)
    # The points come before the open sidebar, which takes the keys, has closed.
    wait_until(lambda: page.evaluate("Bokeh.documents[0].is_idle"))
    expect(page.get_by_role("dialog")).not_to_be_visible()
    wait_until(lambda: seen(page) > 20)
    # "none" would mean that a finger moves the plot.
    wait_until(lambda: page.evaluate(TOUCH) == "pan-x pan-y")
    page.keyboard.press("t")
    expect(step_text(page, 1)).to_be_in_viewport()
    copy = page.get_by_role("slider", name="Kernel width σ")
    wait_until(lambda: is_in_view(page, copy))
    copy.press("Home")
    expect(page.get_by_text(re.compile("^✓ Done: "))).to_be_visible()
    # The focus returns to the element that had it before.
    page.get_by_role("button", name=re.compile("^End")).press("Enter")
    expect(step_text(page, 1)).to_be_hidden()
    wait_until(lambda: not has_focus(page, "tour-step-1"))

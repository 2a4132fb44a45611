"""A copied link, and the keyboard."""

import re

from playwright.sync_api import expect

from tests.app.test_tables import upload, write_blobs
from tests.support.screens import counter, pause, seen, slide, wait_until


def query_of(page):
    return page.evaluate("window.location.search").removeprefix("?")


def view_of(page):
    return page.evaluate(
        """() => {
            const plot = Bokeh.documents[0].get_model_by_name("live")
            return [plot.x_range.start, plot.x_range.end, plot.y_range.start, plot.y_range.end]
        }"""
    )


def test_a_copied_link_restores_the_settings(dashboard_page, open_page):
    page = dashboard_page
    wait_until(lambda: seen(page) > 50)
    assert query_of(page) == ""
    page.get_by_role("combobox", name="Generator").click()
    page.get_by_role("option", name="Moons", exact=True).click()
    # While points stream in, the automatic width would move the slider during the test.
    pause(page)
    slide(page, "Kernel width σ", "ArrowLeft", 2)
    slide(page, "Prototypes K", "Home")
    slide(page, "Prototypes K", "ArrowRight", 5)
    slide(page, "Noise", "ArrowRight", 5)
    page.get_by_role("switch", name="Drop singleton clusters").click()
    page.evaluate(
        """() => {
            const plot = Bokeh.documents[0].get_model_by_name("live")
            plot.x_range.setv({start: -4, end: 6})
        }"""
    )
    expected = {"generator=moons", "k=7", "noise=0.05", "singletons=off"}
    wait_until(lambda: expected < set(query_of(page).split("&")) and "view=" in query_of(page))
    sigma = re.search(r"sigma=([\d.]+)", query_of(page)).group(1)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name=re.compile("^Copy link")).click()
    wait_until(lambda: page.evaluate("navigator.clipboard.readText()") == page.url)
    other = open_page(query=f"?{query_of(page)}&utm=1")
    expect(other.get_by_role("slider", name="Prototypes K")).to_have_value("7")
    expect(other.get_by_role("slider", name="Noise")).to_have_value("0.05")
    expect(other.get_by_role("textbox", name="Kernel width σ: type")).to_have_value(sigma)
    expect(other.get_by_role("switch", name="Automatic σ")).not_to_be_checked()
    expect(other.get_by_role("switch", name="Drop singleton clusters")).not_to_be_checked()
    wait_until(lambda: seen(other) > 50)
    assert view_of(other)[:2] == [-4, 6]
    wait_until(lambda: "utm=1" in query_of(other) and expected < set(query_of(other).split("&")))
    changed = other.get_by_text("Changed: ")
    expect(changed).to_contain_text("Drop singleton clusters, Prototypes K, Noise, Kernel width σ")
    other.get_by_role("button", name=re.compile("^Defaults")).click()
    expect(other.get_by_role("switch", name="Automatic K")).to_be_checked()
    expect(other.get_by_role("switch", name="Automatic σ")).to_be_checked()
    expect(changed).not_to_be_visible()
    other.get_by_role("button", name=re.compile("^Undo")).click()
    expect(other.get_by_role("slider", name="Prototypes K")).to_have_value("7")
    wait_until(lambda: expected < set(query_of(other).split("&")))


def test_a_forged_link_gives_a_message_and_the_page_works(open_page):
    page = open_page(
        query="?seed=-7&k=1e99&noise=<img src=x onerror=window.__xss=1>&view=nan,1,2&x=nowhere"
        "&generator=__import__&speed=inf&window=12&source=elsewhere"
    )
    message = page.get_by_role("status").filter(has_text="From the link")
    expect(message).to_be_visible()
    for complaint in ("seed=-7 became 0", "k=1e99 became 1000", "generator=__import__ was ignored"):
        expect(message).to_contain_text(complaint)
    for key in ("noise=<img", "view=nan,1,2", "x=nowhere", "source=elsewhere"):
        expect(message).to_contain_text(key)
    assert page.evaluate("window.__xss") is None
    wait_until(lambda: seen(page) > 5_000)
    slide(page, "Prototypes K", "ArrowLeft")
    expect(message).not_to_be_visible()


def test_the_link_of_an_uploaded_table_asks_for_the_file(open_page, tmp_path):
    page = open_page()
    write_blobs(tmp_path / "blobs.csv")
    upload(page, tmp_path / "blobs.csv")
    wait_until(lambda: query_of(page) == "source=upload")
    other = open_page(query=f"?{query_of(page)}")
    expect(other.get_by_text("choose the file again")).to_be_visible()
    other.locator('input[type="file"]').set_input_files(str(tmp_path / "blobs.csv"))
    wait_until(lambda: seen(other) == 300)


def test_keys_control_the_stream_unless_the_user_types(dashboard_page):
    page = dashboard_page
    wait_until(lambda: seen(page) > 50)
    page.keyboard.press("Space")
    wait_until(lambda: counter(page, "points per second") == "paused")
    n_seen = seen(page)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    wait_until(lambda: seen(page) == n_seen + 2)
    # A slider takes the arrow keys only; a text field takes every key.
    slide(page, "Noise", "ArrowRight")
    expect(page.get_by_role("slider", name="Noise")).to_have_value("0.01")
    help_text = page.get_by_role("dialog")
    page.keyboard.press("?")
    expect(help_text).to_be_visible()
    page.keyboard.press("?")
    expect(help_text).not_to_be_visible()
    page.get_by_text("More settings").click()
    page.get_by_role("textbox", name="Seed").focus()
    for key in ("r", "Space", "?", "ArrowRight"):
        page.keyboard.press(key)
    # Space on a button presses the button once and does nothing else.
    page.get_by_role("button", name="Step").focus()
    page.keyboard.press("Space")
    wait_until(lambda: seen(page) == n_seen + 3)
    page.keyboard.press("Alt+r")
    page.keyboard.press("?")
    expect(help_text).to_contain_text("play or pause")
    page.keyboard.press("r")
    page.keyboard.press("?")
    expect(help_text).not_to_be_visible()
    assert seen(page) == n_seen + 3
    page.keyboard.press("R")
    wait_until(lambda: seen(page) == 0)
    page.keyboard.press("Space")
    wait_until(lambda: seen(page) > 20)
    page.get_by_role("button", name=re.compile("^Help")).click()
    expect(help_text).to_be_visible()
    page.keyboard.press("Escape")
    expect(help_text).not_to_be_visible()
    pause(page)


def test_a_link_restores_the_table_the_axes_and_the_tab(open_page):
    page = open_page(
        query="?source=table&table=Iris+flowers&x=petal+length+(cm)&tab=Clusters&speed=1000"
    )
    wait_until(lambda: seen(page) == 150)
    expect(page.get_by_role("combobox", name="Or choose a table")).to_have_text("Iris flowers")
    expect(page.get_by_role("combobox", name="x axis")).to_have_text("petal length (cm)")
    expect(page.get_by_role("tab", name="Clusters")).to_have_attribute("aria-selected", "true")
    kept = {"source=table", "table=Iris+flowers", "tab=Clusters", "x=petal+length+%28cm%29"}
    wait_until(lambda: kept < set(query_of(page).split("&")))
    page.get_by_role("tab", name="Stream graph").click()
    wait_until(lambda: "tab=Stream+graph" in query_of(page))
    expect(page.get_by_role("status").filter(has_text="ignored")).to_have_count(0)


def test_a_link_with_a_former_title_opens_the_tab(open_page):
    page = open_page(query="?tab=River")
    selected = page.get_by_role("tab", name="Stream graph")
    expect(selected).to_have_attribute("aria-selected", "true")
    wait_until(lambda: "tab=Stream+graph" in query_of(page))
    expect(page.get_by_role("status").filter(has_text="ignored")).to_have_count(0)

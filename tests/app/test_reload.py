"""A reloaded page restores its run; a copied link begins a new run; hidden tabs get no data."""

from playwright.sync_api import expect

from tests.app.test_tables import upload, write_blobs
from tests.support.screens import counter, data_of, pause, seen, slide, wait_until

HIDE = """() => {
    window.shown = window.requestAnimationFrame
    window.requestAnimationFrame = () => 0
}"""
SENT = "() => Bokeh.documents[0].get_model_by_name('live').tags[0].sent"


def test_a_reload_restores_the_run(dashboard_page, open_page):
    page = dashboard_page
    slide(page, "Prototypes K", "Home")
    slide(page, "Prototypes K", "ArrowRight", 4)
    wait_until(lambda: seen(page) > 300)
    page.reload()
    page.wait_for_selector("canvas")
    wait_until(lambda: seen(page) > 300)
    expect(page.get_by_role("slider", name="Prototypes K")).to_have_value("6")
    expect(page.get_by_role("switch", name="Automatic K")).not_to_be_checked()
    expect(page.get_by_role("switch", name="Automatic σ")).to_be_checked()
    # The restored run plays, or is paused if it was paused before.
    start = seen(page)
    wait_until(lambda: seen(page) > start)
    pause(page)
    n_seen = seen(page)
    page.reload()
    page.wait_for_selector("canvas")
    wait_until(lambda: seen(page) == n_seen)
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    assert counter(page, "points per second") == "paused"
    # A page that has only the link begins a new run.
    other = open_page(query=page.evaluate("location.search"))
    wait_until(lambda: seen(other) > 0)
    assert seen(other) != n_seen
    expect(other.get_by_role("slider", name="Prototypes K")).to_have_value("6")


def clusters_found(page):
    return int(counter(page, "clusters found"))


def choose(page, *places):
    """Choose clusters by their places in the list."""
    boxes = page.get_by_role("checkbox")
    for place in places:
        boxes.nth(place).click()
        expect(boxes.nth(place)).to_be_checked()


def test_a_reload_keeps_the_decisions_about_clusters(dashboard_page):
    page = dashboard_page
    wait_until(lambda: seen(page) > 1_500)
    pause(page)
    page.get_by_role("tab", name="Groups").click()
    expect(page.get_by_text("One fewer:")).to_be_visible()
    n_clusters = clusters_found(page)
    undo = page.get_by_role("button", name="Undo")
    expect(undo).to_be_disabled()
    choose(page, 0, 1)
    page.get_by_role("button", name="Merge these").click()
    wait_until(lambda: clusters_found(page) == n_clusters - 1)
    merged = page.get_by_text("By hand: merged cluster")
    expect(merged).to_be_visible()
    expect(page.get_by_role("textbox", name="Name of cluster")).to_have_count(n_clusters - 1)
    undo.click()
    wait_until(lambda: clusters_found(page) == n_clusters)
    expect(merged).not_to_be_visible()
    choose(page, 1)
    page.get_by_role("button", name="Split this one").click()
    wait_until(lambda: clusters_found(page) == n_clusters + 1)
    # The decision lasts while the stream goes on, and after a reload.
    n_seen = seen(page)
    page.get_by_role("button", name="Play").click()
    wait_until(lambda: seen(page) > n_seen + 300)
    pause(page)
    assert clusters_found(page) == n_clusters + 1
    page.reload()
    page.wait_for_selector("canvas")
    wait_until(lambda: seen(page) > n_seen + 300)
    assert clusters_found(page) == n_clusters + 1
    page.get_by_role("tab", name="Groups").click()
    expect(page.get_by_text("By hand: split cluster")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    wait_until(lambda: clusters_found(page) == n_clusters)


def test_an_uploaded_table_is_restored_with_its_columns(dashboard_page, tmp_path):
    page = dashboard_page
    write_blobs(tmp_path / "blobs.csv")
    upload(page, tmp_path / "blobs.csv")
    wait_until(lambda: seen(page) == 300)
    page.get_by_role("checkbox", name="height").click()
    # The points of one feature; until then the page shows the points of both.
    wait_until(lambda: not any(data_of(page, "prototypes")["y"]))
    wait_until(lambda: seen(page) == 300 and counter(page, "points per second") == "paused")
    page.reload()
    page.wait_for_selector("canvas")
    wait_until(lambda: seen(page) == 300)
    expect(page.get_by_role("checkbox", name="width")).to_be_checked()
    expect(page.get_by_role("checkbox", name="height")).not_to_be_checked()
    # The plot belongs to the table, not to the stream with which a new page begins.
    label = "Bokeh.documents[0].get_model_by_name('live').below[0].axis_label"
    wait_until(lambda: page.evaluate(label) == "width")
    assert len(data_of(page, "points")["x"]) == 300
    expect(page.get_by_text("A link does not contain the table")).not_to_be_visible()
    page.get_by_role("button", name="Reset").click()
    page.get_by_role("button", name="Play").click()
    wait_until(lambda: seen(page) == 300)


def test_a_hidden_tab_gets_no_data_while_the_stream_continues(dashboard_page):
    page = dashboard_page
    wait_until(lambda: seen(page) > 100)
    # A hidden tab has no animation frames.
    page.evaluate(HIDE)
    page.wait_for_timeout(500)
    shown, sent = seen(page), page.evaluate(SENT)
    page.wait_for_timeout(1500)
    assert page.evaluate(SENT) == sent
    page.evaluate(
        """() => {
            window.requestAnimationFrame = window.shown
            const beat = Bokeh.documents[0].get_model_by_name("live").tags[0]
            beat.painted = beat.sent
        }"""
    )
    wait_until(lambda: seen(page) > shown + 200)

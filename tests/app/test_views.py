"""The views of the recording, in a browser."""

import re

import numpy as np
from playwright.sync_api import expect

from tests.support.screens import counter, data_of, pause, seen, slide, wait_until


def rows_of(page, name):
    """How many rows a data source has in the browser; None if there is no such source."""
    return page.evaluate(
        """name => {
            const source = Bokeh.documents[0].get_model_by_name(name)
            return source && Object.values(source.data)[0].length
        }""",
        name,
    )


def has_rows(page, name, n_at_least=1):
    return (rows_of(page, name) or 0) >= n_at_least


PLACES = """() => {
    const find = (root, selector) => {
        for (const each of root.querySelectorAll("*")) {
            if (each.matches(selector)) return each
            const inner = each.shadowRoot && find(each.shadowRoot, selector)
            if (inner) return inner
        }
    }
    const [plot, view] = [".plot", ".views"].map((selector) => {
        const {left, right, top, bottom} = find(document, selector).getBoundingClientRect()
        return {left, right, top, bottom}
    })
    return [plot, view]
}"""


def is_beside(page):
    """Whether the view stands to the right of the plot, both on the screen."""
    plot, view = page.evaluate(PLACES)
    size = page.viewport_size
    is_seen = view["right"] <= size["width"] and view["top"] + 100 < size["height"]
    return is_seen and plot["right"] - plot["left"] > 300 and plot["right"] <= view["left"]


def test_each_view_is_built_and_drawn_when_its_tab_is_opened(open_page):
    page = open_page(1280, 720)
    wait_until(lambda: seen(page) > 600)
    assert not is_beside(page)
    names = {
        "Stream graph": "stream graph",
        "History": "history clusters",
        "Dendrogram": "dendrogram",
    }
    names["Drift"] = "drift"
    for tab, name in names.items():
        assert rows_of(page, name) is None
        page.get_by_role("tab", name=tab).click()
        wait_until(lambda name=name: has_rows(page, name))
        wait_until(lambda: page.locator("canvas").count() > 1)
        wait_until(lambda: is_beside(page))
    n_drifts = len(data_of(page, "history clusters")["x"])
    slide(page, "Noise", "ArrowRight", 3)
    page.get_by_role("tab", name="History").click()
    wait_until(lambda: has_rows(page, "history clusters changes"))
    wait_until(lambda: has_rows(page, "history clusters", n_drifts + 1))
    texts = page.evaluate(
        "Bokeh.documents[0].get_model_by_name('history clusters changes').data.text"
    )
    assert texts[0].startswith("noise: 0 → 0.0")


CUT = """() => {
    const plot = Bokeh.documents[0].get_model_by_name("dendrogram plot")
    const line = Bokeh.documents[0].get_model_by_name("dendrogram cut")
    const view = Bokeh.index.find_one(plot)
    const box = view.el.getBoundingClientRect()
    const {x_scale, y_scale} = view.frame
    const {start, end} = plot.x_range
    return {
        x: box.left + view.frame.x_scale.compute((start + end) / 2),
        y: box.top + y_scale.compute(line.location),
        bottom: box.top + y_scale.compute(plot.y_range.start),
        location: line.location,
    }
}"""


def test_the_bar_of_the_dendrogram_is_dragged_and_chooses_clusters(dashboard_page):
    page = dashboard_page
    wait_until(lambda: seen(page) > 1_500)
    pause(page)
    n_clusters = int(counter(page, "clusters found"))
    page.get_by_role("tab", name="Dendrogram").click()
    use = page.get_by_role("button", name="Use these clusters")
    expect(use).to_be_disabled()
    wait_until(lambda: page.locator("canvas").count() > 1)
    page.wait_for_timeout(500)
    before = page.evaluate(CUT)
    page.mouse.move(before["x"], before["y"])
    page.mouse.down()
    page.mouse.move(before["x"], before["bottom"] - 2, steps=8)
    page.mouse.up()
    assert page.evaluate(CUT)["location"] < before["location"]
    expect(page.get_by_text(f"there are {n_clusters} now")).to_be_visible()
    expect(use).to_be_enabled()
    length = float(page.get_by_role("slider", name="Length of the bar").input_value())
    expect(page.get_by_text(f"A bar of {length:.2f} gives")).to_be_visible()
    given = page.get_by_text("A bar of").inner_text().split("gives ")[1].split(" cluster")[0]
    use.click()
    expect(page.get_by_text("By hand: cut the dendrogram at")).to_be_visible()
    wait_until(lambda: counter(page, "clusters found") == given)
    page.get_by_role("button", name="Undo").click()
    wait_until(lambda: counter(page, "clusters found") == str(n_clusters))


def test_a_selected_cluster_is_highlighted_and_trails_can_be_drawn(dashboard_page):
    page = dashboard_page
    wait_until(lambda: seen(page) > 600)
    pause(page)
    page.get_by_role("tab", name="Clusters").click()
    row = page.get_by_role("row").nth(1)
    wait_until(lambda: page.get_by_role("row").count() == int(counter(page, "clusters found")) + 1)

    def alpha_of(cluster):
        return page.evaluate(
            """cluster => {
                const plot = Bokeh.documents[0].get_model_by_name('live')
                const glyphs = plot.renderers.map((renderer) => renderer.glyph)
                const scatter = glyphs.filter((glyph) => glyph.type === 'Scatter')[0]
                const {transform, value} = scatter.fill_alpha
                return transform ? transform.compute(cluster) : value
            }""",
            cluster,
        )

    cluster = int(row.get_by_role("cell").first.inner_text())
    assert alpha_of(cluster) == alpha_of(cluster + 1) > 0.5
    row.click()
    expect(row).to_have_attribute("aria-selected", "true")
    wait_until(lambda: alpha_of(cluster + 1) < 0.1)
    assert alpha_of(cluster - 1) < 0.1
    assert alpha_of(cluster) > 0.5
    row.press("Enter")
    wait_until(lambda: alpha_of(cluster + 1) > 0.5)
    row.press("Enter")
    wait_until(lambda: alpha_of(cluster + 1) < 0.1)
    page.keyboard.press("r")
    wait_until(lambda: alpha_of(cluster + 1) > 0.5)
    expect(page.locator("tr[aria-selected=true]")).to_have_count(0)
    page.get_by_text("More settings").click()
    page.get_by_role("switch", name="Trails").click()
    wait_until(lambda: rows_of(page, "trails") == rows_of(page, "prototypes"))
    ends = page.evaluate(
        "Bokeh.documents[0].get_model_by_name('trails').data.xs.map((xs) => xs[xs.length - 1])"
    )
    assert np.allclose(ends, data_of(page, "prototypes")["x"], atol=1e-4)


def test_a_user_reads_the_cards_and_names_a_cluster(dashboard_page):
    page = dashboard_page
    wait_until(lambda: seen(page) > 600)
    pause(page)
    page.get_by_role("tab", name="Groups").click()
    n_clusters = int(counter(page, "clusters found"))
    names = page.get_by_role("textbox", name="Name of cluster")
    expect(names).to_have_count(n_clusters)
    expect(page.get_by_text("Certainty: ", exact=False).first).to_be_visible()
    expect(page.get_by_text("of the others", exact=False).first).to_be_visible()
    # The live figure has one canvas or more, and each card has one.
    wait_until(lambda: page.locator("canvas").count() > n_clusters)
    label = names.first.evaluate("input => input.labels[0].textContent")
    cluster = label.removeprefix("Name of cluster ").strip()
    assert cluster in data_of(page, "cluster labels")["text"]
    names.first.fill("<b>young</b>")
    names.first.press("Enter")
    wait_until(lambda: "<b>young</b>" in data_of(page, "cluster labels")["text"])
    expect(names.first).to_have_value("<b>young</b>")
    page.get_by_role("tab", name="Clusters").click()
    expect(page.get_by_role("cell", name=f"{cluster} <b>young</b>")).to_be_visible()


def test_the_user_goes_back_in_time_and_continues_from_there(dashboard_page):
    page = dashboard_page
    wait_until(lambda: seen(page) > 900)
    live = data_of(page, "prototypes")["x"]
    time_slider = page.get_by_role("slider", name="Time")
    time_slider.focus()
    expect(page.get_by_role("button", name="Live")).to_have_count(0)
    time_slider.press("Home")
    sentence = page.get_by_text("You see the run as it was after")
    expect(sentence).to_be_visible()
    wait_until(lambda: seen(page) < 300)
    # A prototype far outside may not have moved.
    wait_until(lambda: np.isin(data_of(page, "prototypes")["x"], live).mean() < 0.5)
    for _ in range(3):
        time_slider.press("ArrowRight")
    page.get_by_role("button", name="Live").click()
    expect(sentence).not_to_be_visible()
    wait_until(lambda: seen(page) > 900)

    time_slider.focus()
    time_slider.press("Home")
    wait_until(lambda: seen(page) < 300)
    slide(page, "Kernel width σ", "Home")
    page.get_by_role("button", name="Play from here").click()
    expect(sentence).not_to_be_visible()
    wait_until(lambda: 300 < seen(page) < 900)
    page.get_by_role("tab", name="History").click()
    expect(page.get_by_text("the run before it had")).to_be_visible()
    wait_until(lambda: has_rows(page, "history clusters previous", 6))
    assert (
        data_of(page, "history clusters previous")["x"].max()
        > data_of(page, "history clusters")["x"].max()
    )


def test_a_baseline_learns_beside_ours_while_the_tab_is_open(dashboard_page):
    page = dashboard_page
    page.get_by_role("tab", name="Compare").click()
    wait_until(lambda: has_rows(page, "comparison ours", 301))
    row = page.get_by_role("row", name="agreement with the truth")
    expect(row).to_contain_text("1.00")
    expect(page.get_by_role("combobox", name="Baseline")).to_have_text("MiniBatchKMeans")
    n_clusters = page.get_by_role("slider", name="Clusters of the baseline")
    for _ in range(3):
        n_clusters.press("ArrowLeft")
    both = page.get_by_role("row").filter(has_text="clusters").last
    expect(both).to_contain_text("52")
    # One range for both.
    ranges = page.evaluate(
        """() => ['ours', 'baseline'].map((name) =>
            Bokeh.documents[0].get_model_by_name(`comparison ${name} plot`).x_range.id)"""
    )
    assert ranges[0] == ranges[1]
    page.get_by_role("combobox", name="Baseline").click()
    page.get_by_role("option", name="This clusterer, other settings").click()
    expect(n_clusters).not_to_be_visible()
    expect(page.get_by_role("slider", name="Prototypes of the baseline")).to_be_visible()


def test_a_sweep_shows_other_settings_and_a_click_takes_one(dashboard_page):
    page = dashboard_page
    wait_until(lambda: seen(page) > 500)
    pause(page)
    page.get_by_role("tab", name="Sweep").click()
    page.get_by_role("button", name="Sweep").click()
    wait_until(lambda: rows_of(page, "sweep cells") == 20)
    expect(page.get_by_role("button", name="Sweep")).to_be_enabled()
    # The page's own is left.
    expect(page.get_by_role("progressbar")).to_have_count(1)
    plot = page.locator(".bk-Figure").last
    plot.scroll_into_view_if_needed()
    place = page.evaluate(
        """() => {
            const view = Bokeh.index.find_one_by_id(
                Bokeh.documents[0].get_model_by_name('sweep plot').id)
            const frame = view.frame.bbox
            return [view.frame.x_scale.compute(4.5), view.frame.y_scale.compute(1.5)]
        }"""
    )
    box = plot.bounding_box()
    page.mouse.click(box["x"] + place[0], box["y"] + place[1])
    expect(page.get_by_text("Taken: σ =")).to_be_visible()
    expect(page.get_by_role("slider", name="Prototypes K")).to_have_value("20")
    expect(page.get_by_role("switch", name="Automatic σ")).not_to_be_checked()
    # The same by the keyboard.
    expect(page.get_by_text("Take: σ =")).to_contain_text("K = 20")
    slide(page, "Take", "Home")
    slide(page, "Take", "ArrowRight")
    expect(page.get_by_role("slider", name="Prototypes K")).to_have_value("10")
    # Of another stream it would be of no use.
    page.get_by_role("combobox", name="Generator").press("Enter")
    page.get_by_role("option", name="Moons", exact=True).press("Enter")
    expect(page.get_by_text("The sweep was of another stream. Press Sweep")).to_be_visible()
    wait_until(lambda: rows_of(page, "sweep cells") == 0)
    pause(page)
    page.get_by_role("button", name="Reset").click()
    wait_until(lambda: seen(page) == 0)
    page.get_by_role("button", name="Sweep").click()
    expect(page.get_by_text("There are no points to learn yet")).to_be_visible()


def n_tested(page):
    row = page.get_by_role("row").filter(has_text="points tested")
    return int(row.get_by_role("cell").nth(1).inner_text().replace(",", ""))


def rows_in(page, name):
    """How many rows a layer of the view Classify has in the browser."""
    return rows_of(page, f"classify {name}") or 0


def test_a_classifier_learns_while_its_tab_is_open_and_survives_a_reload(dashboard_page):
    page = dashboard_page
    wait_until(lambda: seen(page) > 100)
    assert data_of(page, "classify points") == {}
    page.get_by_role("tab", name="Classify").click()
    wait_until(lambda: rows_in(page, "points") > 100)
    wait_until(lambda: rows_in(page, "vectors") > 5)
    wait_until(lambda: rows_in(page, "border") > 20)
    expect(page.get_by_text("taught by the classes of the stream")).to_be_visible()
    wait_until(lambda: len(data_of(page, "classify accuracy").get("seen", [])) > 2)
    assert data_of(page, "classify kappa")["score"].max() <= 1.0
    # A change of the kind begins a new classifier, which is told in the link.
    page.get_by_role("combobox", name=re.compile("^Classifier")).click()
    page.get_by_role("option", name="Linear").click()
    expect(page.get_by_text("A linear classifier")).to_be_visible()
    expect(page.get_by_role("slider", name="Budget of support vectors")).not_to_be_visible()
    wait_until(lambda: rows_in(page, "vectors") == 0)
    page.get_by_role("combobox", name=re.compile("^Peer")).click()
    page.get_by_role("option", name="SGDClassifier").click()
    expect(page.get_by_role("columnheader", name="SGDClassifier")).to_be_visible()
    for setting in ("classifier=linear", "tab=Classify", "peer="):
        wait_until(lambda setting=setting: setting in page.evaluate("location.search"))
    wait_until(lambda: n_tested(page) > 100)
    pause(page)
    before = n_tested(page)
    page.reload()
    page.wait_for_selector("canvas")
    expect(page.get_by_text("A linear classifier")).to_be_visible()
    # The paused run tests no further points, so a new classifier would have none.
    wait_until(lambda: n_tested(page) >= before)

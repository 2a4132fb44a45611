"""The rows behind the points: at the pointer, in a region, with a text; colours by a column."""

import re

import numpy as np
import pandas as pd
from playwright.sync_api import expect

from tests.app.test_tables import upload, write_blobs
from tests.support.screens import counter, data_of, pause, seen, wait_until

AT = """([x, y]) => {
    const view = Bokeh.index.find_one(Bokeh.documents[0].get_model_by_name("live"))
    const {left, top} = view.el.getBoundingClientRect()
    return [left + view.frame.x_scale.compute(x), top + view.frame.y_scale.compute(y)]
}"""
TIP = """() => {
    const tip = Bokeh.documents[0].get_model_by_name("live")._tip
    return tip && !tip.hidden ? tip.innerText : ""
}"""
SELECT_BOX = """() => {
    const view = Bokeh.index.find_one(Bokeh.documents[0].get_model_by_name("live"))
    const tools = view.model.toolbar.tools
    tools.find((tool) => tool.type == "BoxSelectTool").active = true
}"""


def write_customers(path, n=300):
    """Three groups, each in another city, with a note that is no feature."""
    write_blobs(path, n)
    frame = pd.read_csv(path)
    frame["city"] = frame["label"].map({0: "Bern", 1: "Lugano", 2: "<b>Uri</b>"})
    frame.drop(columns="label").to_csv(path, index=False)
    return frame


def list_rows(page):
    return page.get_by_role("region", name="Rows", exact=True).locator("tbody tr")


def count_rows(page):
    return list_rows(page).count()


def test_the_row_of_the_point_at_the_pointer_is_shown(dashboard_page, tmp_path):
    page = dashboard_page
    frame = write_customers(tmp_path / "customers.csv")
    upload(page, tmp_path / "customers.csv")
    wait_until(lambda: seen(page) == 300 and len(data_of(page, "points")["x"]) == 300)
    # The point that lies outermost has no neighbour at the pointer.
    place = frame["height"].idxmax()
    row = frame.loc[place]
    page.mouse.move(*page.evaluate(AT, [row["width"], row["height"]]))
    wait_until(lambda: f"row {place + 1}" in page.evaluate(TIP))
    text = page.evaluate(TIP)
    assert re.search(r"cluster \d", text)
    assert f"height {row['height']}" in text
    assert "city <b>Uri</b>" in text
    page.mouse.move(5, 5)
    wait_until(lambda: page.evaluate(TIP) == "")


def test_rows_of_a_region_of_a_cluster_and_with_a_text_are_listed_and_saved(
    dashboard_page, tmp_path
):
    page = dashboard_page
    frame = write_customers(tmp_path / "customers.csv")
    upload(page, tmp_path / "customers.csv")
    wait_until(lambda: seen(page) == 300 and len(data_of(page, "points")["x"]) == 300)
    page.evaluate(SELECT_BOX)
    (left, top), (right, bottom) = (page.evaluate(AT, place) for place in ([-1, 10], [5, -1]))
    page.mouse.move(left, top)
    page.mouse.down()
    page.mouse.move((left + right) / 2, (top + bottom) / 2)
    page.mouse.move(right, bottom)
    page.mouse.up()
    # The tab opens by itself.
    expect(page.get_by_role("tab", name="Rows")).to_have_attribute("aria-selected", "true")
    is_inside = frame["width"].between(-1, 5) & frame["height"].between(-1, 10)
    summary = page.get_by_role("status").filter(has_text=" rows")
    n_inside = int(is_inside.sum())
    expect(summary).to_contain_text(f"1 to 50 of {n_inside} rows in the region, of 300 points.")
    assert count_rows(page) == 50
    page.get_by_role("button", name="Next: ").click()
    expect(summary).to_contain_text(f"51 to 100 of {n_inside} rows")

    page.get_by_label("Search").fill("bern")
    page.get_by_label("Search").press("Enter")
    in_bern = frame[is_inside & (frame["city"] == "Bern")]
    expect(summary).to_contain_text(f"1 to 50 of {len(in_bern)} rows")
    expect(list_rows(page).first).to_contain_text("Bern")
    page.get_by_role("button", name="Whole plot").click()
    n_bern = int((frame["city"] == "Bern").sum())
    expect(summary).to_contain_text(f"1 to 50 of {n_bern} rows, of 300 points.")
    with page.expect_download() as started:
        page.get_by_role("button", name="These rows").click()
    started.value.save_as(tmp_path / "rows.csv")
    saved = pd.read_csv(tmp_path / "rows.csv")
    assert set(saved["city"]) == {"Bern"}
    assert saved["row"].tolist() == (frame.index[frame["city"] == "Bern"] + 1).tolist()

    # A cluster is isolated in the table and in the plot.
    page.get_by_label("Search").fill("")
    page.get_by_label("Search").press("Enter")
    expect(summary).to_contain_text("1 to 50 of 300 rows")
    page.get_by_role("combobox", name="Cluster", exact=True).press("Enter")
    page.get_by_role("option").nth(1).click()
    expect(summary).to_contain_text("1 to 50 of 100 rows, of 300 points.")


def test_points_of_a_generator_are_listed_while_they_stream(dashboard_page):
    page = dashboard_page
    page.get_by_role("tab", name="Rows").click()
    wait_until(lambda: count_rows(page) == 50)
    expect(page.locator("thead")).to_contain_text("Point")
    wait_until(lambda: seen(page) > 300)
    pause(page)
    summary = page.get_by_role("status").filter(has_text=" rows")
    expect(summary).to_contain_text(f"of {min(seen(page), 2000):,} rows.")


LEGEND = """() => {
    const {visible, title, items} = Bokeh.documents[0].get_model_by_name("color legend")
    const texts = items.filter((item) => item.visible).map(({label}) => label.value ?? label)
    return visible ? [title, ...texts] : []
}"""


def color_by(page, title):
    page.get_by_role("combobox", name="Colour by").press("Enter")
    page.get_by_role("option", name=title, exact=True).press("Enter")


def test_points_and_cards_show_a_column_of_text_and_a_reload_keeps_it(dashboard_page, tmp_path):
    page = dashboard_page
    frame = write_customers(tmp_path / "customers.csv")
    upload(page, tmp_path / "customers.csv")
    wait_until(lambda: seen(page) == 300 and len(data_of(page, "points")["x"]) == 300)
    assert page.evaluate(LEGEND) == []
    color_by(page, "city")
    names = ["Bern", "Lugano", "<b>Uri</b>"]
    wait_until(lambda: page.evaluate(LEGEND)[0:1] == ["Colour: city"])
    wait_until(lambda: set(names) <= set(page.evaluate(LEGEND)))
    # The last rows are grey until they are read.
    wait_until(lambda: (data_of(page, "points")["color"] >= 0).all())
    shown = [name for name in page.evaluate(LEGEND) if name in names]
    colors = data_of(page, "points")["color"]
    assert [shown[int(color)] for color in colors] == frame["city"].tolist()
    page.get_by_role("tab", name="Groups").click()
    for name in names:
        expect(page.get_by_text(f"city: 100 % {name}, of the others 0 %")).to_be_visible()
    wait_until(lambda: "color=city" in page.evaluate("location.search"))
    page.reload()
    page.wait_for_selector("canvas")
    wait_until(lambda: set(names) <= set(page.evaluate(LEGEND)))
    expect(page.get_by_role("combobox", name="Colour by")).to_have_text("city")


def test_classes_scores_and_times_are_shown_now_in_the_past_and_in_a_presentation(open_page):
    page = open_page(query="?color=class&noise=0.1&unknown=1")
    wait_until(lambda: seen(page) > 600)
    assert {"Colour: class", "class 0", "others or none"} <= set(page.evaluate(LEGEND))
    # A class is a number up to the number of classes; clusters keep their own colours.
    assert set(data_of(page, "points")["color"].tolist()) <= {-1, 0, 1, 2, 3, 4}
    color_by(page, "score (log density)")
    wait_until(lambda: page.evaluate(LEGEND)[0:1] == ["Colour: score (log density)"])
    wait_until(lambda: len(set(data_of(page, "points")["color"].tolist())) > 10)
    page.get_by_role("slider", name="Time").focus()
    for _ in range(60):
        page.keyboard.press("ArrowLeft")
    expect(page.get_by_text("You see the run as it was")).to_be_visible()
    wait_until(lambda: len(data_of(page, "points")["x"]) <= 500)
    wait_until(lambda: len(set(data_of(page, "points")["color"].tolist())) > 10)
    color_by(page, "class")
    wait_until(lambda: "class 0" in page.evaluate(LEGEND))
    color_by(page, "time of arrival")
    wait_until(lambda: {"oldest", "newest"} <= set(page.evaluate(LEGEND)))
    colors = data_of(page, "points")["color"]
    assert (np.diff(colors) >= 0).all()
    page.get_by_role("button", name=re.compile("^Presentation")).click()
    expect(page.get_by_role("combobox", name="Colour by")).not_to_be_visible()
    assert "newest" in page.evaluate(LEGEND)
    assert int(counter(page, "clusters found")) > 0

"""A table that the user uploads on the page."""

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.datasets.customers import draw_customers, write_customers
from tests.support.screens import counter, data_of, seen, wait_until
from tests.support.servers import serve_app, start_app


def upload(page, path):
    page.get_by_role("button", name="My table").click()
    page.locator('input[type="file"]').set_input_files(str(path))


def write_blobs(path, n=300, seed=0):
    random = np.random.default_rng(seed)
    classes = np.arange(n) % 3
    points = np.array([[0, 0], [10, 0], [5, 9]])[classes] + 0.6 * random.normal(size=(n, 2))
    rows = [f"{x:.4f},{y:.4f},{c}" for (x, y), c in zip(points, classes, strict=True)]
    path.write_text("\n".join(["width,height,label", *rows]) + "\n")
    return points


def test_a_table_streams_and_clusters(dashboard_page, tmp_path):
    page = dashboard_page
    points = write_blobs(tmp_path / "blobs.csv")
    upload(page, tmp_path / "blobs.csv")
    wait_until(lambda: seen(page) == 300 and len(data_of(page, "points")["x"]) == 300)
    shown = data_of(page, "points")
    # The plot keeps the units and the order of the table; the model learns scaled values.
    assert np.allclose(shown["x"], np.round(points[:, 0], 4), atol=1e-4)
    assert counter(page, "clusters found") == "3"
    expect(page.get_by_text("The stream has ended: all 300 points are learned.")).to_be_visible()
    expect(page.get_by_role("checkbox", name="width")).to_be_checked()
    expect(page.get_by_role("checkbox", name="label")).not_to_be_checked()


def test_columns_are_chosen(dashboard_page, tmp_path):
    page = dashboard_page
    write_blobs(tmp_path / "blobs.csv")
    upload(page, tmp_path / "blobs.csv")
    wait_until(lambda: seen(page) == 300)
    page.get_by_role("checkbox", name="height").click()
    wait_until(lambda: len(data_of(page, "points")["y"]) == 300)
    wait_until(lambda: not data_of(page, "points")["y"].any())
    page.get_by_role("checkbox", name="width").click()
    expect(page.get_by_text("Choose at least one column")).to_be_visible()


def test_a_file_without_a_table_is_reported_and_the_next_file_loads(dashboard_page, tmp_path):
    page = dashboard_page
    (tmp_path / "picture.csv").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(2000))
    upload(page, tmp_path / "picture.csv")
    alert = page.get_by_role("alert").filter(has_text="picture.csv")
    expect(alert).to_be_visible()
    write_blobs(tmp_path / "blobs.csv")
    page.locator('input[type="file"]').set_input_files(str(tmp_path / "blobs.csv"))
    wait_until(lambda: counter(page, "clusters found") == "3" and seen(page) == 300)


def test_text_from_a_table_is_shown_as_text(dashboard_page, tmp_path):
    page = dashboard_page
    payload = "<img src=x onerror=window.__xss=1>"
    rows = "\n".join(f"{i % 7},{i % 5}" for i in range(50))
    (tmp_path / "evil.csv").write_text(f'"{payload}","b{{{{7*7}}}}"\n{rows}\n')
    upload(page, tmp_path / "evil.csv")
    wait_until(lambda: seen(page) == 50)
    assert page.evaluate("window.__xss") is None
    expect(page.get_by_role("checkbox", name=payload)).to_be_visible()


@pytest.mark.parametrize(
    ("name", "n_rows", "n_features"),
    [("sklearn_iris.csv", 150, 4), ("souza_keystroke.csv", 1600, 10)],
)
def test_real_tables_stream_and_cluster(dashboard_page, shared, name, n_rows, n_features):
    page = dashboard_page
    upload(page, shared / "data" / name)
    wait_until(lambda: seen(page) == n_rows)
    assert int(counter(page, "clusters found")) >= 1
    expect(page.get_by_role("combobox", name="x axis")).to_be_visible()
    for i in range(n_features):
        expect(page.get_by_role("checkbox", name=f"x{i + 1}", exact=True)).to_be_checked()


def test_the_first_screen_shows_a_table_named_at_the_start(browser, tmp_path):
    write_blobs(tmp_path / "blobs.csv")
    with serve_app(DATA=str(tmp_path / "blobs.csv")) as address:
        page = browser.new_page()
        page.goto(address)
        page.wait_for_selector("canvas")
        wait_until(lambda: seen(page) == 300)
        assert counter(page, "clusters found") == "3"
        page.close()


def test_a_missing_table_is_reported_at_the_start(tmp_path):
    run = start_app({"DATA": str(tmp_path / "nowhere.csv")})
    _, errors = run.communicate(timeout=120)
    assert run.returncode != 0
    assert "nowhere.csv does not exist" in errors
    assert "Traceback" not in errors


X_AXIS = "Bokeh.documents[0].get_model_by_name('live').below[0]"
N_CUSTOMERS = 1_500


def choose_axis(page, axis, name):
    page.get_by_role("combobox", name=f"{axis} axis").click()
    page.get_by_role("option", name=name, exact=True).click()


def test_the_offered_logarithm_changes_the_clusters_and_is_kept(dashboard_page, tmp_path):
    page = dashboard_page
    write_customers(tmp_path / "customers.csv", missing=0.005)
    upload(page, tmp_path / "customers.csv")
    offer = page.get_by_role("button", name="Take their logarithm")
    expect(offer).to_be_visible()
    expect(page.get_by_text("rows lack a value and are left out")).to_be_visible()
    wait_until(lambda: counter(page, "points per second") == "paused")
    n_complete = seen(page)
    assert n_complete < N_CUSTOMERS
    assert counter(page, "clusters found") != "3"
    offer.click()
    wait_until(lambda: seen(page) == n_complete and counter(page, "clusters found") == "3")
    page.get_by_role("button", name="Fill in the mean so far").click()
    wait_until(lambda: seen(page) == N_CUSTOMERS)
    # The axis is logarithmic, and its ticks are named in the units of the table.
    choose_axis(page, "x", "fresh")
    wait_until(lambda: page.evaluate(f"{X_AXIS}.axis_label") == "fresh (log)")
    names = page.evaluate(f"[...{X_AXIS}.major_label_overrides.values()]")
    assert {"10,000", "100,000"} <= set(names)
    places = page.evaluate(f"[...{X_AXIS}.major_label_overrides.keys()]")
    drawn, spent = data_of(page, "points")["x"], draw_customers(N_CUSTOMERS)[0][:, 0]
    beyond = (drawn > places[names.index("10,000")]).mean()
    assert abs(beyond - (spent > 10_000).mean()) < 0.02
    # A column counts less.
    page.get_by_text("Logarithm and weight of columns").click()
    page.get_by_label("Weight of delicatessen").fill("0.5")
    page.get_by_label("Weight of delicatessen").press("Enter")
    wait_until(lambda: "weights=delicatessen%3D0.5" in page.evaluate("location.search"))
    wait_until(lambda: counter(page, "points per second") == "paused")
    page.reload()
    page.wait_for_selector("canvas")
    wait_until(lambda: seen(page) == N_CUSTOMERS and counter(page, "clusters found") == "3")
    expect(page.get_by_role("button", name="Cluster the plain values")).to_be_visible()
    page.get_by_text("Logarithm and weight of columns").click()
    expect(page.get_by_label("Weight of delicatessen")).to_have_value("0.5")
    expect(page.get_by_label("Logarithm of fresh")).to_be_checked()
    assert "log=fresh" in page.evaluate("location.search")
    assert np.isfinite(data_of(page, "points")["x"]).all()

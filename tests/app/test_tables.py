"""A table that the user uploads on the page."""

import numpy as np
import pytest
from playwright.sync_api import expect

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

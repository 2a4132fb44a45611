"""Uploads in pieces, cancelled and too large ones; the choices about a table on the page."""

import re

import pytest
from playwright.sync_api import expect

from clusterer.datasets.examples import EXAMPLES, FOLDER
from clusterer.tables import open_table
from tests.app.test_tables import upload, write_blobs
from tests.support.screens import counter, data_of, pause, seen, wait_until
from tests.tables.files.databases import make_sqlite
from widgets.components import upload as uploads
from widgets.sources.catalog import build_catalog

PIECES = 6


def choose(page, label, option):
    page.get_by_role("combobox", name=label).click()
    page.get_by_role("option", name=option, exact=True).click()


@pytest.fixture
def large(tmp_path):
    """A table that is sent in several pieces."""
    path = tmp_path / "large.csv"
    write_blobs(path, n=1000)
    row = "0.1234,0.5678,1\n"
    with path.open("a") as file:
        file.write(row * (PIECES * 2**21 // len(row)))
    return path


def test_the_pieces_make_the_file_and_a_bar_shows_the_progress(dashboard_page, large, monkeypatch):
    page = dashboard_page
    sizes, written = [], uploads._IncomingFile.append

    def append(self, start, piece):
        sizes.append(len(piece))
        written(self, start, piece)

    monkeypatch.setattr(uploads._IncomingFile, "append", append)
    page.evaluate(
        """() => {
            window.shares = []
            const look = () => {
                for (const host of document.querySelectorAll("*")) search(host)
                requestAnimationFrame(look)
            }
            const search = (node) => {
                const bar = node.shadowRoot?.querySelector("progress")
                if (bar) shares.push(bar.value)
                node.shadowRoot?.querySelectorAll("*").forEach(search)
            }
            look()
        }"""
    )
    upload(page, large)
    expect(page.get_by_role("checkbox", name="width")).to_be_checked(timeout=60_000)
    wait_until(lambda: counter(page, "clusters found") == "3")
    assert sum(sizes) == large.stat().st_size
    assert len(sizes) > PIECES
    shares = page.evaluate("window.shares")
    assert any(0 < share < 1 for share in shares)
    expect(page.get_by_role("button", name="Cancel")).to_be_hidden()


def test_after_a_cancelled_or_too_large_upload_the_page_still_works(
    dashboard_page, large, monkeypatch, tmp_path
):
    page = dashboard_page
    # No piece is acknowledged, so the upload waits until it is cancelled.
    with monkeypatch.context() as still:
        still.setattr(uploads.Upload, "_write", lambda *_: None)
        upload(page, large)
        page.get_by_role("button", name="Cancel").click()
        expect(page.get_by_text("The upload was cancelled.")).to_be_visible()
    expect(page.get_by_role("button", name="Cancel")).to_be_hidden()
    with monkeypatch.context() as small:
        small.setattr(uploads.Upload, "_begin", limit_to(2**20, uploads.Upload._begin))
        page.locator('input[type="file"]').set_input_files(str(large))
        alert = page.get_by_role("alert").filter(has_text="large.csv has 12.")
        expect(alert).to_contain_text("more than the 1.0 MB that may be uploaded here")
    # The connection and the session still work.
    write_blobs(tmp_path / "blobs.csv")
    page.locator('input[type="file"]').set_input_files(str(tmp_path / "blobs.csv"))
    wait_until(lambda: seen(page) == 300)
    expect(alert).to_be_hidden()


def limit_to(n_bytes, begin):
    def begin_within(self, *message):
        self.most_bytes = n_bytes
        begin(self, *message)

    return begin_within


def test_the_stream_goes_on_until_a_table_is_chosen(dashboard_page):
    page = dashboard_page
    wait_until(lambda: seen(page) > 100)
    pause(page)
    n_seen = seen(page)
    page.get_by_role("button", name="My table").click()
    expect(page.get_by_text("Drop a file on the field above")).to_be_visible()
    assert "source" not in page.url
    page.get_by_role("button", name="Step").click()
    wait_until(lambda: seen(page) == n_seen + 1)
    page.get_by_role("button", name="Generated").click()
    expect(page.get_by_role("combobox", name="Generator")).to_be_visible()
    page.get_by_role("button", name="Step").click()
    wait_until(lambda: seen(page) == n_seen + 2)


def test_an_example_has_all_its_views(dashboard_page):
    page = dashboard_page
    page.get_by_role("button", name="My table").click()
    choose(page, "Or choose a table", EXAMPLES[0].title)
    expect(page.get_by_text(EXAMPLES[0].description)).to_be_visible()
    names = ["ARI", "NMI", "purity", "clusters / classes", "silhouette"]
    shown = "all => all.map(e => e.dataset.measure)"
    wait_until(lambda: page.locator("[data-measure]").evaluate_all(shown) == names)
    # More than two features are projected; the metrics use the true classes.
    expect(page.get_by_role("combobox", name="x axis")).to_have_text("component 1")
    label = "() => Bokeh.documents[0].get_model_by_name('live').below[0].axis_label"
    wait_until(lambda: re.match(r"component 1 \(\d+%\): ", page.evaluate(label)))
    choose(page, "x axis", "count")
    wait_until(lambda: page.evaluate(label) == "count")
    # The plot has the units of the table, where connections in two seconds are whole numbers.
    wait_until(lambda: len(data_of(page, "points")["x"]) > 0)
    assert (data_of(page, "points")["x"] % 1 == 0).all()
    assert data_of(page, "matrix") == {}
    page.get_by_role("tab", name="Scatter matrix").click()
    wait_until(lambda: len(data_of(page, "matrix").get("x0", ())) > 100)
    choose(page, "True classes", "(none)")
    wait_until(lambda: page.locator('[data-measure="compactness"]').count() == 1)
    assert page.locator('[data-measure="ARI"]').count() == 0
    page.get_by_role("button", name="Preview the table").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("network-traffic.csv.gz: 39 columns")).to_be_visible()
    expect(dialog.get_by_role("cell", name="constant").first).to_be_visible()
    expect(dialog.get_by_role("cell", name="5450")).to_be_visible()


def test_missing_values_time_and_scale_are_chosen(dashboard_page, tmp_path):
    page = dashboard_page
    rows = [f"2024-01-{31 - i:02d},{i}.5,{'' if i % 5 == 0 else i % 7}" for i in range(30)]
    (tmp_path / "days.csv").write_text("\n".join(["day,x,y", *rows]) + "\n")
    upload(page, tmp_path / "days.csv")
    expect(page.get_by_role("combobox", name="Or choose a table")).to_have_text("File: days.csv")
    wait_until(lambda: seen(page) == 24)
    expect(page.get_by_text("6 rows dropped: a value is missing (6 in y)")).to_be_visible()
    choose(page, "Missing values", "fill with the mean so far")
    wait_until(lambda: seen(page) == 30)
    wait_until(lambda: data_of(page, "points")["x"][:3].tolist() == [0.5, 1.5, 2.5])
    page.get_by_text("Order and scaling of the rows").click()
    choose(page, "Time column", "day")
    wait_until(lambda: data_of(page, "points")["x"][:3].tolist() == [29.5, 28.5, 27.5])
    page.get_by_role("switch", name="Keep the pace").click()
    page.get_by_role("switch", name="Standardise").click()
    # Each switch restarts the stream; until then, the page shows the earlier points.
    page.wait_for_timeout(300)
    wait_until(
        lambda: seen(page) == 30 and data_of(page, "points")["x"][:3].tolist() == [29.5, 28.5, 27.5]
    )


def test_reading_is_changed_in_the_preview(dashboard_page, tmp_path):
    page = dashboard_page
    rows = [f"2{i % 10},345;{i * 7 % 30}" for i in range(60)]
    (tmp_path / "own.csv").write_text("\n".join(["a;b", *rows]) + "\n")
    upload(page, tmp_path / "own.csv")
    wait_until(lambda: seen(page) == 60)
    page.get_by_role("button", name="Preview the table").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("is read as 20.345 (assumed").first).to_be_visible()
    choose(page, "Decimal mark", "Point")
    expect(dialog.get_by_text("is read as 20345").first).to_be_visible()
    wait_until(lambda: data_of(page, "points")["x"][:1].tolist() == [20345])
    choose(page, "Names", "None")
    expect(dialog.get_by_text("no header").first).to_be_visible()


def test_words_among_numbers_are_counted_as_missing_by_a_click(dashboard_page, tmp_path):
    page = dashboard_page
    cells = ["unknown", "<0,05", "ND"]
    rows = [f"{cells[i % 9 // 3] if i % 3 == 0 else f'{i % 7},5'};{i * 7 % 30}" for i in range(90)]
    (tmp_path / "lab.csv").write_text("\n".join(["lead;b", *rows]) + "\n")
    upload(page, tmp_path / "lab.csv")
    wait_until(lambda: seen(page) == 70)
    page.get_by_role("button", name="Preview the table").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("count as half of the limit").first).to_be_visible()
    box = dialog.get_by_role("checkbox", name="<0,05 (lead)")
    box.click()
    expect(box).to_have_count(0)
    wait_until(lambda: seen(page) == 60)
    field = dialog.get_by_role("textbox", name="Missing values")
    assert field.input_value() == '"<0,05"'
    field.fill("")
    field.press("Enter")
    wait_until(lambda: seen(page) == 70)


def test_a_table_of_a_database_is_chosen_in_the_preview(dashboard_page, tmp_path):
    page = dashboard_page
    rows = [(i % 7 * 0.5, i * i % 11) for i in range(60)]
    fill = "INSERT INTO late SELECT y, x FROM t LIMIT 40"
    tables = ("CREATE TABLE t (x, y)", "CREATE TABLE late (u, v)")
    (tmp_path / "own.sqlite").write_bytes(make_sqlite(rows, *tables, then=[fill]))
    upload(page, tmp_path / "own.sqlite")
    wait_until(lambda: seen(page) == 60)
    page.get_by_role("button", name="Preview the table").click()
    choose(page, "Sheet or table", "late")
    wait_until(lambda: seen(page) == 40)
    expect(page.get_by_role("dialog").get_by_role("cell", name="u", exact=True)).to_be_visible()


def test_all_examples_open_and_have_an_attribution():
    sources = (FOLDER / "SOURCES.md").read_text("utf-8")
    for example in EXAMPLES:
        table = open_table(example.path)
        assert table.label_column == "class"
        assert set(example.features) <= set(table.default_features)
        assert next(table.chunks(table.default_features, 50)).points.shape[0] == 50
        assert f"`{example.path.name}`" in sources


def test_the_catalog_of_a_folder_has_no_file_outside_of_it(tmp_path):
    (tmp_path / "in").mkdir()
    write_blobs(tmp_path / "in" / "blobs.csv")
    write_blobs(tmp_path / "out.csv")
    (tmp_path / "in" / "link.csv").symlink_to(tmp_path / "out.csv")
    (tmp_path / "in" / ".hidden").write_text("x\n1\n")
    assert list(build_catalog(tmp_path / "in")) == ["blobs.csv", *(each.title for each in EXAMPLES)]

"""Exporting results as a person does: with buttons that download files."""

import io
import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pandas as pd
from PIL import Image
from playwright.sync_api import expect

from clusterer.preprocessing.scaling import Scaling
from clusterer.scaled_learner import ScaledLearner
from tests.support.screens import counter, pause, seen, slide, wait_until


def download(page, label, folder):
    with page.expect_download() as started:
        page.get_by_role("button", name=f"{label}: ").click()
    path = folder / started.value.suggested_filename
    started.value.save_as(path)
    return path


def open_section(page):
    page.get_by_role("button", name="Export").click()
    expect(page.get_by_role("button", name="Points: ")).to_be_visible()


def test_files_of_a_run_agree_with_each_other_and_its_script_repeats_it(dashboard_page, tmp_path):
    page = dashboard_page
    slide(page, "Noise", "ArrowRight", 8)
    slide(page, "Kernel width σ", "ArrowRight", 2)
    wait_until(lambda: seen(page) > 400)
    slide(page, "Prototypes K", "Home")
    open_section(page)
    with Image.open(download(page, "Video", tmp_path)) as video:
        assert video.n_frames > 5
    pause(page)
    n_seen = seen(page)
    script = download(page, "Python", tmp_path).read_text("utf-8")
    assert script.count("learn(") > 2
    names = {}
    exec(script, names)
    model = ScaledLearner.load(download(page, "Model", tmp_path)).model
    assert model.n_seen_ == names["model"].n_seen_ == n_seen
    assert np.array_equal(model.prototypes_, names["model"].prototypes_)
    assert np.array_equal(model.weights_, names["model"].weights_)
    prototypes = pd.read_csv(download(page, "Prototypes", tmp_path))
    assert np.allclose(prototypes[["x1", "x2"]], model.prototypes_)
    assert len(pd.read_csv(download(page, "Clusters", tmp_path))) == model.n_clusters_
    # Twice: a second download can be the same file.
    for _ in range(2):
        points = pd.read_csv(download(page, "Points", tmp_path))
        assert len(points) == min(n_seen, 2000)
        assert (points["class"] == -1).any()


def test_pictures_have_a_background_in_dark_mode_too(dashboard_page, tmp_path):
    page = dashboard_page
    wait_until(lambda: seen(page) > 100)
    page.get_by_role("button", name="Toggle theme").click()
    open_section(page)
    with Image.open(download(page, "PNG", tmp_path)) as picture:
        corner = picture.convert("RGBA").getpixel((1, 1))
    assert corner[3] == 255
    assert max(corner[:3]) < 60
    drawn = ElementTree.fromstring(download(page, "SVG", tmp_path).read_text("utf-8"))
    assert drawn.tag.endswith("svg")
    assert len(drawn.findall(".//{*}path")) > 100


def test_a_scaled_table_is_exported_in_its_units_in_many_pieces(dashboard_page, tmp_path):
    page = dashboard_page
    values = np.random.default_rng(0).normal(size=(30_000, 2)) * [1e5, 0.01]
    pd.DataFrame(values, columns=["=a", "b"]).to_csv(tmp_path / "t.csv", index=False)
    page.get_by_text("More settings").click()
    slide(page, "Window", "End")
    slide(page, "Speed", "End")
    page.get_by_role("button", name="My table").click()
    page.locator('input[type="file"]').set_input_files(str(tmp_path / "t.csv"))
    wait_until(lambda: counter(page, "points seen") == "30000")
    open_section(page)
    path = download(page, "Points", tmp_path)
    assert path.name == "t-csv-window-points.csv"
    assert path.stat().st_size > 1_000_000
    points = pd.read_csv(path)
    assert np.allclose(points[["'=a", "b"]], values, rtol=1e-15)
    assert points["row"].tolist() == [*range(1, 30_001)]
    path = download(page, "Whole table", tmp_path)
    assert path.name == "t-csv-clusters.csv"
    table = pd.read_csv(path)
    assert np.allclose(table[["'=a", "b"]], values, rtol=1e-15)
    assert table["cluster"].equals(points["cluster"])
    table = pd.read_parquet(download(page, "Whole table, Parquet", tmp_path))
    assert np.allclose(table[["=a", "b"]], values, rtol=1e-15)
    assert table["cluster"].equals(points["cluster"])
    model = ScaledLearner.load(download(page, "Model", tmp_path)).model
    expect(page.get_by_text("The model learned standardised values.")).to_be_visible()
    document = pd.read_json(io.StringIO(download(page, "JSON", tmp_path).read_text()), typ="series")
    centers = np.array([row["center"] for row in document["prototypes"]])
    assert np.allclose(Scaling(**document["scaling"]).apply(centers), model.prototypes_)
    (tmp_path / "elsewhere").mkdir()
    assert "open_table('t.csv')" in download(page, "Python", tmp_path / "elsewhere").read_text()


def test_a_printed_page_is_the_report_and_then_the_page_again(open_page, app_server):
    page = open_page(query="?theme=dark")
    assert page.title() == "Online clustering"
    wait_until(lambda: seen(page) > 300)
    document = page.pdf(format="A4")
    assert b"/Title (Groups in Blobs)" in document
    assert page.title() == "Online clustering"
    # What was printed, on the screen.
    page.emulate_media(media="print")
    page.evaluate("void dispatchEvent(new Event('beforeprint'))")
    report = page.locator("#printed-report")
    expect(report.get_by_role("heading", name="Who the groups are")).to_be_visible()
    found = report.get_by_text("The model found").inner_text()
    n_clusters = int(re.search(r"found (\d+) clusters", found)[1])
    expect(report.get_by_role("heading", name="Cluster ")).to_have_count(n_clusters)
    expect(page.get_by_role("button", name="Pause")).not_to_be_visible()
    page.evaluate("void dispatchEvent(new Event('afterprint'))")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    expect(report).to_have_count(0)
    # Without the page's key there is no report.
    answer = page.request.get(f"{app_server}/report", headers={"X-Report-Key": "x"})
    assert answer.status == 404

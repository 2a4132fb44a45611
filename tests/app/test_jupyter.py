"""The dashboard in JupyterLab: live, controlled by widgets and by code, offline."""

import importlib.util
import json
import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.app.test_tables import write_blobs
from tests.support.screens import slide, wait_until
from tests.support.servers import wait_for_port

ROOT = Path(__file__).resolve().parents[2]
WITH_RESULTS = {"dashboard.ipynb": 4, "classifiers.ipynb": 3}
"""Notebooks that show only results with HTML, and how many."""

SHOW = "from widgets import Dashboard\ndashboard = Dashboard()\ndashboard"
# The number of engine threads, and of points learned: an idle thread learns none.
REPORT = """
import json, threading
names = [thread.name for thread in threading.enumerate()]
print(json.dumps([names.count("clusterer-engine"), dashboard._engine._run.n_seen]))
"""
SHOWN = """
import json
frame = dashboard._engine.wait_for_frame()
columns = frame.points[:, 0].astype("float32"), frame.point_clusters
print(json.dumps([column.tolist() for column in columns]))
"""
FEATURES = "print(dashboard._engine.source_name, *dashboard._engine._run.source.feature_names)"
QUIET = {"checkForUpdates": False, "doNotDisturbMode": True, "fetchNews": "false"}

READY = """async () => {
    const shown = jupyterapp.shell.currentWidget
    await shown.revealed
    await shown.context.ready
    await shown.sessionContext.ready
}"""
RUN = """async index => {
    const content = jupyterapp.shell.currentWidget.content
    content.activeCellIndex = index
    const late = new Promise((_, fail) => setTimeout(fail, 120000, `cell ${index} goes on`))
    await Promise.race([jupyterapp.commands.execute('notebook:run-cell'), late])
    return content.widgets[index].model.outputs.toJSON()
}"""
CLEAR = """async index => {
    jupyterapp.shell.currentWidget.content.activeCellIndex = index
    await jupyterapp.commands.execute('notebook:clear-cell-output')
}"""
# Read the newest display of a dashboard; Bokeh keeps the documents of older displays.
READ = """([model, key]) => {
    const found = (window.Bokeh?.documents ?? []).map(doc => doc.get_model_by_name(model))
    const newest = found.filter(each => each != null).at(-1)
    return newest == null ? 0 : newest[key] ?? Array.from(newest.data[key])
}"""


def quiet_environment(folder):
    """Environment variables that keep JupyterLab out of the folders and settings of the user."""
    names = [f"JUPYTER_{name}_DIR" for name in ("CONFIG", "DATA", "RUNTIME")]
    names += [f"JUPYTERLAB_{name}_DIR" for name in ("SETTINGS", "WORKSPACES")]
    folders = {name: str(folder / name) for name in [*names, "IPYTHONDIR"]}
    settings = Path(folders["JUPYTERLAB_SETTINGS_DIR"], "@jupyterlab", "apputils-extension")
    settings.mkdir(parents=True)
    (settings / "notification.jupyterlab-settings").write_text(json.dumps(QUIET))
    kernel = {"JUPYTER_PREFER_ENV_PATH": "1", "PYTHONPATH": str(ROOT)}
    return {**os.environ, **folders, **kernel}


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """Address and root folder of a running JupyterLab."""
    if importlib.util.find_spec("jupyterlab") is None:
        pytest.fail("jupyterlab is missing; the extra named test holds it: make test")
    folder = tmp_path_factory.mktemp("lab")
    root = folder / "root"
    root.mkdir()
    with socket.create_server(("localhost", 0)) as probe:
        port = probe.getsockname()[1]
    flags = [
        "--no-browser",
        "--allow-root",
        "--expose-app-in-browser",
        f"--ServerApp.root_dir={root}",
        "--ServerApp.ip=localhost",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        "--IdentityProvider.token=known",
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.extension_manager=readonly",
    ]
    command = [sys.executable, "-m", "jupyterlab", *flags]
    options = {"cwd": root, "env": quiet_environment(folder)}
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, **options) as process:
        try:
            wait_for_port(port)
            yield f"http://localhost:{port}", root
        finally:
            process.terminate()


def write_notebook(path, *sources):
    code = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    cells = [{**code, "id": f"cell-{i}", "source": source} for i, source in enumerate(sources)]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = {"cells": cells, "metadata": {"kernelspec": kernel}}
    path.write_text(json.dumps({**notebook, "nbformat": 4, "nbformat_minor": 5}))


@pytest.fixture
def open_notebook(browser, lab, request):
    """Open cells as a notebook; fails on an error or a request to another server."""
    address, root = lab
    complaints = []
    pages = []

    def complain(message):
        if message.type == "error":
            complaints.append(f"{message.text} {message.location.get('url')}")

    def note(asked):
        if not asked.url.startswith((address, "data:", f"blob:{address}")):
            complaints.append(f"asked {asked.url}")

    def open_it(*sources):
        name = f"{request.node.name}.ipynb"
        write_notebook(root / name, *sources)
        page = browser.new_page(viewport={"width": 1440, "height": 1400})
        pages.append(page)
        page.set_default_timeout(60_000)
        page.on("request", note)
        page.on("console", complain)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{address}/lab/tree/{name}?token=known")
        page.wait_for_selector(".jp-Notebook .jp-CodeCell")
        page.evaluate(READY)
        return page

    yield open_it
    for page in pages:
        page.close()
    assert complaints == []


def run_cell(page, index):
    """Run a cell to its end and return its printed text."""
    outputs = page.evaluate(RUN, index)
    errors = [output for output in outputs if output["output_type"] == "error"]
    assert errors == []
    return "".join("".join(each["text"]) for each in outputs if each["output_type"] == "stream")


def count(page, source):
    return len(page.evaluate(READ, [source, "x"]) or [])


def painted(page):
    return page.evaluate(READ, ["heartbeat", "painted"])


def wait_for_frames(page, before=0):
    wait_until(lambda: painted(page) > before + 5)


def test_a_cell_shows_the_live_dashboard(open_notebook, tmp_path):
    page = open_notebook(
        SHOW,
        "dashboard.settings.n_prototypes = 5",
        "dashboard.settings.sigma = 0.5",
        SHOWN,
        FEATURES,
    )
    run_cell(page, 0)
    page.wait_for_selector(".jp-OutputArea canvas")
    wait_until(lambda: count(page, "points") > 100)
    shown = count(page, "points")
    wait_until(lambda: count(page, "points") > shown)
    wait_until(lambda: count(page, "prototypes") > 8)

    slide(page, "Prototypes K", "Home")
    slide(page, "Prototypes K", "ArrowRight", 6)
    expect(page.get_by_role("slider", name="Prototypes K")).to_have_value("8")
    # Wait for the last key press before a cell sets another number.
    wait_until(lambda: count(page, "prototypes") == 8)

    run_cell(page, 1)
    expect(page.get_by_role("slider", name="Prototypes K")).to_have_value("5")
    wait_until(lambda: count(page, "prototypes") <= 5)

    automatic = page.get_by_role("switch", name="Automatic σ")
    expect(automatic).to_be_checked()
    run_cell(page, 2)
    expect(automatic).not_to_be_checked()
    expect(page.get_by_role("textbox", name="Kernel width σ: type")).to_have_value("0.5")
    wait_for_frames(page, painted(page))

    # No change was lost, and none was applied twice.
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    wait_until(lambda: page.locator('[data-counter*="second"]').inner_text().startswith("paused"))
    xs, clusters = json.loads(run_cell(page, 3))
    assert page.evaluate(READ, ["points", "x"]) == xs
    assert page.evaluate(READ, ["points", "cluster"]) == clusters

    # The export works as on a page. The keyboard shortcuts of the page do not exist here.
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as started:
        page.get_by_role("button", name="Points: ").click()
    rows = Path(started.value.path()).read_text("utf-8").splitlines()
    assert len(rows) == len(xs) + 1
    page.keyboard.press("r")
    assert page.evaluate(READ, ["points", "x"]) == xs

    # An upload of two pieces works too, with a choice of its columns.
    write_blobs(tmp_path / "blobs.csv", n=150_000)
    page.get_by_role("button", name="My table").click()
    page.locator('input[type="file"]').set_input_files(str(tmp_path / "blobs.csv"))
    expect(page.get_by_role("checkbox", name="width")).to_be_checked()
    wait_until(lambda: run_cell(page, 4) == "blobs.csv width height\n")
    page.get_by_role("checkbox", name="height").click()
    wait_until(lambda: run_cell(page, 4) == "blobs.csv width\n")


@pytest.mark.long
def test_showing_a_dashboard_again_leaves_no_thread_behind(open_notebook):
    shorten_timeout = "import widgets.notebook\nwidgets.notebook.PING_TIMEOUT_S = 4\n"
    page = open_notebook(shorten_timeout + SHOW, "dashboard", REPORT, "dashboard.close()")

    def report(wait_s=0):
        time.sleep(wait_s)
        texts = []
        # The output of a cell may arrive after the message that the cell has ended.
        wait_until(lambda: texts.append(run_cell(page, 2)) or texts[-1])
        return json.loads(texts[-1])

    run_cell(page, 0)
    wait_for_frames(page)
    run_cell(page, 0)
    wait_for_frames(page)
    assert report()[0] == 1

    run_cell(page, 1)
    wait_for_frames(page)
    page.evaluate(CLEAR, 0)
    wait_for_frames(page, painted(page))
    assert report()[0] == 1

    page.evaluate(CLEAR, 1)
    wait_until(lambda: report() == report(wait_s=1))
    n_seen = report()[1]
    run_cell(page, 1)
    wait_until(lambda: report()[1] > n_seen)
    run_cell(page, 3)
    assert report()[0] == 0


def read_notebook(path):
    return json.loads(path.read_text("utf-8"))["cells"]


def execute_example(name, tmp_path):
    """The outputs of a notebook's cells, which runs without a browser."""
    command = [sys.executable, "-m", "nbconvert", "--execute", "--to", "notebook"]
    command += ["--output-dir", str(tmp_path), str(ROOT / "examples" / name)]
    environment = quiet_environment(tmp_path)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    cells = read_notebook(tmp_path / name)
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    return [each["data"] for each in outputs if each["output_type"] == "execute_result"]


@pytest.mark.parametrize("name", WITH_RESULTS)
def test_the_example_runs(name, tmp_path):
    shown = execute_example(name, tmp_path)
    assert len(shown) == WITH_RESULTS[name]
    assert all("text/html" in each for each in shown)


def test_the_customer_story_runs_and_finds_the_four_groups(tmp_path):
    shown = execute_example("customers.ipynb", tmp_path)
    texts = ["".join(each.get("text/html", each["text/plain"])) for each in shown]
    head, dashboard, n_learned, groups, means, cities, newcomers, report = texts
    # A fortieth of the customers has a gap.
    assert n_learned == "3900"
    assert all(f"<td>{city}</td>" in head for city in ("Bern", "Chur"))
    assert "Dashboard" in "".join(shown[1]["text/plain"])
    assert groups.count("age ") >= 4
    for city in ("Bern", "Lugano", "Chur", "Basel"):
        assert re.search(rf"city: 7?6?\d % {city}, of the others 1?\d %", groups)
    assert "&lt;NA&gt;" in means
    assert cities.count("<tr") == 6
    assert newcomers.count("<tr") == 3
    assert report.startswith("<iframe sandbox")
    assert dashboard


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.ipynb")), ids=lambda p: p.name)
def test_the_examples_are_stored_without_outputs(path):
    cells = read_notebook(path)
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in cells)

"""The section Export, without a browser."""

import asyncio
import io

import numpy as np
import pandas as pd
import pytest

from clusterer.support.temp_folders import temp_folders
from tests.support.threads import run_in_new_loop
from widgets import Dashboard
from widgets.export.export_section import TABLES, ExportSection
from widgets.export.video import VideoRecorder

N = 40_000


@pytest.fixture(scope="module")
def dashboard():
    random = np.random.default_rng(0)
    x = random.normal(size=N)
    x[::10] = np.nan
    frame = pd.DataFrame({"id": [f"C{i}" for i in range(N)], "x": x, "y": random.normal(size=N)})
    with pytest.MonkeyPatch.context() as patch:
        folders = []
        make = temp_folders.make_folder
        patch.setattr(temp_folders, "make_folder", lambda: folders.append(make()) or folders[-1])
        shown = Dashboard(frame, window_length=500)
        shown.folders = folders
        shown._engine.step(3_000)
        # The kernels may have to be compiled first.
        shown.clusters()
        yield shown
        shown.close()


def export(dashboard, kind, browser, act):
    """Send the table to a browser that ``act`` plays; return what it saved, and the section."""
    section = ExportSection(dashboard._engine, browser.downloader, VideoRecorder())
    section.build()
    media_type = next(each[2] for each in TABLES if each[1] == kind)

    async def run():
        sending = asyncio.create_task(section._send_table(kind, media_type, None))
        while not sending.done():
            act(browser, section)
            await asyncio.sleep(0.01)
        await sending

    run_in_new_loop(run())
    assert not section._cancel.visible
    assert not any(button.disabled for button in section._tables)
    # No file is left.
    assert not dashboard.folders[-1].exists()
    return browser.saved, section


@pytest.mark.parametrize(("kind", "read"), [("csv", pd.read_csv), ("parquet", pd.read_parquet)])
def test_my_table_has_all_rows_though_the_window_is_short(dashboard, browser, kind, read):
    saved, _ = export(dashboard, kind, browser, lambda browser, _: browser.receive())
    [(name, content)] = saved.items()
    assert name.endswith(f"-clusters.{kind}")
    table = read(io.BytesIO(content))
    assert len(table) == N
    labels = dashboard.labels()
    assert (table["cluster"].isna() == labels.isna().to_numpy()).all()
    assert table["cluster"].dropna().tolist() == labels.dropna().tolist()


def test_a_cancelled_table_is_not_saved(dashboard, browser):
    def cancel(browser, section):
        # While the rows are written, and while the first piece is on its way.
        section._cancelled.set()

    saved, section = export(dashboard, "csv", browser, cancel)
    assert saved == {}
    assert "Cancelled" in section._message.pane.object

    n_before = browser.download.number

    def cancel_later(browser, section):
        if browser.download.number > n_before:
            section._cancelled.set()

    saved, section = export(dashboard, "csv", browser, cancel_later)
    assert saved == {}
    assert "Cancelled" in section._message.pane.object


def test_a_stream_that_is_no_table_says_so(browser):
    dashboard = Dashboard(np.random.default_rng(0).normal(size=(200, 2)))
    dashboard.folders = [temp_folders.make_folder()]
    dashboard.folders[0].rmdir()
    dashboard._engine.step(200)
    dashboard.clusters()
    saved, section = export(dashboard, "csv", browser, lambda browser, _: browser.receive())
    assert saved == {}
    assert "This stream is no table" in section._message.pane.object
    dashboard.close()


def test_the_end_of_a_table_leaves_the_message_of_another_export(dashboard, browser):
    def receive_and_export_the_model(browser, section):
        browser.receive()
        if browser.saved:
            section._message.show("The model is saved.")

    _, section = export(dashboard, "csv", browser, receive_and_export_the_model)
    assert "The model is saved." in section._message.pane.object

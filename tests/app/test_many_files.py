"""Many files as one source, learned by Dask workers, in a browser."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.support.screens import counter, data_of, seen, wait_until
from tests.support.servers import serve_app

pytest.importorskip("distributed")

from widgets.sources.many_files import can_learn

N_FILES, N_ROWS = 9, 400


def write_files(folder):
    random = np.random.default_rng(0)
    centers = np.array([[0.0, 0.0], [9.0, 0.0], [0.0, 9.0]])
    for i in range(N_FILES):
        points = centers[random.integers(3, size=N_ROWS)] + random.normal(size=(N_ROWS, 2))
        rows = "\n".join(f"{x:.4f},{y:.4f}" for x, y in points * [1, 1e6])
        (folder / f"{i}.csv").write_text(f"width,height\n{rows}\n")
    (folder / "5b.csv").write_text("width,<b>\nwords,only\nno,numbers\n")


def test_a_folder_is_learned_by_workers(browser, tmp_path):
    write_files(tmp_path)
    n_points = N_FILES * N_ROWS
    with serve_app(DATA=str(tmp_path)) as address:
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(address)
        page.wait_for_selector("canvas")
        page.get_by_role("button", name="Many files").click()
        # In a fresh checkout, the workers, the app and other tests compile their kernels first.
        expect(page.get_by_text("10 of 10 files")).to_be_visible(timeout=240_000)
        wait_until(lambda: seen(page) == n_points)
        assert counter(page, "clusters found") == "3"
        # The plot has the units of the table; the model learns scaled values.
        wait_until(lambda: max(data_of(page, "prototypes")["y"]) > 5e6)
        expect(page.get_by_text(f"all {n_points:,} points are learned")).to_be_visible()
        trouble = page.get_by_role("alert").filter(has_text="Not learned")
        expect(trouble).to_contain_text("5b.csv has no numeric column")
        assert str(tmp_path) not in page.content()
        assert page.locator('[data-state="learned"]').count() == N_FILES
        assert page.locator('[data-state="failed"]').get_attribute("title") == "5b.csv"
        link = page.get_by_role("link", name=re.compile("Dask dashboard"))
        assert re.match(r"http://127\.0\.0\.1:\d+/status", link.get_attribute("href"))
        # One column only, then another source, which hides the workers.
        page.get_by_role("checkbox", name="height").click()
        wait_until(lambda: max(data_of(page, "prototypes")["y"], default=0) < 5e6)
        wait_until(lambda: seen(page) == n_points)
        page.get_by_role("checkbox", name="width").click()
        expect(page.get_by_text("Choose at least one column")).to_be_visible()
        page.get_by_role("button", name="Generated").click()
        wait_until(lambda: 0 < seen(page) < n_points)
        expect(page.get_by_text("10 of 10 files")).not_to_be_visible()
        page.close()


def test_many_files_need_a_folder():
    assert not can_learn(None)

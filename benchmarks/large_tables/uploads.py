"""Upload of a large table through the page in a browser."""

import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from benchmarks.large_tables.memory import watch_memory
from tests.support.chromium import find_chromium
from tests.support.servers import find_free_port, start_app, wait_for_port

HAS_POINTS = """() => {
    const model = (name) => Bokeh.documents[0].get_model_by_name(name)
    const title = model("live").below[0].axis_label
    return /\\): [xyzw], [xyzw]/.test(title) && model("points").data.x.length > 0
}"""


def measure_upload(path: Path) -> dict[str, float]:
    """Start the app, upload a table, and wait for its first points."""
    port = find_free_port()
    app = start_app({"PORT": str(port), "DATA": ""}, errors=None)
    try:
        wait_for_port(port, process=app)
        with sync_playwright() as playwright:
            chromium = find_chromium(playwright.chromium.executable_path)
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            page = browser.new_page()
            page.goto(f"http://localhost:{port}")
            page.wait_for_selector("canvas")
            page.get_by_role("button", name="My table").click()
            page.get_by_role("button", name="Pause").wait_for()
            page.wait_for_timeout(3000)
            result = _upload(page, path, app.pid)
            browser.close()
    finally:
        app.terminate()
        app.communicate()
    return result


def _upload(page: Page, path: Path, pid: int) -> dict[str, float]:
    progress = page.get_by_role("progressbar", name="upload")
    with watch_memory(pid) as find_growth:
        start = time.perf_counter()
        page.locator('input[type="file"]').set_input_files(str(path))
        progress.wait_for(state="visible", timeout=60_000)
        progress.wait_for(state="hidden", timeout=600_000)
        end = time.perf_counter()
        page.wait_for_function(HAS_POINTS, timeout=60_000)
        first = time.perf_counter()
        page.wait_for_timeout(3000)
    return {
        "mb": path.stat().st_size / 2**20,
        "upload_s": end - start,
        "first_points_s": first - end,
        "growth_mb": find_growth() / 2**20,
    }

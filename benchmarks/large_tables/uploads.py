"""A large upload through the page, as a browser sends it."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from benchmarks.large_tables.__main__ import watch_memory

BROWSERS = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")


def measure_upload(path: Path) -> dict[str, float]:
    """Upload a table into an app of its own, and wait for its first points."""
    with socket.create_server(("localhost", 0)) as probe:
        port = probe.getsockname()[1]
    environment = os.environ | {"PORT": str(port), "DATA": ""}
    app = subprocess.Popen(
        [sys.executable, "app.py"], env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        assert app.stdout is not None
        app.stdout.readline()
        with sync_playwright() as playwright:
            named = next((name for name in BROWSERS if Path(name).exists()), None)
            browser = playwright.chromium.launch(executable_path=named, args=["--no-sandbox"])
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
        app.wait()
    return result


def _upload(page: Page, path: Path, pid: int) -> dict[str, float]:
    bar = page.get_by_role("progressbar", name="upload")
    with watch_memory(pid) as grown:
        start = time.perf_counter()
        page.locator('input[type="file"]').set_input_files(str(path))
        bar.wait_for(state="visible", timeout=60_000)
        bar.wait_for(state="hidden", timeout=600_000)
        end = time.perf_counter()
        page.wait_for_function(
            """() => {
                const model = (name) => Bokeh.documents[0].get_model_by_name(name)
                const title = model("live").below[0].axis_label
                return /\\): [xyzw], [xyzw]/.test(title) && model("points").data.x.length > 0
            }""",
            timeout=60_000,
        )
        first = time.perf_counter()
        page.wait_for_timeout(3000)
    return {
        "mb": path.stat().st_size / 2**20,
        "upload_s": end - start,
        "first_points_s": first - end,
        "grown_mb": grown() / 2**20,
    }

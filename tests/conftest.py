"""Shared by all tests: Hypothesis profiles, the shared material, the app, the browser."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from tests.support.chromium import find_chromium
from tests.support.servers import find_free_port, wait_for_port

# Imported where used: the library's tests run without Playwright.
if TYPE_CHECKING:
    from playwright.sync_api import (
        Browser,
        BrowserContext,
        ConsoleMessage,
        Page,
        Playwright,
        Request,
    )

# No deadline: the first call of a compiled function takes seconds.
settings.register_profile("default", deadline=None, derandomize=False, print_blob=True)
settings.register_profile("thorough", settings.get_profile("default"), max_examples=1000)
# In continuous integration the examples are fixed: a failure then has its cause in the change.
settings.register_profile("ci", settings.get_profile("default"), derandomize=True)
settings.load_profile(
    os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "default")
)

CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


SHARE_FOR_FRAMES = 0.05
"""Share of the time of the tests' server for frames: some ten frames a second."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that need Chromium, and order all tests.

    In one process the tests with Chromium run last: Playwright leaves an event loop running in the
    main thread, which disturbs other tests, and a broken library should fail before the slow tests.
    With several processes they run first, so that no long file is left for the end.
    """
    is_divided = "PYTEST_XDIST_WORKER" in os.environ
    for item in items:
        if "playwright" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")
    items.sort(key=lambda item: is_divided ^ (item.get_closest_marker("browser") is not None))


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of the shared material (algorithm, tables) beside the repository."""
    beside = Path(__file__).resolve().parents[2] / "shared"
    folder = Path(os.environ.get("CLUSTERER_SHARED") or beside)
    if not folder.is_dir():
        pytest.skip(f"no shared material at {folder}; set CLUSTERER_SHARED to its folder")
    return folder


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes text or bytes to a file in the test's folder."""

    def write_it(data: str | bytes, name: str = "t.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return path

    return write_it


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """The only running Playwright; a second one in the same thread refuses to start."""
    from playwright.sync_api import expect, sync_playwright

    # A loaded machine may need longer than the usual five seconds.
    expect.set_options(timeout=30_000)
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def chromium_path(playwright: Playwright) -> str:
    """Path of Chromium's executable."""
    try:
        return find_chromium(playwright.chromium.executable_path)
    except FileNotFoundError as error:
        pytest.fail(str(error))


@pytest.fixture(scope="session")
def browser(playwright: Playwright, chromium_path: str) -> Iterator[Browser]:
    """A headless Chromium for all tests; each test opens a page of its own."""
    running = playwright.chromium.launch(
        executable_path=chromium_path, headless=True, args=list(CHROMIUM_FLAGS)
    )
    yield running
    running.close()


class ErrorRecorder(logging.Handler):
    """Records the errors that the server logs while a test with a page runs."""

    is_active = True

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if self.is_active:
            error = record.exc_info[1] if record.exc_info else None
            message = record.getMessage()
            self.messages.append(f"{message} {error!r}" if error else message)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Record errors only in a test that shows a page."""
    ErrorRecorder.is_active = item.get_closest_marker("browser") is not None


def pytest_sessionfinish() -> None:
    """Record also the errors of the server while it stops."""
    ErrorRecorder.is_active = True


@pytest.fixture(scope="session")
def app_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the app, served by this process; fails if the server has logged an error."""
    from bokeh.settings import settings as bokeh_settings

    from app import open_session
    from widgets.page import frame_scheduler
    from widgets.server.options import ServerOptions
    from widgets.server.serve import serve_pages

    # At full rate each open page would keep a core busy, which the other tests need.
    frame_scheduler.SHARE = SHARE_FOR_FRAMES
    errors = ErrorRecorder()
    logging.getLogger().addHandler(errors)
    port = find_free_port()
    server = serve_pages(
        open_session,
        ServerOptions(port=port, store=tmp_path_factory.mktemp("store")),
        threaded=True,
        # The server ends sessions of closed pages during the test, but no session before its page
        # has connected. Without a session the page would be made again and load foreign styles.
        check_unused_sessions_milliseconds=500,
        unused_session_lifetime_milliseconds=8000,
    )
    # The server does not validate documents; here a validation error is an error of the server.
    bokeh_settings.perform_document_validation = True
    wait_for_port(port)
    yield f"http://localhost:{port}"
    # Wait for the last engine: a server that stops earlier cuts a message in flight.
    deadline = time.monotonic() + 30
    while any(thread.name == "clusterer-engine" for thread in threading.enumerate()):
        if time.monotonic() > deadline:
            break
        time.sleep(0.1)
    server.stop()
    logging.getLogger().removeHandler(errors)
    assert not errors.messages, "\n".join(errors.messages)


@pytest.fixture(scope="session")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser window, in which a new page finds the scripts loaded and compiled."""
    opened = browser.new_context()
    yield opened
    opened.close()


@pytest.fixture
def open_page(context: BrowserContext, app_server: str) -> Iterator[Callable[..., Page]]:
    """Open the app in a new page; fails if the page has logged an error to its console."""
    errors: list[str] = []
    pages: list[Page] = []

    def record_error(message: ConsoleMessage) -> None:
        if message.type == "error":
            errors.append(message.text)

    def open_it(width: int = 1440, height: int = 900, query: str = "") -> Page:
        page = context.new_page()
        page.set_viewport_size({"width": width, "height": height})
        page.set_default_timeout(60_000)
        page.foreign_requests = []  # type: ignore[attr-defined]

        def record_request(request: Request) -> None:
            if not request.url.startswith((app_server, "data:", "blob:")):
                page.foreign_requests.append(request.url)  # type: ignore[attr-defined]

        page.on("request", record_request)
        page.on("console", record_error)
        page.on("pageerror", lambda error: errors.append(error.stack or str(error)))
        page.goto(f"{app_server}/{query}")
        page.wait_for_selector("canvas")
        pages.append(page)
        return page

    yield open_it
    for page in pages:
        page.close()
        assert page.foreign_requests == []  # type: ignore[attr-defined]
    assert errors == []


@pytest.fixture
def dashboard_page(open_page: Callable[..., Page]) -> Page:
    """The app in a new page of 1440 x 900 pixels."""
    return open_page()

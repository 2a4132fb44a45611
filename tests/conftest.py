"""What every test may use: Hypothesis profiles, the shared material, the browser."""

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
    from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, Request

# No deadline: the first call of a compiled function takes seconds.
settings.register_profile("default", deadline=None, derandomize=False, print_blob=True)
settings.register_profile("thorough", settings.get_profile("default"), max_examples=1000)
# A change is judged by what it changed, not by new luck; new examples are sought elsewhere.
settings.register_profile("ci", settings.get_profile("default"), derandomize=True)
settings.load_profile(
    os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "default")
)

QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the browser's tests; in one process they run last, beside others first.

    Playwright leaves an event loop running in the main thread, which other tests may stumble over;
    and a broken library had better show before the slow tests. With several processes the app's
    tests stay in one of them, which take longest, and those of any other file in one.
    """
    is_divided = "PYTEST_XDIST_WORKER" in os.environ
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        is_shown = "browser" in fixtures
        if is_shown:
            item.add_marker("browser")
        group = "app" if is_shown and "lab" not in fixtures else item.path.stem
        item.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=lambda item: is_divided ^ (item.get_closest_marker("browser") is not None))


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of the shared material (algorithm, tables), which lies beside the repository."""
    beside = Path(__file__).resolve().parents[2] / "shared"
    folder = Path(os.environ.get("CLUSTERER_SHARED") or beside)
    if not folder.is_dir():
        pytest.skip(f"no shared material at {folder}; CLUSTERER_SHARED can name its folder")
    return folder


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Writes text or bytes to a file of the test's own folder."""

    def write_it(data: str | bytes, name: str = "t.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return path

    return write_it


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """The one running Playwright; a second in the same thread refuses to start."""
    from playwright.sync_api import sync_playwright

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
    """A headless Chromium for the whole run; ask it for a new page or context in each test."""
    running = playwright.chromium.launch(
        executable_path=chromium_path, headless=True, args=list(QUIET)
    )
    yield running
    running.close()


class Complaints(logging.Handler):
    """Keeps what the server's loggers complain about, but not what tests without a page cause."""

    is_shown = True

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if self.is_shown:
            error = record.exc_info[1] if record.exc_info else None
            told = record.getMessage()
            self.messages.append(f"{told} {error!r}" if error else told)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Say whether the test shows a page."""
    Complaints.is_shown = item.get_closest_marker("browser") is not None


def pytest_sessionfinish() -> None:
    """The pages' server may complain while it ends."""
    Complaints.is_shown = True


@pytest.fixture(scope="session")
def app_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the app, served from this process; fails if the server logged an error."""
    from app import open_session
    from widgets.server.options import ServerOptions
    from widgets.server.serve import serve_pages

    complaints = Complaints()
    logging.getLogger().addHandler(complaints)
    port = find_free_port()
    server = serve_pages(
        open_session,
        ServerOptions(port=port, store=tmp_path_factory.mktemp("store")),
        threaded=True,
        # Sessions of closed pages are to go within the time of a test, but none before its page
        # has connected: it would be made anew without one, and load styles from elsewhere.
        check_unused_sessions_milliseconds=500,
        unused_session_lifetime_milliseconds=8000,
    )
    wait_for_port(port)
    yield f"http://localhost:{port}"
    # A server that stops while the last page's session ends would cut a message in flight.
    deadline = time.monotonic() + 30
    while any(thread.name == "clusterer-engine" for thread in threading.enumerate()):
        if time.monotonic() > deadline:
            break
        time.sleep(0.1)
    server.stop()
    logging.getLogger().removeHandler(complaints)
    assert not complaints.messages, "\n".join(complaints.messages)


@pytest.fixture
def open_page(browser: Browser, app_server: str) -> Iterator[Callable[..., Page]]:
    """Open the app in a new page; fails if a page complained in its console."""
    complaints: list[str] = []
    pages: list[Page] = []

    def complain(message: ConsoleMessage) -> None:
        if message.type == "error":
            complaints.append(message.text)

    def open_it(width: int = 1440, height: int = 900, query: str = "") -> Page:
        page = browser.new_page(viewport={"width": width, "height": height})
        page.set_default_timeout(30_000)
        page.foreign_requests = []  # type: ignore[attr-defined]

        def note(request: Request) -> None:
            if not request.url.startswith((app_server, "data:", "blob:")):
                page.foreign_requests.append(request.url)  # type: ignore[attr-defined]

        page.on("request", note)
        page.on("console", complain)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{app_server}/{query}")
        page.wait_for_selector("canvas")
        pages.append(page)
        return page

    yield open_it
    for page in pages:
        page.close()
        assert page.foreign_requests == []  # type: ignore[attr-defined]
    assert complaints == []


@pytest.fixture
def dashboard_page(open_page: Callable[..., Page]) -> Page:
    """The app in a page of its own at 1440 x 900."""
    return open_page()

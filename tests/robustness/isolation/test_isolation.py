"""Sessions with random actions receive nothing of each other, and the search finds real leaks."""

import asyncio

import pytest

from app import open_session
from tests.robustness.isolation.actions import RandomSession
from tests.robustness.isolation.markers import LeakSearch, Markers
from tests.robustness.isolation.random_sessions import run_sessions, search_server, search_store
from tests.support.servers import find_free_port, serve_app, wait_for_port
from tests.support.threads import run_in_new_loop
from widgets.server.options import ServerOptions
from widgets.server.serve import serve_pages
from widgets.sources.table_chooser import TableChooser

N_SESSIONS = 2


@pytest.mark.parametrize(
    ("n_sessions", "n_actions", "seed"),
    [(N_SESSIONS, 40, 3), pytest.param(50, 100_000, 1, marks=pytest.mark.long)],
)
def test_sessions_receive_nothing_of_each_other(tmp_path, n_sessions, n_actions, seed):
    search = LeakSearch(n_sessions)
    log, store = tmp_path / "log", tmp_path / "store"
    environment = {"STORE": str(store), "TMPDIR": str(tmp_path), "MOST_SESSIONS": "1000"}
    with serve_app(log, **environment) as url:
        sessions, done = run_in_new_loop(run_sessions(url, n_sessions, n_actions, seed, search))
    search_store(store, sessions, search)
    for line in log.read_bytes().splitlines():
        search.search_text(line, None, "lines of the log")
    print(search.format_table())
    print(", ".join(f"{name} {n:,}" for name, n in done.most_common()))
    print(f"{sum(len(each.errors) for each in sessions)} errors of sessions")
    assert done.total() >= n_actions
    assert search.leaks == []
    # The search found the session's own markers, so it would have found those of others.
    for place in ("pages", "links", "rows of the store"):
        assert search.n_own[place] > 0, place


@pytest.fixture
def url(tmp_path):
    port = find_free_port()
    options = ServerOptions(port=port, store=tmp_path / "store")
    server = serve_pages(open_session, options, threaded=True)
    wait_for_port(port)
    yield f"http://localhost:{port}"
    server.stop()


def count_points(search):
    return search.n_own["points drawn"] + search.n_leaks["points drawn"]


async def upload(url, search):
    """Upload the table of each session and wait for its points."""
    sessions = [RandomSession(url, Markers(i), search, i) for i in range(N_SESSIONS)]
    for session in sessions:
        await session.open()
        await session.open_accordion()
        n_before = count_points(search)
        await session.upload()
        # A new checkout compiles its kernels first.
        for _ in range(5_000):
            session.acknowledge_last()
            await asyncio.sleep(0.05)
            if count_points(search) > n_before:
                break
    await search_server(url, search)
    for session in sessions:
        await session.close()


def test_the_search_finds_a_cache_that_confuses_the_tables_of_sessions(url, monkeypatch):
    known = {}
    read = TableChooser._read

    async def read_from_cache(self, number, path, name, **options):
        # The cache distinguishes tables by their suffix only.
        await read(self, number, *known.setdefault(path.suffix, (path, name)), **options)

    monkeypatch.setattr(TableChooser, "_read", read_from_cache)
    search = LeakSearch(N_SESSIONS)
    run_in_new_loop(upload(url, search))
    assert any("text of session 0 found by 1" in leak for leak in search.leaks)
    assert any("points of session 0 found by 1" in leak for leak in search.leaks)


def test_the_search_finds_markers_in_files_links_and_numbers():
    mine, others = Markers(3), Markers(7)
    search = LeakSearch(10)
    search.search_file("run.json", f'{{"sigma": {mine.sigma}}}'.encode(), 3)
    search.search_settings(f"k={mine.n_prototypes}&seed={mine.seed}", 3, "links")
    search.search_file("points.csv", mine.write_table(), 3)
    assert search.leaks == []
    search.search_file("run.json", f'{{"sigma": {others.sigma}}}'.encode(), 3)
    search.search_settings(f"k={others.n_prototypes}", 3, "links")
    search.search_settings(f"seed={others.seed}", 3, "links")
    search.search_points([mine.base, others.base], 3, "points")
    search.search_text(others.text("said"), None, "log")
    assert search.n_leaks.total() == 5

"""Sessions that act at random meet nothing of each other, and a leak would be found."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from app import open_session
from benchmarks.isolation.__main__ import live, look_at_server, look_at_store
from benchmarks.isolation.actions import Resident
from benchmarks.isolation.canaries import Canary, Watch
from tests.conftest import find_free_port, wait_for_port
from widgets.server.options import ServerOptions
from widgets.server.serve import serve_pages
from widgets.sources.table_chooser import TableChooser

N_SESSIONS = 2


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return tmp_path_factory.mktemp("store")


@pytest.fixture(scope="module")
def url(store):
    port = find_free_port()
    server = serve_pages(open_session, ServerOptions(port=port, store=store), threaded=True)
    wait_for_port(port)
    yield f"http://localhost:{port}"
    server.stop()


def run_apart(coroutine):
    """Run it in a thread of its own: Playwright may have left a loop running in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


def test_sessions_that_act_at_random_meet_nothing_of_each_other(url, store):
    watch = Watch(N_SESSIONS)
    residents, done = run_apart(live(url, N_SESSIONS, 40, seed=3, watch=watch))
    look_at_store(store, residents, watch)
    assert done.total() >= 40
    assert watch.leaks == []
    # What is their own was met, so what is another's would have been.
    for place in ("pages", "links", "rows of the store"):
        assert watch.n_own[place] > 0, place


def count_points(watch):
    return watch.n_own["points drawn"] + watch.n_leaks["points drawn"]


async def upload(url, watch):
    """Both bring their tables and take the points away."""
    residents = [Resident(url, Canary(i), watch, i) for i in range(N_SESSIONS)]
    for resident in residents:
        await resident.open()
        await resident.unfold()
        n_before = count_points(watch)
        await resident.upload()
        # Generous, as a loaded machine may be ten times slower.
        for _ in range(1_000):
            resident.paint()
            await asyncio.sleep(0.05)
            if count_points(watch) > n_before:
                break
    await look_at_server(url, watch)
    for resident in residents:
        await resident.close()


def test_a_cache_that_forgets_whose_a_table_is_would_be_found(url, monkeypatch):
    known = {}
    read = TableChooser._read

    async def read_from_cache(self, number, path, name, **options):
        # By the kind alone, as if all tables were one.
        await read(self, number, *known.setdefault(path.suffix, (path, name)), **options)

    monkeypatch.setattr(TableChooser, "_read", read_from_cache)
    watch = Watch(N_SESSIONS)
    run_apart(upload(url, watch))
    assert any("text of session 0 met by 1" in leak for leak in watch.leaks)
    assert any("points of session 0 met by 1" in leak for leak in watch.leaks)


def test_what_is_searched_for_is_found_in_files_links_and_numbers():
    mine, theirs = Canary(3), Canary(7)
    watch = Watch(10)
    watch.look_at_file("run.json", f'{{"sigma": {mine.sigma}}}'.encode(), 3)
    watch.look_at_settings(f"k={mine.n_prototypes}&seed={mine.seed}", 3, "links")
    watch.look_at_file("points.csv", mine.write_table(), 3)
    assert watch.leaks == []
    watch.look_at_file("run.json", f'{{"sigma": {theirs.sigma}}}'.encode(), 3)
    watch.look_at_settings(f"k={theirs.n_prototypes}", 3, "links")
    watch.look_at_settings(f"seed={theirs.seed}", 3, "links")
    watch.look_at_points([mine.base, theirs.base], 3, "points")
    watch.look(theirs.text("said"), None, "log")
    assert watch.n_leaks.total() == 5

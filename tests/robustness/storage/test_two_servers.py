"""Two servers on one store: the second one says so, loses nothing, and takes over afterwards."""

import asyncio
from pathlib import Path

from tests.robustness.storage.pages import (
    QUERY,
    count_points,
    read_health,
    stream,
    wait_for_points,
    wait_for_store,
)
from tests.support.servers import find_free_port, start_app, wait_for_port
from tests.support.threads import run_in_new_loop
from tests.support.websocket_client import WebSocketClient


def test_the_second_server_waits_for_the_store(tmp_path: Path) -> None:
    store, ports = tmp_path / "store", [find_free_port(), find_free_port()]
    urls = [f"http://localhost:{port}" for port in ports]
    apps = []
    try:
        for port in ports:
            log = (tmp_path / f"{len(apps)}.log").open("w")
            apps.append(start_app({"PORT": str(port), "STORE": str(store)}, log))
            log.close()
            wait_for_port(port, process=apps[-1])
        run_in_new_loop(use_both(urls, store, apps))
    finally:
        for app in apps:
            app.kill()
            app.communicate()
    assert "another server saves its runs in this folder" in (tmp_path / "1.log").read_text()
    assert "another server" not in (tmp_path / "0.log").read_text()


async def use_both(urls, store, apps):
    first, second = urls
    assert (await read_health(first))["store"] == "ok"
    await wait_for_store(second, "another server saves its runs in this folder")
    first_key = await stream(first)
    page = WebSocketClient(second, QUERY)
    await page.open()
    await asyncio.sleep(2)
    # The first server saves, also while the second one has pages.
    first_key = await stream(first, key=first_key)
    n_first = count_points(store, first_key)
    assert n_first > 0
    assert count_points(store, page.key) == -1
    # The first server crashes; the second one takes the store up, and its page loses nothing.
    apps[0].kill()
    apps[0].wait()
    await wait_for_store(second, "ok")
    await wait_for_points(store, page.key, 1)
    assert page.errors == []
    await page.close()
    assert await stream(second, key=first_key) == first_key
    # The server saves the run of a closed page in the background.
    await wait_for_points(store, first_key, n_first + 1)

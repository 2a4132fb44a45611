"""A page whose saved run cannot be read keeps its key, and gets its run when the store answers."""

import asyncio
import os
from pathlib import Path

import pytest

from tests.robustness.storage.pages import QUERY, WAIT_S, count_points, stream
from tests.support.servers import serve_app
from tests.support.threads import run_in_new_loop
from tests.support.websocket_client import WebSocketClient

TRIED = "a saved run cannot be read"


def hide(store: Path) -> None:
    """Put a file in the place of the folder, as if the disk did not answer."""
    os.rename(store, store.with_name("aside"))
    store.touch()


def show(store: Path) -> None:
    store.unlink()
    os.rename(store.with_name("aside"), store)


async def ask_for_the_run(url: str, folder: Path, log: Path, key: str, n_tries: int) -> None:
    hide(folder)
    clients = [WebSocketClient(url, QUERY, key) for _ in range(2)]
    opening = [asyncio.create_task(client.open()) for client in clients]
    async with asyncio.timeout(WAIT_S):
        while log.read_text().count(TRIED) < n_tries:
            await asyncio.sleep(0.1)
    assert not any(task.done() for task in opening), "a page got a key while the store was away"
    show(folder)
    await asyncio.gather(*opening)
    keys = [client.key for client in clients]
    # One of two tabs with the key continues the run, the other one gets a copy.
    assert keys.count(key) == 1
    assert len({*keys}) == 2
    for client in clients:
        n_frames = len(client.frame_times)
        while len(client.frame_times) < n_frames + 3:
            await asyncio.sleep(0.05)
        assert client.errors == []
        await client.close()


@pytest.mark.parametrize("n_tries", [3, pytest.param(19, marks=pytest.mark.long)])
def test_a_page_waits_for_its_run_and_keeps_its_key(tmp_path: Path, n_tries: int) -> None:
    log = tmp_path / "log"
    store = tmp_path / "store"
    with serve_app(log=log, STORE=str(store)) as url:
        key = run_in_new_loop(stream(url, 20))
        n_before = count_points(store, key)
        assert n_before > 0
        run_in_new_loop(ask_for_the_run(url, store, log, key, n_tries))
    assert count_points(store, key) > n_before

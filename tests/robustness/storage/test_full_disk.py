"""A file system that is really full: the server goes on, says so, and saves when there is room."""

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from clusterer.session.saving.run_file import FILE
from tests.robustness.storage.pages import QUERY, count_points, stream, wait_for_store
from tests.support.servers import serve_app
from tests.support.threads import run_in_new_loop
from tests.support.websocket_client import WebSocketClient

N_BYTES = 4 * 2**20


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MiB in memory."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={N_BYTES}", "tmpfs", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except OSError as error:
        pytest.skip(f"a small file system cannot be mounted: {error}")
    if done.returncode:
        pytest.skip(f"a small file system cannot be mounted: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """Write a file until no byte is left."""
    path = folder / "filler"
    with path.open("wb", buffering=0) as file:
        for size in (2**16, 2**12, 1):
            while True:
                try:
                    if not file.write(bytes(size)):
                        break
                except OSError:
                    break
    return path


async def fill_and_free(url: str, store: Path, n_times: int) -> tuple[str, str]:
    old = await stream(url)
    client = WebSocketClient(url, QUERY)
    await client.open()
    for _ in range(n_times):
        filler = fill(store.parent)
        # The checkpoints of the page grow, so the full disk shows soon.
        await wait_for_store(url, "full")
        n_frames = len(client.frame_times)
        while len(client.frame_times) < n_frames + 5:
            await asyncio.sleep(0.05)
        # What is in the store can be read, also by a new page.
        assert await stream(url, key=old) == old
        filler.unlink()
        await wait_for_store(url, "ok")
    assert client.errors == []
    await client.close()
    return old, client.key


@pytest.mark.parametrize("n_times", [1, pytest.param(10, marks=pytest.mark.long)])
def test_a_full_disk_costs_no_run(small_disk: Path, tmp_path: Path, n_times: int) -> None:
    store, log = small_disk / "store", tmp_path / "log"
    with serve_app(log=log, STORE=str(store)) as url:
        keys = run_in_new_loop(fill_and_free(url, store, n_times))
    assert all(count_points(store, key) > 0 for key in keys)
    assert (store / FILE).is_file()
    assert not [*store.glob("damaged*")]
    lines = log.read_text()
    assert "runs cannot be saved" in lines
    assert "the store of runs works again" in lines

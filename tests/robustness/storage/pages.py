"""Pages of a running server, as clients without a browser, and the server's own words."""

import asyncio
import json
from pathlib import Path

from tornado.httpclient import AsyncHTTPClient

from clusterer.session.saving.store import RunStore
from tests.support.websocket_client import WebSocketClient

QUERY = "?seed=3&speed=2000"
WAIT_S = 60.0


async def stream(url: str, n_frames: int = 5, key: str = "") -> str:
    """Open a page, let it stream for some frames and close it; return the key of its run."""
    client = WebSocketClient(url, QUERY, key)
    await client.open()
    n_before = len(client.frame_times)
    while len(client.frame_times) < n_before + n_frames:
        await asyncio.sleep(0.05)
    await client.close()
    assert client.errors == []
    return client.key


async def read_health(url: str) -> dict[str, str]:
    """Return the content of /health."""
    answer = await AsyncHTTPClient().fetch(f"{url}/health", request_timeout=60)
    health: dict[str, str] = json.loads(answer.body)
    return health


async def wait_for_store(url: str, words: str) -> None:
    """Wait until /health says these words about the store."""
    async with asyncio.timeout(WAIT_S):
        while words not in (await read_health(url))["store"]:
            await asyncio.sleep(0.1)


def count_points(folder: Path, key: str) -> int:
    """Return the number of points of a run in the store; -1 if there is no such run."""
    store = RunStore(folder)
    found = store.find(key)
    store.close()
    return found.n_seen if found is not None else -1


async def wait_for_points(folder: Path, key: str, n_points: int) -> None:
    """Wait until a run in the store has so many points."""
    async with asyncio.timeout(WAIT_S):
        while count_points(folder, key) < n_points:
            await asyncio.sleep(0.2)

"""Sessions that are opened and closed leave no thread, callback, task or document behind."""

import asyncio
from typing import Any

import pytest

from tests.support.servers import read_metrics, serve_app
from tests.support.threads import run_in_new_loop
from tests.support.websocket_client import WebSocketClient

N_AT_ONCE = 4
CLOSED_S = 160.0  # the server keeps a session for 15 s after its socket and checks every 17 s
COLLECTED_S = 65.0  # the server collects garbage once a minute
COUNTED = ("threads", "engines", "callbacks", "tasks", "documents")
MEMORY = "process_resident_memory_bytes"
MOST_GROWTH = 0.05


async def open_and_close(url: str, n_sessions: int) -> dict[str, float]:
    """Open and close sessions, some at a time; return the metrics after the last has ended."""
    n_left = n_sessions

    async def visit() -> None:
        nonlocal n_left
        while n_left > 0:
            n_left -= 1
            client = WebSocketClient(url)
            await client.open()
            await client.close()

    await asyncio.gather(*(visit() for _ in range(N_AT_ONCE)))
    async with asyncio.timeout(CLOSED_S):
        while (await read_metrics(url))["clusterer_sessions"] > 0:
            await asyncio.sleep(1)
    await asyncio.sleep(COLLECTED_S)
    return await read_metrics(url)


async def measure_growth(url: str, n_sessions: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the metrics after a tenth of the sessions and after all of them."""
    before = await open_and_close(url, max(n_sessions // 10, 1))
    return before, await open_and_close(url, n_sessions)


@pytest.mark.long
@pytest.mark.parametrize("n_sessions", [100, 1000])
def test_closed_sessions_leave_nothing_behind(n_sessions: int) -> None:
    with serve_app(MOST_SESSIONS="1000") as url:
        before, after = run_in_new_loop(measure_growth(url, n_sessions))
    print(f"memory {before[MEMORY] / 2**20:.0f} MiB, then {after[MEMORY] / 2**20:.0f} MiB")
    for name in COUNTED:
        assert after[f"clusterer_{name}"] == before[f"clusterer_{name}"], name
    assert after.get("clusterer_errors_total", 0) == 0
    assert after[MEMORY] <= (1 + MOST_GROWTH) * before[MEMORY]

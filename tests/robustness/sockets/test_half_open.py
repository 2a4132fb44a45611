"""A server with 64 descriptors answers pages and /health in spite of 80 unfinished sockets."""

import asyncio
import json
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tornado.httpclient import AsyncHTTPClient

from tests.robustness.sockets.half_open import UNFINISHED, count_open, open_sockets
from tests.support.servers import serve_app
from tests.support.threads import run_in_new_loop
from tests.support.websocket_client import WebSocketClient

N_DESCRIPTORS = 64
N_SOCKETS = 80
MOST_LOG_BYTES = 200_000
# The server ends unfinished connections after 10 s.
FREE_S = 40.0


async def ask_for_all(url: str, n_requests: int) -> None:
    """Ask for the page and /health; the page streams through its WebSocket."""
    for _ in range(n_requests):
        for path in ("/health", "/metrics", "/static/js/bokeh.min.js"):
            answer = await AsyncHTTPClient().fetch(url + path, request_timeout=60)
            assert answer.code == 200
    client = WebSocketClient(url)
    await client.open()
    while len(client.frame_times) < 5:
        await asyncio.sleep(0.05)
    assert client.errors == []
    await client.close()


async def wait_for_answer(url: str) -> None:
    """Wait until the page answers; /health answers at once, and meanwhile the page says why."""
    async with asyncio.timeout(FREE_S):
        while True:
            health = await AsyncHTTPClient().fetch(f"{url}/health", request_timeout=60)
            assert health.code == 200
            answer = await AsyncHTTPClient().fetch(url, request_timeout=60, raise_error=False)
            if answer.code == 200:
                return
            assert b"too many open connections" in answer.body
            await asyncio.sleep(0.5)


async def wait_until_few_are_open(url: str) -> None:
    async with asyncio.timeout(FREE_S):
        while True:
            answer = await AsyncHTTPClient().fetch(f"{url}/health", request_timeout=60)
            # The connection that asks, and sessions whose clients have just left.
            if json.loads(answer.body)["connections"] <= 3:
                return
            await asyncio.sleep(0.5)


def attack(url: str, kind: str, n_rounds: int) -> None:
    port = urlsplit(url).port
    assert port is not None
    for _ in range(n_rounds):
        with open_sockets(port, kind, N_SOCKETS) as sockets:
            if kind == "answers unread":
                # A client gets 10 s to read, in which only /health is sure to answer.
                run_in_new_loop(wait_for_answer(url))
            run_in_new_loop(ask_for_all(url, 3))
            if kind != "answers unread":
                # They end although the clients keep them open.
                run_in_new_loop(wait_until_few_are_open(url))
                assert count_open(sockets) == 0
    run_in_new_loop(wait_until_few_are_open(url))


@pytest.mark.parametrize("n_rounds", [1, pytest.param(20, marks=pytest.mark.long)])
def test_unfinished_sockets_do_not_stop_the_server(tmp_path: Path, n_rounds: int) -> None:
    log = tmp_path / "log"
    with serve_app(log, N_DESCRIPTORS, MOST_SESSIONS="5") as url:
        for kind in UNFINISHED:
            attack(url, kind, n_rounds)
    n_bytes = log.stat().st_size
    print(f"{n_rounds * N_SOCKETS * len(UNFINISHED)} sockets, log: {n_bytes} bytes")
    assert n_bytes < MOST_LOG_BYTES
    for line in log.read_text().splitlines():
        assert json.loads(line)["level"] != "error", line

"""Measurements of a running app that many websocket clients use."""

import asyncio
import statistics
import time

from tests.support.servers import read_metrics
from tests.support.websocket_client import WebSocketClient

CLOSED_S = 160.0  # the server keeps a session for 15 s after its socket and checks every 17 s
MEMORY = "process_resident_memory_bytes"
CPU = "process_cpu_seconds_total"


async def measure_load(url: str, duration_s: float) -> float:
    """Return the server's CPU time per second, that is the share of one core."""
    before, start = (await read_metrics(url))[CPU], time.perf_counter()
    await asyncio.sleep(duration_s)
    return ((await read_metrics(url))[CPU] - before) / (time.perf_counter() - start)


async def wait_until_closed(url: str) -> None:
    """Wait until the server has ended all sessions."""
    async with asyncio.timeout(CLOSED_S):
        while (await read_metrics(url))["clusterer_sessions"] > 0:
            await asyncio.sleep(1)


async def open_all(
    url: str, n: int, interval_s: float, query: str = ""
) -> tuple[list[WebSocketClient], list[float]]:
    """Open n sessions, one every interval; return the clients and their opening times (s)."""
    clients, times = [], []
    for _ in range(n):
        start = time.perf_counter()
        client = WebSocketClient(url, query)
        times.append(await client.open())
        clients.append(client)
        await asyncio.sleep(max(interval_s - (time.perf_counter() - start), 0.0))
    return clients, times


async def open_together(
    url: str, n: int, n_connections: int, query: str = ""
) -> tuple[list[WebSocketClient], list[float], float]:
    """Open n sessions at once; return the clients, their opening times and the time of all (s).

    A client waits for one of the connections before its time begins.
    """
    free, start = asyncio.Semaphore(n_connections), time.perf_counter()

    async def open_one() -> tuple[WebSocketClient, float]:
        async with free:
            client = WebSocketClient(url, query)
            return client, await client.open()

    opened = await asyncio.gather(*(open_one() for _ in range(n)))
    clients, times = zip(*opened, strict=True)
    return [*clients], [*times], time.perf_counter() - start


async def time_answers(clients: list[WebSocketClient], n: int) -> list[float]:
    """Change the noise slider n times, one client after the other; return response times (s)."""
    times = []
    for i in range(n):
        client = clients[i % len(clients)]
        slider = client.models["Noise"]["id"]
        times.append(await client.change(slider, "value", round(0.01 * (1 + i % 40), 2)))
        await asyncio.sleep(0.05)
    return times


async def measure_frame_rates(clients: list[WebSocketClient], duration_s: float) -> list[float]:
    """Return each client's frames per second."""
    before = [len(each.frame_times) for each in clients]
    start = time.perf_counter()
    await asyncio.sleep(duration_s)
    elapsed = time.perf_counter() - start
    return [(len(each.frame_times) - n) / elapsed for each, n in zip(clients, before, strict=True)]


async def pause_all(clients: list[WebSocketClient]) -> None:
    """Pause all streams, or let all continue."""
    for client in clients:
        # The browser reports the pressed space bar in this form.
        await client.change(client.models["keys"]["id"], "pressed", "0  ")


def find_p95(values: list[float]) -> float:
    """Return the 95th percentile.

    >>> find_p95([*range(100)])
    95
    """
    return sorted(values)[min(int(0.95 * len(values)), len(values) - 1)]


def format_times(times: list[float]) -> str:
    """Write the median and the 95th percentile.

    >>> format_times([1.0, 1.0, 2.0])
    '1.00 / 2.00 s'
    """
    return f"{statistics.median(times):.2f} / {find_p95(times):.2f} s"

"""The app under measurement: a process of its own, what it tells, and crowds of visitors."""

import asyncio
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tornado.httpclient import AsyncHTTPClient

from benchmarks.load.visitors import Visitor

ROOT = Path(__file__).resolve().parents[2]
CLOSED_S = 40.0  # a session is kept for 15 s after its socket has closed, looked at every 17 s
MEMORY = "process_resident_memory_bytes"
CPU = "process_cpu_seconds_total"


def find_port() -> int:
    """A port for the app."""
    with socket.create_server(("localhost", 0)) as probe:
        port = probe.getsockname()[1]
    return int(os.environ.get("BENCHMARK_PORT") or port)


def wait_for_app(app: "subprocess.Popen[bytes]", port: int, timeout_s: float = 120.0) -> None:
    """Return once the app listens there. Raises OSError if it does not."""
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            socket.create_connection(("localhost", port), timeout=1).close()
            return
        except OSError:
            if time.monotonic() > deadline or app.poll() is not None:
                raise
            time.sleep(0.1)


@contextmanager
def serve_app(log: Path | None = None, **environment: str) -> Iterator[str]:
    """The address of the app, served by a process of its own, which logs into a file if named."""
    port = find_port()
    with ExitStack() as held:
        folder = held.enter_context(tempfile.TemporaryDirectory())
        usual = {"PORT": str(port), "MOST_SESSIONS": "200", "STORE": folder}
        app = subprocess.Popen(
            [sys.executable, "app.py"],
            cwd=ROOT,
            env=os.environ | usual | environment,
            stdout=subprocess.DEVNULL,
            stderr=held.enter_context(log.open("wb")) if log else None,
        )
        try:
            wait_for_app(app, port)
            yield f"http://localhost:{port}"
        finally:
            app.terminate()
            try:
                app.wait(60)
            except subprocess.TimeoutExpired:
                app.kill()
                raise


async def read_metrics(url: str) -> dict[str, float]:
    """What the server tells of itself."""
    answer = await AsyncHTTPClient().fetch(f"{url}/metrics", request_timeout=60)
    found = re.findall(r"^(\w+)(?:{[^}]*})? (\S+)$", answer.body.decode(), re.MULTILINE)
    values: dict[str, float] = {}
    for name, value in found:
        # Of one name with several labels, all together.
        values[name] = values.get(name, 0.0) + float(value)
    return values


async def measure_load(url: str, duration_s: float) -> float:
    """Seconds of the processor that the server takes in a second."""
    before, start = (await read_metrics(url))[CPU], time.perf_counter()
    await asyncio.sleep(duration_s)
    return ((await read_metrics(url))[CPU] - before) / (time.perf_counter() - start)


async def settle(url: str, n_sessions: int) -> None:
    """Wait until no more sessions are open."""
    deadline = time.monotonic() + 4 * CLOSED_S
    while (await read_metrics(url))["clusterer_sessions"] > n_sessions:
        if time.monotonic() > deadline:
            raise TimeoutError("sessions are not closed")
        await asyncio.sleep(1)


async def open_all(
    url: str, n: int, interval_s: float, query: str = ""
) -> tuple[list[Visitor], list[float]]:
    """So many visitors, one each interval, and how long each opening took."""
    visitors, times = [], []
    for _ in range(n):
        start = time.perf_counter()
        visitor = Visitor(url, query)
        times.append(await visitor.open())
        visitors.append(visitor)
        await asyncio.sleep(max(interval_s - (time.perf_counter() - start), 0.0))
    return visitors, times


async def time_answers(visitors: list[Visitor], n: int) -> list[float]:
    """How long the noise slider's turn takes to be answered, one visitor after the other."""
    times = []
    for i in range(n):
        visitor = visitors[i % len(visitors)]
        slider = visitor.models["Noise"]["id"]
        times.append(await visitor.turn(slider, "value", round(0.01 * (1 + i % 40), 2)))
        await asyncio.sleep(0.05)
    return times


async def watch_frames(visitors: list[Visitor], duration_s: float) -> list[float]:
    """Frames a second of each visitor."""
    before = [len(each.frame_times) for each in visitors]
    start = time.perf_counter()
    await asyncio.sleep(duration_s)
    elapsed = time.perf_counter() - start
    return [(len(each.frame_times) - n) / elapsed for each, n in zip(visitors, before, strict=True)]


async def pause_all(visitors: list[Visitor]) -> None:
    """Have all streams pause, or go on."""
    for visitor in visitors:
        # Space, as the browser tells it.
        await visitor.turn(visitor.models["keys"]["id"], "pressed", "0  ")


def find_p95(values: list[float]) -> float:
    """What 95 of 100 are at most.

    >>> find_p95([*range(100)])
    95
    """
    return sorted(values)[min(int(0.95 * len(values)), len(values) - 1)]


def show_pair(times: list[float]) -> str:
    """Median and p95.

    >>> show_pair([1.0, 1.0, 2.0])
    '1.00 / 2.00 s'
    """
    return f"{statistics.median(times):.2f} / {find_p95(times):.2f} s"

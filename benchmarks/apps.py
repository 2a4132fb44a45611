"""The app as a process of its own, and what it tells of itself."""

import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tornado.httpclient import AsyncHTTPClient

ROOT = Path(__file__).resolve().parents[1]


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
    found = re.findall(r"^(\w+) (\S+)$", answer.body.decode(), re.MULTILINE)
    return {name: float(value) for name, value in found}

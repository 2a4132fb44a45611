"""The app as a process of its own, as `make run` starts it: start, end, port, memory, metrics."""

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
from typing import IO, Any

from tornado.httpclient import AsyncHTTPClient

ROOT = Path(__file__).resolve().parents[2]
START_S = 180.0  # the first start compiles the kernels
END_S = 60.0


def find_free_port() -> int:
    """Return a port on which no process listens at the moment."""
    with socket.create_server(("localhost", 0)) as probe:
        return int(probe.getsockname()[1])


def wait_for_port(
    port: int, timeout_s: float = START_S, process: "subprocess.Popen[Any] | None" = None
) -> None:
    """Return as soon as a server listens on the port. Raise OSError if it does not start."""
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            socket.create_connection(("localhost", port), timeout=1).close()
            return
        except OSError:
            has_ended = process is not None and process.poll() is not None
            if has_ended or time.monotonic() > deadline:
                raise
            time.sleep(0.05)


# The limit must hold before Python starts, and a thread may be running here (no preexec_fn).
LIMITED = """
import os, resource, sys
n = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_NOFILE, (n, n))
os.execv(sys.executable, [sys.executable, "app.py"])
"""


def start_app(
    environment: dict[str, str],
    errors: int | IO[str] | None = subprocess.PIPE,
    n_descriptors: int | None = None,
) -> "subprocess.Popen[str]":
    """Start app.py with these environment variables; the app logs to ``errors``.

    With ``n_descriptors`` the app may open only so many files and connections.
    """
    limited = ["-c", LIMITED, str(n_descriptors)]
    return subprocess.Popen(
        [sys.executable, *(["app.py"] if n_descriptors is None else limited)],
        cwd=ROOT,
        # The app must not touch the runs that the user has stored at home.
        env=os.environ | {"STORE": "off"} | environment,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
    )


@contextmanager
def serve_app(
    log: Path | None = None, n_descriptors: int | None = None, **environment: str
) -> Iterator[str]:
    """Serve the app until the block ends; yield the address that it prints.

    The app stores its runs in a temporary folder. It logs to the file ``log``, by default to the
    standard error. ``n_descriptors`` as in `start_app`.
    """
    port = find_free_port()
    with ExitStack() as stack:
        store = stack.enter_context(tempfile.TemporaryDirectory())
        errors = stack.enter_context(log.open("w", encoding="utf-8")) if log else None
        usual = {"PORT": str(port), "MOST_SESSIONS": "200", "STORE": store}
        app = start_app(usual | environment, errors, n_descriptors)
        try:
            assert app.stdout is not None
            address = re.search(r"http://\S+", app.stdout.readline())
            assert address is not None, "the app printed no address"
            wait_for_port(port, process=app)
            yield address.group().rstrip("/")
        finally:
            app.terminate()
            try:
                app.communicate(timeout=END_S)
            except subprocess.TimeoutExpired:
                app.kill()
                raise


async def read_metrics(url: str) -> dict[str, float]:
    """Read the server's metrics; values of one name with several labels are summed."""
    answer = await AsyncHTTPClient().fetch(f"{url}/metrics", request_timeout=60)
    found = re.findall(r"^(\w+)(?:{[^}]*})? (\S+)$", answer.body.decode(), re.MULTILINE)
    values: dict[str, float] = {}
    for name, value in found:
        values[name] = values.get(name, 0.0) + float(value)
    return values


def read_resident_bytes(pid: int | str = "self") -> int:
    """Return the resident memory of a process in bytes (Linux only)."""
    n_pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return n_pages * os.sysconf("SC_PAGE_SIZE")

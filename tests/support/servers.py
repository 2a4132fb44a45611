"""The app as a process of its own, as `make run` starts it."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import find_free_port, wait_for_port

ROOT = Path(__file__).resolve().parents[2]


def start_app(environment: dict[str, str]) -> "subprocess.Popen[str]":
    """Start app.py with these variables set."""
    return subprocess.Popen(
        [sys.executable, "app.py"],
        cwd=ROOT,
        # What a user keeps at home is no test's business.
        env=os.environ | {"STORE": "off"} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def serve_app(environment: dict[str, str]) -> Iterator[str]:
    """The address that the app prints; the app ends with the block."""
    port = find_free_port()
    app = start_app(environment | {"PORT": str(port)})
    try:
        assert app.stdout is not None
        address = re.search(r"http://\S+", app.stdout.readline())
        assert address is not None
        wait_for_port(port)
        yield address.group()
    finally:
        app.terminate()
        app.communicate()

"""Growth of a process's memory while a block runs."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.support.servers import read_resident_bytes

PERIOD_S = 0.05


@contextmanager
def watch_memory(pid: int | str = "self") -> Iterator[Callable[[], int]]:
    """Yield a function that returns the largest growth (bytes) since the start of the block."""
    start = highest = read_resident_bytes(pid)
    is_over = threading.Event()

    def watch() -> None:
        nonlocal highest
        while not is_over.wait(PERIOD_S):
            highest = max(highest, read_resident_bytes(pid))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield lambda: highest - start
    finally:
        is_over.set()
        thread.join()

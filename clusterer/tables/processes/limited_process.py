"""Runs a program of this folder after it has limited the memory of this process.

Run as ``python -I limited_process.py BYTES PROGRAM ARGUMENT …``. A small file can describe huge
data. Beyond BYTES the process ends, and no other process suffers. The programs import no module of
the package, so that the process starts quickly.
"""

import contextlib
import runpy
import sys


def limit_memory(n_bytes: int) -> None:
    """Let this process take `n_bytes` more than it has; not possible on Windows."""
    try:
        import resource
    except ImportError:
        return
    n_now = 0
    # The address space of Python itself, where the system tells it.
    with contextlib.suppress(OSError, ValueError), open("/proc/self/statm") as file:
        n_now = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (n_now + n_bytes, n_now + n_bytes))


if __name__ == "__main__":
    limit_memory(int(sys.argv[1]))
    sys.argv = sys.argv[2:]
    sys.stdout.reconfigure(encoding="utf-8", errors="replace", newline="\n")  # type: ignore[union-attr]
    runpy.run_path(sys.argv[0], run_name="__main__")
    sys.stdout.flush()

"""Reads tables in a process of its own, and tells how much memory that took.

``python -m tests.tables.files.read_table LABEL PATH PATH …`` prints JSON: for each path the number
of points and the error or null, and the most memory in bytes that this process took beyond what the
reading of a tiny table takes. An empty LABEL stands for no column of classes.
"""

import json
import resource
import sys
import tempfile
from pathlib import Path

from clusterer.tables import TableError, open_table

STATUS = Path("/proc/self/status")


def read(path: str, label: str | None) -> tuple[int, str | None]:
    """Return the number of points, and the error if there is one."""
    n_points = 0
    try:
        table = open_table(path)
        usable = [column.name for column in table.columns if column.usable]
        for points, _ in table.chunks(table.default_features or usable, 5_000, label):
            n_points += len(points)
    except TableError as error:
        return n_points, str(error)
    return n_points, None


def measure() -> int:
    """Return the most memory of this process so far, as the operating system counts it."""
    if STATUS.exists():
        # The figure of `getrusage` begins with the memory of the parent process.
        fields = (line.split() for line in STATUS.read_text().splitlines())
        return next(int(field[1]) * 1024 for field in fields if field[0] == "VmHWM:")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        tiny = Path(folder, "tiny")
        tiny.write_text("x,y,label\n1,2,a\n3,4,b\n")
        read(str(tiny), "label")
    before = measure()
    results = {}
    for path in sys.argv[2:]:
        n_points, error = read(path, sys.argv[1] or None)
        results[Path(path).name] = {
            "n_points": n_points,
            "error": error,
            "peak": measure() - before,
        }
    print(json.dumps(results))

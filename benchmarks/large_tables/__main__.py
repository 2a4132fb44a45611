"""Large tables: how fast they stream, and how much memory that takes.

``python -m benchmarks.large_tables`` writes a CSV of 2 GB into the folder for temporary files,
reads it bare and through the engine that the dashboard runs on, then uploads 500 MB through the
page in a browser, and deletes both. Each is measured in a process of its own.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from clusterer import OnlineClusterer
from clusterer.preprocessing.scaling import Moments, RunningScaling
from clusterer.session.engine import Engine
from clusterer.session.frame import ViewRequest
from clusterer.stream import TableSource
from clusterer.tables import Table, open_table

N_BLOCK_ROWS = 200_000
FRAME_PERIOD_S = 0.05


def write_table(path: Path, n_bytes: int) -> None:
    """Write blobs with an id, a time and a class, over and over, until there are enough bytes."""
    random = np.random.default_rng(0)
    classes = random.integers(0, 5, N_BLOCK_ROWS)
    points = random.uniform(-20, 20, (5, 4))[classes] + random.normal(size=(N_BLOCK_ROWS, 4))
    rows = [
        f"{x:.4f},{y:.4f},{z:.4f},{w:.4f},{c}"
        for (x, y, z, w), c in zip(points.tolist(), classes.tolist(), strict=True)
    ]
    block = ("\n".join(rows) + "\n").encode()
    with path.open("wb") as file:
        file.write(b"x,y,z,w,class\n")
        while file.tell() < n_bytes:
            file.write(block)


def read_resident_bytes(pid: int | str = "self") -> int:
    """The memory that a process holds."""
    n_pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return n_pages * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def watch_memory(pid: int | str = "self") -> Iterator[Callable[[], int]]:
    """Follow a process's memory; what is given tells its growth at the highest, in bytes."""
    start = highest = read_resident_bytes(pid)
    is_over = threading.Event()

    def follow() -> None:
        nonlocal highest
        while not is_over.wait(0.05):
            highest = max(highest, read_resident_bytes(pid))

    thread = threading.Thread(target=follow)
    thread.start()
    try:
        yield lambda: highest - start
    finally:
        is_over.set()
        thread.join()


def measure_bare(table: Table) -> dict[str, float]:
    """Read all rows and do nothing with them."""
    with watch_memory() as grown:
        start = time.perf_counter()
        chunks = table.chunks(table.default_features, 8192, label=table.label_column)
        n_rows = sum(len(chunk.points) for chunk in chunks)
        seconds = time.perf_counter() - start
    return {"rows": n_rows, "rows_per_s": n_rows / seconds, "grown_mb": grown() / 2**20}


def measure_engine(table: Table) -> dict[str, float]:
    """Stream all rows through the engine as fast as it goes, and look at it 20 times a second."""
    features = table.default_features
    columns = {column.name: column for column in table.columns}
    moments = Moments(
        np.array([columns[name].mean for name in features]),
        np.array([columns[name].std for name in features]),
        table.n_sampled,
    )
    OnlineClusterer(50).fit(np.random.default_rng(0).normal(size=(100, 4)))  # compiles
    source = TableSource(table, features, table.label_column)
    with watch_memory() as grown:
        engine = Engine(
            source,
            OnlineClusterer(50),
            scaling=RunningScaling.begin(moments),
            speed=float("inf"),
        )
        engine.request_view(ViewRequest(-1, -2))
        start = time.perf_counter()
        engine.play()
        first_s = float("nan")
        while True:
            frame = engine.wait_for_frame()
            if np.isnan(first_s) and len(frame.points):
                first_s = time.perf_counter() - start
            if frame.is_finished:
                break
            time.sleep(FRAME_PERIOD_S)
        seconds = time.perf_counter() - start
        engine.close()
    n_rows = frame.snapshot.n_seen
    return {
        "rows": n_rows,
        "rows_per_s": n_rows / seconds,
        "grown_mb": grown() / 2**20,
        "first_points_s": first_s,
    }


MEASURES = {"bare": measure_bare, "engine": measure_engine}


def run_apart(name: str, path: Path) -> dict[str, float]:
    """Measure in a process of its own, whose memory nothing else has touched."""
    command = [
        sys.executable,
        "-m",
        "benchmarks.large_tables",
        "--only",
        name,
        "--path",
        str(path),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def tell(name: str, result: dict[str, float]) -> None:
    """Print the figures of one measurement."""
    told = ", ".join(f"{key} {value:,.4g}" for key, value in result.items())
    print(f"{name}: {told}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=2000, help="of the CSV; default 2000")
    parser.add_argument("--upload", type=int, default=500, help="MB to upload; 0 for none")
    parser.add_argument("--only", choices=sorted(MEASURES), help=argparse.SUPPRESS)
    parser.add_argument("--path", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.only:
        print(json.dumps(MEASURES[given.only](open_table(given.path))))
        return
    with tempfile.TemporaryDirectory(prefix="clusterer-tables-") as folder:
        path = Path(folder) / "large.csv"
        write_table(path, given.megabytes * 2**20)
        results = {name: run_apart(name, path) for name in MEASURES}
        for name, result in results.items():
            tell(name, result)
        share = results["engine"]["rows_per_s"] / results["bare"]["rows_per_s"]
        print(f"the engine reads and learns at {share:.0%} of the speed of the bare reader")
        if given.upload:
            # Here, because it needs a browser and the rest does not.
            from benchmarks.large_tables.uploads import measure_upload

            write_table(path, given.upload * 2**20)
            tell("upload", measure_upload(path))


if __name__ == "__main__":
    main()

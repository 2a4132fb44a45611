"""Large tables: speed and memory of reading, streaming and uploading.

``python -m benchmarks.large_tables`` writes a CSV file of 2 GB into the folder for temporary
files, reads it without and with the dashboard's engine, then uploads 500 MB through the page in a
browser, and deletes both files. Each measurement runs in a process of its own.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.large_tables.memory import watch_memory
from clusterer import OnlineClusterer
from clusterer.preprocessing.scaling import Moments, RunningScaling
from clusterer.session.engine import Engine
from clusterer.session.frame import ViewRequest
from clusterer.stream import TableSource
from clusterer.tables import Table, open_table

N_BLOCK_ROWS = 200_000
FRAME_PERIOD_S = 0.05


def write_table(path: Path, n_bytes: int) -> None:
    """Write a block of blobs with classes repeatedly until the file has n_bytes."""
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


def measure_bare(table: Table) -> dict[str, float]:
    """Read all rows and discard them."""
    with watch_memory() as find_growth:
        start = time.perf_counter()
        chunks = table.chunks(table.default_features, 8192, label=table.label_column)
        n_rows = sum(len(chunk.points) for chunk in chunks)
        seconds = time.perf_counter() - start
    return {"rows": n_rows, "rows_per_s": n_rows / seconds, "growth_mb": find_growth() / 2**20}


def measure_engine(table: Table) -> dict[str, float]:
    """Stream all rows through the engine at full speed and request 20 frames a second."""
    features = table.default_features
    columns = {column.name: column for column in table.columns}
    moments = Moments(
        np.array([columns[name].mean for name in features]),
        np.array([columns[name].std for name in features]),
        table.n_sampled,
    )
    OnlineClusterer(50).fit(np.random.default_rng(0).normal(size=(100, 4)))  # compiles the kernels
    source = TableSource(table, features, table.label_column)
    with watch_memory() as find_growth:
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
        "growth_mb": find_growth() / 2**20,
        "first_points_s": first_s,
    }


MEASURES = {"bare": measure_bare, "engine": measure_engine}


def run_in_process(name: str, path: Path) -> dict[str, float]:
    """Measure in a process of its own, so that its memory is the measurement's."""
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


def print_figures(name: str, result: dict[str, float]) -> None:
    """Print the figures of one measurement."""
    figures = ", ".join(f"{key} {value:,.4g}" for key, value in result.items())
    print(f"{name}: {figures}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--megabytes", type=int, default=2000, help="size of the CSV file; default 2000"
    )
    parser.add_argument(
        "--upload", type=int, default=500, help="MB to upload; 0: no upload; default 500"
    )
    parser.add_argument("--only", choices=sorted(MEASURES), help=argparse.SUPPRESS)
    parser.add_argument("--path", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.only:
        print(json.dumps(MEASURES[given.only](open_table(given.path))))
        return
    with tempfile.TemporaryDirectory(prefix="clusterer-tables-") as folder:
        path = Path(folder) / "large.csv"
        write_table(path, given.megabytes * 2**20)
        results = {name: run_in_process(name, path) for name in MEASURES}
        for name, result in results.items():
            print_figures(name, result)
        share = results["engine"]["rows_per_s"] / results["bare"]["rows_per_s"]
        print(f"the engine reads and learns at {share:.0%} of the speed of reading alone")
        if given.upload:
            # Imported here, since only the upload needs Playwright.
            from benchmarks.large_tables.uploads import measure_upload

            write_table(path, given.upload * 2**20)
            print_figures("upload", measure_upload(path))


if __name__ == "__main__":
    main()

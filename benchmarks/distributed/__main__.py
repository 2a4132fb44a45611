"""`python -m benchmarks.distributed`: many files on one process and on two; writes the report.

The benchmark writes Parquet files into a temporary folder (0.8 GB for 10⁸ points) and deletes them
afterwards.
"""

import argparse
import os
import shutil
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, sleep
from typing import Any

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.distributed.merges import measure_merges, measure_tasks
from benchmarks.distributed.report import Found, write_report
from clusterer import OnlineClusterer
from clusterer import distributed as many
from clusterer.scaled_learner import ScaledLearner

FOLDER = Path(__file__).parent
N_ROWS_A_FILE = 2_000_000
N_AT_ONCE = 500_000
CENTERS = np.random.default_rng(0).uniform(-15, 15, size=(10, 2))
SAMPLE_S = 0.25


@dataclass
class Round:
    """One pass over all files: wall and CPU seconds, memory over time."""

    wall_s: float
    cpu_s: float
    n_clusters: int
    n_points: int
    memory_mb: list[list[float]] = field(default_factory=list)


def write_file(path: str, seed: int, n_rows: int) -> None:
    """Write ten blobs with 5 % of noise as float32."""
    random = np.random.default_rng(seed)
    schema = pa.schema([("x", pa.float32()), ("y", pa.float32())])
    with pq.ParquetWriter(path, schema, compression="none", use_dictionary=False) as writer:
        for start in range(0, n_rows, N_AT_ONCE):
            n = min(N_AT_ONCE, n_rows - start)
            points = CENTERS[random.integers(10, size=n)] + random.normal(size=(n, 2))
            is_noise = random.random(n) < 0.05
            points[is_noise] = random.uniform(-20, 20, size=(int(is_noise.sum()), 2))
            x, y = points.astype(np.float32).T
            writer.write_table(pa.table({"x": x, "y": y}, schema))


def warm_up() -> tuple[int, float]:
    """Import and compile on a worker; return its process and its CPU time (s)."""
    learner = ScaledLearner(OnlineClusterer())
    other = ScaledLearner(OnlineClusterer()).learn(np.random.default_rng(1).normal(size=(1_000, 2)))
    learner.learn(np.random.default_rng(0).normal(size=(1_000, 2))).absorb(other, fade=True)
    return os.getpid(), sum(psutil.Process().cpu_times()[:2])


def read_cpu_time() -> float:
    """Return the CPU time of a worker (s)."""
    return sum(psutil.Process().cpu_times()[:2])


class MemoryRecorder:
    """Records the memory of processes while the block runs."""

    def __init__(self, numbers: list[int]) -> None:
        self._processes = [psutil.Process(number) for number in numbers]
        self.memory_mb: list[list[float]] = [[] for _ in numbers]
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        while not self._is_over.wait(SAMPLE_S):
            for process, noted in zip(self._processes, self.memory_mb, strict=True):
                noted.append(process.memory_info().rss / 2**20)

    def __enter__(self) -> "MemoryRecorder":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()


def learn(folder: Path, client: Any) -> Round:
    """Learn all files once."""
    warmed = client.run(warm_up)
    with MemoryRecorder([number for number, _ in warmed.values()]) as recorder:
        begin = perf_counter()
        outcome = many.learn(folder, client=client)
        wall_s = perf_counter() - begin
    spent = client.run(read_cpu_time)
    cpu_s = sum(spent[worker] - before for worker, (_, before) in warmed.items())
    model = outcome.learner.model
    return Round(wall_s, cpu_s, model.n_clusters_, model.n_seen_, recorder.memory_mb)


def open_cluster(n_workers: int) -> Any:
    """Start worker processes of one thread each."""
    import distributed

    return distributed.LocalCluster(
        n_workers=n_workers, threads_per_worker=1, dashboard_address="127.0.0.1:0", silence_logs=50
    )


def make_files(folder: Path, n_points: int) -> int:
    """Write the files with two processes; return their number."""
    import distributed

    n_bytes = 8 * n_points
    if shutil.disk_usage(folder).free < 1.5 * n_bytes:
        sys.exit(
            f"{folder} has no space for {n_bytes / 1e9:.1f} GB; set TMPDIR to another folder, or "
            "choose fewer --points"
        )
    sizes = [min(N_ROWS_A_FILE, n_points - i) for i in range(0, n_points, N_ROWS_A_FILE)]
    paths = [str(folder / f"{i:05}.parquet") for i in range(len(sizes))]
    with open_cluster(2) as cluster, distributed.Client(cluster) as client:
        client.gather(client.map(write_file, paths, range(len(sizes)), sizes, pure=False))
    return len(sizes)


def measure(n_points: int, n_rounds: int, log: Any) -> Found:
    """Measure everything; ``log`` receives the name of each step."""
    import distributed

    found = Found(n_points=n_points)
    with TemporaryDirectory(prefix="clusterer-") as name:
        folder = Path(name)
        log(f"writing {n_points:,} points")
        found.n_files = make_files(folder, n_points)
        for turn in range(n_rounds):
            for n_workers in (1, 2):
                log(f"round {turn + 1} of {n_rounds}, {n_workers} workers")
                with open_cluster(n_workers) as cluster, distributed.Client(cluster) as client:
                    found.rounds.setdefault(n_workers, []).append(learn(folder, client))
    log("merges")
    found.merges = measure_merges()
    with open_cluster(2) as cluster, distributed.Client(cluster) as client:
        client.run(warm_up)
        log("small tasks")
        found.task_s = median(measure_tasks(client) for _ in range(3))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.distributed", description=__doc__)
    parser.add_argument(
        "--points",
        type=lambda text: int(float(text)),
        default=10**8,
        help="number of points; default 10⁸",
    )
    parser.add_argument("--rounds", type=int, default=2, help="number of rounds; default 2")
    arguments = parser.parse_args()
    begin = perf_counter()

    def log(message: str) -> None:
        print(f"[{perf_counter() - begin:4.0f} s] {message}", file=sys.stderr, flush=True)

    found = measure(arguments.points, arguments.rounds, log)
    report = write_report(found)
    (FOLDER / "distributed.md").write_text(report, "utf-8")
    print(report)
    log("done")
    # Dask's threads end after its clients.
    sleep(0.5)


if __name__ == "__main__":
    main()

"""Measurements in processes of their own: cost of the first call, memory against n."""

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

ROOT = Path(__file__).resolve().parents[2]

FIRST_CALL = """
from time import perf_counter, process_time
begin = perf_counter()
import numpy as np
{imports}
points = np.random.default_rng(0).normal(size=(1000, 2))
imported = perf_counter()
{call}
print(imported - begin, perf_counter() - imported, process_time())
"""
FIRST_CALLS = {
    "clusterer: import, partial_fit, predict": (
        "from clusterer import OnlineClusterer",
        "OnlineClusterer().partial_fit(points).predict(points)",
    ),
    "clusterer.river: import, learn_one, predict_one": (
        "from clusterer.river import OnlineClusterer",
        "m = OnlineClusterer(); x = dict(a=1.0, b=2.0); m.learn_one(x); m.predict_one(x)",
    ),
}
FLOORS = {
    "NumPy and Numba imported": ("import numba", ""),
    "MiniBatchKMeans: import, partial_fit, predict": (
        "from sklearn.cluster import MiniBatchKMeans",
        "MiniBatchKMeans(20).partial_fit(points).predict(points)",
    ),
}

WALL = [True, True, False]  # which numbers of a first call are wall time; the last is CPU time

MEMORY = """
import pickle, tracemalloc
from mmap import PAGESIZE
from pathlib import Path
import numpy as np
from clusterer import OnlineClusterer
statm = Path("/proc/self/statm")  # Linux only; the peak RSS would be that of compilation
find_rss = lambda: int(statm.read_text().split()[1]) * PAGESIZE / 2**20
rng = np.random.default_rng(0)
centers = rng.uniform(-15, 15, size=(10, 16))
draw = lambda: centers[rng.integers(10, size=1000)] + rng.normal(size=(1000, 16))
model, n = OnlineClusterer(20), 0
for target in {targets}:
    while n < target:
        if n + 10_000 > target and not tracemalloc.is_tracing():
            rss = find_rss() if statm.exists() else float("nan")
            tracemalloc.start()
        model.partial_fit(draw())
        n += 1000
    held = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    print(n, rss, held, len(pickle.dumps(model)) / 2**10)
"""


def run_python(code: str, **environment: str) -> list[list[float]]:
    """Run code in a new interpreter; return the printed numbers, a list for each line."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return [[float(word) for word in line.split()] for line in done.stdout.splitlines()]


def time_first_calls(n_rounds: int) -> dict[str, list[list[float]]]:
    """Return seconds of import, first result and CPU, with an empty and a filled cache."""
    taken: dict[str, list[list[float]]] = {}
    with TemporaryDirectory() as cache:
        for name, (imports, call) in FIRST_CALLS.items():
            code = FIRST_CALL.format(imports=imports, call=call)
            try:
                folder = str(Path(cache) / str(len(taken)))
                taken[f"{name}; compiling"] = run_python(code, NUMBA_CACHE_DIR=folder)
            except subprocess.CalledProcessError as error:
                # River may be missing; the last line of the traceback names the missing package.
                print(f"skipped: {name}: {error.stderr.strip().splitlines()[-1]}")
                continue
            taken[f"{name}; cached"] = [
                run_python(code, NUMBA_CACHE_DIR=folder)[0] for _ in range(n_rounds)
            ]
    for name, (imports, call) in FLOORS.items():
        code = FIRST_CALL.format(imports=imports, call=call or "pass")
        taken[name] = [run_python(code)[0] for _ in range(n_rounds)]
    return taken


def measure_memory(n_points: int) -> list[list[float]]:
    """Return for each n: n, RSS (MB), peak of 10 000 points' allocations (MB), model (kB)."""
    targets = [n for n in (10_000, 100_000, 1_000_000, 10_000_000) if n <= n_points]
    return run_python(MEMORY.format(targets=targets))


def find_median(times: list[list[float]]) -> float:
    """Return the median of import and first result together."""
    return float(np.median(np.sum(times, axis=1, where=WALL)))


def find_least(times: list[list[float]]) -> float:
    """Return the least of import and first result together, the cost on an idle machine."""
    return float(np.min(np.sum(times, axis=1, where=WALL)))

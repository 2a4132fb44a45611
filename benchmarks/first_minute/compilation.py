"""CPU time of the compilation, per function, by the events that Numba itself sends."""

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[2]

MEASURE = """
import json, time
from collections import Counter
from numba.core import event

class Stopwatch(event.Listener):
    def __init__(self):
        self.running, self.seconds = [], Counter()
    def on_start(self, event):
        self.running.append([time.process_time(), 0.0])
    def on_end(self, event):
        begin, inside = self.running.pop()
        spent = time.process_time() - begin
        function = event.data["dispatcher"].py_func
        self.seconds[f"{function.__module__}.{function.__qualname__}"] += spent - inside
        if self.running:
            self.running[-1][1] += spent

stopwatch = Stopwatch()
event.register("numba:compile", stopwatch)
begin = time.process_time()
import clusterer
imported = time.process_time()
import numpy as np
from clusterer import OnlineClusterer
random = np.random.default_rng(0)
points = random.normal(size=(3_000, 2)) + 8.0 * random.integers(4, size=(3_000, 1))
prepared = time.process_time()
model = OnlineClusterer().partial_fit(points)
learned = time.process_time()
model.n_clusters_
labelled = time.process_time()
model.predict(points)
predicted = time.process_time()
print(json.dumps([
    [
        imported - begin, prepared - imported, learned - prepared, labelled - learned,
        predicted - labelled,
    ],
    dict(stopwatch.seconds),
]))
"""
STEPS = ("import", "estimator", "learning", "clusters", "predict")


def measure_first_result(folder: str) -> tuple[dict[str, float], dict[str, float]]:
    """Return CPU seconds of each step, and of each compiled function; ``folder`` is the cache."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURE],
        cwd=ROOT,
        env={**os.environ, "NUMBA_CACHE_DIR": folder},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    steps, functions = json.loads(done.stdout)
    return dict(zip(STEPS, steps, strict=True)), functions


def measure_compilation() -> tuple[dict[str, float], dict[str, float], dict[str, float]]:
    """Return the steps with an empty cache and with a filled one, and seconds per function."""
    with TemporaryDirectory() as folder:
        cold, functions = measure_first_result(folder)
        warm, _ = measure_first_result(folder)
    return cold, warm, functions

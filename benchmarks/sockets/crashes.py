"""Kill the server at random moments: does the run come back, how far behind, and bit for bit?

``python -m benchmarks.sockets.crashes --times 100`` starts the app, lets one visitor's run stream,
and kills the server (SIGKILL) at a random moment. Started again, the same visitor comes back with
its key. Each time the run in the store is compared with one that was never interrupted, and what it
lags behind with the points that the killed server had learned. The report goes to
benchmarks/sockets/crashes.md.
"""

import argparse
import asyncio
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.load.apps import find_p95, read_metrics
from benchmarks.load.visitors import Visitor
from clusterer import OnlineClusterer
from clusterer.datasets import make_generator
from clusterer.session.run import Run
from clusterer.session.saving.checkpoint import Checkpoint
from clusterer.session.saving.store import RunStore

ROOT = Path(__file__).resolve().parents[2]
REPORT = Path(__file__).with_suffix(".md")
POINTS_PER_S = 1000.0


class Trial(NamedTuple):
    """What one kill has shown; ``behind_s`` is how much of the stream was lost."""

    n_stored: int
    behind_s: float
    is_exact: bool
    came_back_s: float


class Server:
    """The app as a process of its own, which may be killed."""

    def __init__(self, port: int, folder: Path) -> None:
        environment = {"PORT": str(port), "STORE": str(folder / "store"), "TMPDIR": str(folder)}
        self.url = f"http://localhost:{port}"
        self._app = subprocess.Popen(
            [sys.executable, "app.py"],
            cwd=ROOT,
            env=os.environ | environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        while True:
            try:
                socket.create_connection(("localhost", port), timeout=1).close()
                return
            except OSError:
                if self._app.poll() is not None:
                    raise
                time.sleep(0.05)

    def kill(self) -> None:
        self._app.kill()
        self._app.wait()


class Reference:
    """The same run, never interrupted."""

    def __init__(self, seed: int) -> None:
        parameters: dict[str, Any] = {"n_prototypes": 50}
        self._run = Run(make_generator("blobs", seed=seed), OnlineClusterer(**parameters))

    def is_like(self, checkpoint: Checkpoint) -> bool:
        """Whether the memory is the run's after as many points, to the last bit."""
        while self._run.n_seen < checkpoint.n_seen:
            self._run.advance(min(checkpoint.n_seen - self._run.n_seen, 4096))
        ours = Checkpoint.take(self._run)
        is_same = ours.model is not None and checkpoint.model is not None
        return (
            is_same
            and ours.write()[1] == checkpoint.write()[1]
            and np.array_equal(ours.scaling.scales, checkpoint.scaling.scales)
            and ours.parameters == checkpoint.parameters
        )


async def live(server: Server, key: str, seed: int, life_s: float) -> tuple[str, int, float]:
    """A visitor's time and the kill: its key, points learned, how long it took to be back."""
    visitor = Visitor(server.url, f"?seed={seed}&speed={POINTS_PER_S:g}", key)
    took_s = await visitor.open()
    await asyncio.sleep(life_s)
    n_points = int((await read_metrics(server.url))["clusterer_points_learned_total"])
    server.kill()
    await visitor.close()
    return visitor.key, n_points, took_s


def read_store(folder: Path, key: str) -> Checkpoint:
    store = RunStore(folder / "store")
    checkpoint = store.find(key)
    store.close()
    assert checkpoint is not None
    return checkpoint


def crash(n_times: int, seed: int = 3, shortest_s: float = 1.5, longest_s: float = 5.0) -> list:
    """Kill it so often; what each time has shown."""
    random_lives = random.Random(seed)
    trials = []
    key, n_before = "", 0
    with (
        tempfile.TemporaryDirectory() as name,
        socket.create_server(("localhost", 0)) as probe,
    ):
        folder = Path(name)
        port = int(os.environ.get("BENCHMARK_PORT") or probe.getsockname()[1])
        probe.close()
        reference = Reference(seed)
        for _ in range(n_times):
            server = Server(port, folder)
            try:
                life_s = random_lives.uniform(shortest_s, longest_s)
                given, n_learned, took_s = asyncio.run(live(server, key, seed, life_s))
            finally:
                server.kill()
            assert key in ("", given), "the run was not found again"
            key = given
            checkpoint = read_store(folder, key)
            # What a server learns it counts from its own start.
            behind = n_before + n_learned - checkpoint.n_seen
            is_exact = checkpoint.n_seen >= n_before and reference.is_like(checkpoint)
            trials.append(Trial(checkpoint.n_seen, behind / POINTS_PER_S, is_exact, took_s))
            n_before = checkpoint.n_seen
            print(trials[-1], flush=True)
    return trials


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=100)
    arguments = parser.parse_args()
    trials: list[Trial] = crash(arguments.times)
    behind = [trial.behind_s for trial in trials]
    text = f"""# Killed {len(trials)} times at random moments

`python -m benchmarks.sockets.crashes --times {arguments.times}`: one session at {POINTS_PER_S:g} \
points a second, SIGKILL after 1.5 to 5 s, a new server, the same visitor with its key; load \
{os.getloadavg()[0]:.1f} on {os.cpu_count()} cores at the end.

| | measured | target |
|---|---|---|
| the run came back | {len(trials)} of {len(trials)} | all |
| equal to one never interrupted, bit for bit | {sum(t.is_exact for t in trials)} of \
{len(trials)} | all |
| stream lost, p50 / p95 / most | {sorted(behind)[len(behind) // 2]:.2f} / \
{find_p95(behind):.2f} / {max(behind):.2f} s | ≤ 1 s |
| points at the end | {trials[-1].n_stored:,} | |
"""
    print(text)
    REPORT.write_text(text, "utf-8")


if __name__ == "__main__":
    main()

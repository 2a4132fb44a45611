"""A server that is killed at random moments restores its runs bit for bit."""

import asyncio
import random
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from clusterer import OnlineClusterer
from clusterer.base import Learner
from clusterer.datasets import make_generator
from clusterer.session.run import Run
from clusterer.session.saving.checkpoint import Checkpoint
from clusterer.session.saving.store import RunStore
from tests.support.servers import find_free_port, read_metrics, start_app, wait_for_port
from tests.support.threads import run_in_new_loop
from tests.support.websocket_client import WebSocketClient

SEED = 3
POINTS_PER_S = 1000.0


class Crash(NamedTuple):
    """State of the stored run after the server was killed; ``lost_s``: seconds of stream lost."""

    n_stored: int
    lost_s: float
    is_exact: bool


class UninterruptedRun:
    """The same run without interruption."""

    def __init__(self) -> None:
        # Compiles the kernels, which takes longer than a server lives here.
        points = make_generator("blobs", seed=SEED).take(2000).points
        OnlineClusterer().fit(points).snapshot()
        self._run = Run(make_generator("blobs", seed=SEED), OnlineClusterer())

    def equals(self, checkpoint: Checkpoint) -> bool:
        """Whether the checkpoint equals this run after the same number of points, bit for bit."""
        while self._run.n_seen < checkpoint.n_seen:
            self._run.advance(min(checkpoint.n_seen - self._run.n_seen, 4096))
        ours = Checkpoint.take(self._run)
        return (
            ours.model is not None
            and checkpoint.model is not None
            and read_learned(ours.model) == read_learned(checkpoint.model)
            and np.array_equal(ours.scaling.scales, checkpoint.scaling.scales)
            and ours.parameters == checkpoint.parameters
        )


def read_learned(model: Learner) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Everything that a model has learned; the clusters' numbers depend on when they were read."""
    header, arrays = model.to_arrays()
    del header["next_number"]
    learned = arrays.keys() - {"numbers", "numbered"}
    return header, {name: arrays[name].tobytes() for name in learned}


async def stream_until_killed(app, url: str, key: str, life_s: float) -> tuple[str, int]:
    """Stream for some seconds and kill the server; return the run's key and the points learned."""
    client = WebSocketClient(url, f"?seed={SEED}&speed={POINTS_PER_S:g}", key)
    await client.open()
    await asyncio.sleep(life_s)
    n_points = int((await read_metrics(url))["clusterer_points_learned_total"])
    app.kill()
    app.wait()
    await client.close()
    return client.key, n_points


def read_checkpoint(folder: Path, key: str) -> Checkpoint:
    store = RunStore(folder)
    checkpoint = store.find(key)
    store.close()
    assert checkpoint is not None
    return checkpoint


def crash(folder: Path, n_times: int, longest_s: float) -> list[Crash]:
    """Kill the server n times; after each restart the same client restores its run."""
    dice = random.Random(SEED)
    port, store, reference = find_free_port(), folder / "store", UninterruptedRun()
    environment = {"PORT": str(port), "STORE": str(store), "TMPDIR": str(folder)}
    crashes: list[Crash] = []
    key, n_before = "", 0
    for _ in range(n_times):
        with start_app(environment, None) as app:
            try:
                wait_for_port(port, process=app)
                life_s = dice.uniform(1.5, longest_s)
                living = stream_until_killed(app, f"http://localhost:{port}", key, life_s)
                restored_key, n_learned = run_in_new_loop(living)
            finally:
                app.kill()
        assert key in ("", restored_key), "the server did not restore the run"
        key = restored_key
        checkpoint = read_checkpoint(store, key)
        # A server counts the points that it has learned since its own start.
        n_lost = n_before + n_learned - checkpoint.n_seen
        is_exact = checkpoint.n_seen >= n_before and reference.equals(checkpoint)
        crashes.append(Crash(checkpoint.n_seen, n_lost / POINTS_PER_S, is_exact))
        n_before = checkpoint.n_seen
    return crashes


@pytest.mark.parametrize(
    ("n_times", "longest_s"), [(2, 2.5), pytest.param(100, 5.0, marks=pytest.mark.long)]
)
def test_a_killed_server_restores_the_run(tmp_path: Path, n_times: int, longest_s: float) -> None:
    crashes = crash(tmp_path, n_times, longest_s)
    lost = sorted(each.lost_s for each in crashes)
    print(f"stream lost: median {lost[len(lost) // 2]:.2f} s, most {lost[-1]:.2f} s")
    assert all(each.is_exact for each in crashes)
    assert crashes[-1].n_stored > crashes[0].n_stored > 0

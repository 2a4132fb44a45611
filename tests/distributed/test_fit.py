"""Learning on several machines, tested on a cluster of two processes, one of which is killed."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import adjusted_rand_score

from clusterer import OnlineClusterer
from clusterer.cli import main
from clusterer.datasets import make_generator
from clusterer.distributed.coordinator import Coordinator
from clusterer.distributed.partitions import Partition
from clusterer.distributed.reduction_tree import Node, ReductionTree
from clusterer.distributed.worker import MERGE_FACTOR, PartialModel, Task, learn_block, merge
from clusterer.scaled_learner import ScaledLearner
from tests.datasets.customers import NAMES, write_customers
from tests.support.majority_learner import MajorityLearner

dask = pytest.importorskip("dask")
distributed = pytest.importorskip("distributed")

from clusterer import distributed as many  # noqa: E402

N_FILES, N_ROWS = 24, 4_000
# Dask warns and leaves resources open when a worker is killed.
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:.*:pytest.PytestUnraisableExceptionWarning"),
]


def make_blobs(seed: int = 3, noise: float = 0.02) -> tuple[np.ndarray, np.ndarray]:
    points, classes = make_generator("blobs", seed=seed, noise=noise).take(N_FILES * N_ROWS)
    assert classes is not None
    return points, classes


def assert_same(one: OnlineClusterer, other: OnlineClusterer) -> None:
    assert_array_equal(one.prototypes_, other.prototypes_)
    assert_array_equal(one.weights_, other.weights_)
    assert_array_equal(one.links_, other.links_)


def merge_here(blocks: list[np.ndarray], model: OnlineClusterer) -> OnlineClusterer:
    """Learn and merge the blocks in the same tree without Dask."""
    task = Task(model, None, is_scaled=False, features=None)
    parts = [learn_block(block, str(i), i, task) for i, block in enumerate(blocks)]
    tree = ReductionTree(len(parts))
    for level in range(1, tree.root.level + 1):
        nodes = [Node(level, i) for i in range(tree.widths[level])]
        parts = [merge([parts[child.place] for child in tree.children(n)], task) for n in nodes]
    return parts[0].learner.model.set_params(n_prototypes=model.n_prototypes)


@pytest.fixture(scope="module")
def client():
    """Two worker processes of one thread each."""
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0", silence_logs=50
        ) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A folder of Parquet files of blobs with some noise."""
    folder = tmp_path_factory.mktemp("many")
    points, _ = make_blobs()
    for i, block in enumerate(np.split(points, N_FILES)):
        pd.DataFrame(block, columns=["x", "y"]).to_parquet(folder / f"{i:03}.parquet")
    return folder


def test_labels_and_sums_agree_with_one_machine(client, folder):
    points, _ = make_blobs()
    alone = OnlineClusterer().fit(points)
    model = many.fit(folder, client=client)
    table = pd.DataFrame(points, columns=["x", "y"])
    assert type(model) is OnlineClusterer
    assert model.n_clusters_ == alone.n_clusters_ == 5
    # Which points at the edge of a cluster are noise depends on the order of the points; see below.
    labels = np.array([alone.predict(points), model.predict(table)])
    is_member = (labels >= 0).all(axis=0)
    assert adjusted_rand_score(*labels[:, is_member]) >= 0.98
    assert is_member.mean() > 0.95
    assert model.n_seen_ == len(points)
    # The first point of each stream starts a prototype and does not count.
    assert model.counts_.sum() == pytest.approx(len(points) - N_FILES, rel=1e-9)
    assert model.sigma_ == pytest.approx(alone.sigma_, rel=1e-9)
    # The number of workers changes no bit.
    assert_same(model, merge_here(np.split(points, N_FILES), OnlineClusterer()))


def test_sums_equal_those_of_the_parts_in_any_order():
    points, _ = make_blobs(noise=0.1)
    blocks = np.split(points, N_FILES)
    parts = [OnlineClusterer(50).fit(block) for block in blocks]
    weight = sum(part.weights_.sum() for part in parts)
    first = sum(part.weights_ @ part.prototypes_ for part in parts)
    for ordered in (blocks, blocks[::-1]):
        model = merge_here(ordered, OnlineClusterer(50))
        assert model.weights_.sum() == pytest.approx(weight, rel=1e-9)
        assert_allclose(model.weights_ @ model.prototypes_, first, rtol=1e-9, atol=1e-9 * weight)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_labels_agree_with_one_machine_as_well_as_two_orders_of_the_points(seed):
    """Which points at the edge of a cluster are noise depends on the order of the points."""
    points, _ = make_blobs(seed)
    alone = OnlineClusterer().fit(points).predict(points)
    shuffled = points[np.random.default_rng(0).permutation(len(points))]
    again = OnlineClusterer().fit(shuffled).predict(points)
    merged = merge_here(np.split(points, N_FILES), OnlineClusterer()).predict(points)
    assert adjusted_rand_score(alone, merged) >= adjusted_rand_score(alone, again) - 0.02
    is_both = (alone >= 0) & (merged >= 0)
    assert adjusted_rand_score(alone[is_both], merged[is_both]) >= 0.98


def test_forgetting_follows_the_position_in_the_stream():
    """A point that k others follow counts gamma^k, as in one stream."""
    half_life, n, n_parts = 1_500.0, 8_000, 20
    random = np.random.default_rng(0)
    points = random.normal(size=(n, 2)) + np.linspace(0, 30, n)[:, None]
    model = OnlineClusterer(half_life=half_life, update="addc")
    merged = merge_here(np.split(points, n_parts), model)
    shares = 2.0 ** (-np.arange(n)[::-1] / half_life)
    alone = model.fit(points)
    # The running mean and covariance are those of one stream.
    assert merged.sigma_ == pytest.approx(alone.sigma_, rel=1e-9)
    # The first point of each partition starts a prototype and does not count.
    shares[:: n // n_parts] = 0
    assert merged.weights_.sum() == pytest.approx(shares.sum(), rel=1e-9)
    assert_allclose(merged.weights_ @ merged.prototypes_, shares @ points, rtol=1e-9)


def test_a_killed_worker_changes_nothing(client, folder):
    """Other workers learn its partitions again; no point is lost or counts twice."""
    paths = sorted(folder.iterdir()) * 4
    undisturbed = many.fit(paths, client=client)
    processes = client.run(os.getpid)
    killed = threading.Event()
    n_reported = 0

    def kill(report: many.PartitionReport) -> None:
        nonlocal n_reported
        n_reported += 1
        if n_reported == len(paths) // 2:
            os.kill(next(iter(processes.values())), signal.SIGKILL)
            killed.set()

    outcome = many.learn(paths, client=client, is_scaled=False, on_report=kill)
    assert killed.is_set()
    assert not outcome.failures
    assert n_reported == len(paths)
    assert outcome.learner.n_seen == len(paths) * N_ROWS
    assert_same(outcome.learner.model, undisturbed)
    client.wait_for_workers(2, timeout=120)


def test_partitions_that_cannot_be_read_are_named(client, folder, tmp_path):
    content = (folder / "000.parquet").read_bytes()
    (tmp_path / "bad.parquet").write_bytes(content[:4] + bytes(400) + content[404:])
    (tmp_path / "words.csv").write_text("a\nb\n")
    paths = sorted(folder.iterdir())
    bad = [tmp_path / "bad.parquet", tmp_path / "words.csv", tmp_path / "none.csv"]
    mixed = [*paths[:5], *bad, *paths[5:]]
    with pytest.raises(many.PartitionError, match=r"3 of 27 .*bad\.parquet") as caught:
        many.fit(mixed, client=client)
    assert list(caught.value.failures) == [str(path) for path in bad]
    with pytest.warns(UserWarning, match="words.csv has no numeric column"):
        model = many.fit(mixed, client=client, skip_failed=True)
    assert model.n_seen_ == N_FILES * N_ROWS
    assert_same(model, caught.value.outcome.learner.model)


def test_dask_arrays_and_data_frames_are_learned_and_labelled(client):
    import dask.array as da
    import dask.dataframe as dd

    points, _ = make_blobs()
    array = da.from_array(points, chunks=(N_ROWS, 1))
    model = many.fit(array, client=client)
    assert_same(model, merge_here(np.split(points, N_FILES), OnlineClusterer()))
    labels = many.predict(model, array)
    assert labels.numblocks == (N_FILES,)
    computed = client.compute(labels).result()
    assert_array_equal(computed, model.predict(points))

    frame = pd.DataFrame(points, columns=["x", "y"]).assign(name="text")
    frame.loc[5, "y"] = np.nan
    parts = dd.from_pandas(frame, npartitions=6)
    named = many.fit(parts, OnlineClusterer(half_life=10_000.0), client=client)
    assert named.feature_names_in_.tolist() == ["x", "y"]
    assert named.n_seen_ == len(points) - 1
    labels = client.compute(many.predict(named, parts)).result()
    assert labels.name == "cluster"
    assert labels[5] == -1
    kept = frame[["x", "y"]].drop(index=5)
    assert_array_equal(labels.drop(index=5), named.predict(kept))
    # A fitted model continues.
    more = many.fit(parts, named, client=client)
    assert more.n_seen_ == 2 * named.n_seen_


def test_the_command_line_learns_on_a_scheduler_and_files_are_labelled_on_it(
    client, folder, tmp_path, capsys
):
    address = client.scheduler.address
    model = tmp_path / "model.npz"
    args = ["fit", str(folder), "--scheduler", address, "-o", str(model)]
    assert main(args) == 0
    learner = ScaledLearner.load(model)
    assert learner.feature_names == ("x", "y")
    assert learner.n_seen == N_FILES * N_ROWS
    points, _ = make_blobs()
    # The scaling is that of all points together.
    assert_allclose(learner.scaling.offsets, points.mean(axis=0), rtol=1e-9)
    assert_allclose(learner.scaling.scales, points.std(axis=0), rtol=1e-9)
    bad = tmp_path / "bad.csv"
    bad.write_text("x,y\n")
    more = [*args[:2], str(bad), *args[2:4]]
    assert main([*more, "-o", str(tmp_path / "none.npz")]) == 1
    assert not (tmp_path / "none.npz").exists()
    assert "bad.csv has no data rows" in capsys.readouterr().err
    assert main([*more, "-o", str(tmp_path / "rest.npz"), "--skip-failed"]) == 0
    assert_same(ScaledLearner.load(tmp_path / "rest.npz").model, learner.model)
    labels = client.compute(many.predict(learner, folder)).result()
    assert_array_equal(labels["cluster"], learner.predict(points))
    assert labels["row"].tolist() == [*range(1, N_ROWS + 1)] * N_FILES


def test_all_partitions_take_the_logarithms_and_weights_of_the_command(client, tmp_path):
    folder, model = tmp_path / "customers", tmp_path / "model.npz"
    folder.mkdir()
    kinds = [write_customers(folder / f"{i}.csv", 1_000, seed=i) for i in range(3)]
    args = ["fit", str(folder), "--scheduler", client.scheduler.address, "-o", str(model)]
    assert main([*args, "--log", ",".join(NAMES), "--weights", "fresh=0.8,delicatessen=0"]) == 0
    learner = ScaledLearner.load(model)
    spent = np.concatenate([pd.read_csv(folder / f"{i}.csv")[[*NAMES[:-1]]] for i in range(3)])
    treatment = learner.scaling.treatment
    assert treatment.weights == (0.8, 1, 1, 1, 1)
    scaled = learner.scaling.apply(spent)
    assert_allclose(scaled.std(axis=0), treatment.weights, rtol=1e-6)
    assert adjusted_rand_score(np.concatenate(kinds), learner.predict(spent)) > 0.8
    # The model continues on the workers with its own logarithms.
    assert main([*args, "--from", str(model)]) == 0
    continued = ScaledLearner.load(model)
    assert continued.scaling.treatment == treatment
    assert continued.n_seen == 2 * len(spent)


def test_without_a_scheduler_no_model_is_written(folder, tmp_path, capsys):
    model = tmp_path / "model.npz"
    args = ["fit", str(folder), "--scheduler", "tcp://127.0.0.1:1", "-o", str(model)]
    import clusterer.distributed.client as client_module

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(client_module, "CONNECT_S", 1)
        assert main(args) == 1
    assert "No Dask scheduler answers at tcp://127.0.0.1:1" in capsys.readouterr().err
    assert not model.exists()


def test_a_learner_whose_models_cannot_be_merged_is_refused():
    pytest.importorskip("dask.array")
    with pytest.raises(TypeError, match="MajorityLearner cannot be merged; learn the data in one"):
        many.fit(dask.array.ones((5, 2)), MajorityLearner(9), client=object())


def test_partitions_without_points_change_nothing():
    task = Task(OnlineClusterer(50), None, is_scaled=True, features=None)
    empty = learn_block(np.empty((0, 2)), "empty", 0, task)
    full = learn_block(np.ones((5, 2)), "full", 1, task)
    merged = merge([empty, full, empty], task)
    assert isinstance(merged, PartialModel)
    assert merged.learner.n_seen == 5
    assert merged.learner.model.n_prototypes == MERGE_FACTOR * 50
    assert not merge([empty, empty], task).learner.is_fitted


def test_an_idle_worker_repeats_a_slow_partition(client, tmp_path, monkeypatch):
    """The partition hangs on the worker that takes it first, and still counts once."""
    monkeypatch.setattr("clusterer.distributed.coordinator.SLOW_S", 0.5)
    points, _ = make_blobs()
    blocks = np.split(points, N_FILES)
    begun = tmp_path / "begun"

    def learn_late(block: np.ndarray, index: int, task: Task) -> PartialModel:
        with begun.open("a") as file:
            file.write("x")
        deadline = time.monotonic() + 60
        while begun.read_text() == "x" and time.monotonic() < deadline:
            time.sleep(0.05)
        return learn_block(block, "late", index, task)

    class LatePartition(Partition):
        def plan(self, index: int, task: Task, key: str) -> object:
            learn = dask.delayed(learn_late, pure=False)
            return learn(self.content, index, task, dask_key_name=key)

    partitions = [Partition(str(i), block, is_file=False) for i, block in enumerate(blocks)]
    partitions[3] = LatePartition("late", blocks[3], is_file=False)
    task = Task(OnlineClusterer(), None, is_scaled=False, features=None)
    reports = []
    client.wait_for_workers(2, timeout=120)
    outcome = Coordinator(partitions, task, client, on_report=reports.append).run()
    assert begun.read_text() == "xx"
    assert sorted(report.index for report in reports) == list(range(N_FILES))
    assert_same(outcome.learner.model, merge_here(blocks, OnlineClusterer()))

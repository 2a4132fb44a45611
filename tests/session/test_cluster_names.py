"""Names of clusters: given by people, they last with the run."""

import json

import numpy as np
import pytest

from clusterer import OnlineClusterer
from clusterer.datasets import make_generator
from clusterer.export.data_files import write_clusters_csv, write_json, write_points_csv
from clusterer.session.engine import Engine
from clusterer.session.frame import ViewRequest
from clusterer.session.restart import branch_run, restart_run
from clusterer.session.run import Run
from clusterer.session.saving.checkpoint import Checkpoint
from clusterer.session.tracking import MAX_NAME_CHARS, ClusterTracker


@pytest.fixture
def run():
    run = Run(make_generator("blobs", seed=2), OnlineClusterer())
    for _ in range(5):
        run.advance(200)
        run.record()
    return run


def find_clusters(run):
    clusters = run.make_frame(ViewRequest()).center_clusters
    return np.unique(clusters[clusters >= 0]).tolist()


def test_a_name_reaches_frames_and_files(run):
    first, second, *_ = find_clusters(run)
    run.name_cluster(first, "young")
    run.name_cluster(second, "=1+1")
    assert run.make_frame(ViewRequest()).cluster_names == {first: "young", second: "=1+1"}
    exported = run.export_run()
    clusters = write_clusters_csv(exported).decode()
    assert f'\n{first},"young",' in clusters
    # A spreadsheet must not read a name as a formula.
    assert f'\n{second},"\'=1+1",' in clusters
    assert "young" in write_points_csv(exported).decode()
    names = {
        each["cluster"]: each["cluster_name"]
        for each in json.loads(write_json(exported))["clusters"]
    }
    assert names[first] == "young"
    run.name_cluster(first, " ")
    run.name_cluster(second, "")
    assert run.make_frame(ViewRequest()).cluster_names == {}
    assert "cluster_name" not in write_clusters_csv(run.export_run()).decode()


def test_a_name_is_saved_with_the_run(run):
    (first, *_) = find_clusters(run)
    run.name_cluster(first, "young")
    text, model = Checkpoint.take(run).write()
    restored = Checkpoint.read(text, model).restore_run(make_generator("blobs", seed=2))
    assert restored.make_frame(ViewRequest()).cluster_names == {first: "young"}
    # Runs that were saved before clusters had names.
    entries = json.loads(text)
    del entries["identities"]["names"]
    assert Checkpoint.read(json.dumps(entries), model).tracker.names == {}
    entries["identities"]["names"] = [[10_000, "nobody"]]
    with pytest.raises(ValueError, match="no cluster 10000"):
        Checkpoint.read(json.dumps(entries), model)


def test_names_follow_into_a_branch_and_end_with_a_reset(run):
    (first, *_) = find_clusters(run)
    state = run.recording.states[2]
    run.name_cluster(first, "young")
    run.advance(200)
    branch = branch_run(run, state, 1)
    assert branch.make_frame(ViewRequest()).cluster_names == {first: "young"}
    assert restart_run(run, 2).make_frame(ViewRequest()).cluster_names == {}


def test_a_name_is_short_text_of_an_existing_cluster():
    tracker = ClusterTracker()
    with pytest.raises(ValueError, match="no cluster 1 to name"):
        tracker.name_cluster(1, "x")
    tracker.update(np.array([4]), np.array([0]), np.ones(1))
    tracker.name_cluster(1, "a\x1b[31m\n<b>" + "x" * 200)
    assert len(tracker.names[1]) == MAX_NAME_CHARS
    assert tracker.names[1].startswith("a\ufffd[31m\ufffd<b>")


def test_the_engine_names_clusters_of_its_present_run_only():
    engine = Engine(make_generator("blobs"), OnlineClusterer())
    try:
        engine.step(1_000)
        frame = engine.wait_for_frame()
        cluster = int(frame.center_clusters.max())
        engine.name_cluster(cluster, "old", frame.run - 1)
        assert engine.wait_for_frame().cluster_names == {}
        engine.name_cluster(cluster, "mine", frame.run)
        assert engine.wait_for_frame().cluster_names == {cluster: "mine"}
        # A cluster that does not exist is an error that the page shows.
        engine.name_cluster(cluster + 10_000, "none", frame.run)
        assert "no cluster" in engine.wait_for_frame().message
    finally:
        engine.close()

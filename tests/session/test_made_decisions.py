"""Decisions about clusters by hand: they last with the run, and a script repeats them."""

import json

import numpy as np
import pytest

from clusterer import OnlineClusterer
from clusterer.cluster.density.labels import number_in_order
from clusterer.datasets import make_generator
from clusterer.export.data_files import write_clusters_csv
from clusterer.export.python_script import write_script
from clusterer.session.engine import Engine
from clusterer.session.frame import ViewRequest
from clusterer.session.recipe import MadeDecision
from clusterer.session.restart import branch_run, restart_run
from clusterer.session.run import Run
from clusterer.session.saving.checkpoint import Checkpoint
from clusterer.svm import PegasosClassifier


def make_source():
    return make_generator("blobs", seed=2)


@pytest.fixture
def run():
    run = Run(make_source(), OnlineClusterer())
    for _ in range(10):
        run.advance(300)
        run.record()
    assert len(find_clusters(run)) > 3
    return run


def find_clusters(run):
    clusters = run.make_frame(ViewRequest()).center_clusters
    return np.unique(clusters[clusters >= 0]).tolist()


def name_points(run):
    return run.make_frame(ViewRequest()).point_clusters.tolist()


def repeat(run):
    names = {}
    exec(write_script(run.export_run()), names)
    return names["model"]


def assert_repeated(run):
    ours, theirs = repeat(run).snapshot(), run.model.snapshot()
    assert np.array_equal(ours.centers, theirs.centers)
    assert np.array_equal(number_in_order(ours.labels), number_in_order(theirs.labels))


def test_a_merge_lasts_in_frames_points_and_files(run):
    first, second, *others = find_clusters(run)
    run.decide("merge", clusters=[first, second])
    for _ in range(3):
        frame = run.make_frame(ViewRequest())
        (kept,) = {*find_clusters(run)} - {*others}
        assert kept in (first, second)
        assert {*frame.point_clusters.tolist()} - {-1} == {kept, *others}
        assert write_clusters_csv(run.export_run()).decode().count("\n") == len(others) + 2
        run.advance(1_000)
    assert [each.describe() for each in frame.decisions] == [
        f"merged cluster {first} and cluster {second}"
    ]
    events = [event.name for event in run.recording.events if event.kind == "decided"]
    assert events == [f"merged cluster {first} and cluster {second}"]


def test_undo_brings_back_ids_names_and_colours(run):
    clusters = find_clusters(run)
    first, second, *_ = clusters
    run.name_cluster(first, "young")
    run.name_cluster(second, "old")
    before = name_points(run)
    colors = dict(run.tracker.colors)
    run.decide("merge", clusters=[first, second])
    run.make_frame(ViewRequest())
    run.advance(500)
    run.decide("undo")
    assert find_clusters(run) == clusters
    assert run.make_frame(ViewRequest()).cluster_names == {first: "young", second: "old"}
    assert run.tracker.colors == colors
    assert run.make_frame(ViewRequest()).decisions == ()
    # At once, even the points are those from before.
    other = Run(make_source(), OnlineClusterer())
    other.advance(3_000)
    before = name_points(other)
    one, two, *_ = find_clusters(other)
    other.decide("merge", clusters=[one, two])
    other.decide("undo")
    assert name_points(other) == before


def test_a_split_and_a_cut_last_and_are_undone(run):
    clusters = find_clusters(run)
    run.decide("split", clusters=[clusters[0]])
    run.advance(700)
    assert len(find_clusters(run)) == len(clusters) + 1
    run.decide("cut", threshold=30.0)
    run.advance(700)
    n_cut = len(find_clusters(run))
    assert n_cut < len(clusters)
    run.decide("undo")
    assert len(find_clusters(run)) == len(clusters) + 1
    run.decide("undo")
    assert find_clusters(run) == clusters
    with pytest.raises(ValueError, match="no decision"):
        run.decide("undo")


@pytest.mark.parametrize("key", ["blobs", "drifting"])
def test_a_script_repeats_decisions_bit_for_bit(key):
    run = Run(make_generator(key, seed=4), OnlineClusterer())
    run.advance(3_000)
    one, two, *others = find_clusters(run)
    run.decide("merge", clusters=[two, one])
    run.advance(1_234)
    run.set("n_prototypes", 40)
    run.decide("split", clusters=[others[0]])
    run.advance(777)
    run.decide("cut", threshold=1.5)
    run.decide("undo")
    assert_repeated(run)
    run.advance(2_000)
    assert_repeated(run)
    script = write_script(run.export_run())
    assert "model.merge_clusters(*map(model.find_cluster, (" in script
    assert "model.undo_decision()" in script


def test_decisions_are_saved_with_the_run(run):
    first, second, *_ = find_clusters(run)
    run.decide("merge", clusters=[first, second])
    run.advance(300)
    text, model = Checkpoint.take(run).write()
    restored = Checkpoint.read(text, model).restore_run(make_source())
    assert restored.recipe.decisions == run.recipe.decisions
    assert name_points(restored) == name_points(run)
    for each in (run, restored):
        each.advance(500)
    assert name_points(restored) == name_points(run)
    for each in (run, restored):
        each.decide("undo")
    assert find_clusters(restored) == find_clusters(run)
    assert {first, second} <= {*find_clusters(restored)}
    assert_repeated(restored)
    # Runs that were saved before there were decisions.
    entries = json.loads(text)
    del entries["recipe"]["decisions"], entries["identities"]["before"]
    entries["recipe"]["changes"] = []
    assert Checkpoint.read(json.dumps(entries), model).recipe.decisions == ()


def test_a_branch_has_the_decisions_of_its_state(run):
    first, second, *_ = find_clusters(run)
    early = run.recording.states[-1]
    run.advance(300)
    run.decide("merge", clusters=[first, second])
    run.record()
    state = run.recording.states[-1]
    run.advance(300)
    run.decide("split", clusters=[find_clusters(run)[-1]])
    run.advance(200)
    assert [each.kind for each in state.decisions] == ["merge"]
    branch = branch_run(run, state, 1)
    assert [each.kind for each in branch.recipe.decisions] == ["merge"]
    assert not {first, second} <= {*find_clusters(branch)}
    branch.advance(400)
    assert_repeated(branch)
    branch = branch_run(branch, early, 2)
    assert branch.recipe.decisions == ()
    assert {first, second} <= {*find_clusters(branch)}
    branch.advance(400)
    assert_repeated(branch)
    assert restart_run(branch, 3).recipe.decisions == ()


def test_what_is_not_possible_changes_nothing(run):
    clusters = find_clusters(run)
    for clusters_given, message in (
        ([clusters[0], 999], "Cluster 999 is not there any more"),
        ([clusters[0]], "two clusters or more"),
        ([clusters[0]] * 2, "cannot merge with itself"),
    ):
        with pytest.raises(ValueError, match=message):
            run.decide("merge", clusters=clusters_given)
    with pytest.raises(ValueError, match="one cluster to split"):
        run.decide("split", clusters=clusters)
    with pytest.raises(ValueError, match="above 0"):
        run.decide("cut", threshold=0.0)
    assert (run.recipe.decisions, find_clusters(run)) == ((), clusters)
    with pytest.raises(ValueError, match="no clusters to decide about"):
        Run(make_source(), OnlineClusterer()).decide("split", clusters=[1])
    with pytest.raises(ValueError, match="no clusters to decide about"):
        Run(make_source(), PegasosClassifier()).decide("undo")


def test_the_engine_answers_a_decision_and_goes_on():
    engine = Engine(make_source(), OnlineClusterer())
    try:
        engine.learn(3_000).result(30)
        frame = engine.wait_for_frame()
        first, second, *_ = np.unique(frame.center_clusters[frame.center_clusters >= 0]).tolist()
        engine.decide("merge", frame.run, clusters=[first, second]).result(30)
        assert engine.wait_for_frame().decisions[0].clusters == (first, second)
        engine.play()
        with pytest.raises(ValueError, match="Another run has begun"):
            engine.decide("undo", frame.run - 1).result(30)
        with pytest.raises(ValueError, match="not there any more"):
            engine.decide("split", frame.run, clusters=[12_345]).result(30)
        # An impossible decision does not stop the run.
        assert engine.is_playing
        assert engine.wait_for_frame().message == ""
    finally:
        engine.close()


def test_a_decision_in_words():
    assert MadeDecision("split", 5, (3,)).describe() == "split cluster 3"
    assert MadeDecision("undo", 5).describe() == "undid the last decision"

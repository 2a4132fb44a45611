"""The classifier beside a run: recorded, branched, saved, scripted and compared like the model."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from clusterer import OnlineClusterer
from clusterer.datasets import make_generator
from clusterer.evaluation.classification.settings import ClassifierSettings
from clusterer.export.python_script import write_script
from clusterer.preprocessing.scaling import Moments, RunningScaling
from clusterer.session.engine import Engine
from clusterer.session.frame import ViewRequest
from clusterer.session.restart import branch_run, restart_run
from clusterer.session.run import Run
from clusterer.session.saving.checkpoint import Checkpoint
from clusterer.stream import ArraySource

KERNEL = ClassifierSettings(budget=20, sigma=2.0, half_life=None)
LINEAR = ClassifierSettings("linear", half_life=500.0)
each_kind = pytest.mark.parametrize("settings", [KERNEL, LINEAR], ids=["kernel", "linear"])


def make_run(scaling=None):
    return Run(make_generator("drifting", seed=3, noise=0.1), OnlineClusterer(30), scaling=scaling)


def advance(run, *sizes):
    for size in sizes:
        run.advance(size)
        run.record()
    return run


def describe(run):
    return run.classify().to_dict()


def repeat(run):
    """The variables of the script that repeats the run."""
    names = {}
    exec(write_script(run.export_run()), names)
    return names


def assert_same_models(one, other):
    assert one.get_params() == other.get_params()
    (header, arrays), (other_header, other_arrays) = one.to_arrays(), other.to_arrays()
    assert header == other_header
    for name in arrays:
        assert_array_equal(arrays[name], other_arrays[name])


@each_kind
def test_it_learns_the_points_from_its_beginning_on(settings):
    run = advance(make_run(), 200)
    run.set_classifier(settings)
    advance(run, 300, 1)
    points, classes = make_generator("drifting", seed=3, noise=0.1).take(501)
    expected = settings.make()
    expected.test_then_learn(points[200:], classes[200:])
    found = run.classify()
    assert_same_models(found.model, expected)
    assert found.tests.total.n == expected.n_seen_
    assert_array_equal(found.points, points[200:])
    assert_array_equal(found.tests.window[:, 0], classes[200:])
    assert run.recording.states[0].classification is None
    assert run.recording.states[-1].classification.to_dict() == describe(run)


@each_kind
def test_it_continues_from_a_recorded_state_bit_for_bit(settings):
    run = make_run(RunningScaling.begin(Moments(np.zeros(2), np.zeros(2), 0)))
    run.set_classifier(settings)
    advance(run, 300, 300)
    run.set_classifier(replace(settings, alpha=0.01))
    advance(run, 700)
    branch = branch_run(run, run.recording.states[1], 1)
    assert branch.companion.settings.alpha == 0.01
    advance(branch, 700)
    assert describe(branch) == describe(run)
    assert_same_models(repeat(branch)["classifier"], run.companion.model)
    early = branch_run(run, run.recording.states[0], 1)
    # The present settings, and so another classifier than that of the run.
    assert early.companion.settings.alpha == 0.01
    assert early.companion.tests.total.n == run.recording.states[0].classification.tests.total.n
    again = restart_run(run, 2)
    assert again.companion.settings == run.companion.settings
    assert again.classify().tests.total.n == 0


@each_kind
def test_it_is_saved_and_restored_bit_for_bit(settings):
    run = advance(make_run(), 100)
    run.set_classifier(settings)
    advance(run, 900)
    checkpoint = Checkpoint.read(*Checkpoint.take(run).write())
    restored = checkpoint.restore_run(make_generator("drifting", seed=3, noise=0.1))
    advance(run, 400)
    advance(restored, 400)
    assert describe(restored) == describe(run)
    assert Checkpoint.take(restored).write() == Checkpoint.take(run).write()
    assert_array_equal(restored.classify().points, run.classify().points)
    assert Checkpoint.take(make_run()).classification is None


def test_a_script_repeats_every_change_of_it(capsys):
    run = advance(make_run(), 100)
    for settings in (
        KERNEL,
        replace(KERNEL, sigma="auto", budget=10),
        replace(KERNEL, sigma="auto", budget=10, is_learning=False),
        replace(KERNEL, maintenance="oldest", half_life=200.0),
        LINEAR,
        KERNEL,
        LINEAR,
    ):
        run.set_classifier(settings)
        advance(run, 150)
    # Between two points: the last one begins anew.
    run.set_classifier(KERNEL)
    run.set_classifier(LINEAR)
    advance(run, 350)
    names = repeat(run)
    assert_same_models(names["classifier"], run.companion.model)
    assert names["model"].n_seen_ == run.n_seen
    total = run.classify().tests.total
    n_right = round(total.n * total.accuracy)
    assert capsys.readouterr().out.endswith(f"{n_right} points classified right\n")
    first = make_run()
    first.set_classifier(KERNEL)
    assert "classifier = KernelPegasosClassifier(budget=20" in write_script(first.export_run())


def test_clusters_teach_where_there_are_no_classes_or_where_they_are_asked_to():
    points = make_generator("blobs", seed=1).take(3_000).points
    for source, settings in (
        (ArraySource(points), KERNEL),
        (make_generator("blobs", seed=1), replace(KERNEL, teacher="clusters")),
    ):
        run = Run(source, OnlineClusterer(30))
        run.set_classifier(settings)
        advance(run, 1_000, 1_000, 1_000)
        found = run.classify()
        assert found.teacher == "clusters"
        is_known = found.tests.window[:, 0] >= 0
        assert is_known.mean() > 0.9
        labels = run.model.predict(run.scaling.apply(found.points))
        answers = found.model.predict(run.scaling.apply(found.points))
        assert (labels == answers)[is_known].mean() > 0.9
        frame = run.make_frame(ViewRequest())
        assert set(found.colors.values()) == set(frame.center_colors.tolist()) - {-1}
        assert "clusters" in write_script(run.export_run())


def test_the_history_tells_the_changes_and_a_rest_costs_nothing():
    run = advance(make_run(), 100)
    run.set_classifier(replace(KERNEL, is_learning=False))
    assert run.companion is None
    run.set_classifier(KERNEL)
    advance(run, 100)
    run.set_classifier(replace(KERNEL, budget=10))
    run.set_classifier(replace(KERNEL, budget=10, is_learning=False))
    before = describe(run)
    advance(run, 100)
    assert describe(run) == before
    assert len(run.classify().points) == 0
    events = [each for each in run.recording.events if each.kind == "changed"]
    assert [(e.name, e.before, e.after) for e in events] == [
        ("classifier_kind", None, "kernel"),
        ("classifier_budget", 20, 10),
    ]
    run.set_classifier(None)
    assert run.classify() is None


def test_an_engine_keeps_the_classifier_in_each_run_and_shows_it():
    engine = Engine(make_generator("blobs"), OnlineClusterer(30))
    try:
        engine.set_classifier(KERNEL, "sgd")
        engine.step(600)
        engine.wait_for_frame()
        found = engine.observer.classification
        assert found.tests.total.n == found.peer_tests.total.n > 0
        engine.reset()
        engine.step(300)
        engine.wait_for_frame()
        assert engine.export_run().result().classification.tests.total.n == 300
        run = make_run()
        run.set_classifier(LINEAR)
        run.advance(50)
        engine.resume_run(run, is_playing=False)
        engine.wait_for_frame()
        assert run.companion.settings == KERNEL
        engine.set_classifier(replace(KERNEL, is_learning=False))
        engine.step(100)
        assert engine.export_run().result().classification.tests.total.n == 0
    finally:
        engine.close()

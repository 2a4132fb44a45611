"""A second learner, with one file and one line of registration, works in the whole program.

The classifiers of `clusterer.svm` are tested like the small learner of the tests.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone

from clusterer import load
from clusterer.base import find_learner, find_learner_name, make_learner
from clusterer.cli import main
from clusterer.datasets import make_generator
from clusterer.evaluation.baselines import BaselineSettings
from clusterer.export.data_files import (
    write_clusters_csv,
    write_json,
    write_model,
    write_points_csv,
    write_prototypes_csv,
)
from clusterer.export.python_script import write_script
from clusterer.preprocessing.scaling import Moments, RunningScaling
from clusterer.session.engine import Engine
from clusterer.session.frame import ViewRequest
from clusterer.session.restart import branch_run
from clusterer.session.run import Run
from clusterer.session.saving.checkpoint import Checkpoint
from clusterer.session.saving.store import RunStore
from tests.support.majority_learner import NAME, MajorityLearner

ROOT = Path(__file__).resolve().parents[2]
KEY = "a key that nobody guesses"
SAVE_FOR_EVER = """
import json
import sys
import time
from functools import partial
from pathlib import Path
from clusterer.datasets import make_generator
from clusterer.session.engine import Engine
from clusterer.session.saving.autosave import Autosave
from clusterer.session.saving.store import RunStore
import tests.support.majority_learner
from clusterer.base import make_learner

store = RunStore(Path(sys.argv[1]))
learner = make_learner(sys.argv[3], **json.loads(sys.argv[4]))
engine = Engine(make_generator("blobs", seed=4), learner, speed=20_000.0)
engine.set_autosave(Autosave(partial(store.put, sys.argv[2])))
engine.play()
while (saved := store.find(sys.argv[2])) is None or saved.n_seen < 5_000:
    time.sleep(0.05)
print("saved", flush=True)
time.sleep(600)
"""

# The parameters of each learner, and a change of one of them while it learns.
LEARNERS = {
    NAME: ({"n_prototypes": 9}, ("rate", 0.25, 2.0)),
    "pegasos": ({"alpha": 1e-3}, ("alpha", 0.01, -1.0)),
    "kernel-pegasos": (
        {"budget": 20, "sigma": 3.0, "half_life": None},
        ("alpha", 0.01, float("nan")),
    ),
}
each_learner = pytest.mark.parametrize("name", LEARNERS)


def make(name):
    return make_learner(name, **LEARNERS[name][0])


def assert_same_models(one, other):
    assert one.get_params() == other.get_params()
    (header, arrays), (other_header, other_arrays) = one.to_arrays(), other.to_arrays()
    assert header == other_header
    for name in arrays:
        assert_array_equal(arrays[name], other_arrays[name])


def wait_until(is_done, timeout_s=60.0):
    deadline = time.monotonic() + timeout_s
    while not is_done():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def advance(run, *sizes):
    for size in sizes:
        run.advance(size)
        run.record()
    return run


@pytest.fixture
def run(name):
    return Run(make_generator("blobs", seed=4, noise=0.05), make(name))


def test_the_library_knows_the_learner_by_its_registered_name_only():
    assert find_learner(NAME) is MajorityLearner
    assert find_learner_name(MajorityLearner()) == NAME
    sources = [*(ROOT / "clusterer").rglob("*.py"), *(ROOT / "widgets").rglob("*.py")]
    assert not [path for path in sources if "majority" in path.read_text("utf-8").lower()]


@each_learner
def test_it_plays_and_pauses_and_its_parameters_are_live(name):
    parameter, value, wrong = LEARNERS[name][1]
    engine = Engine(make_generator("blobs", seed=4), make(name), speed=float("inf"))
    try:
        engine.play()
        wait_until(lambda: engine.n_learned > 1_000)
        engine.pause()
        engine.set(parameter, value)
        wait_until(lambda: not engine.n_waiting)
        # The first frame may have been made before the commands.
        engine.wait_for_frame()
        frame = engine.wait_for_frame()
        assert (frame.is_playing, frame.message) == (False, "")
        assert frame.snapshot.n_seen == engine.n_learned
        assert frame.point_clusters.shape == frame.point_colors.shape == (len(frame.points),)
        assert len(set(frame.point_clusters.tolist()) - {-1}) > 2
        if len(frame.centers):
            assert set(frame.point_clusters.tolist()) <= {-1, *frame.center_clusters.tolist()}
        assert frame.measures.ari > 0.5
        engine.set(parameter, wrong)
        assert f"{parameter} must be" in engine.wait_for_frame().message
        engine.play()
        wait_until(
            lambda: [each.parameters[parameter] for each in engine.recording.states][-1:] == [value]
        )
    finally:
        engine.close()


@each_learner
def test_classes_reach_the_learner(run, name):
    run.advance(500)
    points, classes = make_generator("blobs", seed=4, noise=0.05).take(500)
    assert_array_equal(run.model.classes_, np.unique(classes[classes >= 0]))
    assert_same_models(run.model, make(name).learn_chunk(points, classes))
    # Two of the blobs lie in the middle, so lines cannot separate all of them.
    assert (run.model.predict(points) == classes).mean() > (0.5 if name == "pegasos" else 0.8)


@each_learner
def test_it_continues_from_a_recorded_state_bit_for_bit(run):
    advance(run, 300, 200, 400)
    first, middle, _ = run.recording.states
    assert (first.n_seen, middle.n_seen) == (300, 500)
    assert len(first.sizes) > 1 or not len(first.centers)
    assert len(first.point_clusters) == len(first.points)
    branch = branch_run(run, middle, 1)
    advance(branch, 400)
    assert_same_models(branch.model, run.model)
    there, here = (each.make_frame(ViewRequest()) for each in (run, branch))
    assert_array_equal(here.point_clusters, there.point_clusters)
    assert_array_equal(here.center_colors, there.center_colors)


@each_learner
def test_the_units_of_a_scaled_run_change_with_the_stream(name):
    scaling = RunningScaling.begin(Moments(np.zeros(2), np.zeros(2), 0))
    run = Run(make_generator("blobs", seed=4), make(name), scaling=scaling)
    advance(run, 2, 200, 800)
    assert any(name == "scaling" for _, name, _ in run.recipe.changes)
    frame = run.make_frame(ViewRequest())
    low, high = frame.bounds
    slack = 1e-9 * (high - low)
    assert (low - slack <= frame.centers).all()
    assert (frame.centers <= high + slack).all()


@each_learner
@pytest.mark.parametrize("key", ["ours", "minibatch"])
def test_it_is_compared_with_a_baseline(run, key):
    run.set_baseline(BaselineSettings(key, n_prototypes=30, n_clusters=5))
    run.advance(600)
    comparison = run.compare()
    assert comparison.ours.n_learned == comparison.baseline.n_learned == 600


@each_learner
def test_it_is_saved_and_restored_bit_for_bit(run, name):
    advance(run, 500)
    restored = Checkpoint.read(*Checkpoint.take(run).write())
    again = restored.restore_run(make_generator("blobs", seed=4, noise=0.05))
    run.advance(300)
    again.advance(300)
    assert_same_models(again.model, run.model)
    assert Checkpoint.take(again).write() == Checkpoint.take(run).write()
    parameter, value, _ = LEARNERS[name][1]
    changed = Run(run.source, make(name).set_params(**{parameter: value}))
    unfitted = Checkpoint.read(*Checkpoint.take(changed).write())
    assert unfitted.restore_run(run.source).model.get_params()[parameter] == value


@each_learner
def test_after_a_kill_it_resumes_bit_for_bit(name, tmp_path):
    """The process gets SIGKILL while it learns and saves."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    parameters = json.dumps(LEARNERS[name][0])
    process = subprocess.Popen(
        [sys.executable, "-c", SAVE_FOR_EVER, str(tmp_path), KEY, name, parameters],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout.readline() == "saved\n"
        process.send_signal(signal.SIGKILL)
    store = RunStore(tmp_path)
    found = store.find(KEY)
    store.close()
    assert found.is_playing
    resumed = found.restore_run(make_generator("blobs", seed=4))
    points, classes = make_generator("blobs", seed=4).take(found.n_seen + 700)
    expected = make(name).partial_fit(points[:-700], classes[:-700])
    assert_same_models(resumed.model, expected)
    resumed.advance(700)
    assert_same_models(resumed.model, expected.partial_fit(points[-700:], classes[-700:]))


@each_learner
def test_it_is_exported_as_data_files(run, tmp_path):
    advance(run, 800)
    exported = run.export_run()
    document = json.loads(write_json(exported))
    assert document["n_seen"] == 800
    n_prototypes = len(run.model.snapshot().centers)
    assert len(document["prototypes"]) == n_prototypes
    for write in (write_prototypes_csv, write_clusters_csv):
        assert (len(write(exported).splitlines()) > 1) == bool(n_prototypes)
    assert len(write_points_csv(exported).splitlines()) == 801
    (tmp_path / "model.npz").write_bytes(write_model(exported))
    assert_same_models(load(tmp_path / "model.npz"), run.model)


@each_learner
def test_it_is_exported_as_a_script_that_repeats_the_run(run, name, capsys):
    advance(run, 300)
    parameter, value, _ = LEARNERS[name][1]
    run.set(parameter, value)
    run.set("noise", 0.2)
    advance(run, 500)
    names = {}
    exec(write_script(run.export_run()), names)
    assert_same_models(names["model"], run.model)
    assert capsys.readouterr().out.startswith(f"{run.model.n_seen_} points,")


def test_the_command_line_fits_predicts_and_describes_it(tmp_path, capsys):
    points, classes = make_generator("blobs", seed=4).take(2_000)
    words = np.array(["zero", "one", "two", "three", "four", "five", "six", "seven"])[classes]
    for name, rows in (("first.csv", slice(1_000)), ("second.csv", slice(1_000, None))):
        lines = [f"{x!r},{y!r},{word}" for (x, y), word in zip(points.tolist(), words)]  # noqa: B905
        (tmp_path / name).write_text("\n".join(["x,y,kind", *lines[rows]]) + "\n")
    first, second, model = (str(tmp_path / name) for name in ("first.csv", "second.csv", "m.npz"))
    fit = ["fit", "--learner", NAME, "--classes", "kind", "--n-prototypes", "9", "-o", model]
    assert main([*fit, first, second]) == 0
    assert "from 2,000 points in x, y" in capsys.readouterr().err.replace(" and ", ", ")
    learner = load_quietly(model)
    assert isinstance(learner, MajorityLearner)
    assert len(learner.classes_) == len(set(words.tolist()))
    labels = str(tmp_path / "labels.csv")
    assert main(["predict", model, first, "-o", labels]) == 0
    predicted = np.genfromtxt(labels, delimiter=",", skip_header=1)[:, 1].astype(int)
    codes = {word: code for code, word in enumerate(dict.fromkeys(words.tolist()))}
    assert (predicted == [codes[word] for word in words[:1_000]]).mean() > 0.8
    capsys.readouterr()
    assert main(["describe", model]) == 0
    described = capsys.readouterr().out
    assert "points      2,000" in described
    assert "n_prototypes 9" in described
    assert main(["describe", "--json", model]) == 0
    assert json.loads(capsys.readouterr().out)["n_seen"] == 2_000
    assert main(["fit", "--from", model, "--classes", "kind", second, "-o", model]) == 0
    assert load_quietly(model).n_seen_ == 3_000
    with pytest.raises(SystemExit):
        main([*fit, first, "--sigma", "2.0"])


def load_quietly(path):
    """Load a model without the warning that it has learned standardised points."""
    with pytest.warns(UserWarning, match="standardised"):
        return load(path)


def test_a_clone_starts_anew():
    learner = MajorityLearner(5).partial_fit([[0.0], [1.0]], [3, 4])
    assert not clone(learner).__sklearn_is_fitted__()
    assert_same_models(learner.copy(), learner)

"""Continuing from a recorded state: the new run equals the old run bit for bit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as profile
from hypothesis import strategies as st

from clusterer import OnlineClusterer
from clusterer.datasets import make_generator
from clusterer.preprocessing.scaling import Scaling
from clusterer.session.engine import Engine
from clusterer.session.frame import ViewRequest
from clusterer.session.restart import branch_run
from clusterer.session.run import Run
from clusterer.stream import ArraySource, TableSource
from clusterer.stream.chunk import Chunk
from clusterer.stream.table_source import ChunkedTable

POINTS = np.random.default_rng(5).normal(size=(3_000, 2)) * [4.0, 1.0]


class Rows(ChunkedTable):
    def chunks(self, features, size, label=None):
        for start in range(0, len(POINTS), size):
            yield Chunk(POINTS[start : start + size], None)


SOURCES = {
    "generator": lambda: make_generator("drifting", seed=3, noise=0.1),
    "array": lambda: ArraySource(POINTS),
    "table": lambda: TableSource(Rows(), ("x1", "x2"), size=700),
}


def record(run, *lengths):
    for n_points in lengths:
        run.advance(n_points)
        run.record()
    return run.recording.states


@pytest.mark.parametrize("kind", SOURCES)
@given(st.integers(0, 2_500), st.integers(0, 400))
@profile(max_examples=20)
def test_skip_leaves_the_source_as_take_does(kind, n_skipped, n_points):
    source, other = SOURCES[kind](), SOURCES[kind]()
    assert source.skip(n_skipped) == n_skipped
    other.take(n_skipped)
    assert np.array_equal(source.take(n_points).points, other.take(n_points).points)


def test_skip_ends_with_the_points():
    source = ArraySource(POINTS)
    assert source.skip(5_000) == 3_000
    assert source.exhausted
    with pytest.raises(ValueError, match="n is -1"):
        source.skip(-1)


@pytest.mark.parametrize("kind", SOURCES)
@given(st.integers(0, 4), st.sampled_from([None, 300.0]), st.sampled_from(["auto", 1.5]))
@profile(max_examples=12)
def test_a_branch_with_the_same_parameters_continues_bit_for_bit(kind, position, half_life, sigma):
    scaling = Scaling.standardize(POINTS.mean(axis=0), POINTS.std(axis=0))
    model = OnlineClusterer(30, sigma, half_life)
    run = Run(SOURCES[kind](), model, scaling=scaling, window_length=500)
    states = record(run, 37, 400, 511, 300, 256, 500)
    there = run.make_frame(ViewRequest())
    branch = branch_run(run, states[position], 1)
    assert branch.n_seen == states[position].n_seen
    assert np.array_equal(
        branch.recent_points.window.last(50).astype(np.float32), states[position].points[-50:]
    )
    # If both runs record at the same points, the clusters have the same ids too.
    record(branch, *np.diff([state.n_seen for state in states[position:]]).tolist())
    here = branch.make_frame(ViewRequest())
    for name in ("centers", "center_clusters", "center_colors", "points", "point_clusters"):
        assert np.array_equal(getattr(here, name), getattr(there, name)), name
    for name in ("weights", "counts", "scatters", "ids", "last_seen", "labels"):
        assert np.array_equal(getattr(here.snapshot, name), getattr(there.snapshot, name)), name
    known = [state.n_seen for state in branch.recording.states]
    assert known == [state.n_seen for state in states]


def test_a_branch_takes_the_present_parameters_and_keeps_the_old_recording():
    run = Run(make_generator("blobs", noise=0.0), OnlineClusterer(50))
    states = record(run, 500, 500, 500)
    run.set("n_prototypes", 9)
    run.set("noise", 0.4)
    before = run.recording
    branch = branch_run(run, states[0], 1)
    record(branch, 300)
    assert len(branch.model.prototypes_) == 9
    assert len(states[0].centers) == 50
    assert run.recording == before
    assert [state.n_seen for state in branch.recording.states] == [500, 800]
    assert branch.recording.events[-1].kind in ("branched", "born", "split", "merged", "ended")
    assert [e.n_seen for e in branch.recording.events if e.kind == "branched"] == [500]
    clean, noisy = (make_generator("blobs", noise=noise).take(800).points for noise in (0.0, 0.4))
    assert np.array_equal(branch.recent_points.window.last(800)[:500], clean[:500])
    assert np.array_equal(branch.recent_points.window.last(800)[500:], noisy[500:])


def test_the_engine_branches_and_keeps_the_previous_recording():
    engine = Engine(make_generator("blobs"), OnlineClusterer())
    engine.step(400)
    while not engine.recording.states:
        engine.wait_for_frame()
    engine.step(600)
    assert engine.wait_for_frame().snapshot.n_seen == 1_000
    while len(engine.recording.states) < 2:
        engine.wait_for_frame()
    first = engine.recording.states[0]
    engine.set("n_prototypes", 7)
    engine.branch(first, run=5)  # there is no such run
    assert engine.wait_for_frame().snapshot.n_seen == 1_000
    engine.branch(first, run=0)
    frame = engine.wait_for_frame()
    assert (frame.run, frame.snapshot.n_seen, len(frame.centers)) == (1, 400, 7)
    assert [state.n_seen for state in engine.observer.previous_recording.states][:2] == [400, 1_000]
    engine.open(make_generator("moons"))
    engine.wait_for_frame()
    assert engine.observer.previous_recording.states == ()
    engine.close()


def test_without_a_rewindable_source_the_run_continues():
    engine = Engine(ArraySource(iter([POINTS])), OnlineClusterer())
    engine.step(400)
    while not engine.recording.states:
        engine.wait_for_frame()
    engine.branch(engine.recording.states[0], run=0)
    frame = engine.wait_for_frame()
    assert "cannot be rewound" in frame.message
    assert (frame.run, frame.snapshot.n_seen) == (0, 400)
    engine.step(100)
    assert engine.wait_for_frame().snapshot.n_seen == 500
    engine.close()

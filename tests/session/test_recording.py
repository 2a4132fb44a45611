"""The recording: bounded, evenly thinned, sufficient to continue from."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterer import OnlineClusterer
from clusterer.base import Snapshot
from clusterer.datasets import make_generator
from clusterer.preprocessing.scaling import Scaling
from clusterer.session.engine import Engine
from clusterer.session.observer import Observer
from clusterer.session.recording import Event, RecordedState, Recorder
from clusterer.session.restart import restart_run
from clusterer.session.run import Run
from clusterer.session.tracking import ClusterTracker
from clusterer.stream import ArraySource


def make_state(n_seen, n_points=1):
    none = np.empty(0, dtype=np.int64)
    snapshot = Snapshot(
        n_seen, np.empty((0, 2)), *(np.empty(0),) * 3, none, none, none, 1.0, np.empty((0, 0))
    )
    points = np.zeros((n_points, 2), dtype=np.float32)
    return RecordedState(
        snapshot,
        np.empty((0, 2)),
        points,
        none,
        none,
        none,
        {},
        b"",
        "",
        Scaling.identity(2),
    )


@given(st.lists(st.integers(1, 50), min_size=1, max_size=300), st.integers(8, 40))
def test_recorded_states_stay_bounded_and_evenly_spread(gaps, n_most):
    recorder = Recorder(n_most=n_most, n_recent=4)
    added = np.cumsum(gaps).tolist()
    for n_seen in added:
        recorder.add(make_state(n_seen))
        kept = [state.n_seen for state in recorder.recording.states]
        assert len(kept) <= n_most
        assert kept[0] == added[0]
        assert kept[-1] == n_seen
    positions = [added.index(n_seen) for n_seen in kept]
    n_recent = recorder.n_recent
    assert positions[-n_recent:] == [*range(len(added))][-n_recent:]
    old = positions[: -n_recent or None]
    # The older states lie at equal steps, no wider than the bound requires.
    steps = set(np.diff(old).tolist())
    assert len(steps) <= 1
    assert max(steps, default=1) <= max(1, 4 * len(added) / n_most)


@given(st.lists(st.integers(1, 3_000), min_size=3, max_size=120))
def test_the_memory_of_a_recording_stays_bounded(lengths):
    most = 60_000
    recorder = Recorder(max_bytes=most)
    for i, n_points in enumerate(lengths):
        recorder.add(make_state(i + 1, n_points))
        states = recorder.recording.states
        ends = states[0].n_bytes + states[-1].n_bytes
        assert sum(state.n_bytes for state in states) <= max(most, ends)
        assert states[0].n_seen == 1
        assert states[-1].n_seen == i + 1


def test_a_state_after_the_same_point_replaces_the_last_state():
    recorder = Recorder()
    for n_seen in (1, 2, 2, 2):
        recorder.add(make_state(n_seen))
    assert [state.n_seen for state in recorder.recording.states] == [1, 2]


def test_events_are_bounded_and_changes_stay_longer_than_cluster_events():
    recorder = Recorder()
    recorder.note(Event(0, "changed", name="sigma", before=1.0, after=2.0))
    for i in range(5_000):
        recorder.note(Event(i, "born", cluster=i))
    events = recorder.recording.events
    assert len(events) == 1_001
    assert events[0].name == "sigma"
    assert events[-1].cluster == 4_999


def test_a_fork_is_independent():
    recorder = Recorder(n_most=8, n_recent=2)
    for n_seen in range(1, 40):
        recorder.add(make_state(n_seen))
        recorder.note(Event(n_seen, "born", cluster=n_seen))
    before = recorder.recording
    third = before.states[2].n_seen
    twin = recorder.fork(third)
    twin.add(make_state(third + 1))
    assert recorder.recording == before
    assert [state.n_seen for state in twin.recording.states] == [
        *(state.n_seen for state in before.states[:3]),
        third + 1,
    ]
    assert twin.recording.events[-1].n_seen == third


def test_the_tracker_reports_the_changes_of_clusters():
    tracker = ClusterTracker()

    def find_changes(ids, labels, weights=None):
        ids, labels = np.array(ids), np.array(labels)
        tracker.update(ids, labels, np.ones(len(ids)) if weights is None else weights)
        return [tuple(change) for change in tracker.changes]

    assert find_changes([1, 2, 3], [0, 0, 0]) == [("born", 1, -1)]
    assert find_changes([1, 2, 3], [0, 0, 0]) == []
    assert find_changes([1, 2, 3], [0, 0, 1]) == [("split", 2, 1)]
    assert find_changes([1, 2, 3, 4], [0, 0, 0, 1]) == [("born", 3, -1), ("merged", 2, 1)]
    assert find_changes([1, 2, 3], [0, 0, 0]) == [("ended", 3, -1)]
    # A cluster that was noise for a while keeps its id.
    assert find_changes([1, 2, 3], [-1, -1, -1]) == []
    assert find_changes([1, 2, 3], [0, 0, 0]) == []


def test_a_run_records_its_states_and_its_changes():
    run = Run(make_generator("blobs", seed=1), OnlineClusterer())
    run.record()
    assert run.recording.states == ()
    run.advance(2_000)
    run.record()
    run.set("sigma", 2.0)
    run.set("sigma", 2.0)
    run.set("noise", 0.3)
    run.advance(500)
    run.record()
    first, last = run.recording.states
    assert first.parameters["sigma"] == "auto"
    assert (last.parameters["sigma"], last.parameters["noise"]) == (2.0, 0.3)
    assert (first.n_seen, last.n_seen) == (2_000, 2_500)
    assert first.n_clusters == 5
    assert sum(first.sizes.values()) == pytest.approx(first.snapshot.counts.sum())
    changed = [e for e in run.recording.events if e.kind == "changed"]
    assert [(e.n_seen, e.name, e.before, e.after) for e in changed] == [
        (2_000, "sigma", "auto", 2.0),
        (2_000, "noise", 0.0, 0.3),
    ]
    assert sum(e.kind == "born" for e in run.recording.events) >= 1
    restarted = restart_run(run, 1)
    assert [e.kind for e in restarted.recording.events] == ["reset"]


def test_the_model_of_a_recorded_state_continues_bit_for_bit():
    source = make_generator("drifting", seed=3)
    run = Run(source, OnlineClusterer(30, half_life=500.0))
    run.advance(1_000)
    run.record()
    run.advance(777)
    (state,) = run.recording.states
    twin = OnlineClusterer().absorb(state.model).set_params(**state.model.get_params())
    again = make_generator("drifting", seed=3)
    again.take(1_000)
    twin.partial_fit(again.take(777).points)
    assert np.array_equal(twin.prototypes_, run.model.prototypes_)
    assert np.array_equal(twin.weights_, run.model.weights_)
    # The recorded state has not changed.
    assert state.model.n_seen_ == 1_000


@pytest.mark.parametrize("speed", [1e6, float("inf")])
def test_the_engine_records_while_it_plays_and_when_it_steps(speed):
    points = np.random.default_rng(0).normal(size=(30_000, 2))
    engine = Engine(ArraySource(points), OnlineClusterer(), speed=speed)
    engine.play()
    while not (frame := engine.wait_for_frame()).is_finished:
        pass
    while not (states := engine.recording.states) or states[-1].n_seen < 30_000:
        engine.wait_for_frame()
    assert np.array_equal(states[-1].centers, frame.centers)
    # However fast the stream is, no state lies far from the next.
    kept = np.array([0, *(state.n_seen for state in states)])
    assert (np.diff(kept) <= np.maximum(50, kept[:-1] // 20)).all()
    engine.reset()
    engine.step(10)
    assert engine.wait_for_frame().snapshot.n_seen == 10
    while not engine.recording.states:
        engine.wait_for_frame()
    assert [state.n_seen for state in engine.recording.states] == [10]
    engine.close()


def test_one_slow_recording_does_not_delay_the_next(monkeypatch):
    """On a new machine the first recorded state takes ten seconds, since the code compiles."""
    clock = SimpleNamespace(now_s=0.0)
    ticking = SimpleNamespace(monotonic=lambda: clock.now_s, thread_time=lambda: clock.now_s)
    monkeypatch.setattr("clusterer.session.observer.time", ticking)
    run = Run(make_generator("blobs"), OnlineClusterer())
    recorded = []

    def record():
        clock.now_s += 0.001 if recorded else 10.0
        recorded.append(clock.now_s)

    monkeypatch.setattr(run, "record", record)
    observer = Observer()
    for _ in range(200):
        clock.now_s += 0.1
        observer.note_change()
        observer.observe(run, is_playing=True, is_unlimited=len(recorded) == 1)
    assert recorded[1] - recorded[0] < 10.0
    assert len(recorded) > 50

"""The scheduler: engines share the processors and the memory of recordings."""

import time

import pytest

from clusterer import OnlineClusterer
from clusterer.datasets import make_generator
from clusterer.session.engine import Engine
from clusterer.session.recording import MAX_BYTES
from clusterer.session.run import Run
from clusterer.session.scheduling.scheduler import MIN_RECORDING_BYTES, EngineScheduler


@pytest.fixture
def make_engines():
    made = []

    def make(scheduler, n, **options):
        new = [
            Engine(make_generator("blobs"), OnlineClusterer(), scheduler=scheduler, **options)
            for _ in range(n)
        ]
        made.extend(new)
        return new

    yield make
    for engine in made:
        engine.close()


def test_engines_of_unlimited_speed_share_the_cores_by_resting(make_engines):
    scheduler = EngineScheduler(n_cores=2)
    engines = make_engines(scheduler, 6)
    for engine in engines:
        engine.wait_for_frame()
    assert [scheduler.choose_rest(engine, 0.006, True) for engine in engines[:2]] == [0.0, 0.0]
    rests = [scheduler.choose_rest(engine, 0.006, True) for engine in engines[2:]]
    assert rests == pytest.approx([0.003, 0.006, 0.009, 0.012])
    # An engine of limited speed never rests and does not count among the engines that share.
    assert scheduler.choose_rest(engines[0], 0.006, False) == 0.0
    assert scheduler.choose_rest(engines[1], 0.006, True) == pytest.approx(0.009)
    engines[2].close()
    assert scheduler.choose_rest(engines[1], 0.006, True) == pytest.approx(0.006)


def test_the_tick_grows_with_the_number_of_playing_engines_up_to_a_limit(make_engines):
    scheduler = EngineScheduler(n_cores=1)
    alone = scheduler.tick_s
    engines = make_engines(scheduler, 24)
    for engine in engines:
        engine.wait_for_frame()
        scheduler.choose_rest(engine, 0.0, False)
    assert scheduler.tick_s == pytest.approx(6 * alone)
    assert EngineScheduler(n_cores=1).tick_s == alone
    for engine in engines[:20]:
        scheduler.note_idle(engine)
    assert scheduler.tick_s == alone


def test_engines_learn_nothing_while_streams_are_paused(make_engines, monkeypatch):
    monkeypatch.setattr("clusterer.session.scheduling.scheduler.MAX_PAUSE_S", 60.0)
    scheduler = EngineScheduler()
    (engine,) = make_engines(scheduler, 1, speed=float("inf"))
    engine.play()
    engine.wait_for_frame()
    with scheduler.pause_streams():
        before = -1
        while engine.n_learned > before:
            before = engine.n_learned
            time.sleep(0.1)
        time.sleep(0.3)
        assert engine.n_learned == before
    while engine.n_learned == before:
        time.sleep(0.01)


def test_recordings_share_the_memory(make_engines):
    scheduler = EngineScheduler(recording_bytes=8 * MIN_RECORDING_BYTES)
    engines = make_engines(scheduler, 2)
    assert scheduler.recording_bytes == 4 * MIN_RECORDING_BYTES
    make_engines(scheduler, 18)
    assert scheduler.recording_bytes == MIN_RECORDING_BYTES
    engines[0].step(5)
    assert EngineScheduler(recording_bytes=2**40).recording_bytes == MAX_BYTES


def test_a_recording_with_less_memory_keeps_its_first_and_last_state():
    run = Run(make_generator("blobs"), OnlineClusterer())
    for _ in range(60):
        run.advance(20)
        run.record()
    before = run.recording.states
    run.recorder.limit(sum(state.n_bytes for state in before) // 4)
    after = run.recording.states
    assert sum(state.n_bytes for state in after) <= run.recorder.max_bytes
    assert (after[0], after[-1]) == (before[0], before[-1])
    assert len(after) > 5


def test_closed_engines_are_not_counted_but_their_points_are(make_engines):
    scheduler = EngineScheduler()
    first, second = make_engines(scheduler, 2)
    for engine, n in ((first, 100), (second, 50)):
        engine.step(n)
        while engine.wait_for_frame().snapshot.n_seen < n:
            pass
    assert scheduler.count()[:3] == (2, 0, 150)
    first.close()
    assert scheduler.count()[:3] == (1, 0, 150)

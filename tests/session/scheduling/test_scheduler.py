"""What engines share: the processor, the memory of recordings, and what is known of them."""

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


def test_who_rushes_shares_the_cores_and_rests_as_long_as_others_work(make_engines):
    scheduler = EngineScheduler(n_cores=2)
    engines = make_engines(scheduler, 6)
    for engine in engines:
        engine.wait_for_frame()
    assert [scheduler.choose_rest(engine, 0.006, True) for engine in engines[:2]] == [0.0, 0.0]
    rests = [scheduler.choose_rest(engine, 0.006, True) for engine in engines[2:]]
    assert rests == pytest.approx([0.003, 0.006, 0.009, 0.012])
    # Who does not rush never rests, and takes nothing from the others.
    assert scheduler.choose_rest(engines[0], 0.006, False) == 0.0
    assert scheduler.choose_rest(engines[1], 0.006, True) == pytest.approx(0.009)
    engines[2].close()
    assert scheduler.choose_rest(engines[1], 0.006, True) == pytest.approx(0.006)


def test_many_streams_look_more_rarely_and_never_too_rarely(make_engines):
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


def test_streams_hold_still_while_a_page_is_made(make_engines, monkeypatch):
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


def test_recordings_share_their_memory(make_engines):
    scheduler = EngineScheduler(recording_bytes=8 * MIN_RECORDING_BYTES)
    engines = make_engines(scheduler, 2)
    assert scheduler.recording_bytes == 4 * MIN_RECORDING_BYTES
    make_engines(scheduler, 18)
    assert scheduler.recording_bytes == MIN_RECORDING_BYTES
    engines[0].step(5)
    assert EngineScheduler(recording_bytes=2**40).recording_bytes == MAX_BYTES


def test_a_recording_that_has_to_make_room_keeps_first_and_last():
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


def test_engines_that_are_gone_are_counted_no_more_but_what_they_learned_is(make_engines):
    scheduler = EngineScheduler()
    first, second = make_engines(scheduler, 2)
    for engine, n in ((first, 100), (second, 50)):
        engine.step(n)
        while engine.wait_for_frame().snapshot.n_seen < n:
            pass
    assert scheduler.count()[:3] == (2, 0, 150)
    first.close()
    assert scheduler.count()[:3] == (1, 0, 150)

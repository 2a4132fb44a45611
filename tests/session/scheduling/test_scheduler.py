"""What engines share: the processor, the memory of recordings, and what is known of them."""

import time

import pytest

from clusterer import OnlineClusterer
from clusterer.datasets import make_generator
from clusterer.session.engine import Engine
from clusterer.session.recording import MOST_BYTES
from clusterer.session.run import Run
from clusterer.session.scheduling.scheduler import LEAST_RECORDING_BYTES, Commons


@pytest.fixture
def make_engines():
    made = []

    def make(commons, n, **options):
        new = [
            Engine(make_generator("blobs"), OnlineClusterer(), commons=commons, **options)
            for _ in range(n)
        ]
        made.extend(new)
        return new

    yield make
    for engine in made:
        engine.close()


def test_who_rushes_shares_the_cores_and_rests_as_long_as_others_work(make_engines):
    commons = Commons(n_cores=2)
    engines = make_engines(commons, 6)
    for engine in engines:
        engine.wait_for_frame()
    assert [commons.share(engine, 0.006, True) for engine in engines[:2]] == [0.0, 0.0]
    rests = [commons.share(engine, 0.006, True) for engine in engines[2:]]
    assert rests == pytest.approx([0.003, 0.006, 0.009, 0.012])
    # Who does not rush never rests, and takes nothing from the others.
    assert commons.share(engines[0], 0.006, False) == 0.0
    assert commons.share(engines[1], 0.006, True) == pytest.approx(0.009)
    engines[2].close()
    assert commons.share(engines[1], 0.006, True) == pytest.approx(0.006)


def test_many_streams_look_more_rarely_and_never_too_rarely(make_engines):
    commons = Commons(n_cores=1)
    alone = commons.tick_s
    engines = make_engines(commons, 24)
    for engine in engines:
        engine.wait_for_frame()
        commons.share(engine, 0.0, False)
    assert commons.tick_s == pytest.approx(6 * alone)
    assert Commons(n_cores=1).tick_s == alone
    for engine in engines[:20]:
        commons.rest(engine)
    assert commons.tick_s == alone


def test_streams_hold_still_while_a_page_is_made(make_engines, monkeypatch):
    monkeypatch.setattr("clusterer.session.scheduling.scheduler.LONGEST_HUSH_S", 60.0)
    commons = Commons()
    (engine,) = make_engines(commons, 1, speed=float("inf"))
    engine.play()
    engine.wait_for_frame()
    with commons.hush():
        before = -1
        while engine.n_learned > before:
            before = engine.n_learned
            time.sleep(0.1)
        time.sleep(0.3)
        assert engine.n_learned == before
    while engine.n_learned == before:
        time.sleep(0.01)


def test_recordings_share_their_memory(make_engines):
    commons = Commons(recording_bytes=8 * LEAST_RECORDING_BYTES)
    engines = make_engines(commons, 2)
    assert commons.recording_bytes == 4 * LEAST_RECORDING_BYTES
    make_engines(commons, 18)
    assert commons.recording_bytes == LEAST_RECORDING_BYTES
    engines[0].step(5)
    assert Commons(recording_bytes=2**40).recording_bytes == MOST_BYTES


def test_a_recording_that_has_to_make_room_keeps_first_and_last():
    run = Run(make_generator("blobs"), OnlineClusterer())
    for _ in range(60):
        run.advance(20)
        run.record()
    before = run.recording.moments
    run.recorder.limit(sum(moment.n_bytes for moment in before) // 4)
    after = run.recording.moments
    assert sum(moment.n_bytes for moment in after) <= run.recorder.most_bytes
    assert (after[0], after[-1]) == (before[0], before[-1])
    assert len(after) > 5


def test_engines_that_are_gone_are_counted_no_more_but_what_they_learned_is(make_engines):
    commons = Commons()
    first, second = make_engines(commons, 2)
    for engine, n in ((first, 100), (second, 50)):
        engine.step(n)
        while engine.wait_for_frame().snapshot.n_seen < n:
            pass
    assert commons.count()[:3] == (2, 0, 150)
    first.close()
    assert commons.count()[:3] == (1, 0, 150)

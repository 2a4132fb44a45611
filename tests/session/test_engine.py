"""The engine: commands from any thread, frames on request, error messages."""

import threading
import time

import numpy as np
import pytest

from clusterer import OnlineClusterer
from clusterer.datasets import make_generator
from clusterer.preprocessing.scaling import Scaling
from clusterer.session.engine import Engine
from clusterer.session.frame import ViewRequest
from clusterer.stream import ArraySource
from widgets.settings import Settings


@pytest.fixture
def blobs():
    engine = Engine(make_generator("blobs", seed=1), OnlineClusterer())
    yield engine
    engine.close()


def wait_until(is_true, timeout_s=30.0):
    deadline = time.monotonic() + timeout_s
    while not is_true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_before_the_first_point_a_frame_is_empty(blobs):
    frame = blobs.wait_for_frame()
    assert frame.snapshot.n_seen == 0
    assert len(frame.points) == len(frame.centers) == 0
    assert not frame.is_playing


def test_the_engine_learns_what_a_model_learns_from_the_source(blobs):
    blobs.step(700)
    blobs.step(300)
    frame = blobs.wait_for_frame()
    model = OnlineClusterer().partial_fit(make_generator("blobs", seed=1).take(1000).points)
    assert np.array_equal(frame.snapshot.centers, model.prototypes_)
    assert np.array_equal(frame.snapshot.weights, model.weights_)
    assert np.array_equal(frame.points, make_generator("blobs", seed=1).take(1000).points)


def test_play_streams_until_pause(blobs):
    blobs.set("speed", float("inf"))
    blobs.play()
    wait_until(lambda: blobs.wait_for_frame().snapshot.n_seen > 20_000)
    blobs.pause()
    n_seen = blobs.wait_for_frame().snapshot.n_seen
    blobs.set("n_prototypes", 20)
    assert blobs.wait_for_frame().snapshot.n_seen == n_seen


def test_an_engine_on_hold_learns_nothing_and_then_continues(blobs):
    blobs.hold(True)
    blobs.play()
    frame = blobs.wait_for_frame()
    assert frame.is_playing
    time.sleep(0.1)
    assert blobs.wait_for_frame().snapshot.n_seen == 0
    blobs.hold(False)
    wait_until(lambda: blobs.wait_for_frame().snapshot.n_seen > 0)
    blobs.pause()
    blobs.hold(True)
    blobs.hold(False)
    before = blobs.wait_for_frame()
    assert not before.is_playing
    time.sleep(0.1)
    blobs.set("n_prototypes", 20)
    assert blobs.wait_for_frame().snapshot.n_seen == before.snapshot.n_seen


def test_live_settings_act_on_the_next_frame(blobs):
    blobs.step(2000)
    blobs.set("n_prototypes", 5)
    assert len(blobs.wait_for_frame().centers) == 5
    blobs.set("join", False)
    blobs.set("drop_singletons", False)
    assert blobs.wait_for_frame().snapshot.n_clusters == 5
    blobs.set("sigma", 3.5)
    assert blobs.wait_for_frame().snapshot.sigma == 3.5
    blobs.set("window_length", 50)
    assert len(blobs.wait_for_frame().points) == 50
    blobs.set("noise", 1.0)
    blobs.step(2000)
    assert blobs.wait_for_frame().snapshot.n_seen == 4000


def test_all_live_settings_can_be_set_repeatedly(blobs):
    settings = Settings(
        noise=0.5,
        window_length=300,
        points_per_s=0.1,
        n_prototypes=7,
        has_automatic_n_prototypes=False,
    )
    blobs.step(100)
    for _ in range(2):
        for name, value in settings.live_values().items():
            blobs.set(name, value)
        blobs.step(600)
    exported = blobs.export_run().result(timeout=30)
    assert blobs.wait_for_frame().message == ""
    assert len(exported.points) == 300
    assert len(exported.snapshot.centers) == 7
    assert 0.4 < np.mean(exported.classes == -1) < 0.6
    # Setting the present value is not recorded as a change.
    assert sorted(change.name for change in exported.recipe.changes) == ["n_prototypes", "noise"]


def test_reset_keeps_the_settings_and_restarts_the_same_stream(blobs):
    blobs.set("n_prototypes", 7)
    blobs.step(500)
    first = blobs.wait_for_frame()
    blobs.reset()
    assert blobs.wait_for_frame().snapshot.n_seen == 0
    blobs.step(500)
    second = blobs.wait_for_frame()
    assert second.run == first.run + 1
    assert np.array_equal(first.snapshot.centers, second.snapshot.centers)
    assert len(second.centers) == 7


def test_an_invalid_setting_gives_a_message_and_the_run_continues(blobs):
    blobs.step(100)
    wrong = {"n_prototypes": 0, "window_length": object(), "speed": float("nan"), "color": "red"}
    for name, value in wrong.items():
        blobs.set(name, value)
        assert name in blobs.wait_for_frame().message
    blobs.set("n_prototypes", 6)
    blobs.play()
    wait_until(lambda: blobs.wait_for_frame().snapshot.n_seen > 150)
    frame = blobs.wait_for_frame()
    assert frame.message == ""
    assert len(frame.centers) == 6


def test_a_failing_source_pauses_the_engine_with_a_message():
    def chunks():
        yield np.zeros((10, 2))
        raise OSError("the disk is gone")

    engine = Engine(ArraySource(chunks), OnlineClusterer(), speed=float("inf"))
    engine.play()
    wait_until(lambda: "the disk is gone" in engine.wait_for_frame().message)
    assert not engine.wait_for_frame().is_playing
    engine.open(make_generator("moons"))
    engine.step(100)
    frame = engine.wait_for_frame()
    assert frame.snapshot.n_seen == 100
    assert frame.message == ""
    engine.close()


def test_a_frame_tells_that_a_finite_source_has_ended():
    points = np.random.default_rng(0).normal(size=(150, 3))
    engine = Engine(ArraySource(points), OnlineClusterer(), speed=float("inf"))
    engine.play()
    wait_until(lambda: engine.wait_for_frame().is_finished)
    frame = engine.wait_for_frame()
    assert frame.snapshot.n_seen == 150
    assert not frame.is_playing
    engine.close()


def test_frames_have_the_units_of_the_data_whatever_the_scaling():
    points = np.random.default_rng(0).normal(size=(300, 2)) * [1000.0, 0.01] + [5e4, 0.0]
    scaling = Scaling.standardize(points.mean(axis=0), points.std(axis=0))
    engine = Engine(ArraySource(points), OnlineClusterer(), scaling=scaling)
    engine.step(300)
    frame = engine.wait_for_frame()
    assert np.array_equal(frame.points, points)
    assert (frame.centers >= points.min(axis=0) - 1e-9).all()
    assert (frame.centers <= points.max(axis=0) + 1e-9).all()
    assert abs(frame.snapshot.centers).max() < 10
    engine.close()


def test_a_long_window_is_drawn_as_a_density_image(blobs):
    blobs.set("window_length", 50_000)
    blobs.step(20_000)
    frame = blobs.wait_for_frame()
    assert frame.image is None  # no view has been requested yet
    (left, bottom), (right, top) = frame.bounds
    blobs.request_view(ViewRequest(0, 1, (left, right, bottom, top)))
    frame = blobs.wait_for_frame()
    assert frame.image.max() == 255
    assert frame.n_in_window == 20_000
    assert len(frame.points) < 20_000


def test_close_ends_the_thread_and_may_be_called_twice():
    engine = Engine(make_generator("rings"), OnlineClusterer(), speed=float("inf"))
    engine.play()
    engine.close()
    engine.close()
    assert not any(
        thread.name == "clusterer-engine" and thread is engine._thread
        for thread in threading.enumerate()
    )


def test_a_run_kept_aside_comes_back_as_it_was(blobs):
    blobs.step(700)
    before = blobs.wait_for_frame()
    blobs.open_aside(make_generator("drifting", seed=5))
    blobs.open_aside(make_generator("moons"))  # kept already: no effect
    blobs.set("n_prototypes", 3)
    blobs.step(100)
    during = blobs.wait_for_frame()
    assert (during.snapshot.n_seen, len(during.centers)) == (100, 3)
    blobs.open(make_generator("rings"))
    blobs.reset()
    blobs.bring_back()
    after = blobs.wait_for_frame()
    assert after.snapshot.n_seen == 700
    assert after.run > during.run
    np.testing.assert_array_equal(after.centers, before.centers)
    np.testing.assert_array_equal(after.center_colors, before.center_colors)
    # Its stream goes on with the next point.
    blobs.step(50)
    blobs.bring_back()  # nothing is kept: no effect
    points = make_generator("blobs", seed=1).take(750).points
    assert np.array_equal(blobs.wait_for_frame().points, points)


def test_a_run_aside_can_be_dropped(blobs):
    blobs.step(300)
    blobs.open_aside(make_generator("moons"))
    blobs.step(20)
    blobs.drop_aside()
    blobs.bring_back()
    assert blobs.wait_for_frame().snapshot.n_seen == 20

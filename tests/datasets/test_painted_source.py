"""Hand-drawn streams: the same edits give the same points, whatever sizes are asked for."""

import threading
from itertools import cycle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from clusterer import OnlineClusterer
from clusterer.datasets import PaintedSource
from clusterer.datasets.edits import HEIGHT, WIDTH
from clusterer.datasets.painted_source import MAX_EDITS
from clusterer.session.engine import Engine
from clusterer.session.restart import branch_run, restart_run
from clusterer.session.run import Run
from tests.export.test_python_script import assert_same, repeat

PLACE = st.tuples(st.floats(-2, WIDTH + 2), st.floats(-2, HEIGHT + 2))
ACTION = st.one_of(
    st.integers(0, 3000),
    st.tuples(st.just("paint"), st.lists(PLACE, min_size=1, max_size=3), st.integers(0, 300)),
    st.tuples(st.just("move"), PLACE, st.floats(-3, 3), st.floats(-3, 3)),
    st.tuples(st.just("undo")),
)


def apply(source, action):
    """Paint, move or undo."""
    kind, *arguments = action
    if kind == "paint":
        source.paint(arguments[0], (0.7, 0.5), arguments[1])
    elif kind == "undo":
        source.undo()
    else:
        group = source.find(*arguments[0])
        if group is not None:
            source.move(group, *arguments[1:])


def paint_blob(source, x, y, n_points=50, stroke=None):
    return source.paint([(x, y)], (0.5, 0.5), n_points, stroke)


@settings(max_examples=60)
@given(st.lists(ACTION, max_size=14), st.lists(st.integers(1, 4000), min_size=1, max_size=6))
def test_rewound_stream_repeats_its_points_for_any_sizes(actions, sizes):
    source = PaintedSource(seed=3, noise=0.1)
    parts = []
    for action in actions:
        if isinstance(action, int):
            parts.append(source.take(action))
        else:
            apply(source, action)
    points = np.concatenate([np.empty((0, 2)), *(part.points for part in parts)])
    groups = np.concatenate([np.empty(0, int), *(part.classes for part in parts)])
    copy = source.preserve()
    source.rewind()
    n_found = 0
    for size in cycle(sizes):
        found = source.take(min(size, len(points) - n_found))
        n = len(found.points)
        assert_array_equal(found.points, points[n_found : n_found + n])
        assert_array_equal(found.classes, groups[n_found : n_found + n])
        n_found += n
        if not n or n_found == len(points):
            break
    assert n_found == len(points)
    # A copy that skips the first half gives the same second half.
    assert copy.skip(n_found // 2) == n_found // 2
    assert_array_equal(copy.take(n_found - n_found // 2).points, points[n_found // 2 :])


def test_painted_points_come_next_and_later_by_their_share():
    source = PaintedSource()
    assert source.is_waiting
    assert not source.exhausted
    assert source.take(10).points.shape == (0, 2)
    left = paint_blob(source, 5, 5, 300)
    paint_blob(source, 15, 5, 100)
    points, groups = source.take(400)
    assert (points[:300, 0] < 10).all()
    assert (points[300:, 0] > 10).all()
    # Two standard deviations are a radius of the brush.
    assert np.allclose(points[:300].std(axis=0), 0.25, rtol=0.15)
    later = source.take(4000).classes
    assert abs((later == left).mean() - 0.75) < 0.03
    assert set(groups) == {0, 1}


def test_group_grows_moves_and_is_erased():
    source = PaintedSource()
    first = paint_blob(source, 5, 5)
    second = paint_blob(source, 5.2, 5)
    assert {edit.group for edit, _ in source.layers} == {first}
    source.take(1000)
    source.move(first, 8, 0)
    assert source.find(5, 5) is None
    assert source.find(13, 5) == first
    points, groups = source.take(500)
    assert (points[:, 0] > 11).all()
    assert set(groups) == {first}
    # The center of the group stays on the canvas, where the user can grasp it.
    source.move(first, 50, -50)
    assert source.find(WIDTH, 0) == first
    assert source.undo()
    assert [edit.stroke for edit, _ in source.layers] == [first] != [second]
    assert source.undo()
    assert source.is_waiting
    assert not source.undo()
    assert paint_blob(source, 1, 1) == 2


def test_many_small_moves_equal_one_large_move_bit_for_bit():
    source = PaintedSource()
    group = paint_blob(source, 2, 2)
    for _ in range(333):
        source.move(group, 0.01, 0.007)
    assert len(source.edits) == 2
    points = source.take(100).points
    source.rewind()
    assert_array_equal(source.take(100).points, points)


def test_edit_after_a_rewind_stands_between_the_old_edits():
    source = PaintedSource()
    paint_blob(source, 2, 2)
    source.take(1000)
    paint_blob(source, 18, 8)
    source.rewind()
    source.take(500)
    paint_blob(source, 10, 5)
    assert [edit.position for edit in source.edits] == [0, 500, 1000]
    assert len(source.layers) == 2
    source.take(600)
    assert len(source.layers) == 3


def test_wrong_edits_are_refused_and_change_nothing():
    source = PaintedSource()
    paint_blob(source, 2, 2)
    for centers, radii, n_points in (
        ([], (1, 1), 5),
        ([(np.nan, 1)], (1, 1), 5),
        ([(1, 1)], (-1, 1), 5),
        ([(1, 1)], (1, 1), -5),
    ):
        with pytest.raises(ValueError, match="allowed"):
            source.paint(centers, radii, n_points)
    with pytest.raises(ValueError, match="dx is inf"):
        source.move(0, np.inf, 0)
    for seed, noise in ((-1, 0), (0, 2)):
        with pytest.raises(ValueError, match="allowed"):
            PaintedSource(seed=seed, noise=noise)
    assert len(source.edits) == 1
    assert len(source.take(200).points) == 200


def test_number_of_edits_is_limited_with_a_message():
    first = PaintedSource()
    paint_blob(first, 2, 2)
    source = PaintedSource(first.edits * MAX_EDITS)
    with pytest.raises(ValueError, match="full"):
        paint_blob(source, 3, 3)
    assert len(source.edits) == MAX_EDITS


def test_painted_run_is_repeated_restarted_and_restored():
    source = PaintedSource(noise=0.05)
    run = Run(source, OnlineClusterer(20), window_length=300)
    run.advance(5)
    assert not run.is_finished
    group = paint_blob(source, 5, 5)
    run.advance(700)
    run.record()
    state = run.recording.states[-1]
    run.set("sigma", 0.4)
    for _ in range(20):
        source.move(group, 0.3, 0.1)
        run.advance(40)
    taken = run.export_run()
    paint_blob(source, 18, 1)
    assert_same(repeat(taken), taken)
    branched = branch_run(run, state, 1)
    branched.set("sigma", "auto")
    branched.set("sigma", 0.4)
    branched.advance(800)
    assert_array_equal(branched.recent_points.window.last(300), taken.points)
    assert_same(branched.model, taken)
    again = restart_run(branched, 2)
    again.advance(700)
    assert_array_equal(again.recent_points.window.last(300), last_points(taken, again))


def last_points(taken, run):
    """The last points of a new source with the same edits."""
    copy = taken.source.preserve()
    return copy.take(run.n_seen).points[-300:]


def test_engine_waits_for_the_first_stroke_and_threads_may_paint():
    source = PaintedSource()
    engine = Engine(source, OnlineClusterer(20), speed=float("inf"))
    engine.play()
    frame = engine.wait_for_frame()
    assert frame.snapshot.n_seen == 0
    assert frame.is_playing
    assert not frame.is_finished

    def paint(number):
        for _ in range(20):
            stroke = paint_blob(source, 2 + 4 * number, 5, 3)
            source.move(source.find(2 + 4 * number, 5), 0.01, 0)
            paint_blob(source, 2 + 4 * number, 5, 3, stroke)

    threads = [threading.Thread(target=paint, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    engine.step(1)
    for thread in threads:
        thread.join()
    while engine.wait_for_frame().snapshot.n_seen < 2000:
        pass
    taken = engine.export_run().result(30)
    engine.close()
    assert taken.classes is not None
    assert_same(repeat(taken), taken)

"""Paintings: the same strokes give the same points, however they are asked for."""

import threading
from itertools import cycle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from clusterer import OnlineClusterer
from clusterer.datasets import Painting
from clusterer.datasets.brush_strokes import HEIGHT, WIDTH
from clusterer.datasets.painting import MOST_ACTS
from clusterer.session.engine import Engine
from clusterer.session.restart import branch_run, restart_run
from clusterer.session.run import Run
from tests.export.test_python_script import assert_same, repeat

PLACE = st.tuples(st.floats(-2, WIDTH + 2), st.floats(-2, HEIGHT + 2))
DONE = st.one_of(
    st.integers(0, 3000),
    st.tuples(st.just("paint"), st.lists(PLACE, min_size=1, max_size=3), st.integers(0, 300)),
    st.tuples(st.just("move"), PLACE, st.floats(-3, 3), st.floats(-3, 3)),
    st.tuples(st.just("undo")),
)


def do(painting, action):
    """One thing that a painter does."""
    kind, *told = action
    if kind == "paint":
        painting.paint(told[0], (0.7, 0.5), told[1])
    elif kind == "undo":
        painting.undo()
    else:
        group = painting.find(*told[0])
        if group is not None:
            painting.move(group, *told[1:])


def blob(painting, x, y, n_points=50, stroke=None):
    return painting.paint([(x, y)], (0.5, 0.5), n_points, stroke)


@settings(max_examples=60)
@given(st.lists(DONE, max_size=14), st.lists(st.integers(1, 4000), min_size=1, max_size=6))
def test_a_painting_comes_about_again_however_it_is_cut(actions, sizes):
    painting = Painting(seed=3, noise=0.1)
    parts = []
    for action in actions:
        if isinstance(action, int):
            parts.append(painting.take(action))
        else:
            do(painting, action)
    points = np.concatenate([np.empty((0, 2)), *(part.points for part in parts)])
    groups = np.concatenate([np.empty(0, int), *(part.classes for part in parts)])
    twin = painting.preserve()
    painting.rewind()
    n_found = 0
    for size in cycle(sizes):
        found = painting.take(min(size, len(points) - n_found))
        n = len(found.points)
        assert_array_equal(found.points, points[n_found : n_found + n])
        assert_array_equal(found.classes, groups[n_found : n_found + n])
        n_found += n
        if not n or n_found == len(points):
            break
    assert n_found == len(points)
    # A twin that passes over the first half goes on the same.
    assert twin.skip(n_found // 2) == n_found // 2
    assert_array_equal(twin.take(n_found - n_found // 2).points, points[n_found // 2 :])


def test_what_is_painted_comes_next_and_then_by_its_share():
    painting = Painting()
    assert painting.is_waiting
    assert not painting.exhausted
    assert painting.take(10).points.shape == (0, 2)
    left = blob(painting, 5, 5, 300)
    blob(painting, 15, 5, 100)
    points, groups = painting.take(400)
    assert (points[:300, 0] < 10).all()
    assert (points[300:, 0] > 10).all()
    # Two standard deviations are a radius of the brush.
    assert np.allclose(points[:300].std(axis=0), 0.25, rtol=0.15)
    later = painting.take(4000).classes
    assert abs((later == left).mean() - 0.75) < 0.03
    assert set(groups) == {0, 1}


def test_a_group_is_added_to_moved_and_taken_back():
    painting = Painting()
    first = blob(painting, 5, 5)
    more = blob(painting, 5.2, 5)
    assert {act.group for act, _ in painting.layers} == {first}
    painting.take(1000)
    painting.move(first, 8, 0)
    assert painting.find(5, 5) is None
    assert painting.find(13, 5) == first
    points, groups = painting.take(500)
    assert (points[:, 0] > 11).all()
    assert set(groups) == {first}
    # Its middle stays on the canvas, where it can be grasped.
    painting.move(first, 50, -50)
    assert painting.find(WIDTH, 0) == first
    assert painting.undo()
    assert [act.stroke for act, _ in painting.layers] == [first] != [more]
    assert painting.undo()
    assert painting.is_waiting
    assert not painting.undo()
    assert blob(painting, 1, 1) == 2


def test_many_small_moves_are_one_to_the_last_bit():
    painting = Painting()
    group = blob(painting, 2, 2)
    for _ in range(333):
        painting.move(group, 0.01, 0.007)
    assert len(painting.acts) == 2
    points = painting.take(100).points
    painting.rewind()
    assert_array_equal(painting.take(100).points, points)


def test_what_is_painted_after_a_rewind_comes_among_the_old_acts():
    painting = Painting()
    blob(painting, 2, 2)
    painting.take(1000)
    blob(painting, 18, 8)
    painting.rewind()
    painting.take(500)
    blob(painting, 10, 5)
    assert [act.n_taken for act in painting.acts] == [0, 500, 1000]
    assert len(painting.layers) == 2
    painting.take(600)
    assert len(painting.layers) == 3


def test_bad_strokes_are_refused_and_nothing_is_lost():
    painting = Painting()
    blob(painting, 2, 2)
    for places, radii, n_points in (
        ([], (1, 1), 5),
        ([(np.nan, 1)], (1, 1), 5),
        ([(1, 1)], (-1, 1), 5),
        ([(1, 1)], (1, 1), -5),
    ):
        with pytest.raises(ValueError, match="allowed"):
            painting.paint(places, radii, n_points)
    with pytest.raises(ValueError, match="dx is inf"):
        painting.move(0, np.inf, 0)
    for seed, noise in ((-1, 0), (0, 2)):
        with pytest.raises(ValueError, match="allowed"):
            Painting(seed=seed, noise=noise)
    assert len(painting.acts) == 1
    assert len(painting.take(200).points) == 200


def test_a_painting_is_bounded_and_says_when_it_is_full():
    first = Painting()
    blob(first, 2, 2)
    painting = Painting(first.acts * MOST_ACTS)
    with pytest.raises(ValueError, match="full"):
        blob(painting, 3, 3)
    assert len(painting.acts) == MOST_ACTS


def test_a_painted_run_is_repeated_reset_and_branched():
    painting = Painting(noise=0.05)
    run = Run(painting, OnlineClusterer(20), window_length=300)
    run.advance(5)
    assert not run.is_finished
    group = blob(painting, 5, 5)
    run.advance(700)
    run.record()
    state = run.recording.states[-1]
    run.set("sigma", 0.4)
    for _ in range(20):
        painting.move(group, 0.3, 0.1)
        run.advance(40)
    taken = run.export_run()
    blob(painting, 18, 1)
    assert_same(repeat(taken), taken)
    branched = branch_run(run, state, 1)
    branched.set("sigma", "auto")
    branched.set("sigma", 0.4)
    branched.advance(800)
    assert_array_equal(branched.recent_points.window.last(300), taken.points)
    assert_same(branched.model, taken)
    again = restart_run(branched, 2)
    again.advance(700)
    assert_array_equal(again.recent_points.window.last(300), moment_points(taken, again))


def moment_points(taken, run):
    """The last points that a new painting of the same acts gives."""
    twin = taken.source.preserve()
    return twin.take(run.n_seen).points[-300:]


def test_an_engine_waits_for_the_first_stroke_and_many_hands_may_paint():
    painting = Painting()
    engine = Engine(painting, OnlineClusterer(20), speed=float("inf"))
    engine.play()
    frame = engine.wait_for_frame()
    assert frame.snapshot.n_seen == 0
    assert frame.is_playing
    assert not frame.is_finished

    def paint(number):
        for _ in range(20):
            stroke = blob(painting, 2 + 4 * number, 5, 3)
            painting.move(painting.find(2 + 4 * number, 5), 0.01, 0)
            blob(painting, 2 + 4 * number, 5, 3, stroke)

    hands = [threading.Thread(target=paint, args=(number,)) for number in range(4)]
    for hand in hands:
        hand.start()
    engine.step(1)
    for hand in hands:
        hand.join()
    while engine.wait_for_frame().snapshot.n_seen < 2000:
        pass
    taken = engine.export_run().result(30)
    engine.close()
    assert taken.classes is not None
    assert_same(repeat(taken), taken)

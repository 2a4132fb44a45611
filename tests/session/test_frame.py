"""The parts of a frame: window, density image, cluster ids, scaling."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterer import OnlineClusterer
from clusterer.datasets import make_generator
from clusterer.preprocessing.scaling import Scaling
from clusterer.session.density_image import count_cells, shade
from clusterer.session.frame import ViewRequest
from clusterer.session.run import Run
from clusterer.session.tracking import ClusterTracker
from clusterer.stream.window import Window


@given(
    st.lists(st.one_of(st.integers(0, 25), st.tuples(st.integers(1, 30))), max_size=30),
    st.integers(1, 20),
)
def test_a_window_is_the_end_of_all_pushed_points(actions, length):
    window, pushed, start = Window(2, length), np.empty((0, 2)), 0
    for action in actions:
        if isinstance(action, tuple):
            # Growing does not bring back what a shorter window has dropped.
            start = max(start, len(pushed) - length, len(pushed) - action[0])
            (length,) = action
            window.resize(length)
        else:
            chunk = np.arange(2.0 * action).reshape(-1, 2) + len(pushed)
            pushed = np.concatenate([pushed, chunk])
            window.push(chunk)
        start = max(start, len(pushed) - length)
        assert np.array_equal(window.last(1000), pushed[start:])
        assert window.n_pushed == len(pushed)


@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.integers(1, 12))
def test_cell_counts_agree_with_numpy(seed, n_rows, n_columns):
    xs, ys = np.random.default_rng(seed).uniform(-1.5, 1.5, size=(2, 200))
    counts = count_cells(xs, ys, (-1, 1, -1, 1), (n_rows, n_columns))
    inside = (abs(xs) < 1) & (abs(ys) < 1)
    expected, _, _ = np.histogram2d(
        ys[inside], xs[inside], bins=(n_rows, n_columns), range=((-1, 1), (-1, 1))
    )
    assert counts.sum() == inside.sum()
    # Rounding may put a point on the border of two cells into either cell.
    assert abs(counts - expected).sum() <= 2


def test_an_empty_box_is_refused():
    with pytest.raises(ValueError, match="left < right"):
        count_cells(np.zeros(1), np.zeros(1), (1, 1, 0, 1))


def test_shades_show_every_point_and_rise_with_the_count():
    levels = shade(np.array([[0, 1, 2, 1_000_000]]))[0]
    assert levels[0] == 0
    assert 0 < levels[1] < levels[2] < levels[3] == 255


def test_clusters_keep_their_ids_when_they_are_renumbered_or_lost_for_a_while():
    tracker = ClusterTracker()
    ids = np.array([10, 11, 12, 13])
    weights = np.ones(4)
    first = tracker.update(ids, np.array([0, 0, 1, 1]), weights)
    swapped = tracker.update(ids, np.array([1, 1, 0, 0]), weights)
    assert np.array_equal(first, swapped)
    lost = tracker.update(ids, np.array([-1, -1, 0, 0]), weights)
    assert lost.tolist() == [-1, -1, first[2], first[2]]
    back = tracker.update(ids, np.array([0, 0, 1, 1]), weights)
    assert np.array_equal(back, first)


def test_a_split_leaves_the_id_with_the_heavier_part():
    tracker = ClusterTracker()
    ids = np.array([1, 2, 3])
    whole = tracker.update(ids, np.array([0, 0, 0]), np.ones(3))
    parts = tracker.update(ids, np.array([0, 1, 1]), np.array([1.0, 2.0, 2.0]))
    assert parts[1] == parts[2] == whole[0]
    assert parts[0] not in (whole[0], -1)


@given(st.lists(st.lists(st.integers(-1, 4), min_size=6, max_size=6), max_size=12))
def test_present_clusters_never_share_an_id_or_a_colour(partitions):
    tracker = ClusterTracker()
    ids = np.arange(6)
    for partition in partitions:
        _, labels = np.unique([-1, *partition], return_inverse=True)
        labels = labels[1:] - 1
        given_ids = tracker.update(ids, labels, np.ones(6))
        pairs = set(zip(labels.tolist(), given_ids.tolist(), strict=True))
        assert len({label for label, _ in pairs}) == len({i for _, i in pairs}) == len(pairs)
        assert all((label == -1) == (i == -1) for label, i in pairs)
        colors = [tracker.colors[i] for i in set(given_ids.tolist()) - {-1}]
        assert len(colors) == len(set(colors))


@given(st.integers(0, 2**32 - 1))
def test_undoing_a_scaling_gives_the_points_back(seed):
    random = np.random.default_rng(seed)
    points = random.normal(size=(20, 3)) * 10.0 ** random.integers(-6, 6, size=3)
    scaling = Scaling.standardize(points.mean(axis=0), points.std(axis=0))
    assert np.allclose(scaling.undo(scaling.apply(points)), points)
    assert np.allclose(scaling.apply(points).std(axis=0), 1)


@pytest.mark.parametrize("generator", ["drifting", "blobs"])
def test_ids_and_colours_do_not_depend_on_the_times_of_the_frames(generator):
    watched, unwatched = (
        Run(make_generator(generator, seed=3, noise=0.1), OnlineClusterer()) for _ in range(2)
    )
    sizes = np.random.default_rng(0).integers(1, 40, size=400)
    for size in sizes.tolist():
        watched.advance(size)
        watched.make_frame(ViewRequest())
    unwatched.advance(int(sizes.sum()))
    frames = [run.make_frame(ViewRequest()) for run in (watched, unwatched)]
    assert len(np.unique(frames[0].center_clusters)) > 2
    np.testing.assert_array_equal(frames[0].center_clusters, frames[1].center_clusters)
    np.testing.assert_array_equal(frames[0].center_colors, frames[1].center_colors)
    assert watched.recorder.recording.events == unwatched.recorder.recording.events

"""The projection: principal components that do not jump about."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

from clusterer import OnlineClusterer
from clusterer.preprocessing.projection import RunningProjection
from clusterer.session.frame import ViewRequest
from clusterer.session.run import Run
from clusterer.stream import ArraySource


def stretched(n, seed=0, spreads=(5.0, 3.0, 1.0, 0.5)):
    random = np.random.default_rng(seed)
    turn, _ = np.linalg.qr(np.random.default_rng(9).normal(size=(4, 4)))
    return random.normal(size=(n, 4)) * spreads @ turn


def follow(running, points, size=100):
    for start in range(0, len(points), size):
        view = running.follow(points[start : start + size], np.zeros(4), np.ones(4))
    return view


def test_it_finds_the_plane_of_most_variance():
    points = stretched(3000)
    view = follow(RunningProjection(4), points)
    plane = PCA(2).fit(points).components_
    # The cosines of the angles between two planes are singular values.
    cosines = np.linalg.svd(view.components @ plane.T, compute_uv=False)
    assert cosines.min() > np.cos(np.deg2rad(5))
    assert view.components @ view.components.T == pytest.approx(np.eye(2), abs=1e-9)
    assert view.shares.sum() == pytest.approx(
        PCA(2).fit(points).explained_variance_ratio_.sum(), abs=0.02
    )


def test_components_that_vary_alike_keep_their_place():
    points = stretched(6000, spreads=(3.0, 3.0, 0.5, 0.5))
    running = RunningProjection(4)
    before = follow(running, points[:1000])
    after = follow(running, points[1000:])
    # Left to themselves they turn in their plane at will.
    cosines = np.sum(before.components * after.components, axis=1)
    assert cosines.min() > np.cos(np.deg2rad(20))
    assert after.number - before.number <= 3


def test_a_view_that_still_holds_is_not_replaced():
    running = RunningProjection(4)
    view = follow(running, stretched(5000))
    assert running.follow(stretched(100, seed=5), np.zeros(4), np.ones(4)) is view


def test_other_units_make_another_view():
    running = RunningProjection(4)
    view = follow(running, stretched(1000))
    other = running.follow(stretched(500, seed=1), np.zeros(4), np.full(4, 2.0))
    assert other.number > view.number
    assert (other.scales == 2.0).all()


def test_a_run_projects_points_and_centres_alike():
    points = stretched(600)
    run = Run(ArraySource(points), OnlineClusterer(10))
    run.advance(600)
    frame = run.make_frame(ViewRequest(-1, 2))
    xs, ys = frame.view_request.project(frame.points)
    view = frame.view_request.projection
    assert xs == pytest.approx((points - view.means) @ view.components[0])
    assert ys == pytest.approx(points[:, 2])
    assert np.isfinite(frame.view_request.project(frame.centers)[0]).all()


@pytest.mark.parametrize("points", [np.zeros((50, 3)), np.ones((1, 3)), np.eye(3)])
def test_degenerate_points_are_shown_all_the_same(points):
    run = Run(ArraySource(points), OnlineClusterer(5))
    run.advance(len(points))
    for axis in run.make_frame(ViewRequest(-1, -2)).view_request.project(points):
        assert np.isfinite(axis).all()

"""The projection: principal components that follow a stream and stay in place."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

from clusterer import OnlineClusterer
from clusterer.preprocessing.projection import RunningProjection
from clusterer.preprocessing.scaling import Scaling
from clusterer.session.frame import ViewRequest
from clusterer.session.run import Run
from clusterer.stream import ArraySource


def draw_points(n, seed=0, spreads=(5.0, 3.0, 1.0, 0.5)):
    random = np.random.default_rng(seed)
    turn, _ = np.linalg.qr(np.random.default_rng(9).normal(size=(4, 4)))
    return random.normal(size=(n, 4)) * spreads @ turn


def update_in_chunks(running, points, size=100):
    for start in range(0, len(points), size):
        projection = running.update(points[start : start + size], Scaling.identity(4))
    return projection


def test_components_span_the_plane_of_most_variance():
    points = draw_points(3000)
    projection = update_in_chunks(RunningProjection(4), points)
    plane = PCA(2).fit(points).components_
    # The singular values are the cosines of the angles between the two planes.
    cosines = np.linalg.svd(projection.components @ plane.T, compute_uv=False)
    assert cosines.min() > np.cos(np.deg2rad(5))
    assert projection.components @ projection.components.T == pytest.approx(np.eye(2), abs=1e-9)
    assert projection.shares.sum() == pytest.approx(
        PCA(2).fit(points).explained_variance_ratio_.sum(), abs=0.02
    )


def test_components_of_equal_variance_stay_in_place():
    points = draw_points(6000, spreads=(3.0, 3.0, 0.5, 0.5))
    running = RunningProjection(4)
    before = update_in_chunks(running, points[:1000])
    after = update_in_chunks(running, points[1000:])
    # Without the rotation they would turn in their plane.
    cosines = np.sum(before.components * after.components, axis=1)
    assert cosines.min() > np.cos(np.deg2rad(20))
    assert after.version - before.version <= 3


def test_projection_is_kept_while_the_components_stay():
    running = RunningProjection(4)
    projection = update_in_chunks(running, draw_points(5000))
    assert running.update(draw_points(100, seed=5), Scaling.identity(4)) is projection


def test_another_scaling_makes_another_projection():
    running = RunningProjection(4)
    projection = update_in_chunks(running, draw_points(1000))
    other = running.update(draw_points(500, seed=1), Scaling(np.zeros(4), np.full(4, 2.0)))
    assert other.version > projection.version
    assert (other.scaling.scales == 2.0).all()


def test_run_projects_points_and_centers_in_the_same_way():
    points = draw_points(600)
    run = Run(ArraySource(points), OnlineClusterer(10))
    run.advance(600)
    frame = run.make_frame(ViewRequest(-1, 2))
    xs, ys = frame.view_request.project(frame.points)
    projection = frame.view_request.projection
    assert xs == pytest.approx((points - projection.means) @ projection.components[0])
    assert ys == pytest.approx(points[:, 2])
    assert np.isfinite(frame.view_request.project(frame.centers)[0]).all()


@pytest.mark.parametrize("points", [np.zeros((50, 3)), np.ones((1, 3)), np.eye(3)])
def test_degenerate_points_have_finite_coordinates(points):
    run = Run(ArraySource(points), OnlineClusterer(5))
    run.advance(len(points))
    for axis in run.make_frame(ViewRequest(-1, -2)).view_request.project(points):
        assert np.isfinite(axis).all()

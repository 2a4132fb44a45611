"""Running standardisation: units that change while a stream is learned."""

import numpy as np
import pytest

from clusterer import OnlineClusterer
from clusterer.preprocessing.scaling import Moments, RunningScaling, Scaling
from clusterer.session.frame import ViewRequest
from clusterer.session.restart import restart_run
from clusterer.session.run import Run
from clusterer.stream import ArraySource


def test_joined_moments_equal_those_of_all_points():
    points = np.random.default_rng(0).normal(5, 3, size=(1000, 2)) * [1.0, 1e200]
    moments = Moments(np.zeros(2), np.zeros(2), 0)
    for start in range(0, 1000, 77):
        moments = moments.join(points[start : start + 77])
    assert moments.means == pytest.approx(points.mean(axis=0))
    scale = np.array([1.0, 1e200])
    assert moments.deviations == pytest.approx((points / scale).std(axis=0) * scale)


def test_points_known_in_advance_are_not_counted_twice():
    points = np.random.default_rng(1).normal(size=(500, 2))
    known = Moments(points.mean(axis=0), points.std(axis=0), 500)
    scaling = RunningScaling.begin(known)
    for start in range(0, 500, 64):
        scaling = scaling.follow(points[start : start + 64])
    assert scaling.seen.n_points == 500
    assert scaling.restart().offsets == pytest.approx(scaling.offsets)


def test_the_units_follow_a_stream_that_widens():
    random = np.random.default_rng(2)
    points = random.normal(size=(4000, 2)) * np.linspace(1, 50, 4000)[:, None]
    scaling = RunningScaling.begin(Moments(np.zeros(2), np.ones(2), 100))
    for start in range(0, 4000, 50):
        scaling = scaling.follow(points[start : start + 50])
    assert scaling.scales == pytest.approx(points.std(axis=0), rel=0.15)


def test_a_change_of_units_moves_no_prototype():
    random = np.random.default_rng(3)
    # A slow rise: learned in the units of the first points, drawn in the units of the last.
    climb = np.column_stack([np.linspace(0, 1000, 5000), random.normal(size=5000)])
    first = Moments(climb[:100].mean(axis=0), climb[:100].std(axis=0), 100)
    run = Run(ArraySource(climb), OnlineClusterer(20), scaling=RunningScaling.begin(first))
    while not run.is_finished:
        run.advance(100)
    centers = run.make_frame(ViewRequest()).centers
    assert centers[:, 0].min() >= 0
    assert centers[:, 0].max() <= 1000
    assert np.abs(centers[:, 1]).max() < 5
    again = restart_run(run, 1)
    assert again.scaling.scales == pytest.approx(first.deviations)


def test_changed_units_equal_learning_in_other_units():
    points = np.random.default_rng(4).normal(size=(300, 2)) * 2
    one = OnlineClusterer(10, sigma=1e9).fit(points)
    other = OnlineClusterer(10, sigma=1e9).fit(points * 4 + 3)
    one.change_units([4.0, 4.0], [3.0, 3.0])
    assert one.prototypes_ == pytest.approx(other.prototypes_)
    assert one.scatters_ == pytest.approx(other.scatters_)
    assert np.array_equal(one.labels_, other.labels_)
    assert one.partial_fit(points * 4).n_seen_ == 600


@pytest.mark.parametrize(
    ("factors", "shifts", "message"),
    [
        ([1.0], [0.0, 0.0], "factors"),
        ([1.0, 0.0], [0.0, 0.0], "above 0"),
        ([1, 1], [0, np.nan], "shifts"),
    ],
)
def test_invalid_units_are_refused(factors, shifts, message):
    model = OnlineClusterer(2).fit([[0.0, 1.0], [2.0, 3.0]])
    with pytest.raises(ValueError, match=message):
        model.change_units(factors, shifts)


def test_a_fixed_scaling_never_changes():
    scaling = Scaling.identity(2)
    assert scaling.follow(np.ones((5, 2))) is scaling
    assert scaling.restart() is scaling

"""Running standardisation: units that change while a stream is learned."""

import json

import numpy as np
import pytest

from clusterer import OnlineClusterer
from clusterer.preprocessing.scaling import Moments, RunningScaling, Scaling, Treatment
from clusterer.scaled_learner import ScaledLearner
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


TREATMENT = Treatment((0.0, 50.0), (2.0, 1.0))


def draw_customers(n=3_000):
    """Ages and heavy-tailed amounts of two kinds of customers."""
    random = np.random.default_rng(5)
    kinds = random.random(n) < 0.3
    ages = random.normal(40, 10, n)
    amounts = random.lognormal(np.where(kinds, 9, 5), 0.6)
    return np.column_stack([ages, amounts])


def test_a_running_scaling_standardises_the_logarithms_and_weighs_the_features():
    points = draw_customers()
    scaling = RunningScaling.start(2, TREATMENT).follow(points)
    scaled = scaling.apply(points)
    assert scaled.mean(axis=0) == pytest.approx([0, 0], abs=1e-9)
    assert scaled.std(axis=0) == pytest.approx([2, 1])
    assert scaling.undo(scaled) == pytest.approx(points)


def test_a_scaling_with_treated_features_is_written_and_read_exactly():
    points = draw_customers()
    running = RunningScaling.start(2, TREATMENT).follow(points)
    fixed = Scaling.identity(2, TREATMENT)
    for scaling, moments in (
        (running, "all"),
        (running, "seen"),
        (running, "none"),
        (fixed, "all"),
    ):
        again = Scaling.from_dict(json.loads(json.dumps(scaling.to_dict(moments))))
        assert again.treatment == TREATMENT
        assert np.array_equal(again.apply(points), scaling.apply(points))
    assert running.restart().treatment == TREATMENT


def test_the_units_follow_a_stream_whose_amounts_grow():
    amounts = np.random.default_rng(6).lognormal(np.linspace(0, 9, 4_000), 0.5)[:, None]
    scaling = RunningScaling.start(1, Treatment((0.1,), (3.0,)))
    for start in range(0, 4_000, 50):
        scaling = scaling.follow(amounts[start : start + 50])
    deviation = np.arcsinh(amounts / 0.2).std()
    assert scaling.scales == pytest.approx([deviation / 3], rel=0.15)


def test_a_run_shows_centres_and_axes_in_the_units_of_the_data():
    points = draw_customers()
    scaling = RunningScaling.start(2, TREATMENT)
    run = Run(ArraySource(points), OnlineClusterer(), scaling=scaling)
    run.advance(3_000)
    frame = run.make_frame(ViewRequest())
    typical = sorted(run.export_run().scaling.undo(run.model.cluster_centers_)[:, 1])
    assert typical == pytest.approx([np.e**5, np.e**9], rel=0.25)
    assert frame.centers[:, 1].max() < points[:, 1].max() * 1.1
    xs, ys = frame.view_request.project(frame.points)
    assert np.array_equal(xs, frame.points[:, 0])
    assert np.array_equal(ys, np.arcsinh(frame.points[:, 1] / 2 / 50))


def test_a_weight_makes_a_feature_decide():
    random = np.random.default_rng(7)
    # Two groups by the first feature alone, among six features without groups.
    points = random.normal(size=(4_000, 7))
    points[:, 0] += np.where(random.random(4_000) < 0.5, 6, 0)
    numbers = {}
    for weight in (0.2, 3.0):
        treatment = Treatment((0.0,) * 7, (weight, *(1.0,) * 6))
        scaling = RunningScaling.start(7, treatment)
        run = Run(ArraySource(points), OnlineClusterer(), scaling=scaling)
        run.advance(4_000)
        numbers[weight] = run.model.n_clusters_
    assert numbers == {0.2: 1, 3.0: 2}


def test_learners_with_other_logarithms_or_weights_do_not_merge():
    points = draw_customers()
    one = ScaledLearner(OnlineClusterer(), RunningScaling.start(2, TREATMENT)).learn(points)
    other = ScaledLearner(OnlineClusterer()).learn(points)
    with pytest.raises(ValueError, match="logarithm of different features"):
        one.absorb(other)
    twin = ScaledLearner(OnlineClusterer(), RunningScaling.start(2, TREATMENT)).learn(points)
    assert one.absorb(twin).n_seen == 6_000
    assert one.scaling.treatment == TREATMENT

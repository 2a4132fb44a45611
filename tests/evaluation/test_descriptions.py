"""Descriptions of clusters: sizes, what sets them apart, neighbours, certainty."""

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from clusterer import OnlineClusterer
from clusterer.evaluation.descriptions import LabelledState, describe_clusters, describe_state
from clusterer.evaluation.feature_contrasts import LEVELS
from clusterer.preprocessing.scaling import Scaling
from clusterer.scaled_learner import ScaledLearner

MEANS = np.array([[0.0, 0.0, 5e6], [40.0, 0.0, 5e6 + 20], [0.0, 900.0, 5e6 + 40]])
NAMES = ("age", "income", "year")


@pytest.fixture(scope="module")
def rows():
    """Three groups of 400, 350 and 300 rows, which differ in one or two of three features."""
    random = np.random.default_rng(4)
    groups = np.repeat([0, 1, 2], [400, 350, 300])
    return random.permutation(MEANS[groups] + random.normal(0.0, [3.0, 60.0, 2.0], (1_050, 3)))


@pytest.fixture(scope="module")
def learner(rows):
    return ScaledLearner(OnlineClusterer(30), feature_names=NAMES).learn(rows)


def test_every_point_counts_once(learner, rows):
    described = describe_clusters(learner, rows)
    # The first prototypes take points of other groups before each group has prototypes.
    assert [each.n_points for each in described] == pytest.approx([400, 350, 300], abs=10)
    assert sum(each.share for each in described) == pytest.approx(1.0, abs=0.02)
    snapshot = learner.model.snapshot()
    assert snapshot.totals.sum() == snapshot.n_seen == 1_050


@pytest.mark.parametrize("n_prototypes", [1, 2, 30])
@pytest.mark.parametrize("half_life", [None, 100.0, "auto"])
def test_forgotten_points_still_count(n_prototypes, half_life):
    random = np.random.default_rng(0)
    points = random.normal(size=(3_000, 2)) + np.linspace(0, 60, 3_000)[:, None]
    model = OnlineClusterer(n_prototypes, half_life=half_life).fit(points)
    snapshot = model.snapshot()
    assert snapshot.points_taken.sum() == 3_000
    model.set_params(n_prototypes=max(n_prototypes // 2, 1)).merge_excess()
    assert model.snapshot().totals.sum() == 3_000
    copied = OnlineClusterer.from_arrays(*model.to_arrays())
    assert np.array_equal(copied.snapshot().totals, model.snapshot().totals)
    other = OnlineClusterer(n_prototypes).fit(points[:500])
    assert model.absorb(other).snapshot().totals.sum() == pytest.approx(3_500)
    if half_life == 100.0:
        assert snapshot.counts.sum() < 200


@pytest.mark.parametrize("is_given", [True, False])
def test_the_words_name_what_differs(learner, rows, is_given):
    described = describe_clusters(learner, rows if is_given else None)
    assert [each.summarize(2) for each in described] == [
        "year very low, age low",
        "age very high, year medium",
        "income very high, year very high",
    ]
    assert all((each.n_rows > 0) == is_given for each in described)
    # The spread is small beside the values, so three digits would show nothing.
    largest = described[0].features[0]
    assert largest.format(5_000_012.34) == "5,000,012.3"
    assert "at most 5,000,0" in largest.explain()


def test_quantiles_and_means_are_those_of_the_rows(learner, rows):
    labels = learner.predict(rows)
    for each in describe_clusters(learner, rows):
        own = rows[labels == each.cluster]
        assert each.n_rows == len(own)
        effects = [feature.effect for feature in each.features]
        assert effects == sorted(effects, reverse=True)
        for feature in each.features:
            column = own[:, NAMES.index(feature.name)]
            assert feature.mean == pytest.approx(column.mean())
            wanted = np.quantile(column, LEVELS, method="inverted_cdf")
            assert np.allclose(feature.quantiles, wanted)
            assert feature.share_below == pytest.approx((column <= feature.cut).mean())


def test_the_prototypes_give_about_the_same_distributions(learner, rows):
    by_rows = {each.cluster: each for each in describe_clusters(learner, rows)}
    for each in describe_clusters(learner):
        exact = {feature.name: feature for feature in by_rows[each.cluster].features}
        for feature in each.features:
            width = exact[feature.name].quantiles[-1] - exact[feature.name].quantiles[0]
            gaps = np.subtract(feature.quantiles, exact[feature.name].quantiles)
            assert np.abs(gaps).max() < 0.25 * width


def test_the_effect_is_the_distance_of_kolmogorov_and_smirnov(learner, rows):
    from scipy.stats import ks_2samp

    labels = learner.predict(rows)
    described = describe_clusters(learner, rows)
    for each in described:
        for feature in each.features:
            column = rows[:, NAMES.index(feature.name)]
            own, rest = column[labels == each.cluster], column[labels != each.cluster]
            # The weights of the rest correct for noise that the window shows too often.
            assert feature.effect == pytest.approx(ks_2samp(own, rest).statistic, abs=0.03)


def test_a_narrow_and_a_wide_distribution_have_words_of_their_own():
    random = np.random.default_rng(1)
    angles = random.uniform(0, 2 * np.pi, 1_500)
    radii = np.repeat([1.0, 10.0], [700, 800])
    points = radii[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    points = random.permutation(points + random.normal(0, 0.2, points.shape))
    described = describe_clusters(OnlineClusterer(80).fit(points), points)
    words = [{feature.word for feature in each.features} for each in described]
    assert words == [{"low or high"}, {"medium"}]
    assert all("the middle half from" in each.features[0].explain() for each in described)


def test_chance_is_no_difference():
    random = np.random.default_rng(2)
    points = random.normal(size=(600, 6))
    points[:, 0] += np.where(np.arange(600) % 2, 12.0, 0.0)
    named = []
    for seed in range(10):
        order = np.random.default_rng(seed).permutation(600)
        for each in describe_clusters(OnlineClusterer(20).fit(points[order]), points[order]):
            named += [feature.name for feature in each.features if feature.word]
    assert named.count("x1") >= 20
    assert len(named) - named.count("x1") <= 0.1 * 5 * 20


def test_a_feature_of_zeros_and_ones_is_told_as_a_share():
    random = np.random.default_rng(3)
    place = random.integers(0, 2, 800)
    member = random.random(800) < np.where(place, 0.9, 0.2)
    points = np.stack([place * 30.0 + random.normal(size=800), member], axis=1)
    model = ScaledLearner(OnlineClusterer(20)).learn(points)
    texts = [
        feature.explain()
        for each in describe_clusters(model, points, feature_names=("x", "member"))
        for feature in each.features
        if feature.name == "member" and feature.word
    ]
    assert texts
    assert all(text.startswith("member: ") and " have 1, of the others " in text for text in texts)


def test_neighbours_and_certainty_follow_the_distances():
    random = np.random.default_rng(5)
    centers = np.array([[0.0], [8.0], [60.0]])
    points = centers[random.integers(3, size=1_500)] + random.normal(size=(1_500, 1))
    model = OnlineClusterer(30).fit(points)
    described = sorted(describe_clusters(model, points), key=lambda each: each.features[0].mean)
    left, middle, right = described
    assert (left.nearest, middle.nearest, right.nearest) == (
        middle.cluster,
        left.cluster,
        middle.cluster,
    )
    assert 0.5 < middle.certainty < right.certainty <= 1.0
    assert all(each.spread == pytest.approx(1.0, rel=0.2) for each in described)
    assert all(each.relative_spread < 0.1 for each in described)


def test_one_cluster_has_no_rest_and_no_neighbour():
    points = np.random.default_rng(0).normal(size=(300, 2))
    (only,) = describe_clusters(OnlineClusterer(1, drop_singletons=False).fit(points), points)
    assert only.nearest is None
    assert only.certainty is None
    assert only.share == 1.0
    assert only.summarize() == "like the other rows in every feature"
    assert all(feature.explain() == "" for feature in only.features)
    assert all(np.isfinite(feature.quantiles).all() for feature in only.features)


@pytest.mark.parametrize("scale", [1e-150, 1.0, 1e100])
def test_extreme_units_give_finite_descriptions(scale):
    random = np.random.default_rng(6)
    points = np.where(np.arange(500)[:, None] % 2, 20.0, 0.0) + random.normal(size=(500, 2))
    model = OnlineClusterer(10).fit(points * scale)
    for each in describe_clusters(model, points * scale):
        assert np.isfinite([each.spread, each.certainty]).all()
        assert each.features[0].effect > 0.9


def test_a_cluster_outside_the_window_is_described_by_its_prototypes():
    random = np.random.default_rng(7)
    points = np.concatenate([random.normal(50, 1, (500, 1)), random.normal(0, 1, (500, 1))])
    model = OnlineClusterer(50, half_life=None).fit(points)
    described = describe_clusters(model, points[-400:])
    early = max(described, key=lambda each: each.features[0].mean)
    assert early.n_rows == 0
    assert early.features[0].word == "very high"
    assert early.features[0].mean == pytest.approx(50, abs=0.5)
    late = min(described, key=lambda each: each.features[0].mean)
    assert late.n_rows > 300
    # The rest is as large as the model remembers, not as the window shows.
    assert late.features[0].rest_mean == pytest.approx(50, abs=2.0)


def test_wrong_input_is_refused(learner, rows):
    with pytest.raises(NotFittedError):
        describe_clusters(OnlineClusterer())
    with pytest.raises(ValueError, match="points has 2 columns, but the model has 3 features"):
        describe_clusters(learner, rows[:, :2])
    with pytest.raises(ValueError, match="feature_names has 1 names, but the model has 3"):
        describe_clusters(learner, feature_names=["age"])
    with pytest.raises(ValueError, match=r"row 0 .* nan"):
        describe_clusters(learner, [[np.nan, 0.0, 0.0]])


def test_only_the_largest_clusters_are_described(learner):
    snapshot = learner.model.snapshot()
    nothing = np.empty((0, 3)), np.empty(0, dtype=np.int64)
    state = LabelledState(snapshot, snapshot.labels, *nothing, Scaling.identity(3), NAMES)
    assert len(describe_state(state, 2)) == 2
    noise = np.full(len(snapshot.labels), -1)
    assert describe_state(LabelledState(snapshot, noise, *nothing, state.scaling, NAMES)) == []

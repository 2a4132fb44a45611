"""The kernel classifier: agreement with the papers, the budget, automatic width and half-life."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import make_circles, make_moons
from sklearn.svm import SVC

from clusterer.svm import KernelPegasosClassifier
from clusterer.svm.kernel_pegasos import MAINTENANCE
from clusterer.svm.merging import find_position, make_table
from tests.svm.reference_kernel import ReferenceKernel, gaussian
from tests.svm.test_pegasos import rows

alphas = st.sampled_from([1e-4, 1e-2, 0.3])
half_lives = st.sampled_from([None, 3.0, 40.0])


@settings(max_examples=25)
@given(
    st.integers(0, 10**6),
    st.integers(1, 5),
    st.integers(2, 5),
    st.integers(1, 8),
    alphas,
    half_lives,
    st.sampled_from(MAINTENANCE),
)
def test_each_step_is_that_of_the_papers(
    seed, n_features, n_classes, budget, alpha, half_life, maintenance
):
    points, classes, weights = rows(seed, 40, n_features, n_classes)
    points /= points.std()
    points[20:25] = points[:5]
    options = {"alpha": alpha, "half_life": half_life, "maintenance": maintenance}
    last, mean = (
        KernelPegasosClassifier(budget, 1.5, **options, average=average)
        for average in (False, True)
    )
    oracle = ReferenceKernel(n_features, n_classes, budget, 1.5, alpha, half_life, maintenance)
    for x, name, weight in zip(points, classes.tolist(), weights.tolist(), strict=True):
        for model in (last, mean):
            model.partial_fit([x], [name], range(n_classes), [weight])
        oracle.learn(x, name, weight)
        if oracle.is_open:
            return
        tolerance = 1e-9 * np.abs(oracle.a).max()
        assert_allclose(last.support_vectors_, oracle.z, 1e-8, 1e-8)
        assert_allclose(last.dual_coef_, oracle.a, 1e-7, tolerance)
        assert_array_equal(last.ids_, oracle.ids)
        if half_life is None:
            expected = oracle.sums / oracle.sum_weights
            assert_allclose(mean.dual_coef_, expected, 1e-6, 1e2 * tolerance)
    counts = oracle.n_mistakes, oracle.n_updates
    assert (last.n_mistakes_, last.n_updates_) == counts
    decisions = np.array([oracle.decide(x) for x in points])
    if n_classes == 2:
        decisions = decisions[:, 1] - decisions[:, 0]
    limit = 1e-9 * np.abs(oracle.a).max()
    assert_allclose(last.decision_function(points), decisions, 1e-7, limit)


def test_two_classes_learn_the_function_of_pegasos():
    """Pegasos of two classes has one coefficient for each vector (2011, Figure 3)."""
    points, classes, _ = rows(1, 60, 2)
    points /= points.std()
    alpha, steps, coefficients = 0.01, 0.01**-0.75, np.zeros(60)
    for i, x in enumerate(points):
        sign = 2 * classes[i] - 1
        margin = sign * (coefficients @ gaussian(points, x, 1.0)) / (alpha * steps)
        steps += 1.0
        coefficients[i] = sign * (margin < 1)
    model = KernelPegasosClassifier(100, 1.0, alpha, None, average=False)
    model.partial_fit(points, classes, classes=[0, 1])
    kernel = np.array([gaussian(points, x, 1.0) for x in points])
    expected = kernel @ coefficients / (alpha * steps)
    assert_allclose(model.decision_function(points), expected, 1e-9, 1e-9)


def test_half_life_and_oldest_are_norma():
    """f ← (1 - η λ) f + η y k(x, ·) where y f(x) < 1, and the oldest term is dropped (2004)."""
    points, classes, _ = rows(2, 80, 2)
    points /= points.std()
    half_life, alpha, budget = 12.0, 0.05, 9
    rate = 1.0 - 2.0 ** (-1.0 / half_life)  # η λ
    kept, coefficients = np.empty((0, 2)), np.empty(0)
    for x, name in zip(points, classes, strict=True):
        sign = 2 * name - 1
        margin = sign * (coefficients @ gaussian(kept, x, 0.8))
        coefficients = (1 - rate) * coefficients
        if margin < 1:
            kept = np.vstack([kept, x])[-budget:]
            coefficients = np.append(coefficients, sign * rate / alpha)[-budget:]
    model = KernelPegasosClassifier(budget, 0.8, alpha, half_life, maintenance="oldest")
    model.partial_fit(points, classes, classes=[0, 1])
    expected = [coefficients @ gaussian(kept, x, 0.8) for x in points]
    assert_allclose(model.decision_function(points), expected, 1e-9, 1e-9)


@given(st.floats(1e-6, 1.0), st.floats(0.5, 1.0))
def test_the_table_loses_hardly_more_than_a_search(kernel, share):
    def keep(h):
        """The coefficient of the merged vector."""
        return share * kernel ** ((1 - h) ** 2) + (1 - share) * kernel ** (h * h)

    best = keep(np.linspace(0.5, 1.0, 5001)).max()
    assert keep(find_position(make_table(), kernel, share)) >= best - 2e-3


@given(st.integers(0, 10**6), st.integers(2, 6))
def test_a_merge_changes_the_function_by_what_the_papers_formula_tells(seed, budget):
    points, classes, _ = rows(seed, budget + 1, 2, 2)
    points /= points.std()
    whole, merged = (
        KernelPegasosClassifier(size, 1.0, 0.01, None, average=False)
        for size in (budget + 1, budget)
    )
    # All rows violate the margin before the first merge, or the two models stay equal.
    for model in (whole, merged):
        model.partial_fit(points, classes, classes=[0, 1])
    z = np.vstack([whole.support_vectors_, merged.support_vectors_])
    a = np.vstack([whole.dual_coef_, -merged.dual_coef_])
    gram = np.array([gaussian(z, x, 1.0) for x in z])
    distance = np.trace(a.T @ gram @ a)
    light = (whole.dual_coef_**2).sum(axis=1).min()
    # A merge loses at most what removing the lightest vector loses.
    assert -1e-9 <= distance <= light * (1 + 1e-9) + 1e-9


@pytest.mark.parametrize("name", ["moons", "rings", "bananas"])
def test_a_pass_comes_near_to_a_batch_solver(name):
    rng = np.random.default_rng(0)
    if name == "moons":
        points, classes = make_moons(3000, noise=0.25, random_state=0)
    elif name == "rings":
        points, classes = make_circles(3000, noise=0.1, factor=0.6, random_state=0)
    else:
        classes = rng.integers(2, size=3000)
        angle = rng.uniform(0, np.pi, 3000) + np.pi * classes
        points = np.c_[np.cos(angle) + classes, np.sin(angle) + 0.5 * classes]
        points += rng.normal(scale=0.3, size=points.shape)
    points = (points - points.mean(axis=0)) / points.std(axis=0)
    half = slice(1500), slice(1500, None)
    batch = SVC(gamma=2.0, C=10.0).fit(points[half[0]], classes[half[0]])
    ours = KernelPegasosClassifier(sigma=0.5**0.5, half_life=None, random_state=0)
    ours.partial_fit(points[half[0]], classes[half[0]])
    best = batch.score(points[half[1]], classes[half[1]])
    assert ours.score(points[half[1]], classes[half[1]]) > best - 0.02
    ours.fit(points[half[0]], classes[half[0]])
    assert ours.score(points[half[1]], classes[half[1]]) > best - 0.015
    assert len(ours.support_vectors_) <= 100 < batch.n_support_.sum()


def test_the_width_is_chosen_from_the_stream():
    """A fine chessboard needs a narrow kernel, one border a wide one; units do not matter."""
    rng = np.random.default_rng(3)
    points = rng.uniform(0, 4, size=(6000, 2))
    fine = np.floor(points).sum(axis=1) % 2
    model = KernelPegasosClassifier(half_life=None).partial_fit(points, fine)
    found = model.sigma_ / np.sqrt(points.var(axis=0).sum())
    assert found == pytest.approx(0.25, rel=0.02)
    larger = KernelPegasosClassifier(half_life=None).partial_fit(1000 * points, fine)
    assert larger.sigma_ == pytest.approx(1000 * model.sigma_)
    assert larger.n_mistakes_ == pytest.approx(model.n_mistakes_, rel=0.05)


def test_the_half_life_is_chosen_from_the_stream():
    rng = np.random.default_rng(4)
    points = rng.normal(size=(9000, 2))
    still = (points[:, 0] > 0).astype(int)
    # The border turns once in 3,000 rows.
    angle = 2 * np.pi * np.arange(9000) / 3000
    turning = (points[:, 0] * np.cos(angle) + points[:, 1] * np.sin(angle) > 0).astype(int)
    model = KernelPegasosClassifier(sigma=1.0)
    assert model.partial_fit(points, turning).half_life_ < np.inf
    fixed = KernelPegasosClassifier(sigma=1.0, half_life=None).partial_fit(points, turning)
    assert model.n_mistakes_ < 0.8 * fixed.n_mistakes_
    assert KernelPegasosClassifier(sigma=1.0).partial_fit(points, still).n_mistakes_ < 400


@pytest.mark.parametrize("maintenance", MAINTENANCE)
def test_the_budget_may_change_in_mid_stream(maintenance):
    points, classes, _ = rows(5, 300, 2, 3)
    model = KernelPegasosClassifier(20, 1.0, 0.01, maintenance=maintenance)
    model.partial_fit(points[:100], classes[:100])
    for budget in (5, 40, 1):
        model.change_parameters(budget=budget)
        model.partial_fit(points[100:], classes[100:])
        assert len(model.support_vectors_) <= budget
    assert len(np.unique(model.ids_)) == len(model.ids_)


def test_experts_and_fixed_parameters_may_change_in_mid_stream():
    points, classes, _ = rows(6, 400, 2, 2)
    model = KernelPegasosClassifier(15)
    for changes in ({}, {"sigma": 0.5}, {"half_life": 50.0}, {"sigma": "auto"}, {"average": False}):
        model.change_parameters(**changes).partial_fit(points, classes)
        assert model.score(points, classes) > 0.7
    assert model.half_life_ == 50.0


def test_the_snapshot_shows_the_vectors_and_their_classes():
    points, classes, _ = rows(7, 200, 3, 3)
    model = KernelPegasosClassifier(12, 2.0).partial_fit(points, classes + 5)
    taken = model.snapshot()
    assert_array_equal(taken.centers, model.support_vectors_)
    assert_array_equal(taken.labels, model.classes_[model.dual_coef_.argmax(axis=1)])
    assert (taken.sigma, taken.n_seen) == (2.0, 200)


def test_vectors_move_exactly_when_the_units_change():
    points, classes, _ = rows(8, 150, 2, 2)
    model = KernelPegasosClassifier(12).partial_fit(points, classes)
    vectors = model.support_vectors_
    model.change_units([2.0, 0.5], [1.0, -3.0])
    assert_allclose(model.support_vectors_, vectors * [2.0, 0.5] + [1.0, -3.0])
    model.partial_fit(points * [2.0, 0.5] + [1.0, -3.0], classes)


def test_extreme_values_give_no_nan():
    points = np.array([[0.0, 1e100], [1e100, -1e100], [1e-300, 0.0], [1.0, 1.0]] * 5)
    for options in ({}, {"sigma": 1e-100}, {"sigma": 1e100}):
        model = KernelPegasosClassifier(2, **options)
        model.partial_fit(points, np.arange(20) % 3)
        assert np.isfinite(model.decision_function(points)).all()
        assert np.isfinite(model.support_vectors_).all()


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("budget", [0, -1, 1.5, True, "many", None, 20_001]),
        ("sigma", [0, -1.0, np.nan, np.inf, "wide", None, True]),
        ("maintenance", ["newest", None, 1]),
    ],
)
def test_wrong_parameters_are_refused(name, values):
    for value in values:
        with pytest.raises(ValueError, match=name):
            KernelPegasosClassifier(**{name: value}).partial_fit([[1.0]], [0])

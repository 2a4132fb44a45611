"""The linear classifier: agreement with the paper, sparse rows, weights, units."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from clusterer.svm import PegasosClassifier
from tests.svm.reference_pegasos import ReferencePegasos

alphas = st.sampled_from([1e-6, 1e-4, 1e-2, 1.0, 30.0])
half_lives = st.sampled_from([None, 0.5, 3.0, 40.0, 1e4])


def rows(seed, n_rows, n_features, n_classes=2):
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(n_rows, n_features)) * 10.0 ** rng.integers(-2, 3)
    centers = rng.normal(size=(n_classes, n_features))
    classes = (points @ centers.T + rng.normal(size=n_classes)).argmax(axis=1)
    classes[:n_classes] = np.arange(n_classes)
    return points, classes, rng.choice([0.5, 1.0, 1.0, 3.0, 90.0], size=n_rows)


@settings(max_examples=25)
@given(
    st.integers(0, 10**6), st.integers(1, 5), st.integers(2, 5), alphas, half_lives, st.booleans()
)
def test_each_step_is_that_of_the_paper(
    seed, n_features, n_classes, alpha, half_life, has_intercept
):
    points, classes, weights = rows(seed, 40, n_features, n_classes)
    options = {"alpha": alpha, "half_life": half_life, "fit_intercept": has_intercept}
    last, mean = (PegasosClassifier(**options, average=average) for average in (False, True))
    signs = [1] if n_classes == 2 else range(n_classes)
    oracles = [ReferencePegasos(n_features, alpha, half_life, has_intercept) for _ in signs]
    for x, name, weight in zip(points, classes.tolist(), weights.tolist(), strict=True):
        for model in (last, mean):
            model.partial_fit([x], [name], range(n_classes), [weight])
        for oracle, positive in zip(oracles, signs, strict=True):
            oracle.learn(x, 1.0 if name == positive else -1.0, weight)
        tolerance = 1e-9 * max(np.abs([oracle.w for oracle in oracles]).max(), 1e-9)
        assert_allclose(last.coef_, [oracle.w for oracle in oracles], 1e-9, tolerance)
        assert_allclose(last.intercept_, [oracle.b for oracle in oracles], 1e-9, tolerance)
        averages = [o.average if half_life is None else (o.w, o.b) for o in oracles]
        assert_allclose(mean.coef_, [w for w, _ in averages], 1e-7, 1e2 * tolerance)
        assert_allclose(mean.intercept_, [b for _, b in averages], 1e-7, 1e2 * tolerance)
    if n_classes == 2:
        counts = oracles[0].n_mistakes, oracles[0].n_updates
        assert (mean.n_mistakes_, mean.n_updates_) == counts


@settings(max_examples=15)
@given(st.integers(0, 10**6), st.integers(2, 4), half_lives)
def test_sparse_rows_are_learned_as_dense_ones(seed, n_classes, half_life):
    points, classes, weights = rows(seed, 60, 6, n_classes)
    points[np.random.default_rng(seed).random(points.shape) < 0.7] = 0.0
    dense = PegasosClassifier(1e-2, half_life, random_state=0)
    csr = sp.csr_array(points)
    split = sp.csr_array(
        (np.repeat(csr.data / 2, 2), np.repeat(csr.indices, 2)[::1], 2 * csr.indptr),
        shape=csr.shape,
    )
    wide = sp.csr_matrix(points)
    wide.indices, wide.indptr = wide.indices.astype(np.int64), wide.indptr.astype(np.int64)
    for name in ("partial_fit", "fit"):
        getattr(dense, name)(points, classes, sample_weight=weights)
        for X in (csr, split, wide, sp.csc_matrix(points), sp.coo_array(points)):
            model = PegasosClassifier(1e-2, half_life, random_state=0)
            getattr(model, name)(X, classes, sample_weight=weights)
            limit = 1e-12 * max(np.abs(dense.coef_).max(), 1.0)
            assert_allclose(model.coef_, dense.coef_, 1e-12, limit)
            assert_allclose(model.intercept_, dense.intercept_, 1e-12, limit)
            assert_allclose(model.decision_function(X), dense.decision_function(points), 1e-9, 1e-9)


def test_a_sparse_chunk_is_not_changed():
    chunk = sp.csr_array(([1.0, 2.0, 3.0], [1, 0, 0], [0, 2, 3]), shape=(2, 2))
    before = chunk.copy()
    PegasosClassifier().partial_fit(chunk, [0, 1])
    assert_array_equal(chunk.indices, before.indices)
    assert_array_equal(chunk.data, before.data)


@pytest.mark.parametrize(
    ("values", "indices", "starts"),
    [
        ([1.0, 2.0], [0, 5], [0, 1, 2]),
        ([1.0, 2.0], [0, -1], [0, 1, 2]),
        ([1.0, 2.0], [0, 1], [0, 1, 9]),
        ([1.0, 2.0], [0, 1], [0, 2, 1]),
        ([1.0, 2.0], [0, 1], [1, 1, 2]),
    ],
)
def test_a_damaged_sparse_chunk_is_refused(values, indices, starts):
    chunk = sp.csr_array(([1.0, 2.0], [0, 1], [0, 1, 2]), shape=(2, 2))
    model = PegasosClassifier().partial_fit(chunk, [0, 1])
    chunk.data = np.array(values)
    chunk.indices, chunk.indptr = (np.array(each, dtype=np.int32) for each in (indices, starts))
    with pytest.raises(ValueError, match="damaged sparse array"):
        model.partial_fit(chunk, [0, 1])
    assert model.n_seen_ == 2


def make_late_fault(name):
    """Rows of which only the 150th, in the third group that is checked at once, has a fault."""
    points = np.random.default_rng(0).normal(size=(200, 3))
    points[np.random.default_rng(1).random(points.shape) < 0.4] = 0.0
    points[149:151] = 1.0
    chunk = sp.csr_array(points)
    chunk.indices, chunk.indptr = (each.astype(np.int32) for each in (chunk.indices, chunk.indptr))
    place = int(chunk.indptr[150])
    if name in FAULTS:
        target, value, _ = FAULTS[name]
        getattr(chunk, target)[place if target != "indptr" else 151] = value
    elif name == "twice":
        chunk.indices[place + 1] = chunk.indices[place]
    elif name == "unsorted":
        chunk.indices[place : place + 2] = [1, 0]
    elif name == "large":
        chunk.data[place : place + 3] = 1e100
    return chunk


FAULTS = {
    "nan": ("data", np.nan, "Row 150 of X holds nan in column 0"),
    "too large": ("data", -2e100, "Row 150 of X holds -2e.100 in column 0"),
    "negative index": ("indices", -1, "damaged sparse array"),
    "outside": ("indices", 3, "damaged sparse array"),
    "starts fall": ("indptr", 0, "damaged sparse array"),
    "starts outside": ("indptr", 10**6, "damaged sparse array"),
}


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("n_classes", [1, 2, 3])
@pytest.mark.parametrize("is_fitted", [False, True])
def test_a_fault_in_a_late_row_leaves_the_model_unchanged(name, n_classes, is_fitted):
    chunk, classes = make_late_fault(name), np.arange(200) % n_classes
    model = PegasosClassifier()
    if is_fitted:
        model.partial_fit(make_late_fault("")[:90], classes[:90])
    before = model.__sklearn_is_fitted__() and model.to_arrays()
    attributes = set(model.__dict__) | {"_parameter_cache"}
    with pytest.raises(ValueError, match=FAULTS[name][2]):
        model.partial_fit(chunk, classes)
    assert set(model.__dict__) <= attributes
    assert model.__sklearn_is_fitted__() == is_fitted
    if is_fitted:
        assert before[0] == model.to_arrays()[0]
        for key, value in before[1].items():
            assert_array_equal(model.to_arrays()[1][key], value)
    # The model still learns what is allowed.
    model.partial_fit(make_late_fault(""), classes)
    assert model.n_seen_ == 200 + 90 * is_fitted


@pytest.mark.parametrize("name", ["", "twice", "unsorted", "large"])
@pytest.mark.parametrize("n_classes", [1, 2, 3])
@pytest.mark.parametrize("n_before", [0, 70])
def test_rows_that_are_checked_on_the_way_are_learned_as_dense_ones(name, n_classes, n_before):
    chunk, classes = make_late_fault(name), np.arange(200) % n_classes
    dense, sparse, single = (PegasosClassifier() for _ in range(3))
    plain = make_late_fault("")[:n_before]
    if n_before:
        for model, X in ((dense, plain.toarray()), (sparse, plain), (single, plain)):
            model.partial_fit(X, classes[:n_before])
    values = chunk.copy()
    values.sum_duplicates()
    dense.partial_fit(values.toarray(), classes)
    sparse.partial_fit(chunk, classes)
    for i in range(200):
        single.partial_fit(values[[i]], classes[i : i + 1])
    for model in (sparse, single):
        assert (model.n_seen_, model.n_mistakes_) == (dense.n_seen_, dense.n_mistakes_)
        assert_allclose(model.coef_, dense.coef_, 1e-12, 1e-12 * np.abs(dense.coef_).max())
    assert_array_equal(sparse.coef_, single.coef_)


def test_a_wider_chunk_grows_the_model_while_it_is_checked():
    chunk, classes = make_late_fault(""), np.arange(200) % 2
    wide, grown = (PegasosClassifier(allow_growth=True) for _ in range(2))
    wide.partial_fit(chunk[:, :2].toarray(), classes).partial_fit(chunk.toarray(), classes)
    grown.partial_fit(sp.csr_array(chunk[:, :2]), classes)
    broken = make_late_fault("nan")
    with pytest.raises(ValueError, match="Row 150"):
        grown.partial_fit(broken, classes)
    assert (grown.n_features_in_, grown.coef_.shape, grown.n_seen_) == (2, (1, 2), 200)
    grown.partial_fit(chunk, classes)
    assert grown.n_features_in_ == 3
    assert_allclose(grown.coef_, wide.coef_, 1e-12)


def test_the_objective_comes_near_to_the_minimum():
    """Many passes lead to the optimum that a solver of the batch problem finds."""
    from sklearn.svm import LinearSVC

    points, classes, _ = rows(3, 800, 4)
    points /= points.std()
    signs = 2.0 * classes - 1.0

    def measure(weights):
        return 5e-3 * weights @ weights + np.maximum(0, 1 - signs * (points @ weights)).mean()

    ours = PegasosClassifier(1e-2, fit_intercept=False, max_iter=50, random_state=0)
    ours.fit(points, classes)
    solver = LinearSVC(loss="hinge", C=1 / 8, fit_intercept=False, max_iter=10**5, random_state=0)
    solver.fit(points, classes)
    assert measure(ours.coef_[0]) < 1.001 * measure(solver.coef_[0])


def test_decisions_stay_when_the_units_change():
    points, classes, _ = rows(1, 200, 3, 4)
    factors, shifts = np.array([0.1, 30.0, 1.0]), np.array([5.0, -1.0, 0.0])
    model = PegasosClassifier(1e-2).partial_fit(points, classes)
    before = model.decision_function(points)
    model.change_units(factors, shifts)
    assert_allclose(model.decision_function(points * factors + shifts), before, 1e-9, 1e-9)
    model.partial_fit(points * factors + shifts, classes)


def test_a_short_half_life_does_not_underflow():
    points, classes, _ = rows(2, 5000, 2)
    model = PegasosClassifier(1e-3, half_life=0.01).partial_fit(points, classes)
    # Only the last row counts: it moved the weights, or all weights have faded.
    assert np.isfinite(model.coef_).all()
    last = points[-1] * (2 * classes[-1] - 1)
    cosine = abs(model.coef_[0] @ last) / (np.linalg.norm(model.coef_) * np.linalg.norm(last))
    assert cosine == pytest.approx(1.0)

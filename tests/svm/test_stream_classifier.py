"""What all classifiers of streams have in common: chunks, classes, weights, growth, refusals."""

from __future__ import annotations

import copy
import itertools
import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.exceptions import NotFittedError, SkipTestWarning
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

import clusterer
from clusterer.base import Classifier
from clusterer.svm import KernelPegasosClassifier, PegasosClassifier
from clusterer.svm.class_table import ClassTable
from clusterer.svm.stream_classifier import BLOCK
from tests.svm.test_pegasos import rows

MODELS = {
    "linear": PegasosClassifier(1e-2),
    "linear, fading": PegasosClassifier(1e-2, half_life=30.0, class_weight="balanced"),
    "kernel": KernelPegasosClassifier(15, 1.0, 1e-2, None),
    "kernel, automatic": KernelPegasosClassifier(8, class_weight="balanced"),
}
models = st.sampled_from(sorted(MODELS)).map(lambda name: clone(MODELS[name]))
each_model = pytest.mark.parametrize("model", list(MODELS.values()), ids=list(MODELS))


def assert_same_state(one, other):
    """Both have learned the same, bit for bit."""
    (header, arrays), (other_header, other_arrays) = one.to_arrays(), other.to_arrays()
    assert header == other_header
    assert arrays.keys() == other_arrays.keys()
    for name in arrays:
        assert_array_equal(arrays[name], other_arrays[name])


@pytest.mark.parametrize(
    "model",
    [
        PegasosClassifier(),
        PegasosClassifier(1e-2, average=False),
        KernelPegasosClassifier(),
        KernelPegasosClassifier(20, 2.0, half_life=None, maintenance="remove"),
    ],
)
def test_every_check_of_scikit_learn_passes(model):
    with warnings.catch_warnings():
        # The check of the array API needs an environment variable of SciPy.
        warnings.simplefilter("ignore", SkipTestWarning)
        check_estimator(model)


def find_reached(model, points, classes):
    """Whether the decision about a row, before it is learned, is no denormal number."""
    learning, is_reached = clone(model), np.ones(len(points), dtype=bool)
    for i in np.flatnonzero(classes >= 0):
        row = slice(i, i + 1)
        if hasattr(learning, "n_features_in_") and len(learning.classes_) > 1:
            is_reached[i] = np.abs(learning.decision_function(points[row])).max() > 1e-300
        learning.partial_fit(points[row], classes[row])
    return is_reached


@given(models, st.integers(0, 10**6), st.integers(2, 4), st.lists(st.integers(0, 60), max_size=6))
def test_rows_are_tested_before_they_are_learned(model, seed, n_classes, cuts):
    points, classes, _ = rows(seed, 60, 3, n_classes)
    classes = np.where(np.arange(60) % 7 == 3, -1, classes)
    edges = sorted({0, *cuts, 60})
    predicted = np.concatenate(
        [
            model.test_then_learn(points[begin:end], classes[begin:end])
            for begin, end in itertools.pairwise(edges)
        ]
    )
    is_known = classes >= 0
    assert_same_state(model, clone(model).partial_fit(points[is_known], classes[is_known]))
    assert (predicted[~is_known] == -1).all()
    assert (predicted != classes).sum() == model.n_mistakes_
    if getattr(model, "sigma", 1.0) == "auto":
        return
    # The last function predicts, so without an average and an automatic width `predict` gives the
    # same.
    plain = clone(model).set_params(average=False)
    one_by_one = Classifier.test_then_learn(clone(plain), points, classes)
    at_once = clone(plain).test_then_learn(points, classes)
    # Beyond the reach of all kernels, digits are lost, and with them the decision.
    is_reached = find_reached(plain, points, classes)
    assert_array_equal(one_by_one[is_reached], at_once[is_reached])


@given(models, st.integers(0, 10**6), st.integers(2, 5), st.lists(st.integers(0, 60), max_size=6))
def test_chunks_do_not_change_a_bit(model, seed, n_classes, cuts):
    points, classes, _ = rows(seed, 60, 3, n_classes)
    # The classes come one after the other at first.
    names = np.array(["e", "b", "a", "d", "c"])[classes]
    whole = clone(model).partial_fit(points, names)
    edges = sorted({0, *cuts, len(points)})
    parts = clone(model)
    for begin, end in itertools.pairwise(edges):
        parts.partial_fit(points[begin:end], names[begin:end])
    assert_same_state(parts, whole)
    single = clone(model)
    for point, name in zip(points, classes, strict=True):
        single.partial_fit(point[None], np.array([name]))
    assert_array_equal(single.to_arrays()[1]["scalars"], whole.to_arrays()[1]["scalars"])


@each_model
def test_a_chunk_longer_than_a_block_is_learned_like_short_ones(model):
    points, classes, _ = rows(0, BLOCK + 100, 2, 3)
    whole = clone(model).partial_fit(points, classes)
    parts = clone(model)
    for part in np.array_split(np.arange(len(points)), 7):
        parts.partial_fit(points[part], classes[part])
    assert_same_state(parts, whole)


@given(models, st.integers(0, 10**6), st.integers(2, 4))
def test_names_of_classes_change_nothing(model, seed, n_classes):
    points, classes, _ = rows(seed, 50, 2, n_classes)
    numbers = clone(model).partial_fit(points, classes)
    for names in (np.array(["z", "yy", "x", "w"]), np.array([-1, 7, 2**40, 3]) * 1.0):
        named = clone(model).partial_fit(points, names[classes])
        assert_array_equal(named.predict(points), names[numbers.predict(points)])
        assert named.n_mistakes_ == numbers.n_mistakes_
        assert_array_equal(named.classes_, np.unique(names[classes]))


@each_model
def test_true_and_false_are_classes(model):
    points, classes, _ = rows(0, 80, 2)
    found = model.partial_fit(points, classes == 1).predict(points)
    assert found.dtype == bool
    assert_array_equal(found, clone(model).partial_fit(points, classes).predict(points) == 1)


@each_model
def test_mistakes_are_those_of_testing_then_training(model):
    points, classes, _ = rows(4, 200, 2, 3)
    model = clone(model)
    if hasattr(model, "average"):
        model.set_params(average=False)
    n_wrong = 1
    model.partial_fit(points[:1], classes[:1])
    for point, name in zip(points[1:], classes[1:], strict=True):
        n_wrong += model.predict([point])[0] != name
        model.partial_fit([point], [name])
    assert (model.n_seen_, model.n_mistakes_) == (200, n_wrong)


@each_model
def test_one_class_is_predicted_and_decided_by_0(model):
    model = clone(model).partial_fit([[1.0], [2.0]], ["a", "a"])
    assert model.predict([[5.0]]).tolist() == ["a"]
    assert model.decision_function([[5.0]]).tolist() == [0.0]
    assert (model.n_seen_, model.n_mistakes_) == (2, 1)


@pytest.mark.parametrize("least", [-(2**63), -5, 2**63 - 60])
def test_whole_numbers_find_their_columns_at_the_limits_of_their_type(least):
    """The columns are looked up by differences, which wrap around."""
    names = least + np.arange(0, 60, 3, dtype=np.int64)
    table = ClassTable(names[::-1].tolist())
    others = np.array([-(2**63), 2**63 - 1, 0, 10**9])
    probes = np.concatenate([least + np.arange(60), others])
    known = {name: column for column, name in enumerate(names[::-1].tolist())}
    found = table.encode(probes)
    assert found.tolist() == [known.get(name, -1) for name in probes.tolist()]


@each_model
def test_declared_classes_are_the_only_ones(model):
    model = clone(model).partial_fit([[1.0], [2.0]], [0, 1], classes=[0, 1, 2])
    assert model.decision_function([[1.0]]).shape == (1, 3)
    before = copy.deepcopy(model)
    with pytest.raises(ValueError, match=r"Row 1 has the class '7'.*0, 1, 2"):
        model.partial_fit([[1.0], [2.0]], [0, 7])
    with pytest.raises(ValueError, match=r"classes are .* but the model knows"):
        model.partial_fit([[1.0]], [0], classes=[0, 1])
    with pytest.raises(ValueError, match="Row 0 has the class"):
        clone(model).partial_fit([[1.0]], [5], classes=[0, 1])
    assert_same_state(model, before)


@settings(max_examples=30)
@given(models, st.integers(0, 10**6))
def test_rows_without_weight_change_nothing(model, seed):
    points, classes, _ = rows(seed, 40, 2, 3)
    kept = np.random.default_rng(seed).random(40) < 0.5
    kept[:3] = True
    weighted = clone(model).partial_fit(points, classes, sample_weight=kept * 2.0)
    alone = clone(model).partial_fit(points[kept], classes[kept], sample_weight=[2.0] * kept.sum())
    assert_same_state(weighted, alone)
    before = copy.deepcopy(weighted)
    weighted.partial_fit(points, classes + 90, sample_weight=np.zeros(40))
    assert_same_state(weighted, before)


@given(models, st.integers(0, 10**6))
def test_fit_takes_a_weight_as_repetitions_and_any_order_of_rows(model, seed):
    points, classes, _ = rows(seed, 30, 2, 3)
    model = clone(model).set_params(random_state=3)
    counts = np.random.default_rng(seed).integers(0, 4, size=30)
    counts[:3] = 1
    order = np.random.default_rng(seed + 1).permutation(counts.sum())
    repeated = np.repeat(np.arange(30), counts)[order]
    once = clone(model).fit(points[repeated], classes[repeated])
    weighted = clone(model).fit(points, classes, sample_weight=counts)
    assert_allclose(once.decision_function(points), weighted.decision_function(points), 1e-9)


@each_model
def test_without_shuffling_fit_learns_in_the_given_order(model):
    points, classes, _ = rows(5, 50, 2)
    model = clone(model).set_params(shuffle=False, max_iter=1, class_weight=None)
    stream = clone(model).partial_fit(points, classes, classes=[0, 1])
    fitted = clone(model).fit(points, classes)
    assert_array_equal(fitted.decision_function(points), stream.decision_function(points))


def test_class_weights_multiply_the_weights_of_rows():
    points, classes, weights = rows(6, 60, 2, 3)
    by_class = {0: 0.5, 2: 3.0}
    factors = np.array([0.5, 1.0, 3.0])[classes]
    for model in map(clone, MODELS.values()):
        model.set_params(class_weight=None)
        plain = clone(model).partial_fit(points, classes, sample_weight=weights * factors)
        weighted = clone(model).set_params(class_weight=by_class)
        weighted.partial_fit(points, classes, sample_weight=weights)
        assert_array_equal(weighted.decision_function(points), plain.decision_function(points))


@each_model
def test_features_may_grow(model):
    points, classes, _ = rows(7, 60, 3)
    model = clone(model).set_params(allow_growth=True)
    wide = clone(model).partial_fit(np.c_[points[:30, :2], np.zeros(30)], classes[:30])
    wide.partial_fit(points[30:], classes[30:])
    grown = clone(model).partial_fit(points[:30, :2], classes[:30])
    grown.partial_fit(points[30:], classes[30:])
    assert_allclose(grown.decision_function(points), wide.decision_function(points), 1e-9)
    named = clone(model).partial_fit(pd.DataFrame({"a": [1.0, 2.0]}), [0, 1])
    named.partial_fit(pd.DataFrame({"b": [1.0, 2.0], "a": [0.0, 1.0]}), [0, 1])
    assert named.feature_names_in_.tolist() == ["a", "b"]
    with pytest.raises(ValueError, match="features"):
        clone(model).set_params(allow_growth=False).partial_fit(points, classes).partial_fit(
            points[:, :2], classes
        )


REFUSED_ROWS = {
    "nan": ([[0.0, 0.0], [np.nan, 1.0]], "Row 1 of X holds nan in column 0"),
    "infinity": ([[0.0, -np.inf], [0.0, 0.0]], "Row 0 of X holds -inf in column 1"),
    "too large": ([[0.0, 0.0], [0.0, 1e101]], "Row 1 of X holds 1e.101 in column 1"),
    "text": ([["a", "b"], ["1", "2"]], "text"),
    "wide": (np.ones((2, 3)), "3 features"),
    "empty": (np.empty((0, 2)), "0 sample"),
    "one row": ([1.0, 2.0], "2D array"),
    "complex": (np.array([[1j, 0.0], [0.0, 0.0]]), "[Cc]omplex"),
}
REFUSED_CLASSES = {
    "none": (None, "requires y"),
    "nan": ([0.0, np.nan], "row 1"),
    "continuous": ([0.5, 1.0], r"continuous.*0\.5 in row 0"),
    "other length": ([0, 1, 1], "inconsistent|2 rows.*3 classes"),
    "matrix": ([[0, 1], [1, 0]], "1d array"),
    "text": (["a", "b"], "text.*numbers"),
    "mixed": ([0, "b"], "Unknown label type"),
    "objects": (np.array([0, None], dtype=object), "Unknown label type"),
    "dates": (np.array(["2020-01-01", "2020-01-02"], dtype="M8[D]"), "Unknown label type"),
}
REFUSED_WEIGHTS = {
    "negative": ([1.0, -1.0], r"holds -1 in row 1; allowed are weights from 0 to 1e\+15"),
    "nan": ([np.nan, 1.0], "holds nan in row 0"),
    "infinite": ([1.0, np.inf], "holds inf in row 1"),
    "too large": ([1.0, 1e16], r"row 1; allowed are weights from 0 to 1e\+15"),
    "matrix": ([[1.0], [1.0]], "shape"),
    "other length": ([1.0], "sample_weight"),
}


@each_model
class TestRefused:
    """Bad input raises ValueError in words, and the model stays as it is, bit for bit."""

    def check(self, model, message, *arguments, **options):
        model = clone(model).partial_fit(rows(0, 30, 2)[0], rows(0, 30, 2)[1])
        before = copy.deepcopy(model)
        for name in ("partial_fit", "fit"):
            with pytest.raises(ValueError, match=message):
                getattr(model, name)(*arguments, **options)
            assert_same_state(model, before)
            assert model.__dict__.keys() == before.__dict__.keys()
        unfitted = clone(model)
        return unfitted

    @pytest.mark.parametrize("name", sorted(set(REFUSED_ROWS) - {"wide"}))
    def test_rows(self, model, name):
        chunk, message = REFUSED_ROWS[name]
        unfitted = self.check(model, message, chunk, [0, 1][: len(chunk)])
        with pytest.raises(ValueError, match=message):
            unfitted.partial_fit(chunk, [0, 1][: len(chunk)])
        assert unfitted.__dict__.keys() == clone(model).__dict__.keys() | {"_parameter_cache"} or (
            unfitted.__dict__ == clone(model).__dict__
        )

    def test_other_features(self, model):
        model = clone(model).partial_fit(np.ones((2, 2)), [0, 1])
        before = copy.deepcopy(model)
        for call in (lambda X: model.partial_fit(X, [0, 1]), model.predict):
            with pytest.raises(ValueError, match=r"3 features.*2 features"):
                call(np.ones((2, 3)))
        assert_same_state(model, before)

    @pytest.mark.parametrize("name", sorted(set(REFUSED_CLASSES) - {"text"}))
    def test_classes(self, model, name):
        y, message = REFUSED_CLASSES[name]
        self.check(model, message, np.ones((2, 2)), y)

    def test_text_after_numbers(self, model):
        model = clone(model).partial_fit(np.ones((2, 2)), [0, 1])
        with pytest.raises(ValueError, match=r"text.*numbers: 0, 1"):
            model.partial_fit(np.ones((2, 2)), ["a", "b"])
        assert model.n_seen_ == 2

    @pytest.mark.parametrize("name", REFUSED_WEIGHTS)
    def test_weights(self, model, name):
        weights, message = REFUSED_WEIGHTS[name]
        self.check(model, message, np.ones((2, 2)), [0, 1], sample_weight=weights)

    @pytest.mark.parametrize(
        ("name", "values"),
        [
            ("alpha", [0, -1.0, np.nan, np.inf, "small", None, True, 1e-300]),
            ("half_life", [0, -1.0, np.nan, np.inf, "long", True]),
            ("class_weight", ["heavy", [1.0], {0: -1.0}, {0: np.nan}, {0: "1"}, 3]),
            ("max_iter", [0, 1.5, True, "5", None, 10**9]),
        ],
    )
    def test_parameters(self, model, name, values):
        for value in values:
            changed = clone(model).partial_fit(rows(0, 30, 2)[0], rows(0, 30, 2)[1])
            before = copy.deepcopy(changed)
            changed.set_params(**{name: value})
            with pytest.raises(ValueError, match=name):
                changed.partial_fit(np.ones((2, 2)), [0, 1])
            with pytest.raises(ValueError, match=name):
                changed.change_parameters(**{name: value})
            changed.set_params(**{name: getattr(model, name)})
            assert_same_state(changed, before)


@each_model
def test_any_kind_of_array_is_accepted(model):
    points, classes, _ = rows(8, 40, 2)
    points = points.astype(np.float32).astype(np.float64)
    expected = clone(model).partial_fit(points, classes)
    frozen, frozen_classes = points.copy(), classes.copy()
    frozen.flags.writeable = frozen_classes.flags.writeable = False
    for X, y in (
        (points.astype(np.float32), classes.astype(np.int8)),
        (np.asfortranarray(points), classes.astype(float)),
        (np.repeat(points, 2, axis=0)[::2], np.repeat(classes, 2)[::2]),
        (frozen, frozen_classes),
        (points.tolist(), classes.tolist()),
    ):
        assert_same_state(clone(model).partial_fit(X, y), expected)
    table = pd.DataFrame(points, columns=["a", "b"])
    named = clone(model).partial_fit(table, pd.Series(classes))
    assert_array_equal(named.decision_function(table), expected.decision_function(points))


@each_model
def test_it_works_in_scikit_learns_tools(model):
    points, classes, _ = rows(9, 120, 2, 3)
    model = clone(model).set_params(random_state=0)
    pipeline = make_pipeline(StandardScaler(), clone(model)).fit(points, classes)
    assert pipeline.score(points, classes) > 0.6
    search = GridSearchCV(clone(model), {"alpha": [1e-3, 1e-1]}, cv=2).fit(points, classes)
    assert search.best_params_["alpha"] in (1e-3, 1e-1)
    assert OneVsRestClassifier(clone(model)).fit(points, classes).score(points, classes) > 0.5
    calibrated = CalibratedClassifierCV(clone(model), cv=2).fit(points, classes)
    assert_allclose(calibrated.predict_proba(points).sum(axis=1), 1.0)


@given(models, st.integers(0, 10**6), st.integers(1, 60))
def test_a_saved_model_continues_bit_for_bit(model, seed, moment):
    points, classes, weights = rows(seed, 90, 2, 3)
    names = np.array(["ü", "a,b", "c"])[classes]
    model = clone(model).set_params(class_weight={"ü": 2.0})
    model.partial_fit(points[:moment], names[:moment], sample_weight=weights[:moment])
    twin = type(model).from_arrays(*model.to_arrays())
    for each in (model, twin):
        each.partial_fit(points[moment:], names[moment:])
    assert_same_state(twin, model)
    assert_array_equal(twin.predict(points), model.predict(points))


@each_model
def test_a_file_is_loaded_as_the_same_kind_of_model(model, tmp_path):
    points, classes, _ = rows(10, 60, 2)
    for y in (classes, classes * 1.0, classes == 1, np.array(["no", "yes"])[classes]):
        table = pd.DataFrame(points, columns=["x", "y"])
        learned = clone(model).fit(table, y)
        learned.save(tmp_path / "model.npz")
        loaded = clusterer.load(tmp_path / "model.npz")
        assert type(loaded) is type(model)
        assert_array_equal(loaded.predict(table), learned.predict(table))
        assert loaded.predict(table).dtype == learned.predict(table).dtype
        assert_same_state(loaded, learned)
        assert loaded.n_iter_ == learned.n_iter_


@each_model
def test_copies_and_pickles_continue_alike(model):
    points, classes, _ = rows(11, 80, 2)
    model = clone(model).partial_fit(points[:40], classes[:40])
    twins = [model.copy(), copy.deepcopy(model), pickle.loads(pickle.dumps(model))]
    model.partial_fit(points[40:], classes[40:])
    for twin in twins:
        assert_same_state(twin.partial_fit(points[40:], classes[40:]), model)


@each_model
def test_unknown_classes_of_a_stream_are_dropped(model):
    points, classes, _ = rows(12, 40, 2)
    known = np.random.default_rng(0).random(40) < 0.6
    streamed = clone(model).learn_chunk(points, np.where(known, classes, -1))
    assert_same_state(streamed, clone(model).partial_fit(points[known], classes[known]))
    nothing = clone(model).learn_chunk(points, np.full(40, -1))
    assert nothing.predict(points).tolist() == [-1] * 40
    with pytest.raises(ValueError, match="the stream has none"):
        clone(model).learn_chunk(points)


@each_model
def test_an_unfitted_model_says_so(model):
    for call in (clone(model).predict, clone(model).decision_function):
        with pytest.raises(NotFittedError):
            call([[1.0]])
    with pytest.raises(NotFittedError):
        clone(model).to_arrays()


def test_only_the_linear_classifier_takes_sparse_rows():
    chunk = sp.csr_array(np.eye(2))
    for model in map(clone, MODELS.values()):
        if type(model) is PegasosClassifier:
            assert model.partial_fit(chunk, [0, 1]).n_seen_ == 2
        else:
            with pytest.raises(TypeError, match=r"[Ss]parse"):
                model.partial_fit(chunk, [0, 1])


@each_model
def test_units_in_which_numbers_overflow_are_refused(model):
    points, classes, _ = rows(3, 60, 2)
    model = clone(model).partial_fit(points, classes)
    before = copy.deepcopy(model)
    huge, tiny = 1e300, 1e-300
    factors, shifts = {
        PegasosClassifier: ([tiny, tiny], [0.0, 0.0]),
        KernelPegasosClassifier: ([huge, 1.0], [0.0, 0.0]),
    }[type(model)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match=r"too large.*The model is unchanged"):
            model.change_units(factors, shifts)
    assert_same_state(model, before)
    model.change_units([1.0, 1.0], [1.0, 1.0])
    assert_allclose(model.decision_function(points + 1), before.decision_function(points), 1e-9)


@each_model
def test_the_largest_values_can_be_learned_saved_and_decided(model, tmp_path):
    points, classes, _ = rows(4, 60, 2)
    points *= 1e100 / np.abs(points).max()
    model = clone(model).set_params(alpha=1e-12)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for chunk in (points, points * 1e-100, points):
            model.partial_fit(chunk, classes)
        model.save(tmp_path / "model")
        found = clusterer.load(tmp_path / "model").decision_function(points)
    assert np.isfinite(found).all()
    assert_array_equal(found, model.decision_function(points))


def test_a_short_half_life_and_distant_rows_give_no_negative_spread(tmp_path):
    model = KernelPegasosClassifier(5, half_life=1e-3)
    model.partial_fit([[1e100], [1.0], [-1e90], [3.0], [7e99], [0.1]], [0, 1, 0, 1, 0, 1])
    model.save(tmp_path / "model")
    assert_same_state(clusterer.load(tmp_path / "model"), model)

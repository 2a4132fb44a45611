"""River's classifiers: River's conventions, and the same results as the estimators."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from river import checks, metrics, preprocessing
from river.datasets import synth

from clusterer import svm
from clusterer.river import KernelPegasosClassifier, PegasosClassifier
from tests.svm.test_pegasos import rows

MODELS = {
    "linear": (PegasosClassifier, svm.PegasosClassifier, {"alpha": 1e-2}),
    "kernel": (KernelPegasosClassifier, svm.KernelPegasosClassifier, {"budget": 9, "sigma": 1.0}),
    "automatic": (KernelPegasosClassifier, svm.KernelPegasosClassifier, {}),
}
each_model = pytest.mark.parametrize(
    ("ours", "estimator", "parameters"), list(MODELS.values()), ids=list(MODELS)
)


def as_dicts(points):
    names = "abcdefgh"[: points.shape[1]]
    return [dict(zip(names, point, strict=True)) for point in points.tolist()]


def list_checks():
    return [
        pytest.param(model, check, id=f"{name}-{check.__name__}")
        for name, model in (("linear", PegasosClassifier()), ("kernel", KernelPegasosClassifier(9)))
        for check in checks.yield_checks(model)
    ]


@pytest.mark.parametrize(("model", "check"), list_checks())
def test_river_check_passes(model, check):
    check(model.clone())


def test_rivers_checks_are_many():
    assert len(list_checks()) > 40


@each_model
def test_points_are_learned_as_by_the_estimator(ours, estimator, parameters):
    points, classes, _ = rows(0, 120, 3, 3)
    names = np.array(["x", "y", "z"])[classes]
    model, core = ours(**parameters), estimator(**parameters).partial_fit(points, names)
    n_wrong = 0
    for x, y in zip(as_dicts(points), names.tolist(), strict=True):
        n_wrong += model.predict_one(x) != y
        model.learn_one(x, y)
    assert [model.predict_one(x) for x in as_dicts(points)] == core.predict(points).tolist()
    assert (model.n_seen_, model.n_mistakes_) == (120, core.n_mistakes_)


@each_model
def test_missing_and_new_features_count_as_zero(ours, estimator, parameters):
    model = ours(**parameters)
    assert model.predict_one({"a": 1}) is None
    stream = [({"b": 1.0}, 0), ({"a": 2, "c": True}, 1), ({}, 1), ({"b": -1.0, "c": 0.5}, 0)]
    for x, y in stream:
        model.learn_one(x, y)
    assert model.feature_names == ["b", "a", "c"]
    table = np.array([[1.0, 0, 0], [0, 2, 1], [0, 0, 0], [-1, 0, 0.5]])
    core = estimator(**parameters).partial_fit(table, [0, 1, 1, 0])
    assert [model.predict_one(x) for x, _ in stream] == core.predict(table).tolist()
    assert model.predict_one({"b": 1.0, "unknown": 1e9}) == model.predict_one({"b": 1.0})


@each_model
@pytest.mark.parametrize("value", [np.nan, np.inf, "1", None, 1j, 1e101], ids=repr)
def test_a_bad_value_is_refused_and_nothing_changes(ours, estimator, parameters, value):
    model = ours(**parameters)
    for x, y in [({"a": 1.0}, 0), ({"a": -1.0}, 1)]:
        model.learn_one(x, y)
    before = pickle.dumps(model.estimator.to_arrays())
    for name in ("a", "new"):
        with pytest.raises(ValueError, match=rf"feature '{name}' is .*unchanged"):
            model.learn_one({name: value}, 0)
    with pytest.raises(ValueError, match="Unknown label type"):
        model.learn_one({"a": 1.0, "other": 1.0}, 0.5)
    assert pickle.dumps(model.estimator.to_arrays()) == before
    assert model.feature_names == ["a"]


@each_model
def test_parameters_and_copies(ours, estimator, parameters):
    points, classes, _ = rows(1, 100, 2)
    model = ours(**parameters)
    for i, (x, y) in enumerate(zip(as_dicts(points), classes.tolist(), strict=True)):
        if i == 50:
            model.alpha = 0.1
            twin = copy.deepcopy(model)
        for each in [model] if i < 50 else [model, twin]:
            each.learn_one(x, y, w=2.0)
    core = estimator(**parameters).partial_fit(points[:50], classes[:50], sample_weight=[2.0] * 50)
    core.set_params(alpha=0.1)
    core.partial_fit(points[50:], classes[50:], sample_weight=[2.0] * 50)
    for each in (model, twin):
        found = [each.predict_one(x) for x in as_dicts(points)]
        assert_array_equal(found, core.predict(points))


def test_it_works_in_a_pipeline_with_a_running_metric():
    model = preprocessing.StandardScaler() | KernelPegasosClassifier(budget=30)
    accuracy = metrics.Accuracy()
    for x, y in synth.RandomRBF(seed_model=7, seed_sample=1, n_classes=3).take(1500):
        accuracy.update(y, model.predict_one(x))
        model.learn_one(x, y)
    assert accuracy.get() > 0.6

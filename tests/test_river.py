"""The River adapter: River's conventions, and the same results as the estimator."""

from __future__ import annotations

import copy
import inspect
import pickle
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from river import evaluate, metrics, preprocessing
from river.checks import common, yield_checks

from clusterer import OnlineClusterer
from clusterer.river import OnlineClusterer as RiverClusterer
from tests.cluster.test_properties import assert_identical, blobs
from tests.support.streams import RULES, clouds, lattices

ROOT = Path(__file__).resolve().parents[1]
# River's checks that need a dataset; River has no dataset for clusterers.
ON_DATA = [
    check
    for name, check in vars(common).items()
    if name.startswith("check_")
    and list(inspect.signature(check).parameters)[1:] == ["dataset"]
    # River runs this check only for models with the method, which clusterers do not have.
    and name != "check_debug_one"
]


def as_dicts(points: np.ndarray) -> list[dict[str, float]]:
    names = "abcdefgh"[: points.shape[1]]
    return [dict(zip(names, point, strict=True)) for point in points.tolist()]


def dataset() -> list[tuple[dict[str, float], None]]:
    rng = np.random.default_rng(0)
    points = rng.normal(size=(120, 8)) + 9.0 * rng.integers(3, size=(120, 1))
    return [(x, None) for x in as_dicts(points)]


def checks() -> list:
    found = list(yield_checks(RiverClusterer()))
    assert len(found) >= 10
    return found


@pytest.mark.parametrize("check", checks(), ids=lambda check: check.__name__)
def test_river_check_passes(check):
    check(RiverClusterer())


@pytest.mark.parametrize("check", ON_DATA, ids=lambda check: check.__name__)
@pytest.mark.parametrize("half_life", [None, 40.0])
def test_river_check_on_data_passes(check, half_life):
    check(RiverClusterer(n_prototypes=10, half_life=half_life), dataset())


def test_all_checks_on_data_are_run():
    names = {check.__name__ for check in ON_DATA}
    assert names >= {"check_learn_one", "check_emerging_features", "check_pickling"}


@given(st.data(), st.sampled_from((1, 2, 5)), st.integers(1, 12), st.sampled_from(RULES))
def test_points_are_learned_as_by_the_estimator(data, n_features, n_prototypes, merge):
    points = data.draw(clouds(n_features) | lattices(n_features))
    model, core = RiverClusterer(n_prototypes, merge=merge), OnlineClusterer(n_prototypes)
    for x in as_dicts(points):
        model.learn_one(x)
    core.set_params(merge=merge).partial_fit(points)
    assert_identical(model.snapshot(), core.snapshot())
    found = [model.predict_one(x) for x in as_dicts(points)]
    assert found == core.predict(points).tolist()


@given(st.lists(st.dictionaries(st.sampled_from("abcd"), st.integers(-3, 3)), min_size=1))
def test_missing_and_new_features_count_as_zero(dicts):
    model, core = RiverClusterer(4), OnlineClusterer(4)
    for x in dicts:
        model.learn_one(x)
    names = model.feature_names
    points = np.array([[x.get(name, 0.0) for name in names or "a"] for x in dicts], dtype=float)
    core.partial_fit(points)
    assert_identical(model.snapshot(), core.snapshot())
    assert set(names) == set().union(*dicts)
    found = [model.predict_one(x) for x in dicts]
    assert found == core.predict(points).tolist()


def test_columns_follow_first_appearance():
    model = RiverClusterer()
    for x in ({"z": 1, "b": 2}, {"a": 1}, {}, {3: 1, "c": 2, ("d", 1): 3}):
        model.learn_one(x)
    assert model.feature_names == ["b", "z", "a", ("d", 1), 3, "c"]
    assert model.prototypes_.shape == (4, 6)


def test_unknown_features_do_not_matter_to_predictions():
    model = RiverClusterer()
    for x in as_dicts(blobs(0)):
        model.learn_one(x)
    assert model.predict_one({"a": 24.0, "b": -12.0, "new": 1e9}) == model.predict_one(
        {"a": 24.0, "b": -12.0}
    )
    assert model.feature_names == ["a", "b"]


@pytest.mark.parametrize(
    "value", [np.nan, np.inf, "1", "text", None, 1j, [1.0], 10**400, 1e300], ids=repr
)
@pytest.mark.parametrize("name", ["b", "new"])
def test_point_is_refused_and_nothing_changes(value, name):
    model = RiverClusterer(3)
    with pytest.raises(ValueError, match=r"'b' is nan"):
        model.learn_one({"a": 1.0, "b": np.nan})
    assert model.predict_one({"a": 1.0}) == -1
    for x in as_dicts(blobs(0, 30)):
        model.learn_one(x)
    before = pickle.dumps(model.snapshot())
    message = "too far" if value == 1e300 else f"'{name}' is .*unchanged"
    with pytest.raises(ValueError, match=message):
        model.learn_one({"a": 1.0, name: value})
    assert pickle.dumps(model.snapshot()) == before
    assert model.feature_names == ["a", "b"]
    if name == "b":
        with pytest.raises(ValueError, match=message):
            model.predict_one({"a": 1.0, name: value})
    model.learn_one({"a": 1.0, name: 2.0})


def test_any_type_of_number_is_accepted():
    model = RiverClusterer(3)
    model.learn_one({"a": np.float32(1), "b": True, "c": Fraction(1, 2), "d": np.int8(3)})
    assert_array_equal(model.prototypes_, [[1.0, 1.0, 0.5, 3.0]])


def test_parameters_may_change_in_mid_stream():
    points = blobs(1, 200)
    model, core = RiverClusterer(), OnlineClusterer()
    for step, x in enumerate(as_dicts(points)):
        if step == 100:
            for each in (model, core):
                each.n_prototypes, each.half_life, each.merge = 6, 50.0, "ward"
        model.learn_one(x)
        core.partial_fit(points[step : step + 1])
    model.join = core.join = False
    assert_identical(model.snapshot(), core.snapshot())
    model.sigma = -1
    with pytest.raises(ValueError, match="sigma"):
        model.learn_one({"a": 1.0})


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies_continue_alike_and_independently(copied):
    dicts = as_dicts(blobs(2))
    model = RiverClusterer()
    for x in dicts[:150]:
        model.learn_one(x)
    twin, before = copied(model), model.snapshot()
    for x in dicts[150:]:
        twin.learn_one(x)
    assert_identical(model.snapshot(), before)
    for x in dicts[150:]:
        model.learn_one(x)
    assert_identical(twin.snapshot(), model.snapshot())


def test_it_works_in_a_pipeline_with_a_running_metric():
    rng = np.random.default_rng(2)
    classes = rng.integers(3, size=1000)
    points = rng.normal(size=(1000, 2)) + 12.0 * classes[:, None] * [1.0, -0.5]
    model = preprocessing.StandardScaler() | RiverClusterer()
    rand = metrics.AdjustedRand()
    for x, y in zip(as_dicts(points), classes.tolist(), strict=True):
        model.learn_one(x)
        rand.update(y, model.predict_one(x))
    # If refilled slots changed the numbers of clusters, the score would be about 0.5.
    assert rand.get() > 0.7


def test_without_river_the_error_names_the_package_to_install():
    code = """
import sys
sys.modules["river"] = None
import clusterer
try:
    import clusterer.river
except ImportError as error:
    assert "clusterer[river]" in str(error)
else:
    raise AssertionError("no error")
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def learn_blobs(model: RiverClusterer, n: int = 600) -> None:
    for x in as_dicts(blobs(0, n)):
        model.learn_one(x)


def test_centers_are_named_by_cluster_and_feature():
    model = RiverClusterer()
    assert (model.n_clusters, model.centers) == (0, {})
    learn_blobs(model)
    assert model.n_clusters == 3 == len(model.centers)
    for number, center in model.centers.items():
        assert model.predict_one(center) == number
        assert list(center) == ["a", "b"]


def test_rivers_silhouette_works():
    model, silhouette = RiverClusterer(), metrics.Silhouette()
    dataset = [(x, None) for x in as_dicts(blobs(1, 400))]
    found = evaluate.progressive_val_score(dataset, model, silhouette)
    assert 0.0 < found.get() < 0.3


def test_many_rows_are_learned_as_one_after_the_other():
    rng = np.random.default_rng(0)
    tables = [
        pd.DataFrame(blobs(seed), columns=names, index=rng.permutation(300))
        for seed, names in enumerate((["b", "a"], ["c", "a"], ["a", "b"]))
    ]
    many, one = RiverClusterer(20), RiverClusterer(20)
    assert many.predict_many(tables[0]).tolist() == [-1] * 300
    for table in tables:
        many.learn_many(table)
        for x in table.to_dict("records"):
            one.learn_one(x)
    assert many.feature_names == one.feature_names
    assert_identical(many.snapshot(), one.snapshot())
    found = many.predict_many(tables[1])
    assert found.tolist() == [one.predict_one(x) for x in tables[1].to_dict("records")]
    assert list(found.index) == list(tables[1].index)


@pytest.mark.parametrize(
    ("column", "message"), [([1.0, np.nan], "Row 1"), (["a", "b"], "'new' holds text")]
)
def test_a_table_is_refused_and_nothing_changes(column, message):
    model = RiverClusterer(5)
    learn_blobs(model, 50)
    before = pickle.dumps(model.snapshot())
    with pytest.raises(ValueError, match=message):
        model.learn_many(pd.DataFrame({"a": [1.0, 2.0], "new": column}))
    assert pickle.dumps(model.snapshot()) == before
    assert model.feature_names == ["a", "b"]
    model.learn_one({"a": 1.0, "new": 2.0})


# The automatic rule depends on the number of features, and so on the words known so far.
@pytest.mark.parametrize("merge", ["log-min", "ward"])
def test_a_growing_vocabulary_is_learned_as_zeros_from_the_start(merge):
    rng = np.random.default_rng(1)
    drawn = [rng.zipf(1.5, 12) % 900 for _ in range(400)]
    texts = [{f"w{i}": float((words == i).sum()) for i in words.tolist()} for words in drawn]
    river, model = RiverClusterer(30, merge=merge), OnlineClusterer(30, merge=merge)
    for x in texts:
        river.learn_one(x)
        river.predict_one(x)
    names = river.feature_names
    points = np.array([[x.get(name, 0.0) for name in names] for x in texts])
    model.fit(points)
    for name in ("prototypes_", "weights_", "scatters_", "links_", "ids_"):
        assert_array_equal(getattr(river, name), getattr(model, name))
    # A point is written and erased by its own words only.
    written = len(river._written)
    assert written == len(texts[-1]) < len(names) / 4
    assert np.count_nonzero(river._row) == written

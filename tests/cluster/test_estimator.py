"""The estimator: scikit-learn's conventions, tables, and parameters that change."""

from __future__ import annotations

import copy
import pickle
import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.exceptions import NotFittedError, SkipTestWarning
from sklearn.metrics import adjusted_rand_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from clusterer import OnlineClusterer
from tests.cluster.test_properties import assert_identical, blobs
from tests.support.streams import clouds, lattices

# As for scikit-learn's own MiniBatchKMeans: in a stream the order of the points matters, and this
# check shuffles them.
EXPECTED = {
    f"check_sample_weight_equivalence_on_{kind}_data": "a weighted point is one step, not several"
    for kind in ("dense", "sparse")
} | {
    # It reads the tags of classifiers, which no clusterer has.
    f"check_estimator_sparse_{kind}": "the check takes every predict_proba for a classifier's"
    for kind in ("array", "matrix")
}


def whole_state(model: OnlineClusterer) -> dict[str, Any]:
    """Return everything that a model holds, as plain values."""
    state = copy.deepcopy(model.__dict__)
    for key, value in list(state.items()):
        if hasattr(value, "scalars"):
            inner = vars(value)
            scratch = ("_distances", "_scratch")
            state |= {name: inner[name] for name in inner if name not in scratch}
            del state[key]
    return {key: pickle.dumps(value) for key, value in state.items()}


class TestScikitLearn:
    @pytest.mark.parametrize(
        "model",
        [OnlineClusterer(), OnlineClusterer(3, join=False, half_life=50.0, merge="ward")],
        ids=["default", "changed"],
    )
    def test_every_check_passes(self, model):
        with warnings.catch_warnings():
            # The check of the array API needs an environment variable of SciPy.
            warnings.simplefilter("ignore", SkipTestWarning)
            check_estimator(model, expected_failed_checks=EXPECTED)

    def test_pipeline_after_scaling(self):
        points = blobs(0) * [1000.0, 0.001]
        pipeline = make_pipeline(StandardScaler(), OnlineClusterer())
        labels = pipeline.fit_predict(points)
        assert len(set(labels[labels >= 0])) == 3
        assert_array_equal(pipeline.predict(points), labels)
        assert pipeline.set_params(onlineclusterer__join=False)[-1].n_clusters_ > 3

    def test_grid_search_with_a_scorer(self):
        points = blobs(1)
        classes = np.round(points[:, 0] / 12.0)

        def score(model, X, y):
            return adjusted_rand_score(y, model.predict(X))

        grid = {"n_prototypes": [1, 20], "merge": ["plain", "log-min"]}
        search = GridSearchCV(OnlineClusterer(), grid, scoring=score, cv=3).fit(points, classes)
        assert search.best_params_["n_prototypes"] == 20
        assert search.best_score_ > 0.9

    def test_clone_forgets_and_keeps_parameters(self):
        model = OnlineClusterer(7, sigma=0.5, join=False).fit(blobs(2))
        fresh = clone(model)
        assert fresh.get_params() == model.get_params()
        with pytest.raises(NotFittedError):
            fresh.predict(blobs(2))

    @pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
    def test_copies_continue_alike_and_independently(self, copied):
        points = blobs(3)
        model = OnlineClusterer().partial_fit(points[:100])
        twin, before = copied(model), model.snapshot()
        twin.partial_fit(points[100:])
        assert_identical(model.snapshot(), before)
        model.partial_fit(points[100:])
        assert_identical(twin.snapshot(), model.snapshot())
        assert_array_equal(twin.labels_, model.labels_)

    def test_fit_forgets_everything_and_labels_its_points(self):
        model = OnlineClusterer().fit(blobs(4) + 1e3).fit(blobs(5))
        fresh = OnlineClusterer().fit(blobs(5))
        assert_identical(model.snapshot(), fresh.snapshot())
        assert_array_equal(model.labels_, fresh.predict(blobs(5)))
        assert model.n_seen_ == len(blobs(5))

    def test_attributes_agree_with_the_snapshot(self):
        model = OnlineClusterer().fit(blobs(6))
        taken = model.snapshot()
        for name in ("weights", "counts", "scatters", "ids"):
            assert_array_equal(getattr(model, f"{name}_"), getattr(taken, name))
        assert_array_equal(model.prototypes_, taken.centers)
        assert_array_equal(model.cluster_labels_, taken.labels)
        assert (model.sigma_, model.n_seen_) == (taken.sigma, taken.n_seen)
        assert model.n_clusters_ == taken.n_clusters == len(model.cluster_centers_)

    def test_blobs_are_found_and_their_centers(self):
        model = OnlineClusterer().fit(blobs(6, 3000))
        assert model.n_clusters_ == 3
        places = sorted(model.cluster_centers_.tolist())
        assert_allclose(places, [[0.0, 0.0], [12.0, -6.0], [24.0, -12.0]], atol=0.3)
        assert set(model.predict(model.cluster_centers_)) == {0, 1, 2}

    def test_returned_arrays_are_independent_of_the_model(self):
        model = OnlineClusterer().fit(blobs(7))
        before = model.snapshot()
        for value in vars(model.snapshot()).values():
            if isinstance(value, np.ndarray):
                value[...] = -7
        for name in ("prototypes_", "weights_", "counts_", "scatters_", "ids_", "labels_"):
            getattr(model, name)[...] = -7
        with pytest.raises(ValueError, match="read-only"):
            model.cluster_labels_[0] = -7
        assert_identical(model.snapshot(), before)

    def test_sigma_in_force(self):
        points = blobs(8)
        model = OnlineClusterer().fit(points)
        assert model.sigma_ == pytest.approx(0.25 * np.sqrt(points.var(axis=0).sum()))
        assert model.set_params(sigma=3).sigma_ == 3.0

    @pytest.mark.parametrize("n_features", [8, 16, 32])
    def test_in_many_dimensions_each_prototype_has_many_points(self, n_features):
        random = np.random.default_rng(1)
        classes = random.integers(2, size=3000)
        points = random.normal(size=(3000, n_features))
        points[:, 0] += 6.0 * classes
        model = OnlineClusterer().fit(points)
        assert model.weights_.sum() > 0.1 * len(points)
        assert model.n_clusters_ == 2
        assert adjusted_rand_score(classes, model.labels_) > 0.9


class TestTables:
    def test_names_are_kept_and_checked(self):
        table = pd.DataFrame(blobs(0), columns=["a", "b"])
        model = OnlineClusterer().fit(table).partial_fit(table)
        assert list(model.feature_names_in_) == ["a", "b"]
        assert_array_equal(model.predict(table), model.labels_)
        before = whole_state(model)
        with pytest.raises(ValueError, match="feature names"):
            model.partial_fit(table[["b", "a"]])
        assert whole_state(model) == before

    def test_growing_tables_are_aligned_by_name(self):
        rng = np.random.default_rng(0)
        table = pd.DataFrame(rng.normal(size=(60, 3)), columns=["a", "b", "c"])
        grown = OnlineClusterer(5, allow_growth=True)
        grown.partial_fit(table[["a"]][:20])
        grown.partial_fit(table[["c", "a"]][20:40])
        grown.partial_fit(table[["b", "c", "a"]][40:])
        wanted = table[["a", "c", "b"]].to_numpy().copy()
        wanted[:20, 1:] = wanted[20:40, 2:] = 0.0
        plain = OnlineClusterer(5).partial_fit(wanted)
        assert list(grown.feature_names_in_) == ["a", "c", "b"]
        assert grown.n_features_in_ == 3
        assert_identical(grown.snapshot(), plain.snapshot())
        assert_array_equal(grown.predict(table[["b"]]), plain.predict(by_column(table, "b")))

    def test_named_features_do_not_grow_by_unnamed_ones(self):
        model = OnlineClusterer(allow_growth=True).fit(pd.DataFrame({"a": [1.0, 2.0]}))
        with pytest.raises(ValueError, match="must be named"):
            model.partial_fit(np.ones((2, 2)))
        with pytest.raises(ValueError, match=r"same name|unique column names"):
            model.partial_fit(pd.DataFrame(np.ones((2, 2)), columns=["a", "a"]))


def by_column(table: pd.DataFrame, name: str) -> NDArray:
    """Return the points with all columns 0 but this one, which came third."""
    points = np.zeros((len(table), 3))
    points[:, 2] = table[name]
    return points


class TestChanges:
    """Changes while a stream is learned; test_learn_loop.py compares them with the reference."""

    def test_excess_prototypes_merge_when_read(self):
        model = OnlineClusterer(20).fit(blobs(0))
        weight, counts = model.weights_.sum(), model.counts_.sum()
        model.n_prototypes = 4
        assert len(model.prototypes_) == 4
        assert model.weights_.sum() == pytest.approx(weight)
        assert model.counts_.sum() == counts
        assert model.predict(blobs(0)).max() < 4
        model.set_params(n_prototypes=9).partial_fit(blobs(1))
        assert len(model.prototypes_) == 9
        model.set_params(n_prototypes=1).partial_fit(blobs(1)[:1])
        assert len(model.prototypes_) == 1
        assert model.n_seen_ == len(blobs(0)) + len(blobs(1)) + 1

    def test_reading_excess_prototypes_changes_nothing_else(self):
        points = blobs(2)
        is_read, not_read = (OnlineClusterer(20).partial_fit(points[:150]) for _ in range(2))
        for model in (is_read, not_read):
            model.n_prototypes = 5
        is_read.snapshot()
        is_read.predict(points)
        for model in (is_read, not_read):
            model.partial_fit(points[150:])
        assert_identical(is_read.snapshot(), not_read.snapshot())

    @given(st.data(), st.integers(1, 3), st.integers(1, 3))
    def test_growth_equals_zeros_from_the_start(self, data, narrow, more):
        points = data.draw(clouds(narrow) | lattices(narrow))
        wide = data.draw(clouds(narrow + more, 20))
        # If the later points lie too far from the first ones, both models refuse them.
        if np.abs(points).max() < 1e-20 or np.abs(wide).max() > 1e20:
            points = wide[:, :narrow]
        filled = np.pad(points, ((0, 0), (0, more)))
        grown = OnlineClusterer(4, allow_growth=True)
        for chunk in (points, wide, points):
            grown.partial_fit(chunk)
        plain = OnlineClusterer(4)
        for chunk in (filled, wide, filled):
            plain.partial_fit(chunk)
        assert_identical(grown.snapshot(), plain.snapshot())
        assert grown.n_features_in_ == narrow + more
        assert_array_equal(grown.labels_, plain.labels_)

    def test_growth_that_is_refused_changes_nothing(self):
        model = OnlineClusterer(allow_growth=True).fit(blobs(0))
        before = whole_state(model)
        for chunk in ([[1.0, 2.0, np.nan]], [[1.0, 2.0, 1e300]], np.empty((0, 3))):
            with pytest.raises(ValueError, match=r"Row 0|0 sample"):
                model.partial_fit(chunk)
            assert whole_state(model) == before
        with pytest.raises(ValueError, match="Row 1"):
            model.predict([[1.0, 2.0, 3.0], [1.0, 2.0, np.inf]])

    def test_labels_change_without_learning(self):
        model = OnlineClusterer().fit(np.vstack([blobs(0), [[500.0, 500.0]]]))
        before = whole_state(model)
        trimmed = model.n_clusters_
        assert -1 in model.cluster_labels_
        model.drop_singletons = False
        assert -1 not in model.cluster_labels_
        assert model.n_clusters_ > trimmed
        model.join = False
        assert model.n_clusters_ == len(model.prototypes_)
        model.set_params(join=True, drop_singletons=True)
        assert model.n_clusters_ == trimmed
        after = whole_state(model)
        # Labels are kept, and a warning comes once.
        kept = {"_label_cache": b"", "_has_warned": b""}
        assert after | kept == before | kept

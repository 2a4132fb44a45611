"""Weights and times of points."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from clusterer import OnlineClusterer
from clusterer.river import OnlineClusterer as RiverClusterer
from tests.cluster.test_properties import assert_identical, blobs


class TestWeights:
    def test_weights_of_1_change_nothing(self):
        points = blobs(0, 3000)
        plain = OnlineClusterer().fit(points)
        weighted = OnlineClusterer().fit(points, sample_weight=np.ones(len(points)))
        assert_identical(weighted.snapshot(), plain.snapshot())

    def test_points_of_weight_0_are_left_out_but_labelled(self):
        points = blobs(0, 400)
        weights = np.tile([1.0, 0.0], 200)
        model = OnlineClusterer().fit(points, sample_weight=weights)
        assert_identical(model.snapshot(), OnlineClusterer().fit(points[::2]).snapshot())
        assert_array_equal(model.labels_, model.predict(points))
        before = model.snapshot()
        assert_identical(model.partial_fit(points, sample_weight=0 * weights).snapshot(), before)
        with pytest.raises(ValueError, match="zero"):
            OnlineClusterer().fit(points, sample_weight=0 * weights)

    def test_counts_add_up_to_the_weights(self):
        points, weights = blobs(1, 500), np.random.default_rng(0).uniform(0.1, 5.0, 500)
        model = OnlineClusterer(half_life=None).fit(points, sample_weight=weights)
        # The first point starts a prototype, which counts from its second point on.
        assert model.counts_.sum() == pytest.approx(weights[1:].sum())
        spread = np.average(
            (points - np.average(points, axis=0, weights=weights)) ** 2, axis=0, weights=weights
        ).sum()
        assert model.sigma_ == pytest.approx(0.25 * np.sqrt(spread))

    def test_a_heavy_cluster_outweighs_a_light_one(self):
        points = np.repeat([[0.0], [9.0]], 500, axis=0) + np.random.default_rng(0).normal(
            size=(1000, 1)
        )
        order = np.random.default_rng(1).permutation(1000)
        weights = np.repeat([3.0, 1.0], 500)
        model = OnlineClusterer().fit(points[order], sample_weight=weights[order])
        labels, counts = model.cluster_labels_, model.counts_
        near, far = (counts[labels == i].sum() for i in model.predict([[0.0], [9.0]]))
        assert near / far == pytest.approx(3.0, rel=0.1)

    @pytest.mark.parametrize("weight", [1e-3, 1e6])
    def test_equal_weights_of_any_size_find_the_same_clusters(self, weight):
        points = blobs(2, 2000)
        model = OnlineClusterer().fit(points, sample_weight=np.full(2000, weight))
        assert model.n_clusters_ == 3
        assert model.copy().n_clusters_ == 3

    def test_chunks_do_not_matter(self):
        points, weights = blobs(3, 600), np.random.default_rng(0).uniform(0.1, 5.0, 600)
        whole = OnlineClusterer().partial_fit(points, sample_weight=weights)
        parts = OnlineClusterer()
        for start in range(0, 600, 70):
            rows = slice(start, start + 70)
            parts.partial_fit(points[rows], sample_weight=weights[rows])
        assert_identical(parts.snapshot(), whole.snapshot())

    @pytest.mark.parametrize(
        ("weights", "message"),
        [
            ([1.0], "one weight for each of the 2"),
            ([[1.0], [1.0]], "shape"),
            ([1.0, -1.0], "row 1 is -1"),
            ([1.0, np.nan], "row 1 is nan"),
            ([np.inf, 1.0], "row 0 is inf"),
            ([1e-300, 1.0], "row 0"),
            (["a", "b"], "numbers"),
        ],
    )
    def test_wrong_weights_are_refused(self, weights, message):
        model = OnlineClusterer().fit(blobs(0))
        before = model.snapshot()
        for call in (model.fit, model.partial_fit):
            with pytest.raises(ValueError, match=message):
                call(np.ones((2, 2)), sample_weight=weights)
        assert_identical(model.snapshot(), before)

    def test_metadata_routing_passes_weights_through_a_pipeline(self):
        points, weights = blobs(4), np.random.default_rng(0).uniform(0.1, 5.0, 300)
        with sklearn.config_context(enable_metadata_routing=True):
            model = OnlineClusterer().set_fit_request(sample_weight=True)
            scaler = StandardScaler().set_fit_request(sample_weight=False)
            pipeline = make_pipeline(scaler, model).fit(points, sample_weight=weights)
        wanted = OnlineClusterer().fit(
            StandardScaler().fit_transform(points), sample_weight=weights
        )
        assert_identical(pipeline[-1].snapshot(), wanted.snapshot())

    def test_rivers_face_has_weights(self):
        points, weights = blobs(5, 200), np.random.default_rng(0).integers(0, 4, 200)
        river, model = RiverClusterer(), OnlineClusterer()
        for point, weight in zip(points.tolist(), weights.tolist(), strict=True):
            river.learn_one(dict(zip("ab", point, strict=True)), w=weight)
        model.fit(points, sample_weight=weights)
        assert_identical(river.snapshot(), model.snapshot())
        with pytest.raises(ValueError, match="sample_weight"):
            river.learn_one({"a": 1.0}, w=-1.0)


class TestTimes:
    @pytest.mark.parametrize("half_life", [600, "10min", "600 s", "0.1666666666666666667h"])
    def test_even_times_equal_a_half_life_in_points(self, half_life):
        points = blobs(0, 1500)
        timed = OnlineClusterer(half_life=half_life)
        timed.partial_fit(points, times=np.arange(1500.0) * 2.0)
        plain = OnlineClusterer(half_life=300.0).fit(points)
        assert timed.half_life_ == pytest.approx(600.0)
        for name in ("prototypes_", "weights_", "counts_"):
            assert_allclose(getattr(timed, name), getattr(plain, name), rtol=1e-6, atol=1e-9)

    def test_points_that_arrive_together_do_not_age_each_other(self):
        model = OnlineClusterer(4, half_life="1s")
        model.partial_fit([[0.0], [0.0], [0.0]], times=[5.0, 5.0, 5.0])
        assert model.counts_.sum() == 2.0
        model.partial_fit([[0.0]], times=[6.0])
        assert model.counts_.sum() == 2.0
        # A pause as long as the stream's age is no error.
        model.partial_fit([[0.0]], times=[1e9])
        assert model.counts_.sum() == pytest.approx(1.0)

    def test_chunks_do_not_matter(self):
        points = blobs(1, 900)
        times = np.cumsum(np.random.default_rng(0).exponential(size=900).round(1))
        whole = OnlineClusterer(half_life="3min").partial_fit(points, times=times)
        parts = OnlineClusterer(half_life="3min")
        for start in range(0, 900, 70):
            rows = slice(start, start + 70)
            parts.partial_fit(points[rows], times=times[rows])
        # Drift checks are planned by the number of points, so the last digits may differ.
        assert_allclose(parts.counts_, whole.counts_)
        assert_allclose(parts.prototypes_, whole.prototypes_)

    @pytest.mark.parametrize(
        "times",
        [
            pd.date_range("2026-01-01", periods=300, freq="2s"),
            pd.date_range("2026-01-01", periods=300, freq="2s", tz="Europe/Paris"),
            pd.Series(pd.date_range("2026-01-01", periods=300, freq="2s")),
            pd.to_timedelta(np.arange(300) * 2, unit="s"),
            [datetime.fromtimestamp(2 * i, UTC) for i in range(300)],
            np.arange(300) * 2,
        ],
        ids=["index", "zone", "series", "durations", "python", "whole"],
    )
    def test_any_type_of_times_works(self, times):
        points = blobs(2)
        model = OnlineClusterer(half_life="5min").partial_fit(points, times=times)
        wanted = OnlineClusterer(half_life="5min").partial_fit(points, times=np.arange(300) * 2.0)
        assert_allclose(model.counts_, wanted.counts_)

    @pytest.mark.parametrize(
        ("times", "message"),
        [
            (None, "needs its times"),
            ([0.0], "one time for each of the 2"),
            ([20.0, 19.0], r"row 1 comes 1 s before"),
            ([1.0, 20.0], "row 0 comes 9 s before"),
            ([20.0, np.nan], "row 1"),
            (["a", "b"], "numbers of seconds or datetimes"),
        ],
    )
    def test_wrong_times_are_refused(self, times, message):
        model = OnlineClusterer(half_life="1min").partial_fit(blobs(0)[:2], times=[0.0, 10.0])
        before = model.snapshot()
        with pytest.raises(ValueError, match=message):
            model.partial_fit(np.ones((2, 2)), times=times)
        assert_identical(model.snapshot(), before)

    def test_a_number_stays_one_of_seconds_once_times_were_given(self):
        model = OnlineClusterer(half_life=60.0).partial_fit(blobs(0)[:2], times=[0.0, 10.0])
        with pytest.raises(ValueError, match="number of seconds"):
            model.partial_fit(blobs(0)[:2])
        assert model.fit(blobs(0)).n_seen_ == 300

    def test_rivers_face_has_times(self):
        points = blobs(3, 200)
        river, model = RiverClusterer(half_life="30s"), OnlineClusterer(half_life="30s")
        for i, point in enumerate(points.tolist()):
            river.learn_one(dict(zip("ab", point, strict=True)), t=float(i))
        for i, point in enumerate(points):
            model.partial_fit(point[None], times=[float(i)])
        assert_identical(river.snapshot(), model.snapshot())
        with pytest.raises(ValueError, match="times"):
            river.learn_one({"a": 1.0})

"""Density, distances, membership and the noise threshold of single points."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import NotFittedError
from sklearn.mixture import GaussianMixture

from clusterer import OnlineClusterer
from clusterer.river import OnlineClusterer as RiverClusterer
from tests.cluster.test_properties import blobs

FAR = np.array([[1000.0, 1000.0], [-1e6, 0.0]])


@pytest.mark.parametrize(("scale", "shift"), [(1.0, 0.0), (1e-6, 3.0), (1e5, -1e7)])
def test_scores_are_a_density_in_the_units_of_the_data(scale, shift):
    points = blobs(0, 3000)
    model = OnlineClusterer().fit(points * scale + shift)
    scores = model.score_samples(points * scale + shift) + 2 * np.log(scale)
    right = GaussianMixture(3, random_state=0).fit(points).score_samples(points)
    # The Gaussians are widened, so the density is lower at its peaks.
    assert abs(scores.mean() - right.mean()) < 0.3
    assert np.corrcoef(scores, right)[0, 1] > 0.8


def test_what_is_far_scores_low_and_stays_finite():
    model = OnlineClusterer().fit(blobs(1, 2000))
    inside = model.score_samples(blobs(2, 500))
    outside = model.score_samples(np.vstack([FAR, [[1e120, 0.0]]]))
    assert np.isfinite(outside).all()
    assert (np.diff(outside) < 0).all()
    assert outside.max() < inside.min() - 1000


def test_distances_are_those_from_the_centers():
    model = OnlineClusterer().fit(blobs(3, 2000) + 1e6)
    points = blobs(4) + 1e6
    wanted = np.linalg.norm(points[:, None] - model.cluster_centers_, axis=2)
    assert_allclose(model.transform(points), wanted, rtol=1e-9)
    assert model.transform(points).shape == (len(points), model.n_clusters_)
    fitted = OnlineClusterer().fit_transform(points)
    assert_array_equal(fitted, OnlineClusterer().fit(points).transform(points))
    table = model.set_output(transform="pandas").transform(points)
    assert list(table.columns) == [f"onlineclusterer{i}" for i in model.cluster_ids_]


def test_membership_adds_up_and_agrees_with_the_clusters():
    points = blobs(5, 2000)
    model = OnlineClusterer().fit(points)
    shares = model.predict_proba(np.vstack([points, FAR]))
    assert shares.shape == (len(points) + 2, model.n_clusters_)
    assert_allclose(shares.sum(axis=1), 1.0)
    labels = model.predict(points)
    is_in = labels >= 0
    agrees = model.cluster_ids_[shares[:-2].argmax(axis=1)][is_in] == labels[is_in]
    assert agrees.mean() > 0.99
    middle = model.predict_proba(model.cluster_centers_[:2].mean(axis=0)[None])
    assert 0.0 < middle.min() < middle.max() < 1.0 or middle.max() > 0.99


def test_columns_follow_lasting_numbers():
    model = OnlineClusterer()
    model.partial_fit(blobs(6)).predict(blobs(6))
    model.partial_fit(blobs(6) + 100.0).partial_fit(blobs(7))
    centers, ids = model.cluster_centers_, model.cluster_ids_
    assert_array_equal(ids[model.transform(centers).argmin(axis=1)], ids)
    assert_array_equal(ids[model.predict_proba(centers).argmax(axis=1)], ids)


@pytest.mark.parametrize("n_features", [1, 2, 10])
def test_beyond_the_threshold_is_noise(n_features):
    rng = np.random.default_rng(0)
    points = rng.normal(size=(3000, n_features)) + 20.0 * rng.integers(2, size=(3000, 1))
    model = OnlineClusterer().fit(points)
    far = np.full((1, n_features), 1000.0)
    assert model.predict(far)[0] >= 0
    plain = model.labels_
    model.noise_threshold = 5.0
    assert model.predict(far)[0] == -1
    assert (model.labels_ != plain).mean() < 0.01
    shares = []
    for threshold in (0.5, 1.0, 2.0, 4.0):
        model.noise_threshold = threshold
        labels = model.predict(points)
        assert_array_equal(labels, model.labels_)
        shares.append((labels < 0).mean())
    assert shares == sorted(shares, reverse=True)
    assert shares[0] > 0.5


def test_the_threshold_is_that_of_the_present_state():
    model = OnlineClusterer(noise_threshold=4.0).fit(blobs(0, 1000))
    assert model.predict([[500.0, 500.0]])[0] == -1
    model.partial_fit(blobs(1, 1000) + 500.0)
    assert model.predict([[500.0, 500.0]])[0] >= 0


def test_rivers_face_has_the_threshold():
    model = RiverClusterer(noise_threshold=5.0)
    for point in blobs(0, 500):
        model.learn_one(dict(zip("ab", point.tolist(), strict=True)))
    assert model.predict_one({"a": 0.0, "b": 0.0}) >= 0
    assert model.predict_one({"a": 1000.0, "b": 1000.0}) == -1


@pytest.mark.parametrize("points", [[[1.0, 2.0]], [[1.0, 2.0]] * 30, [[0.0, 1.0], [5.0, 5.0]]])
def test_few_and_equal_points_have_finite_answers(points):
    model = OnlineClusterer().fit(points)
    for answer in (model.score_samples, model.transform, model.predict_proba):
        assert np.isfinite(answer(np.vstack([points, FAR]))).all()


@pytest.mark.parametrize("name", ["score_samples", "transform", "predict_proba"])
def test_bad_points_and_unfitted_models_are_refused(name):
    with pytest.raises(NotFittedError):
        getattr(OnlineClusterer(), name)([[1.0]])
    model = OnlineClusterer().fit(blobs(0))
    with pytest.raises(ValueError, match=r"Row 1 .*NaN"):
        getattr(model, name)([[0.0, 1.0], [np.nan, 1.0]])
    with pytest.raises(ValueError, match="3 features"):
        getattr(model, name)([[0.0, 1.0, 2.0]])

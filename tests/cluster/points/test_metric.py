"""The metrics on a sphere: cosine and haversine."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import adjusted_rand_score
from sklearn.metrics.pairwise import cosine_distances, haversine_distances

from clusterer import OnlineClusterer, load
from clusterer.river import OnlineClusterer as RiverClusterer
from clusterer.scaled_learner import ScaledLearner


def draw_directions(seed: int, n: int = 1500, n_features: int = 8) -> tuple:
    """Draw three directions with lengths that differ by a factor of a thousand."""
    rng = np.random.default_rng(seed)
    classes = rng.integers(3, size=n)
    points = np.eye(n_features)[classes] + 0.1 * rng.normal(size=(n, n_features))
    return points * 10.0 ** rng.uniform(-1.5, 1.5, size=(n, 1)), classes


def draw_places(seed: int, n: int = 1500) -> tuple:
    """Draw three places in degrees; one lies on both sides of the antimeridian."""
    rng = np.random.default_rng(seed)
    classes = rng.integers(3, size=n)
    centers = np.array([[-17.0, 180.0], [48.0, 2.0], [64.0, -21.0]])
    points = centers[classes] + rng.normal(size=(n, 2))
    points[:, 1] = (points[:, 1] + 180.0) % 360.0 - 180.0
    return points, classes


def test_cosine_ignores_lengths_and_reports_centers_on_the_sphere():
    points, classes = draw_directions(0)
    model = OnlineClusterer(metric="cosine").fit(points)
    assert model.n_clusters_ == 3
    assert adjusted_rand_score(classes, model.labels_) > 0.98
    assert_allclose(np.linalg.norm(model.cluster_centers_, axis=1), 1.0)
    assert_allclose(np.linalg.norm(model.prototypes_, axis=1), 1.0)
    assert_array_equal(model.predict(points * 1e6), model.predict(points))
    assert_allclose(
        model.transform(points), cosine_distances(points, model.cluster_centers_), atol=1e-9
    )


@pytest.mark.parametrize("length", [1e-300, 1e300])
def test_directions_of_extreme_lengths_are_learned(length):
    points, _ = draw_directions(1, 300)
    wanted = OnlineClusterer(metric="cosine").fit(points)
    model = OnlineClusterer(metric="cosine").fit(points * length)
    assert_allclose(model.prototypes_, wanted.prototypes_, atol=1e-9)


def test_haversine_knows_no_antimeridian():
    points, classes = draw_places(0)
    model = OnlineClusterer(metric="haversine").fit(points)
    assert model.n_clusters_ == 3
    assert model.n_features_in_ == 2
    assert adjusted_rand_score(classes, model.labels_) > 0.98
    at_border = model.cluster_centers_[model.cluster_ids_.tolist().index(model.predict(points)[0])]
    assert at_border.shape == (2,)
    west, east = model.predict([[-17.0, 179.9], [-17.0, -179.9]])
    assert west == east >= 0
    wanted = np.degrees(haversine_distances(np.radians(points), np.radians(model.cluster_centers_)))
    assert_allclose(model.transform(points), wanted, atol=1e-6)
    assert model.snapshot().centers.shape == (len(model.weights_), 2)
    # The automatic width and a given one are in degrees.
    assert 0.0 < model.sigma_ < 180.0


def test_sphere_models_are_saved_merged_and_renewed(tmp_path):
    points, classes = draw_places(1)
    model = OnlineClusterer(metric="haversine")
    model.partial_fit(points[:500]).save(tmp_path / "model.npz")
    twin = load(tmp_path / "model.npz")
    for each in (model, twin):
        each.partial_fit(points[500:1000])
    assert_array_equal(model.prototypes_, twin.prototypes_)
    twin.absorb(OnlineClusterer(metric="haversine").fit(points[1000:]))
    assert twin.n_features_in_ == 2
    assert adjusted_rand_score(classes, twin.predict(points)) > 0.98
    with pytest.raises(ValueError, match=r"haversine.*euclidean"):
        twin.absorb(OnlineClusterer().fit(points))


@pytest.mark.parametrize(
    ("metric", "chunk", "message"),
    [
        ("cosine", [[1.0, 1.0], [0.0, 0.0]], "Row 1 .*zeros"),
        ("cosine", [[1.0, 1.0], [np.nan, 0.0]], "Row 1 .*nan"),
        ("cosine", [[np.inf, 1.0]], "Row 0 .*inf"),
        ("haversine", [[0.0, 1.0], [91.0, 0.0]], "Row 1 .*latitude 91"),
        ("haversine", [[0.0, 1.0], [0.0, np.nan]], "Row 1 .*nan"),
        ("haversine", [[0.0, np.inf]], "Row 0 .*inf"),
        ("haversine", [[1.0, 2.0, 3.0]], "2 features|3 features"),
    ],
)
def test_points_without_a_place_are_refused(metric, chunk, message):
    model = OnlineClusterer(metric=metric)
    with pytest.raises(ValueError, match=message):
        model.fit(chunk)
    model.fit([[1.0, 2.0], [3.0, 4.0]])
    for method in (model.partial_fit, model.predict):
        with pytest.raises(ValueError, match=message):
            method(chunk)
    assert model.n_seen_ == 2


def test_the_metric_cannot_change_after_the_first_point():
    model = OnlineClusterer().fit([[1.0, 2.0], [3.0, 4.0]])
    with pytest.raises(ValueError, match="cannot become 'cosine'"):
        model.change_parameters(metric="cosine")
    model.metric = "cosine"
    for call in (model.partial_fit, model.predict):
        with pytest.raises(ValueError, match="cannot become 'cosine'"):
            call([[1.0, 1.0]])
    assert model.fit([[1.0, 1.0], [0.0, 9.0]]).metric == "cosine"
    with pytest.raises(ValueError, match="units"):
        model.change_units([1.0, 2.0], [0.0, 0.0])


def test_a_scaled_learner_keeps_the_units():
    points, classes = draw_places(2)
    learner = ScaledLearner(OnlineClusterer(metric="haversine")).learn(points)
    assert adjusted_rand_score(classes, learner.predict(points)) > 0.98
    assert np.abs(learner.cluster_centers[:, 0]).max() < 90.0


@pytest.mark.parametrize("metric", ["cosine", "haversine"])
def test_rivers_face_learns_alike(metric):
    points = draw_places(3, 300)[0]
    model = OnlineClusterer(metric=metric).fit(points)
    river = RiverClusterer(metric=metric)
    for latitude, longitude in points.tolist():
        river.learn_one({"lon": longitude, "lat": latitude})
    assert_array_equal(river.prototypes_, model.prototypes_)
    found = [river.predict_one({"lat": a, "lon": b}) for a, b in points[:20].tolist()]
    assert found == model.predict(points[:20]).tolist()

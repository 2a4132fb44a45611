"""Quality metrics agree with scikit-learn, and are None where they are not defined."""

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score, silhouette_score

from clusterer import OnlineClusterer
from clusterer.datasets import make_generator
from clusterer.evaluation.metrics import measure_purity, measure_quality, measure_silhouette
from clusterer.session.engine import Engine


@pytest.fixture
def labelled():
    random = np.random.default_rng(3)
    classes = random.integers(0, 3, 200)
    points = np.array([[0.0, 0.0], [8.0, 0.0], [0.0, 8.0]])[classes] + random.normal(size=(200, 2))
    clusters = np.where(random.random(200) < 0.2, 1, classes)
    return points, clusters, classes


def test_metrics_with_classes(labelled):
    points, clusters, classes = labelled
    found = measure_quality(points, clusters, classes)
    assert found.ari == pytest.approx(adjusted_rand_score(classes, clusters))
    assert found.nmi == pytest.approx(normalized_mutual_info_score(classes, clusters))
    assert found.n_classes == found.n_clusters == 3
    majorities = sum(np.bincount(classes[clusters == c]).max() for c in range(3))
    assert found.purity == pytest.approx(majorities / 200)


def test_metrics_without_classes(labelled):
    points, clusters, _ = labelled
    found = measure_quality(points, clusters)
    assert found.ari is found.n_classes is None
    assert found.silhouette == pytest.approx(silhouette_score(points, clusters))
    centers = np.array([points[clusters == c].mean(axis=0) for c in range(3)])
    gaps = [np.linalg.norm(centers[a] - centers[b]) for a, b in ((0, 1), (0, 2), (1, 2))]
    assert found.separation == pytest.approx(min(gaps))
    distances = np.linalg.norm(points - centers[clusters], axis=1)
    assert found.compactness == pytest.approx(np.sqrt(np.mean(distances**2)))


def test_points_without_a_class_are_excluded_from_metrics_that_need_classes(labelled):
    points, clusters, classes = labelled
    classes = np.where(np.arange(200) % 2, classes, -1)
    found = measure_quality(points, clusters, classes)
    known = classes >= 0
    assert found.ari == pytest.approx(adjusted_rand_score(classes[known], clusters[known]))
    assert found.compactness == pytest.approx(measure_quality(points, clusters).compactness)


def test_noise_is_a_cluster_for_metrics_with_classes_only(labelled):
    points, clusters, classes = labelled
    noisy = np.where(np.arange(200) < 20, -1, clusters)
    found = measure_quality(points, noisy, classes)
    assert found.n_clusters == 3
    assert found.ari == pytest.approx(adjusted_rand_score(classes, noisy))
    assert found.silhouette == pytest.approx(silhouette_score(points[20:], clusters[20:]))


@pytest.mark.parametrize("clusters", [[-1, -1, -1], [0, 0, 0], [0, 1, 2]])
def test_metrics_that_are_not_defined_are_none(clusters):
    found = measure_quality(np.arange(3.0)[:, None], np.array(clusters), np.array([-1, -1, -1]))
    assert found.silhouette is None
    assert found.ari is None


def test_the_silhouette_of_many_points_uses_a_sample(labelled):
    points, _, classes = labelled
    many = np.tile(points, (20, 1))
    few = measure_silhouette(many, np.tile(classes, 20))
    assert few == pytest.approx(silhouette_score(points, classes), abs=0.03)


def test_the_purity_of_one_cluster_is_the_share_of_the_largest_class():
    assert measure_purity(np.array([0, 0, 0, 1]), np.zeros(4, int)) == 0.75


def test_a_paused_engine_measures_the_current_points():
    engine = Engine(make_generator("blobs", seed=0), OnlineClusterer(50))
    try:
        engine.step(100)
        assert engine.wait_for_frame().measures.n_points == 100
        # The first frames can still hold earlier metrics; a later frame holds the new ones.
        engine.step(400)
        assert engine.wait_for_frame().snapshot.n_seen == 500
        engine.request_frame()
        frame = engine.wait_for_frame()
        while frame.measures.n_points != 500:
            frame = engine.wait_for_frame()
        assert frame.measures.ari > 0.8
    finally:
        engine.close()

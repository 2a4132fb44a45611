"""The automatic half-life: finite if clusters move, infinite otherwise."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import adjusted_rand_score

from clusterer import OnlineClusterer, load
from clusterer.cluster.drift_check import learn_stream
from clusterer.cluster.prototypes.parameters import check_parameters
from clusterer.cluster.prototypes.prototypes import Prototypes
from clusterer.datasets import make_generator
from tests.cluster.test_properties import assert_identical
from tests.support.reference import Reference

N_WINDOW = 1000


def draw(family: str, n_points: int, **parameters) -> tuple[NDArray, NDArray]:
    chunk = make_generator(family, seed=7, **parameters).take(n_points)
    return chunk.points, chunk.classes


def rotate(n_points: int, speed: float = 3.0) -> tuple[NDArray, NDArray]:
    """Four blobs that follow each other round a circle, so that each reaches the others' places."""
    random = np.random.default_rng(3)
    classes = random.integers(4, size=n_points)
    angles = speed / 6000 * np.arange(n_points) + np.pi / 2 * classes
    centers = 6.0 * np.column_stack([np.cos(angles), np.sin(angles)])
    return centers + random.normal(size=(n_points, 2)), classes


def score_windows(points: NDArray, classes: NDArray, **settings) -> list[float]:
    model, scores = OnlineClusterer(50, **settings), []
    for start in range(0, len(points), N_WINDOW):
        rows = slice(start, start + N_WINDOW)
        scores.append(adjusted_rand_score(classes[rows], model.partial_fit(points[rows]).labels_))
    return scores


def leave_one(n_after: int) -> NDArray:
    """Four blobs, the last of which receives no points after the first 2 000."""
    random = np.random.default_rng(5)
    centers = np.array([[0.0, 0.0], [20.0, 0.0], [0.0, 20.0], [20.0, 20.0]])
    classes = np.append(random.integers(4, size=2000), random.integers(3, size=n_after))
    return centers[classes] + random.normal(size=(len(classes), 2))


def jump(n_before: int, n_after: int, offset: float = 100.0) -> NDArray:
    """Three blobs that jump far away together."""
    random = np.random.default_rng(4)
    centers = np.array([[0.0, 0.0], [8.0, 0.0], [0.0, 8.0]])
    points = centers[random.integers(3, size=n_before + n_after)]
    points[n_before:] += offset
    return points + random.normal(size=points.shape)


def test_resting_clusters_are_not_forgotten():
    points, _ = draw("blobs", 6000, noise=0.1)
    chosen, never = (OnlineClusterer(50, half_life=each).fit(points) for each in ("auto", None))
    assert chosen.half_life_ == np.inf
    assert_identical(chosen.snapshot(), never.snapshot())


def test_clusters_one_after_the_other_are_kept():
    points, classes = draw("in_order", 20_000)
    model = OnlineClusterer(50).fit(points)
    assert model.half_life_ == np.inf
    assert model.n_clusters_ == 5
    assert adjusted_rand_score(classes, model.labels_) > 0.97


@pytest.mark.parametrize("family", ["blobs", "moons"])
@pytest.mark.parametrize("n_points", [6_000, 30_000])
def test_sorted_table_is_not_forgotten(family, n_points):
    points, classes = draw(family, n_points)
    order = np.argsort(points[:, 0])
    model = OnlineClusterer(50).fit(points[order])
    assert model.half_life_ == np.inf
    assert adjusted_rand_score(classes[order], model.labels_) > 0.97


def test_past_of_clusters_that_follow_each_other_is_forgotten():
    moving = rotate(12_000)
    assert np.mean(score_windows(*moving)[2:]) > 0.95
    assert np.mean(score_windows(*moving, half_life=None)[2:]) < 0.5


def test_the_half_life_follows_the_speed():
    found = []
    for speed in (0.7, 3.0):
        points, _ = draw("drifting", 12_000, drift=speed)
        found.append(OnlineClusterer(50).fit(points).half_life_)
    assert 250.0 <= found[1] < found[0] < 2000.0


def test_motion_after_rest_and_rest_after_motion_are_found():
    points, _ = rotate(8_000)
    random = np.random.default_rng(1)
    resting = random.normal(size=(60_000, 2)) + 6.0 * np.eye(2)[random.integers(2, size=60_000)]
    model = OnlineClusterer(20).fit(resting)
    assert model.half_life_ == np.inf
    assert model.partial_fit(points).half_life_ < 1000.0
    while model.n_seen_ < 200_000 and model.half_life_ < np.inf:
        model.partial_fit(resting[:20_000])
    assert model.half_life_ == np.inf


def test_inactive_cluster_fades_or_is_kept():
    points = leave_one(6000)
    model = OnlineClusterer(50, half_life=300.0).fit(points)
    assert model.n_clusters_ == 3
    model.set_params(forget="never")
    assert model.n_clusters_ == 4
    assert model.predict([[20.0, 20.0]])[0] >= 0
    assert np.abs(model.cluster_centers_ - 20.0).max(axis=1).min() < 1.0
    model.set_params(forget="quiet")
    assert model.predict([[20.0, 20.0]])[0] == -1


def test_inactive_cluster_is_kept_beyond_the_range_of_floats():
    model = OnlineClusterer(20, half_life=20.0, forget="never").fit(leave_one(60_000))
    assert model.n_clusters_ == 4
    assert (model.counts_ > 0).sum() >= 4
    with pytest.raises(ValueError, match="forget must be one of"):
        model.set_params(forget="always").partial_fit([[0.0, 0.0]])


def test_any_chunks_of_a_moving_stream_give_the_same_result():
    points, _ = rotate(4_000)
    whole = OnlineClusterer(12).fit(points)
    assert whole.half_life_ < np.inf
    cut = OnlineClusterer(12)
    ends = np.unique(np.random.default_rng(2).integers(1, 4_000, 40))
    for part in np.split(points, sorted({1, 1000, 1001, *ends})):
        cut.partial_fit(part)
    assert_identical(cut.snapshot(), whole.snapshot())


def test_model_saved_between_two_drift_checks_continues_bit_for_bit(tmp_path):
    points, _ = rotate(5_000)
    stayed = OnlineClusterer(12, forget="never").fit(points[:2_777])
    stayed.save(tmp_path / "model")
    model = load(tmp_path / "model")
    assert model.half_life_ == stayed.half_life_ < np.inf
    for each in (stayed, model):
        each.partial_fit(points[2_777:])
    assert_identical(model.snapshot(), stayed.snapshot())


def test_merged_resting_streams_do_not_move():
    points, _ = draw("blobs", 12_000)
    model = OnlineClusterer(50).fit(points[:4_000])
    model.absorb(OnlineClusterer(50).fit(points[4_000:10_000]))
    assert model.partial_fit(points[10_000:]).half_life_ == np.inf
    assert model.n_clusters_ == 5


def test_merging_keeps_the_shorter_half_life():
    moving, _ = rotate(4_000)
    resting = OnlineClusterer(20).fit(draw("blobs", 3_000)[0])
    other = OnlineClusterer(20).fit(moving)
    assert resting.absorb(other).half_life_ == other.half_life_ < np.inf


@pytest.mark.parametrize("stream", ["moving", "resting", "in_order", "jump"])
def test_half_life_agrees_with_the_reference(stream):
    points = rotate(2_600)[0] if stream == "moving" else draw("blobs", 2_100)[0]
    if stream == "in_order":
        points = draw("blobs", 2_100)[0]
        points = points[np.argsort(points[:, 0].round(-1), kind="stable")]
    if stream == "jump":
        points = jump(1000, 1300)
    reference = Reference(n_prototypes=10, half_life="auto")
    library = Prototypes(2, 10, 1)
    parameters = check_parameters(10, "auto", "auto", "kernel", "log-min")
    for end in range(100, len(points) + 1, 100):
        assert learn_stream(library, points[end - 100 : end].copy(), parameters) == -1
        for point in points[end - 100 : end]:
            reference.learn(point)
        assert library.half_life == pytest.approx(reference.automatic_half_life)
        np.testing.assert_allclose(library.counts, reference.column("count"), atol=1e-9)
        np.testing.assert_allclose(library.centers, reference.centers, atol=1e-6)
        np.testing.assert_allclose(library.link_counts, reference.link_counts, atol=1e-6)
    assert (library.half_life < np.inf) == (stream == "moving")
    assert library.counts.sum() < (1400 if stream == "jump" else 2100)


@pytest.mark.parametrize("n_prototypes", [50, "auto"])
def test_places_left_by_a_jump_do_not_stay_clusters(n_prototypes):
    model = OnlineClusterer(n_prototypes).fit(jump(4000, 0))
    sigma = model.sigma_
    model.partial_fit(jump(4000, 4000)[4000:])
    assert model.n_clusters_ == 3
    assert model.cluster_centers_.min() > 90.0
    assert model.predict([[0.0, 0.0]]) == [-1]
    # The jump is no part of the spread of the new clusters.
    assert model.sigma_ == pytest.approx(sigma, rel=0.2)


def test_a_cluster_that_follows_another_replaces_nothing():
    random = np.random.default_rng(4)
    points = random.normal(size=(8000, 2))
    points[4000:] += 100.0
    assert OnlineClusterer(50).fit(points).n_clusters_ == 2
    # Nor do clusters that appear while the old ones stay.
    points = jump(8000, 0)
    points[4000::2] += 100.0
    assert OnlineClusterer(50).fit(points).n_clusters_ == 6

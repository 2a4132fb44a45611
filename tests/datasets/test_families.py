"""The families of generated streams: each stream is as its description says."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from clusterer.datasets import GENERATORS, make_generator
from clusterer.stream.chunk import Chunk

BLOBS = ["blobs", "drifting", "appearing", "unbalanced", "in_order"]
seeds = st.integers(0, 2**64)
counts = st.integers(1, 12)
widths = st.integers(2, 8)
few = settings(max_examples=25)


def find_centers(chunk: Chunk) -> np.ndarray:
    """Means of the classes, in the order of the classes."""
    classes = np.unique(chunk.classes[chunk.classes >= 0])
    return np.array([chunk.points[chunk.classes == each].mean(axis=0) for each in classes])


def find_gaps(centers: np.ndarray) -> np.ndarray:
    """Distance between each pair of centers."""
    first, second = np.triu_indices(len(centers), 1)
    return np.linalg.norm(centers[first] - centers[second], axis=1)


@few
@given(st.sampled_from(BLOBS), seeds, counts, widths, st.integers(0, 50_000))
def test_blobs_are_round_and_apart(key, seed, n_clusters, width, n_before):
    # Without drift the means over time are the centers.
    still = {"drift": 0} if key == "drifting" else {}
    source = make_generator(key, seed=seed, n_clusters=n_clusters, n_features=width, **still)
    source.take(n_before)
    chunk = source.take(25_000)
    spread = chunk.points - find_centers(chunk)[np.unique(chunk.classes, return_inverse=True)[1]]
    assert np.abs(spread.std(axis=0) - 1).max() < 0.05
    # The rarest class has about 80 points; the error of their mean is below 0.9.
    assert find_gaps(find_centers(chunk)).min(initial=np.inf) >= 5


@given(st.sampled_from(["drifting", "crossing"]), seeds, widths, st.floats(0, 2))
def test_moving_blobs_start_at_the_chosen_speed(key, seed, n_features, drift):
    # The same seed draws the same points at any speed; the difference is the path of the centers.
    moving, still = (
        make_generator(key, seed=seed, n_features=n_features, drift=each) for each in (drift, 0)
    )
    paths = moving.take(100).points - still.take(100).points
    expected = drift * np.arange(100) / 1000
    assert np.allclose(np.linalg.norm(paths, axis=1), expected, rtol=1e-3, atol=1e-9)


@few
@given(seeds, st.integers(2, 12), widths, st.floats(0, 2), st.integers(0, 50_000))
def test_drifting_blobs_stay_apart(seed, n_clusters, n_features, drift, n_before):
    source = make_generator(
        "drifting", seed=seed, n_clusters=n_clusters, n_features=n_features, drift=drift
    )
    source.take(n_before)
    assert find_gaps(find_centers(source.take(3000))).min() >= 5


def test_crossing_blobs_meet_and_separate():
    source = make_generator("crossing", drift=2.0)
    gaps = [find_gaps(find_centers(source.take(500)))[0] for _ in range(40)]
    # A trip is 40 sd long and takes 20 000 points: meetings after 5 000 and 15 000.
    assert max(gaps[:2] + gaps[19:21] + gaps[-2:]) > 13
    assert min(gaps[9:11]) < 1
    assert min(gaps[29:31]) < 1
    assert min(gaps[4:6] + gaps[14:16]) > 5


def test_appearing_blobs_appear_and_vanish_one_at_a_time():
    source = make_generator("appearing", n_clusters=6)
    # Lives are multiples of 500 points, so no cluster appears or vanishes within a window.
    alive = np.array([np.bincount(source.take(500).classes, minlength=6) > 0 for _ in range(96)])
    assert alive.all(axis=0).tolist() == [True, True, False, False, False, False]
    changes = np.diff(alive.astype(int), axis=0)
    births, deaths = changes == 1, changes == -1
    assert births.any(axis=0)[2:].all()
    assert deaths.any(axis=0)[2:].all()
    assert births.sum(axis=1).max() == 1
    assert deaths.sum(axis=1).max() == 1
    assert 3 <= alive.sum(axis=1).min() <= alive.sum(axis=1).max() < 6


@given(seeds, seeds)
@few
def test_lives_depend_only_on_the_position(seed, other):
    one, two = (make_generator("appearing", seed=each).take(12_000) for each in (seed, other))
    for start in range(0, 12_000, 500):
        window = slice(start, start + 500)
        assert set(one.classes[window]) == set(two.classes[window])


@given(seeds, counts)
def test_blobs_in_order_come_in_turn(seed, n_clusters):
    classes = make_generator("in_order", seed=seed, n_clusters=n_clusters).take(30_000).classes
    assert_array_equal(classes, np.arange(30_000) // 2000 % n_clusters)


@few
@given(seeds, st.integers(2, 12))
def test_unbalanced_blobs_range_from_common_to_rare(seed, n_clusters):
    source = make_generator("unbalanced", seed=seed, n_clusters=n_clusters)
    n_points = np.bincount(source.take(100_000).classes, minlength=n_clusters)
    # The rarest of 12 classes has about 600 points; 5 standard deviations of the count are 20 %.
    assert 35 < n_points[0] / n_points[-1] < 75
    assert n_points.argmax() == 0
    assert n_points.min() > 0


@pytest.mark.parametrize(
    ("key", "parameters"),
    [
        ("moons", {}),
        *[(key, {"n_clusters": n}) for key in ("rings", "spirals") for n in (2, 3, 5)],
    ],
)
def test_curves_stay_apart(key, parameters):
    source = make_generator(key, **parameters)
    known, new = source.take(4000), source.take(500)
    gaps = ((new.points[:, None] - known.points) ** 2).sum(axis=2)
    nearest = known.classes[gaps.argmin(axis=1)]
    assert (nearest == new.classes).mean() > 0.97


@pytest.mark.parametrize("key", GENERATORS)
def test_every_class_occurs_and_every_family_is_described(key):
    family = GENERATORS[key]
    n_clusters = family.parameters.get("n_clusters", 2)
    classes = make_generator(key).take(50_000).classes
    assert set(classes) == set(range(int(n_clusters)))
    assert make_generator(key).name == family.title
    assert family.description.endswith(".")
    assert family.description.count(".") == 1

"""Cluster numbers that last: unchanged clusters keep theirs, new ones never get an old one."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from numpy.typing import NDArray

from clusterer import OnlineClusterer
from clusterer.cluster.labelling.cluster_numbers import ClusterNumbers
from clusterer.river import OnlineClusterer as RiverClusterer

CENTERS = np.array([[0.0, 0.0], [9.0, 0.0], [0.0, 9.0], [9.0, 9.0], [18.0, 0.0]])


def draw(rng: np.random.Generator, n_clusters: int, n: int = 100) -> NDArray:
    return CENTERS[rng.integers(n_clusters, size=n)] + rng.normal(size=(n, 2))


def give(numbers: ClusterNumbers, labels: list[int], counts: list[float], first: int = 0) -> list:
    """Number the clusters of prototypes with the ids ``first``, …; return the number of each."""
    ids = np.arange(first, first + len(labels))
    found = numbers.number(ids, np.array(labels), np.array(counts))
    return np.append(found, -1)[labels].tolist()


class TestRules:
    def test_a_cluster_that_is_noise_for_a_while_gets_its_number_back(self):
        numbers = ClusterNumbers()
        assert give(numbers, [0, 1, 1], [5.0, 5.0, 5.0]) == [0, 1, 1]
        assert give(numbers, [-1, 0, 0], [5.0, 5.0, 5.0]) == [-1, 1, 1]
        assert give(numbers, [0, 1, 1], [5.0, 5.0, 5.0]) == [0, 1, 1]

    def test_clusters_that_join_and_separate_get_their_numbers_back(self):
        numbers = ClusterNumbers()
        assert give(numbers, [0, 0, 1, 1], [5.0, 5.0, 4.0, 4.0]) == [0, 0, 1, 1]
        for grown in (4.0, 40.0):
            assert give(numbers, [0, 0, 0, 0], [5.0, 5.0, grown, grown]) == [0, 0, 0, 0]
        assert give(numbers, [0, 0, 1, 1], [5.0, 5.0, 40.0, 40.0]) == [0, 0, 1, 1]

    def test_the_heavier_part_of_a_new_split_keeps_the_number(self):
        numbers = ClusterNumbers()
        give(numbers, [0, 0, 0], [1.0, 5.0, 5.0])
        assert give(numbers, [0, 1, 1], [1.0, 5.0, 5.0]) == [1, 0, 0]

    def test_a_light_prototype_that_is_left_over_passes_on_no_number(self):
        numbers = ClusterNumbers()
        give(numbers, [0, 0, 1], [90.0, 0.0, 50.0])
        assert give(numbers, [-1, 0, 1], [1.0, 30.0, 50.0]) == [-1, 2, 1]
        # The cluster that has faded to noise does not return in another one.
        assert give(numbers, [0, 0, 1], [0.001, 60.0, 50.0]) == [2, 2, 1]

    def test_a_number_is_never_given_twice(self):
        numbers, given = ClusterNumbers(), []
        for first in range(0, 50, 5):
            given += give(numbers, [0, 1, 1, 2, -1], [5.0] * 5, first=first)
        new = [number for number in given if number >= 0]
        assert len(set(new)) == 30 == numbers.next_number


@pytest.mark.parametrize("seed", range(3))
def test_old_clusters_keep_their_numbers_when_new_ones_come(seed):
    rng = np.random.default_rng(seed)
    model = OnlineClusterer()
    for _ in range(15):
        before = model.partial_fit(draw(rng, 3)).predict(CENTERS[:3])
    for _ in range(15):
        after = model.partial_fit(draw(rng, 5)).predict(CENTERS)
    assert len(set(after.tolist())) == 5
    assert_array_equal(after[:3], before)
    assert set(after.tolist()) <= set(model.cluster_ids_.tolist())
    distances = np.abs(model.cluster_centers_ - CENTERS[np.argsort(after)]).max()
    assert distances < 1.5


def test_a_new_cluster_never_takes_the_number_of_an_ended_one():
    rng = np.random.default_rng(0)
    model = OnlineClusterer(half_life=300.0)
    seen: set[int] = set()
    for place in range(5):
        center = np.array([40.0 * place, 0.0])
        for _ in range(30):
            model.partial_fit(draw(rng, 1) - np.array([0.0, 60.0])).partial_fit(
                center + draw(rng, 1)
            )
            model.predict(center[None])
        number = model.predict(center[None])[0]
        assert number >= 0
        assert number not in seen
        seen.add(number)


def test_fit_numbers_from_0_on_and_forgets():
    rng = np.random.default_rng(1)
    model = OnlineClusterer().fit(draw(rng, 5, 1000))
    assert model.cluster_ids_.tolist() == [0, 1, 2, 3, 4]
    model.partial_fit(draw(rng, 5, 1000) + 50.0).predict(CENTERS)
    assert model.fit(draw(rng, 3, 1000)).cluster_ids_.tolist() == [0, 1, 2]
    assert set(model.labels_.tolist()) <= {-1, 0, 1, 2}


def test_labels_of_all_attributes_agree_and_centers_follow_the_numbers():
    rng = np.random.default_rng(2)
    model = OnlineClusterer()
    model.partial_fit(draw(rng, 5, 600)).predict(CENTERS)
    model.partial_fit(draw(rng, 5, 600)[:, ::-1] + 30.0)
    ids = model.cluster_ids_
    assert model.n_clusters_ == len(ids) == len(model.cluster_centers_)
    assert set(ids.tolist()) == set(model.cluster_labels_.tolist()) - {-1}
    assert_array_equal(model.predict(model.cluster_centers_), ids)
    assert_array_equal(model.snapshot().labels, model.cluster_labels_)


@pytest.mark.parametrize("renew", ["copy", "absorb"])
def test_numbers_survive_copies_and_merges(renew):
    rng = np.random.default_rng(3)
    model = OnlineClusterer()
    model.partial_fit(draw(rng, 3, 900)).predict(CENTERS)
    before = model.partial_fit(draw(rng, 5, 900)).predict(CENTERS)
    if renew == "copy":
        model = model.copy()
    else:
        model.absorb(OnlineClusterer().fit(draw(rng, 4, 500)))
    assert_array_equal(model.predict(CENTERS), before)
    assert set(model.cluster_ids_.tolist()) == set(before.tolist())


@pytest.mark.parametrize("drop_singletons", [True, False])
def test_rivers_face_gives_the_same_numbers(drop_singletons):
    rng = np.random.default_rng(4)
    river = RiverClusterer(drop_singletons=drop_singletons)
    model = OnlineClusterer(drop_singletons=drop_singletons)
    for point in draw(rng, 5, 400):
        river.learn_one(dict(zip("ab", point.tolist(), strict=True)))
        model.partial_fit(point[None])
        for center in CENTERS[:2]:
            x = dict(zip("ab", center.tolist(), strict=True))
            assert river.predict_one(x) == model.predict(center[None])[0]

"""Labels at a drift check: inherited from the check before, or a full labelling."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from clusterer import OnlineClusterer
from clusterer.cluster.density.labels import label_prototypes
from clusterer.cluster.labelling import label_inheritance
from clusterer.cluster.labelling.label_inheritance import N_CHECKS, PATIENCE, label_moving
from clusterer.cluster.prototypes.state_layout import N_SEEN
from tests.support.reference_forgetting import inherit_labels

INTERVAL = 500


def march(n_points: int, n_clusters: int = 4, n_features: int = 2, seed: int = 0) -> np.ndarray:
    """Clusters side by side that all move by a width in 2,000 points."""
    random = np.random.default_rng(seed)
    centers = 12.0 * np.arange(n_clusters)[:, None] * np.eye(n_features)[0]
    points = centers[random.integers(n_clusters, size=n_points)]
    points = points + random.normal(size=(n_points, n_features))
    points[:, -1] += np.arange(n_points) / 2_000.0
    return points


@pytest.fixture
def full_labellings(monkeypatch) -> list[int]:
    """Collect the number of prototypes at each full labelling of a drift check."""
    found: list[int] = []

    def label(centers, *arguments, **options):
        found.append(len(centers))
        return label_prototypes(centers, *arguments, **options)

    monkeypatch.setattr(label_inheritance, "label_prototypes", label)
    return found


@pytest.mark.parametrize("n_features", [1, 2, 5])
@pytest.mark.parametrize("half_life", ["auto", 700.0])
def test_moving_clusters_keep_their_labels_without_full_labellings(
    half_life, n_features, full_labellings
):
    points = march(30_000, n_features=n_features)
    model = OnlineClusterer(25, half_life=half_life).fit(points)
    assert model.half_life_ < np.inf
    held = model._prototypes
    inherited = label_moving(held, INTERVAL)
    full = label_prototypes(**held.density_data)
    is_known = (inherited >= 0) & (full >= 0)
    assert is_known.sum() > 15
    assert adjusted_rand_score(inherited[is_known], full[is_known]) == 1.0
    # About 60 checks by default, and 42 with the given half-life.
    assert 1 <= len(full_labellings) <= 15


def test_a_cluster_that_appears_is_found_by_a_full_labelling(full_labellings):
    model = OnlineClusterer(25, half_life=700.0).fit(march(20_000))
    random = np.random.default_rng(1)
    points = march(8_000)
    points[:, 1] += 10.0
    points[::4] = random.normal([18.0, 60.0], size=(2_000, 2))
    n_before = len(full_labellings)
    model.partial_fit(points)
    assert len(full_labellings) > n_before
    near = model.find_nearest([[18.0, 60.0], [12.0, 14.0], [24.0, 14.0]])
    labels = model._prototypes.previous_labels[near]
    assert labels.min() >= 0
    assert len({*labels.tolist()}) == 3


def test_a_full_labelling_is_due_at_every_so_many_checks(full_labellings):
    held = OnlineClusterer(25, half_life=700.0).fit(march(20_000))._prototypes
    period = N_CHECKS * INTERVAL
    for n_seen, n_full in ((period - 1, 0), (period, 1), (period + INTERVAL - 1, 1)):
        full_labellings.clear()
        held.scalars[N_SEEN] = n_seen
        label_moving(held, INTERVAL)
        assert len(full_labellings) == n_full
    full_labellings.clear()
    held.set_previous_labels(None)
    label_moving(held, INTERVAL)
    assert len(full_labellings) == 1


def test_a_cluster_with_two_halves_lasts_until_a_full_labelling(full_labellings):
    # Two clusters, as if they were one.
    held = OnlineClusterer(25, half_life=700.0).fit(march(20_000, n_clusters=2))._prototypes
    halved = np.minimum(held.previous_labels, 0)
    for n_seen, n_full in ((3 * PATIENCE - 1, 0), (3 * PATIENCE, 1)):
        full_labellings.clear()
        held.set_previous_labels(halved)
        held.scalars[N_SEEN] = n_seen
        label_moving(held, INTERVAL)
        assert len(full_labellings) == n_full


@pytest.mark.parametrize("seed", range(8))
def test_inherited_labels_agree_with_the_reference(seed):
    random = np.random.default_rng(seed)
    n_features = 1 + seed % 4
    model = OnlineClusterer(5 + 6 * seed, half_life=500.0)
    held = model.fit(march(3_000, n_features=n_features, seed=seed))._prototypes
    labels = label_prototypes(**held.density_data)
    # Any whole number may stand in a model file.
    labels = np.where(random.random(len(labels)) < 0.5, 10**15 + 7 * labels, -1)
    held.set_previous_labels(labels)
    expected, has_halves = inherit_labels(Described(held))
    arrays = np.empty((2, held.n_taken), dtype=np.int64)
    n_found = label_inheritance.inherit_labels(
        *(held.floats, held.int_rows, held.n_taken),
        *(*arrays, np.empty(held.n_taken), np.empty((held.n_taken + 1, n_features))),
    )
    np.testing.assert_array_equal(held.previous_labels, labels)
    if expected is None:
        assert n_found == 0
        return
    is_none = expected < 0
    np.testing.assert_array_equal(arrays[0] < 0, is_none)
    assert adjusted_rand_score(arrays[0][~is_none], expected[~is_none]) == 1.0
    assert n_found == (-1 if has_halves else 1) * len({*expected[~is_none].tolist()})


class Described:
    """The prototypes as the reference describes them."""

    def __init__(self, held) -> None:
        columns = held.inner_centers, held.weights, held.counts, held.inner_scatters
        self.prototypes = [
            One(*each) for each in zip(*columns, held.previous_labels.tolist(), strict=True)
        ]

    def column(self, name: str) -> np.ndarray:
        return np.array([getattr(each, name) for each in self.prototypes])


class One:
    def __init__(self, center, weight, count, scatter, previous_label) -> None:
        self.center, self.weight, self.count = center, weight, count
        self.scatter, self.previous_label = scatter, previous_label

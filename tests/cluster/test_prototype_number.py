"""The automatic number of prototypes, and the notice that a given number is too small."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from clusterer import OnlineClusterer, load
from clusterer.base import Snapshot
from clusterer.cluster.prototypes.parameters import FEWEST, MOST
from clusterer.datasets import make_generator
from clusterer.support.errors import SaturationWarning


def draw_grid(n_side: int, n_points: int) -> np.ndarray:
    random = np.random.default_rng(0)
    return 10.0 * random.integers(n_side, size=(n_points, 2)) + random.normal(size=(n_points, 2))


def test_many_clusters_get_many_prototypes():
    model = OnlineClusterer().fit(draw_grid(8, 8000))
    assert len(model.weights_) == MOST
    assert model.n_clusters_ == 64


def test_a_few_clear_clusters_get_few_prototypes():
    model = OnlineClusterer().fit(draw_grid(2, 6000))
    assert len(model.weights_) == FEWEST
    assert model.n_clusters_ == 4


def test_moving_clusters_get_few_prototypes():
    model = OnlineClusterer().fit(make_generator("drifting", seed=1).take(6000).points)
    assert model.half_life_ < np.inf
    assert len(model.weights_) == FEWEST


@pytest.mark.parametrize("n_side", [2, 6])
def test_chunks_and_saving_change_nothing(n_side, tmp_path):
    points = draw_grid(n_side, 4500)
    whole, parts = OnlineClusterer().fit(points), OnlineClusterer()
    for chunk in np.split(points, [1, 700, 1999, 2001, 3999]):
        parts.partial_fit(chunk).save(tmp_path / "model")
        parts = load(tmp_path / "model")
    assert_array_equal(parts.prototypes_, whole.prototypes_)
    assert_array_equal(parts.cluster_labels_, whole.cluster_labels_)


def test_too_few_prototypes_are_told():
    points = draw_grid(8, 6000)
    few = OnlineClusterer(50).fit(points)
    with pytest.warns(SaturationWarning, match="50 prototypes are too few here: try n_.*=200"):
        few.predict(points)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert few.partial_fit(points).is_saturated_
    snapshot = few.snapshot()
    assert (snapshot.most_prototypes, snapshot.enough_prototypes) == (50, 200)
    assert Snapshot.from_arrays(*snapshot.to_arrays()).enough_prototypes == 200
    assert "too few here: try 200" in few.describe()["prototypes"]
    enough = OnlineClusterer(MOST).fit(points)
    assert not enough.is_saturated_
    assert enough.snapshot().enough_prototypes == 0
    assert enough.describe()["prototypes"] == f"{MOST} of at most {MOST}"


def test_another_word_than_auto_is_refused():
    with pytest.raises(ValueError, match="n_prototypes must be a whole number of at least 1 or"):
        OnlineClusterer("many").fit([[0.0]])

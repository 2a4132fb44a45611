"""Sparse points give the same models and answers as dense ones, in bounded memory."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_array_equal

from clusterer import OnlineClusterer
from clusterer.cluster.points import sparse_rows
from tests.cluster.test_properties import assert_identical


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks of 16 rows of 12 features."""
    monkeypatch.setattr(sparse_rows, "BLOCK_BYTES", 16 * 12 * 8)


def draw_counts(n_points: int = 300) -> np.ndarray:
    """Counts of words (n, 12) on three subjects, half of them 0 or more."""
    random = np.random.default_rng(3)
    rates = np.repeat(np.array([[9.0, 0.1], [0.1, 9.0], [3.0, 3.0]]), 6, axis=1)
    counts = random.poisson(rates[random.integers(3, size=n_points)])
    counts[:, 0] += 1  # so that no row is empty
    return counts


@pytest.mark.parametrize("kind", [sp.csr_array, sp.csc_matrix, sp.coo_array])
@pytest.mark.parametrize("settings", [{}, {"metric": "cosine"}, {"noise_threshold": 2.0}])
def test_sparse_points_are_learned_as_dense_ones(kind, settings, small_blocks):
    counts = draw_counts()
    random = np.random.default_rng(0)
    more = {
        "sample_weight": np.concatenate([np.zeros(40), random.uniform(0.0, 2.0, size=260)]),
        "times": np.sort(random.uniform(0, 60, size=300)).astype("M8[s]"),
    }
    dense, sparse = (OnlineClusterer(20, half_life="1min", **settings) for _ in range(2))
    dense.fit(counts, **more).partial_fit(counts, times=more["times"] + np.timedelta64(60, "s"))
    sparse.fit(kind(counts), **more).partial_fit(
        kind(counts), times=more["times"] + np.timedelta64(60, "s")
    )
    assert_identical(sparse.snapshot(), dense.snapshot())
    assert_array_equal(sparse.labels_, dense.labels_)
    for name in ("predict", "transform", "score_samples", "predict_proba", "find_nearest"):
        found, expected = (getattr(dense, name)(X) for X in (kind(counts), counts))
        np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_an_error_in_a_later_block_changes_nothing(small_blocks):
    counts = draw_counts().astype(np.float64)
    model = OnlineClusterer(20).fit(counts)
    before = model.snapshot()
    counts[250, 3] = np.nan
    with pytest.raises(ValueError, match=r"In the rows of X from 240 on: Row 10 .*column 3"):
        model.partial_fit(sp.csr_array(counts))
    assert_identical(model.snapshot(), before)
    assert len(model.labels_) == 300
    unfitted = OnlineClusterer(20)
    with pytest.raises(ValueError, match="Every weight is zero"):
        unfitted.fit(sp.csr_array(draw_counts()), sample_weight=np.zeros(300))
    assert not hasattr(unfitted, "n_features_in_")


def test_memory_does_not_grow_with_the_rows():
    random = np.random.default_rng(0)
    n_points, n_features, n_words = 4000, 20_000, 30
    columns = random.integers(n_features, size=n_points * n_words)
    rows = np.repeat(np.arange(n_points), n_words)
    X = sp.csr_array((np.ones(len(rows)), (rows, columns)), shape=(n_points, n_features))
    model = OnlineClusterer(2, join=False).partial_fit(X[:9])
    tracemalloc.start()
    try:
        model.partial_fit(X)
        assert len(model.predict(X)) == n_points
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # As dense rows they would take 640 MB.
    assert peak < 8 * sparse_rows.BLOCK_BYTES

"""Neighbours and saddles agree with a slow search of all pairs, from the definitions."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import logsumexp

from clusterer.cluster.density.density_estimate import DensityEstimate, estimate_density
from clusterer.cluster.density.saddles import measure_saddles
from clusterer.cluster.prototypes.links import WINDOW

# Of the definition in the module: the nearest ones that are tried, and the places on a line.
N_NEAREST, SHARES = 10, np.arange(1, 6) / 6


def find_pairs(density: DensityEstimate, links: np.ndarray) -> list[tuple[int, int]]:
    """Neighbours by the definition: near or linked, and no third one in the sphere between."""
    squares = density.squared_distances
    ranks = np.argsort(np.argsort(squares, axis=1, kind="stable"), axis=1, kind="stable")
    is_tried = (ranks <= N_NEAREST) | (ranks <= N_NEAREST).T
    if len(links):
        is_tried |= links > 0.0
    return [
        (i, j)
        for i in range(len(squares))
        for j in range(i + 1, len(squares))
        if is_tried[i, j]
        and not any(
            squares[i, k] + squares[j, k] < squares[i, j]
            for k in range(len(squares))
            if k not in (i, j)
        )
    ]


def find_lowest(density: DensityEstimate, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The lowest density on the line between two prototypes, and at the two, for each pair."""
    begin, end = density.centers[first], density.centers[second]
    lowest = np.minimum(density.log_density[first], density.log_density[second])
    for share in SHARES:
        places = begin + share * (end - begin)
        squares = ((places[:, None] - density.centers) ** 2).sum(axis=2)
        heights = logsumexp(density.log_norms - 0.5 * squares * density.inverses, axis=1)
        lowest = np.minimum(lowest, heights)
    return lowest


def draw(kind: str, seed: int) -> DensityEstimate:
    random = np.random.default_rng(seed)
    n, d = (int(random.integers(2, 45)), int(random.integers(1, 5)))
    if kind == "high dimension":
        # All pairs are neighbours, many more than a prototype has near ones.
        n, d = 24, 40
    centers = random.normal(size=(n, d))
    weights = random.integers(1, 60, n).astype(float)
    if kind == "lattice":
        centers = np.rint(2.0 * centers)
    if kind == "sharp":
        # Of two narrow prototypes far apart, a wide third one is all that lies between.
        weights *= 1e5
    scatters = weights * d * random.choice([1e-6, 0.05, 4.0], n)
    return estimate_density(centers, weights, scatters, weights)


KINDS = ("cloud", "lattice", "sharp", "high dimension")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("are_linked", [False, True])
def test_saddles_agree_with_the_definition(kind: str, are_linked: bool) -> None:
    for seed in range(8):
        density = draw(kind, seed)
        n = len(density.centers)
        random = np.random.default_rng(seed)
        slots = random.permutation(n)
        links = np.empty((0, 0))
        if are_linked:
            links = np.triu(random.random((n, n)) * (random.random((n, n)) < 0.5), 1)
            links = links + links.T
        saddles = measure_saddles(density, links, slots)
        expected_pairs = find_pairs(density, links[np.ix_(slots, slots)] if are_linked else links)
        assert [
            *zip(saddles.first.tolist(), saddles.second.tolist(), strict=True)
        ] == expected_pairs
        first, second = saddles.first, saddles.second
        lower = np.minimum(density.log_density[first], density.log_density[second])
        assert_array_equal(saddles.log_lower, lower)
        lowest = find_lowest(density, first, second)
        assert_allclose(saddles.ratios, np.exp(lowest - lower), rtol=1e-9, atol=1e-300)
        assert (saddles.ratios <= 1.0).all()
        assert_allclose(saddles.expected, expect_points(density, first, second), rtol=1e-12)
        seen = (
            links[slots[first], slots[second]] if are_linked else saddles.ratios * saddles.expected
        )
        assert_allclose(saddles.seen, seen, rtol=1e-12)


def expect_points(density: DensityEstimate, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Points of a level density in the window of the links, at the lighter of the two ends.

    A Gaussian with the window's variance times one with the kernel's variance.
    """
    found = []
    for i, j in zip(first, second, strict=True):
        window = WINDOW**2 * density.squared_distances[i, j] or 1.0
        shares = [
            density.masses[end]
            * np.prod(
                np.full(
                    density.centers.shape[1],
                    np.sqrt(window / (window + density.kernel_variances[end])),
                )
            )
            for end in (i, j)
        ]
        found.append(min(shares))
    return np.array(found)


def test_links_count_only_if_their_window_spans_several_steps() -> None:
    centers = np.arange(4.0)[:, None]
    weights = np.full(4, 50.0)
    density = estimate_density(centers, weights, weights / 12, weights)
    links = np.full((4, 4), 7.0)
    np.fill_diagonal(links, 0.0)
    slots = np.arange(4)
    saddles = measure_saddles(density, links, slots)
    assert_array_equal(saddles.seen, np.full(3, 7.0))
    window = WINDOW**2 * density.squared_distances[0, 1]
    for step_variance, is_linked in ((window / 3.1, True), (window / 2.9, False)):
        seen = measure_saddles(density, links, slots, step_variance).seen
        assert_allclose(seen, np.full(3, 7.0) if is_linked else saddles.ratios * saddles.expected)


def test_one_prototype_has_no_saddle() -> None:
    density = estimate_density(np.zeros((1, 2)), np.ones(1), np.ones(1), np.ones(1))
    saddles = measure_saddles(density, np.empty((0, 0)), np.zeros(1, np.int64))
    assert all(len(each) == 0 for each in saddles)


def test_prototypes_on_one_spot_are_neighbours() -> None:
    centers = np.array([[0.0], [0.0], [3.0]])
    weights = np.full(3, 20.0)
    density = estimate_density(centers, weights, weights, weights)
    saddles = measure_saddles(density, np.empty((0, 0)), np.arange(3))
    pairs = {*zip(saddles.first.tolist(), saddles.second.tolist(), strict=True)}
    assert {(0, 1), (0, 2), (1, 2)} == pairs
    assert np.isfinite(saddles.expected).all()
    assert saddles.ratios[0] == 1.0

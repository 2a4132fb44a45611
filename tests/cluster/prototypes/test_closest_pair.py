"""In long streams, in which centres move by small steps, the bounds stay below all costs."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from clusterer.cluster.prototypes.parameters import check_parameters
from clusterer.cluster.prototypes.prototypes import Prototypes
from clusterer.cluster.prototypes.state_layout import BOUND, BOUND_UNIT
from tests.support.closest_pair import closest_pair
from tests.support.reference import merging_cost
from tests.support.streams import RULES

N_PROTOTYPES, N_POINTS = 24, 3_000


def draw(kind: str, n_features: int, n_points: int = N_POINTS) -> NDArray:
    random = np.random.default_rng(n_features)
    points = random.normal(size=(n_points, n_features))
    if kind == "lattice":
        return np.rint(2.0 * points)
    points[::50] *= 1e6 if kind == "outliers" else 1.0
    return points + 6.0 * random.integers(3, size=(n_points, 1))


def measure_costs(prototypes: Prototypes, merge: str) -> dict[tuple[int, int], float]:
    """The cost of each pair of slots, in lexicographic order."""
    centers, weights = prototypes.inner_centers, prototypes.weights.tolist()
    gaps = centers[:, None, :] - centers
    distances = np.add.accumulate(gaps * gaps, axis=2)[:, :, -1].tolist()
    return {
        (i, j): merging_cost(distances[i][j], weights[i], weights[j], merge)
        for i in range(len(weights))
        for j in range(i + 1, len(weights))
    }


@pytest.mark.parametrize("half_life", [None, 400.0])
@pytest.mark.parametrize("kind", ["blobs", "outliers", "lattice"])
@pytest.mark.parametrize("n_features", [1, 2, 16])
@pytest.mark.parametrize("merge", RULES)
def test_bounds_stay_below_all_costs(merge, n_features, kind, half_life):
    parameters = check_parameters(N_PROTOTYPES, 4.0, half_life, "kernel", merge)
    prototypes = Prototypes(n_features, N_PROTOTYPES, parameters.rule)
    points = draw(kind, n_features)
    for begin in range(0, N_POINTS, 75):
        prototypes.learn(points[begin : begin + 75], parameters)
        costs = measure_costs(prototypes, merge)
        bounds = prototypes.rows[BOUND] / prototypes.scalars[BOUND_UNIT]
        assert all(cost >= min(bounds[i], bounds[j]) for (i, j), cost in costs.items())
        assert closest_pair(prototypes) == min(costs, key=lambda pair: costs[pair])


@pytest.mark.parametrize("half_life", [None, 30.0])
@pytest.mark.parametrize("kind", ["blobs", "outliers", "lattice"])
@pytest.mark.parametrize("merge", RULES)
def test_bounds_are_below_all_costs_and_useful_after_every_point(merge, kind, half_life):
    parameters = check_parameters(9, 4.0, half_life, "kernel", merge)
    prototypes = Prototypes(2, 9, parameters.rule)
    shares = []
    for point in draw(kind, 2, n_points=120):
        prototypes.learn(point[None], parameters)
        if prototypes.n_taken < 2:
            continue
        costs = measure_costs(prototypes, merge)
        bounds = prototypes.rows[BOUND] / prototypes.scalars[BOUND_UNIT]
        assert all(cost >= min(bounds[i], bounds[j]) for (i, j), cost in costs.items())
        least = min(costs, key=lambda pair: costs[pair])
        assert closest_pair(prototypes) == least
        # A row with a bound above the least cost is not searched.
        shares.append((bounds[: prototypes.n_taken] > costs[least]).mean())
    assert np.mean(shares[-60:]) > 0.5

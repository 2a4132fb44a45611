"""A sweep: the same points learned with every pair of several σ and several K."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clusterer.cluster.estimator import OnlineClusterer

SIGMA_FACTORS = (0.25, 0.5, 1.0, 2.0, 4.0)
N_PROTOTYPES = (10, 20, 50, 100)


@dataclass(frozen=True, eq=False)
class Cell:
    """What one setting makes of the points: ``labels`` (n,), -1 for noise."""

    sigma: float
    n_prototypes: int
    labels: NDArray[np.int64]

    @property
    def n_clusters(self) -> int:
        """Number of clusters, noise not counted."""
        return len(np.unique(self.labels[self.labels >= 0]))

    @property
    def noise_share(self) -> float:
        """Share of the points that is noise."""
        return float((self.labels < 0).mean())


@dataclass(frozen=True, eq=False)
class Sweep:
    """The cells that are ready, of all; with the points (n, d) in the units of the data.

    ``chosen`` are the σ and K that the user took. ``message`` says why it failed, if it did.
    """

    points: NDArray[np.float64]
    sigmas: tuple[float, ...]
    n_prototypes: tuple[int, ...]
    cells: tuple[Cell, ...] = ()
    chosen: tuple[float, int] | None = None
    message: str = ""

    @property
    def n_cells(self) -> int:
        """How many there will be."""
        return len(self.sigmas) * len(self.n_prototypes)

    @property
    def is_running(self) -> bool:
        """Whether there is more to come."""
        return not self.message and (not self.n_cells or len(self.cells) < self.n_cells)

    def find(self, x: float, y: float) -> tuple[float, int] | None:
        """The σ and K of the cell at a place, each cell a square of side 1; None beside."""
        column, row = int(np.floor(x)), int(np.floor(y))
        if 0 <= column < len(self.sigmas) and 0 <= row < len(self.n_prototypes):
            return self.sigmas[column], sorted(self.n_prototypes)[row]
        return None


def choose_sigmas(points: NDArray[np.float64]) -> tuple[float, ...]:
    """Widths around the one that is chosen automatically for these points, to three digits.

    >>> choose_sigmas(np.array([[-1.0], [1.0]]))
    (0.0625, 0.125, 0.25, 0.5, 1.0)
    """
    middle = OnlineClusterer().fit(points).sigma_ or 1.0
    return tuple(float(f"{factor * middle:.3g}") for factor in SIGMA_FACTORS)


def sweep(
    points: NDArray[np.float64],
    sigmas: Sequence[float],
    n_prototypes: Sequence[int],
    parameters: Mapping[str, Any] = MappingProxyType({}),
) -> Iterator[Cell]:
    """Learn the points (n, d) in their order with each setting, and give each point its cluster.

    Yields a cell for each pair, the largest K first, each K with the σ in the order given.
    ``parameters`` are the others of `OnlineClusterer`. Raises what that raises.

    Examples
    --------
    >>> points = np.random.default_rng(0).normal(size=(200, 2))
    >>> points[::2] += 20.0
    >>> cells = sweep(points, [1.0, 4.0], [10], {"half_life": 500.0})
    >>> [(cell.sigma, cell.n_prototypes, cell.n_clusters) for cell in cells]
    [(1.0, 10, 2), (4.0, 10, 2)]
    """
    for k, sigma in product(sorted(n_prototypes, reverse=True), sigmas):
        model = OnlineClusterer(**{**parameters, "n_prototypes": k, "sigma": sigma})
        yield Cell(sigma, k, model.fit(points).predict(points))

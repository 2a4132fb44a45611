"""Grid sweep: the same points learned with every pair of several σ and several K."""

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
class GridCell:
    """The ``labels`` (n,) of the points with one pair of parameters; -1 for noise."""

    sigma: float
    n_prototypes: int
    labels: NDArray[np.int64]

    @property
    def n_clusters(self) -> int:
        """Number of clusters, noise not counted."""
        return len(np.unique(self.labels[self.labels >= 0]))

    @property
    def noise_share(self) -> float:
        """Share of the points that are noise."""
        return float((self.labels < 0).mean())


@dataclass(frozen=True, eq=False)
class GridSweep:
    """The finished cells of a sweep, which may still be running.

    Parameters
    ----------
    points : (n, d)
        The points, in the units of the data.
    sigmas : tuple of float
        The widths of the kernel.
    n_prototypes : tuple of int
        The numbers of prototypes.
    cells : tuple of GridCell, default ()
        The finished cells.
    chosen : (float, int), optional
        The σ and K that the user has chosen.
    message : str, default ""
        The reason why the sweep failed; empty if it did not.
    """

    points: NDArray[np.float64]
    sigmas: tuple[float, ...]
    n_prototypes: tuple[int, ...]
    cells: tuple[GridCell, ...] = ()
    chosen: tuple[float, int] | None = None
    message: str = ""

    @property
    def n_cells(self) -> int:
        """Number of cells when the sweep has finished."""
        return len(self.sigmas) * len(self.n_prototypes)

    @property
    def is_running(self) -> bool:
        """Whether cells are missing and the sweep has not failed."""
        return not self.message and (not self.n_cells or len(self.cells) < self.n_cells)

    def find(self, x: float, y: float) -> tuple[float, int] | None:
        """The σ and K of the cell at a place; None outside the grid. Cells are unit squares."""
        column, row = int(np.floor(x)), int(np.floor(y))
        if 0 <= column < len(self.sigmas) and 0 <= row < len(self.n_prototypes):
            return self.sigmas[column], sorted(self.n_prototypes)[row]
        return None


def choose_sigmas(points: NDArray[np.float64]) -> tuple[float, ...]:
    """Widths around the automatic width for these points (n, d), to three digits.

    >>> choose_sigmas(np.array([[-1.0], [1.0]]))
    (0.0625, 0.125, 0.25, 0.5, 1.0)
    """
    middle = OnlineClusterer().fit(points).sigma_ or 1.0
    return tuple(float(f"{factor * middle:.3g}") for factor in SIGMA_FACTORS)


def sweep_grid(
    points: NDArray[np.float64],
    sigmas: Sequence[float],
    n_prototypes: Sequence[int],
    parameters: Mapping[str, Any] = MappingProxyType({}),
) -> Iterator[GridCell]:
    """Learn the points with each pair of parameters, and label them.

    Parameters
    ----------
    points : (n, d)
        The points in the order of the stream.
    sigmas : sequence of float
        Widths of the kernel.
    n_prototypes : sequence of int
        Numbers of prototypes.
    parameters : mapping, default {}
        The other parameters of `OnlineClusterer`.

    Yields
    ------
    GridCell
        One cell for each pair: the largest K first, each K with the widths in the given order.

    Raises
    ------
    ValueError
        As `OnlineClusterer` raises it.

    Examples
    --------
    >>> points = np.random.default_rng(0).normal(size=(200, 2))
    >>> points[::2] += 20.0
    >>> cells = sweep_grid(points, [1.0, 4.0], [10], {"half_life": 500.0})
    >>> [(cell.sigma, cell.n_prototypes, cell.n_clusters) for cell in cells]
    [(1.0, 10, 2), (4.0, 10, 2)]
    """
    for k, sigma in product(sorted(n_prototypes, reverse=True), sigmas):
        model = OnlineClusterer(**{**parameters, "n_prototypes": k, "sigma": sigma})
        yield GridCell(sigma, k, model.fit(points).predict(points))

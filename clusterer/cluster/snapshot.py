"""A snapshot: everything that a view sees of a model at one moment."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Snapshot:
    """The prototypes and clusters after ``n_seen`` points, in arrays that never change.

    Attributes
    ----------
    n_seen : int
        Number of points learned.
    centers : (m, d)
        Centres of the prototypes, in the units in which the model learned.
    weights, counts, scatters : (m,)
        Sums of kernel values, numbers of points, weighted sums of squared deviations.
    ids, last_seen : (m,) int
        Index in the stream of each prototype's first point and of its last point.
    labels : (m,) int
        The cluster of each prototype; -1 for noise.
    sigma, half_life : float
        Width of the kernel and half-life in force; the half-life is infinite if nothing is
        forgotten.
    links : (m, m)
        Points seen between two prototypes; see `clusterer.cluster.prototypes.links`.
    """

    n_seen: int
    centers: NDArray[np.float64]
    weights: NDArray[np.float64]
    counts: NDArray[np.float64]
    scatters: NDArray[np.float64]
    ids: NDArray[np.int64]
    last_seen: NDArray[np.int64]
    labels: NDArray[np.int64]
    sigma: float
    links: NDArray[np.float64]
    half_life: float = np.inf

    @classmethod
    def empty(cls, n_features: int) -> "Snapshot":
        """Return the snapshot before the first point."""
        nothing, none = np.empty(0), np.empty(0, dtype=np.int64)
        return cls(
            n_seen=0,
            centers=np.empty((0, n_features)),
            weights=nothing,
            counts=nothing,
            scatters=nothing,
            ids=none,
            last_seen=none,
            labels=none,
            sigma=np.nan,
            links=np.empty((0, 0)),
        )

    @property
    def n_clusters(self) -> int:
        """Number of clusters, noise not counted."""
        return len(np.unique(self.labels[self.labels >= 0]))

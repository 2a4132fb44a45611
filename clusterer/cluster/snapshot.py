"""A snapshot: all that a view may know of the model at one moment."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Snapshot:
    """The prototypes and clusters after ``n_seen`` points; arrays of their own, never changed.

    ``centers`` (m, d) in the units of the data, ``weights``, ``counts``, ``scatters``, ``ids``,
    ``last_seen`` and ``labels`` (m,), the cluster of each prototype, -1 for noise; ``sigma`` and
    ``half_life`` are the kernel's width and the half-life in force, infinite for none; ``links``
    (m, m) the points seen between prototypes, see `clusterer.cluster.prototypes.links`.
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
        """The snapshot before the first point."""
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

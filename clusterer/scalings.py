"""Scaling: from the units of a table to those the model learns in, and back."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Scaling:
    """Subtract ``offsets`` (d,), divide by ``scales`` (d,).

    >>> scaling = Scaling.standardize(np.array([5.0, 1.0]), np.array([2.0, 0.0]))
    >>> scaling.apply(np.array([[9.0, 1.0]])).tolist()
    [[2.0, 0.0]]
    """

    offsets: NDArray[np.float64]
    scales: NDArray[np.float64]

    @classmethod
    def identity(cls, n_features: int) -> "Scaling":
        """Leave everything as it is."""
        return cls(np.zeros(n_features), np.ones(n_features))

    @classmethod
    def standardize(cls, means: NDArray, deviations: NDArray) -> "Scaling":
        """Bring columns to mean 0 and standard deviation 1; constant ones are only moved."""
        is_flat = ~(np.isfinite(deviations) & (deviations > 0))
        return cls(np.where(np.isfinite(means), means, 0.0), np.where(is_flat, 1.0, deviations))

    def apply(self, points: NDArray) -> NDArray[np.float64]:
        """Points (n, d) in the units of the model."""
        return (points - self.offsets) / self.scales

    def undo(self, points: NDArray) -> NDArray[np.float64]:
        """Points (n, d) in the units of the table."""
        return points * self.scales + self.offsets

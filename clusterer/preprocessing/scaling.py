"""Scaling: from the units of a table to those the model learns in, and back."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

# New units come when a deviation has grown or shrunk by so much, or a mean moved by as much of it.
STEP = 0.1


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

    @staticmethod
    def standardize(means: NDArray, deviations: NDArray) -> "Scaling":
        """Bring columns to mean 0 and standard deviation 1; constant ones are only moved."""
        is_flat = ~(np.isfinite(deviations) & (deviations > 0))
        return Scaling(np.where(np.isfinite(means), means, 0.0), np.where(is_flat, 1.0, deviations))

    def follow(self, points: NDArray) -> "Scaling":
        """The scaling to use from the points (n, d) on, in the units of the table; always this."""
        return self

    def restart(self) -> "Scaling":
        """The scaling to use from the first point on."""
        return self

    def take_over(self, before: "Scaling") -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Factors and shifts (d,), (d,) from the units of ``before`` to these."""
        return before.scales / self.scales, (before.offsets - self.offsets) / self.scales

    def apply(self, points: NDArray) -> NDArray[np.float64]:
        """Points (n, d) in the units of the model."""
        return (points - self.offsets) / self.scales

    def undo(self, points: NDArray) -> NDArray[np.float64]:
        """Points (n, d) in the units of the table."""
        return points * self.scales + self.offsets


@dataclass(frozen=True, eq=False)
class Moments:
    """Means (d,), standard deviations (d,) and number of the points of a stream.

    Chunks are joined as in T. Chan, G. Golub, R. LeVeque, "Updating formulae and a pairwise
    algorithm for computing sample variances", 1979.

    >>> moments = Moments(np.zeros(1), np.zeros(1), 0).join(np.array([[1.0], [3.0]]))
    >>> moments.means.tolist(), moments.deviations.tolist(), moments.n_points
    ([2.0], [1.0], 2)
    """

    means: NDArray[np.float64]
    deviations: NDArray[np.float64]
    n_points: int

    def join(self, points: NDArray) -> "Moments":
        """The moments with points (n, d) more."""
        if not len(points):
            return self
        parts, fresh, variances = measure_moments(points)
        return self.pool(Moments(fresh * parts, np.sqrt(variances) * parts, len(points)))

    def pool(self, other: "Moments") -> "Moments":
        """The moments of the points of both.

        >>> one, other = Moments(np.ones(1), np.zeros(1), 1), Moments(np.zeros(1), np.ones(1), 3)
        >>> one.pool(other).means.tolist(), one.pool(other).n_points
        ([0.25], 4)
        """
        if not self.n_points or not other.n_points:
            return self if self.n_points else other
        n_points = self.n_points + other.n_points
        # In parts of the whole, because squares of 1e200 overflow.
        sizes = (np.abs(self.means), self.deviations, np.abs(other.means), other.deviations)
        whole = np.max(sizes, axis=0)
        whole = np.where(whole > 0.0, whole, 1.0)
        share = other.n_points / n_points
        means = self.means / whole
        gaps = other.means / whole - means
        variances = share * (other.deviations / whole) ** 2 + share * (1 - share) * gaps**2
        variances += (1 - share) * (self.deviations / whole) ** 2
        return Moments((means + share * gaps) * whole, np.sqrt(variances) * whole, n_points)


@njit(cache=True, nogil=True)
def measure_moments(points: Any) -> tuple[NDArray, NDArray, NDArray]:
    """Largest size (d,) in each column (1 for none), mean and variance in parts of that."""
    n_points, n_features = points.shape
    parts, means, variances = np.zeros(n_features), np.zeros(n_features), np.zeros(n_features)
    for i in range(n_points):
        for j in range(n_features):
            parts[j] = max(parts[j], abs(points[i, j]))
    for j in range(n_features):
        parts[j] = parts[j] if parts[j] > 0.0 else 1.0
    for i in range(n_points):
        for j in range(n_features):
            means[j] += points[i, j] / parts[j]
    means /= n_points
    for i in range(n_points):
        for j in range(n_features):
            gap = points[i, j] / parts[j] - means[j]
            variances[j] += gap * gap
    return parts, means, variances / n_points


@dataclass(frozen=True, eq=False)
class RunningScaling(Scaling):
    """Standardise by the mean and the standard deviation of all points so far.

    New units come in steps, because all that is learned has to be brought to them.

    ``known`` are the moments of the first points, which may come once more; ``seen`` those of
    all so far; ``n_to_skip`` tells how many of the known ones are still to come.

    >>> scaling = RunningScaling.begin(Moments(np.array([1.0]), np.array([1.0]), 2))
    >>> later = scaling.follow(np.array([[0.0], [2.0], [11.0], [13.0]]))
    >>> later.offsets.tolist(), later.scales.round(3).tolist()
    ([6.5], [5.59])
    """

    known: Moments
    seen: Moments
    n_to_skip: int

    @classmethod
    def begin(cls, known: Moments) -> "RunningScaling":
        """The scaling by what is known of the first points."""
        first = Scaling.standardize(known.means, known.deviations)
        means = first.offsets
        deviations = np.where(np.isfinite(known.deviations), known.deviations, 0.0)
        known = Moments(means, deviations, known.n_points)
        return cls(means, first.scales, known, known, known.n_points)

    @classmethod
    def resume(cls, seen: Moments) -> "RunningScaling":
        """The scaling by the points seen before, none of which comes again."""
        return replace(cls.begin(seen), n_to_skip=0)

    def follow(self, points: NDArray) -> "RunningScaling":
        """The scaling to use from the points (n, d) on; its units are those of before or new."""
        fresh = points[self.n_to_skip :]
        n_to_skip = max(self.n_to_skip - len(points), 0)
        if not len(fresh):
            return replace(self, n_to_skip=n_to_skip)
        seen = self.seen.join(fresh)
        wanted = Scaling.standardize(seen.means, seen.deviations)
        growth = wanted.scales / self.scales
        is_near = (growth < 1 + STEP) & (growth > 1 / (1 + STEP))
        is_near &= np.abs(wanted.offsets - self.offsets) < STEP * self.scales
        if is_near.all():
            return replace(self, seen=seen, n_to_skip=n_to_skip)
        return RunningScaling(wanted.offsets, wanted.scales, self.known, seen, n_to_skip)

    def pool(self, other: "RunningScaling") -> "RunningScaling":
        """The scaling by the points that either has seen."""
        return RunningScaling.resume(self.seen.pool(other.seen))

    def restart(self) -> "RunningScaling":
        """The scaling by what is known of the first points."""
        return RunningScaling.begin(self.known)

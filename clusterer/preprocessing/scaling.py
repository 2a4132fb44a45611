"""Scaling: from the units of a table to the units in which the model learns, and back."""

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from clusterer.support.kernels import entry

# The units change when a standard deviation grew or shrank by this share, or when a mean moved by
# this share of the standard deviation.
STEP = 0.1


@dataclass(frozen=True, eq=False)
class Scaling:
    """Subtract ``offsets`` (d,), then divide by ``scales`` (d,).

    >>> scaling = Scaling.standardize(np.array([5.0, 1.0]), np.array([2.0, 0.0]))
    >>> scaling.apply(np.array([[9.0, 1.0]])).tolist()
    [[2.0, 0.0]]
    """

    offsets: NDArray[np.float64]
    scales: NDArray[np.float64]

    @classmethod
    def identity(cls, n_features: int) -> "Scaling":
        """Return the scaling that changes nothing."""
        return cls(np.zeros(n_features), np.ones(n_features))

    @staticmethod
    def standardize(means: NDArray, deviations: NDArray) -> "Scaling":
        """Scale features to mean 0 and standard deviation 1; only shift constant features."""
        is_flat = ~(np.isfinite(deviations) & (deviations > 0))
        return Scaling(np.where(np.isfinite(means), means, 0.0), np.where(is_flat, 1.0, deviations))

    def to_dict(self, moments: Literal["none", "seen", "all"] = "all") -> dict[str, Any]:
        """Return the scaling in JSON's types; every float survives exactly.

        Parameters
        ----------
        moments : "none", "seen" or "all", default "all"
            Matters only for a `RunningScaling`: "none" writes the present offsets and scales,
            "seen" adds the moments of all points so far (as model files do), "all" also those of
            the first points, which `restart` needs (as checkpoints do).

        Examples
        --------
        >>> Scaling.standardize(np.array([5.0]), np.array([2.0])).to_dict()
        {'offsets': [5.0], 'scales': [2.0]}
        """
        return {"offsets": self.offsets.tolist(), "scales": self.scales.tolist()}

    @staticmethod
    def from_dict(entries: dict[str, Any]) -> "Scaling":
        """Build the scaling, fixed or running, that `to_dict` wrote.

        >>> Scaling.from_dict({"offsets": [5.0], "scales": [2.0]}).apply(np.array([[9.0]])).tolist()
        [[2.0]]
        >>> running = RunningScaling.begin(Moments(np.array([1.0]), np.array([1.0]), 2))
        >>> Scaling.from_dict(running.to_dict()).n_to_skip
        2
        """
        offsets, scales = (np.array(entries[name], np.float64) for name in ("offsets", "scales"))
        if "seen" in entries:
            known, seen = (Moments.from_list(entries[name]) for name in ("known", "seen"))
            return RunningScaling(offsets, scales, known, seen, entries["n_to_skip"])
        if "n_points" in entries:
            seen = Moments.from_list(
                [entries[name] for name in ("means", "deviations", "n_points")]
            )
            return RunningScaling(offsets, scales, seen, seen, 0)
        return Scaling(offsets, scales)

    def follow(self, points: NDArray) -> "Scaling":
        """Return the scaling to use from these points (n, d) on; a fixed scaling stays."""
        return self

    def restart(self) -> "Scaling":
        """Return the scaling to use when the stream starts again."""
        return self

    def take_over(self, before: "Scaling") -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the factors (d,) and shifts (d,) that lead from the units of ``before`` to these.

        `OnlineClusterer.change_units` takes them.
        """
        return before.scales / self.scales, (before.offsets - self.offsets) / self.scales

    def apply(self, points: NDArray) -> NDArray[np.float64]:
        """Convert points (n, d) from the units of the table to those of the model."""
        return (points - self.offsets) / self.scales

    def undo(self, points: NDArray) -> NDArray[np.float64]:
        """Convert points (n, d) from the units of the model to those of the table."""
        return points * self.scales + self.offsets


@dataclass(frozen=True, eq=False)
class Moments:
    """Means (d,), standard deviations (d,) and number of the points of a stream.

    The moments of two chunks are combined as in T. Chan, G. Golub, R. LeVeque, "Updating formulae
    and a pairwise algorithm for computing sample variances", 1979.

    >>> moments = Moments(np.zeros(1), np.zeros(1), 0).join(np.array([[1.0], [3.0]]))
    >>> moments.means.tolist(), moments.deviations.tolist(), moments.n_points
    ([2.0], [1.0], 2)
    """

    means: NDArray[np.float64]
    deviations: NDArray[np.float64]
    n_points: int

    def to_list(self) -> list[Any]:
        """Return means, deviations and number of points in JSON's types."""
        return [self.means.tolist(), self.deviations.tolist(), int(self.n_points)]

    @classmethod
    def from_list(cls, entries: list[Any]) -> "Moments":
        """Build the moments that `to_list` wrote."""
        means, deviations, n_points = entries
        return cls(np.array(means, np.float64), np.array(deviations, np.float64), n_points)

    def join(self, points: NDArray) -> "Moments":
        """Return the moments after the points (n, d) have been added."""
        if not len(points):
            return self
        sizes, means, variances = measure_moments(points)
        return self.pool(Moments(means * sizes, np.sqrt(variances) * sizes, len(points)))

    def pool(self, other: "Moments") -> "Moments":
        """Return the moments of the points of both.

        >>> one, other = Moments(np.ones(1), np.zeros(1), 1), Moments(np.zeros(1), np.ones(1), 3)
        >>> one.pool(other).means.tolist(), one.pool(other).n_points
        ([0.25], 4)
        """
        if not self.n_points or not other.n_points:
            return self if self.n_points else other
        n_points = self.n_points + other.n_points
        # Relative to the largest number, because squares of 1e200 overflow.
        magnitudes = (np.abs(self.means), self.deviations, np.abs(other.means), other.deviations)
        size = np.max(magnitudes, axis=0)
        size = np.where(size > 0.0, size, 1.0)
        share = other.n_points / n_points
        means = self.means / size
        gaps = other.means / size - means
        variances = share * (other.deviations / size) ** 2 + share * (1 - share) * gaps**2
        variances += (1 - share) * (self.deviations / size) ** 2
        return Moments((means + share * gaps) * size, np.sqrt(variances) * size, n_points)


def measure_moments(points: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """Return each column's largest absolute value (d,), and mean and variance relative to it.

    The first is 1 for a column of zeros.
    """
    sizes, means, variances = np.zeros((3, points.shape[1]))
    fill_moments(points, sizes, means, variances)
    return sizes, means, variances


@entry
def fill_moments(points: Any, sizes: Any, means: Any, variances: Any) -> None:
    """Write the results of `measure_moments` into arrays of zeros (d,)."""
    n_points, n_features = points.shape
    for i in range(n_points):
        for j in range(n_features):
            sizes[j] = max(sizes[j], abs(points[i, j]))
    for j in range(n_features):
        if not sizes[j] > 0.0:
            sizes[j] = 1.0
    for i in range(n_points):
        for j in range(n_features):
            means[j] += points[i, j] / sizes[j]
    for j in range(n_features):
        means[j] /= n_points
    for i in range(n_points):
        for j in range(n_features):
            gap = points[i, j] / sizes[j] - means[j]
            variances[j] += gap * gap
    for j in range(n_features):
        variances[j] /= n_points


@dataclass(frozen=True, eq=False)
class RunningScaling(Scaling):
    """Standardise by the mean and the standard deviation of all points so far.

    The units change in steps, because each change converts everything that the model has learned.

    ``known`` are the moments of the first points of the stream, measured in advance; ``seen`` are
    the moments of all points so far; ``n_to_skip`` is the number of points still to come that
    ``known`` already contains.

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
        """Return the scaling at the start of a stream whose first points have these moments."""
        first = Scaling.standardize(known.means, known.deviations)
        means = first.offsets
        deviations = np.where(np.isfinite(known.deviations), known.deviations, 0.0)
        known = Moments(means, deviations, known.n_points)
        return cls(means, first.scales, known, known, known.n_points)

    @classmethod
    def resume(cls, seen: Moments) -> "RunningScaling":
        """Return the scaling after points with these moments; none of the points comes again."""
        return replace(cls.begin(seen), n_to_skip=0)

    def to_dict(self, moments: Literal["none", "seen", "all"] = "all") -> dict[str, Any]:
        """Return the scaling in JSON's types; see `Scaling.to_dict`."""
        entries = super().to_dict()
        if moments == "seen":
            means, deviations, n_points = self.seen.to_list()
            entries |= {"means": means, "deviations": deviations, "n_points": n_points}
        elif moments == "all":
            entries |= {"n_to_skip": self.n_to_skip}
            entries |= {"known": self.known.to_list(), "seen": self.seen.to_list()}
        return entries

    def follow(self, points: NDArray) -> "RunningScaling":
        """Return the scaling to use from these points (n, d) on, in old or new units."""
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
        """Return the scaling by the points that either of the two has seen."""
        return RunningScaling.resume(self.seen.pool(other.seen))

    def restart(self) -> "RunningScaling":
        """Return the scaling to use when the stream starts again."""
        return RunningScaling.begin(self.known)

"""Scaling: from the units of a table to the units in which the model learns, and back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from clusterer.preprocessing.logarithm import take_logarithm, undo_logarithm
from clusterer.support.kernels import entry

# The units change when a standard deviation grew or shrank by this share, or when a mean moved by
# this share of the standard deviation.
STEP = 0.1


@dataclass(frozen=True)
class Treatment:
    """How single features are treated: their logarithm is taken, or they weigh more or less.

    Parameters
    ----------
    log_units : tuple of float (d,)
        The unit of the logarithm of each feature (see `clusterer.preprocessing.logarithm`); 0 for
        a feature that is taken as it is.
    weights : tuple of float (d,)
        The factor of each feature after the standardisation, above 0; 1 for no change.

    Examples
    --------
    >>> treatment = Treatment.choose(("age", "income"), {"income": 100.0}, {"age": 2.0})
    >>> treatment.log_units, treatment.weights, treatment.is_plain
    ((0.0, 100.0), (2.0, 1.0), False)
    """

    log_units: tuple[float, ...]
    weights: tuple[float, ...]

    @classmethod
    def plain(cls, n_features: int) -> "Treatment":
        """Return the treatment that changes nothing."""
        return cls((0.0,) * n_features, (1.0,) * n_features)

    @classmethod
    def choose(
        cls, names: Sequence[str], log_units: Mapping[str, float], weights: Mapping[str, float]
    ) -> "Treatment":
        """Return the treatment of features with these names; all others are plain."""
        return cls(
            tuple(float(log_units.get(name, 0.0)) for name in names),
            tuple(float(weights.get(name, 1.0)) for name in names),
        )

    @property
    def is_plain(self) -> bool:
        """Whether no logarithm is taken and all features weigh alike."""
        return not any(self.log_units) and all(weight == 1.0 for weight in self.weights)

    def take_logarithms(self, points: NDArray) -> NDArray[np.float64]:
        """Return points (n, d) with the logarithms of the chosen features."""
        if not any(self.log_units):
            return points
        points = np.array(points, np.float64)
        for j, unit in enumerate(self.log_units):
            if unit:
                points[:, j] = take_logarithm(points[:, j], unit)
        return points

    def undo_logarithms(self, points: NDArray) -> NDArray[np.float64]:
        """Return the points (n, d) that `take_logarithms` has converted."""
        if not any(self.log_units):
            return points
        points = np.array(points, np.float64)
        for j, unit in enumerate(self.log_units):
            if unit:
                points[:, j] = undo_logarithm(points[:, j], unit)
        return points

    def explain(self, names: Sequence[str]) -> dict[str, str]:
        """Return what differs from a plain treatment, in words for users.

        >>> Treatment((0.0, 2.0), (0.5, 1.0)).explain(("age", "income"))
        {'logarithm': 'income', 'weights': 'age 0.5'}
        """
        logs = [name for name, unit in zip(names, self.log_units, strict=True) if unit]
        weights = [
            f"{name} {weight:g}"
            for name, weight in zip(names, self.weights, strict=True)
            if weight != 1.0
        ]
        entries = {"logarithm": ", ".join(logs), "weights": ", ".join(weights)}
        return {name: text for name, text in entries.items() if text}


@dataclass(frozen=True, eq=False)
class Scaling:
    """Take the logarithm of some features, subtract ``offsets``, then divide by ``scales`` (d,).

    ``treatment`` says which features; by default none. The scales contain its weights: a feature
    of weight 2 has half of its standard deviation as its scale.

    >>> scaling = Scaling.standardize(np.array([5.0, 1.0]), np.array([2.0, 0.0]))
    >>> scaling.apply(np.array([[9.0, 1.0]])).tolist()
    [[2.0, 0.0]]
    >>> scaling = Scaling.identity(2, Treatment((1.0, 0.0), (1.0, 3.0)))
    >>> scaling.apply(np.array([[np.e**5, 2.0]])).round(3).tolist()
    [[5.0, 6.0]]
    """

    offsets: NDArray[np.float64]
    scales: NDArray[np.float64]
    treatment: Treatment = field(default_factory=lambda: Treatment((), ()), kw_only=True)

    def __post_init__(self) -> None:
        if not self.treatment.weights:
            object.__setattr__(self, "treatment", Treatment.plain(len(self.offsets)))

    @staticmethod
    def identity(n_features: int, treatment: Treatment | None = None) -> "Scaling":
        """Return the scaling that keeps the units, but for the treatment of single features."""
        treatment = treatment or Treatment.plain(n_features)
        return Scaling(np.zeros(n_features), 1.0 / np.array(treatment.weights), treatment=treatment)

    @staticmethod
    def standardize(
        means: NDArray, deviations: NDArray, treatment: Treatment | None = None
    ) -> "Scaling":
        """Scale features to mean 0 and standard deviation 1; only shift constant features.

        The moments are those of the logarithms where the treatment takes them.
        """
        treatment = treatment or Treatment.plain(len(means))
        is_flat = ~(np.isfinite(deviations) & (deviations > 0))
        scales = np.where(is_flat, 1.0, deviations) / np.array(treatment.weights)
        offsets = np.where(np.isfinite(means), means, 0.0)
        return Scaling(offsets, scales, treatment=treatment)

    @property
    def is_identity(self) -> bool:
        """Whether the units of the table are those of the model."""
        is_unscaled = not self.offsets.any() and (self.scales == 1.0).all()
        return bool(is_unscaled and self.treatment.is_plain)

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
        entries: dict[str, Any] = {
            "offsets": self.offsets.tolist(),
            "scales": self.scales.tolist(),
        }
        # Only where it says something, so that earlier versions read all other files.
        if not self.treatment.is_plain:
            entries["log_units"] = list(self.treatment.log_units)
            entries["weights"] = list(self.treatment.weights)
        return entries

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
        treatment = Treatment.plain(len(offsets))
        if "log_units" in entries:
            treatment = Treatment(tuple(entries["log_units"]), tuple(entries["weights"]))
        if "seen" in entries:
            known, seen = (Moments.from_list(entries[name]) for name in ("known", "seen"))
            n_to_skip = entries["n_to_skip"]
            return RunningScaling(offsets, scales, known, seen, n_to_skip, treatment=treatment)
        if "n_points" in entries:
            seen = Moments.from_list(
                [entries[name] for name in ("means", "deviations", "n_points")]
            )
            return RunningScaling(offsets, scales, seen, seen, 0, treatment=treatment)
        return Scaling(offsets, scales, treatment=treatment)

    def follow(self, points: NDArray) -> "Scaling":
        """Return the scaling to use from these points (n, d) on; a fixed scaling stays."""
        return self

    def restart(self) -> "Scaling":
        """Return the scaling to use when the stream starts again."""
        return self

    def take_over(self, before: "Scaling") -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the factors (d,) and shifts (d,) that lead from the units of ``before`` to these.

        Both have the same treatment of single features. `OnlineClusterer.change_units` takes them.
        """
        return before.scales / self.scales, (before.offsets - self.offsets) / self.scales

    def apply(self, points: NDArray) -> NDArray[np.float64]:
        """Convert points (n, d) from the units of the table to those of the model."""
        logarithms = self.treatment.take_logarithms(points)
        return (logarithms - self.offsets) / self.scales

    def undo(self, points: NDArray) -> NDArray[np.float64]:
        """Convert points (n, d) from the units of the model to those of the table."""
        return self.treatment.undo_logarithms(points * self.scales + self.offsets)


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
    def begin(cls, known: Moments, treatment: Treatment | None = None) -> "RunningScaling":
        """Return the scaling at the start of a stream whose first points have these moments."""
        first = Scaling.standardize(known.means, known.deviations, treatment)
        means = first.offsets
        deviations = np.where(np.isfinite(known.deviations), known.deviations, 0.0)
        known = Moments(means, deviations, known.n_points)
        return cls(means, first.scales, known, known, known.n_points, treatment=first.treatment)

    @classmethod
    def resume(cls, seen: Moments, treatment: Treatment | None = None) -> "RunningScaling":
        """Return the scaling after points with these moments; none of the points comes again."""
        return replace(cls.begin(seen, treatment), n_to_skip=0)

    @classmethod
    def start(cls, n_features: int, treatment: Treatment | None = None) -> "RunningScaling":
        """Return the scaling of a stream of which nothing is known.

        >>> RunningScaling.start(1).follow(np.array([[1.0], [5.0]])).scales.tolist()
        [2.0]
        """
        return cls.begin(Moments(np.zeros(n_features), np.zeros(n_features), 0), treatment)

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
        seen = self.seen.join(self.treatment.take_logarithms(fresh))
        wanted = Scaling.standardize(seen.means, seen.deviations, self.treatment)
        growth = wanted.scales / self.scales
        is_near = (growth < 1 + STEP) & (growth > 1 / (1 + STEP))
        deviations = self.scales * np.array(self.treatment.weights)
        is_near &= np.abs(wanted.offsets - self.offsets) < STEP * deviations
        if is_near.all():
            return replace(self, seen=seen, n_to_skip=n_to_skip)
        return replace(
            self,
            offsets=wanted.offsets,
            scales=wanted.scales,
            seen=seen,
            n_to_skip=n_to_skip,
        )

    def pool(self, other: "RunningScaling") -> "RunningScaling":
        """Return the scaling by the points that either of the two has seen.

        Raises ValueError if the two treat single features differently.
        """
        if self.treatment != other.treatment:
            raise ValueError(
                "The two learners take the logarithm of different features, or weigh them "
                "differently; fit both in the same way."
            )
        return RunningScaling.resume(self.seen.pool(other.seen), self.treatment)

    def restart(self) -> "RunningScaling":
        """Return the scaling to use when the stream starts again."""
        return RunningScaling.begin(self.known, self.treatment)

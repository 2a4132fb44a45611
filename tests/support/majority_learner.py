"""A small second learner for tests: the running majority class of the nearest prototype.

The first different points become prototypes. Each further point moves its nearest prototype
towards it and adds its class to the classes that this prototype has seen.
"""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.exceptions import NotFittedError

from clusterer.base import Classifier, Snapshot, State, register_learner
from clusterer.stream.chunk import NOISE

NAME = "majority"
ARRAYS = ("centers", "counts", "ids", "last_seen", "classes", "votes")


class MajorityLearner(Classifier):
    """Predict the most frequent class among the points that the nearest prototype has learned."""

    def __init__(self, n_prototypes: int = 20, rate: float = 0.5) -> None:
        self.n_prototypes = n_prototypes
        self.rate = rate

    @property
    def n_seen_(self) -> int:
        """Number of points learned."""
        self._check_fitted()
        return self._n_seen

    @property
    def classes_(self) -> NDArray[np.int64]:
        """The classes seen so far."""
        self._check_fitted()
        return self._classes.copy()

    def check_parameters(self) -> None:
        """Raise ValueError that names a parameter with a wrong value."""
        if type(self.n_prototypes) is not int or self.n_prototypes < 1:
            raise ValueError(f"n_prototypes must be a whole number, got {self.n_prototypes!r}.")
        if not (isinstance(self.rate, float) and 0 < self.rate <= 1):
            raise ValueError(f"rate must be a number above 0 and at most 1, got {self.rate!r}.")

    def partial_fit(self, X: ArrayLike, y: ArrayLike | None = None) -> Self:
        """Learn points (n, d) and their classes (n,)."""
        self.check_parameters()
        points = np.asarray(X, dtype=np.float64)
        classes = np.full(len(points), NOISE) if y is None else np.asarray(y, dtype=np.int64)
        if points.ndim != 2 or not len(points) or not np.isfinite(points).all():
            raise ValueError("X must be points (n, d) of finite numbers.")
        if not self.__sklearn_is_fitted__():
            self._begin(points.shape[1])
        for point, name in zip(points, classes.tolist(), strict=True):
            self._learn_point(point, name)
        return self

    def predict(self, X: ArrayLike) -> NDArray[np.int64]:
        """Return the class (n,) of each point (n, d); -1 where no class is known."""
        self._check_fitted()
        points = np.asarray(X, dtype=np.float64)
        return self._labels[[self._find_nearest(point) for point in points]]

    def snapshot(self) -> Snapshot:
        """Return the prototypes and their classes."""
        self._check_fitted()
        return Snapshot(
            n_seen=self._n_seen,
            centers=self._centers.copy(),
            weights=self._counts.copy(),
            counts=self._counts.copy(),
            scatters=np.zeros(len(self._counts)),
            ids=self._ids.copy(),
            last_seen=self._last_seen.copy(),
            labels=self._labels,
            sigma=np.nan,
            links=np.empty((0, 0)),
        )

    def change_units(self, factors: ArrayLike, shifts: ArrayLike) -> Self:
        """Convert the prototypes to new units."""
        self._centers = self._centers * np.asarray(factors) + np.asarray(shifts)
        return self

    def to_arrays(self) -> State:
        """Return the parameters and the prototypes."""
        self._check_fitted()
        header = {"parameters": self.get_params(), "n_seen": self._n_seen}
        return header, {name: getattr(self, f"_{name}") for name in ARRAYS}

    @classmethod
    def from_arrays(cls, header: dict[str, Any], arrays: dict[str, NDArray]) -> Self:
        """Build the learner that `to_arrays` wrote."""
        if arrays.keys() != set(ARRAYS):
            raise ValueError("arrays are missing or unknown")
        learner = cls(**header["parameters"])
        learner.check_parameters()
        learner.n_features_in_ = arrays["centers"].shape[1]
        learner._n_seen = header["n_seen"]
        for name in ARRAYS:
            setattr(learner, f"_{name}", arrays[name].copy())
        return learner

    @property
    def _labels(self) -> NDArray[np.int64]:
        known = np.append(self._classes, NOISE)
        votes = np.column_stack([self._votes, np.zeros(len(self._votes))])
        best = np.where(votes.max(axis=1) > 0, votes.argmax(axis=1), len(self._classes))
        return known[best]

    def _begin(self, n_features: int) -> None:
        self.n_features_in_ = n_features
        self._n_seen = 0
        self._centers = np.empty((0, n_features))
        self._counts = np.empty(0)
        self._ids = self._last_seen = self._classes = np.empty(0, dtype=np.int64)
        self._votes = np.empty((0, 0))

    def _learn_point(self, point: NDArray[np.float64], name: int) -> None:
        is_new = len(self._centers) < self.n_prototypes
        is_new = is_new and not (self._centers == point).all(axis=1).any()
        if is_new:
            self._centers = np.vstack([self._centers, point])
            self._counts = np.append(self._counts, 0.0)
            self._ids = np.append(self._ids, self._n_seen)
            self._last_seen = np.append(self._last_seen, self._n_seen)
            self._votes = np.vstack([self._votes, np.zeros(len(self._classes))])
        slot = len(self._centers) - 1 if is_new else self._find_nearest(point)
        self._counts[slot] += 1
        self._centers[slot] += self.rate * (point - self._centers[slot]) / self._counts[slot]
        self._last_seen[slot] = self._n_seen
        self._n_seen += 1
        if name != NOISE:
            column = self._find_column(name)
            self._votes[slot, column] += 1

    def _find_column(self, name: int) -> int:
        column = int(np.searchsorted(self._classes, name))
        if column == len(self._classes) or self._classes[column] != name:
            self._classes = np.insert(self._classes, column, name)
            self._votes = np.insert(self._votes, column, 0.0, axis=1)
        return column

    def _find_nearest(self, point: NDArray[np.float64]) -> int:
        return int(((self._centers - point) ** 2).sum(axis=1).argmin())

    def _check_fitted(self) -> None:
        if not self.__sklearn_is_fitted__():
            raise NotFittedError("This MajorityLearner has learned nothing yet.")


register_learner(NAME, "tests.support.majority_learner:MajorityLearner")

"""A learner: a model, and the units that it learns in, which follow the data."""

from os import PathLike
from typing import Self

import numpy as np
from numpy.typing import NDArray

from clusterer.cluster.estimator import OnlineClusterer
from clusterer.cluster.persistence.model_file import read_model
from clusterer.preprocessing.scaling import Moments, RunningScaling, Scaling


class Learner:
    """Learn and label points as the data have them.

    Standardised, every feature counts by its spread over all points so far, and the model goes
    along when that changes. Its own units are then not those of the data, so both go together.

    Parameters
    ----------
    model : OnlineClusterer
        Learns from here on; a fitted one goes on.
    scaling : Scaling, optional
        Leads from the units of the data to those of the model; None (the default) standardises
        by the points to come, and `Scaling.identity` leaves them as they are.
    feature_names : tuple of str, optional
        The columns of the data; they stand in the model's file.

    Examples
    --------
    >>> learner = Learner(OnlineClusterer(4))
    >>> _ = learner.learn(np.array([[0.0, 1e6], [0.0, 1e6], [9.0, 5e6], [9.0, 5e6]]))
    >>> learner.centers.round(6).tolist()[0]
    [0.0, 1000000.0]
    """

    def __init__(
        self,
        model: OnlineClusterer,
        scaling: Scaling | None = None,
        feature_names: tuple[str, ...] | None = None,
    ) -> None:
        self.model = model
        self.scaling: Scaling | None = scaling
        self.feature_names = feature_names

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Self:
        """Read a file written by `save`, or a model's own. Raises what `clusterer.load` does."""
        header, arrays = read_model(path)
        model, units = OnlineClusterer.from_arrays(header, arrays), header.get("units")
        names = getattr(model, "feature_names_in_", None)
        if names is not None:
            # It is handed arrays from here on, whose columns have no names.
            del model.feature_names_in_
        scaling = Scaling.from_dict(units) if units else Scaling.identity(model.n_features_in_)
        return cls(model, scaling, None if names is None else tuple(names))

    def save(self, path: str | PathLike[str]) -> None:
        """Write the model, and its units unless they are those of the data, to one file."""
        is_plain = self.scaling is None or (type(self.scaling) is Scaling and self._is_identity)
        self.name_model().save(path, None if is_plain else self.scaling)

    def name_model(self) -> OnlineClusterer:
        """The model with the names of its features, if they have any: a copy then."""
        if self.feature_names is None:
            return self.model
        named = self.model.copy()
        named.feature_names_in_ = np.array(self.feature_names, dtype=object)
        return named

    @property
    def _is_identity(self) -> bool:
        scaling = self.scaling
        return scaling is None or bool((scaling.scales == 1).all() and not scaling.offsets.any())

    @property
    def n_seen(self) -> int:
        """Number of points learned."""
        return self.model.n_seen_ if self.is_fitted else 0

    @property
    def is_fitted(self) -> bool:
        """Whether it has learned any point."""
        return self.model.__sklearn_is_fitted__()

    @property
    def centers(self) -> NDArray[np.float64]:
        """Prototypes (m, d) in the units of the data."""
        return self._units.undo(self.model.prototypes_)

    @property
    def cluster_centers(self) -> NDArray[np.float64]:
        """Weighted means (n_clusters, d) of the clusters, in the units of the data."""
        return self._units.undo(self.model.cluster_centers_)

    @property
    def _units(self) -> Scaling:
        return self.scaling or Scaling.identity(self.model.n_features_in_)

    def learn(self, points: NDArray[np.float64]) -> Self:
        """Learn points (n, d). Raises ValueError as `OnlineClusterer.partial_fit` does."""
        n_features = points.shape[1]
        if self.scaling is None:
            nothing = Moments(np.zeros(n_features), np.zeros(n_features), 0)
            self.scaling = RunningScaling.begin(nothing)
        self._move_to(self.scaling.follow(points))
        self.model.partial_fit(self.scaling.apply(points))
        return self

    def predict(self, points: NDArray[np.float64]) -> NDArray[np.int64]:
        """Cluster (n,) of the nearest prototype of each point (n, d); -1 for noise."""
        return self.model.predict(self._units.apply(points))

    def absorb(self, other: "Learner", *, fade: bool = False) -> Self:
        """Take in what another has learned; it is unchanged. See `OnlineClusterer.absorb`.

        The units are those of the points of both, if both standardise; else they must be alike.
        """
        if not other.is_fitted:
            return self
        theirs = Learner(other.model.copy(), other.scaling)
        if not self.is_fitted:
            self.scaling = theirs.scaling
        elif isinstance(self.scaling, RunningScaling):
            if not isinstance(theirs.scaling, RunningScaling):
                raise ValueError("One learner standardises and the other does not.")
            pooled = self.scaling.pool(theirs.scaling)
            self._move_to(pooled)
            theirs._move_to(pooled)
        elif not self._has_units_of(theirs):
            raise ValueError("The learners have different units.")
        self.model.absorb(theirs.model, fade=fade)
        return self

    def _has_units_of(self, other: "Learner") -> bool:
        ours, theirs = self._units, other._units
        is_alike = np.array_equal(ours.scales, theirs.scales)
        return is_alike and np.array_equal(ours.offsets, theirs.offsets)

    def _move_to(self, scaling: Scaling) -> None:
        before, self.scaling = self.scaling, scaling
        if before is not None and scaling.scales is not before.scales and self.is_fitted:
            self.model.change_units(*scaling.take_over(before))

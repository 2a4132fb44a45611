"""A learner together with the scaling of its points, which follows the stream."""

from os import PathLike
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from clusterer.base import Learner, Mergeable
from clusterer.model_file import Model, read_model, save_model
from clusterer.preprocessing.scaling import RunningScaling, Scaling


class ScaledLearner:
    """Learn and label points in the units of the data.

    If points are standardised, every feature counts by its spread over all points so far. When
    this spread changes, the scaling changes and the model is converted. The model then learns in
    other units than those of the data, so the model and the scaling belong together.

    Parameters
    ----------
    model : Learner
        The model, which learns from here on; a fitted model continues.
    scaling : Scaling, optional
        From the units of the data to the units of the model. None (the default) standardises by
        the points to come, unless the model's metric keeps the units; `Scaling.identity` changes
        nothing.
    feature_names : tuple of str, optional
        The names of the columns of the data, which the model's file stores.

    Examples
    --------
    >>> from clusterer import OnlineClusterer
    >>> learner = ScaledLearner(OnlineClusterer(4))
    >>> _ = learner.learn(np.array([[0.0, 1e6], [0.0, 1e6], [9.0, 5e6], [9.0, 5e6]]))
    >>> learner.centers.round(6).tolist()[0]
    [0.0, 1000000.0]
    """

    def __init__(
        self,
        model: Learner,
        scaling: Scaling | None = None,
        feature_names: tuple[str, ...] | None = None,
    ) -> None:
        # Callers that construct the model know its class.
        self.model: Any = model
        self.scaling = scaling
        self.feature_names = feature_names

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Self:
        """Read a file that `save` wrote, or the file of a model. Raises as `clusterer.load`."""
        model, scaling, names = read_model(path)
        if hasattr(model, "feature_names_in_"):
            # The model gets arrays from here on, whose columns have no names.
            del model.feature_names_in_
        return cls(model, scaling or Scaling.identity(model.n_features_in_), names)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the model, the names of features, and the scaling unless it changes nothing."""
        scaling = self.scaling
        is_plain = scaling is None or (type(scaling) is Scaling and scaling.is_identity)
        save_model(path, Model(self.model, None if is_plain else self.scaling, self.feature_names))

    def name_model(self) -> Any:
        """Return the model with the names of its features: a copy, if there are names."""
        if self.feature_names is None:
            return self.model
        named = self.model.copy()
        named.feature_names_in_ = np.array(self.feature_names, dtype=object)
        return named

    @property
    def n_seen(self) -> int:
        """Number of points learned."""
        return self.model.n_seen_ if self.is_fitted else 0

    @property
    def is_fitted(self) -> bool:
        """Whether the model has learned a point."""
        return self.model.__sklearn_is_fitted__()

    @property
    def centers(self) -> NDArray[np.float64]:
        """Prototypes (m, d) in the units of the data."""
        return self._units.undo(self.model.snapshot().centers)

    @property
    def cluster_centers(self) -> NDArray[np.float64]:
        """Centres (n_clusters, d) of the clusters of a `Clusterer`, in the units of the data."""
        return self._units.undo(self.model.cluster_centers_)

    @property
    def _units(self) -> Scaling:
        return self.scaling or Scaling.identity(self.model.n_features_in_)

    def learn(
        self,
        points: NDArray[np.float64],
        classes: NDArray | None = None,
        *,
        has_all_classes: bool = False,
    ) -> Self:
        """Learn points (n, d) and their classes (n,). Raises as `Learner.learn_chunk`.

        With ``has_all_classes``, -1 is a class like any other; by default it is an unknown one.
        """
        n_features = points.shape[1]
        if self.scaling is None and self.model.keeps_units:
            self.scaling = Scaling.identity(n_features)
        if self.scaling is None:
            self.scaling = RunningScaling.start(n_features)
        self._change_scaling(self.scaling.follow(points))
        learn = self.model.partial_fit if has_all_classes else self.model.learn_chunk
        learn(self.scaling.apply(points), classes)
        return self

    def predict(self, points: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the cluster or class (n,) of each point (n, d); -1 for none."""
        return self.model.predict(self._units.apply(points))

    def absorb(self, other: "ScaledLearner", *, fade: bool = False) -> Self:
        """Add everything that another learner has learned; the other is unchanged.

        If both learners standardise, the result is standardised by the points of both. See
        `Mergeable.absorb`.

        Raises
        ------
        TypeError
            If the model cannot be merged.
        ValueError
            If the two learners have different units, or the models do not fit together. This
            learner is unchanged then.
        """
        if not isinstance(self.model, Mergeable):
            raise TypeError(f"Models of {type(self.model).__name__} cannot be merged.")
        if not other.is_fitted:
            return self
        twin = ScaledLearner(other.model.copy(), other.scaling)
        before = self.model, self.scaling
        try:
            self._absorb(twin, fade=fade)
        except BaseException:
            self.model, self.scaling = before
            raise
        return self

    def _absorb(self, twin: "ScaledLearner", *, fade: bool) -> None:
        """Add a learner, which may change. An error may leave another model and scaling here."""
        if not self.is_fitted:
            self.scaling = twin.scaling
        elif isinstance(self.scaling, RunningScaling):
            if not isinstance(twin.scaling, RunningScaling):
                raise ValueError(
                    "One learner standardises and the other does not; fit both in the same way."
                )
            pooled = self.scaling.pool(twin.scaling)
            self.model = self.model.copy()
            self._change_scaling(pooled)
            twin._change_scaling(pooled)
        elif not self._has_units_of(twin):
            raise ValueError(
                "The learners have different scalings; fit both with the same scaling."
            )
        self.model.absorb(twin.model, fade=fade)

    def _has_units_of(self, other: "ScaledLearner") -> bool:
        ours, theirs = self._units, other._units
        has_same_scales = np.array_equal(ours.scales, theirs.scales)
        has_same_scales &= ours.treatment == theirs.treatment
        return has_same_scales and np.array_equal(ours.offsets, theirs.offsets)

    def _change_scaling(self, scaling: Scaling) -> None:
        before = self.scaling
        if before is not None and scaling.scales is not before.scales and self.is_fitted:
            # First, because it raises if the numbers become too large.
            self.model.change_units(*scaling.take_over(before))
        self.scaling = scaling

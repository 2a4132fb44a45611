"""The online clusterer: the estimator that users call."""

from os import PathLike
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClusterMixin, clone
from sklearn.utils.validation import check_is_fitted

from clusterer.base import Clusterer
from clusterer.cluster.drift_check import learn_stream
from clusterer.cluster.fitted_attributes import FittedAttributes
from clusterer.cluster.label_cache import LabelCache
from clusterer.cluster.model_merging import pool_prototypes
from clusterer.cluster.persistence.checks import check_contents
from clusterer.cluster.persistence.versions import ARRAYS, upgrade
from clusterer.cluster.prototypes.parameters import REFRESH, Parameters
from clusterer.cluster.prototypes.prototypes import Prototypes
from clusterer.cluster.validation import (
    describe_refusal,
    is_valid_chunk,
    match_features,
    validate_points,
)
from clusterer.model_file import Model, save_model
from clusterer.preprocessing.scaling import Scaling


class OnlineClusterer(FittedAttributes, ClusterMixin, Clusterer):
    """Cluster a stream in one pass with at most K weighted prototypes.

    Each point moves its nearest prototype. If all K prototypes are in use, the two closest
    prototypes then merge, and the point becomes a new prototype. So the K prototypes always cover
    the stream, even if it moves. The clusters are the peaks of the density that the prototypes
    form together; this determines their number. A point costs O(K d).

    All parameters may change while a stream is learned, by `set_params` or by assignment.

    Parameters
    ----------
    n_prototypes : int or "auto", default "auto"
        K, the maximum number of prototypes. A number, at most 20,000: choose several times the
        number of clusters that you expect. If the number decreases in mid-stream, the closest pairs
        merge; if it increases, new points become prototypes without a merge. "auto" uses up to 200,
        and 50 from 2,000 points on if these show the clusters as well, or while something is
        forgotten; then the clusters are read at several resolutions. See
        `clusterer.cluster.prototype_number`.
    sigma : float or "auto", default "auto"
        Width of the Gaussian kernel, in the units of the data. The kernel weighs a point by its
        distance from its nearest prototype. "auto" is a quarter of the square root of the trace of
        the running covariance; if more than three features vary it is a larger share, up to 0.7,
        because in more dimensions points lie farther from every prototype.
    half_life : float, "auto" or None, default "auto"
        Number of points after which a learned point counts half. None never forgets. "auto" does
        not forget until clusters move, and then forgets as fast as they move; if clusters appear
        one after the other, none is forgotten. See `clusterer.cluster.forgetting`.
    update : "kernel" or "addc", default "kernel"
        "kernel": a point at distance r counts exp(-r²/sigma²) (Zhang et al., 2005). "addc": every
        point counts 1 (Guedalia et al., 1999), which equals an infinite sigma.
    merge : "log-min", "plain", "ward" or "log-ward", default "log-min"
        The cost that the closest pair minimises: d² ("plain", as published in 1999), d² h ("ward",
        Ward's criterion, 1963), d² log(1 + h) ("log-ward"), with h = (w+1)(w'+1)/(w+w'+2), or
        d² log2(2 + min(w, w')) ("log-min", with log2 interpolated linearly between powers of two),
        which clusters as well as "log-ward" in half the time.
    forget : "quiet" or "never", default "quiet"
        What happens to an inactive cluster, which receives no more points, while a half-life is in
        force: "quiet" lets inactive clusters fade away; "never" keeps them unless points of
        another cluster arrive at the same place. Slowly moving clusters may then leave parts of
        their trail behind as clusters.
    join : bool, default True
        Join the prototypes that no saddle of the density separates. If False, each prototype is a
        cluster.
    drop_singletons : bool, default True
        Label prototypes with few points as noise (-1). If False, they are clusters.
    refresh : float, default 0.05
        The share of all points that may come before `predict` computes the clusters anew. Until
        then `predict` updates them: a known prototype keeps its cluster, and a new one gets the
        cluster of the known one nearest to it, or is noise far from all. 0 computes the clusters
        anew after every point. `predict` also does so after 20 points for each prototype, for as
        many points at once, and if a cluster has lost all its prototypes. With ``join=False`` or
        ``forget="never"``, and for everything that is read from an attribute, the clusters are
        always computed anew; then `predict` agrees with the attribute until the next point.
    allow_growth : bool, default False
        Accept points with more features than before: everything learned so far is 0 in the new
        features. Points with fewer features are filled up with 0.

    Attributes
    ----------
    prototypes_ : (m, d), weights_ : (m,), counts_ : (m,), scatters_ : (m,), ids_ : (m,)
        The prototypes: centres, sums of kernel values, numbers of points, weighted sums of
        squared deviations, permanent ids.
    links_ : (m, m)
        Numbers of points seen halfway between two prototypes; a low number indicates a saddle.
    cluster_labels_ : (m,) int
        The cluster of each prototype; -1 for noise.
    cluster_centers_ : (n_clusters_, d), n_clusters_ : int
        Weighted means of the clusters' prototypes, and the number of clusters.
    labels_ : (n,) int
        Clusters of the points learned last: all points of `fit`, or the last chunk of
        `partial_fit`.
    sigma_ : float
        The width of the kernel in force.
    half_life_ : float
        The half-life in force; infinite while nothing is forgotten.
    n_seen_ : int
        Number of points learned.

    References
    ----------
    I. D. Guedalia, M. London, M. Werman, "An on-line agglomerative clustering method for
    nonstationary data", Neural Computation 11(2), 1999.
    D. Zhang, S. Chen, K. Tan, "Improving the robustness of 'Online Agglomerative Clustering
    Method' based on kernel-induced distance measures", Neural Processing Letters 21, 2005.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> centers = np.array([[0.0, 0.0], [9.0, 0.0], [0.0, 9.0]])
    >>> clusterer = OnlineClusterer()
    >>> for _ in range(20):
    ...     chunk = centers[rng.integers(3, size=100)] + rng.normal(size=(100, 2))
    ...     clusterer = clusterer.partial_fit(chunk)
    >>> clusterer.n_clusters_
    3
    >>> len(set(clusterer.predict(centers)))
    3
    """

    _points: NDArray[np.float64] = np.empty((0, 0))

    def __init__(
        self,
        n_prototypes: int | str = "auto",
        sigma: float | str = "auto",
        half_life: float | str | None = "auto",
        *,
        update: str = "kernel",
        merge: str = "log-min",
        forget: str = "quiet",
        join: bool = True,
        drop_singletons: bool = True,
        refresh: float = REFRESH,
        allow_growth: bool = False,
    ) -> None:
        self.n_prototypes = n_prototypes
        self.sigma = sigma
        self.half_life = half_life
        self.update = update
        self.merge = merge
        self.forget = forget
        self.join = join
        self.drop_singletons = drop_singletons
        self.refresh = refresh
        self.allow_growth = allow_growth

    def fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Forget everything, then learn the points X (n, d) in their order."""
        return self._learn_chunk(X, is_first=True)

    def partial_fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Learn a chunk of points X (n, d).

        The result does not depend on how the stream is divided into chunks.

        Raises
        ------
        ValueError
            If the chunk is empty, holds NaN, infinity or text, or has another number of features
            (see `allow_growth`). The model is unchanged then.
        """
        return self._learn_chunk(X, is_first=not self.__sklearn_is_fitted__())

    def absorb(self, other: "OnlineClusterer", *, fade: bool = False) -> Self:
        """Add everything that another model has learned, as if its stream had come after this one.

        Use it for streams that were learned separately, on several machines or days. All
        prototypes of both models keep their weights, then the closest pairs merge until K are
        left. Numbers of points, means and variances add up; the ids of the other model continue
        from `n_seen_`. The parameters of this model stay; the other model is unchanged. An
        unfitted model becomes a copy.

        Parameters
        ----------
        other : OnlineClusterer
            A fitted model of the same features; with `allow_growth`, of any features.
        fade : bool, default False
            Decay this model by its half-life over as many points as the other has learned.

        Raises
        ------
        TypeError
            If ``other`` is not an OnlineClusterer.
        ValueError
            If the features differ, or the two models are too far apart. This model is unchanged
            then.

        Examples
        --------
        >>> monday = OnlineClusterer(4).fit([[0.0], [0.0], [9.0], [9.0]])
        >>> tuesday = OnlineClusterer(4).fit([[5.0], [5.0]])
        >>> week = monday.absorb(tuesday)
        >>> week.n_seen_, np.sort(week.cluster_centers_[:, 0]).round(3).tolist()
        (6, [0.0, 5.0, 9.0])
        """
        if not isinstance(other, OnlineClusterer):
            raise TypeError(f"other must be an OnlineClusterer, got {type(other).__name__}.")
        check_is_fitted(other)
        parameters = self._get_parameters()
        theirs, names = other._prototypes, getattr(other, "feature_names_in_", None)
        if not self.__sklearn_is_fitted__():
            return self._set_state(theirs.widen(np.arange(theirs.n_features)), names)
        columns, names = match_features(self, other)
        n_features = max(self.n_features_in_, int(columns.max()) + 1)
        ours = self._prototypes.widen(np.arange(self.n_features_in_), n_features)
        if fade:
            decay = min(each.find_decay(parameters) for each in (ours, theirs))
            ours.decay(decay**theirs.n_seen)
        pooled = pool_prototypes(ours, theirs.widen(columns, n_features), parameters)
        return self._set_state(pooled, names)

    def change_units(self, factors: ArrayLike, shifts: ArrayLike) -> Self:
        """Convert everything learned to new units: a point x becomes ``x * factors + shifts``.

        A running standardisation needs this, because its units change while a stream is learned.
        Centres are converted exactly. Scatters are sums over all features, so they are scaled by
        the mean of the squared factors.

        Parameters
        ----------
        factors, shifts : (d,)
            One number per feature; factors above 0.

        Raises
        ------
        ValueError
            If ``factors`` or ``shifts`` are not d finite numbers, or a factor is not above 0.

        Examples
        --------
        >>> model = OnlineClusterer(2).fit([[0.0, 0.0], [1.0, 10.0], [1.0, 10.0]])
        >>> model.change_units([1.0, 0.1], [0.0, 5.0]).prototypes_.tolist()
        [[1.0, 6.0], [1.0, 6.0]]
        """
        prototypes = self._get_prototypes()
        scale, shift = (np.asarray(values, np.float64) for values in (factors, shifts))
        for name, values in (("factors", scale), ("shifts", shift)):
            if values.shape != (prototypes.n_features,) or not np.isfinite(values).all():
                raise ValueError(f"{name} must be {prototypes.n_features} finite numbers.")
        if not (scale > 0).all():
            raise ValueError("factors must be above 0.")
        prototypes.change_units(scale, shift)
        known = self._points.shape[1]  # 0 after `absorb`
        self._points = self._points * scale[:known] + shift[:known]
        self._label_cache.forget()
        return self

    def copy(self) -> Self:
        """Return an independent copy, which continues bit for bit as this model would.

        The copy does not hold the points learned last, so its ``labels_`` are empty.

        >>> model = OnlineClusterer(2).fit([[0.0], [1.0]])
        >>> _ = model.copy().partial_fit([[5.0]])
        >>> model.n_seen_
        2
        """
        twin: Self = clone(self)
        if not self.__sklearn_is_fitted__():
            return twin
        # Both start with a full labelling, so that they label alike.
        self._label_cache.forget()
        return twin.absorb(self)

    def to_arrays(self) -> tuple[dict[str, Any], dict[str, NDArray]]:
        """Return everything learned: a header in JSON's types, and arrays by name.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the model has learned nothing.
        ValueError
            If a parameter has a wrong value.
        """
        check_is_fitted(self)
        self._get_parameters()
        # A model that is read from the arrays starts with a full labelling, so this one does, too.
        self._label_cache.forget()
        names = getattr(self, "feature_names_in_", None)
        scalars, arrays = self._prototypes.to_arrays()
        sigma, half_life = self.sigma, self.half_life
        is_automatic = isinstance(self.n_prototypes, str)
        n_prototypes = self.n_prototypes if is_automatic else int(self.n_prototypes)
        header = {
            "parameters": {
                "join": bool(self.join),
                "drop_singletons": bool(self.drop_singletons),
                "allow_growth": bool(self.allow_growth),
                "n_prototypes": n_prototypes,
                "update": self.update,
                "merge": self.merge,
                "forget": self.forget,
                "refresh": float(self.refresh),
                "sigma": sigma if isinstance(sigma, str) else float(sigma),
                "half_life": half_life if isinstance(half_life, str | None) else float(half_life),
            },
            "feature_names": None if names is None else [str(name) for name in names],
            **scalars,
        }
        return header, {name: arrays[name].astype(dtype) for name, dtype in ARRAYS.items()}

    @classmethod
    def from_arrays(cls, header: dict[str, Any], arrays: dict[str, NDArray]) -> Self:
        """Build the model that `to_arrays` wrote; it continues bit for bit.

        Raises ModelFileError, a ValueError, unless learning a stream can have led to the contents.

        >>> model = OnlineClusterer(2).fit([[0.0], [1.0]])
        >>> OnlineClusterer.from_arrays(*model.to_arrays()).prototypes_.tolist()
        [[1.0], [1.0]]
        """
        header, arrays = upgrade(header, arrays)
        check_contents(header, arrays)
        model = cls(**header["parameters"])
        prototypes = Prototypes.from_arrays(header, arrays, model._get_parameters().rule)
        names = header["feature_names"]
        return model._set_state(prototypes, None if names is None else np.array(names, object))

    def save(self, path: str | PathLike[str], scaling: Scaling | None = None) -> None:
        """Write the model to a file; `clusterer.load` reads it and continues bit for bit.

        The file is written under another name and then renamed, so it is never incomplete. It
        holds what was learned, not the points.

        Parameters
        ----------
        path : str or path
            The file; an existing file is replaced. No suffix is added.
        scaling : Scaling, optional
            Leads from the units of the data to the units in which the model learned.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the model has learned nothing.
        OSError
            If the file cannot be written; an existing file is unchanged then.

        Examples
        --------
        >>> import tempfile
        >>> from clusterer import load
        >>> model = OnlineClusterer().fit([[0.0], [9.0], [9.0]])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     model.save(f"{folder}/model.npz")
        ...     np.array_equal(load(f"{folder}/model.npz").prototypes_, model.prototypes_)
        True
        """
        save_model(path, Model(self, scaling))

    def predict(self, X: ArrayLike) -> NDArray[np.int64]:
        """Return the cluster (n,) of the nearest prototype of each point X (n, d); -1 for noise."""
        slots = self.find_nearest(X)
        return self._update_labels(self._prototypes, len(slots))[slots]

    def find_nearest(self, X: ArrayLike) -> NDArray[np.int64]:
        """Return the index (n,) in `prototypes_` of the nearest one to each point X (n, d)."""
        prototypes = self._get_prototypes()
        points = X if is_valid_chunk(X, self) else validate_points(self, X, is_first=False)[0]
        refused = prototypes.find_refused(points)
        if refused >= 0:
            raise ValueError(describe_refusal(points, refused))
        return prototypes.assign(points)

    @property
    def labels_(self) -> NDArray[np.int64]:
        """Clusters (n,) of the points learned last; empty for a model that was loaded."""
        prototypes = self._get_prototypes()
        # Features that another model added are 0 for these points.
        n_missing = max(prototypes.n_features - self._points.shape[1], 0)
        slots = prototypes.assign(np.pad(self._points, ((0, 0), (0, n_missing))))
        return self.cluster_labels_[slots]

    def check_parameters(self) -> None:
        """Raise ValueError that names the first parameter with a value that is not allowed."""
        self._get_parameters()

    def change_parameters(self, **values: Any) -> Self:
        """Change parameters in mid-stream; a smaller ``n_prototypes`` merges prototypes at once.

        Raises ValueError, and changes nothing, if a name or a value is not allowed.
        """
        super().change_parameters(**values)
        if "n_prototypes" in values and self.__sklearn_is_fitted__():
            # At once, because K may rise again before the next point.
            self.merge_excess()
        return self

    def describe(self) -> dict[str, str]:
        """Return the numbers of prototypes, the width of the kernel and the half-life as texts."""
        origin = "automatic" if self.sigma == "auto" else "chosen"
        return {
            "prototypes": f"{len(self.weights_)} of at most {self._describe_number()}",
            "sigma": f"{self.sigma_:.6g} ({origin})",
            "half-life": "none" if self.half_life is None else str(self.half_life),
        }

    def _describe_number(self) -> str:
        """The maximum number of prototypes as text."""
        if isinstance(self.n_prototypes, str):
            return f"{self._prototypes.chosen_number} (automatic)"
        text = str(self.n_prototypes)
        return f"{text}, too few here: try {self.suggest_number()}" if self.is_saturated_ else text

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_prototypes")

    def _learn_chunk(self, X: ArrayLike, *, is_first: bool) -> Self:
        # Streams may come point by point, so a valid array skips all conversion.
        if not is_first and is_valid_chunk(X, self):
            return self._learn_points(self._prototypes, X.copy(order="C"), self._get_parameters())
        before = self.__dict__.copy()
        try:
            parameters = self._get_parameters()
            points, names = validate_points(self, X, is_first=is_first)
            n_features = points.shape[1]
            if is_first:
                prototypes = Prototypes(n_features, parameters.n_prototypes, parameters.rule)
            else:
                prototypes = self._prototypes
                if n_features > prototypes.n_features:
                    prototypes = prototypes.widen(np.arange(prototypes.n_features), n_features)
            self._learn_points(prototypes, points, parameters)
            return self._set_state(prototypes, names)
        except BaseException:
            self.__dict__.clear()
            self.__dict__.update(before)
            raise

    def _learn_points(
        self, prototypes: Prototypes, points: NDArray, parameters: Parameters
    ) -> Self:
        refused = learn_stream(prototypes, points, parameters)
        if refused >= 0:
            raise ValueError(describe_refusal(points, refused))
        self._points = points
        if prototypes is getattr(self, "_prototypes", None):
            self._label_cache.outdate()
        return self

    def _set_state(self, prototypes: Prototypes, names: NDArray | None) -> Self:
        self.n_features_in_ = prototypes.n_features
        if names is not None:
            self.feature_names_in_ = names
        if prototypes is not getattr(self, "_prototypes", None):
            self._prototypes = prototypes
            self._label_cache = LabelCache()
        return self

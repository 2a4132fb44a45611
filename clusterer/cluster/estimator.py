"""The online clusterer: the library's front door."""

from os import PathLike
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClusterMixin
from sklearn.utils.validation import check_is_fitted

from clusterer.cluster.fitted_attributes import LearnedAttributes
from clusterer.cluster.model_merging import place_features, pool_prototypes
from clusterer.cluster.persistence.model_file import save
from clusterer.cluster.prototypes.prototypes import Prototypes, Settings
from clusterer.cluster.validation import describe_refused, is_as_known, read_points


class OnlineClusterer(LearnedAttributes, ClusterMixin, BaseEstimator):
    """Cluster a stream in one pass with at most K weighted prototypes.

    Each point moves the prototype nearest to it; then, if all K are in use, the two closest
    prototypes merge and the point becomes a prototype of its own. So the K always cover the
    stream as well as K can, wherever it goes. Clusters are the peaks of the density that
    the prototypes form together, which is how their number is found. A point costs O(K d).

    All parameters may change while a stream is learned: by `set_params`, or by assigning them.

    Parameters
    ----------
    n_prototypes : int, default 50
        K, the most prototypes in memory, up to 20,000. Choose it several times the number of
        clusters expected. Made smaller mid-stream, the closest pairs merge; made larger, there
        is room.
    sigma : float or "auto", default "auto"
        Width of the Gaussian kernel, in the units of the data: how much a point far from its
        nearest prototype counts. "auto" is a quarter of the root of the trace of the running
        covariance; where more than three features vary more of it, up to 0.7, as points then
        lie farther from any prototype.
    half_life : float, "auto" or None, default "auto"
        Number of points after which what was learned counts half. None never forgets. "auto"
        does not either until clusters are seen to move, then as fast as they move; where they
        come one after the other, none is lost. See `clusterer.cluster.forgetting`.
    update : "kernel" or "addc", default "kernel"
        "kernel": a point at distance r counts exp(-r²/sigma²) (Zhang et al., 2005). "addc": each
        counts 1 (Guedalia et al., 1999), as with an endless sigma.
    merge : "log-min", "plain", "ward" or "log-ward", default "log-min"
        The closest pair minimises d² ("plain", as published in 1999), d² h ("ward", Ward's
        criterion, 1963), d² log(1 + h) ("log-ward"), with h = (w+1)(w'+1)/(w+w'+2), or
        d² log2(2 + min(w, w')) ("log-min", log2 taken linear between powers of two), which
        clusters as well as "log-ward" at half the time.
    forget : "quiet" or "never", default "quiet"
        What becomes, while there is a half-life, of a cluster that no more points come to:
        "quiet" ones fade away, or they are "never" forgotten unless points come to their place
        otherwise. Slow clusters may leave some of their trail behind as such.
    join : bool, default True
        Join prototypes that no valley in the density parts. Off, each is a cluster of its own.
    drop_singletons : bool, default True
        Call prototypes that few points support noise (-1). Off, they are clusters of their own.
    allow_growth : bool, default False
        Accept points with more features than before: all learned so far is taken as 0 in the
        new ones. Points with fewer features are filled up with 0.

    Attributes
    ----------
    prototypes_ : (m, d), weights_ : (m,), counts_ : (m,), scatters_ : (m,), ids_ : (m,)
        The prototypes: centres, summed kernel values, numbers of points, weighted sums of
        squared deviations, ids that last.
    links_ : (m, m)
        Points seen halfway between two prototypes; few of them tell of a valley.
    cluster_labels_ : (m,) int
        The cluster of each prototype; -1 for noise.
    cluster_centers_ : (n_clusters_, d), n_clusters_ : int
        Weighted means of the clusters' prototypes, and their number.
    labels_ : (n,) int
        Clusters of the points learned last (all of `fit`'s, the last chunk of `partial_fit`'s).
    sigma_ : float
        The kernel's width in force.
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
        n_prototypes: int = 50,
        sigma: float | str = "auto",
        half_life: float | str | None = "auto",
        *,
        update: str = "kernel",
        merge: str = "log-min",
        forget: str = "quiet",
        join: bool = True,
        drop_singletons: bool = True,
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
        self.allow_growth = allow_growth

    def fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Forget everything, then learn the points X (n, d), in their order."""
        return self._take_in(X, is_first=True)

    def partial_fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Learn a chunk of points X (n, d); how a stream is cut into chunks changes nothing.

        Raises ValueError, and leaves the model as it was, when the chunk is empty, holds NaN,
        infinity or text, or has another number of features (see `allow_growth`).
        """
        return self._take_in(X, is_first=not self.__sklearn_is_fitted__())

    def absorb(self, other: "OnlineClusterer", *, fade: bool = False) -> Self:
        """Take in what another model has learned, as if its stream had come after this one's.

        For streams learned apart, on several machines or days: all prototypes of both stay with
        their weights, then the closest pairs merge until K are left. Numbers of points, means
        and variances add up; ids of the other are counted on from `n_seen_`. This model's
        parameters hold; the other is unchanged. An unfitted model becomes a copy.

        Parameters
        ----------
        other : OnlineClusterer
            A fitted model of the same features; with `allow_growth`, of any.
        fade : bool, default False
            Let this model fade by its half-life over as many points as the other has learned.

        Raises
        ------
        ValueError
            If the features differ, or the two are too far apart. This model is unchanged then.

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
        settings = self._check_settings()
        theirs, names = other._prototypes, getattr(other, "feature_names_in_", None)
        if not self.__sklearn_is_fitted__():
            return self._hold_on(theirs.widen(np.arange(theirs.n_features)), names)
        columns, names = place_features(self, other)
        n_features = max(self.n_features_in_, int(columns.max()) + 1)
        ours = self._prototypes.widen(np.arange(self.n_features_in_), n_features)
        if fade:
            kept = min(each.share_kept(settings) for each in (ours, theirs))
            ours.fade(kept**theirs.n_seen)
        pooled = pool_prototypes(ours, theirs.widen(columns, n_features), settings)
        return self._hold_on(pooled, names)

    def change_units(self, factors: ArrayLike, shifts: ArrayLike) -> Self:
        """Go on in other units: what was a point x is ``x * factors + shifts`` from now on.

        For a running standardisation, whose units change while a stream is learned. Centres move
        exactly; scatters, of which only sums over all features are kept, by the mean factor.

        Parameters
        ----------
        factors, shifts : (d,)
            Per feature; factors above 0.

        Raises
        ------
        ValueError
            If they are not d finite numbers, or a factor is not above 0.

        Examples
        --------
        >>> model = OnlineClusterer(2).fit([[0.0, 0.0], [1.0, 10.0], [1.0, 10.0]])
        >>> model.change_units([1.0, 0.1], [0.0, 5.0]).prototypes_.tolist()
        [[1.0, 6.0], [1.0, 6.0]]
        """
        held = self._hold()
        scale, shift = (np.asarray(values, np.float64) for values in (factors, shifts))
        for name, values in (("factors", scale), ("shifts", shift)):
            if values.shape != (held.n_features,) or not np.isfinite(values).all():
                raise ValueError(f"{name} must be {held.n_features} finite numbers.")
        if not (scale > 0).all():
            raise ValueError("factors must be above 0.")
        held.change_units(scale, shift)
        known = self._points.shape[1]  # none after `absorb`
        self._points = self._points * scale[:known] + shift[:known]
        self._readouts.clear()
        return self

    def save(self, path: str | PathLike[str]) -> None:
        """Write the model to a file, from which `clusterer.load` goes on bit for bit."""
        save(self, path)

    def predict(self, X: ArrayLike) -> NDArray[np.int64]:
        """Cluster (n,) of the nearest prototype of each point X (n, d); -1 for noise."""
        slots = self.find_nearest(X)
        return self.cluster_labels_[slots]

    def find_nearest(self, X: ArrayLike) -> NDArray[np.int64]:
        """Index (n,) in `prototypes_` of the nearest prototype of each point X (n, d)."""
        held = self._hold()
        points = X if is_as_known(X, self) else read_points(self, X, is_first=False)[0]
        refused = held.find_refused(points)
        if refused >= 0:
            raise ValueError(describe_refused(points, refused))
        return held.assign(points)

    @property
    def labels_(self) -> NDArray[np.int64]:
        """Clusters (n,) of the points learned last; none for a model that was loaded."""
        held = self._hold()
        # Features that came by another model were 0 for these points.
        missing = max(held.n_features - self._points.shape[1], 0)
        slots = held.assign(np.pad(self._points, ((0, 0), (0, missing))))
        return self.cluster_labels_[slots]

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_prototypes")

    def _take_in(self, X: ArrayLike, *, is_first: bool) -> Self:
        # Rows come one at a time, too: an array as it is wanted takes the shortest way.
        if not is_first and is_as_known(X, self):
            return self._learn(self._prototypes, X.copy(order="C"), self._check_settings())
        before = self.__dict__.copy()
        try:
            settings = self._check_settings()
            points, names = read_points(self, X, is_first=is_first)
            prototypes = self._make_room(points.shape[1], settings, is_first=is_first)
            self._learn(prototypes, points, settings)
            return self._hold_on(prototypes, names)
        except BaseException:
            self.__dict__.clear()
            self.__dict__.update(before)
            raise

    def _make_room(self, n_features: int, settings: Settings, *, is_first: bool) -> Prototypes:
        if is_first:
            return Prototypes(n_features, settings[0], settings[3])
        held = self._prototypes
        is_wider = n_features > held.n_features
        return held.widen(np.arange(held.n_features), n_features) if is_wider else held

    def _learn(self, prototypes: Prototypes, points: NDArray, settings: Settings) -> Self:
        refused = prototypes.learn(points, settings)
        if refused >= 0:
            raise ValueError(describe_refused(points, refused))
        self._points = points
        self._readouts = {}
        return self

    def _hold_on(self, prototypes: Prototypes, names: NDArray | None) -> Self:
        self.n_features_in_ = prototypes.n_features
        if names is not None:
            self.feature_names_in_ = names
        self._prototypes = prototypes
        self._readouts = {}
        return self

"""The online clusterer: the estimator that users call."""

from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClusterMixin, clone
from sklearn.utils.validation import check_is_fitted

from clusterer.base import Clusterer
from clusterer.cluster.decided_clusters import DecidedClusters
from clusterer.cluster.drift_check import learn_stream, learn_with_decisions
from clusterer.cluster.labelling.decisions import Decisions
from clusterer.cluster.model_merging import pool_prototypes
from clusterer.cluster.persistence.saved_state import SavedState
from clusterer.cluster.point_queries import PointQueries
from clusterer.cluster.points.arrivals import (
    NO_ARRIVALS,
    Arrivals,
    read_times,
    read_weights,
)
from clusterer.cluster.points.metric import project_points
from clusterer.cluster.points.sparse_rows import learn_sparse
from clusterer.cluster.prototypes.parameters import REFRESH, Parameters
from clusterer.cluster.prototypes.prototypes import Prototypes
from clusterer.cluster.validation import (
    describe_refusal,
    is_valid_chunk,
    match_features,
    validate_points,
)
from clusterer.support.locking import locked


class OnlineClusterer(PointQueries, DecidedClusters, SavedState, ClusterMixin, Clusterer):
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
    half_life : float, str or None, default "auto"
        Number of points after which a learned point counts half; of seconds, if the points come
        with ``times``. A duration such as "10min" (units ms, s, min, h, d, w) needs ``times``. None
        never forgets. "auto" counts in points; it does not forget until clusters move, and then
        forgets as fast as they move; if clusters appear one after the other, none is forgotten; if
        all jump to other places, the old places are. See `clusterer.cluster.forgetting`.
    update : "kernel" or "addc", default "kernel"
        "kernel": a point at distance r counts exp(-r²/sigma²) (Zhang et al., 2005). "addc": every
        point counts 1 (Guedalia et al., 1999), which equals an infinite sigma.
    merge : "auto", "log-min", "plain", "ward" or "log-ward", default "auto"
        The cost that the closest pair minimises: d² ("plain", as published in 1999), d² h ("ward",
        Ward's criterion, 1963), d² log(1 + h) ("log-ward"), with h = (w+1)(w'+1)/(w+w'+2), or
        d² log2(2 + min(w, w')) ("log-min", with log2 interpolated linearly between powers of two),
        which clusters as well as "log-ward" in half the time. A point moves the prototype with
        which a new one at the point would merge at least cost: by "plain" and "log-min" the nearest
        one; by Ward's rules a light one may win over a nearer heavy one. "auto" is "log-min", and
        "ward" from 50 features on; see `clusterer.cluster.prototypes.merge_rules`.
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
        many points at once, and if a cluster has lost all its prototypes. With an automatic number
        of prototypes, `predict` chooses the resolution of the clusters anew after ten times this
        share. With ``join=False`` or
        ``forget="never"``, and for everything that is read from an attribute, the clusters are
        always computed anew; then `predict` agrees with the attribute until the next point.
    allow_growth : bool, default False
        Accept points with more features than before: everything learned so far is 0 in the new
        features. Points with fewer features are filled up with 0.
    metric : "euclidean", "cosine" or "haversine", default "euclidean"
        "cosine": the direction of a point counts, not its length; rows of zeros are refused, and
        centres are reported with length 1. "haversine": the two features are latitude and
        longitude in degrees, and ``sigma`` is in degrees. Set it before the first point.
    noise_threshold : float or None, default None
        `predict` says -1 for a point that lies farther from its nearest prototype than this many
        times the root mean squared distance of the points there; 5 leaves nearly all points of a
        cluster in it. None gives every point near a cluster's prototype this cluster, however far
        it is.

    Attributes
    ----------
    prototypes_ : (m, d), weights_ : (m,), counts_ : (m,), scatters_ : (m,), ids_ : (m,)
        The prototypes: centres, sums of kernel values, numbers of points, weighted sums of
        squared deviations, permanent ids.
    links_ : (m, m)
        Numbers of points seen halfway between two prototypes; a low number indicates a saddle.
    cluster_labels_ : (m,) int
        The number of the cluster of each prototype; -1 for noise.
    cluster_ids_ : (n_clusters_,) int, n_clusters_ : int
        The numbers of the clusters in increasing order, and how many there are. A cluster keeps its
        number while the stream is learned, and no number is given twice. After `fit` the numbers
        are 0, 1, ...
    cluster_centers_ : (n_clusters_, d)
        Weighted means of the prototypes of the clusters ``cluster_ids_``.
    labels_ : (n,) int
        Clusters of the points learned last: all points of `fit`, or the last chunk of
        `partial_fit`.
    sigma_ : float
        The width of the kernel in force.
    half_life_ : float
        The half-life in force, in points or seconds; infinite while nothing is forgotten.
    n_seen_ : int
        Number of points learned.
    decisions_ : tuple of Decision
        What people have decided about clusters: `merge_clusters`, `split_cluster`,
        `cut_dendrogram`; `undo_decision` removes the last one. `find_alternatives` tells what there
        is to decide.
    is_saturated_ : bool
        Whether there are too few prototypes for the clusters found. Then the model also warns,
        once, with a `SaturationWarning`; `suggest_number` returns a larger number to try.

    Notes
    -----
    Several threads may use one model: a lock lets one method at a time work, so no point is lost. A
    pickle and a copy hold what was learned, not the points; ``labels_`` of an unpickled model is
    empty until it learns again.

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

    def __init__(
        self,
        n_prototypes: int | str = "auto",
        sigma: float | str = "auto",
        half_life: float | str | None = "auto",
        *,
        update: str = "kernel",
        merge: str = "auto",
        forget: str = "quiet",
        join: bool = True,
        drop_singletons: bool = True,
        refresh: float = REFRESH,
        allow_growth: bool = False,
        metric: str = "euclidean",
        noise_threshold: float | None = None,
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
        self.metric = metric
        self.noise_threshold = noise_threshold

    @locked
    def fit(
        self,
        X: ArrayLike,
        y: Any = None,
        sample_weight: ArrayLike | None = None,
        times: ArrayLike | None = None,
    ) -> Self:
        """Forget everything, then learn the points X (n, d) in their order; see `partial_fit`."""
        return self._learn_chunk(X, sample_weight, times, is_first=True)

    def partial_fit(
        self,
        X: ArrayLike,
        y: Any = None,
        sample_weight: ArrayLike | None = None,
        times: ArrayLike | None = None,
    ) -> Self:
        """Learn a chunk of points X (n, d).

        The result does not depend on how the stream is divided into chunks.

        Parameters
        ----------
        X : (n, d)
            The points. Rows of a sparse X are made dense in blocks of 16 MiB. The prototypes are
            dense, so they must fit into 64 MiB: 200 may have 41,943 features.
        y : ignored
        sample_weight : (n,), optional
            How much each point counts, by default 1. A point of weight 0 is left out. In a stream a
            point of weight 2 is not the same as two points: it is one step of the learning.
        times : (n,), optional
            When the points arrived: seconds or datetimes, not decreasing; points may arrive
            together. A ``half_life`` that is a number or a duration is then in seconds.

        Raises
        ------
        ValueError
            If the chunk is empty, holds NaN, infinity or text, or has another number of features
            (see `allow_growth`), or if weights or times do not fit. The model is unchanged then.

        Examples
        --------
        >>> model = OnlineClusterer(4, half_life="10min")
        >>> model.partial_fit([[0.0], [0.0]], times=[0, 0]).counts_.sum()
        np.float64(1.0)
        >>> model.partial_fit([[0.0]], times=[600]).counts_.sum()
        np.float64(1.5)
        """
        with self._lock:
            is_first = not self.__sklearn_is_fitted__()
            return self._learn_chunk(X, sample_weight, times, is_first=is_first)

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
            Decay this model by its half-life over as many points as the other has learned, or over
            the time between their last points if both have times.

        Raises
        ------
        TypeError
            If ``other`` is not an OnlineClusterer.
        ValueError
            If the features or the metrics differ, the two models are too far apart, or a sum is too
            large. This model is unchanged then.

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
        # In one order, so that two threads that merge two models never wait for each other.
        models: list[OnlineClusterer] = sorted([self, other], key=id)
        first, second = models
        with first._lock, second._lock:
            return self._absorb(other, fade=fade)

    def _absorb(self, other: "OnlineClusterer", *, fade: bool) -> Self:
        parameters = self._get_parameters()
        theirs, names = other._prototypes, getattr(other, "feature_names_in_", None)
        times = self._last_time, other._last_time
        known_times = [time for time in times if time is not None]
        last_time = max(known_times, default=None)
        if not self.__sklearn_is_fitted__():
            self._check_metric(other._learned_metric)
            self._last_time = last_time
            copied = theirs.widen(np.arange(theirs.n_features))
            return self._set_state(copied, names, other._label_cache)
        self._check_metric()
        self._check_metric(other._learned_metric)
        columns, names = match_features(self, other)
        if self.metric == "haversine":
            columns = np.arange(theirs.n_features)
        n_features = max(self._prototypes.n_features, int(columns.max()) + 1)
        ours = self._prototypes.widen(np.arange(self._prototypes.n_features), n_features)
        if fade:
            decay = min(each.find_decay(parameters) for each in (ours, theirs))
            age = float(theirs.n_seen)
            if len(known_times) == len(times):
                age = max(known_times[1] - known_times[0], 0.0)
            ours.decay(decay**age)
        pooled = pool_prototypes(ours, theirs.widen(columns, n_features), parameters)
        self._last_time = last_time
        return self._set_state(pooled, names, self._label_cache)

    @locked
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
            If ``factors`` or ``shifts`` are not d finite numbers, a factor is not above 0, the
            metric is not Euclidean, or a number of the model would become too large. The model is
            unchanged then.

        Examples
        --------
        >>> model = OnlineClusterer(2).fit([[0.0, 0.0], [1.0, 10.0], [1.0, 10.0]])
        >>> model.change_units([1.0, 0.1], [0.0, 5.0]).prototypes_.tolist()
        [[1.0, 6.0], [1.0, 6.0]]
        """
        prototypes = self._get_prototypes()
        if self.keeps_units:
            raise ValueError(
                f"With metric={self.metric!r} the units of the features cannot change."
            )
        scale, shift = (np.asarray(values, np.float64) for values in (factors, shifts))
        for name, values in (("factors", scale), ("shifts", shift)):
            if values.shape != (prototypes.n_features,) or not np.isfinite(values).all():
                raise ValueError(f"{name} must be {prototypes.n_features} finite numbers.")
        if not (scale > 0).all():
            raise ValueError("factors must be above 0.")
        if sp.issparse(self._points):
            # In the new units they would no longer be sparse.
            self._points = np.empty((0, prototypes.n_features))
        known = self._points.shape[1]  # 0 after `absorb`
        with np.errstate(over="ignore", invalid="ignore"):
            points = self._points * scale[:known] + shift[:known]
        if not np.isfinite(points).all():
            raise ValueError(
                "The points learned last would become too large in the new units. Check the "
                "factors and shifts, or the units of the data. The model is unchanged."
            )
        prototypes.change_units(scale, shift)
        self._points = points
        self._label_cache.forget()
        return self

    @locked
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

    def check_parameters(self) -> None:
        """Raise ValueError that names the first parameter with a value that is not allowed."""
        self._get_parameters()

    def change_parameters(self, **values: Any) -> Self:
        """Change parameters in mid-stream; a smaller ``n_prototypes`` merges prototypes at once.

        Raises ValueError, and changes nothing, if a name or a value is not allowed.
        """
        if "metric" in values and self.__sklearn_is_fitted__():
            self._check_metric(values["metric"])
        super().change_parameters(**values)
        if "n_prototypes" in values and self.__sklearn_is_fitted__():
            # At once, because K may rise again before the next point.
            self.merge_excess()
        return self

    @property
    def keeps_units(self) -> bool:
        """Whether points must come in their own units: for every metric but the Euclidean."""
        return self.metric != "euclidean"

    def describe(self) -> dict[str, str]:
        """Return the numbers of prototypes, the width of the kernel and the half-life as texts."""
        origin = "automatic" if self.sigma == "auto" else "chosen"
        texts = {
            "prototypes": f"{len(self.weights_)} of at most {self._describe_number()}",
            "sigma": f"{self.sigma_:.6g} ({origin})",
            "half-life": "none" if self.half_life is None else str(self.half_life),
        }
        if self.metric != "euclidean":
            texts["metric"] = self.metric
        if self.noise_threshold is not None:
            texts["noise from"] = f"{self.noise_threshold:.6g} root mean squared distances"
        return texts

    def _describe_number(self) -> str:
        """The maximum number of prototypes as text."""
        text = str(self.n_prototypes)
        if text == "auto":
            text = f"{self._prototypes.chosen_number} (automatic)"
        return f"{text}, too few here: try {self.suggest_number()}" if self.is_saturated_ else text

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_prototypes")

    def _learn_chunk(
        self,
        X: ArrayLike,
        sample_weight: ArrayLike | None,
        times: ArrayLike | None,
        *,
        is_first: bool,
    ) -> Self:
        # Streams may come point by point, so a valid array without weights and times skips all
        # conversion.
        is_plain = not is_first and sample_weight is None and times is None
        if is_plain and self._is_euclidean_and_untimed() and is_valid_chunk(X, self):
            parameters = self._get_parameters()
            decisions = self._label_cache.decisions
            points = X.copy(order="C")
            self._learn_points(self._prototypes, points, parameters, NO_ARRIVALS, decisions)
            self._label_cache.outdate()
            return self
        if sp.issparse(X):
            learn_sparse(self, X, sample_weight, times, is_first=is_first)
            return self
        before = self.__dict__.copy()
        try:
            parameters = self._get_parameters()
            if is_first:
                self._last_time = None
            else:
                self._check_metric()
            points, names = validate_points(self, X, is_first=is_first)
            points = project_points(self.metric, points)
            weights = read_weights(points, sample_weight)
            decays, last = read_times(times, len(points), weights, self.half_life, self._last_time)
            prototypes = self._prepare_prototypes(points.shape[1], parameters, is_first=is_first)
            self._learn_points(
                prototypes,
                points,
                parameters,
                Arrivals(weights, decays),
                None if is_first else self._label_cache.decisions,
            )
            self._last_time = last
            self._set_state(prototypes, names, None if is_first else self._label_cache)
            self._label_cache.outdate()
            return self
        except BaseException:
            self.__dict__.clear()
            self.__dict__.update(before)
            raise

    def _is_euclidean_and_untimed(self) -> bool:
        half_life = self.half_life
        is_duration = isinstance(half_life, str) and half_life != "auto"
        is_euclidean = self.metric == self._learned_metric == "euclidean"
        return is_euclidean and self._last_time is None and not is_duration

    def _prepare_prototypes(
        self, n_features: int, parameters: Parameters, *, is_first: bool
    ) -> Prototypes:
        """Return the prototypes, new ones at first, with at least ``n_features`` features."""
        if is_first:
            return Prototypes(n_features, parameters.n_prototypes, parameters.rule)
        prototypes = self._prototypes
        if n_features > prototypes.n_features:
            prototypes = prototypes.widen(np.arange(prototypes.n_features), n_features)
        return prototypes

    def _learn_points(
        self,
        prototypes: Prototypes,
        points: NDArray,
        parameters: Parameters,
        arrivals: Arrivals = NO_ARRIVALS,
        decisions: Decisions | None = None,
    ) -> None:
        """Learn points (n, d) in the prototypes' space; raise ValueError if one is refused."""
        weights, decays = arrivals
        learned = points
        if len(weights):
            refused = prototypes.find_refused(points)
            if refused >= 0:
                raise ValueError(describe_refusal(points, refused))
            learned, weights = points[weights > 0.0], weights[weights > 0.0]
            if not len(learned) and not prototypes.n_seen:
                raise ValueError(
                    "Every weight is zero; learn at least one point of another weight."
                )
        # The list itself, because `len(decisions)` takes a share of the time of a point.
        if decisions is None or not decisions.made:
            refused = learn_stream(prototypes, learned, parameters, weights, decays)
        else:
            refused = learn_with_decisions(
                decisions, prototypes, learned, parameters, weights, decays
            )
        if refused >= 0:
            raise ValueError(describe_refusal(points, refused))
        self._points = points

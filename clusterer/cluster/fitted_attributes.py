"""The fitted attributes of a clusterer; each is computed when it is read."""

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import NotFittedError

from clusterer.base import Snapshot
from clusterer.cluster.density.labels import average_clusters
from clusterer.cluster.labelling.label_cache import Choices, LabelCache
from clusterer.cluster.points.density import PointDensity, describe_points, find_far
from clusterer.cluster.points.metric import project_back
from clusterer.cluster.prototypes.parameters import (
    MAX_PROTOTYPES,
    Parameters,
    check_parameters,
    read_half_life,
)
from clusterer.cluster.prototypes.prototypes import Prototypes
from clusterer.stream.chunk import NOISE
from clusterer.support.errors import SaturationWarning
from clusterer.support.locking import Lockable, locked

SATURATION = 3  # prototypes for each cluster
MANY_CLUSTERS = 8  # fewer clusters are told apart by fewer prototypes
ENOUGH = 4  # times as many prototypes as are too few


class FittedAttributes(Lockable):
    """Parameters and fitted attributes that scikit-learn's and River's estimators share.

    The names end in an underscore, as scikit-learn demands. Several threads may read the attributes
    while another one learns; each attribute is then of one state between two chunks.
    """

    n_prototypes: int | str
    sigma: float | str
    half_life: float | str | None
    update: str
    merge: str
    forget: str
    join: bool
    drop_singletons: bool
    _prototypes: Prototypes
    refresh: float
    metric: str
    noise_threshold: float | None
    _label_cache: LabelCache
    _learned_metric: str = "euclidean"
    _has_warned = False

    @locked
    def snapshot(self) -> Snapshot:
        """Return everything a view needs, in new arrays."""
        prototypes = self._get_prototypes()
        # A view shows `enough_prototypes`, so a warning would say it twice.
        self._has_warned = True
        return Snapshot(
            n_seen=prototypes.n_seen,
            centers=project_back(self.metric, prototypes.centers),
            weights=prototypes.weights,
            counts=prototypes.counts,
            scatters=prototypes.scatters,
            ids=prototypes.ids,
            last_seen=prototypes.last_seen,
            labels=self.cluster_labels_.copy(),
            sigma=self.sigma_,
            half_life=self.half_life_,
            links=prototypes.link_counts,
            totals=prototypes.totals,
            steps=prototypes.steps * prototypes.unit,
            most_prototypes=prototypes.find_number(self._get_parameters()),
            enough_prototypes=self.suggest_number() if self.is_saturated_ else 0,
        )

    @locked
    def merge_excess(self) -> None:
        """Merge the closest pairs now if ``n_prototypes`` was made smaller.

        Otherwise they merge at the next point, or when an attribute is next read.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the model has learned nothing.
        ValueError
            If a parameter has a wrong value.
        """
        if not hasattr(self, "_prototypes"):
            raise NotFittedError(
                f"This {type(self).__name__} has learned nothing yet; learn points first."
            )
        parameters = self._get_parameters()
        if self._prototypes.find_number(parameters) < self._prototypes.capacity:
            self._prototypes.adapt(parameters)
            self._label_cache.forget()

    @property
    @locked
    def n_bytes(self) -> int:
        """Memory of the prototypes in bytes; 0 for a model that has learned nothing."""
        return self._prototypes.n_bytes if hasattr(self, "_prototypes") else 0

    @property
    @locked
    def prototypes_(self) -> NDArray[np.float64]:
        """Centres (m, d) of the prototypes."""
        return project_back(self.metric, self._get_prototypes().centers)

    @property
    @locked
    def weights_(self) -> NDArray[np.float64]:
        """Weights (m,): sums of kernel values."""
        return self._get_prototypes().weights

    @property
    @locked
    def counts_(self) -> NDArray[np.float64]:
        """Numbers (m,) of points that each prototype has learned, with decay."""
        return self._get_prototypes().counts

    @property
    @locked
    def scatters_(self) -> NDArray[np.float64]:
        """Weighted sums (m,) of squared deviations."""
        return self._get_prototypes().scatters

    @property
    @locked
    def links_(self) -> NDArray[np.float64]:
        """Points (m, m) seen between two prototypes; see `clusterer.cluster.prototypes.links`."""
        return self._get_prototypes().link_counts

    @property
    @locked
    def ids_(self) -> NDArray[np.int64]:
        """Permanent ids (m,): the index in the stream of each prototype's first point."""
        return self._get_prototypes().ids

    @property
    @locked
    def n_seen_(self) -> int:
        """Number of points learned."""
        return self._get_prototypes().n_seen

    @property
    @locked
    def sigma_(self) -> float:
        """Width of the kernel in force."""
        if self.sigma == "auto":
            return self._get_prototypes().automatic_sigma
        return float(self.sigma)

    @property
    @locked
    def half_life_(self) -> float:
        """Half-life in force; infinite while nothing is forgotten.

        In points; in seconds if ``half_life`` is a duration or points come with times.
        """
        half_life = read_half_life(self.half_life)
        if isinstance(half_life, str):
            return float(self._get_prototypes().half_life)
        return np.inf if half_life is None else float(half_life)

    @property
    @locked
    def cluster_labels_(self) -> NDArray[np.int64]:
        """Number (m,) of the cluster of each prototype; -1 for noise."""
        prototypes = self._get_prototypes()
        labels = self._label_cache.label(prototypes, self._list_choices(prototypes))
        self._warn_once(prototypes)
        return labels

    @property
    @locked
    def cluster_ids_(self) -> NDArray[np.int64]:
        """Numbers (n_clusters_,) of the clusters, in increasing order.

        A number lasts as long as its cluster, and no number is given twice.
        """
        labels = self.cluster_labels_
        # A loop over Python's numbers takes a third of the time of `np.unique`.
        return np.array(sorted({*labels.tolist()} - {NOISE}), dtype=np.int64)

    @property
    def n_clusters_(self) -> int:
        """Number of clusters, noise not counted."""
        return len(self.cluster_ids_)

    @property
    @locked
    def is_saturated_(self) -> bool:
        """Whether there are too few prototypes for the clusters found: less than 3 for each.

        Then several clusters may share a prototype. A cluster needs some prototypes of its own.
        """
        # Otherwise the number of clusters may be that of an older state.
        _ = self.cluster_labels_
        return self._is_saturated(self._prototypes)

    def _is_saturated(self, prototypes: Prototypes) -> bool:
        """Whether there were too few prototypes at the last full labelling."""
        n_clusters = self._label_cache.n_clusters
        if n_clusters < MANY_CLUSTERS or not self.join:
            return False
        number = prototypes.find_number(self._get_parameters())
        is_full = prototypes.n_taken == number < MAX_PROTOTYPES
        return is_full and SATURATION * n_clusters > number

    def _warn_once(self, prototypes: Prototypes) -> None:
        """Warn if there are too few prototypes, once for each model."""
        if self._has_warned or not self._is_saturated(prototypes):
            return
        self._has_warned = True
        number = prototypes.find_number(self._get_parameters())
        text = f"{number} prototypes are too few here: try n_prototypes={self.suggest_number()}."
        warnings.warn(text, SaturationWarning, stacklevel=4)

    def suggest_number(self) -> int:
        """Return a number of prototypes that is enough for more clusters than were found."""
        number = self._get_prototypes().find_number(self._get_parameters())
        return min(ENOUGH * number, MAX_PROTOTYPES)

    @property
    @locked
    def cluster_centers_(self) -> NDArray[np.float64]:
        """Weighted means (n_clusters_, d) of the prototypes of the clusters ``cluster_ids_``."""
        prototypes = self._get_prototypes()
        return project_back(
            self.metric, prototypes.to_data_units(self._average_clusters(prototypes))
        )

    def _average_clusters(self, prototypes: Prototypes) -> NDArray[np.float64]:
        """Weighted means (n_clusters_, d) in inner coordinates."""
        labels = find_positions(self.cluster_labels_, self.cluster_ids_)
        return average_clusters(prototypes.inner_centers, prototypes.weights, labels)

    def _get_density(self, prototypes: Prototypes) -> PointDensity:
        """Return the density of the prototypes, computed once for each state."""
        cache = self._label_cache
        if cache.point_density is None:
            cache.point_density = describe_points(prototypes)
        density: PointDensity = cache.point_density
        return density

    def _drop_far(
        self,
        prototypes: Prototypes,
        points: NDArray,
        slots: NDArray[np.int64],
        labels: NDArray[np.int64],
    ) -> NDArray[np.int64]:
        """Return labels (n,) with noise for the points beyond ``noise_threshold``."""
        threshold = self.noise_threshold
        if threshold is None or not len(points):
            return labels
        density = self._get_density(prototypes)
        is_far = find_far(density, prototypes, points, slots, float(threshold))
        return np.where(is_far, NOISE, labels)

    def _list_choices(self, prototypes: Prototypes) -> Choices:
        """What the labels depend on besides the prototypes."""
        half_life = read_half_life(self.half_life)
        if isinstance(half_life, str):
            half_life = prototypes.half_life
        return Choices(
            bool(self.join),
            bool(self.drop_singletons),
            self.forget,
            half_life,
            prototypes.capacity,
            isinstance(self.n_prototypes, str),
        )

    def _update_labels(self, prototypes: Prototypes, n_points: int) -> NDArray[np.int64]:
        """Cluster (m,) of each prototype, for labelling ``n_points``; see ``refresh``."""
        labels = self._label_cache.update(
            prototypes, self._list_choices(prototypes), self.refresh, n_points
        )
        self._warn_once(prototypes)
        return labels

    def _get_parameters(self) -> Parameters:
        """Return the checked parameters; they are checked again only after an assignment."""
        cached = getattr(self, "_parameter_cache", None)
        if cached is not None:
            given, parameters = cached
            n_prototypes, sigma, half_life, update, merge, forget, refresh, metric, noise = given
            # Compared by identity, since True equals 1 and an array has no truth value. Written
            # out, because this runs at every point of a stream that comes point by point.
            if (
                n_prototypes is self.n_prototypes
                and sigma is self.sigma
                and half_life is self.half_life
                and update is self.update
                and merge is self.merge
                and forget is self.forget
                and refresh is self.refresh
                and metric is self.metric
                and noise is self.noise_threshold
            ):
                return parameters
        given = (
            *(self.n_prototypes, self.sigma, self.half_life),
            *(self.update, self.merge, self.forget, self.refresh),
            *(self.metric, self.noise_threshold),
        )
        self._parameter_cache = given, check_parameters(*given)
        return self._parameter_cache[1]

    def _check_metric(self, metric: Any = None) -> None:
        """Raise ValueError if a metric, by default the present one, is not that of the points."""
        learned, given = self._learned_metric, self.metric if metric is None else metric
        if not hasattr(self, "_prototypes"):
            learned = self.metric
        if given != learned:
            raise ValueError(
                f"The points were learned with metric={learned!r}, which cannot become {given!r}; "
                "fit a new model."
            )

    def _get_prototypes(self) -> Prototypes:
        """Return the prototypes, at most ``n_prototypes``."""
        self.merge_excess()
        if self.metric is not self._learned_metric:
            self._check_metric()
        return self._prototypes


def find_positions(labels: NDArray[np.int64], cluster_ids: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the position (m,) of each label in the increasing ``cluster_ids`` (k,); noise stays.

    >>> find_positions(np.array([7, -1, 3, 7]), np.array([3, 7])).tolist()
    [1, -1, 0, 1]
    """
    return np.where(labels == NOISE, NOISE, np.searchsorted(cluster_ids, labels))

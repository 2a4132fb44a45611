"""What can be read off a model that has learned; each attribute is computed when asked for."""

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import NotFittedError

from clusterer.cluster.density.labels import average_clusters, label_prototypes
from clusterer.cluster.inactive_clusters import label_with_inactive
from clusterer.cluster.prototypes.prototypes import Prototypes, Settings
from clusterer.cluster.snapshot import Snapshot
from clusterer.cluster.validation import check_settings
from clusterer.stream.chunk import NOISE


class LearnedAttributes:
    """The attributes that end in an underscore, as scikit-learn has it, for whatever learns."""

    n_prototypes: int
    sigma: float | str
    half_life: float | str | None
    update: str
    merge: str
    forget: str
    join: bool
    drop_singletons: bool
    _prototypes: Prototypes
    _readouts: dict[tuple[bool, bool, str], NDArray[np.int64]]

    def snapshot(self) -> Snapshot:
        """Everything a view needs, in arrays of its own."""
        held = self._hold()
        return Snapshot(
            n_seen=held.n_seen,
            centers=held.centers,
            weights=held.weights,
            counts=held.counts,
            scatters=held.scatters,
            ids=held.ids,
            last_seen=held.last_seen,
            labels=self.cluster_labels_.copy(),
            sigma=self.sigma_,
            half_life=self.half_life_,
            links=held.link_counts,
        )

    @property
    def n_bytes(self) -> int:
        """Memory that the prototypes take; 0 for a model that has learned nothing."""
        return self._prototypes.n_bytes if hasattr(self, "_prototypes") else 0

    @property
    def prototypes_(self) -> NDArray[np.float64]:
        """Centres (m, d) of the prototypes."""
        return self._hold().centers

    @property
    def weights_(self) -> NDArray[np.float64]:
        """Weights (m,): summed kernel values."""
        return self._hold().weights

    @property
    def counts_(self) -> NDArray[np.float64]:
        """Numbers (m,) of points taken in."""
        return self._hold().counts

    @property
    def scatters_(self) -> NDArray[np.float64]:
        """Weighted sums (m,) of squared deviations."""
        return self._hold().scatters

    @property
    def links_(self) -> NDArray[np.float64]:
        """Points (m, m) seen between two prototypes; see `clusterer.cluster.prototypes.links`."""
        return self._hold().link_counts

    @property
    def ids_(self) -> NDArray[np.int64]:
        """Ids (m,) that last: the index in the stream of the point each started from."""
        return self._hold().ids

    @property
    def n_seen_(self) -> int:
        """Number of points learned."""
        return self._hold().n_seen

    @property
    def sigma_(self) -> float:
        """Width of the kernel in force."""
        return self._hold().automatic_sigma if self.sigma == "auto" else float(self.sigma)

    @property
    def half_life_(self) -> float:
        """Half-life in force, in points; infinite while nothing is forgotten."""
        if isinstance(self.half_life, str):
            return float(self._hold().half_life)
        return np.inf if self.half_life is None else float(self.half_life)

    @property
    def cluster_labels_(self) -> NDArray[np.int64]:
        """Cluster (m,) of each prototype; -1 for noise."""
        held = self._hold()
        self._check_settings()
        join, drop, forget = choices = bool(self.join), bool(self.drop_singletons), self.forget
        if choices not in self._readouts:
            # In inner coordinates: no unit or offset may change what is joined.
            if join and forget == "never":
                labels = label_with_inactive(held, self._known, drop_singletons=drop)
            else:
                labels = label_prototypes(
                    **held.evidence, previous=self._known, join=join, drop_singletons=drop
                )
            labels.flags.writeable = False
            self._readouts[choices] = labels
        return self._readouts[choices]

    @property
    def _known(self) -> NDArray[np.int64] | None:
        # Once nothing is forgotten any more, nothing new is remembered.
        return self._hold().known if self.half_life_ < np.inf else None

    @property
    def n_clusters_(self) -> int:
        """Number of clusters, noise not counted."""
        return int(self.cluster_labels_.max(initial=NOISE)) + 1

    @property
    def cluster_centers_(self) -> NDArray[np.float64]:
        """Weighted means (n_clusters_, d) of the clusters' prototypes."""
        held = self._hold()
        means = average_clusters(held.inner_centers, held.weights, self.cluster_labels_)
        return held.leave(means)

    def _check_settings(self) -> Settings:
        known = getattr(self, "_settings", None)
        if known is not None:
            (n_prototypes, sigma, half_life, update, merge, forget), settings = known
            # By identity: True equals 1, and an array equals nothing that can be told. Written
            # out, since this is asked at every point where they come one at a time.
            if (
                n_prototypes is self.n_prototypes
                and sigma is self.sigma
                and half_life is self.half_life
                and update is self.update
                and merge is self.merge
                and forget is self.forget
            ):
                return settings
        given = (
            *(self.n_prototypes, self.sigma, self.half_life),
            *(self.update, self.merge, self.forget),
        )
        self._settings = given, check_settings(*given)
        return self._settings[1]

    def _hold(self) -> Prototypes:
        """The prototypes, merged down first where n_prototypes was made smaller."""
        if not hasattr(self, "_prototypes"):
            raise NotFittedError(f"This {type(self).__name__} has learned nothing yet.")
        held = self._prototypes
        settings = self._check_settings()
        if settings[0] < held.capacity:
            held.adapt(settings)
            self._readouts.clear()
        return held

"""Methods of the estimator by which people decide about clusters, and what to decide about."""

import math
from typing import Self

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from clusterer.cluster.density.labels import OrderedDensity, measure_in_order, number_in_order
from clusterer.cluster.fitted_attributes import FittedAttributes
from clusterer.cluster.labelling.alternatives import (
    Alternatives,
    cut_merge_tree,
    find_halves,
    list_alternatives,
)
from clusterer.cluster.labelling.decisions import CUT, MERGE, NO_SIDE, SPLIT, Decision
from clusterer.cluster.prototypes.prototypes import Prototypes
from clusterer.stream.chunk import NOISE
from clusterer.support.locking import locked


class DecidedClusters(FittedAttributes):
    """Methods of the scikit-learn estimator about decisions of people; see `.labelling.decisions`.

    A decision holds while the stream goes on, in `predict` and in all attributes, and is saved with
    the model. It changes no prototype, so the model learns the same with and without it. `fit`
    forgets all decisions, a copy keeps them, and `absorb` keeps those of the model that absorbs.
    With ``join=False`` decisions are kept, but not applied. All methods raise NotFittedError for a
    model that has learned nothing.
    """

    @property
    @locked
    def decisions_(self) -> tuple[Decision, ...]:
        """The decisions of people about clusters, in their order; `undo_decision` removes the last.

        Each has its ``kind``, the number ``n_seen`` of points learned at that time, and the numbers
        of the ``clusters`` that it was about.
        """
        check_is_fitted(self)
        return tuple(self._label_cache.decisions)

    @locked
    def find_alternatives(self) -> Alternatives:
        """Return the next best answers: one cluster fewer, one cluster more, and how sure they are.

        Returns
        -------
        Alternatives
            ``joins`` are the pairs of clusters that could be one, the least significant gap first.
            ``splits`` say how each cluster could be two, the most significant gap first. A gap of
            significance 1 is as deep as chance makes gaps within one group.

        References
        ----------
        D. W. Müller, G. Sawitzki, "Excess mass estimates and tests for multimodality", Journal of
        the American Statistical Association 86, 1991.

        Examples
        --------
        >>> from clusterer import OnlineClusterer
        >>> random = np.random.default_rng(0)
        >>> points = np.repeat([[0.0], [5.0], [40.0]], 1000, axis=0)
        >>> points = random.permutation(points + random.normal(size=(3000, 1)))
        >>> model = OnlineClusterer(50).fit(points)
        >>> join = model.find_alternatives().joins[0]
        >>> one, two = (model.cluster_centers_[model.cluster_ids_ == each] for each in join[:2])
        >>> float(abs(one - two).round()[0, 0]), join.significance > 1.0
        (5.0, True)
        """
        labels = self.cluster_labels_
        prototypes = self._prototypes
        if not (prototypes.weights > 0).any():
            return Alternatives(self.n_clusters_, (), ())
        # In inner coordinates, so that it depends neither on units nor on offsets.
        return list_alternatives(self._measure_density(prototypes), labels)

    @locked
    def find_cluster(self, prototype: int) -> int:
        """Return the number of the cluster to which the prototype with this id belongs.

        Ids follow from the stream, numbers of clusters from the times at which they were read: so a
        script names a cluster by the id of one of its prototypes.

        Raises
        ------
        ValueError
            If no prototype has this id, or the prototype is noise.

        Examples
        --------
        >>> from clusterer import OnlineClusterer
        >>> model = OnlineClusterer(4).fit([[0.0], [0.0], [9.0], [9.0]])
        >>> model.find_cluster(model.ids_[0]) == int(model.cluster_labels_[0])
        True
        """
        labels = self.cluster_labels_
        slots = np.flatnonzero(self._prototypes.ids == prototype)
        if not len(slots) or labels[slots[0]] == NOISE:
            raise ValueError(f"no cluster has a prototype with the id {prototype}.")
        return int(labels[slots[0]])

    @locked
    def merge_clusters(self, first: int, second: int, *others: int) -> Self:
        """Decide that two clusters or more are one, from now on.

        The cluster keeps the number of the part with the most points. It stays one cluster while
        its prototypes last, also if the density shows two.

        Parameters
        ----------
        first, second, *others : int
            Numbers of clusters, see ``cluster_ids_``.

        Raises
        ------
        ValueError
            If there is no such cluster, a number is given twice, or there are 100 decisions
            already. The model is unchanged then.

        Examples
        --------
        >>> from clusterer import OnlineClusterer
        >>> random = np.random.default_rng(0)
        >>> points = np.repeat([[0.0], [9.0]], 500, axis=0) + random.normal(size=(1000, 1))
        >>> model = OnlineClusterer().fit(random.permutation(points))
        >>> model.merge_clusters(0, 1).n_clusters_, len(set(model.predict([[0.0], [9.0]])))
        (1, 1)
        >>> model.undo_decision().n_clusters_
        2
        """
        clusters = [first, second, *others]
        labels = self.cluster_labels_
        self._check_clusters(clusters)
        if len({*clusters}) < len(clusters):
            raise ValueError(f"A cluster cannot merge with itself, got {clusters}.")
        sides = np.full(len(labels), NO_SIDE)
        for side, cluster in enumerate(clusters):
            sides[labels == cluster] = side
        return self._decide(MERGE, clusters, sides, [0] * len(clusters))

    @locked
    def split_cluster(self, cluster: int) -> Self:
        """Decide that a cluster is two, from now on, as `find_alternatives` would split it.

        The larger part keeps the number. The parts stay two clusters while their prototypes last,
        also if no gap separates them.

        Parameters
        ----------
        cluster : int
            The number of a cluster, see ``cluster_ids_``.

        Raises
        ------
        ValueError
            If there is no such cluster, it has a single prototype, or there are 100 decisions
            already. The model is unchanged then.

        Examples
        --------
        >>> from clusterer import OnlineClusterer
        >>> model = OnlineClusterer().fit(np.random.default_rng(0).normal(size=(2000, 2)))
        >>> model.n_clusters_, model.split_cluster(0).n_clusters_, len(model.decisions_)
        (1, 2, 1)
        """
        labels = self.cluster_labels_
        self._check_clusters([cluster])
        prototypes = self._prototypes
        measured = self._measure_density(prototypes)
        order, density = measured.order, measured.density
        kept = labels[order[density.kept]]
        halves = find_halves(density, measured.saddles, kept, cluster)
        if halves is None:
            raise ValueError(
                f"Cluster {cluster} cannot be split: its points have gathered in one prototype."
            )
        is_second = np.empty(len(labels), dtype=np.bool_)
        is_second[order] = halves.is_second[density.nearest]
        sides = np.where(labels == cluster, is_second.astype(np.int64), NO_SIDE)
        return self._decide(SPLIT, [cluster], sides, [0, 1])

    @locked
    def cut_dendrogram(self, threshold: float) -> Self:
        """Decide that each peak of the density with so much prominence is a cluster, from now on.

        This is the dendrogram cut at another height than the one that the model chooses. The
        clusters found now last as those of `merge_clusters` and `split_cluster` do; clusters that
        appear elsewhere later are found as without the decision. Noise stays noise.

        Parameters
        ----------
        threshold : float
            The least prominence of a cluster: the logarithm of the density at its peak over the
            density where it meets a denser cluster. More than 0; the larger, the fewer clusters.
            Peaks that meet no other stay clusters at every threshold.

        Raises
        ------
        ValueError
            If the threshold is not above 0, or there are 100 decisions already. The model is
            unchanged then.

        Examples
        --------
        >>> from clusterer import OnlineClusterer
        >>> random = np.random.default_rng(0)
        >>> points = np.repeat([[0.0], [5.0]], 500, axis=0) + random.normal(size=(1000, 1))
        >>> model = OnlineClusterer().fit(random.permutation(points))
        >>> model.n_clusters_, model.cut_dendrogram(20.0).n_clusters_
        (2, 1)
        """
        if not (isinstance(threshold, int | float | np.number) and 0.0 < threshold < math.inf):
            raise ValueError(f"threshold must be a number above 0, got {threshold!r}.")
        labels = self.cluster_labels_
        peaks = cut_merge_tree(self._measure_density(self._prototypes), float(threshold))
        # A side for each part of a present cluster, since a reach is that of one part.
        pairs = [
            (label, peak) if label != NOISE and peak >= 0 else None
            for label, peak in zip(labels.tolist(), peaks.tolist(), strict=True)
        ]
        known = sorted({each for each in pairs if each is not None})
        numbers = {pair: side for side, pair in enumerate(known)}
        sides = np.array([NO_SIDE if each is None else numbers[each] for each in pairs])
        groups = number_in_order(np.array([peak for _, peak in known], dtype=np.int64))
        return self._decide(CUT, [], sides, groups.tolist())

    @locked
    def undo_decision(self) -> Self:
        """Undo the last decision about clusters: its clusters are those of the density again.

        Raises ValueError if there is none.
        """
        check_is_fitted(self)
        self._label_cache.decisions.undo()
        self._label_cache.forget()
        return self

    def _measure_density(self, prototypes: Prototypes) -> OrderedDensity:
        if not (prototypes.weights > 0).any():
            raise ValueError("The prototypes have no weight yet; learn more points.")
        return measure_in_order(**prototypes.density_data)

    def _check_clusters(self, clusters: list[int]) -> None:
        known = self.cluster_ids_.tolist()
        for cluster in clusters:
            if cluster not in known:
                raise ValueError(
                    f"There is no cluster {cluster}; the clusters are "
                    f"{', '.join(map(str, known)) or 'none yet'}."
                )

    def _decide(
        self, kind: str, clusters: list[int], sides: NDArray[np.int64], groups: list[int]
    ) -> Self:
        prototypes = self._prototypes
        decision = Decision(kind, prototypes.n_seen, tuple(int(each) for each in clusters))
        self._label_cache.decisions.add(decision, prototypes, sides, groups)
        self._label_cache.forget()
        return self

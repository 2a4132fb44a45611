"""Label rows: the cluster of each row, how far from its centre, how certain, how usual."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from clusterer.base import Classifier, PointScorer, Snapshot
from clusterer.cluster.points.metric import project_points
from clusterer.scaled_learner import ScaledLearner
from clusterer.stream.chunk import NOISE

N_AT_ONCE = 4_096
"""Number of rows whose distances from all prototypes are in memory at a time."""

LabelColumns = dict[str, NDArray]


@dataclass(frozen=True)
class RowLabeller:
    """What a model says about rows.

    Parameters
    ----------
    learner : ScaledLearner
        A fitted model, and the scaling of its features.
    label_ids : mapping of int to int, optional
        The number that a cluster has for users, by the model's label; default the model's labels.
    names : mapping of int to str, optional
        The names of clusters, by their numbers for users; default None: no column of names.

    Examples
    --------
    >>> from clusterer import OnlineClusterer
    >>> rows = np.repeat([[1.0, 5.0], [3.0, 9.0]], 200, axis=0)
    >>> learner = ScaledLearner(OnlineClusterer(9)).learn(rows)
    >>> labels = RowLabeller(learner, names={0: "small", 1: "large"}).label(rows[:3])
    >>> for name, values in labels.items():
    ...     print(name, values[0] if values.dtype == object else values[0].round(3))
    cluster 0
    cluster_name small
    distance 0.0
    certainty 1.0
    score 64.757
    """

    learner: ScaledLearner
    label_ids: Mapping[int, int] | None = None
    names: Mapping[int, str] | None = None

    def label(self, points: NDArray[np.float64]) -> LabelColumns:
        """Return the columns that describe points (n, d) in the units of the data.

        ==============  ==========================================================================
        cluster         the number of the cluster; -1 for noise
        cluster_name    its name, empty without one; no column if no names were given
        distance        from the centre of the cluster, of noise from the nearest centre, in the
                        units of the model: standard deviations if it standardises
        certainty       the silhouette with the nearest prototypes in place of all points, from -1
                        to 1; NaN for noise and for an only cluster
        score           the logarithm of the density; rows with a low score are unusual
        ==============  ==========================================================================

        A learner of classes gives ``class`` and, if it measures it, ``margin``, its distance from
        the next class. Raises ValueError if the points do not fit the model.
        """
        pieces = [
            self._label(points[start : start + N_AT_ONCE])
            for start in range(0, max(len(points), 1), N_AT_ONCE)
        ]
        return {name: np.concatenate([each[name] for each in pieces]) for name in pieces[0]}

    def _label(self, points: NDArray[np.float64]) -> LabelColumns:
        model, scaling = self.learner.model, self.learner.scaling
        scaled = points if scaling is None else scaling.apply(points)
        if not len(scaled):
            # A model refuses an empty chunk; one row tells the kinds of the columns.
            example = self.learner.centers[:1]
            return {name: values[:0] for name, values in self._label(example).items()}
        found = model.predict(scaled)
        if isinstance(model, Classifier):
            margins = getattr(model, "measure_margins", None)
            return {"class": found} | ({} if margins is None else {"margin": margins(scaled)})
        columns: LabelColumns = {"cluster": self._renumber(found)}
        if self.names is not None:
            names = [self.names.get(i, "") for i in columns["cluster"].tolist()]
            columns["cluster_name"] = np.array(names, dtype=object)
        if isinstance(model, PointScorer):
            columns["distance"] = self._measure_distances(scaled, found)
        columns["certainty"] = self._measure_certainty(scaled, found)
        if isinstance(model, PointScorer):
            columns["score"] = model.score_samples(scaled)
        return columns

    def _renumber(self, labels: NDArray[np.int64]) -> NDArray[np.int64]:
        if self.label_ids is None:
            return labels
        found, places = np.unique(labels, return_inverse=True)
        ids = [self.label_ids.get(label, NOISE) for label in found.tolist()]
        return np.array(ids, dtype=np.int64)[places]

    def _measure_distances(
        self, scaled: NDArray[np.float64], labels: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        model = self.learner.model
        distances = model.transform(scaled)
        if not distances.shape[1]:
            return np.full(len(scaled), np.nan)
        is_own = labels[:, None] == model.cluster_ids_
        is_candidate = is_own | ~is_own.any(axis=1, keepdims=True)
        return np.where(is_candidate, distances, np.inf).min(axis=1)

    def _measure_certainty(
        self, scaled: NDArray[np.float64], labels: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        snapshot = self._snapshot
        # Prototypes and points in the space in which the nearest prototype is found.
        metric = getattr(self.learner.model, "metric", "euclidean")
        centers, points = (project_points(metric, each) for each in (snapshot.centers, scaled))
        return measure_certainty(points, labels, centers, snapshot.labels)

    @cached_property
    def _snapshot(self) -> Snapshot:
        return self.learner.model.snapshot()


def measure_certainty(
    points: NDArray[np.float64],
    labels: NDArray[np.int64],
    centers: NDArray[np.float64],
    center_labels: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Return how much nearer each point lies to its own prototypes than to those of others.

    It is the silhouette with the nearest prototypes in place of all points (Rousseeuw, 1987).

    Parameters
    ----------
    points, labels : (n, d), (n,)
        The points, and their clusters; -1 for noise.
    centers, center_labels : (m, d), (m,)
        The prototypes, and their clusters; prototypes of noise do not count.

    Returns
    -------
    (n,)
        From -1 to 1; NaN for noise, and if there is only one cluster.

    Examples
    --------
    >>> centers, labels = np.array([[0.0], [1.0], [9.0]]), np.array([0, 0, 1])
    >>> measure_certainty(np.array([[0.0], [5.0], [6.0]]), np.array([0, 0, 1]), centers, labels)
    array([1. , 0. , 0.4])
    """
    order = np.argsort(center_labels, kind="stable")
    order = order[center_labels[order] != NOISE]
    clusters, starts = np.unique(center_labels[order], return_index=True)
    if len(clusters) < 2:
        return np.full(len(points), np.nan)
    gaps = np.minimum.reduceat(measure_gaps(points, centers[order]), starts, axis=1)
    is_own = labels[:, None] == clusters
    own = np.where(is_own, gaps, np.inf).min(axis=1)
    other = np.where(is_own, np.inf, gaps).min(axis=1)
    is_known = is_own.any(axis=1)
    larger = np.maximum(own, other)
    certainty = (other - np.where(is_known, own, 0.0)) / np.where(larger > 0.0, larger, 1.0)
    return np.where(is_known, certainty, np.nan)


def measure_gaps(points: NDArray[np.float64], centers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the distance (n, m) of each point (n, d) from each centre (m, d)."""
    # Relative to a middle point, so that a large offset costs no digits.
    middle = centers.mean(axis=0)
    points, centers = points - middle, centers - middle
    squares = (points**2).sum(axis=1)[:, None] + (centers**2).sum(axis=1)
    return np.sqrt(np.maximum(squares - 2.0 * points @ centers.T, 0.0))

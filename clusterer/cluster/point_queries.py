"""What an estimator answers about points: their cluster, distances, membership and density."""

import math
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray
from sklearn.base import TransformerMixin

from clusterer.cluster.fitted_attributes import FittedAttributes, find_positions
from clusterer.cluster.points.density import (
    score_points,
    share_points,
    to_inner,
)
from clusterer.cluster.points.metric import measure_distances, project_points
from clusterer.cluster.points.sparse_rows import in_blocks, split_rows
from clusterer.cluster.prototypes.prototypes import Prototypes
from clusterer.cluster.prototypes.state_layout import SCALE
from clusterer.cluster.validation import describe_refusal, is_valid_chunk, validate_points
from clusterer.support.locking import locked


class PointQueries(FittedAttributes, TransformerMixin):
    """Methods of the scikit-learn estimator that say something about points X (n, d).

    All raise NotFittedError for a model that has learned nothing, and ValueError for points that
    hold NaN, infinity or text, or have other features than the model. X may be sparse; then a
    block of rows at a time is made dense.
    """

    # Those learned last; as they came if they were sparse, else in the space of the prototypes.
    _points: Any = np.empty((0, 0))
    n_features_in_: int

    @locked
    @in_blocks
    def predict(self, X: ArrayLike) -> NDArray[np.int64]:
        """Return the number (n,) of the cluster of each point X (n, d); -1 for noise.

        A point belongs to the cluster of its nearest prototype. It is noise if this prototype is,
        or if it lies beyond ``noise_threshold``. A cluster keeps its number while the stream is
        learned, see ``cluster_ids_``.
        """
        prototypes, points = self._read_points(X)
        slots = prototypes.assign(points)
        labels = self._update_labels(prototypes, len(slots))[slots]
        return self._drop_far(prototypes, points, slots, labels)

    @locked
    @in_blocks
    def find_nearest(self, X: ArrayLike) -> NDArray[np.int64]:
        """Return the index (n,) in `prototypes_` of the nearest one to each point X (n, d)."""
        prototypes, points = self._read_points(X)
        return prototypes.assign(points)

    @locked
    @in_blocks
    def score_samples(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the logarithm (n,) of the density at each point X (n, d).

        The density is a mixture of one Gaussian for each prototype, in the units of the data. The
        farther a point lies from all prototypes, the lower its score.

        >>> from clusterer import OnlineClusterer
        >>> points = np.random.default_rng(0).normal(size=(2000, 2))
        >>> OnlineClusterer(50).fit(points).score_samples([[0.0, 0.0], [9.0, 9.0]]).round()
        array([  -2., -200.])
        """
        prototypes, points = self._read_points(X)
        density = self._get_density(prototypes)
        unit = prototypes.n_features * math.log(prototypes.scalars.item(SCALE) or 1.0)
        return score_points(density, to_inner(prototypes, points)) + unit

    @locked
    @in_blocks
    def transform(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the distance (n, n_clusters_) of each point X (n, d) from each cluster's centre.

        The columns are in the order of ``cluster_ids_``. The unit is that of the data; that of
        ``metric="cosine"`` is 1 - cosine, that of ``metric="haversine"`` a degree.

        >>> from clusterer import OnlineClusterer
        >>> model = OnlineClusterer(4).fit([[0.0], [0.0], [9.0], [9.0]])
        >>> model.transform([[0.0], [5.0]]).round(9).tolist()
        [[0.0, 9.0], [5.0, 4.0]]
        """
        prototypes, points = self._read_points(X)
        # Without the centre of the data, the distances of a large offset would lose digits.
        centers = self._average_clusters(prototypes)
        if self.metric == "euclidean":
            unit = prototypes.scalars.item(SCALE) or 1.0
            return measure_distances(self.metric, to_inner(prototypes, points), centers) / unit
        points = points[:, : prototypes.n_features]
        return measure_distances(self.metric, points, prototypes.to_data_units(centers))

    @locked
    @in_blocks
    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the membership (n, n_clusters_) of each point X (n, d) in each cluster.

        The membership is the share of the cluster's Gaussians in the density at the point, see
        `score_samples`. Each row adds up to 1; the Gaussians of noise do not count. The columns are
        in the order of ``cluster_ids_``.

        >>> from clusterer import OnlineClusterer
        >>> random = np.random.default_rng(0)
        >>> points = np.repeat([[0.0], [9.0]], 500, axis=0) + random.normal(size=(1000, 1))
        >>> OnlineClusterer().fit(random.permutation(points)).predict_proba([[0.0], [9.0]]).round(3)
        array([[0., 1.],
               [1., 0.]])
        """
        prototypes, points = self._read_points(X)
        cluster_ids = self.cluster_ids_
        positions = find_positions(self.cluster_labels_, cluster_ids)
        inner = to_inner(prototypes, points)
        return share_points(self._get_density(prototypes), inner, positions, len(cluster_ids))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    @property
    @locked
    def labels_(self) -> NDArray[np.int64]:
        """Clusters (n,) of the points learned last; empty for a model that was loaded."""
        if not sp.issparse(self._points):
            return self._label_learned(self._points)
        blocks = split_rows(self._points, self.n_prototypes)
        found = [self._label_learned(project_points(self.metric, block)) for block in blocks]
        return np.concatenate(found)

    def _label_learned(self, points: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the clusters (n,) of points in the space of the prototypes."""
        prototypes = self._get_prototypes()
        # Features that another model added are 0 for these points.
        n_missing = max(prototypes.n_features - points.shape[1], 0)
        points = np.pad(points, ((0, 0), (0, n_missing)))
        slots = prototypes.assign(points)
        return self._drop_far(prototypes, points, slots, self.cluster_labels_[slots])

    @locked
    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Return the names (n_clusters_,) of the columns of `transform`: class and cluster number.

        Raises ValueError if ``input_features`` are not the names of the features learned.
        """
        cluster_ids = self.cluster_ids_
        if input_features is not None:
            n_given, known = len(input_features), getattr(self, "feature_names_in_", None)
            if n_given != self.n_features_in_:
                raise ValueError(
                    "input_features should have length equal to number of features "
                    f"({self.n_features_in_}), got {n_given}"
                )
            if known is not None and list(known) != list(input_features):
                raise ValueError("input_features is not equal to feature_names_in_")
        name = type(self).__name__.lower()
        return np.array([f"{name}{number}" for number in cluster_ids], dtype=object)

    def _read_points(self, X: ArrayLike) -> tuple[Prototypes, NDArray[np.float64]]:
        """Return the prototypes, and the points in their space."""
        prototypes = self._get_prototypes()
        points = X if is_valid_chunk(X, self) else validate_points(self, X, is_first=False)[0]
        if self.metric != "euclidean":
            points = project_points(self.metric, points)
        refused = prototypes.find_refused(points)
        if refused >= 0:
            raise ValueError(describe_refusal(points, refused))
        return prototypes, points

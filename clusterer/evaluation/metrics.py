"""Quality metrics of clusters, with true classes and without."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import (
    adjusted_rand_score,
    normalized_mutual_info_score,
    pairwise_distances,
    silhouette_score,
)
from sklearn.metrics.cluster import contingency_matrix

from clusterer.stream.chunk import NOISE

# The silhouette compares all pairs; 600 points give it to two digits.
N_FOR_SILHOUETTE = 600


@dataclass(frozen=True)
class QualityMetrics:
    """The quality of the clusters of some points; None for a metric that is not defined.

    Parameters
    ----------
    n_points : int
        Number of points.
    n_clusters : int
        Number of clusters among these points, noise not counted.
    compactness : float or None
        Root mean square distance of the points from the centre of their cluster, in the units of
        the model; smaller is better.
    separation : float or None
        The smallest distance between the centres of two clusters.
    silhouette : float or None
        How much nearer a point lies to its own cluster than to the next, from -1 to 1, on at most
        600 points (Rousseeuw, 1987).
    n_classes : int or None
        Number of true classes among these points; None, like all metrics below, without classes.
    ari, nmi : float or None
        Adjusted Rand index (Hubert and Arabie, 1985) and normalised mutual information.
    purity : float or None
        Share of points in the most frequent class of their cluster.
    """

    n_points: int
    n_clusters: int
    compactness: float | None = None
    separation: float | None = None
    silhouette: float | None = None
    n_classes: int | None = None
    ari: float | None = None
    nmi: float | None = None
    purity: float | None = None


def measure_quality(
    points: NDArray[np.float64],
    clusters: NDArray[np.int64],
    classes: NDArray[np.int64] | None = None,
) -> QualityMetrics:
    """Measure the quality of the clusters of some points.

    Metrics that compare with classes leave out points without a class and count noise as a
    cluster of its own. All other metrics leave out noise.

    Parameters
    ----------
    points : (n, d)
        Points, in units in which distances make sense.
    clusters : (n,) int64
        The cluster of each point, -1 for noise.
    classes : (n,) int64, optional
        The true class of each point, -1 for none.

    Returns
    -------
    QualityMetrics

    Examples
    --------
    >>> points = np.array([[0.0], [0.2], [5.0], [5.2]])
    >>> found = measure_quality(points, np.array([1, 1, 2, 2]), np.array([7, 7, 8, 8]))
    >>> found.n_clusters, found.n_classes, found.ari, found.purity, round(found.silhouette, 2)
    (2, 2, 1.0, 1.0, 0.96)
    """
    kept = clusters != NOISE
    compactness, separation = _measure_shape(points[kept], clusters[kept])
    n_clusters = len(np.unique(clusters[kept]))
    silhouette = measure_silhouette(points[kept], clusters[kept])
    if classes is None or not (classes != NOISE).any():
        return QualityMetrics(len(points), n_clusters, compactness, separation, silhouette)
    known = classes != NOISE
    true, found = classes[known], clusters[known]
    return QualityMetrics(
        n_points=len(points),
        n_clusters=n_clusters,
        compactness=compactness,
        separation=separation,
        silhouette=silhouette,
        n_classes=len(np.unique(true)),
        ari=float(adjusted_rand_score(true, found)),
        nmi=float(normalized_mutual_info_score(true, found)),
        purity=measure_purity(true, found),
    )


def measure_purity(classes: NDArray[np.int64], clusters: NDArray[np.int64]) -> float:
    """Share of points in the most frequent class of their cluster.

    Examples
    --------
    >>> measure_purity(np.array([0, 0, 1, 1]), np.array([5, 5, 5, 6]))
    0.75
    """
    table = contingency_matrix(classes, clusters)
    return float(table.max(axis=0).sum() / table.sum())


def measure_silhouette(
    points: NDArray[np.float64], clusters: NDArray[np.int64], n_most: int = N_FOR_SILHOUETTE
) -> float | None:
    """Mean silhouette of at most ``n_most`` evenly chosen points; None for a single cluster.

    Examples
    --------
    >>> measure_silhouette(np.zeros((3, 1)), np.array([0, 0, 0])) is None
    True
    """
    if len(points) > n_most:
        chosen = np.linspace(0, len(points) - 1, n_most).astype(np.int64)
        points, clusters = points[chosen], clusters[chosen]
    if not 2 <= len(np.unique(clusters)) < len(points):
        return None
    return float(silhouette_score(points, clusters))


def _measure_shape(
    points: NDArray[np.float64], clusters: NDArray[np.int64]
) -> tuple[float | None, float | None]:
    """The compactness and the separation."""
    if not len(points):
        return None, None
    names, slots = np.unique(clusters, return_inverse=True)
    counts = np.bincount(slots, minlength=len(names))
    centers = np.zeros((len(names), points.shape[1]))
    np.add.at(centers, slots, points)
    centers /= counts[:, None]
    compactness = float(np.sqrt(np.mean(np.sum((points - centers[slots]) ** 2, axis=1))))
    if len(names) < 2:
        return compactness, None
    distances = pairwise_distances(centers)
    np.fill_diagonal(distances, np.inf)
    return compactness, float(distances.min())

"""Measures: how good the clusters are, with true classes and without."""

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

# The silhouette takes all pairs: so many points are enough to tell it to two digits.
N_FOR_SILHOUETTE = 600


@dataclass(frozen=True)
class Measures:
    """How good the clusters of some points are; None where a measure cannot be taken.

    Parameters
    ----------
    n_points : int
        How many points they are taken of.
    n_clusters : int
        Clusters among these points, noise not counted.
    compactness : float or None
        Root of the mean squared distance of the points from the centre of their cluster, in the
        units of the model; smaller is better.
    separation : float or None
        The smallest distance between the centres of two clusters.
    silhouette : float or None
        From -1 to 1: how much nearer a point lies to its cluster than to the next (Rousseeuw,
        1987), on at most 600 points.
    n_classes : int or None
        True classes among these points; this and the following need classes to be known.
    ari, nmi : float or None
        Adjusted Rand index (Hubert and Arabie, 1985) and normalised mutual information.
    purity : float or None
        The share of points in the most frequent class of their cluster.
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


def measure(
    points: NDArray[np.float64],
    clusters: NDArray[np.int64],
    classes: NDArray[np.int64] | None = None,
) -> Measures:
    """Judge the clusters of some points.

    Points without a class (-1) are left out of what needs one. Points that are noise to the
    clusterer count as a cluster of their own against classes, and are left out of the rest.

    Parameters
    ----------
    points : (n, d), in units in which distances make sense
    clusters : (n,) the cluster of each point, -1 for noise
    classes : (n,), optional
        The true class of each point, -1 where there is none.

    Returns
    -------
    Measures

    Examples
    --------
    >>> points = np.array([[0.0], [0.2], [5.0], [5.2]])
    >>> found = measure(points, np.array([1, 1, 2, 2]), np.array([7, 7, 8, 8]))
    >>> found.n_clusters, found.n_classes, found.ari, found.purity, round(found.silhouette, 2)
    (2, 2, 1.0, 1.0, 0.96)
    """
    kept = clusters != NOISE
    compactness, separation = _measure_shape(points[kept], clusters[kept])
    n_clusters = len(np.unique(clusters[kept]))
    silhouette = measure_silhouette(points[kept], clusters[kept])
    if classes is None or not (classes != NOISE).any():
        return Measures(len(points), n_clusters, compactness, separation, silhouette)
    known = classes != NOISE
    true, found = classes[known], clusters[known]
    return Measures(
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
    """The share of points in the most frequent class of their cluster.

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
    """The mean silhouette of at most ``n_most`` evenly chosen points; None for a lone cluster.

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
    gaps = pairwise_distances(centers)
    np.fill_diagonal(gaps, np.inf)
    return compactness, float(gaps.min())

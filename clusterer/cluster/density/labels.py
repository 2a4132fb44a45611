"""Reading the clusters off the prototypes: joining, telling noise, counting. O(K² d)."""

import numpy as np
from numpy.typing import NDArray

from clusterer.cluster.density.peaks import read_peaks
from clusterer.stream.chunk import NOISE

LIGHT_SHARE = 0.1  # of the mean weight


def label_prototypes(
    centers: NDArray,
    weights: NDArray,
    scatters: NDArray,
    counts: NDArray | None = None,
    *,
    links: NDArray | None = None,
    previous: NDArray[np.int64] | None = None,
    join: bool = True,
    drop_singletons: bool = True,
) -> NDArray[np.int64]:
    """Give each prototype its cluster.

    Joined by density: see `clusterer.cluster.density.peaks.read_peaks`. Not joined, each prototype
    is a cluster, and those below 0.1 of the mean weight are singletons. Singletons, and what lies
    in the background, are dropped as noise or are clusters of their own.

    Parameters
    ----------
    centers : (m, d), weights : (m,), scatters : (m,)
        The prototypes, as `OnlineClusterer` holds them.
    counts : (m,), optional
        Numbers of points they took in; the weights stand for them if not given.
    links : (m, m), optional
        Points seen between pairs of prototypes; see `clusterer.cluster.prototypes.links`.
    previous : (m,) int, optional
        The cluster that each was found in before, -1 for none; see
        `clusterer.cluster.density.survival`.
    join : bool, default True
        Off: every prototype is a cluster, as published in 1999.
    drop_singletons : bool, default True
        Call singletons and the background noise.

    Returns
    -------
    labels : (m,) int64, clusters numbered by their first prototype's slot; -1 is noise.

    Examples
    --------
    >>> centers = np.array([[0.0], [1.0], [9.0], [5.0]])
    >>> label_prototypes(centers, np.array([50.0, 45.0, 60.0, 0.0]), np.array([5.0, 5.0, 5.0, 0.0]))
    array([ 0,  0,  1, -1])
    """
    slots = np.arange(len(weights))
    if join:
        groups = read_peaks(
            centers,
            weights,
            scatters,
            weights if counts is None else counts,
            links=links,
            previous=previous,
        )
        is_kept = groups != NOISE
    else:
        groups = slots
        is_kept = weights >= LIGHT_SHARE * weights.mean() if weights.sum() > 0 else weights == 0
    singletons = slots if not drop_singletons else np.full(len(slots), NOISE)
    return number_in_order(np.where(is_kept, groups, singletons))


def number_in_order(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number the clusters 0, 1, … by first appearance; noise stays -1."""
    kept, first = np.unique(labels[labels != NOISE], return_index=True)
    rank = np.empty(len(kept), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(kept))
    numbered = labels.copy()
    numbered[labels != NOISE] = rank[np.searchsorted(kept, labels[labels != NOISE])]
    return numbered


def average_clusters(centers: NDArray, weights: NDArray, labels: NDArray) -> NDArray[np.float64]:
    """Weighted mean (n_clusters, d) of each cluster's prototypes; plain where all weigh 0."""
    n_clusters = int(labels.max(initial=NOISE)) + 1
    membership = labels == np.arange(n_clusters)[:, None]
    shares = membership * weights
    is_weightless = shares.sum(axis=1) == 0
    shares[is_weightless] = membership[is_weightless]
    return (shares @ centers) / shares.sum(axis=1, keepdims=True)

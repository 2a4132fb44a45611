"""Inactive clusters: clusters that get no points any more, found as they were at their last point.

A finite half-life fades out a cluster whose points have ended. With ``forget="never"`` it stays:
its prototypes get back the points that they had, at most as many as an active prototype has on
average, and the density is labelled once more. A cluster of this density without any active
prototype is an inactive cluster. The prototypes that a moving cluster leaves behind are connected
to it, so they do not become an inactive cluster.
"""

import numpy as np
from numpy.typing import NDArray

from clusterer.cluster.density.labels import label_prototypes, number_in_order
from clusterer.cluster.prototypes.prototypes import Prototypes
from clusterer.cluster.prototypes.state_layout import TOTAL_COUNT
from clusterer.stream.chunk import NOISE

# A prototype is inactive after 20 times its mean waiting time between two points.
PATIENCE = 20.0


def label_with_inactive(
    prototypes: Prototypes,
    previous: NDArray[np.int64] | None = None,
    *,
    drop_singletons: bool = True,
) -> NDArray[np.int64]:
    """Give each prototype its cluster, as `label_prototypes` does, and label inactive clusters too.

    Parameters
    ----------
    prototypes : Prototypes
        The m prototypes.
    previous : (m,) int64, optional
        The cluster to which each belonged before, -1 for none.
    drop_singletons : bool, default True
        Whether singletons and the background are noise.

    Returns
    -------
    labels : (m,) int64
        Clusters numbered in the order of their first prototype; -1 is noise.

    Examples
    --------
    >>> from clusterer import OnlineClusterer
    >>> random = np.random.default_rng(0)
    >>> points = np.repeat([[0.0], [9.0]], 500, axis=0) + random.normal(size=(1000, 1))
    >>> model = OnlineClusterer(20, half_life=34.0).fit(points)
    >>> model.n_clusters_, model.set_params(forget="never").n_clusters_
    (1, 2)
    """
    labels = _label_scaled(prototypes, np.ones(prototypes.n_taken), previous)
    is_active = labels != NOISE
    is_inactive = ~is_active & find_inactive(prototypes)
    n_taken = len(labels)
    if is_inactive.any() and is_active.any():
        counts, factors = prototypes.counts, np.ones(n_taken)
        most = counts[is_active].mean()
        factors[is_inactive] = (
            np.minimum(prototypes.read_row(TOTAL_COUNT)[is_inactive], most) / counts[is_inactive]
        )
        groups = _label_scaled(prototypes, factors)
        is_found = is_inactive & (groups != NOISE) & ~np.isin(groups, groups[is_active])
        labels = np.where(is_found, n_taken + groups, labels)
    if not drop_singletons:
        labels = np.where(labels == NOISE, 2 * n_taken + np.arange(n_taken), labels)
    return number_in_order(labels)


def _label_scaled(
    prototypes: Prototypes, factors: NDArray[np.float64], previous: NDArray[np.int64] | None = None
) -> NDArray[np.int64]:
    """The clusters (m,) if each prototype counted ``factors`` (m,) times as much."""
    roots, data = np.sqrt(factors), prototypes.density_data
    for name in ("weights", "scatters", "counts"):
        data[name] = data[name] * factors
    data["links"] = data["links"] * roots[:, None] * roots
    return label_prototypes(**data, previous=previous)


def find_inactive(prototypes: Prototypes) -> NDArray[np.bool_]:
    """Whether (m,) each prototype has had points, and none for long; see `PATIENCE`."""
    totals = prototypes.read_row(TOTAL_COUNT)
    wait = (prototypes.last_seen - prototypes.ids) / np.maximum(totals, 1.0)
    is_late = prototypes.n_seen - 1 - prototypes.last_seen > PATIENCE * np.maximum(wait, 1.0)
    return is_late & (totals > 0) & (prototypes.counts > 0)

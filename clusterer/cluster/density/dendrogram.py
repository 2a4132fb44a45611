"""The dendrogram of the prototypes: the merge tree of the density's peaks, laid out for drawing."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clusterer.base import Snapshot
from clusterer.cluster.density.flooding import MergeTree
from clusterer.cluster.density.labels import measure_in_order
from clusterer.cluster.density.peaks import build_merge_tree

ROOT_SHARE = 0.08  # of the whole height: how far the last stems reach below the lowest merge


@dataclass(frozen=True, eq=False)
class Dendrogram:
    """One stem per prototype, in an order in which no two lines cross.

    Parameters
    ----------
    slots : (k,) int64
        Index of each stem's prototype; stem i stands at place i.
    tops : (k,)
        Logarithm of the density at the prototype.
    bottoms : (k,)
        Level at which the stem ends in its parent.
    parents : (k,) int64
        Place of the higher stem in which it ends; -1 for none.
    prominences : (k,)
        About the length of the stem, see `MergeTree`; infinite without a parent.
    threshold : float
        The prominence from which a peak is a cluster of its own.
    """

    slots: NDArray[np.int64]
    tops: NDArray[np.float64]
    bottoms: NDArray[np.float64]
    parents: NDArray[np.int64]
    prominences: NDArray[np.float64]
    threshold: float

    @property
    def is_peak(self) -> NDArray[np.bool_]:
        """Whether (k,) the prominence of a stem reaches the threshold."""
        return self.prominences >= self.threshold


def build_dendrogram(snapshot: Snapshot) -> Dendrogram:
    """Build the dendrogram of the clusters of a snapshot.

    Prototypes too light to shape the density have no stem. O(K²) distances.

    Parameters
    ----------
    snapshot : Snapshot
        The state of the model; without any weight the dendrogram is empty.

    Examples
    --------
    >>> from clusterer import OnlineClusterer
    >>> random = np.random.default_rng(0)
    >>> blobs = np.concatenate([random.normal(size=(200, 1)), random.normal(20, size=(200, 1))])
    >>> model = OnlineClusterer(20).fit(random.permutation(blobs))
    >>> dendrogram = build_dendrogram(model.snapshot())
    >>> int(dendrogram.is_peak.sum()), int((dendrogram.parents < 0).sum())
    (2, 1)
    """
    if not (snapshot.weights > 0).any():
        indices, numbers = np.empty(0, dtype=np.int64), np.empty(0)
        return Dendrogram(indices, numbers, numbers, indices, numbers, 0.0)
    # The same order as for the labels, so that ties are decided alike.
    order, _, density, saddles = measure_in_order(
        *(snapshot.centers, snapshot.weights, snapshot.scatters, snapshot.counts),
        *(snapshot.links, snapshot.steps if len(snapshot.steps) else None),
    )
    tree, threshold = build_merge_tree(density, saddles)
    tops = density.log_density
    bottoms, parents, prominences = _build_stems(tops, tree)
    places = _order_stems(parents, bottoms)
    ranks = np.empty(len(tops), dtype=np.int64)
    ranks[places] = np.arange(len(tops))
    has_parent = parents >= 0
    parents[has_parent] = ranks[parents[has_parent]]
    return Dendrogram(
        slots=order[density.kept][places],
        tops=tops[places],
        bottoms=bottoms[places],
        parents=parents[places],
        prominences=prominences[places],
        threshold=threshold,
    )


def _build_stems(
    tops: NDArray[np.float64], tree: MergeTree
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]:
    """The bottoms, parents and prominences (k,) of the stems, in the order of ``tops``."""
    lowest_level = min(tops.min(initial=np.inf), tree.levels.min(initial=np.inf))
    height = float(tops.max() - lowest_level) or 1.0
    bottoms = np.full(len(tops), lowest_level - ROOT_SHARE * height)
    parents = np.full(len(tops), -1, dtype=np.int64)
    prominences = np.full(len(tops), np.inf)
    lowest = tops.copy()
    for lower, higher, level, prominence in zip(*map(np.ndarray.tolist, tree), strict=True):
        # A pooled border can lie higher than an earlier one. A stem must outlast its children.
        bottoms[lower] = min(level, lowest[lower])
        lowest[higher] = min(lowest[higher], bottoms[lower])
        parents[lower], prominences[lower] = higher, prominence
    return bottoms, parents, prominences


def _order_stems(parents: NDArray[np.int64], bottoms: NDArray[np.float64]) -> NDArray[np.int64]:
    """Stems (k,), each followed by its children and theirs, those that end highest first."""
    children: dict[int, list[int]] = {stem: [] for stem in range(-1, len(parents))}
    for stem in np.argsort(bottoms, kind="stable").tolist():
        children[int(parents[stem])].append(stem)
    places, waiting = [], children[-1]
    while waiting:
        stem = waiting.pop()
        places.append(stem)
        waiting += children[stem]
    return np.array(places, dtype=np.int64)

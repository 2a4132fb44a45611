"""The dendrogram of the prototypes: their density's peaks, where they meet, and the chosen bar."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clusterer.cluster.density.landscape import survey
from clusterer.cluster.density.peaks import choose_bar, grow_tree, rank_prototypes
from clusterer.cluster.snapshot import Snapshot

FOOT = 0.08  # of the whole height: what the last stems reach below the lowest meeting


@dataclass(frozen=True, eq=False)
class Dendrogram:
    """Stems that hang from the prototypes' peaks, in an order in which no two cross.

    Stem i belongs to the prototype in ``slots`` (k,) and stands at place i. It runs from ``tops``
    (k,), the logarithm of the density there, down to ``bottoms`` (k,), where it meets the stem
    at place ``hosts`` (k,), which is higher; -1 where it meets none. Its ``prominences`` (k,) is
    about that length, less what chance may do, 0 where it holds too few points to count,
    infinite where it meets none.
    ``bar`` is the prominence from which on a peak is a cluster of its own.
    """

    slots: NDArray[np.int64]
    tops: NDArray[np.float64]
    bottoms: NDArray[np.float64]
    hosts: NDArray[np.int64]
    prominences: NDArray[np.float64]
    bar: float

    @property
    def is_peak(self) -> NDArray[np.bool_]:
        """Whether (k,) a stem is longer than the bar."""
        return self.prominences >= self.bar


def build_dendrogram(snapshot: Snapshot) -> Dendrogram:
    """The dendrogram that the clusters of a snapshot were read off.

    Prototypes too light to shape the density have no stem. O(K²) distances; see
    `clusterer.cluster.density.landscape.survey` and `clusterer.cluster.density.peaks.grow_tree`.

    Examples
    --------
    >>> from clusterer import OnlineClusterer
    >>> random = np.random.default_rng(0)
    >>> blobs = np.concatenate([random.normal(size=(200, 1)), random.normal(20, size=(200, 1))])
    >>> grown = build_dendrogram(OnlineClusterer(20).fit(random.permutation(blobs)).snapshot())
    >>> int(grown.is_peak.sum()), int((grown.hosts < 0).sum())
    (2, 1)
    """
    if not (snapshot.weights > 0).any():
        none, nothing = np.empty(0, dtype=np.int64), np.empty(0)
        return Dendrogram(none, nothing, nothing, none, nothing, 0.0)
    # In the order in which the clusters were read off, so that ties fall alike.
    order = rank_prototypes(snapshot.weights, snapshot.scatters, snapshot.counts)
    land = survey(
        snapshot.centers[order],
        snapshot.weights[order],
        snapshot.scatters[order],
        snapshot.counts[order],
        snapshot.links[np.ix_(order, order)],
    )
    tree = grow_tree(land)
    n_stems = len(land.heights)
    levels = [land.heights.min(initial=np.inf), tree.levels.min(initial=np.inf)]
    height = float(land.heights.max() - min(levels)) or 1.0
    bottoms = np.full(n_stems, min(levels) - FOOT * height)
    hosts = np.full(n_stems, -1, dtype=np.int64)
    prominences = np.full(n_stems, np.inf)
    lowest = land.heights.copy()
    for younger, older, level, prominence in zip(*map(np.ndarray.tolist, tree), strict=True):
        # Pooled valleys may lie higher than those before; a stem holds out as long as its guests.
        bottoms[younger] = min(level, lowest[younger])
        lowest[older] = min(lowest[older], bottoms[younger])
        hosts[younger], prominences[younger] = older, prominence
    places = _line_up(hosts, bottoms)
    ranks = np.empty(n_stems, dtype=np.int64)
    ranks[places] = np.arange(n_stems)
    is_guest = hosts >= 0
    hosts[is_guest] = ranks[hosts[is_guest]]
    return Dendrogram(
        slots=order[land.kept][places],
        tops=land.heights[places],
        bottoms=bottoms[places],
        hosts=hosts[places],
        prominences=prominences[places],
        bar=choose_bar(land),
    )


def _line_up(hosts: NDArray[np.int64], bottoms: NDArray[np.float64]) -> NDArray[np.int64]:
    """Stems (k,), each followed by its guests and theirs, those that end highest first."""
    guests: dict[int, list[int]] = {stem: [] for stem in range(-1, len(hosts))}
    for stem in np.argsort(bottoms, kind="stable").tolist():
        guests[int(hosts[stem])].append(stem)
    places, waiting = [], guests[-1]
    while waiting:
        stem = waiting.pop()
        places.append(stem)
        waiting += guests[stem]
    return np.array(places, dtype=np.int64)

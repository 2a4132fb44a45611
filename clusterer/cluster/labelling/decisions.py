"""Decisions of people about clusters: these are one cluster, this one is two.

Such decisions are the must-link and cannot-link constraints of K. Wagstaff, C. Cardie, S. Rogers,
S. Schrödl, "Constrained k-means clustering with background knowledge", ICML 2001, between
prototypes instead of points. They change no prototype: each labelling finds the clusters of the
density first, then applies the decisions in their order. So a decision can be undone at any time,
and the model learns the same with and without it.

A decision divides the prototypes that it concerns into sides. A prototype that starts later takes
the side of the nearest known prototype, if it lies within reach of this side; otherwise it belongs
to none, as a new cluster far away does. While clusters move, a prototype of no side also takes the
nearest side of its cluster at the last drift check. The sides of all prototypes are noted anew when
the model has learned 5 % more points. The numbers of points at which that happens depend on the
stream alone, so the result depends neither on chunks nor on when the clusters are read.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from clusterer.cluster.density.density_estimate import measure_distances_to
from clusterer.cluster.density.label_update import N_PLACE_ROWS, LabelledDensity
from clusterer.cluster.prototypes.prototypes import Prototypes
from clusterer.cluster.prototypes.state_layout import DECAYED_COUNT
from clusterer.stream.chunk import NOISE

MERGE, SPLIT, CUT = KINDS = "merge", "split", "cut"
MAX_DECISIONS = 100

NO_SIDE, UNKNOWN = -1, -2

# A prototype is within reach of a side if it lies at most so far from the nearest prototype of this
# side, in squared root mean squared distances of the points of the side from their centre.
REACH = 4.0
# A cluster follows a decision if prototypes with a side hold more than this share of its points.
LEAST_KNOWN = 0.5
# A part of a cluster with less than this share of the points of a group is no cluster of its own:
# single prototypes that have crossed a border would be clusters.
MIN_SHARE = 0.05
# The sides are noted anew after so large a share of the points that the model remembers.
NOTE_SHARE, LEAST_INTERVAL = 0.05, 100
BLOCK = 2**22  # distances at a time


class Decision(NamedTuple):
    """What a person decided about clusters.

    Parameters
    ----------
    kind : "merge", "split" or "cut"
        Several clusters became one, one became two, or the dendrogram was cut at another height.
    n_seen : int
        Number of points learned at that time.
    clusters : tuple of int
        The numbers that the clusters had; none for "cut".
    """

    kind: str
    n_seen: int
    clusters: tuple[int, ...] = ()


class Sides(NamedTuple):
    """The sides of a decision.

    ``of`` is the side of each known prototype by its id, `NO_SIDE` for none. ``groups`` is the
    group of each side: of the prototypes of a cluster, different groups become different clusters.
    """

    of: dict[int, int]
    groups: tuple[int, ...]


class Decisions:
    """The decisions about the clusters of a model, in their order.

    >>> decisions = Decisions()
    >>> len(decisions), list(decisions)
    (0, [])
    """

    def __init__(self) -> None:
        self.made: list[Decision] = []
        """The decisions in force."""
        self._sides: list[Sides] = []
        self.next_note = 0
        """Number of points after which the sides are noted anew."""

    def __len__(self) -> int:
        return len(self.made)

    def __iter__(self) -> Iterator[Decision]:
        return iter(self.made)

    def add(
        self,
        decision: Decision,
        prototypes: Prototypes,
        sides: NDArray[np.int64],
        groups: Sequence[int],
    ) -> None:
        """Add a decision.

        Parameters
        ----------
        decision : Decision
        prototypes : Prototypes
            The m prototypes.
        sides : (m,) int64
            The side of each prototype, `NO_SIDE` for none.
        groups : sequence of int
            The group of each side.

        Raises
        ------
        ValueError
            If there are `MAX_DECISIONS` already.
        """
        if len(self) >= MAX_DECISIONS:
            raise ValueError(
                f"There are {MAX_DECISIONS} decisions about clusters already; undo some first."
            )
        self.note(prototypes)
        of = dict(zip(prototypes.ids.tolist(), sides.tolist(), strict=True))
        self.made.append(decision)
        self._sides.append(Sides(of, tuple(groups)))

    def undo(self) -> Decision:
        """Remove the last decision and return it. Raises ValueError if there is none."""
        if not self.made:
            raise ValueError("There is no decision about clusters to undo.")
        self._sides.pop()
        return self.made.pop()

    def note(self, prototypes: Prototypes) -> None:
        """Note the sides of all prototypes, and when that is to be done next."""
        ids = prototypes.ids.tolist()
        for number, each in enumerate(self._sides):
            sides = follow_clusters(prototypes, inherit_sides(prototypes, each))
            self._sides[number] = each._replace(of=dict(zip(ids, sides.tolist(), strict=True)))
        n_remembered = prototypes.scalars.item(DECAYED_COUNT) / prototypes.mean_weight
        interval = max(int(NOTE_SHARE * n_remembered), LEAST_INTERVAL)
        self.next_note = prototypes.n_seen + interval

    def apply(self, prototypes: Prototypes, labels: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the labels (m,) that follow from ``labels`` (m,): indices of prototypes, or -1."""
        masses = prototypes.counts
        masses = masses if masses.any() else np.ones(len(masses))
        for decision, sides in zip(self.made, self._sides, strict=True):
            labels = divide(
                labels,
                masses,
                prototypes.inner_centers,
                find_groups(inherit_sides(prototypes, sides), sides.groups),
                is_split=decision.kind == SPLIT,
            )
        return labels

    def apply_to_density(self, prototypes: Prototypes, density: LabelledDensity) -> LabelledDensity:
        """Return the density with the labels that follow from the decisions."""
        if not len(self):
            return density
        labels = self.apply(prototypes, density.labels)
        places = density.places
        if not places.size:
            return density._replace(labels=labels)
        # A place gets the label of the nearest prototype that had the label of the place.
        known = prototypes.inner_centers
        known = known @ density.axes if density.axes.size else known
        where = places[: places.shape[0] - N_PLACE_ROWS].T
        place_labels = density.place_labels.copy()
        for label in {*place_labels.tolist()} - {NOISE}:
            members = np.flatnonzero(density.labels == label)
            if len(members):
                own = np.flatnonzero(density.place_labels == label)
                place_labels[own] = labels[members[find_nearest(where[own], known[members])[0]]]
        return density._replace(labels=labels, place_labels=place_labels)

    def to_arrays(self, ids: NDArray[np.int64]) -> tuple[dict[str, Any], NDArray[np.int64]]:
        """Return the decisions as a header, and the sides (m, n) of the prototypes ``ids`` (m,)."""
        header = {
            "next_note": self.next_note,
            "made": [
                [each.kind, each.n_seen, list(each.clusters), list(sides.groups)]
                for each, sides in zip(self.made, self._sides, strict=True)
            ],
        }
        columns = [[sides.of.get(i, UNKNOWN) for sides in self._sides] for i in ids.tolist()]
        return header, np.array(columns, dtype=np.int64).reshape(len(ids), len(self))

    @classmethod
    def from_arrays(
        cls, header: dict[str, Any], ids: NDArray[np.int64], columns: NDArray
    ) -> "Decisions":
        """Build the decisions from what `to_arrays` returned."""
        decisions = cls()
        decisions.next_note = header["next_note"]
        for number, (kind, n_seen, clusters, groups) in enumerate(header["made"]):
            decisions.made.append(Decision(kind, n_seen, tuple(clusters)))
            pairs = zip(ids.tolist(), columns[:, number].tolist(), strict=True)
            of = {i: side for i, side in pairs if side != UNKNOWN}
            decisions._sides.append(Sides(of, tuple(groups)))
        return decisions

    def copy(self) -> "Decisions":
        """Return an independent copy."""
        twin = Decisions()
        twin.made, twin.next_note = self.made.copy(), self.next_note
        twin._sides = [Sides(each.of.copy(), each.groups) for each in self._sides]
        return twin


def inherit_sides(prototypes: Prototypes, sides: Sides) -> NDArray[np.int64]:
    """The side (m,) of each prototype: the noted one, or that of the nearest one within reach."""
    found = np.array([sides.of.get(i, UNKNOWN) for i in prototypes.ids.tolist()], dtype=np.int64)
    is_known = found != UNKNOWN
    if is_known.all():
        return found
    known, unknown = np.flatnonzero(is_known), np.flatnonzero(~is_known)
    found[unknown] = NO_SIDE
    if not len(known):
        return found
    centers = prototypes.inner_centers
    nearest, squares = find_nearest(centers[unknown], centers[known])
    weights, scatters = prototypes.weights, prototypes.inner_scatters
    inherited = found[known[nearest]]
    for side in {*inherited.tolist()} - {NO_SIDE}:
        own = known[found[known] == side]
        spread = measure_spread(centers[own], weights[own], scatters[own])
        is_near = (inherited == side) & (squares <= REACH * spread)
        found[unknown[is_near]] = side
    return found


def follow_clusters(prototypes: Prototypes, sides: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give prototypes of no side (m,) the nearest side of their cluster at the last drift check.

    The cluster must have a side for the most part. Prototypes ahead of a moving cluster lie out of
    reach at first.
    """
    clusters, masses = prototypes.previous_labels, prototypes.counts
    followed = sides.copy()
    for cluster in np.unique(clusters[(clusters >= 0) & (sides == NO_SIDE)]).tolist():
        members = np.flatnonzero(clusters == cluster)
        is_sided = sides[members] != NO_SIDE
        sided, others = members[is_sided], members[~is_sided]
        if len(sided) and masses[sided].sum() > LEAST_KNOWN * masses[members].sum():
            centers = prototypes.inner_centers
            followed[others] = sides[sided[find_nearest(centers[others], centers[sided])[0]]]
    return followed


def measure_spread(centers: NDArray, weights: NDArray, scatters: NDArray) -> float:
    """Mean squared distance of the points of prototypes (m, d) from their centre.

    >>> float(measure_spread(np.array([[0.0], [2.0]]), np.ones(2), np.ones(2)))
    2.0
    """
    total = weights.sum()
    if not total > 0.0:
        return 0.0
    gaps = centers - weights @ centers / total
    return float((scatters.sum() + weights @ (gaps * gaps).sum(axis=1)) / total)


def find_groups(sides: NDArray[np.int64], groups: Sequence[int]) -> NDArray[np.int64]:
    """The group (m,) of each side (m,), -1 for none.

    >>> find_groups(np.array([1, -1, 0]), (5, 7)).tolist()
    [7, -1, 5]
    """
    return np.append(np.array(groups, dtype=np.int64), NOISE)[sides]


def divide(
    labels: NDArray[np.int64],
    masses: NDArray[np.float64],
    centers: NDArray[np.float64],
    groups: NDArray[np.int64],
    *,
    is_split: bool,
) -> NDArray[np.int64]:
    """Divide clusters into the groups of a decision, and join the groups across clusters.

    Parameters
    ----------
    labels : (m,) int64
        The cluster of each prototype, below m; -1 for noise, which stays noise.
    masses : (m,)
        The points of each prototype.
    centers : (m, d)
    groups : (m,) int64
        The group of each prototype, -1 for none. A prototype of no group follows the nearest one of
        its cluster.
    is_split : bool
        Whether the groups of different clusters stay apart.

    Returns
    -------
    labels : (m,) int64
        The cluster of each prototype: the index of the first prototype of the cluster.

    Examples
    --------
    >>> labels, masses, centers = np.array([0, 0, 2, 3, -1]), np.ones(5), np.arange(5.0)[:, None]
    >>> divide(labels, masses, centers, np.array([0, 0, 0, -1, 0]), is_split=False).tolist()
    [0, 0, 0, 3, -1]
    >>> divide(labels, masses, centers, np.array([0, 1, -1, -1, -1]), is_split=True).tolist()
    [0, 1, 2, 3, -1]
    """
    is_live = labels != NOISE
    n_groups = int(groups.max(initial=NOISE)) + 1
    is_grouped = is_live & (groups != NOISE)
    totals = np.bincount(groups[is_grouped], masses[is_grouped], minlength=n_groups)
    keys: NDArray[np.object_] = np.empty(len(labels), dtype=object)
    for label in np.unique(labels[is_live]).tolist():
        members = np.flatnonzero(labels == label)
        own, known = groups[members], np.flatnonzero(groups[members] != NOISE)
        mass = masses[members]
        sums = np.bincount(own[known], mass[known], minlength=n_groups)
        if not len(known) or not sums.sum() > LEAST_KNOWN * mass.sum():
            keys[members] = label
            continue
        is_present = sums >= np.maximum(MIN_SHARE * totals, np.finfo(np.float64).tiny)
        is_present[int(np.argmax(sums))] = True
        sure = known[is_present[own[known]]]
        unsure = np.setdiff1d(np.arange(len(members)), sure)
        if len(unsure):
            nearest, _ = find_nearest(centers[members[unsure]], centers[members[sure]])
            own[unsure] = own[sure[nearest]]
        for place, group in zip(members.tolist(), own.tolist(), strict=True):
            keys[place] = (label, group) if is_split else (NOISE, group)
    first: dict[Any, int] = {}
    divided = [
        first.setdefault(key, place) if live else NOISE
        for place, (key, live) in enumerate(zip(keys, is_live.tolist(), strict=True))
    ]
    return np.array(divided, dtype=np.int64)


def find_nearest(
    places: NDArray[np.float64], centers: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Index (n,) in ``centers`` (k, d) of the nearest one to each place (n, d), and its square.

    >>> find_nearest(np.array([[0.0], [5.0]]), np.array([[4.0], [1.0]]))
    (array([1, 0]), array([1., 1.]))
    """
    places, centers = np.ascontiguousarray(places), np.ascontiguousarray(centers)
    nearest, least = np.empty(len(places), np.int64), np.empty(len(places))
    step = max(BLOCK // len(centers), 1)
    for start in range(0, len(places), step):
        part = slice(start, start + step)
        squares = np.empty((len(places[part]), len(centers)))
        measure_distances_to(places[part], centers, squares, nearest[part])
        least[part] = squares.min(axis=1)
    return nearest, least

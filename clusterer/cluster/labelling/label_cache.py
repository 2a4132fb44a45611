"""The clusters of the prototypes: computed when they are read, and updated for single points.

A full labelling takes as long as learning hundreds of points. So after a few more points
`LabelCache.update` derives the labels from the last full labelling, see
`clusterer.cluster.density.label_update`. A full labelling is due

- when more than the share ``refresh`` of all points was learned since the last one,
- when at least `POINTS_PER_PROTOTYPE` points for each prototype were learned since or are to be
  labelled now, since then a full labelling takes little of the time,
- when a cluster has lost its last prototype,
- when the parameters of the labelling or the half-life have changed.

With an automatic K the clusters are read at several resolutions, which takes several times as long.
So `LabelCache.update` reads them at the resolution chosen last, and chooses the resolution anew
after `CHOICE` times the share ``refresh``. What is read from an attribute is always read at all of
them.

Each labelling follows the decisions of people, see `clusterer.cluster.labelling.decisions`, and
gets the lasting numbers of `clusterer.cluster.labelling.cluster_numbers`.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from clusterer.cluster.density.label_update import LabelledDensity, update_labels
from clusterer.cluster.density.labels import (
    cluster_by_density,
    label_prototypes,
    number_clusters,
    number_in_order,
)
from clusterer.cluster.labelling.cluster_numbers import ClusterNumbers
from clusterer.cluster.labelling.decisions import Decisions
from clusterer.cluster.labelling.inactive_clusters import label_with_inactive
from clusterer.cluster.labelling.resolutions import read_at, read_clusters
from clusterer.cluster.prototypes.prototypes import Prototypes
from clusterer.cluster.prototypes.state_layout import DECAYED_COUNT, ID, N_SEEN, N_TAKEN
from clusterer.stream.chunk import NOISE

POINTS_PER_PROTOTYPE = 20
CHOICE = 10.0


class Choices(NamedTuple):
    """What labels depend on besides the prototypes: parameters, and the half-life in force.

    The half-life is infinite or None while nothing is forgotten. A change of K merges prototypes.
    With an automatic K the clusters are read at several resolutions.
    """

    join: bool
    drop_singletons: bool
    forget: str
    half_life: float | None
    n_prototypes: int
    is_automatic: bool = False


class FullLabelling(NamedTuple):
    """A full labelling: of which prototypes, after how many points, with which choices.

    ``numbers`` (m + 1,) are the lasting numbers by the labels of ``density``; -1 is the last one.
    ``resolution`` is the number of prototypes at the resolution chosen after ``n_chosen`` points;
    0 if the clusters are read from all prototypes. ``is_proven`` tells whether there were several
    clusters before people's decisions.
    """

    choices: Choices
    n_seen: float
    ids: NDArray[np.int64]
    density: LabelledDensity
    n_clusters: int
    numbers: NDArray[np.int64]
    resolution: int
    n_chosen: float
    is_proven: bool


class LabelCache:
    """The labels of the present prototypes, and the last full labelling.

    >>> cache = LabelCache()
    >>> prototypes = Prototypes(n_features=1, n_prototypes=2, rule=0)
    >>> cache.label(prototypes, Choices(False, True, "quiet", None, 2))
    array([], dtype=int64)
    """

    def __init__(
        self, numbers: ClusterNumbers | None = None, decisions: Decisions | None = None
    ) -> None:
        self.numbers = numbers or ClusterNumbers()
        self.decisions = Decisions() if decisions is None else decisions
        self._exact: dict[Choices, NDArray[np.int64]] = {}
        self._last: FullLabelling | None = None
        self.n_clusters = 0
        """Number of clusters at the last full labelling."""
        self.point_density: Any = None
        """What the caller computes of the density of the present prototypes; None if outdated."""

    def restart(self) -> "LabelCache":
        """Return a cache for other prototypes, with copies of the numbers and the decisions."""
        return LabelCache(self.numbers.copy(), self.decisions.copy())

    def outdate(self) -> None:
        """Note that the prototypes have learned points."""
        self._exact, self.point_density = {}, None

    def forget(self) -> None:
        """Note that the prototypes have changed otherwise: the next labelling is a full one."""
        self._exact, self._last, self.point_density = {}, None, None

    def label(self, prototypes: Prototypes, choices: Choices) -> NDArray[np.int64]:
        """Return the labels (m,) by a full labelling, at once if nothing has changed since."""
        exact = self._exact
        if choices not in exact:
            labels = self._number(prototypes, *self._label(prototypes, choices))
            labels.flags.writeable = False
            exact[choices] = labels
        return exact[choices]

    def update(
        self, prototypes: Prototypes, choices: Choices, refresh: float, n_points: int
    ) -> NDArray[np.int64]:
        """Return the labels (m,) for labelling ``n_points``, by a full labelling if one is due."""
        last = self._last
        if last is None or last.choices != choices or choices in self._exact:
            return self.label(prototypes, choices)
        read = prototypes.scalars.item
        n_taken, n_new = int(read(N_TAKEN)), read(N_SEEN) - last.n_seen
        if n_new + n_points > POINTS_PER_PROTOTYPE * n_taken:
            return self.label(prototypes, choices)
        share = refresh * read(DECAYED_COUNT) / prototypes.mean_weight
        if n_new > share:
            if last.resolution and read(N_SEEN) - last.n_chosen <= CHOICE * share:
                return self._label_at_resolution(prototypes, last)
            return self.label(prototypes, choices)
        labels = np.empty(n_taken, dtype=np.int64)
        n_clusters = update_labels(
            prototypes.floats,
            prototypes.int_rows,
            last.ids,
            *last.density,
            np.empty(len(last.density.places)),
            np.empty(len(last.ids), dtype=np.bool_),
            labels,
        )
        if n_clusters != last.n_clusters:
            return self.label(prototypes, choices)
        numbers = last.numbers[labels]
        if not choices.drop_singletons:
            for slot in np.flatnonzero(labels == NOISE).tolist():
                prototype = prototypes.int_rows.item(ID, slot)
                numbers[slot] = self.numbers.number_single(prototype)
        return numbers

    def _label_at_resolution(
        self, prototypes: Prototypes, last: FullLabelling
    ) -> NDArray[np.int64]:
        """Return the labels (m,) by a full labelling at the resolution of the last one.

        Until the resolution is chosen anew, several clusters count as proven.
        """
        density = read_at(prototypes, last.resolution, is_proven=last.is_proven)
        decided = self.decisions.apply_to_density(prototypes, density)
        labels = number_clusters(decided.labels, last.choices.drop_singletons)
        chosen = last.resolution, last.n_chosen
        is_proven = has_several(density)
        renewed = describe_labelling(
            prototypes, last.choices, decided, *chosen, is_proven=is_proven
        )
        return self._number(prototypes, labels, renewed)

    def _number(
        self, prototypes: Prototypes, labels: NDArray[np.int64], last: FullLabelling | None
    ) -> NDArray[np.int64]:
        """Give the clusters (m,) their lasting numbers, and keep the full labelling."""
        numbers = self.numbers.number(prototypes.ids, labels, prototypes.counts)
        self.n_clusters = len(numbers)
        lasting = np.append(numbers, NOISE)[labels]
        if last is not None:
            last.numbers[last.density.labels] = lasting
            last.numbers[-1] = NOISE
        self._last = last
        return lasting

    def _label(
        self, prototypes: Prototypes, choices: Choices
    ) -> tuple[NDArray[np.int64], FullLabelling | None]:
        """Label the clusters (m,) 0, 1, …; also return what `update` needs, without numbers."""
        join, drop, forget, half_life, _, is_automatic = choices
        # Without decay, the labels of the last drift check are out of date.
        is_forgetting = half_life is not None and half_life < np.inf
        previous = prototypes.previous_labels if is_forgetting else None
        # Only the other labels are worth an update: without the density they take no time, and
        # inactive clusters belong to a second density.
        if join and forget == "never":
            labels = label_with_inactive(prototypes, previous, drop_singletons=drop)
            if len(self.decisions):
                labels = number_in_order(self.decisions.apply(prototypes, labels))
            return labels, None
        # The inner coordinates make the result independent of units and offsets.
        data = prototypes.density_data
        if not join:
            return label_prototypes(**data, join=False, drop_singletons=drop), None
        resolution = 0
        if is_automatic:
            reading = read_clusters(prototypes, keep_previous=is_forgetting)
            density, resolution = reading.density, reading.resolution
        else:
            density = cluster_by_density(**data, previous=previous)
        decided = self.decisions.apply_to_density(prototypes, density)
        last = describe_labelling(
            prototypes,
            choices,
            decided,
            resolution,
            prototypes.n_seen,
            is_proven=has_several(density),
        )
        return number_clusters(decided.labels, drop), last


def describe_labelling(
    prototypes: Prototypes,
    choices: Choices,
    density: LabelledDensity,
    resolution: int,
    n_chosen: float,
    *,
    is_proven: bool,
) -> FullLabelling | None:
    """Return what `LabelCache.update` needs, without numbers; None if nothing shapes the density.

    >>> nowhere = LabelledDensity(np.arange(0), np.empty((0, 0)), np.arange(0), np.empty((0, 0)))
    >>> prototypes = Prototypes(n_features=1, n_prototypes=2, rule=0)
    >>> choices = Choices(True, True, "quiet", None, 2)
    >>> describe_labelling(prototypes, choices, nowhere, 0, 0.0, is_proven=False)
    """
    if not density.places.size:
        return None
    n_clusters = len({*density.labels.tolist()} - {NOISE})
    n_seen, ids = prototypes.n_seen, prototypes.ids
    numbers = np.full(len(ids) + 1, NOISE)
    return FullLabelling(
        choices, n_seen, ids, density, n_clusters, numbers, resolution, n_chosen, is_proven
    )


def has_several(density: LabelledDensity) -> bool:
    """Whether there are several clusters."""
    return len({*density.labels.tolist()} - {NOISE}) > 1

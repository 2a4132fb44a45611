"""Track clusters over time: which cluster now is which cluster of the last update."""

from collections.abc import Iterable, Mapping, Set
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from clusterer.stream.chunk import NOISE
from clusterer.support.text import make_printable

MAX_NAME_CHARS = 60


class ClusterChange(NamedTuple):
    """A cluster was "born", "split" from another one, "merged" into another one, or "ended"."""

    kind: Literal["born", "split", "merged", "ended"]
    cluster: int
    other: int = NOISE


class ClusterTracker:
    """Give clusters ids and colours that last as long as their prototypes do.

    A cluster inherits the id that most of its weight carried at the last update. Each id goes to
    one cluster at most; if several clusters could inherit an id, the cluster with the largest
    weight of it gets it. New ids go to new clusters by their weight, the largest first. A colour is
    a small number: the lowest that no living cluster holds.

    ``changes`` lists the changes of the last update. A cluster with a new id has split from the
    cluster that most of its weight belonged to, or is born if there was none. A cluster whose id
    is gone has merged into the cluster that inherited most of its weight, or has ended.

    >>> tracker = ClusterTracker()
    >>> before = tracker.update(np.array([7, 8]), np.array([0, 1]), np.ones(2))
    >>> after = tracker.update(np.array([9, 8, 7]), np.array([0, 1, 2]), np.ones(3))
    >>> before.tolist(), after.tolist()
    ([1, 2], [3, 2, 1])
    >>> tracker.changes
    [ClusterChange(kind='born', cluster=3, other=-1)]

    ``names`` holds the names that people gave to clusters, by id; see `name_cluster`. A change
    replaces the mapping, so other threads may read it.
    """

    def __init__(self) -> None:
        self.colors: dict[int, int] = {}
        self.names: dict[int, str] = {}
        self.changes: list[ClusterChange] = []
        self.label_ids: dict[int, int] = {}
        """Lasting id of each label at the last update."""
        self._next_id = 1
        self._known: dict[int, int] = {}
        self._bare: dict[int, int] = {}
        self._before: list[dict[int, int]] = []

    def update(
        self, prototype_ids: NDArray, labels: NDArray, weights: NDArray
    ) -> NDArray[np.int64]:
        """Return the lasting cluster id (m,) of each prototype; -1 for noise.

        Parameters
        ----------
        prototype_ids : (m,) the lasting ids of the prototypes
        labels : (m,) the present cluster label of each prototype, -1 for noise
        weights : (m,) the weights of the prototypes
        """
        before = np.array([self._known.get(int(i), NOISE) for i in prototype_ids], dtype=np.int64)
        shared = _sum_shared_weights(before, labels, weights)
        ids = _match(shared)
        known = set(ids.values())
        for label in _sort_by_size(prototype_ids, labels, weights):
            if label not in ids and label in self._bare:
                ids[label] = self._bare.pop(label)
            elif label not in ids:
                ids[label] = self._next_id
                self._next_id += 1
        self.label_ids = self._bare | ids
        clusters = map_labels(labels, ids)
        # A prototype that is noise at present keeps its last cluster, in case it returns.
        carried = np.where(clusters == NOISE, before, clusters)
        self._known = dict(zip(prototype_ids.tolist(), carried.tolist(), strict=True))
        living = (set(carried.tolist()) - {NOISE}) | set(self._bare.values())
        self.changes = self._list_changes(shared, ids, known, living)
        self._color(living)
        return clusters

    def number_labels(self, labels: NDArray) -> None:
        """Give ids and colours to labels (n,) without prototypes, as those of a linear classifier.

        >>> tracker = ClusterTracker()
        >>> tracker.number_labels(np.array([5, -1, 5]))
        >>> tracker.label_ids, tracker.colors
        ({5: 1}, {1: 0})
        """
        for label in np.unique(labels[labels != NOISE]).tolist():
            if label not in self.label_ids:
                self._bare[label] = self.label_ids[label] = self._next_id
                self._next_id += 1
        self._color(self.colors.keys() | set(self._bare.values()))

    def name_cluster(self, cluster: int, name: str) -> None:
        """Name a cluster; an empty name removes its name.

        Raises ValueError if no cluster has had this id.

        >>> tracker = ClusterTracker()
        >>> _ = tracker.update(np.array([7]), np.array([0]), np.ones(1))
        >>> tracker.name_cluster(1, "  young ")
        >>> tracker.names
        {1: 'young'}
        """
        if not 1 <= cluster < self._next_id:
            raise ValueError(f"there is no cluster {cluster} to name")
        # The text of a person goes to tables, plots and exported files.
        text = make_printable(name.strip(), MAX_NAME_CHARS)
        others = {i: each for i, each in self.names.items() if i != cluster}
        self.names = others | ({cluster: text} if text else {})

    def note_decision(self, clusters: Iterable[int]) -> None:
        """Note which prototypes these clusters have, before a person's decision about them.

        When the decision is undone, they get their ids back, and so their names.
        """
        concerned = {*clusters}
        self._before.append({i: each for i, each in self._known.items() if each in concerned})

    def undo_decision(self) -> None:
        """Give the prototypes back the clusters that they had before the last decision.

        >>> tracker = ClusterTracker()
        >>> ids, weights = np.array([7, 8]), np.ones(2)
        >>> _ = tracker.update(ids, np.array([0, 1]), weights)
        >>> tracker.note_decision([1, 2])
        >>> tracker.update(ids, np.array([0, 0]), weights).tolist()
        [1, 1]
        >>> tracker.undo_decision()
        >>> tracker.update(ids, np.array([0, 1]), weights).tolist()
        [1, 2]
        """
        if self._before:
            before = self._before.pop()
            self._known |= {i: before[i] for i in self._known.keys() & before.keys()}

    def take_names(self, names: Mapping[int, str]) -> None:
        """Take over the names of another tracker, for the clusters that both know."""
        self.names = {i: name for i, name in names.items() if i < self._next_id}

    def copy(self) -> "ClusterTracker":
        """Return an independent copy."""
        twin = ClusterTracker()
        twin.names = self.names.copy()
        twin.colors, twin._known = self.colors.copy(), self._known.copy()
        twin.label_ids, twin._next_id = self.label_ids.copy(), self._next_id
        twin._bare, twin._before = self._bare.copy(), self._before.copy()
        return twin

    def to_dict(self) -> dict[str, Any]:
        """Return everything that the next update needs, in JSON's types."""
        return {
            "colors": [*self.colors.items()],
            "known": [*self._known.items()],
            "next_id": self._next_id,
            "names": [*self.names.items()],
            "bare": [*self._bare.items()],
            "before": [[*each.items()] for each in self._before],
        }

    @staticmethod
    def from_dict(entries: dict[str, Any]) -> "ClusterTracker":
        """Build the tracker that `to_dict` wrote."""
        tracker = ClusterTracker()
        tracker.colors = {int(i): int(color) for i, color in entries["colors"]}
        tracker._known = {int(i): int(cluster) for i, cluster in entries["known"]}
        tracker._next_id = int(entries["next_id"])
        tracker._bare = {int(i): int(cluster) for i, cluster in entries.get("bare", [])}
        tracker._before = [
            {int(i): int(cluster) for i, cluster in each} for each in entries.get("before", [])
        ]
        # Runs that were saved earlier have no decisions, no names and no labels without prototypes.
        for cluster, name in entries.get("names", []):
            tracker.name_cluster(int(cluster), str(name))
        return tracker

    def _list_changes(
        self,
        shared: dict[tuple[int, int], float],
        ids: dict[int, int],
        known: set[int],
        living: set[int],
    ) -> list[ClusterChange]:
        origins: dict[int, int] = {}
        heirs: dict[int, int] = {}
        for label, old in _sort_heaviest_first(shared):
            origins.setdefault(ids[label], old)
            heirs.setdefault(old, ids[label])
        changes = []
        for new in sorted(set(ids.values()) - known):
            if new in origins:
                changes.append(ClusterChange("split", new, origins[new]))
            else:
                changes.append(ClusterChange("born", new))
        for lost in sorted(self.colors.keys() - living):
            if lost in heirs:
                changes.append(ClusterChange("merged", lost, heirs[lost]))
            else:
                changes.append(ClusterChange("ended", lost))
        return changes

    def _color(self, living: Set[int]) -> None:
        self.colors = {i: color for i, color in self.colors.items() if i in living}
        free = sorted(set(range(len(living))) - set(self.colors.values()))
        self.colors |= zip(sorted(living - self.colors.keys()), free, strict=False)


def map_labels(labels: NDArray, values: dict[int, int]) -> NDArray[np.int64]:
    """Return the value (n,) of each label (n,); -1 for labels without a value, such as noise.

    >>> map_labels(np.array([1, -1, 0, 1]), {0: 7, 1: 9}).tolist()
    [9, -1, 7, 9]
    """
    found, places = np.unique(labels, return_inverse=True)
    mapped = np.array([values.get(label, NOISE) for label in found.tolist()], dtype=np.int64)
    return mapped[places] if len(found) else mapped


def _sum_shared_weights(
    before: NDArray, labels: NDArray, weights: NDArray
) -> dict[tuple[int, int], float]:
    """Return the weight that each label has of each old cluster, by (label, old cluster)."""
    shared: dict[tuple[int, int], float] = {}
    is_shared = (before != NOISE) & (labels != NOISE)
    for old, label, weight in zip(
        before[is_shared].tolist(),
        labels[is_shared].tolist(),
        weights[is_shared].tolist(),
        strict=True,
    ):
        shared[label, old] = shared.get((label, old), 0.0) + weight
    return shared


def _sort_heaviest_first(shared: dict[tuple[int, int], float]) -> list[tuple[int, int]]:
    return sorted(shared, key=lambda pair: (-shared[pair], pair))


def _sort_by_size(prototype_ids: NDArray, labels: NDArray, weights: NDArray) -> list[int]:
    """Return the labels but noise by descending weight, then by the oldest prototype."""
    found = np.unique(labels[labels != NOISE]).tolist()
    own = {label: labels == label for label in found}
    return sorted(
        found, key=lambda label: (-weights[own[label]].sum(), prototype_ids[own[label]].min())
    )


def _match(shared: dict[tuple[int, int], float]) -> dict[int, int]:
    """Return the old id that each label inherits, if it inherits any."""
    ids: dict[int, int] = {}
    for label, old in _sort_heaviest_first(shared):
        if label not in ids and old not in ids.values():
            ids[label] = old
    return ids

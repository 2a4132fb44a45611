"""Identities: which cluster of now is which cluster of before."""

from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from clusterer.stream.chunk import NOISE


class ClusterChange(NamedTuple):
    """A cluster was "born", "split" from another one, "merged" into another one, or "ended"."""

    kind: Literal["born", "split", "merged", "ended"]
    cluster: int
    other: int = NOISE


class ClusterTracker:
    """Give clusters ids and colours that last while their prototypes do.

    A cluster inherits the id that most of its weight carried at the last update; every id goes to
    one cluster at most, the heaviest claim first. A colour is a small number, the lowest that no
    living cluster holds.

    ``changes`` tells what the last update brought. A cluster that gets a new id has split from
    the one that most of its weight belonged to, or is born if there was none. One whose id is
    gone has merged into the one that took over most of its weight, or has ended.

    >>> tracker = ClusterTracker()
    >>> before = tracker.update(np.array([7, 8]), np.array([0, 1]), np.ones(2))
    >>> after = tracker.update(np.array([9, 8, 7]), np.array([0, 1, 2]), np.ones(3))
    >>> before.tolist(), after.tolist()
    ([1, 2], [3, 2, 1])
    >>> tracker.changes
    [ClusterChange(kind='born', cluster=3, other=-1)]
    """

    def __init__(self) -> None:
        self.colors: dict[int, int] = {}
        self.changes: list[ClusterChange] = []
        self._next_id = 1
        self._known: dict[int, int] = {}

    def update(
        self, prototype_ids: NDArray, labels: NDArray, weights: NDArray
    ) -> NDArray[np.int64]:
        """Cluster id (m,) of each prototype, -1 for noise, given its cluster's number of now."""
        before = np.array([self._known.get(int(i), NOISE) for i in prototype_ids], dtype=np.int64)
        claims = self._list_claims(before, labels, weights)
        named = self._match(claims)
        known = set(named.values())
        for label in range(int(labels.max(initial=NOISE)) + 1):
            if label not in named:
                named[label] = self._next_id
                self._next_id += 1
        ids = np.array([named.get(int(label), NOISE) for label in labels], dtype=np.int64)
        # A prototype that is noise just now keeps its past, should it come back.
        carried = np.where(ids == NOISE, before, ids)
        self._known = dict(zip(prototype_ids.tolist(), carried.tolist(), strict=True))
        living = set(carried.tolist()) - {NOISE}
        self.changes = self._tell(claims, named, known, living)
        self._color(living)
        return ids

    def copy(self) -> "ClusterTracker":
        """One that goes on alike and apart."""
        twin = ClusterTracker()
        twin.colors, twin._known = self.colors.copy(), self._known.copy()
        twin._next_id = self._next_id
        return twin

    def write(self) -> dict[str, Any]:
        """All that it knows, in JSON's types."""
        return {
            "colors": [*self.colors.items()],
            "known": [*self._known.items()],
            "next_id": self._next_id,
        }

    @staticmethod
    def read(told: dict[str, Any]) -> "ClusterTracker":
        """One from what `write` gave."""
        twin = ClusterTracker()
        twin.colors = {int(i): int(color) for i, color in told["colors"]}
        twin._known = {int(i): int(cluster) for i, cluster in told["known"]}
        twin._next_id = int(told["next_id"])
        return twin

    def _tell(
        self,
        claims: dict[tuple[int, int], float],
        named: dict[int, int],
        known: set[int],
        living: set[int],
    ) -> list[ClusterChange]:
        origins: dict[int, int] = {}
        heirs: dict[int, int] = {}
        for label, old in sorted(claims, key=lambda claim: (-claims[claim], claim)):
            origins.setdefault(named[label], old)
            heirs.setdefault(old, named[label])
        changes = []
        for new in sorted(set(named.values()) - known):
            is_split = new in origins
            changes.append(
                ClusterChange("split", new, origins[new])
                if is_split
                else ClusterChange("born", new)
            )
        for gone in sorted(self.colors.keys() - living):
            is_merged = gone in heirs
            changes.append(
                ClusterChange("merged", gone, heirs[gone])
                if is_merged
                else ClusterChange("ended", gone)
            )
        return changes

    def _list_claims(
        self, before: NDArray, labels: NDArray, weights: NDArray
    ) -> dict[tuple[int, int], float]:
        claims: dict[tuple[int, int], float] = {}
        is_claim = (before != NOISE) & (labels != NOISE)
        for old, label, weight in zip(
            before[is_claim].tolist(),
            labels[is_claim].tolist(),
            weights[is_claim].tolist(),
            strict=True,
        ):
            claims[label, old] = claims.get((label, old), 0.0) + weight
        return claims

    def _match(self, claims: dict[tuple[int, int], float]) -> dict[int, int]:
        named: dict[int, int] = {}
        for label, old in sorted(claims, key=lambda claim: (-claims[claim], claim)):
            if label not in named and old not in named.values():
                named[label] = old
        return named

    def _color(self, living: set[int]) -> None:
        self.colors = {i: color for i, color in self.colors.items() if i in living}
        taken = set(self.colors.values())
        for cluster_id in sorted(living - self.colors.keys()):
            color = next(c for c in range(len(living) + 1) if c not in taken)
            self.colors[cluster_id] = color
            taken.add(color)

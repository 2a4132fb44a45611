"""Identities: which cluster of now is which cluster of before."""

import numpy as np
from numpy.typing import NDArray

from .readout import NOISE


class Identities:
    """Give clusters ids and colours that last while their prototypes do.

    A cluster inherits the id that most of its weight carried at the last update; every id goes to
    one cluster at most, the heaviest claim first. A colour is a small number, the lowest that no
    living cluster holds.

    >>> identities = Identities()
    >>> before = identities.update(np.array([7, 8]), np.array([0, 1]), np.ones(2))
    >>> after = identities.update(np.array([9, 8, 7]), np.array([0, 1, 2]), np.ones(3))
    >>> before.tolist(), after.tolist()
    ([1, 2], [3, 2, 1])
    """

    def __init__(self) -> None:
        self.colors: dict[int, int] = {}
        self._next_id = 1
        self._known: dict[int, int] = {}

    def update(
        self, prototype_ids: NDArray, labels: NDArray, weights: NDArray
    ) -> NDArray[np.int64]:
        """Cluster id (m,) of each prototype, -1 for noise, given its cluster's number of now."""
        before = np.array([self._known.get(int(i), NOISE) for i in prototype_ids], dtype=np.int64)
        named = self._match(before, labels, weights)
        for label in range(int(labels.max(initial=NOISE)) + 1):
            if label not in named:
                named[label] = self._next_id
                self._next_id += 1
        ids = np.array([named.get(int(label), NOISE) for label in labels], dtype=np.int64)
        # A prototype that is noise just now keeps its past, should it come back.
        carried = np.where(ids == NOISE, before, ids)
        self._known = dict(zip(prototype_ids.tolist(), carried.tolist(), strict=True))
        self._color(set(carried.tolist()) - {NOISE})
        return ids

    def _match(self, before: NDArray, labels: NDArray, weights: NDArray) -> dict[int, int]:
        claims: dict[tuple[int, int], float] = {}
        is_claim = (before != NOISE) & (labels != NOISE)
        for old, label, weight in zip(
            before[is_claim].tolist(),
            labels[is_claim].tolist(),
            weights[is_claim].tolist(),
            strict=True,
        ):
            claims[label, old] = claims.get((label, old), 0.0) + weight
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

"""Cluster numbers that last: a cluster keeps its number while the stream is learned.

A labelling numbers the clusters 0, 1, … in the order of their first prototype, so a change of one
cluster would renumber others. `ClusterNumbers` remembers for each prototype the number of its
cluster at the last labelling, and how many points it had then. A cluster inherits the number that
most of these points carried. A cluster that inherits none gets the next number; no number is given
twice. A comparable rule: M. Spiliopoulou et al., "MONIC: modeling and monitoring cluster
transitions", KDD 2006.

Two clusters that join for a while share one number. Each prototype also remembers the number that
it had before, its home, so both clusters have their old numbers when they separate again.
"""

from collections import defaultdict
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from clusterer.stream.chunk import NOISE

# A part of a cluster inherits the number only with this share of the remembered points. Otherwise
# one light prototype that is left over could pass on the number of a cluster that has ended.
MIN_SHARE = 0.05
# A cluster that separates again gets its old number if this share of its points has it as home.
MIN_HOME_SHARE = 0.5


class Memory(NamedTuple):
    """What is known of a prototype: the number of its cluster, its home, its points at that time.

    ``is_noise`` tells whether it was noise at the last labelling; then the rest is older.
    """

    number: int
    home: int
    n_points: float
    is_noise: bool


Claims = dict[tuple[int, int], float]
"""Number of points by label and cluster number."""


class ClusterNumbers:
    """Numbers of clusters that last as long as their prototypes.

    >>> numbers = ClusterNumbers()
    >>> ids, points = np.array([10, 11, 12]), np.array([5.0, 5.0, 9.0])
    >>> numbers.number(ids, np.array([0, 0, 1]), points).tolist()
    [0, 1]
    >>> numbers.number(np.array([12, 15, 11]), np.array([0, 1, 2]), points).tolist()
    [1, 2, 0]
    """

    def __init__(self) -> None:
        self._memories: dict[int, Memory] = {}
        self.next_number = 0

    def number(
        self, ids: NDArray[np.int64], labels: NDArray[np.int64], counts: NDArray[np.float64]
    ) -> NDArray[np.int64]:
        """Return the lasting number (k,) of each label 0, …, k - 1, and remember it.

        Parameters
        ----------
        ids : (m,) int64
            The lasting ids of the prototypes.
        labels : (m,) int64
            The cluster of each prototype by the present labelling; -1 for noise.
        counts : (m,)
            The number of points of each prototype.
        """
        prototypes = list(zip(ids.tolist(), labels.tolist(), counts.tolist(), strict=True))
        n_labels = int(labels.max(initial=NOISE)) + 1
        numbers = self._inherit(prototypes)
        for label in range(n_labels):
            if label not in numbers:
                numbers[label] = self.next_number
                self.next_number += 1
        live, before, after = {*numbers.values()}, self._memories, {}
        for i, label, count in prototypes:
            known = before.get(i)
            if label != NOISE:
                number = numbers[label]
                # The home lasts while no cluster has its number.
                home = number if known is None or known.home in live else known.home
                after[i] = Memory(number, home, count, False)
            elif known is not None:
                after[i] = known._replace(is_noise=True)
        self._memories = after
        return np.array([numbers[label] for label in range(n_labels)], dtype=np.int64)

    def number_single(self, prototype: int) -> int:
        """Return the number of a cluster of one prototype without points; remember a new one."""
        known = self._memories.get(prototype)
        if known is None:
            known = Memory(self.next_number, self.next_number, 0.0, False)
            self._memories[prototype] = known
            self.next_number += 1
        return known.number

    def _inherit(self, prototypes: list[tuple[int, int, float]]) -> dict[int, int]:
        """Return the number that each label inherits, if it inherits any."""
        claims: Claims = defaultdict(float)
        at_home: Claims = defaultdict(float)
        elsewhere: Claims = defaultdict(float)
        held: dict[int, float] = defaultdict(float)
        sizes: dict[int, float] = defaultdict(float)
        for i, label, count in prototypes:
            known = self._memories.get(i)
            if label != NOISE:
                sizes[label] += count
            if known is None:
                continue
            number, home, n_points, was_noise = known
            held[number] += n_points
            if label == NOISE:
                continue
            # A cluster that has ended fades, and leaves its number to no other.
            n_points = min(n_points, count) if was_noise else n_points
            claims[label, number] += n_points
            if home == number:
                at_home[label, number] += n_points
            else:
                elsewhere[label, home] += n_points
        numbers: dict[int, int] = {}
        # Of two clusters that separate, the one that was there before the other joined.
        for pair in sorted(claims, key=lambda pair: (-at_home[pair], -claims[pair], pair)):
            label, number = pair
            is_enough = claims[pair] >= MIN_SHARE * held[number]
            is_enough &= claims[pair] > 0.0 or sizes[label] == 0.0
            if is_enough and label not in numbers and number not in numbers.values():
                numbers[label] = number
        known_points: dict[int, float] = defaultdict(float)
        for (label, _), n_points in claims.items():
            known_points[label] += n_points
        for pair in sorted(elsewhere, key=lambda pair: (-elsewhere[pair], pair)):
            label, home = pair
            is_most = 0.0 < elsewhere[pair] >= MIN_HOME_SHARE * known_points[label]
            if is_most and label not in numbers and home not in numbers.values():
                numbers[label] = home
        return numbers

    def to_arrays(self, ids: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return what is known of the prototypes ``ids`` (m,), as numbers that a file can hold.

        Returns (m, 3) number, home and whether it was noise, -1 where nothing is known, and (m,)
        the points at that time.
        """
        known = [self._memories.get(i, Memory(-1, -1, 0.0, False)) for i in ids.tolist()]
        columns = [[each.number, each.home, int(each.is_noise)] for each in known]
        points = [each.n_points for each in known]
        return np.array(columns, dtype=np.int64).reshape(-1, 3), np.array(points, dtype=np.float64)

    @classmethod
    def from_arrays(
        cls, ids: NDArray[np.int64], columns: NDArray, points: NDArray, next_number: int
    ) -> "ClusterNumbers":
        """Build the numbers from what `to_arrays` returned, and the next number."""
        numbers = cls()
        numbers.next_number = next_number
        for i, (number, home, is_noise), n_points in zip(
            ids.tolist(), columns.tolist(), points.tolist(), strict=True
        ):
            if number >= 0:
                numbers._memories[i] = Memory(number, home, n_points, bool(is_noise))
        return numbers

    def copy(self) -> "ClusterNumbers":
        """Return an independent copy."""
        twin = ClusterNumbers()
        twin._memories, twin.next_number = self._memories.copy(), self.next_number
        return twin

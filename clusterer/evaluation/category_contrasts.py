"""What sets a cluster apart in columns of text and booleans: the shares of their values.

A share differs if the test of two proportions rejects chance at a level of 5 %, divided by the
number of values that are compared (O. J. Dunn, "Multiple comparisons among means", Journal of the
American Statistical Association 56, 1961), and if the difference is at least `LEAST_EFFECT`.
"""

import math
from collections.abc import Hashable
from dataclasses import dataclass, field
from functools import partial
from statistics import NormalDist

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from clusterer.support.cell_text import number_texts
from clusterer.support.text import make_printable

LEAST_EFFECT = 0.1
"""A smaller difference of two shares is not worth a sentence."""

LEVEL = 0.05
LEAST_ROWS = 20
"""With fewer rows of a cluster, or of the rest, nothing is said."""

N_VALUES = 1_000
"""Most values of a column that are counted: the first ones. The others count as rows only."""

N_COUNTS = 300_000
"""Most numbers in memory; beyond, the column with the most is left out."""

VALUE_CHARS = 100
"""Longer values are not counted: they are notes, no categories."""

SHOWN_CHARS = 40


@dataclass(frozen=True)
class CategoryContrast:
    """The value of a column whose share in a cluster exceeds its share in the rest most.

    If no share is clearly larger, the value whose share is smaller by most.

    Parameters
    ----------
    name : str
        The column.
    value : str
        The value.
    share, rest_share : float
        Its shares among the rows of the cluster, and among all other rows, that have a value.

    Examples
    --------
    >>> CategoryContrast("city", "Lugano", 0.62, 0.2).explain()
    'city: 62 % Lugano, of the others 20 %'
    """

    name: str
    value: str
    share: float
    rest_share: float

    @property
    def effect(self) -> float:
        """The difference of the shares, from 0 to 1."""
        return abs(self.share - self.rest_share)

    def explain(self) -> str:
        """Return a sentence with both shares."""
        shares = f"{100 * self.share:.0f} %", f"{100 * self.rest_share:.0f} %"
        value = make_printable(self.value, SHOWN_CHARS)
        return f"{self.name}: {shares[0]} {value}, of the others {shares[1]}"


@dataclass
class _ColumnCounts:
    """The number of rows of each cluster with each value, and with any value."""

    slots: dict[Hashable, int] = field(default_factory=dict)
    totals: dict[int, int] = field(default_factory=dict)
    counts: dict[tuple[int, int], int] = field(default_factory=dict)


class CategoryCounter:
    """Counts the values of columns by cluster, in bounded memory, however many rows there are.

    Examples
    --------
    >>> counter = CategoryCounter()
    >>> city = pa.array(["Bern", "Bern", "Uri", None] * 20)
    >>> counter.add("city", city, np.array([1, 1, 2, 2] * 20))
    >>> counter.add("city", pa.array(["Bern", "Uri"] * 10), np.array([2] * 20))
    >>> [each.explain() for each in counter.contrast(2)]
    ['city: 75 % Uri, of the others 0 %']
    """

    def __init__(self) -> None:
        self._columns: dict[str, _ColumnCounts] = {}
        self._left_out: set[str] = set()

    def add(self, name: str, texts: pa.Array, clusters: NDArray[np.integer]) -> None:
        """Count the cells (n,) of a column; null is no value. ``clusters`` (n,) may contain -1."""
        if name in self._left_out or not len(texts):
            return
        column = self._columns.setdefault(name, _ColumnCounts())
        for cluster, n_rows in _count(clusters[np.asarray(texts.is_valid())]):
            column.totals[cluster] = column.totals.get(cluster, 0) + n_rows
        slots = number_texts(texts, partial(_find_slot, column), -1).astype(np.int64)
        is_counted = slots >= 0
        pairs = np.stack([clusters[is_counted].astype(np.int64), slots[is_counted]], axis=1)
        found, numbers = np.unique(pairs, axis=0, return_counts=True)
        for (cluster, slot), n_rows in zip(found.tolist(), numbers.tolist(), strict=True):
            key = cluster, slot
            column.counts[key] = column.counts.get(key, 0) + n_rows
        if sum(len(each.counts) for each in self._columns.values()) > N_COUNTS:
            self._leave_out()

    def _leave_out(self) -> None:
        """Forget the column with the most numbers."""
        largest = max(self._columns, key=lambda name: len(self._columns[name].counts))
        del self._columns[largest]
        self._left_out.add(largest)

    def contrast(self, cluster: int) -> tuple[CategoryContrast, ...]:
        """Return the value of each column that sets the cluster apart, the largest effect first.

        Columns without a clear difference are left out.
        """
        found = [_contrast(name, each, cluster) for name, each in self._columns.items()]
        return tuple(sorted((each for each in found if each), key=lambda each: -each.effect))


def _count(clusters: NDArray[np.integer]) -> list[tuple[int, int]]:
    found, numbers = np.unique(clusters, return_counts=True)
    return list(zip(found.tolist(), numbers.tolist(), strict=True))


def _find_slot(column: _ColumnCounts, value: str) -> int:
    """Return the number of a value; -1 if it is not counted."""
    slots = column.slots
    if value not in slots:
        if len(slots) >= N_VALUES or len(value) > VALUE_CHARS:
            return -1
        slots[value] = len(slots)
    return slots[value]


def _contrast(name: str, column: _ColumnCounts, cluster: int) -> CategoryContrast | None:
    n_own = column.totals.get(cluster, 0)
    n_rest = sum(column.totals.values()) - n_own
    if min(n_own, n_rest) < LEAST_ROWS or not column.slots:
        return None
    own, rest = np.zeros(len(column.slots)), np.zeros(len(column.slots))
    for (each, slot), n_rows in column.counts.items():
        (own if each == cluster else rest)[slot] += n_rows
    pooled = (own + rest) / (n_own + n_rest)
    deviations = np.sqrt(pooled * (1.0 - pooled) * (1.0 / n_own + 1.0 / n_rest))
    quantile = NormalDist().inv_cdf(1.0 - LEVEL / 2 / len(own))
    differences = own / n_own - rest / n_rest
    is_clear = np.abs(differences) > np.maximum(LEAST_EFFECT, quantile * deviations)
    if not is_clear.any():
        return None
    # What a cluster has tells more than what it lacks.
    is_more = is_clear & (differences > 0.0)
    candidates = is_more if is_more.any() else is_clear
    at = int(np.where(candidates, np.abs(differences), -math.inf).argmax())
    value = str([*column.slots][at])
    return CategoryContrast(name, value, float(own[at] / n_own), float(rest[at] / n_rest))

"""The classes that a classifier knows, each with the column in which it is learned."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from clusterer.support.text import make_printable

KINDS = {"i": "numbers", "f": "numbers", "U": "text", "b": "True and False"}
MOST_CLASSES = 10_000
MOST_COLUMNS = 2**12  # between the least and the largest class, to look up the columns
FEW = 8  # rows for which a loop is faster than NumPy
BLOCK = 2**13  # rows: a longer chunk needs no more memory for the columns of its classes


class ClassTable:
    """Classes in the order of their columns, which is the order of their first appearance.

    >>> table = ClassTable()
    >>> table.find_new(np.array(["b", "b", "a"]))
    [0, 2]
    >>> table.add(np.array(["b", "b", "a"]))
    >>> table.encode(np.array(["a", "c"])).tolist(), table.classes.tolist()
    ([1, -1], ['a', 'b'])
    """

    def __init__(self, values: list[Any] | None = None, is_closed: bool = False) -> None:
        self.values: list[Any] = []
        self.is_closed = is_closed
        self._extend(values or [])

    def __len__(self) -> int:
        return len(self.values)

    def __contains__(self, value: Any) -> bool:
        return value in self._codes

    def copy(self) -> "ClassTable":
        """Return an independent copy."""
        return ClassTable(list(self.values), self.is_closed)

    @property
    def classes(self) -> NDArray:
        """The classes in increasing order; no class is an empty array of int64."""
        return self._sorted

    @property
    def columns(self) -> NDArray[np.int64]:
        """The column of each of the `classes`."""
        return self._order

    def declare(self, y: NDArray) -> None:
        """Know all classes of ``y`` from here on, and accept no others.

        Raises ValueError if the classes contradict those known so far.
        """
        given = set(np.unique(y).tolist())
        lost = set(self.values) - given
        if lost or (self.is_closed and given != set(self.values)):
            raise ValueError(
                f"classes are {sorted(given, key=str)}, but the model knows "
                f"{sorted(self.values, key=str)}; leave classes out, or name the same classes in "
                "each call. The model is unchanged."
            )
        self.add(np.unique(y))
        self.is_closed = True

    def find_new(self, y: NDArray) -> list[int]:
        """Return where in ``y`` (n,) each class that is not known first appears.

        Raises ValueError if one of them is not allowed.
        """
        if self.values and len(y) and KINDS[y.dtype.kind] != KINDS[self._sorted.dtype.kind]:
            raise ValueError(
                f"y holds {KINDS[y.dtype.kind]}, but the classes so far are "
                f"{KINDS[self._sorted.dtype.kind]}: {self._name_known()}. The model is unchanged."
            )
        # The calls of NumPy below would take most of the time of a stream that comes row by row.
        if len(y) <= FEW and all(value in self._codes for value in y.tolist()):
            return []
        found: list[int] = []
        table = self
        for start in range(0, len(y), BLOCK):
            block = y[start : start + BLOCK]
            unknown = np.flatnonzero(table.encode(block) < 0)
            if not len(unknown):
                continue
            _, places = np.unique(block[unknown], return_index=True)
            first = unknown[np.sort(places)]
            found += (start + first).tolist()
            self._check_new(y, found)
            table = table.copy()
            table._extend(block[first].tolist())
        return found

    def _check_new(self, y: NDArray, found: list[int]) -> None:
        if self.is_closed:
            name = make_printable(y[found[0]].item())
            raise ValueError(
                f"Row {found[0]} has the class {name!r}, which is none of the declared classes "
                f"{self._name_known()}. Name all classes in the first call, or leave classes out. "
                "The model is unchanged."
            )
        if len(self.values) + len(found) > MOST_CLASSES:
            raise ValueError(
                f"y holds more than {MOST_CLASSES:,} different classes. Is it a column of classes? "
                "The model is unchanged."
            )

    def add(self, y: NDArray) -> None:
        """Add the classes that are new in ``y`` (n,). Raises ValueError as `find_new`."""
        if new := self.find_new(y):
            self._extend(y[new].tolist())

    def encode(self, y: NDArray) -> NDArray[np.int64]:
        """Return the column (n,) of each class of ``y``; -1 for an unknown class."""
        if len(y) <= FEW:
            return np.array([self._codes.get(value, -1) for value in y.tolist()], dtype=np.int64)
        if not self.values:
            return np.full(len(y), -1, dtype=np.int64)
        if len(self._columns) and y.dtype == np.int64:
            # Differences wrap around, so that only those of the known range lie within it.
            return self._columns.take(y - (self._sorted[:1] - 1), mode="clip")
        places = np.searchsorted(self._sorted, y)
        places[places == len(self._sorted)] = 0
        return np.where(self._sorted[places] == y, self._order[places], -1)

    def decode(self, columns: NDArray[np.int64]) -> NDArray:
        """Return the class (n,) of each column; there must be a class."""
        return np.array(self.values)[columns]

    def _extend(self, values: list[Any]) -> None:
        self.values += values
        self._codes = {value: code for code, value in enumerate(self.values)}
        found = np.array(self.values) if self.values else np.empty(0, dtype=np.int64)
        self._order = np.argsort(found, kind="stable")
        self._sorted = found[self._order]
        self._columns = list_columns(self._sorted, self._order)

    def _name_known(self) -> str:
        shown = [make_printable(value, 20) for value in self._sorted[:8].tolist()]
        more = f" and {len(self.values) - 8} more" if len(self.values) > 8 else ""
        return ", ".join(shown) + more


def list_columns(classes: NDArray, columns: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the column of each whole number in the range of the classes; -1 if it is no class.

    ``classes`` (C,) are in increasing order. A -1 stands at either end. Empty if the classes are no
    whole numbers, or far apart.

    >>> list_columns(np.array([5, 7]), np.array([1, 0])).tolist()
    [-1, 1, -1, 0, -1]
    """
    if classes.dtype != np.int64 or not len(classes):
        return np.empty(0, dtype=np.int64)
    width = int(classes[-1]) - int(classes[0]) + 1
    if width > MOST_COLUMNS:
        return np.empty(0, dtype=np.int64)
    found = np.full(width + 2, -1)
    found[classes - classes[0] + 1] = columns
    return found

"""True classes as whole numbers: as they are if they are whole, else coded."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from clusterer.tables.columns.numbers import NumberFormat, converted, is_text, stripped

MISSING_CLASS = -1
# More than this are no classes but names of rows, and would fill the memory.
MAX_CODES = 100_000
LARGEST = 2.0**53


class LabelCodes:
    """Turns the cells of a label column into classes, the same from frame to frame."""

    def __init__(self, form: NumberFormat | None) -> None:
        self._form = form
        self._codes: dict[str, int] = {}

    @property
    def names(self) -> tuple[str, ...] | None:
        """The words behind the codes so far; None if the classes are whole numbers as written."""
        return tuple(self._codes) if self._form is None else None

    def classes(self, cells: pa.Array) -> NDArray[np.int64]:
        """Return the class of each cell, -1 where it is missing or cannot be read.

        Examples
        --------
        >>> LabelCodes(None).classes(pa.array(["b", "a", "", "b"])).tolist()
        [0, 1, -1, 0]
        """
        if self._form is None:
            return self._coded(cells)
        values = converted(cells, self._form).values
        with np.errstate(invalid="ignore"):
            is_whole = (values == np.floor(values)) & (np.abs(values) < LARGEST)
        return np.where(is_whole, values, MISSING_CLASS).astype(np.int64)

    def _coded(self, cells: pa.Array) -> NDArray[np.int64]:
        text, is_missing = stripped(cells if is_text(cells.type) else _written(cells))
        encoded = pc.if_else(is_missing, None, text).dictionary_encode()
        codes = np.array([self._code(word) for word in encoded.dictionary.to_pylist()], np.int64)
        at = encoded.indices.fill_null(len(codes)).to_numpy(zero_copy_only=False)
        return np.asarray(np.append(codes, MISSING_CLASS)[at], np.int64)

    def _code(self, word: str) -> int:
        if len(self._codes) >= MAX_CODES and word not in self._codes:
            return MISSING_CLASS
        return self._codes.setdefault(word, len(self._codes))


def _written(cells: pa.Array) -> pa.Array:
    try:
        return cells.cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return pa.array([None if cell is None else str(cell) for cell in cells.to_pylist()])

"""True classes as whole numbers: whole numbers stay as they are, other labels are numbered."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from clusterer.support.cell_text import number_texts, show_cells
from clusterer.tables.columns.numbers import NumberFormat, is_text, parse_numbers, strip_cells

MISSING_CLASS = -1
# A column with more labels holds names of rows; more labels would fill the memory.
MAX_LABELS = 100_000
MAX_EXACT = 2.0**53


class ClassEncoder:
    """Turns labels into classes; a label has the same class in every batch.

    Parameters
    ----------
    number_format : NumberFormat or None
        The format of labels that are whole numbers; None numbers the labels from 0 in the order
        of their first appearance.
    """

    def __init__(self, number_format: NumberFormat | None) -> None:
        self._format = number_format
        self._codes: dict[str, int] = {}

    @property
    def names(self) -> tuple[str, ...] | None:
        """The labels so far by their number; None if the labels are whole numbers."""
        return tuple(self._codes) if self._format is None else None

    def encode(self, cells: pa.Array) -> NDArray[np.int64]:
        """Return the class of each cell, -1 where the label is missing or unreadable.

        Examples
        --------
        >>> ClassEncoder(None).encode(pa.array(["b", "a", "", "b"])).tolist()
        [0, 1, -1, 0]
        """
        if self._format is None:
            return self._encode_texts(cells)
        values = parse_numbers(cells, self._format).values
        with np.errstate(invalid="ignore"):
            is_whole = (values == np.floor(values)) & (np.abs(values) < MAX_EXACT)
        return np.where(is_whole, values, MISSING_CLASS).astype(np.int64)

    def _encode_texts(self, cells: pa.Array) -> NDArray[np.int64]:
        text, is_missing = strip_cells(cells if is_text(cells.type) else show_cells(cells))
        labels = pc.if_else(is_missing, None, text)
        return number_texts(labels, self._find_code, MISSING_CLASS).astype(np.int64)

    def _find_code(self, label: str) -> int:
        if len(self._codes) >= MAX_LABELS and label not in self._codes:
            return MISSING_CLASS
        return self._codes.setdefault(label, len(self._codes))

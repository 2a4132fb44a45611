"""Cells of a column that is no feature as numbers or as text, for people who look at the rows."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from clusterer.support.cell_text import show_cells
from clusterer.tables.columns.numbers import NumberFormat, is_text, parse_numbers, strip_cells


def parse_finite(cells: pa.Array, number_format: NumberFormat) -> NDArray[np.float64]:
    """Return cells as finite numbers; NaN where there is none.

    >>> parse_finite(pa.array(["1.5", "inf", ""]), NumberFormat()).tolist()
    [1.5, nan, nan]
    """
    values = parse_numbers(_decode(cells), number_format).values
    return np.where(np.isfinite(values), values, np.nan)


def parse_text(cells: pa.Array) -> pa.Array:
    """Return cells as text without blanks around it; null where a word says that it is missing.

    >>> parse_text(pa.array([True, None])).to_pylist()
    ['true', None]
    """
    decoded = _decode(cells)
    if pa.types.is_null(decoded.type) or not is_text(decoded.type):
        return show_cells(decoded)
    text, is_missing = strip_cells(decoded)
    return pc.if_else(is_missing, None, text)


def _decode(cells: pa.Array) -> pa.Array:
    """Return the values of a dictionary, and other cells as they are."""
    if isinstance(cells, pa.ChunkedArray):
        cells = cells.combine_chunks()
    return cells.dictionary_decode() if pa.types.is_dictionary(cells.type) else cells

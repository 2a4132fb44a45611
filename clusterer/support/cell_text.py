"""Cells of any kind as text, and texts as numbers."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


def show_cells(cells: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """Return cells as text; missing cells stay missing.

    >>> show_cells(pa.array([1.5, None])).to_pylist()
    ['1.5', None]
    """
    if pa.types.is_dictionary(cells.type):
        cells = cells.cast(cells.type.value_type)
    try:
        return cells.cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        texts = [None if each is None else str(each) for each in cells.to_pylist()]
        shown = pa.array(texts, pa.string())
        return pa.chunked_array([shown]) if isinstance(cells, pa.ChunkedArray) else shown


def number_texts(
    texts: pa.Array, find_number: Callable[[str], float], missing: float
) -> NDArray[np.float64]:
    """Return the number (n,) of each text, and ``missing`` for null.

    ``find_number`` is called once for each distinct text, in the order of first appearance.

    >>> number_texts(pa.array(["b", None, "a", "b"]), "ab".index, -1).tolist()
    [1.0, -1.0, 0.0, 1.0]
    """
    if isinstance(texts, pa.ChunkedArray):
        texts = texts.combine_chunks()
    encoded = texts.dictionary_encode()
    numbers = [*map(find_number, encoded.dictionary.to_pylist()), missing]
    indices = encoded.indices.fill_null(len(numbers) - 1).to_numpy(zero_copy_only=False)
    return np.array(numbers, np.float64)[indices]

"""The density image: the number of points of the window in each cell of the view."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from clusterer.support.kernels import entry

SHAPE = (200, 300)  # rows, columns

Box = tuple[float, float, float, float]
"""The edges of a view: left, right, bottom, top."""


@entry
def _count(xs: Any, ys: Any, box: Any, counts: Any) -> None:
    left, right, bottom, top = box
    n_rows, n_columns = counts.shape
    per_x = n_columns / (right - left)
    per_y = n_rows / (top - bottom)
    for i in range(xs.shape[0]):
        if left <= xs[i] < right and bottom <= ys[i] < top:
            column = min(int((xs[i] - left) * per_x), n_columns - 1)
            row = min(int((ys[i] - bottom) * per_y), n_rows - 1)
            counts[row, column] += 1


def count_cells(
    xs: NDArray, ys: NDArray, box: Box, shape: tuple[int, int] = SHAPE
) -> NDArray[np.int32]:
    """Count the points in each cell of a box; return (rows, columns), the bottom row first.

    Parameters
    ----------
    xs, ys : (n,), (n,) coordinates of the points
    box : (left, right, bottom, top); points outside are not counted
    shape : numbers of rows and columns, default (200, 300)

    Raises
    ------
    ValueError
        Unless left < right and bottom < top.

    Examples
    --------
    >>> count_cells(np.array([0.1, 0.9, 0.9]), np.zeros(3), (0, 1, 0, 1), shape=(1, 2))
    array([[1, 2]], dtype=int32)
    """
    left, right, bottom, top = (float(edge) for edge in box)
    if not (left < right and bottom < top):
        raise ValueError(f"box must have left < right and bottom < top, got {box}.")
    counts = np.zeros(shape, dtype=np.int32)
    _count(xs, ys, (left, right, bottom, top), counts)
    return counts


def shade(counts: NDArray) -> NDArray[np.uint8]:
    """Convert counts to 256 levels on a logarithmic scale; only empty cells get level 0.

    >>> shade(np.array([[0, 1, 100]])).tolist()
    [[0, 38, 255]]
    """
    largest = counts.max(initial=0)
    if largest == 0:
        return np.zeros(counts.shape, dtype=np.uint8)
    levels = 255 * np.log1p(counts) / np.log1p(largest)
    return np.where(counts > 0, np.maximum(levels.round(), 1), 0).astype(np.uint8)

"""Coordinates on their way to a plot: in half the bytes, where nobody can see the difference."""

import numpy as np
from numpy.typing import NDArray

FINEST = 1e-4
"""Of the extent of what is drawn: less than a pixel."""


def pack_coordinates(values: NDArray) -> NDArray:
    """Values (n,) as float32, or as they are where that is too coarse, too short or too low.

    >>> pack_coordinates(np.array([0.1, 0.2])).dtype, pack_coordinates(np.array([0.0, 1e300])).dtype
    (dtype('float32'), dtype('float64'))
    >>> pack_coordinates(1.7e9 + np.arange(3)).tolist()
    [1700000000.0, 1700000001.0, 1700000002.0]
    """
    if not values.size:
        return values.astype(np.float32)
    low, high = values.min(), values.max()
    largest, known = max(-low, high), np.finfo(np.float32)
    step = max(largest * known.eps, known.tiny)
    is_fine = largest < known.max and (step <= FINEST * (high - low) or not largest)
    return values.astype(np.float32) if is_fine else values

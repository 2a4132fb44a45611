"""Coordinates for a plot as float32: half the bytes, where the difference is not visible."""

import numpy as np
from numpy.typing import NDArray

MAX_ERROR = 1e-4
"""Largest rounding step, as a share of the drawn extent: less than a pixel."""


def pack_coordinates(values: NDArray) -> NDArray:
    """Convert values (n,) to float32, unless float32 is too coarse or its range too small.

    >>> pack_coordinates(np.array([0.1, 0.2])).dtype, pack_coordinates(np.array([0.0, 1e300])).dtype
    (dtype('float32'), dtype('float64'))
    >>> pack_coordinates(1.7e9 + np.arange(3)).tolist()
    [1700000000.0, 1700000001.0, 1700000002.0]
    """
    if not values.size:
        return values.astype(np.float32)
    low, high = values.min(), values.max()
    largest, limits = max(-low, high), np.finfo(np.float32)
    step = max(largest * limits.eps, limits.tiny)
    is_fine = largest < limits.max and (step <= MAX_ERROR * (high - low) or not largest)
    return values.astype(np.float32) if is_fine else values

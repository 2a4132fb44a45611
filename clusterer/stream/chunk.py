"""The unit in which points travel from a source to whatever clusters them."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

NOISE = -1
"""The class or cluster of points that belong to none."""


class Chunk(NamedTuple):
    """Consecutive points of a stream, with their true classes where they are known.

    Parameters
    ----------
    points : array (n_points, n_features) of float64
        The points in stream order.
    classes : array (n_points,) of int64, or None
        The true class of each point, -1 for noise; None when no truth is known.

    Examples
    --------
    >>> chunk = Chunk(np.zeros((3, 2)), np.array([0, 1, -1]))
    >>> chunk.points.shape
    (3, 2)
    """

    points: NDArray[np.float64]
    classes: NDArray[np.int64] | None

"""A chunk: consecutive points of a stream, which a learner learns at once."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

NOISE = -1
"""The class or cluster of points that belong to no class or cluster."""


class Chunk(NamedTuple):
    """Consecutive points of a stream, with their true classes if these are known.

    Parameters
    ----------
    points : array (n_points, n_features) of float64
        The points in the order of the stream.
    classes : array (n_points,) of int64, or None
        The true class of each point, -1 for noise; None if no classes are known.

    Examples
    --------
    >>> chunk = Chunk(np.zeros((3, 2)), np.array([0, 1, -1]))
    >>> chunk.points.shape
    (3, 2)
    """

    points: NDArray[np.float64]
    classes: NDArray[np.int64] | None

"""A chunk: consecutive points of a stream, which a learner learns at once."""

from collections.abc import Sequence
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


def cut_chunk(chunk: Chunk, rows: slice) -> Chunk:
    """Return some rows of a chunk, as views of its arrays."""
    return Chunk(chunk.points[rows], None if chunk.classes is None else chunk.classes[rows])


def join_chunks(chunks: Sequence[Chunk]) -> Chunk:
    """Return the points of all chunks in one new chunk.

    Examples
    --------
    >>> chunk = Chunk(np.zeros((3, 2)), np.array([0, 1, -1]))
    >>> join_chunks([chunk, cut_chunk(chunk, slice(1))]).classes.tolist()
    [0, 1, -1, 0]
    """
    points = np.concatenate([chunk.points for chunk in chunks])
    classes = [chunk.classes for chunk in chunks if chunk.classes is not None]
    return Chunk(points, np.concatenate(classes) if classes else None)

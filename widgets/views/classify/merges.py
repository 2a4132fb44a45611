"""Which support vectors have merged since the last picture."""

import numpy as np
from numpy.typing import NDArray


class MergeTrace:
    """Compare the support vectors of two pictures.

    A vector moves only when another one merges into it, and the merged vector keeps the id of the
    heavier one. So a line leads from each vector that is gone, and from the former place of each
    vector that has moved, to the new place: of a vector that is gone, to the nearest one that has
    moved.

    >>> trace = MergeTrace()
    >>> ids, places = np.array([1, 2, 3]), np.array([[0.0], [1.0], [9.0]])
    >>> trace.follow(ids, places, 10).shape
    (0, 2, 1)
    >>> trace.follow(np.array([2, 3]), np.array([[0.75], [9.0]]), 20)[:, :, 0].tolist()
    [[1.0, 0.75], [0.0, 0.75]]
    """

    def __init__(self) -> None:
        self._ids: NDArray[np.int64] = np.empty(0, dtype=np.int64)
        self._places: NDArray[np.float64] = np.empty((0, 0))
        self._n_seen = 0

    def follow(
        self, ids: NDArray[np.int64], places: NDArray[np.float64], n_seen: int
    ) -> NDArray[np.float64]:
        """Return the lines (k, 2, d) since the last call.

        Parameters
        ----------
        ids, places : (m,), (m, d)
            The support vectors now.
        n_seen : int
            Points learned; fewer than before mean another classifier.
        """
        old_ids, old_places, before = self._ids, self._places, self._n_seen
        self._ids, self._places, self._n_seen = ids, places, n_seen
        is_other = n_seen <= before or old_places.shape[1:] != places.shape[1:]
        if is_other or len(np.unique(ids)) < len(ids) or len(np.unique(old_ids)) < len(old_ids):
            return np.empty((0, 2, places.shape[1]))
        _, old, new = np.intersect1d(old_ids, ids, return_indices=True)
        has_moved = (old_places[old] != places[new]).any(axis=1)
        moves = np.stack([old_places[old], places[new]], axis=1)[has_moved]
        gone = old_places[~np.isin(old_ids, ids)]
        if not len(moves) or not len(gone):
            return moves
        gaps = ((gone[:, None] - moves[None, :, 1]) ** 2).sum(axis=2)
        ends = moves[gaps.argmin(axis=1), 1]
        return np.concatenate([moves, np.stack([gone, ends], axis=1)])

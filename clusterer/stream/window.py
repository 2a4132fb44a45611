"""A window: the last points of a stream, kept for views and never for the model."""

import numpy as np
from numpy.typing import NDArray

from clusterer.support.number_checks import check_whole_number

MAX_LENGTH = 10**8


class Window:
    """Keep the last ``length`` points (n, d) in order.

    The time to append a chunk depends on the chunk, not on the window.

    >>> window = Window(n_features=1, length=3)
    >>> window.push(np.array([[1.0], [2.0]]))
    >>> window.push(np.array([[3.0], [4.0]]))
    >>> window.last(2)[:, 0].tolist(), window.n_pushed
    ([3.0, 4.0], 4)
    """

    def __init__(self, n_features: int, length: int) -> None:
        self.length = length
        self.n_pushed = 0
        self._n_held = 0
        self._end = 0
        # Twice the length, so that points are moved to the front once per window, not per chunk.
        self._rows = np.empty((2 * length, n_features))

    def __len__(self) -> int:
        return self._n_held

    def push(self, points: NDArray) -> None:
        """Append a chunk (n, d); the oldest points beyond the length are dropped."""
        self.n_pushed += len(points)
        points = points[-self.length :]
        if self._end + len(points) > len(self._rows):
            kept = self.last(self.length - len(points))
            self._rows[: len(kept)] = kept
            self._end = len(kept)
            self._n_held = len(kept)
        self._rows[self._end : self._end + len(points)] = points
        self._end += len(points)
        self._n_held = min(self._n_held + len(points), self.length)

    def last(self, n: int) -> NDArray[np.float64]:
        """Return the last n points, at most all, the oldest first.

        The result is a view that the next `push` may change.
        """
        n = min(n, self._n_held)
        return self._rows[self._end - n : self._end]

    def resize(self, length: int) -> None:
        """Change the length; a shorter window drops its oldest points.

        Raises ValueError unless ``length`` is a whole number from 1 to 100 million.
        """
        length = check_whole_number("window_length", length, 1, MAX_LENGTH)
        kept = self.last(length)
        rows = np.empty((2 * length, self._rows.shape[1]))
        rows[: len(kept)] = kept
        self._rows, self.length = rows, length
        self._end = self._n_held = len(kept)

"""Which row of its table a point comes from."""

import numpy as np
from numpy.typing import NDArray

from clusterer.tables.frames import Frame


class RowNumbers:
    """Numbers the rows from 1 on: broken ones count, remarks, blank lines and names do not.

    >>> numbers = RowNumbers()
    >>> numbers.of(Frame([], 2, lines=np.array([2, 4]), broken=[3])).tolist()
    [1.0, 3.0]
    >>> numbers.of(Frame([], 1)).tolist()
    [4.0]
    """

    def __init__(self) -> None:
        self._n_before = 0

    def of(self, frame: Frame) -> NDArray[np.float64]:
        """The numbers (n,) of the rows of the next frame."""
        numbers = np.arange(self._n_before + 1.0, self._n_before + frame.n_rows + 1)
        if frame.broken and frame.lines is not None:
            numbers += np.searchsorted(frame.broken, frame.lines)
        self._n_before += frame.n_rows + len(frame.broken)
        return numbers

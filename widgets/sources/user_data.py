"""Data that a program passes to the dashboard, as a source."""

from collections.abc import Iterator, Mapping, Set
from os import PathLike
from typing import Any

import numpy as np

from clusterer.preprocessing.scaling import Scaling
from clusterer.stream import ArraySource, Source

NAME = "Python data"
ALLOWED = (
    "allowed: a data frame, an array (n_points, n_features), an iterator of such arrays, "
    "or a callable that returns an iterator"
)


class UserData:
    """A data frame, an array, an iterator of arrays or a callable that returns such an iterator.

    A data frame or an array is standardised. The mean and the spread of an iterator are not known
    in advance, so its points are not scaled.

    Raises
    ------
    TypeError
        If ``data`` is of another type.
    ValueError
        If ``data`` has no rows.

    Examples
    --------
    >>> source, scaling = UserData(np.array([[1.0, 5.0], [3.0, 5.0]])).open()
    >>> source.n_features, scaling.offsets.tolist(), scaling.scales.tolist()
    (2, [2.0, 5.0], [1.0, 1.0])
    """

    def __init__(self, data: Any) -> None:
        if isinstance(data, str | bytes | PathLike | Mapping | Set):
            raise TypeError(f"data is a {type(data).__name__}; {ALLOWED}")
        self._data = data
        # Opened now to learn the number of features; an iterator yields its first array only once.
        self._first: ArraySource | None = self._make_source()

    def _make_source(self) -> ArraySource:
        source = ArraySource(self._data, name=NAME)
        if self._is_complete and source.exhausted:
            raise ValueError("data has no rows; allowed: at least one row")
        return source

    @property
    def _is_complete(self) -> bool:
        """Whether all points are known in advance."""
        return not (callable(self._data) or isinstance(self._data, Iterator))

    def open(self) -> tuple[Source, Scaling]:
        """The source at its first point, and its scaling.

        Raises ValueError at the second call if the data came from an iterator.
        """
        source, self._first = self._first, None
        if source is None:
            if isinstance(self._data, Iterator):
                raise ValueError(
                    "The data came from an iterator, which cannot restart. Pass a callable that "
                    "returns a new iterator."
                )
            source = self._make_source()
        if not self._is_complete:
            return source, Scaling.identity(source.n_features)
        points = np.asarray(self._data, dtype=np.float64)
        return source, Scaling.standardize(points.mean(axis=0), points.std(axis=0))

"""Where the points of a stream come from: the interface, and arrays."""

import io
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any, SupportsIndex, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clusterer.stream.buffer import ChunkBuffer, close_iterator
from clusterer.stream.chunk import Chunk
from clusterer.stream.finite_points import finite_points, number_features
from clusterer.support.number_checks import check_whole_number

SKIPPED_AT_ONCE = 65_536

Arrays = ArrayLike | Iterator[ArrayLike] | Callable[[], Iterable[ArrayLike]]


class Source(ABC):
    """A stream of points with a fixed number of features, read in pieces of any size.

    Subclasses set `name` (for people) and `feature_names`, one per column of the points.
    """

    name: str
    feature_names: tuple[str, ...]

    @property
    def n_features(self) -> int:
        """The number of coordinates of every point."""
        return len(self.feature_names)

    @property
    def bounds(self) -> NDArray[np.float64] | None:
        """The box (2, n_features), lowest then highest, that holds nearly all points.

        It is meant for setting a view; None when the source cannot know it beforehand.
        """
        return None

    @property
    def is_paced(self) -> bool:
        """Whether the points have times of their own, which `count_due` goes by."""
        return False

    @property
    def position(self) -> float:
        """The time of the last point taken, in mean distances between two points."""
        return 0.0

    def count_due(self, position: float, n_most: int) -> int:
        """The number of points to come, at most ``n_most``, whose time is not after a position."""
        return n_most

    @property
    def class_names(self) -> tuple[str, ...] | None:
        """What the classes read so far are called, by their number; None where they are numbers."""
        return None

    @property
    @abstractmethod
    def exhausted(self) -> bool:
        """Whether no point is left; to find out may read the next points of the input."""

    @property
    def is_waiting(self) -> bool:
        """Whether there are no points just now, though there may be later."""
        return False

    def preserve(self) -> "Source":
        """The source as it is now, for whoever tells later where its points came from."""
        return self

    @abstractmethod
    def take(self, n: SupportsIndex) -> Chunk:
        """Return the next `n` points, fewer only at the end, none once exhausted.

        The arrays belong to the caller. Raises ValueError when `n` is negative or not a
        whole number, or when the input holds something that is not a finite number.
        """

    @abstractmethod
    def rewind(self) -> None:
        """Start again from the first point; the same points follow."""

    def skip(self, n: SupportsIndex) -> int:
        """Pass over the next `n` points, fewer only at the end; returns how many there were."""
        n_points = check_whole_number("n", n, 0)
        n_skipped = 0
        while n_skipped < n_points:
            n_taken = len(self.take(min(n_points - n_skipped, SKIPPED_AT_ONCE)).points)
            if not n_taken:
                break
            n_skipped += n_taken
        return n_skipped

    def close(self) -> None:
        """Release what the source holds open, such as a file; `rewind` opens it again."""
        return None


class BufferedSource(Source):
    """A source that cuts the chunks of an iterator to the sizes asked for.

    Subclasses give the chunks from the first point on in `_open`, which is only called when
    points are needed.
    """

    def __init__(self, name: str, feature_names: Iterable[str], *, labelled: bool) -> None:
        self.name = name
        self.feature_names = tuple(feature_names)
        self._buffer = ChunkBuffer(self._open, self.n_features, labelled=labelled)

    @abstractmethod
    def _open(self) -> Iterator[Chunk]: ...

    @property
    def exhausted(self) -> bool:
        """Whether no point is left; reads the next chunk to find out."""
        return self._buffer.is_empty()

    def take(self, n: SupportsIndex) -> Chunk:
        """Return the next `n` points, fewer only at the end, none once exhausted."""
        return self._buffer.take(check_whole_number("n", n, 0))

    def rewind(self) -> None:
        """Start again from the first point, also after `close`."""
        self._buffer.rewind()

    def close(self) -> None:
        """Close the iterator; no point is left until `rewind`."""
        self._buffer.close()


class ArraySource(BufferedSource):
    """Points that the program already has, or makes as it goes.

    Parameters
    ----------
    data : array or data frame (n_points, n_features), iterator of such arrays, or callable
        Every array that an iterator gives has to have the same number of columns. A callable
        returns a fresh iterator at each call, which lets the source be rewound.
    feature_names : one name per column; default the frame's column names, or x1, x2, ...
    name : what people call the data

    Raises
    ------
    ValueError
        When a shape is wrong or a value is not a finite number, naming the row from 0; for an
        iterator that is found when the row is reached. Also (as `io.UnsupportedOperation`)
        when an iterator that is not made by a callable has to be rewound.

    Examples
    --------
    >>> source = ArraySource([[0, 1], [2, 3], [4, 5]])
    >>> source.take(2).points.tolist(), source.exhausted
    ([[0.0, 1.0], [2.0, 3.0]], False)
    >>> ArraySource([[0, 1], [2, float("nan")]])
    Traceback (most recent call last):
    ...
    ValueError: row 1 (from 0), feature 'x2' is nan; allowed: finite numbers
    """

    def __init__(
        self,
        data: Arrays,
        feature_names: Iterable[str] | None = None,
        *,
        name: str = "array",
    ) -> None:
        self._make = _maker(data)
        self._arrays = iter(self._make()) if self._make else cast(Iterator[ArrayLike], data)
        first = next(self._arrays, None)
        if first is None:
            raise ValueError("data gave no array; allowed: at least one, to know the features")
        given = getattr(first, "columns", None) if feature_names is None else feature_names
        names = None if given is None else tuple(map(str, given))
        self._first: NDArray[np.float64] | None = finite_points(first, names)
        self._bounds = None if callable(data) or isinstance(data, Iterator) else _box(self._first)
        super().__init__(name, names or number_features(self._first.shape[1]), labelled=False)

    @property
    def bounds(self) -> NDArray[np.float64] | None:
        """The box (2, n_features) of an array's points; None for an iterator."""
        return None if self._bounds is None else self._bounds.copy()

    def rewind(self) -> None:
        """Start again from the first point; `io.UnsupportedOperation` for a bare iterator."""
        if self._make is None:
            raise io.UnsupportedOperation(
                f"{self.name} is read from an iterator and cannot be rewound; "
                "allowed: an array, or a callable that returns a fresh iterator"
            )
        super().rewind()
        self._arrays, self._first = iter(self._make()), None

    def close(self) -> None:
        """Close the iterator, if it can be closed; no point is left until `rewind`."""
        super().close()
        close_iterator(self._arrays)

    def _open(self) -> Iterator[Chunk]:
        n_points = 0
        first, self._first = self._first, None
        for array in self._arrays if first is None else chain((first,), self._arrays):
            points = finite_points(array, self.feature_names, n_points)
            n_points += len(points)
            yield Chunk(points, None)


def _maker(data: Any) -> Callable[[], Iterable[ArrayLike]] | None:
    if callable(data):
        return cast(Callable[[], Iterable[ArrayLike]], data)
    return None if isinstance(data, Iterator) else lambda: (data,)


def _box(points: NDArray[np.float64]) -> NDArray[np.float64] | None:
    return np.stack([points.min(axis=0), points.max(axis=0)]) if len(points) else None

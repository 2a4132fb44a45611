"""Sources: where the points of a stream come from. The contract, and a source of arrays."""

import io
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any, NamedTuple, SupportsIndex, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clusterer.stream.buffer import ChunkBuffer, close_iterator
from clusterer.stream.chunk import Chunk
from clusterer.stream.finite_points import finite_points, number_features
from clusterer.support.number_checks import check_whole_number

MAX_SKIP_SIZE = 65_536

Arrays = ArrayLike | Iterator[ArrayLike] | Callable[[], Iterable[ArrayLike]]


class SourceCode(NamedTuple):
    """Lines of Python that open a source again.

    Parameters
    ----------
    imports : tuple of str
        The import statements.
    lines : tuple of str
        The statements; they set the variable ``source``.
    needs_file : bool, default False
        Whether the source reads a file, which must lie beside the script.
    """

    imports: tuple[str, ...]
    lines: tuple[str, ...]
    needs_file: bool = False


class Source(ABC):
    """A stream of points with a fixed number of features, read in pieces of any size.

    Subclasses set `name`, which users see, and `feature_names`, one per column of the points.
    They implement `exhausted`, `take` and `rewind`. Everything else is optional; the defaults
    stand for a source that does not have the feature.
    """

    name: str
    feature_names: tuple[str, ...]

    @property
    def n_features(self) -> int:
        """The number of features of each point."""
        return len(self.feature_names)

    @property
    def bounds(self) -> NDArray[np.float64] | None:
        """The box (2, n_features), lowest then highest, that contains nearly all points.

        It sets the first view of the points. None if the source does not know it in advance.
        """
        return None

    @property
    def noise(self) -> float | None:
        """The share of noise points, 0 to 1; None if the source has no noise to set.

        Setting it raises ValueError if the share is not allowed.
        """
        return None

    @noise.setter
    def noise(self, share: float) -> None:
        raise ValueError(f"{self.name} has no noise to set.")

    @property
    def is_paced(self) -> bool:
        """Whether the points have times, by which `count_due` counts."""
        return False

    @property
    def position(self) -> float:
        """The time of the last point taken, in mean intervals between two points."""
        return 0.0

    def count_due(self, position: float, n_most: int) -> int:
        """Return the number of next points, at most ``n_most``, with times up to ``position``."""
        return n_most

    @property
    def class_names(self) -> tuple[str, ...] | None:
        """The names of the classes read so far, by number; None if classes are just numbers."""
        return None

    @property
    def has_classes(self) -> bool:
        """Whether the points have true classes."""
        return False

    @property
    @abstractmethod
    def exhausted(self) -> bool:
        """Whether no point is left; reading this may read the next points of the input."""

    @property
    def is_waiting(self) -> bool:
        """Whether there are no points at present, although points may come later."""
        return False

    @property
    def has_named_columns(self) -> bool:
        """Whether a model must find its features again by the names of columns."""
        return False

    def python_code(self, noise: float | None = None) -> SourceCode:
        """The code that opens the source again at its first point.

        Parameters
        ----------
        noise : float, optional
            Share of noise at the first point; None for a source without noise.
        """
        return SourceCode(
            ("from clusterer.stream import ArraySource",),
            (
                "# Put your data here: the data frame, the array or the callable of the run.",
                "source = ArraySource(data)",
                "",
            ),
        )

    def preserve(self) -> "Source":
        """Return a source that later changes leave unchanged, for an export of the run."""
        return self

    @abstractmethod
    def take(self, n: SupportsIndex) -> Chunk:
        """Return the next `n` points, fewer only at the end, none if exhausted.

        The arrays belong to the caller. Raises ValueError if `n` is negative or not a whole
        number, or if the input contains a value that is not a finite number.
        """

    @abstractmethod
    def rewind(self) -> None:
        """Start again at the first point; the same points follow."""

    def skip(self, n: SupportsIndex) -> int:
        """Skip the next `n` points, fewer only at the end; return the number of points skipped."""
        n_points = check_whole_number("n", n, 0)
        n_skipped = 0
        while n_skipped < n_points:
            n_taken = len(self.take(min(n_points - n_skipped, MAX_SKIP_SIZE)).points)
            if not n_taken:
                break
            n_skipped += n_taken
        return n_skipped

    def close(self) -> None:
        """Close everything that is open, such as a file; `rewind` opens it again."""
        return None


class BufferedSource(Source):
    """A source that cuts the chunks of an iterator to the requested sizes.

    Subclasses implement `_open`, which returns an iterator of all chunks. It is called when the
    first points are needed, and again after each `rewind`.
    """

    def __init__(self, name: str, feature_names: Iterable[str], *, labelled: bool) -> None:
        self.name = name
        self.feature_names = tuple(feature_names)
        self._buffer = ChunkBuffer(self._open, self.n_features, labelled=labelled)

    @abstractmethod
    def _open(self) -> Iterator[Chunk]: ...

    @property
    def exhausted(self) -> bool:
        """Whether no point is left; reading this may read the next chunk."""
        return self._buffer.is_empty()

    def take(self, n: SupportsIndex) -> Chunk:
        """Return the next `n` points, fewer only at the end, none if exhausted."""
        return self._buffer.take(check_whole_number("n", n, 0))

    def rewind(self) -> None:
        """Start again at the first point, also after `close`."""
        self._buffer.rewind()

    def close(self) -> None:
        """Close the iterator; no point is left until `rewind`."""
        self._buffer.close()


class ArraySource(BufferedSource):
    """Points of arrays that the program has, or computes while the stream runs.

    Parameters
    ----------
    data : array or data frame (n_points, n_features), iterator of such arrays, or callable
        All arrays of an iterator must have the same number of columns. A callable returns a new
        iterator at each call, so the source can be rewound.
    feature_names : one name per column; default the frame's column names, or x1, x2, ...
    name : the name that users see, default "array"

    Raises
    ------
    ValueError
        If a shape is wrong or a value is not a finite number; the message names the row, counted
        from 0. The arrays of an iterator are checked when they are reached. Also (as
        `io.UnsupportedOperation`) if an iterator that no callable returned has to be rewound.

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
        self._make = _find_maker(data)
        self._arrays = iter(self._make()) if self._make else cast(Iterator[ArrayLike], data)
        first = next(self._arrays, None)
        if first is None:
            raise ValueError("data gave no array; allowed: at least one, to know the features")
        given = getattr(first, "columns", None) if feature_names is None else feature_names
        names = None if given is None else tuple(map(str, given))
        self._first: NDArray[np.float64] | None = finite_points(first, names)
        self._bounds = (
            None if callable(data) or isinstance(data, Iterator) else _find_box(self._first)
        )
        super().__init__(name, names or number_features(self._first.shape[1]), labelled=False)

    @property
    def bounds(self) -> NDArray[np.float64] | None:
        """The box (2, n_features) of the points of an array; None for an iterator."""
        return None if self._bounds is None else self._bounds.copy()

    def rewind(self) -> None:
        """Start again at the first point; `io.UnsupportedOperation` for a bare iterator."""
        if self._make is None:
            raise io.UnsupportedOperation(
                f"{self.name} is read from an iterator and cannot be rewound; "
                "allowed: an array, or a callable that returns a fresh iterator"
            )
        super().rewind()
        self._arrays, self._first = iter(self._make()), None

    def close(self) -> None:
        """Close the iterator; no point is left until `rewind`."""
        super().close()
        close_iterator(self._arrays)

    def _open(self) -> Iterator[Chunk]:
        n_points = 0
        first, self._first = self._first, None
        for array in self._arrays if first is None else chain((first,), self._arrays):
            points = finite_points(array, self.feature_names, n_points)
            n_points += len(points)
            yield Chunk(points, None)


def _find_maker(data: Any) -> Callable[[], Iterable[ArrayLike]] | None:
    if callable(data):
        return cast(Callable[[], Iterable[ArrayLike]], data)
    return None if isinstance(data, Iterator) else lambda: (data,)


def _find_box(points: NDArray[np.float64]) -> NDArray[np.float64] | None:
    return np.stack([points.min(axis=0), points.max(axis=0)]) if len(points) else None

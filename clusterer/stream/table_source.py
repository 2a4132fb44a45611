"""A source of the rows of a table, optionally paced by their timestamps."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from functools import partial
from types import MappingProxyType
from typing import Any, Self, SupportsIndex

import numpy as np
from numpy.typing import NDArray

from clusterer.stream.buffer import ChunkBuffer
from clusterer.stream.chunk import Chunk
from clusterer.stream.prefetch import Prefetched
from clusterer.stream.source import Source, SourceCode
from clusterer.support.number_checks import check_whole_number
from clusterer.support.python_code import format_arguments

CHUNK_VALUES = 2**17
MAX_CHUNK_ROWS = 2**15


def size_chunks(n_features: int) -> int:
    """Return the number of rows to read at a time: as many as take a megabyte."""
    return min(max(CHUNK_VALUES // max(n_features, 1), 1), MAX_CHUNK_ROWS)


class ChunkedTable(ABC):
    """A table that `TableSource` can stream. Subclasses implement `chunks`.

    Attributes
    ----------
    choices : mapping
        The arguments of `clusterer.tables.open_table` that open the table again, besides its path.
    """

    choices: Mapping[str, Any] = MappingProxyType({})

    has_row_numbers = False
    """Whether `chunks` takes ``is_numbered``, which adds the number of the row to each point."""

    @property
    def class_names(self) -> tuple[str, ...] | None:
        """The names of the classes read so far, by number; None if classes are just numbers."""
        return None

    def copy(self) -> Self:
        """Return a table of the same rows, for another reading."""
        return copy(self)

    @abstractmethod
    def chunks(
        self, features: Sequence[str], size: int, label: str | None = None
    ) -> Iterator[Chunk]:
        """Yield all rows from the first on, ``size`` at a time, fewer at the end.

        Parameters
        ----------
        features : sequence of str
            The names of the columns that form the points.
        size : int
            The largest number of points in a chunk.
        label : str, optional
            The name of the column of true classes. A subclass may take further arguments by name.
        """


class TableSource(Source):
    """The rows of a table, in file order or in the order of a time column.

    Parameters
    ----------
    table : the table; `clusterer.tables.open_table` opens a file
    features : names of the columns that form the points, at least one
    label : name of the column with the true classes, default None
    name : the name that users see, default "table"
    size : rows to read at a time; None (the default) for as many as take a megabyte
    time : name of a time column that orders the rows; None (the default) for the order of the file
    is_paced : whether the rows also arrive at the intervals of their times, default False
    choices : further arguments of ``chunks``, such as ``missing="mean"``

    Raises
    ------
    ValueError
        If no feature is given or `size` is below 1.

    Examples
    --------
    >>> class Squares(ChunkedTable):
    ...     def chunks(self, features, size, label=None):
    ...         yield Chunk(np.arange(3.0)[:, None] ** 2, None)
    >>> source = TableSource(Squares(), ("area",))
    >>> source.take(2).points.ravel().tolist(), source.take(2).points.ravel().tolist()
    ([0.0, 1.0], [4.0])
    """

    def __init__(
        self,
        table: ChunkedTable,
        features: Iterable[str],
        label: str | None = None,
        *,
        name: str = "table",
        size: int | None = None,
        time: str | None = None,
        is_paced: bool = False,
        **choices: Any,
    ) -> None:
        self.name = name
        self.feature_names = tuple(features)
        if not self.feature_names:
            raise ValueError("features is empty; allowed: the names of one or more columns")
        self.table = table
        self._label = label
        most = size_chunks(self.n_features)
        self._size = most if size is None else check_whole_number("size", size, 1)
        # Only requested arguments, because a table need not support times.
        self.choices = choices | ({} if time is None else {"time": time})
        self._is_timed = time is not None
        self._is_paced = is_paced and self._is_timed
        n_columns = self.n_features + self._is_timed
        self._buffer = ChunkBuffer(self._open, n_columns, labelled=label is not None)
        self._reset_time()

    def _open(self) -> Iterator[Chunk]:
        read: Callable[..., Iterator[Chunk]] = self.table.chunks
        return Prefetched(
            partial(read, self.feature_names, self._size, label=self._label, **self.choices)
        )

    @property
    def has_named_columns(self) -> bool:
        """Always: the columns of a table have names."""
        return True

    def python_code(self, noise: float | None = None) -> SourceCode:
        """The code that opens the table and the source again."""
        choices = format_arguments(self.table.choices)
        label = {} if self._label is None else {"label": self._label}
        columns = format_arguments(label | self.choices)
        return SourceCode(
            (
                "from clusterer.stream import TableSource",
                "from clusterer.tables import open_table",
            ),
            (
                f"table = open_table({self.name!r}{', ' if choices else ''}{choices})",
                f"source = TableSource(table, {list(self.feature_names)!r}"
                f"{', ' if columns else ''}{columns})",
            ),
            needs_file=True,
        )

    def find_rows(self, n_taken: int, n_last: int) -> NDArray[np.int64] | None:
        """Return the rows of the table, from 1, of the last of the first points of the stream.

        The table is read again up to there.

        Parameters
        ----------
        n_taken : int
            The number of points taken since the first one.
        n_last : int
            The number of points among them, from the last one back, whose rows are returned.

        Returns
        -------
        array (n_last,) or None
            None if the table does not number its rows, or has fewer points now.
        """
        if not self.table.has_row_numbers:
            return None
        read: Callable[..., Iterator[Chunk]] = self.table.copy().chunks
        column = self.n_features
        rows, n_read = [np.empty(0, dtype=np.int64)], 0
        for points, _ in read(self.feature_names, self._size, is_numbered=True, **self.choices):
            numbers = points[: max(n_taken - n_read, 0), column].astype(np.int64)
            n_read += len(numbers)
            rows.append(numbers[max(n_taken - n_last - n_read + len(numbers), 0) :])
            if n_read == n_taken:
                break
        return np.concatenate(rows) if n_read == n_taken else None

    @property
    def class_names(self) -> tuple[str, ...] | None:
        """The names of the classes read so far; None if the table has class numbers."""
        return None if self._label is None else self.table.class_names

    @property
    def has_classes(self) -> bool:
        """Whether a column of true classes was chosen."""
        return self._label is not None

    def _reset_time(self) -> None:
        self._start = self._interval = np.nan
        self._position = 0.0

    @property
    def exhausted(self) -> bool:
        """Whether no point is left; reading this may read the next chunk."""
        return self._buffer.is_empty()

    def take(self, n: SupportsIndex) -> Chunk:
        """Return the next `n` points, fewer only at the end, none if exhausted."""
        chunk = self._buffer.take(check_whole_number("n", n, 0))
        if not self._is_timed:
            return chunk
        if self._is_paced and len(chunk.points):
            self._measure_interval()
            self._position = max(self._position, self._convert_times(chunk.points[-1:, -1])[0])
        return Chunk(np.ascontiguousarray(chunk.points[:, :-1]), chunk.classes)

    @property
    def is_paced(self) -> bool:
        """Whether the points arrive at the intervals of their times."""
        return self._is_paced

    @property
    def position(self) -> float:
        """The time of the last point taken, in mean intervals between two points."""
        return self._position

    def count_due(self, position: float, n_most: int) -> int:
        """Return the number of next points, at most ``n_most``, with times up to ``position``."""
        self._measure_interval()
        times = self._buffer.peek(n_most).points[:, -1]
        is_due = self._convert_times(times) <= position
        # At the end one point counts as due, so that the run tries to take it and finishes.
        return int(is_due.size if is_due.all() else is_due.argmin()) or int(not is_due.size)

    def _measure_interval(self) -> None:
        if not np.isnan(self._start):
            return
        times = self._buffer.peek(self._size).points[:, -1]
        times = times[np.isfinite(times)]
        if times.size:
            self._start = float(times[0])
            span = float(np.ptp(times)) / max(times.size - 1, 1)
            self._interval = span if span > 0 else 1.0

    def _convert_times(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return times (n,) in mean intervals since the first time; 0 for missing times."""
        return np.nan_to_num((times - self._start) / self._interval)

    def rewind(self) -> None:
        """Start again at the first point, also after `close`."""
        self._buffer.rewind()
        self._reset_time()

    def close(self) -> None:
        """Close the file; no point is left until `rewind`."""
        self._buffer.close()

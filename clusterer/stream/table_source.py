"""The rows of a table as a stream, in the pace of their timestamps if one wants that."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, Protocol, SupportsIndex

import numpy as np
from numpy.typing import NDArray

from clusterer.stream.buffer import ChunkBuffer
from clusterer.stream.chunk import Chunk
from clusterer.stream.prefetch import Prefetched
from clusterer.stream.source import Source
from clusterer.support.number_checks import check_whole_number

N_AT_ONCE_VALUES = 2**17
N_AT_ONCE_ROWS = 2**15


def size_chunks(n_features: int) -> int:
    """Rows to read at a time: as many as make a megabyte."""
    return min(max(N_AT_ONCE_VALUES // max(n_features, 1), 1), N_AT_ONCE_ROWS)


class ChunkedTable(Protocol):
    """What a table has to offer to be streamed: its rows in chunks."""

    @property
    def chunks(self) -> Callable[..., Iterator[Chunk]]:
        """``chunks(features, size, label=None, **choices)``: the rows, ``size`` at a time."""
        ...


class TableSource(Source):
    """The rows of a table, in their order or that of a time column.

    Parameters
    ----------
    table : object with ``chunks(features, size, label=None)``
        Yields the rows as `Chunk`s of at most `size` rows, from the first row at each call.
    features : names of the columns that make the points, at least one
    label : name of the column with the true classes, or None (default)
    name : what people call the table
    size : rows to read at a time; None (the default) for as many as make a megabyte
    time : name of a column of times, whose order the rows come in, or None (default)
    is_paced : whether they also come in its pace, default False
    choices : handed to ``chunks`` as they are, such as ``missing="mean"``

    Raises
    ------
    ValueError
        When no feature is given or `size` is below 1.

    Examples
    --------
    >>> class Squares:
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
        # Only what is asked for, so that a table need not know of times.
        self.choices = choices | ({} if time is None else {"time": time})
        self._is_timed = time is not None
        self._is_paced = is_paced and self._is_timed
        n_columns = self.n_features + self._is_timed
        self._buffer = ChunkBuffer(self._open, n_columns, labelled=label is not None)
        self._forget_time()

    def _open(self) -> Iterator[Chunk]:
        read = partial(self.table.chunks, self.feature_names, self._size, label=self._label)
        return Prefetched(partial(read, **self.choices))

    @property
    def class_names(self) -> tuple[str, ...] | None:
        """What the classes read so far are called; None where the table has numbers."""
        return getattr(self.table, "class_names", None) if self._label is not None else None

    def _forget_time(self) -> None:
        self._start = self._interval = np.nan
        self._position = 0.0

    @property
    def exhausted(self) -> bool:
        """Whether no point is left; reads the next chunk to find out."""
        return self._buffer.is_empty()

    def take(self, n: SupportsIndex) -> Chunk:
        """Return the next `n` points, fewer only at the end, none once exhausted."""
        chunk = self._buffer.take(check_whole_number("n", n, 0))
        if not self._is_timed:
            return chunk
        if self._is_paced and len(chunk.points):
            self._learn_pace()
            self._position = max(self._position, self._place(chunk.points[-1:, -1])[0])
        return Chunk(np.ascontiguousarray(chunk.points[:, :-1]), chunk.classes)

    @property
    def is_paced(self) -> bool:
        """Whether the points come in the pace of their times."""
        return self._is_paced

    @property
    def position(self) -> float:
        """The time of the last point taken, in mean distances between two points."""
        return self._position

    def count_due(self, position: float, n_most: int) -> int:
        """The number of points to come, at most ``n_most``, whose time is not after a position."""
        self._learn_pace()
        times = self._buffer.peek(n_most).points[:, -1]
        is_due = self._place(times) <= position
        # At the end the run has to take what is no more, to find out.
        return int(is_due.size if is_due.all() else is_due.argmin()) or int(not is_due.size)

    def _learn_pace(self) -> None:
        if not np.isnan(self._start):
            return
        times = self._buffer.peek(self._size).points[:, -1]
        times = times[np.isfinite(times)]
        if times.size:
            self._start = float(times[0])
            span = float(np.ptp(times)) / max(times.size - 1, 1)
            self._interval = span if span > 0 else 1.0

    def _place(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return times (n,) in mean distances since the first; 0 where there is none."""
        return np.nan_to_num((times - self._start) / self._interval)

    def rewind(self) -> None:
        """Start again from the first point, also after `close`."""
        self._buffer.rewind()
        self._forget_time()

    def close(self) -> None:
        """Close the file; no point is left until `rewind`."""
        self._buffer.close()

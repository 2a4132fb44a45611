"""A buffer that reads chunks ahead and returns points in pieces of any size."""

from collections import deque
from collections.abc import Callable, Iterator

import numpy as np

from clusterer.stream.chunk import Chunk, cut_chunk, join_chunks


class ChunkBuffer:
    """Cut the chunks of an iterator to the requested sizes.

    Parameters
    ----------
    open_chunks : callable that returns an iterator of all chunks
        It is called when the first points are needed, and again after each `rewind`.
    n_features : number of columns of the points
    labelled : whether the chunks have classes

    Examples
    --------
    >>> chunks = [Chunk(np.zeros((2, 1)), None), Chunk(np.ones((2, 1)), None)]
    >>> buffer = ChunkBuffer(lambda: iter(chunks), 1, labelled=False)
    >>> [buffer.take(3).points.ravel().tolist() for _ in range(2)]
    [[0.0, 0.0, 1.0], [1.0]]
    """

    def __init__(
        self, open_chunks: Callable[[], Iterator[Chunk]], n_features: int, *, labelled: bool
    ) -> None:
        self._open = open_chunks
        no_classes = np.empty(0, dtype=np.int64) if labelled else None
        self._nothing = Chunk(np.empty((0, n_features)), no_classes)
        self._chunks: Iterator[Chunk] | None = None
        self._ahead: deque[Chunk] = deque()
        self._n_ahead = 0
        self._closed = False

    def is_empty(self) -> bool:
        """Return whether no point is left; this may read the next chunk."""
        self._read_ahead(1)
        return self._n_ahead == 0

    def take(self, n_points: int) -> Chunk:
        """Return copies of the next `n_points` points; fewer only at the end."""
        # All points are read before any is returned. So if the input fails midway, the points
        # before the failure are not lost.
        self._read_ahead(n_points)
        parts = [self._nothing]
        n_missing = min(n_points, self._n_ahead)
        while n_missing:
            parts.append(self._pop(n_missing))
            n_missing -= len(parts[-1].points)
        return join_chunks(parts)

    def peek(self, n_points: int) -> Chunk:
        """Return the next `n_points` points, fewer only at the end, without taking them."""
        self._read_ahead(n_points)
        parts, n_found = [self._nothing], 0
        for chunk in self._ahead:
            if n_found >= n_points:
                break
            parts.append(cut_chunk(chunk, slice(n_points - n_found)))
            n_found += len(parts[-1].points)
        return join_chunks(parts)

    def rewind(self) -> None:
        """Start again at the first point."""
        self.close()
        self._closed = False

    def close(self) -> None:
        """Close the iterator; no point is left until `rewind`."""
        chunks, self._chunks = self._chunks, None
        self._ahead.clear()
        self._n_ahead = 0
        self._closed = True
        close_iterator(chunks)

    def _read_ahead(self, n_points: int) -> None:
        if self._closed or self._n_ahead >= n_points:
            return
        if self._chunks is None:
            self._chunks = self._open()
        for chunk in self._chunks:
            if len(chunk.points):
                self._ahead.append(chunk)
                self._n_ahead += len(chunk.points)
            if self._n_ahead >= n_points:
                return

    def _pop(self, n_points: int) -> Chunk:
        chunk = self._ahead.popleft()
        if len(chunk.points) > n_points:
            self._ahead.appendleft(cut_chunk(chunk, slice(n_points, None)))
            chunk = cut_chunk(chunk, slice(n_points))
        self._n_ahead -= len(chunk.points)
        return chunk


def close_iterator(iterator: object) -> None:
    """Close an iterator that has a method `close`, such as a generator."""
    close = getattr(iterator, "close", None)
    if close is not None:
        close()

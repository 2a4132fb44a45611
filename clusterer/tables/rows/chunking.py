"""Streams of chunks: sorted by time, and cut to one size."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from clusterer.stream.chunk import Chunk, cut_chunk, join_chunks
from clusterer.tables.report import Report

# The rows of a table with more values keep the order of the file.
MAX_SORTED_VALUES = 8_000_000


def sort_by_time(chunks: Iterator[Chunk], report: Report) -> Iterator[Chunk]:
    """Yield the points sorted by their last coordinate, the time.

    Points without a time (NaN) come first. Beyond `MAX_SORTED_VALUES` values the points come in
    the order of the file, and the report counts the points that are earlier than one before.
    """
    waiting: list[Chunk] = []
    n_values = 0
    for chunk in chunks:
        waiting.append(chunk)
        n_values += chunk.points.size
        if n_values > MAX_SORTED_VALUES:
            break
    else:
        if waiting:
            yield _sort(waiting)
        return
    latest = -np.inf
    while waiting:
        chunk = waiting.pop(0)
        latest = _count_backward(chunk.points[:, -1], latest, report)
        yield chunk
    for chunk in chunks:
        latest = _count_backward(chunk.points[:, -1], latest, report)
        yield chunk


def cut_to_size(chunks: Iterator[Chunk], size: int) -> Iterator[Chunk]:
    """Yield the points in chunks of `size` points; the last one may be smaller."""
    waiting: list[Chunk] = []
    n_waiting = 0
    for chunk in chunks:
        n_lacking = min(size - n_waiting, len(chunk.points))
        if waiting and n_waiting + n_lacking == size:
            yield _join([*waiting, cut_chunk(chunk, slice(n_lacking))])
            waiting, n_waiting, chunk = [], 0, cut_chunk(chunk, slice(n_lacking, None))
        n_points = len(chunk.points)
        if n_waiting == 0:
            for start in range(0, n_points - size + 1, size):
                yield cut_chunk(chunk, slice(start, start + size))
            chunk = cut_chunk(chunk, slice(n_points - n_points % size, None))
        if len(chunk.points):
            waiting.append(chunk)
            n_waiting += len(chunk.points)
    if n_waiting:
        yield _join(waiting)


def _join(chunks: list[Chunk]) -> Chunk:
    return chunks[0] if len(chunks) == 1 else join_chunks(chunks)


def _sort(waiting: list[Chunk]) -> Chunk:
    points, classes = join_chunks(waiting)
    waiting.clear()
    times = np.where(np.isnan(points[:, -1]), -np.inf, points[:, -1])
    order = np.argsort(times, kind="stable")
    return Chunk(points[order], None if classes is None else classes[order])


def _count_backward(times: NDArray[np.float64], latest: float, report: Report) -> float:
    """Count the times that are before an earlier one; return the latest time so far."""
    if not len(times):
        return latest
    before = np.fmax.accumulate(np.concatenate([[latest], times]))
    report.n_backward += int(np.count_nonzero(times < before[:-1]))
    return float(before[-1])

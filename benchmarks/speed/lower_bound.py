"""Lower bound of the time: a compiled loop that only finds and moves the nearest of K centres.

No clusterer that computes all K distances can be much faster. The module has loops for both memory
layouts and for two searches of the smallest distance; the fastest at each d and K is the bound.
"""

from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

Learn = Callable[[Any], Any]

# Options that let LLVM vectorise sums and minima but keep infinity, where the searches start.
FAST = {"nnan", "nsz", "reassoc", "contract", "arcp"}
VECTOR_WIDTH = 8


@njit(cache=True, fastmath=FAST)
def move_along_rows(points: Any, centers: Any, counts: Any, buffer: Any) -> None:
    """Learn with centres as (K, d): each distance is complete before the next one starts."""
    n_centers, n_features = centers.shape
    for i in range(points.shape[0]):
        smallest = np.inf
        j = 0
        for k in range(n_centers):
            distance = 0.0
            for t in range(n_features):
                gap = points[i, t] - centers[k, t]
                distance += gap * gap
            if distance < smallest:
                smallest = distance
                j = k
        counts[j] += 1.0
        step = 1.0 / counts[j]
        for t in range(n_features):
            centers[j, t] += step * (points[i, t] - centers[j, t])


@njit(cache=True, fastmath=FAST, forceinline=True)
def measure_columns(points: Any, i: int, centers: Any, buffer: Any) -> float:
    """Write the squared distances to centres (d, K) to ``buffer``; return the smallest."""
    n_features, n_centers = centers.shape
    if n_features == 2:
        p0, p1 = points[i, 0], points[i, 1]
        for k in range(n_centers):
            a = centers[0, k] - p0
            b = centers[1, k] - p1
            buffer[k] = a * a + b * b
    else:
        for k in range(n_centers):
            buffer[k] = 0.0
        t = 0
        while t + 4 <= n_features:
            p0, p1, p2, p3 = points[i, t], points[i, t + 1], points[i, t + 2], points[i, t + 3]
            for k in range(n_centers):
                a = centers[t, k] - p0
                b = centers[t + 1, k] - p1
                c = centers[t + 2, k] - p2
                e = centers[t + 3, k] - p3
                buffer[k] += a * a + b * b + c * c + e * e
            t += 4
        while t < n_features:
            p0 = points[i, t]
            for k in range(n_centers):
                a = centers[t, k] - p0
                buffer[k] += a * a
            t += 1
    smallest = np.inf
    for k in range(n_centers):
        smallest = buffer[k] if buffer[k] < smallest else smallest
    return smallest


@njit(cache=True, fastmath=FAST, forceinline=True)
def move_column(points: Any, i: int, centers: Any, counts: Any, j: int) -> None:
    """Move centre j of (d, K) towards the point."""
    counts[j] += 1.0
    step = 1.0 / counts[j]
    for t in range(points.shape[1]):
        centers[t, j] += step * (points[i, t] - centers[t, j])


@njit(cache=True, fastmath=FAST)
def move_along_columns(points: Any, centers: Any, counts: Any, buffer: Any) -> None:
    """Learn with centres as (d, K); a second pass over all distances finds the nearest."""
    n_centers = centers.shape[1]
    for i in range(points.shape[0]):
        smallest = measure_columns(points, i, centers, buffer)
        j = n_centers
        for k in range(n_centers):
            j = min(j, k if buffer[k] == smallest else n_centers)
        move_column(points, i, centers, counts, j)


@njit(cache=True, fastmath=FAST)
def move_along_columns_until(points: Any, centers: Any, counts: Any, buffer: Any) -> None:
    """Learn with centres as (d, K); a search that stops at the smallest distance finds it."""
    for i in range(points.shape[0]):
        smallest = measure_columns(points, i, centers, buffer)
        j = 0
        while buffer[j] != smallest:
            j += 1
        move_column(points, i, centers, counts, j)


def start_rows(first: NDArray, n_centers: int) -> Learn:
    """Return the loop with centres as (K, d), which has learned the points ``first``."""
    state = first[:n_centers].copy(), np.ones(n_centers), np.empty(n_centers)
    return start(move_along_rows, state, first)


def start_columns(first: NDArray, n_centers: int) -> Learn:
    """Return the fastest loop with centres as (d, K), which has learned ``first``."""
    loops = (move_along_columns, move_along_columns_until)
    widths = {n_centers, -(-n_centers // VECTOR_WIDTH) * VECTOR_WIDTH}
    learners = [
        start(loop, pad_columns(first, n_centers, width), first)
        for loop in loops
        for width in sorted(widths)
    ]
    return min(learners, key=lambda learn: time_loop(learn, first))


def pad_columns(first: NDArray, n_centers: int, width: int) -> tuple[NDArray, NDArray, NDArray]:
    """Return the state of ``n_centers`` columns, padded with centres at infinity."""
    centers = np.full((first.shape[1], width), np.inf)
    centers[:, :n_centers] = first[:n_centers].T
    return centers, np.ones(width), np.empty(width)


def start(loop: Callable[..., None], state: tuple[NDArray, ...], first: NDArray) -> Learn:
    """Return a function that learns a chunk by ``loop``; the loop is compiled."""

    def learn(points: NDArray) -> None:
        loop(points, *state)

    learn(first)
    return learn


def time_loop(learn: Learn, points: NDArray) -> float:
    """Return the least of ten times, since the machine is shared."""
    times = []
    for _ in range(10):
        begin = perf_counter()
        learn(points)
        times.append(perf_counter() - begin)
    return min(times)

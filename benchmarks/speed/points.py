"""The points of the speed measurements, and their division into chunks, rows or dicts."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

N_BLOBS = 10
NOISE = 0.05
CHUNK = 1000
KINDS = ("blobs", "in order", "uniform", "drift")


def draw_points(n_points: int, n_features: int, kind: str = "blobs") -> NDArray[np.float64]:
    """Draw shuffled blobs of standard deviation 1 with 5 % of uniform noise, or a harder stream."""
    rng = np.random.default_rng(n_features)
    if kind == "uniform":
        return rng.uniform(-20, 20, size=(n_points, n_features))
    centers = rng.uniform(-15, 15, size=(N_BLOBS, n_features))
    labels = rng.integers(N_BLOBS, size=n_points)
    if kind == "in order":
        labels.sort()
    points = centers[labels] + rng.normal(size=(n_points, n_features))
    if kind == "drift":
        # All blobs move by 40 standard deviations from the start to the end of the stream.
        points += np.linspace(0, 40, n_points)[:, None]
    noisy = rng.random(n_points) < NOISE
    points[noisy] = rng.uniform(-20, 20, size=(noisy.sum(), n_features))
    return points


def divide(points: NDArray, feed: str, at_most: int = 20_000) -> tuple[list[Any], int]:
    """Divide points into chunks of 1 000, rows (1, d) or dicts; return them and their length."""
    if feed == "chunks":
        return [points[i : i + CHUNK] for i in range(0, len(points), CHUNK)], CHUNK
    if feed == "rows":
        return [points[i : i + 1] for i in range(min(len(points), at_most))], 1
    names = [f"x{t}" for t in range(points.shape[1])]
    return [dict(zip(names, row, strict=True)) for row in points[:at_most].tolist()], 1

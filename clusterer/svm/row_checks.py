"""Check the values of rows, and give equal rows equal hashes, in one pass over the memory."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from clusterer.support.kernels import entry, inner

LARGEST = 1e100
"""Largest absolute value of a feature: squares of differences must not overflow."""

N_TOO_LARGE, N_OUTSIDE, N_NOT_RISING, IS_BROKEN = range(4)

# Constants of splitmix64 (Steele, Lea, Flood, 2014).
STEP = np.uint64(0x9E3779B97F4A7C15)
FACTOR_1 = np.uint64(0xBF58476D1CE4E5B9)
FACTOR_2 = np.uint64(0x94D049BB133111EB)
SHIFT_1, SHIFT_2, SHIFT_3, ONE = (np.uint64(n) for n in (30, 27, 31, 1))


@entry
def count_too_large(points: Any) -> int:
    """Return how many values of points (n, d) are NaN, infinite or too large."""
    count = 0
    for i in range(points.shape[0]):
        for j in range(points.shape[1]):
            if not abs(points[i, j]) <= LARGEST:
                count += 1
    return count


@entry
def check_sparse(values: Any, indices: Any, starts: Any, n_features: int, counts: Any) -> None:
    """Check a CSR array of unknown origin; nothing outside of the arrays is read.

    ``counts`` (4,) int64 become: values that are NaN, infinite or too large; indices outside of
    the features; indices that do not rise within their row; whether the rows do not fit the
    arrays.
    """
    n_rows = starts.shape[0] - 1
    n_values = min(values.shape[0], indices.shape[0])
    for i in range(4):
        counts[i] = 0
    counts[IS_BROKEN] = 1
    if n_rows < 0 or starts[0] != 0 or starts[n_rows] > n_values:
        return
    for i in range(n_rows):
        if starts[i + 1] < starts[i]:
            return
    counts[IS_BROKEN] = 0
    too_large = np.int64(0)
    outside = np.int64(0)
    falls = np.int64(0)
    # Without branches, LLVM checks several values at once; unsigned, a negative index is large.
    for p in range(starts[n_rows]):
        too_large += np.int64(not abs(values[p]) <= LARGEST)
        outside += np.int64(np.uint64(indices[p]) >= np.uint64(n_features))
    for p in range(1, starts[n_rows]):
        falls += np.int64(indices[p] <= indices[np.uint64(p) - np.uint64(1)])
    # Between two rows the indices may fall.
    for i in range(1, n_rows):
        p = starts[i]
        if 0 < p < starts[i + 1] and indices[p] <= indices[p - 1]:
            falls -= np.int64(1)
    counts[N_TOO_LARGE] = too_large
    counts[N_OUTSIDE] = outside
    counts[N_NOT_RISING] = falls


@inner
def mix(bits: Any) -> Any:
    """Spread 64 bits."""
    bits = (bits ^ (bits >> SHIFT_1)) * FACTOR_1
    bits = (bits ^ (bits >> SHIFT_2)) * FACTOR_2
    return bits ^ (bits >> SHIFT_3)


@entry
def hash_dense(bits: Any, hashes: Any) -> None:
    """Add to ``hashes`` (n,) the hash of each row of ``bits`` (n, d), floats seen as uint64.

    A value of 0 adds nothing, so the hash of a row of a CSR array is the same.
    """
    for i in range(bits.shape[0]):
        total = hashes[i]
        for j in range(bits.shape[1]):
            if bits[i, j] << ONE != 0:
                total += mix(mix(bits[i, j] + STEP) + np.uint64(j) * STEP)
        hashes[i] = mix(total)


@entry
def hash_sparse(bits: Any, indices: Any, starts: Any, hashes: Any) -> None:
    """Do the same for a CSR array."""
    for i in range(hashes.shape[0]):
        total = hashes[i]
        for p in range(starts[i], starts[i + 1]):
            if bits[p] << ONE != 0:
                total += mix(mix(bits[p] + STEP) + np.uint64(indices[p]) * STEP)
        hashes[i] = mix(total)


def mix_seed(hashes: NDArray[np.uint64], seed: int) -> NDArray[np.uint64]:
    """Return other hashes (n,) for each seed; equal hashes stay equal."""
    bits = hashes ^ np.uint64(seed * 0x9E3779B97F4A7C15 % 2**64)
    bits = (bits ^ (bits >> SHIFT_1)) * FACTOR_1
    bits = (bits ^ (bits >> SHIFT_2)) * FACTOR_2
    return bits ^ (bits >> SHIFT_3)

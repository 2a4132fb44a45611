"""The valleys between neighbouring prototypes: how deep the density tells, and what was seen there.

Two prototypes are neighbours where no third one lies in the sphere over the line between them: as
in the graph of K. R. Gabriel, R. R. Sokal, "A new statistical approach to geographic variation
analysis", Systematic Zoology 18(3), 1969.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from clusterer.cluster.prototypes.links import WINDOW

N_NEAREST = 10  # more than the cells around one in the plane (6) and its diagonals


class Valleys(NamedTuple):
    """What lies between neighbours ``first`` and ``second`` (e,), indices of prototypes.

    ``lows`` (e,) logarithm of the density at the lower of the two; ``falls`` (e,) the lowest
    density between them, in parts of that, as the prototypes' density has it; ``seen`` (e,) the
    points seen halfway, ``expected`` (e,) how many there would be were there no valley.
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    lows: NDArray[np.float64]
    falls: NDArray[np.float64]
    seen: NDArray[np.float64]
    expected: NDArray[np.float64]


@njit(cache=True, nogil=True)
def find_neighbours(squares: Any, links: Any) -> tuple[Any, Any]:
    """Pairs (e,), (e,) of neighbours, among those near each other or linked; no links: (0, 0)."""
    n_kept = len(squares)
    is_near = np.zeros((n_kept, n_kept), dtype=np.bool_)
    for i in range(n_kept):
        mark_nearest(squares[i], is_near[i])
    pairs = np.empty((2, n_kept * (n_kept - 1) // 2), dtype=np.int64)
    n_pairs = 0
    for i in range(n_kept):
        for j in range(i + 1, n_kept):
            is_linked = len(links) > 0 and links[i, j] > 0
            if (is_near[i, j] or is_near[j, i] or is_linked) and is_space_free(squares, i, j):
                pairs[0, n_pairs], pairs[1, n_pairs] = i, j
                n_pairs += 1
    return pairs[0, :n_pairs].copy(), pairs[1, :n_pairs].copy()


@njit(cache=True, nogil=True)
def mark_nearest(squares: Any, is_near: Any) -> None:
    """Mark the nearest ones and itself, the first of equals."""
    nearest = np.empty(N_NEAREST + 1, dtype=np.int64)
    n_found = 0
    for j in range(len(squares)):
        if n_found <= N_NEAREST:
            n_found += 1
        elif not squares[j] < squares[nearest[N_NEAREST]]:
            continue
        place = n_found - 1
        while place > 0 and squares[j] < squares[nearest[place - 1]]:
            nearest[place] = nearest[place - 1]
            place -= 1
        nearest[place] = j
    for place in range(n_found):
        is_near[nearest[place]] = True


@njit(cache=True, nogil=True)
def is_space_free(squares: Any, i: int, j: int) -> bool:
    """Whether no third one lies in the sphere over the line between the two."""
    for k in range(len(squares)):
        if k != i and k != j and squares[i, k] + squares[j, k] < squares[i, j]:
            return False
    return True


@njit(cache=True, nogil=True)
def measure_valleys(
    first: Any,
    second: Any,
    heights: Any,
    saddles: Any,
    squares: Any,
    widths: Any,
    links: Any,
    n_features: int,
    masses: Any,
) -> Any:
    """Measure the valleys between neighbours.

    Expected is what the lesser of the two Gaussians, of variances ``widths``, shows in a window
    as wide as that of the links. Where nothing is known of links, seen is what ``saddles`` say.
    """
    lows, falls = np.empty(len(first)), np.empty(len(first))
    seen, expected = np.empty(len(first)), np.empty(len(first))
    for e in range(len(first)):
        i, j = first[e], second[e]
        lows[e] = min(heights[i], heights[j])
        falls[e] = math.exp(min(saddles[e] - lows[e], 0.0))
        window = WINDOW**2 * squares[i, j]
        if window == 0.0:
            # Twins have no middle.
            window = 1.0
        expected[e] = min(
            masses[i] * (window / (window + widths[i])) ** (0.5 * n_features),
            masses[j] * (window / (window + widths[j])) ** (0.5 * n_features),
        )
        seen[e] = links[i, j] if len(links) else falls[e] * expected[e]
    return Valleys(first, second, lows, falls, seen, expected)

"""The valleys between neighbouring prototypes: how deep the density tells, and what was seen there.

Two prototypes are neighbours where no third one lies in the sphere over the line between them: as
in the graph of K. R. Gabriel, R. R. Sokal, "A new statistical approach to geographic variation
analysis", Systematic Zoology 18(3), 1969.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .links import WINDOW

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


def find_neighbours(
    squares: NDArray, links: NDArray | None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs (e,), (e,) of neighbours, among those that are near each other or linked."""
    nearest = np.argsort(squares, axis=1, kind="stable")[:, : N_NEAREST + 1]
    is_near = np.zeros(squares.shape, dtype=np.bool_)
    np.put_along_axis(is_near, nearest, True, axis=1)
    is_near |= is_near.T
    if links is not None:
        is_near |= links > 0
    first, second = np.nonzero(np.triu(is_near, 1))
    is_free = is_space_free(squares, first, second)
    return first[is_free], second[is_free]


def measure_valleys(
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    heights: NDArray,
    saddles: NDArray,
    squares: NDArray,
    widths: NDArray,
    links: NDArray | None,
    n_features: int,
    masses: NDArray,
) -> Valleys:
    """Measure the valleys between neighbours.

    Expected is what the lesser of the two Gaussians, of variances ``widths``, shows in a window
    as wide as that of the links. Where nothing is known of links, seen is what ``saddles`` say.
    """
    lows = np.minimum(heights[first], heights[second])
    falls = np.exp(np.minimum(saddles - lows, 0.0))
    window = WINDOW**2 * squares[first, second]
    # Twins have no middle.
    window[window == 0.0] = 1.0
    inside = [
        masses[side] * (window / (window + widths[side])) ** (0.5 * n_features)
        for side in (first, second)
    ]
    expected = np.minimum(*inside)
    seen = falls * expected if links is None else links[first, second]
    return Valleys(first, second, lows, falls, seen, expected)


@njit(cache=True, nogil=True)
def is_space_free(squares: Any, first: Any, second: Any) -> Any:
    """Whether (e,) no third one lies in the sphere over the line between the two."""
    is_free = np.ones(len(first), dtype=np.bool_)
    for e in range(len(first)):
        i, j = first[e], second[e]
        for k in range(squares.shape[0]):
            if k != i and k != j and squares[i, k] + squares[j, k] < squares[i, j]:
                is_free[e] = False
                break
    return is_free

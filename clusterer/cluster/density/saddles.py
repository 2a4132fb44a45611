"""Stage 2: find neighbouring prototypes and measure how far the density falls between them.

Two prototypes are neighbours if no third one lies in the sphere whose diameter is the line between
them: the graph of K. R. Gabriel, R. R. Sokal, "A new statistical approach to geographic variation
analysis", Systematic Zoology 18(3), 1969. Only pairs that are near each other or linked are
tried: O(K) pairs, each tested against all prototypes.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from clusterer.cluster.density.density_estimate import sum_gaussians
from clusterer.cluster.prototypes.links import WINDOW

N_NEAREST = 10  # more than the cells around a cell in the plane (6) and its diagonals
N_STEPS = 5  # places between two neighbours at which the density is measured


class Saddles(NamedTuple):
    """The saddle of the density between each pair of neighbours.

    Parameters
    ----------
    first, second : (e,) int64
        Indices of the two neighbours.
    log_lower : (e,)
        Logarithm of the density at the lower of the two.
    ratios : (e,)
        The lowest density between them, divided by the density at the lower of the two.
    seen : (e,)
        Number of points seen halfway between them.
    expected : (e,)
        Number of points expected there if the density did not fall.
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    log_lower: NDArray[np.float64]
    ratios: NDArray[np.float64]
    seen: NDArray[np.float64]
    expected: NDArray[np.float64]


@njit(cache=True, nogil=True)
def measure_saddles(density: Any, links: Any) -> Any:
    """Measure the saddles between all neighbours.

    Parameters
    ----------
    density : DensityEstimate
        The density of m prototypes.
    links : (m, m) or (0, 0)
        Points seen between pairs of prototypes, see `clusterer.cluster.prototypes.links`; (0, 0)
        if none were counted. Then ``seen`` follows from the density alone.

    Returns
    -------
    Saddles

    Examples
    --------
    >>> from clusterer.cluster.density.density_estimate import estimate_density
    >>> centers = np.array([[0.0], [1.0], [9.0]])
    >>> density = estimate_density(centers, np.full(3, 9.0), np.full(3, 0.75), np.full(3, 9.0))
    >>> saddles = measure_saddles(density, np.empty((0, 0)))
    >>> saddles.first, saddles.second, saddles.ratios.round(3)
    (array([0, 1]), array([1, 2]), array([0.723, 0.   ]))
    """
    if len(links):
        links = links[density.kept][:, density.kept]
    squares, masses = density.squared_distances, density.masses
    variances, n_features = density.kernel_variances, density.centers.shape[1]
    first, second = find_neighbours(squares, links)
    lowest = measure_lowest_density(density, first, second)
    log_lower, ratios = np.empty(len(first)), np.empty(len(first))
    seen, expected = np.empty(len(first)), np.empty(len(first))
    for e in range(len(first)):
        i, j = first[e], second[e]
        log_lower[e] = min(density.log_density[i], density.log_density[j])
        ratios[e] = math.exp(min(lowest[e] - log_lower[e], 0.0))
        window = WINDOW**2 * squares[i, j]
        if window == 0.0:
            # Two prototypes on one spot have no middle.
            window = 1.0
        # The smaller share of the two Gaussians in a window as wide as the window of the links.
        expected[e] = min(
            masses[i] * (window / (window + variances[i])) ** (0.5 * n_features),
            masses[j] * (window / (window + variances[j])) ** (0.5 * n_features),
        )
        seen[e] = links[i, j] if len(links) else ratios[e] * expected[e]
    return Saddles(first, second, log_lower, ratios, seen, expected)


@njit(cache=True, nogil=True)
def find_neighbours(squares: Any, links: Any) -> tuple[Any, Any]:
    """Pairs (e,), (e,) of Gabriel neighbours among near or linked prototypes."""
    n_kept = len(squares)
    is_near = np.zeros((n_kept, n_kept), dtype=np.bool_)
    for i in range(n_kept):
        mark_nearest(squares[i], is_near[i])
    pairs = np.empty((2, n_kept * (n_kept - 1) // 2), dtype=np.int64)
    n_pairs = 0
    for i in range(n_kept):
        for j in range(i + 1, n_kept):
            is_linked = len(links) > 0 and links[i, j] > 0
            if (is_near[i, j] or is_near[j, i] or is_linked) and is_sphere_empty(squares, i, j):
                pairs[0, n_pairs], pairs[1, n_pairs] = i, j
                n_pairs += 1
    return pairs[0, :n_pairs].copy(), pairs[1, :n_pairs].copy()


@njit(cache=True, nogil=True)
def mark_nearest(squares: Any, is_near: Any) -> None:
    """Mark the prototype itself and the `N_NEAREST` nearest ones, the first of equals."""
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
def is_sphere_empty(squares: Any, i: int, j: int) -> bool:
    """Whether no third prototype lies in the sphere whose diameter is the line from i to j."""
    for k in range(len(squares)):
        if k != i and k != j and squares[i, k] + squares[j, k] < squares[i, j]:
            return False
    return True


@njit(cache=True, nogil=True)
def measure_lowest_density(density: Any, first: Any, second: Any) -> Any:
    """Logarithm (e,) of the lowest density on the line from ``first`` to ``second``."""
    centers, n_features = density.centers, density.centers.shape[1]
    inverses = 1.0 / density.kernel_variances
    lowest = np.empty(len(first))
    place = np.empty(n_features)
    for e in range(len(first)):
        i, j = first[e], second[e]
        lowest[e] = min(density.log_density[i], density.log_density[j])
        for step in range(1, N_STEPS + 1):
            share = step / (N_STEPS + 1)
            for t in range(n_features):
                place[t] = centers[i, t] + share * (centers[j, t] - centers[i, t])
            log_density = sum_gaussians(place, centers, density.log_norms, inverses)
            lowest[e] = min(lowest[e], log_density)
    return lowest

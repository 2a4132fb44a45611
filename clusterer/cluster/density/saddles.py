"""Stage 2: find neighbouring prototypes and measure how far the density falls between them.

Two prototypes are neighbours if no third one lies in the sphere whose diameter is the line between
them: the graph of K. R. Gabriel, R. R. Sokal, "A new statistical approach to geographic variation
analysis", Systematic Zoology 18(3), 1969. Only pairs that are near each other or linked are
tried: O(K) pairs, each tested against all prototypes.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from clusterer.cluster.density.density_estimate import NEGLIGIBLE, DensityEstimate
from clusterer.cluster.prototypes.links import WINDOW
from clusterer.support.kernels import entry, inner

N_NEAREST = 10  # more than the cells around a cell in the plane (6) and its diagonals
LARGEST_EXPONENT = 600.0  # the exponential of a larger number may overflow
ROUNDED_UP = 1.0 + 2.0**-20  # more than the rounding of a sum of exponentials
WINDOW_STEPS = 3.0  # the window's standard deviation is at least half a step
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


def measure_saddles(
    density: DensityEstimate,
    links: NDArray,
    slots: NDArray[np.int64],
    step_variance: float = 0.0,
) -> Saddles:
    """Measure the saddles between all neighbours.

    Parameters
    ----------
    density : DensityEstimate
        The density of k prototypes.
    links : (n, n) or (0, 0)
        Points seen between pairs of prototypes, see `clusterer.cluster.prototypes.links`; (0, 0)
        if none were counted. Then ``seen`` follows from the density alone.
    slots : (k,) int64
        The row of each prototype in ``links``.
    step_variance : float, default 0
        Variance per feature of rounding to whole steps, see `.value_steps`. Links count only if
        their window is as wide as several values; between two values no point can be seen.

    Examples
    --------
    >>> from clusterer.cluster.density.density_estimate import estimate_density
    >>> centers = np.array([[0.0], [1.0], [9.0]])
    >>> density = estimate_density(centers, np.full(3, 9.0), np.full(3, 0.75), np.full(3, 9.0))
    >>> saddles = measure_saddles(density, np.empty((0, 0)), np.arange(3))
    >>> saddles.first, saddles.second, saddles.ratios.round(3)
    (array([0, 1]), array([1, 2]), array([0.723, 0.   ]))
    """
    squares, masses, log_density = density.squared_distances, density.masses, density.log_density
    n_kept, n_features = density.centers.shape
    has_links = len(links) > 0
    is_near = np.zeros((n_kept, n_kept), dtype=np.bool_)
    nearest = np.empty((n_kept, N_NEAREST + 1), dtype=np.int64)
    pairs = np.empty((2, N_NEAREST * n_kept + 1), dtype=np.int64)
    n_pairs = find_neighbours(squares, links, slots, has_links, is_near, nearest, pairs)
    if n_pairs > pairs.shape[1]:
        # Links add pairs without a bound; mostly they add none.
        pairs = np.empty((2, n_pairs), dtype=np.int64)
        find_neighbours(squares, links, slots, has_links, is_near, nearest, pairs)
    first, second = pairs[:, :n_pairs]
    log_lower, lowest = np.empty(n_pairs), np.empty(n_pairs)
    terms = np.empty(n_kept)
    measure_lowest_density(
        squares,
        density.log_norms,
        density.inverses,
        log_density,
        first,
        second,
        terms,
        log_lower,
        lowest,
    )
    ratios = np.exp(np.minimum(lowest - log_lower, 0.0))
    window = WINDOW**2 * squares[first, second]
    # Two prototypes on one spot have no middle.
    window[window == 0.0] = 1.0
    # The smaller share of the two Gaussians in a window as wide as the window of the links.
    shares = (
        masses[ends] * (window / (window + density.kernel_variances[ends])) ** (0.5 * n_features)
        for ends in (first, second)
    )
    expected = np.minimum(*shares)
    seen = ratios * expected
    if has_links:
        is_wide = window > WINDOW_STEPS * step_variance
        seen = np.where(is_wide, links[slots[first], slots[second]], seen)
    return Saddles(first, second, log_lower, ratios, seen, expected)


@entry
def find_neighbours(
    squares: Any, links: Any, slots: Any, has_links: bool, is_near: Any, nearest: Any, pairs: Any
) -> int:
    """Write Gabriel neighbours among near or linked prototypes into ``pairs`` (2, ·).

    Returns their number, of which only as many are written as there is room for. ``is_near``
    (k, k) and ``nearest`` (k, N_NEAREST + 1) are scratch.
    """
    n_kept = squares.shape[0]
    for i in range(n_kept):
        mark_nearest(squares, i, is_near, nearest)
    n_pairs = 0
    for i in range(n_kept):
        for j in range(i + 1, n_kept):
            is_tried = is_near[i, j] or is_near[j, i]
            if has_links and not is_tried:
                is_tried = links[slots[i], slots[j]] > 0.0
            if is_tried and is_sphere_empty(squares, is_near, nearest, i, j):
                if n_pairs < pairs.shape[1]:
                    pairs[0, n_pairs] = i
                    pairs[1, n_pairs] = j
                n_pairs += 1
    return n_pairs


@inner
def mark_nearest(squares: Any, i: int, is_near: Any, nearest: Any) -> None:
    """Mark in row i prototype i itself and the `N_NEAREST` nearest ones, the first of equals."""
    n_found = 0
    for j in range(squares.shape[0]):
        square = squares[i, j]
        if n_found <= N_NEAREST:
            n_found += 1
        elif not square < squares[i, nearest[i, N_NEAREST]]:
            continue
        place = n_found - 1
        while place > 0 and square < squares[i, nearest[i, place - 1]]:
            nearest[i, place] = nearest[i, place - 1]
            place -= 1
        nearest[i, place] = j
    for place in range(n_found):
        is_near[i, nearest[i, place]] = True


@inner
def is_sphere_empty(squares: Any, is_near: Any, nearest: Any, i: int, j: int) -> bool:
    """Whether no third prototype lies in the sphere whose diameter is the line from i to j."""
    n_kept = squares.shape[0]
    if not is_near[i, j]:
        i, j = j, i
    for place in range(min(n_kept, N_NEAREST + 1)):
        k = nearest[i, place]
        if k != i and k != j and squares[i, k] + squares[j, k] < squares[i, j]:
            return False
    # A third prototype in the sphere is nearer to i than j is.
    if is_near[i, j]:
        return True
    for k in range(n_kept):
        if squares[i, k] + squares[j, k] < squares[i, j] and k != i and k != j:
            return False
    return True


@entry
def measure_lowest_density(
    squares: Any,
    log_norms: Any,
    inverses: Any,
    log_density: Any,
    first: Any,
    second: Any,
    terms: Any,
    log_lower: Any,
    lowest: Any,
) -> None:
    """Write the density at the lower of two neighbours, and the lowest one on the line between.

    The neighbours are ``first`` and ``second`` (e,). All densities are logarithms; ``terms`` (k,)
    is scratch. The squared distance of a place on the line from a third prototype follows from
    those of the ends, by the theorem of M. Stewart, 1746.
    """
    for e in range(first.shape[0]):
        i = first[e]
        j = second[e]
        log_lower[e] = lowest[e] = min(log_density[i], log_density[j])
        for n in range(N_STEPS):
            # From the middle outwards, since the density is mostly lowest there.
            step = (N_STEPS + 1) // 2 + (n + 1) // 2 * (1 - 2 * (n % 2))
            share = step / (N_STEPS + 1)
            rest = 1.0 - share
            inside = share * rest * squares[i, j]
            # Mostly one of the two ends contributes most. A loop that searches the largest term
            # would not be vectorised.
            level = max(
                log_norms[i] - 0.5 * share * share * squares[i, j] * inverses[i],
                log_norms[j] - 0.5 * rest * rest * squares[i, j] * inverses[j],
            )
            if level >= lowest[e]:
                continue
            for k in range(squares.shape[0]):
                square = rest * squares[i, k] + share * squares[j, k] - inside
                terms[k] = log_norms[k] - level - 0.5 * square * inverses[k]
            height = lowest[e] - level
            enough = ROUNDED_UP * math.exp(height) if height < LARGEST_EXPONENT else np.inf
            lowest[e] = min(lowest[e], level + add_exponentials(terms, enough))


@inner
def add_exponentials(terms: Any, enough: float) -> float:
    """Logarithm of the sum of the exponentials of the terms, of which one is 0 or nearly so.

    Infinite if the sum is at least ``enough``, which may be infinite.
    """
    total = 0.0
    largest = 0.0
    for k in range(terms.shape[0]):
        if terms[k] > -NEGLIGIBLE:
            largest = max(largest, terms[k])
            total += math.exp(min(terms[k], LARGEST_EXPONENT))
            if total >= enough:
                return np.inf
    if largest < LARGEST_EXPONENT:
        return math.log(total)
    total = 0.0
    for k in range(terms.shape[0]):
        total += math.exp(terms[k] - largest)
    return largest + math.log(total)

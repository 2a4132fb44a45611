"""The density that the prototypes stand for: its height at each of them and between neighbours.

Every prototype is taken as a round Gaussian of as many points as it took in. Its variance is that
of its points, widened so that the sum over a row of evenly filled cells is level; see `BLUR`.
Nothing here needs past points. O(K²) distances and O(K) neighbour pairs, each tried against all.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from clusterer.cluster.density.saddles import Valleys, find_neighbours, measure_valleys

# An evenly filled cell of width a has variance a²/12. Gaussians a apart sum up to a level line,
# within 20 %, from variance a²/8 on: one and a half times as much. More would hide true valleys.
BLUR = 1.5
# A height rests on at least a quarter of √n points. That the number of near points should grow as
# the root of all is the usual choice for such densities.
NEAR_SHARE = 0.25
# A variance of two or three points is mostly chance: that of an even cell as wide as the gap to
# the nearest prototype is taken in like so many points of weight 1.
PRIOR_POINTS = 2.0
CELL = 12.0
SPOT_SHARE = 1e-3  # of an even cell's variance; with less than that, points lie on a spot
LEAST_VARIANCE = 1e-30  # of the squared extent
LIGHT_SHARE = 0.02  # of the mean weight; lighter ones are passing points that shape nothing
N_STEPS = 5  # heights tried between two neighbours
EXPONENT_RANGE = 700.0  # exp underflows below this


class Landscape(NamedTuple):
    """What is known of the density.

    ``kept`` (k,) slots of the prototypes that shape it; ``heights`` (k,) logarithm of the density
    at each; ``valleys`` between neighbours among them; ``masses`` (k,) points that each stands
    for; ``shifts`` (m,) logarithm of the density at every prototype, kept or not; ``nearest``
    (m,) index in ``kept`` of the nearest; ``n_features`` d. ``places`` (k, d) are the centres and
    ``variances`` (k,) those of the points of each, in a unit near their extent.
    """

    kept: NDArray[np.int64]
    heights: NDArray[np.float64]
    valleys: Valleys
    masses: NDArray[np.float64]
    shifts: NDArray[np.float64]
    nearest: NDArray[np.int64]
    n_features: int
    places: NDArray[np.float64]
    variances: NDArray[np.float64]


def survey(
    centers: NDArray,
    weights: NDArray,
    scatters: NDArray,
    counts: NDArray,
    links: NDArray | None = None,
) -> Landscape:
    """Estimate the density at the prototypes and between them.

    Parameters
    ----------
    centers : (m, d), weights : (m,), scatters : (m,), counts : (m,)
        The prototypes, as `OnlineClusterer` holds them; some weight must be above 0.
    links : (m, m), optional
        Points seen between pairs of prototypes; see `clusterer.cluster.prototypes.links`.

    Returns
    -------
    Landscape

    Examples
    --------
    >>> centers = np.array([[0.0], [1.0], [9.0]])
    >>> land = survey(centers, np.full(3, 9.0), np.full(3, 0.75), np.full(3, 9.0))
    >>> land.valleys.first, land.valleys.second, land.valleys.falls.round(3)
    (array([0, 1]), array([1, 2]), array([0.723, 0.   ]))
    """
    return measure_landscape(*pack_arrays(centers, weights, scatters, counts, links))


def pack_arrays(
    centers: NDArray, weights: NDArray, scatters: NDArray, counts: NDArray, links: NDArray | None
) -> tuple[NDArray, NDArray, NDArray, NDArray, NDArray]:
    """The same in the one memory layout that is compiled for; no links are (0, 0)."""
    packed = map(np.ascontiguousarray, (centers, weights, scatters, counts))
    known = np.empty((0, 0)) if links is None else np.ascontiguousarray(links)
    return *packed, known  # type: ignore[return-value]


@njit(cache=True, nogil=True)
def measure_landscape(centers: Any, weights: Any, scatters: Any, counts: Any, links: Any) -> Any:
    """What `survey` tells; no links are (0, 0)."""
    n_features = centers.shape[1]
    kept = np.flatnonzero((weights > 0) & (weights >= LIGHT_SHARE * weights.mean()))
    unit = choose_unit(centers[kept])
    places = (centers - centers[kept[0]]) / unit
    peaks = places[kept]
    masses = np.maximum(counts[kept], weights[kept])
    squares = measure_squares(peaks, peaks)
    raw = scatters[kept] / unit / unit / (weights[kept] * n_features)
    variances = settle_variances(raw, weights[kept], squares)
    least = NEAR_SHARE * math.sqrt(masses.sum())
    widths = BLUR * gather_variances(squares, variances, masses, least, n_features)
    widths = np.maximum(widths, LEAST_VARIANCE)  # faded to next to nothing, they underflow
    logs = np.log(masses) - 0.5 * n_features * np.log(widths)
    inverses = 1.0 / widths
    heights = measure_heights(peaks, peaks, logs, inverses)
    if len(links):
        links = links[kept][:, kept]
    first, second = find_neighbours(squares, links)
    saddles = measure_saddles(peaks, heights, logs, inverses, first, second)
    valleys = measure_valleys(
        first, second, heights, saddles, squares, widths, links, n_features, masses
    )
    shifts = measure_heights(places, peaks, logs, inverses)
    shifts[kept] = heights
    nearest = find_nearest(places, peaks)
    nearest[kept] = np.arange(len(kept))
    return Landscape(kept, heights, valleys, masses, shifts, nearest, n_features, peaks, raw)


@njit(cache=True, nogil=True)
def choose_unit(centers: Any) -> float:
    """Power of two near the extent of ``centers``: so no scale costs or changes anything."""
    extent = 0.0
    for t in range(centers.shape[1]):
        extent = max(extent, centers[:, t].max() - centers[:, t].min())
    return math.ldexp(1.0, math.frexp(extent)[1]) if 0.0 < extent < math.inf else 1.0


@njit(cache=True, nogil=True)
def settle_variances(raw: Any, weights: Any, squares: Any) -> Any:
    """Variances (k,) per feature, drawn to an even cell's where few points tell them."""
    cells = raw.copy()
    for i in range(len(raw)):
        gap = np.inf
        for j in range(len(raw)):
            if 0.0 < squares[i, j] < gap:
                gap = squares[i, j]
        if gap < np.inf:
            cells[i] = gap / CELL
    if (raw <= SPOT_SHARE * cells).all():
        # All points lie on a few spots: nothing says that two of these belong together.
        return np.maximum(raw, LEAST_VARIANCE)
    settled = (weights * raw + PRIOR_POINTS * cells) / (weights + PRIOR_POINTS)
    # Twins on one spot have no spread: any that is far below the unit keeps them apart.
    return np.maximum(settled, LEAST_VARIANCE)


@njit(cache=True, nogil=True)
def find_nearest(places: Any, peaks: Any) -> Any:
    """Index (m,) of the nearest peak; the first of equals."""
    nearest = np.zeros(len(places), dtype=np.int64)
    for i in range(len(places)):
        least = np.inf
        for j in range(len(peaks)):
            square = 0.0
            for t in range(places.shape[1]):
                gap = places[i, t] - peaks[j, t]
                square += gap * gap
            if square < least:
                least, nearest[i] = square, j
    return nearest


@njit(cache=True, nogil=True)
def measure_squares(places: Any, others: Any) -> Any:
    """Squared distances (m, k); to itself exactly 0."""
    squares = np.zeros((places.shape[0], others.shape[0]))
    for i in range(places.shape[0]):
        for j in range(others.shape[0]):
            for t in range(places.shape[1]):
                gap = places[i, t] - others[j, t]
                squares[i, j] += gap * gap
    return squares


@njit(cache=True, nogil=True)
def gather_variances(
    squares: Any, variances: Any, masses: Any, least: float, n_features: int
) -> Any:
    """Variance (k,) of each one's points and as many next to it as make up ``least`` points."""
    gathered = variances.copy()
    for i in range(len(masses)):
        if masses[i] >= least:
            continue
        total = masses[i]
        spread = total * variances[i]
        for j in np.argsort(squares[i]):
            if j == i:
                continue
            part = min(masses[j], least - total)
            spread += part * (variances[j] + squares[i, j] / n_features)
            total += part
            if total >= least:
                break
        gathered[i] = spread / total
    return gathered


@njit(cache=True, nogil=True)
def sum_logs(place: Any, peaks: Any, logs: Any, inverses: Any) -> float:
    """Logarithm of the sum of the Gaussians at ``place``."""
    highest = -np.inf
    total = 0.0
    for i in range(peaks.shape[0]):
        square = 0.0
        for t in range(peaks.shape[1]):
            gap = place[t] - peaks[i, t]
            square += gap * gap
        term = logs[i] - 0.5 * square * inverses[i]
        if term > highest:
            total = total * math.exp(max(highest - term, -EXPONENT_RANGE)) + 1.0
            highest = term
        elif term > highest - 36.0:  # below that nothing is added in double precision
            total += math.exp(term - highest)
    return highest + math.log(total)


@njit(cache=True, nogil=True)
def measure_heights(places: Any, peaks: Any, logs: Any, inverses: Any) -> Any:
    """Logarithm (m,) of the density at each place."""
    heights = np.empty(places.shape[0])
    for i in range(places.shape[0]):
        heights[i] = sum_logs(places[i], peaks, logs, inverses)
    return heights


@njit(cache=True, nogil=True)
def measure_saddles(
    peaks: Any, heights: Any, logs: Any, inverses: Any, first: Any, second: Any
) -> Any:
    """Logarithm (e,) of the lowest density on the way from ``first`` to ``second``."""
    n_features = peaks.shape[1]
    saddles = np.empty(len(first))
    place = np.empty(n_features)
    for e in range(len(first)):
        i, j = first[e], second[e]
        saddles[e] = min(heights[i], heights[j])
        for step in range(1, N_STEPS + 1):
            share = step / (N_STEPS + 1)
            for t in range(n_features):
                place[t] = peaks[i, t] + share * (peaks[j, t] - peaks[i, t])
            saddles[e] = min(saddles[e], sum_logs(place, peaks, logs, inverses))
    return saddles

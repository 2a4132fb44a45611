"""Stage 1: estimate the density at each prototype.

Each prototype is a round Gaussian with the mass of its points. The variance of the Gaussian is the
variance of these points, widened so that a row of evenly filled cells sums to a level density; see
`WIDENING`. The estimate needs no past points. Cost: O(K²) distances.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

# An evenly filled cell of width a has variance a²/12. Gaussians at distance a sum to a level line,
# within 20 %, from variance a²/8 on: 1.5 times as much. More widening would hide true saddles.
WIDENING = 1.5
# A density value rests on at least √n/4 points. It is usual in density estimation that the number
# of nearest points grows with the root of all points.
NEIGHBOUR_SHARE = 0.25
# The variance of two or three points is mostly chance. It is averaged with the variance of an
# even cell as wide as the distance to the nearest prototype, which counts as 2 points of weight 1.
PRIOR_POINTS = 2.0
CELL_DIVISOR = 12.0  # width² / 12 is the variance of an even cell
SPOT_SHARE = 1e-3  # of an even cell's variance; below this share the points lie on one spot
MIN_VARIANCE = 1e-30  # in the squared unit of the centres
MIN_WEIGHT_SHARE = 0.02  # of the mean weight; lighter prototypes do not shape the density
EXPONENT_RANGE = 700.0  # exp underflows below this
NEGLIGIBLE = 36.0  # a term smaller by this logarithm adds nothing in double precision


class DensityEstimate(NamedTuple):
    """The density of m prototypes, of which k are heavy enough to shape it.

    Parameters
    ----------
    kept : (k,) int64
        Indices of the prototypes that shape the density.
    centers : (k, d)
        Their centres, in a unit near their extent.
    variances : (k,)
        Variance per feature of the points of each.
    masses : (k,)
        Number of points that each stands for.
    kernel_variances : (k,)
        Variance of the Gaussian of each.
    log_norms : (k,)
        Logarithm of the height of the Gaussian of each, without the constant of all Gaussians.
    squared_distances : (k, k)
        Squared distances between the centres.
    log_density : (k,)
        Logarithm of the density at each.
    log_density_of_all : (m,)
        The same at all prototypes.
    nearest : (m,) int64
        Index in ``kept`` of the nearest prototype that shapes the density.
    """

    kept: NDArray[np.int64]
    centers: NDArray[np.float64]
    variances: NDArray[np.float64]
    masses: NDArray[np.float64]
    kernel_variances: NDArray[np.float64]
    log_norms: NDArray[np.float64]
    squared_distances: NDArray[np.float64]
    log_density: NDArray[np.float64]
    log_density_of_all: NDArray[np.float64]
    nearest: NDArray[np.int64]


@njit(cache=True, nogil=True)
def estimate_density(centers: Any, weights: Any, scatters: Any, counts: Any) -> Any:
    """Estimate the density at the prototypes.

    Parameters
    ----------
    centers : (m, d), weights : (m,), scatters : (m,), counts : (m,)
        The prototypes, as `OnlineClusterer` holds them, C-contiguous; at least one weight is
        above 0.

    Returns
    -------
    DensityEstimate

    Examples
    --------
    >>> centers = np.array([[0.0], [1.0], [9.0]])
    >>> density = estimate_density(centers, np.full(3, 9.0), np.full(3, 0.75), np.full(3, 9.0))
    >>> density.log_density.round(3)
    array([6.028, 6.028, 4.748])
    """
    n_features = centers.shape[1]
    kept = np.flatnonzero((weights > 0) & (weights >= MIN_WEIGHT_SHARE * weights.mean()))
    unit = choose_unit(centers[kept])
    all_scaled = (centers - centers[kept[0]]) / unit
    scaled = all_scaled[kept]
    masses = np.maximum(counts[kept], weights[kept])
    squares = measure_squared_distances(scaled)
    variances = scatters[kept] / unit / unit / (weights[kept] * n_features)
    smoothed = smooth_variances(variances, weights[kept], squares)
    min_points = NEIGHBOUR_SHARE * math.sqrt(masses.sum())
    pooled = pool_neighbour_variances(squares, smoothed, masses, min_points, n_features)
    # Prototypes that have faded to almost no weight underflow to variance 0.
    kernel_variances = np.maximum(WIDENING * pooled, MIN_VARIANCE)
    log_norms = np.log(masses) - 0.5 * n_features * np.log(kernel_variances)
    log_density = measure_log_density(scaled, scaled, log_norms, kernel_variances)
    log_density_of_all = measure_log_density(all_scaled, scaled, log_norms, kernel_variances)
    log_density_of_all[kept] = log_density
    nearest = find_nearest(all_scaled, scaled)
    nearest[kept] = np.arange(len(kept))
    return DensityEstimate(
        kept,
        scaled,
        variances,
        masses,
        kernel_variances,
        log_norms,
        squares,
        log_density,
        log_density_of_all,
        nearest,
    )


@njit(cache=True, nogil=True)
def choose_unit(centers: Any) -> float:
    """Power of two near the extent of ``centers``, so that scaling by it loses no digits."""
    extent = 0.0
    for t in range(centers.shape[1]):
        extent = max(extent, centers[:, t].max() - centers[:, t].min())
    return math.ldexp(1.0, math.frexp(extent)[1]) if 0.0 < extent < math.inf else 1.0


@njit(cache=True, nogil=True)
def smooth_variances(variances: Any, weights: Any, squares: Any) -> Any:
    """Variances (k,) per feature, averaged with those of even cells; see `PRIOR_POINTS`."""
    cells = variances.copy()
    for i in range(len(variances)):
        gap = np.inf
        for j in range(len(variances)):
            if 0.0 < squares[i, j] < gap:
                gap = squares[i, j]
        if gap < np.inf:
            cells[i] = gap / CELL_DIVISOR
    if (variances <= SPOT_SHARE * cells).all():
        # All points lie on a few spots: no spread suggests that two spots belong together.
        return np.maximum(variances, MIN_VARIANCE)
    smoothed = (weights * variances + PRIOR_POINTS * cells) / (weights + PRIOR_POINTS)
    # Two prototypes on one spot have no spread; any value far below the unit serves.
    return np.maximum(smoothed, MIN_VARIANCE)


@njit(cache=True, nogil=True)
def find_nearest(places: Any, centers: Any) -> Any:
    """Index (m,) of the centre nearest to each place; the first of equals."""
    nearest = np.zeros(len(places), dtype=np.int64)
    for i in range(len(places)):
        least = np.inf
        for j in range(len(centers)):
            square = 0.0
            for t in range(places.shape[1]):
                gap = places[i, t] - centers[j, t]
                square += gap * gap
            if square < least:
                least, nearest[i] = square, j
    return nearest


@njit(cache=True, nogil=True)
def measure_squared_distances(centers: Any) -> Any:
    """Squared distances (k, k); exactly 0 on the diagonal."""
    n_kept = len(centers)
    squares = np.zeros((n_kept, n_kept))
    for i in range(n_kept):
        for j in range(n_kept):
            for t in range(centers.shape[1]):
                gap = centers[i, t] - centers[j, t]
                squares[i, j] += gap * gap
    return squares


@njit(cache=True, nogil=True)
def pool_neighbour_variances(
    squares: Any, variances: Any, masses: Any, min_points: float, n_features: int
) -> Any:
    """Variance (k,) of each prototype's points with the nearest others, ``min_points`` in all."""
    pooled = variances.copy()
    for i in range(len(masses)):
        if masses[i] >= min_points:
            continue
        total = masses[i]
        spread = total * variances[i]
        for j in np.argsort(squares[i]):
            if j == i:
                continue
            part = min(masses[j], min_points - total)
            spread += part * (variances[j] + squares[i, j] / n_features)
            total += part
            if total >= min_points:
                break
        pooled[i] = spread / total
    return pooled


@njit(cache=True, nogil=True)
def sum_gaussians(place: Any, centers: Any, log_norms: Any, inverses: Any) -> float:
    """Logarithm of the sum of the Gaussians at ``place`` (d,); ``inverses`` (k,) of variances."""
    highest = -np.inf
    total = 0.0
    for i in range(centers.shape[0]):
        square = 0.0
        for t in range(centers.shape[1]):
            gap = place[t] - centers[i, t]
            square += gap * gap
        term = log_norms[i] - 0.5 * square * inverses[i]
        if term > highest:
            total = total * math.exp(max(highest - term, -EXPONENT_RANGE)) + 1.0
            highest = term
        elif term > highest - NEGLIGIBLE:
            total += math.exp(term - highest)
    return highest + math.log(total)


@njit(cache=True, nogil=True)
def measure_log_density(places: Any, centers: Any, log_norms: Any, kernel_variances: Any) -> Any:
    """Logarithm (m,) of the density at each place."""
    inverses = 1.0 / kernel_variances
    log_density = np.empty(places.shape[0])
    for i in range(places.shape[0]):
        log_density[i] = sum_gaussians(places[i], centers, log_norms, inverses)
    return log_density

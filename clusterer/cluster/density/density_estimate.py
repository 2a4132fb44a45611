"""Stage 1: estimate the density at each prototype.

Each prototype is a round Gaussian with the mass of its points. The variance of the Gaussian is the
variance of these points, widened so that a row of evenly filled cells sums to a level density; see
`WIDENING`. The estimate needs no past points. Cost: O(K²) distances.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from clusterer.support.kernels import entry, inner

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
MAX_VARIANCE = 1e150  # the same
MIN_WEIGHT_SHARE = 0.02  # of the mean weight; lighter prototypes do not shape the density
NEGLIGIBLE = 36.0  # a term smaller by this logarithm adds nothing in double precision


class DensityEstimate(NamedTuple):
    """The density of m prototypes, of which k are heavy enough to shape it.

    Parameters
    ----------
    kept : (k,) int64
        Indices of the prototypes that shape the density.
    unit : float
        A length near their extent, in the unit of the centres that were given.
    centers : (k, d)
        Their centres, in this unit.
    variances : (k,)
        Variance per feature of the points of each.
    masses : (k,)
        Number of points that each stands for.
    kernel_variances : (k,)
        Variance of the Gaussian of each.
    inverses : (k,)
        The inverses of these.
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
    unit: float
    centers: NDArray[np.float64]
    variances: NDArray[np.float64]
    masses: NDArray[np.float64]
    kernel_variances: NDArray[np.float64]
    inverses: NDArray[np.float64]
    log_norms: NDArray[np.float64]
    squared_distances: NDArray[np.float64]
    log_density: NDArray[np.float64]
    log_density_of_all: NDArray[np.float64]
    nearest: NDArray[np.int64]


def estimate_density(
    centers: NDArray, weights: NDArray, scatters: NDArray, counts: NDArray
) -> DensityEstimate:
    """Estimate the density at the prototypes.

    Parameters
    ----------
    centers : (m, d), weights : (m,), scatters : (m,), counts : (m,)
        The prototypes, as `OnlineClusterer` holds them; at least one weight is above 0.

    Examples
    --------
    >>> centers = np.array([[0.0], [1.0], [9.0]])
    >>> density = estimate_density(centers, np.full(3, 9.0), np.full(3, 0.75), np.full(3, 9.0))
    >>> density.log_density.round(3)
    array([6.028, 6.028, 4.748])
    """
    n_all, n_features = centers.shape
    is_kept = (weights > 0) & (weights >= MIN_WEIGHT_SHARE * weights.mean())
    kept = np.flatnonzero(is_kept)
    n_kept = len(kept)
    kept_centers, kept_weights = centers[kept], weights[kept]
    origin, unit = kept_centers[0], choose_unit(kept_centers)
    scaled = (kept_centers - origin) / unit
    masses = np.maximum(counts[kept], kept_weights)
    with np.errstate(over="ignore"):
        # Far more than the distances of the centres: any larger number has the same effect.
        variances = np.minimum(
            scatters[kept] / unit / unit / (kept_weights * n_features), MAX_VARIANCE
        )
    squares, gaps, pooled = np.empty((n_kept, n_kept)), np.empty(n_kept), np.empty(n_kept)
    measure_cells(scaled, variances, kept_weights, squares, gaps, pooled)
    min_points = NEIGHBOUR_SHARE * math.sqrt(masses.sum())
    if masses.min() < min_points:
        smoothed, is_used = pooled.copy(), np.empty(n_kept, dtype=np.bool_)
        pool_neighbour_variances(squares, smoothed, masses, min_points, n_features, is_used, pooled)
    # Prototypes that have faded to almost no weight underflow to variance 0.
    kernel_variances = np.maximum(WIDENING * pooled, MIN_VARIANCE)
    inverses = 1.0 / kernel_variances
    log_norms = np.log(masses) - 0.5 * n_features * np.log(kernel_variances)
    log_density = np.empty(n_kept)
    sum_gaussians(squares, log_norms, inverses, log_density)
    log_density_of_all, nearest = log_density, np.arange(n_kept)
    if n_kept < n_all:
        log_density_of_all, nearest = np.empty(n_all), np.empty(n_all, dtype=np.int64)
        to_kept, closest = np.empty((n_all - n_kept, n_kept)), np.empty(n_all - n_kept, np.int64)
        others = np.flatnonzero(~is_kept)
        measure_distances_to((centers[others] - origin) / unit, scaled, to_kept, closest)
        log_density_of_others = np.empty(n_all - n_kept)
        sum_gaussians(to_kept, log_norms, inverses, log_density_of_others)
        log_density_of_all[kept], nearest[kept] = log_density, np.arange(n_kept)
        log_density_of_all[others], nearest[others] = log_density_of_others, closest
    return DensityEstimate(
        kept,
        unit,
        scaled,
        variances,
        masses,
        kernel_variances,
        inverses,
        log_norms,
        squares,
        log_density,
        log_density_of_all,
        nearest,
    )


def choose_unit(centers: NDArray) -> float:
    """Power of two near the extent of ``centers``, so that scaling by it loses no digits."""
    extent = float((centers.max(axis=0) - centers.min(axis=0)).max())
    return math.ldexp(1.0, math.frexp(extent)[1]) if 0.0 < extent < math.inf else 1.0


@entry
def measure_cells(
    centers: Any, variances: Any, weights: Any, squares: Any, gaps: Any, smoothed: Any
) -> None:
    """Write squared distances (k, k), and variances (k,) averaged with those of even cells.

    See `PRIOR_POINTS`. ``gaps`` (k,) is scratch.
    """
    measure_squared_distances(centers, squares, gaps)
    is_spread = False
    for i in range(variances.shape[0]):
        # Of the even cell, if there is another place.
        gaps[i] = gaps[i] / CELL_DIVISOR if gaps[i] < np.inf else variances[i]
        if not variances[i] <= SPOT_SHARE * gaps[i]:
            is_spread = True
    for i in range(variances.shape[0]):
        variance = variances[i]
        # Otherwise all points lie on a few spots: no spread suggests that two belong together.
        if is_spread:
            variance = weights[i] * variances[i] + PRIOR_POINTS * gaps[i]
            variance /= weights[i] + PRIOR_POINTS
        # Two prototypes on one spot have no spread; any value far below the unit serves.
        smoothed[i] = max(variance, MIN_VARIANCE)


@inner
def measure_squared_distances(centers: Any, squares: Any, gaps: Any) -> None:
    """Write squared distances (k, k), and the smallest above 0 of each row into ``gaps`` (k,)."""
    n_kept, n_features = centers.shape
    for i in range(n_kept):
        gaps[i] = np.inf
        squares[i, i] = 0.0
        for j in range(i):
            square = 0.0
            for t in range(n_features):
                gap = centers[i, t] - centers[j, t]
                square += gap * gap
            squares[i, j] = squares[j, i] = square
            if square > 0.0:
                gaps[i] = min(gaps[i], square)
                gaps[j] = min(gaps[j], square)


@entry
def measure_distances_to(places: Any, centers: Any, squares: Any, nearest: Any) -> None:
    """Write squared distances (m, k), and the index (m,) of the nearest centre, the first one."""
    for i in range(places.shape[0]):
        least = np.inf
        nearest[i] = 0
        for j in range(centers.shape[0]):
            square = 0.0
            for t in range(places.shape[1]):
                gap = places[i, t] - centers[j, t]
                square += gap * gap
            squares[i, j] = square
            if square < least:
                least = square
                nearest[i] = j


@entry
def pool_neighbour_variances(
    squares: Any,
    variances: Any,
    masses: Any,
    min_points: float,
    n_features: int,
    is_used: Any,
    pooled: Any,
) -> None:
    """Write the variance (k,) of each one's points with the nearest others, ``min_points`` in all.

    ``is_used`` (k,) is scratch.
    """
    n_kept = masses.shape[0]
    for i in range(n_kept):
        if masses[i] >= min_points:
            continue
        for j in range(n_kept):
            is_used[j] = j == i
        total = masses[i]
        spread = total * variances[i]
        while total < min_points:
            nearest = -1
            for j in range(n_kept):
                if not is_used[j] and (nearest < 0 or squares[i, j] < squares[i, nearest]):
                    nearest = j
            if nearest < 0:
                break
            is_used[nearest] = True
            part = min(masses[nearest], min_points - total)
            spread += part * (variances[nearest] + squares[i, nearest] / n_features)
            total += part
        pooled[i] = spread / total


@entry
def sum_gaussians(squares: Any, log_norms: Any, inverses: Any, log_density: Any) -> None:
    """Write the logarithm (m,) of the density at m places; ``squares`` (m, k) are distances.

    ``inverses`` (k,) are those of the variances.
    """
    for i in range(squares.shape[0]):
        highest = -np.inf
        for k in range(squares.shape[1]):
            highest = max(highest, log_norms[k] - 0.5 * squares[i, k] * inverses[k])
        total = 0.0
        for k in range(squares.shape[1]):
            gap = log_norms[k] - 0.5 * squares[i, k] * inverses[k] - highest
            if gap > -NEGLIGIBLE:
                total += math.exp(gap)
        log_density[i] = highest + math.log(total)

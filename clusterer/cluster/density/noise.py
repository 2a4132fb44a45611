"""Telling noise by density: which prototypes lie in the background, not in a cluster."""

import math
from functools import lru_cache
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.stats import chi2

from clusterer.cluster.density.landscape import Landscape

# Depths are logarithms. A background is at least e times thinner than what it surrounds.
LEAST_DEPTH = 1.0
# Beyond e⁶ = 400 to 1 all is equally far below.
DEEPEST = 6.0
# A background shows in one of two ways: half as many points again lie below the bar as the rims
# of Gaussian clusters hold there, or the bar parts two groups of prototypes 4 deviations apart.
# Rims alone do that in ten dimensions, so below it no less than a quarter of what they hold.
EXCESS = 1.5
CONTRAST = 4.0
LEAST_SHARE = 0.25
MOST_SHARE = 0.5  # of all points; what most lie in is no background
# Noise is what is twice as likely noise as not: less than 1.5 times as dense as the background.
# A knot in that is no cluster: of a few knots the densest is by chance up to e¹·⁵ times denser.
LIKELY = 1.5
KNOT_DEPTH = 1.5
# Where none shows, all that lies below this share of a Gaussian cluster is an outlier.
CORE_SHARE = 0.9999
FAR_SHARE = 0.99999  # the same for single points, which are not noise for being the outermost
LEAST_VARIANCE = 1e-9


def is_noise(land: Landscape, groups: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell the prototypes that lie in the background.

    The depth of a prototype is how far the logarithm of its density lies below that of the
    median point of its cluster. Otsu's bar parts the depths of all in two. Where this gives
    evidence of a background, noise is what is hardly denser than that, so what is twice as likely
    noise as not; elsewhere it is what lies beyond the rim of a Gaussian cluster. Those too light to
    shape the density go by the nearest one that is not, unless they lie far out.

    After N. Otsu, "A threshold selection method from gray-level histograms", IEEE Transactions
    on Systems, Man, and Cybernetics 9(1), 1979.

    Parameters
    ----------
    land : Landscape
        The density.
    groups : (k,) int64
        Peak of each of the kept prototypes; -1 for none.

    Returns
    -------
    is_noise : (m,) bool, for every prototype, kept or not.

    Examples
    --------
    >>> from clusterer.cluster.density.landscape import survey
    >>> centers = np.array([[0.0], [1.0], [2.0], [3.0], [9.0]])
    >>> counts = np.array([50.0, 50.0, 50.0, 50.0, 4.0])
    >>> land = survey(centers, counts, counts * [0.1, 0.1, 0.1, 0.1, 2.0], counts)
    >>> is_noise(land, np.zeros(5, dtype=np.int64))
    array([False, False, False, False,  True])
    """
    usual, masses, found = measure_depths(land, groups)
    return find_sunk(land, usual, *choose_depth(found, masses, land.n_features))


@njit(cache=True, nogil=True)
def measure_depths(land: Any, groups: Any) -> tuple[Any, Any, Any]:
    """How deep prototypes lie: ``usual``, the mass at each side of Otsu's bar, and what it tells.

    ``usual`` (k,) is the height at the median point of each one's cluster, infinite for those in
    none; ``masses`` (2,) that below the bar and all; the last is as of `part`.
    """
    usual = find_usual(land, groups)
    is_grouped = groups >= 0
    depths = (usual - land.heights)[is_grouped]
    weights = land.masses[is_grouped]
    if len(depths) < 2:
        return usual, np.zeros(2), (-np.inf, 0.0, 0.0)
    found = part(np.sort(np.minimum(np.maximum(depths, -LEAST_DEPTH), DEEPEST)))
    return usual, np.array([weights[depths > found[0]].sum(), weights.sum()]), found


@njit(cache=True, nogil=True)
def find_usual(land: Any, groups: Any) -> Any:
    """Height (k,) at the median point of each one's cluster; infinite for those in none."""
    n_kept = len(groups)
    ranking = np.argsort(land.heights, kind="mergesort")
    halves, ranks = np.zeros(n_kept), np.zeros(n_kept)
    medians = np.full(n_kept, np.inf)
    for i in ranking:
        if groups[i] >= 0:
            halves[groups[i]] += land.masses[i]
    halves /= 2
    for i in ranking:
        if groups[i] >= 0:
            ranks[groups[i]] += land.masses[i]
            if medians[groups[i]] == np.inf and ranks[groups[i]] >= halves[groups[i]]:
                medians[groups[i]] = land.heights[i]
    usual = np.full(n_kept, np.inf)
    for i in range(n_kept):
        if groups[i] >= 0:
            usual[i] = medians[groups[i]]
    return usual


def choose_depth(
    found: tuple[float, float, float], masses: NDArray, n_features: int
) -> tuple[float, bool, float, float]:
    """The depth below which prototypes are noise, whether a background shows, and both rims."""
    rim, farthest = measure_rim(n_features), measure_rim(n_features, FAR_SHARE)
    bar, level, contrast = found
    if bar < LEAST_DEPTH:
        return rim, False, rim, farthest
    share = masses[0] / masses[1]
    usual = expect_share(bar, n_features)
    is_plain = contrast >= CONTRAST and share >= LEAST_SHARE * usual
    if not (is_plain or share >= EXCESS * usual):
        return rim, False, rim, farthest
    return max(bar, level - math.log(LIKELY)), True, rim, farthest


@njit(cache=True, nogil=True)
def find_sunk(
    land: Any, usual: Any, bar: float, is_shown: bool, rim: float, farthest: float
) -> Any:
    """Whether (m,) each prototype lies so deep; see `choose_depth`."""
    masses = land.masses
    is_sunk = land.heights < usual - bar
    if is_shown and is_sunk.any():
        level = (masses * land.heights)[is_sunk].sum() / masses[is_sunk].sum()
        is_sunk |= usual < level + KNOT_DEPTH
        if masses[is_sunk].sum() > MOST_SHARE * masses.sum():
            bar = rim
            is_sunk = land.heights < usual - bar
    is_far = land.shifts < (usual - max(bar, farthest))[land.nearest]
    is_far[land.kept] = False
    return is_sunk[land.nearest] | is_far


def expect_share(depth: float, n_features: int) -> float:
    """Share of a Gaussian cluster's points deeper than ``depth`` below its median point."""
    return float(chi2.sf(measure_middle(n_features) + 2 * depth, n_features))


@lru_cache
def measure_middle(n_features: int) -> float:
    """Squared distance of a Gaussian cluster's median point from its centre, in variances."""
    return float(chi2.ppf(0.5, n_features))


@lru_cache
def measure_rim(n_features: int, share: float = CORE_SHARE) -> float:
    """How far, in logarithms, a Gaussian sinks from its median point to the rim of its core."""
    return float(chi2.ppf(share, n_features) - measure_middle(n_features)) / 2


@njit(cache=True, nogil=True)
def part(values: NDArray) -> tuple[float, float, float]:
    """Otsu's bar between sorted values, the upper mean, and how many deviations it is away."""
    n_values = len(values)
    total, squares = values.sum(), (values * values).sum()
    below, below_squares = 0.0, 0.0
    widest, bar, level, contrast = -1.0, values[0], values[0], 0.0
    for i in range(1, n_values):
        below += values[i - 1]
        below_squares += values[i - 1] ** 2
        low, high = below / i, (total - below) / (n_values - i)
        between = i * (n_values - i) * (high - low) ** 2
        if between > widest:
            spread = below_squares / i - low**2
            spread += (squares - below_squares) / (n_values - i) - high**2
            widest, bar = between, (values[i - 1] + values[i]) / 2
            level = high
            contrast = (high - low) / np.sqrt(max(spread, LEAST_VARIANCE))
    return bar, level, contrast

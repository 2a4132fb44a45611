"""Stage 7: split clusters that two normal distributions explain better than one.

If a few saddles are much deeper than the others, the prominence threshold lies above the others.
A cluster is split along the border of two normal distributions under three conditions: they fit
its density better than one does, their joint density dips between them, and the border is a
saddle. A ring, a spiral or an even disc stays whole: two normal distributions do not fit it, or no
saddle separates them.
"""

import numpy as np
from numpy.typing import NDArray

from clusterer.cluster.density.density_estimate import DensityEstimate
from clusterer.cluster.density.flooding import EXPECTED, SEEN, Borders, list_borders, measure_level
from clusterer.cluster.density.gaussian_mixture import (
    fit_normal,
    fit_two_components,
    measure_dip,
    measure_log_likelihoods,
)
from clusterer.cluster.density.peaks import find_highest, find_members
from clusterer.cluster.density.saddles import Saddles

# Fewer prototypes show the density too coarsely. A split also needs at least as many prototypes as
# both covariances have parameters.
MIN_PROTOTYPES = 16
# Both are logarithms. The joint density dips at least so far between both centres; the whole
# border lies at least so far below the lower of both peaks. The border is pooled as in `flooding`
# and judged twice, by the points seen there and by the density alone, because in a sorted table
# hardly any points are seen between two prototypes.
MIN_DIP = 0.5
MIN_BORDER_DEPTH = 1.4
# A border where fewer points are expected proves nothing: curves are that thin.
MIN_EXPECTED = 20.0


def split_clusters(
    density: DensityEstimate,
    saddles: Saddles,
    peaks: NDArray[np.int64],
    is_noise: NDArray[np.bool_],
) -> NDArray[np.int64]:
    """Split clusters in two, and the parts again.

    Parameters
    ----------
    density : DensityEstimate
        The density of k prototypes.
    saddles : Saddles
        The saddles between neighbours.
    peaks : (k,) int64
        The peak of each one's cluster, -1 for none.
    is_noise : (k,) bool
        Prototypes that do not take part.

    Returns
    -------
    peaks : (k,) int64
        The peak of each one's cluster now. O(K d²) per EM iteration and cluster.
    """
    min_prototypes = count_needed(density.centers.shape[1])
    borders = list_borders(saddles)
    peaks = peaks.copy()
    waiting = np.flatnonzero(peaks == np.arange(len(peaks))).tolist()
    while waiting:
        peak = waiting.pop()
        members = find_members(peaks, is_noise, peak)
        if len(members) < min_prototypes:
            continue
        others = members[find_second_half(density, borders, members)]
        if len(others):
            other = find_highest(density, others)
            peaks[others] = other
            waiting += [peak, other]
    return peaks


def count_needed(n_features: int) -> int:
    """Fewest prototypes of a cluster that can be split."""
    return max(MIN_PROTOTYPES, n_features * (n_features + 1))


def find_second_half(
    density: DensityEstimate, borders: Borders, members: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Whether (m,) each member belongs to the half without the peak; all False for no split."""
    centers, variances = density.centers[members], density.variances[members]
    masses, log_density = density.masses[members], density.log_density[members]
    none = np.zeros(len(members), dtype=np.bool_)
    responsibilities = fit_two_components(centers, variances, masses)
    if responsibilities is None:
        return none
    is_first = responsibilities >= 0.5
    is_second = is_first != is_first[np.argmax(log_density)]
    if not is_second.any() or not is_border_saddle(density, borders, members, is_second):
        return none
    total = float(masses.sum())
    whole = fit_normal(centers, variances, masses, total)
    first = fit_normal(centers, variances, masses * responsibilities, total)
    second = fit_normal(centers, variances, masses * (1.0 - responsibilities), total)
    if measure_dip(first, second) < MIN_DIP:
        return none
    points = np.zeros(len(members))
    one = measure_log_likelihoods(whole, centers, points)
    two = np.logaddexp(
        measure_log_likelihoods(first, centers, points),
        measure_log_likelihoods(second, centers, points),
    )
    is_better = measure_misfit(log_density - two, masses) < measure_misfit(
        log_density - one, masses
    )
    return is_second if is_better else none


def measure_misfit(gaps: NDArray, masses: NDArray) -> float:
    """Variance over points of the gaps (m,) between two logarithms of a density."""
    shares = masses / masses.sum()
    return float(shares @ (gaps - shares @ gaps) ** 2)


def is_border_saddle(
    density: DensityEstimate,
    borders: Borders,
    members: NDArray[np.int64],
    is_second: NDArray[np.bool_],
) -> bool:
    """Whether the border of the two halves is a saddle, at which many points are expected."""
    sides = np.full(len(density.log_density), -1)
    sides[members] = is_second
    first, second = sides[borders.ends]
    # The sides are 0 and 1, and -1 for prototypes of other clusters.
    is_border = first + second == 1
    sums = borders.sums[is_border].sum(axis=0, keepdims=True)
    if sums[0, EXPECTED] < MIN_EXPECTED:
        return False
    level = measure_level(sums, 0)
    # Without the points seen there, the level follows from the density alone.
    sums[0, [SEEN, EXPECTED]] = 0.0
    level = max(level, measure_level(sums, 0))
    heights = density.log_density[members]
    lower = min(heights[is_second].max(), heights[~is_second].max())
    return bool(lower - level >= MIN_BORDER_DEPTH)

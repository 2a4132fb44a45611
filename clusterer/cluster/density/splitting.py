"""Stage 7: split clusters that two normal distributions explain better than one.

If a few saddles are much deeper than the others, the prominence threshold lies above the others.
A cluster is split along the border of two normal distributions under three conditions: they fit
its density better than one does, their joint density dips between them, and the border is a
saddle. A ring, a spiral or an even disc stays whole: two normal distributions do not fit it, or no
saddle separates them.
"""

from typing import Any

import numpy as np
from numba import njit

from clusterer.cluster.density.flooding import add_saddle, make_border_sums, measure_level
from clusterer.cluster.density.gaussian_mixture import (
    add_logs,
    fit_normal,
    fit_two_components,
    measure_dip,
    measure_log_likelihoods,
)
from clusterer.cluster.density.peaks import find_highest, find_members

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


@njit(cache=True, nogil=True)
def split_clusters(density: Any, saddles: Any, peaks: Any, is_noise: Any) -> Any:
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
    peaks = peaks.copy()
    waiting = [peak for peak in range(len(peaks)) if peaks[peak] == peak]
    while len(waiting) > 0:
        peak = waiting.pop()
        members = find_members(peaks, is_noise, peak)
        if len(members) < min_prototypes:
            continue
        others = members[find_second_half(density, saddles, members)]
        if len(others) > 0:
            other = find_highest(density, others)
            peaks[others] = other
            waiting.append(peak)
            waiting.append(other)
    return peaks


@njit(cache=True, nogil=True)
def count_needed(n_features: int) -> int:
    """Fewest prototypes of a cluster that can be split."""
    return max(MIN_PROTOTYPES, n_features * (n_features + 1))


@njit(cache=True, nogil=True)
def find_second_half(density: Any, saddles: Any, members: Any) -> Any:
    """Whether (m,) each member belongs to the half without the peak; all False for no split."""
    centers, variances = density.centers[members], density.variances[members]
    masses, log_density = density.masses[members], density.log_density[members]
    none = np.zeros(len(members), dtype=np.bool_)
    responsibilities = fit_two_components(centers, variances, masses)
    if len(responsibilities) == 0:
        return none
    is_first = responsibilities >= 0.5
    is_second = is_first != is_first[np.argmax(log_density)]
    if not is_second.any() or not is_border_saddle(density, saddles, members, is_second):
        return none
    total = masses.sum()
    whole = fit_normal(centers, variances, masses, total)
    first = fit_normal(centers, variances, masses * responsibilities, total)
    second = fit_normal(centers, variances, masses * (1.0 - responsibilities), total)
    if measure_dip(first, second) < MIN_DIP:
        return none
    points = np.zeros(len(members))
    one = measure_log_likelihoods(whole, centers, points)
    two = add_logs(
        measure_log_likelihoods(first, centers, points),
        measure_log_likelihoods(second, centers, points),
    )
    is_better = measure_misfit(log_density - two, masses) < measure_misfit(
        log_density - one, masses
    )
    return is_second if is_better else none


@njit(cache=True, nogil=True)
def measure_misfit(gaps: Any, masses: Any) -> float:
    """Variance over points of the gaps (m,) between two logarithms of a density."""
    mean = (masses * gaps).sum() / masses.sum()
    return (masses * (gaps - mean) ** 2).sum() / masses.sum()


@njit(cache=True, nogil=True)
def is_border_saddle(density: Any, saddles: Any, members: Any, is_second: Any) -> bool:
    """Whether the border of the two halves is a saddle, at which many points are expected."""
    sides = np.full(len(density.log_density), -1)
    sides[members] = np.where(is_second, 1, 0)
    sums = make_border_sums(2)
    for e in range(len(saddles.first)):
        side, other = sides[saddles.first[e]], sides[saddles.second[e]]
        if side >= 0 and other >= 0 and side != other:
            add_saddle(sums, saddles, e, 0, 1)
    lower = min(density.log_density[sides == 0].max(), density.log_density[sides == 1].max())
    if sums.expected[0, 1] < MIN_EXPECTED:
        return False
    level_with_seen = measure_level(sums, 0, 1)
    # Without the points seen there, the level follows from the density alone.
    sums.seen[:], sums.expected[:] = 0.0, 0.0
    return lower - max(level_with_seen, measure_level(sums, 0, 1)) >= MIN_BORDER_DEPTH

"""Splits: clusters that the bar has left in one, but that two normal distributions explain.

Where a few valleys are much deeper than others the bar lies above these. A cluster is parted along
the border of two normal distributions if these fit its density better than one, sink between them,
and that border is a valley. A ring, a spiral or an even disc is left: they are no two normal
distributions, or nothing parts these.
"""

from typing import Any

import numpy as np
from numba import njit

from clusterer.cluster.density.flooding import EXPECTED, SEEN, add_valley, measure_level
from clusterer.cluster.density.gaussian_mixture import (
    add_logs,
    fit_normal,
    fit_two,
    measure_dip,
    measure_logs,
)

# Fewer prototypes show a density too coarsely; nor fewer than both covariances have parameters.
LEAST_PROTOTYPES = 16
# In logarithms: how far the density of both sinks between them, and below the lower of their
# peaks on the whole border, pooled as in `clusterer.cluster.density.flooding`; the latter by what
# was seen there and by the prototypes alone, since of a sorted table hardly anything is seen
# between any two. A border at which few points would be expected tells nothing: curves are that
# thin.
DIP = 0.5
BORDER = 1.4
LEAST_EXPECTED = 20.0


@njit(cache=True, nogil=True)
def split_groups(land: Any, groups: Any, is_sunk: Any) -> Any:
    """Part what is two clusters, and the parts again; returns the peak (k,) of each.

    ``groups`` (k,) are the peaks before, -1 for none; those that are sunk (k,) shape nothing.
    O(K d²) a round of the fit and O(K) valleys, for each cluster.
    """
    least = max(LEAST_PROTOTYPES, land.n_features * (land.n_features + 1))
    groups = groups.copy()
    waiting = [peak for peak in range(len(groups)) if groups[peak] == peak]
    while len(waiting) > 0:
        peak = waiting.pop()
        members = np.flatnonzero((groups == peak) & ~is_sunk)
        if len(members) < least:
            continue
        others = members[find_other_half(land, members)]
        if len(others) > 0:
            other = others[np.argmax(land.heights[others])]
            groups[others] = other
            waiting.append(peak)
            waiting.append(other)
    return groups


@njit(cache=True, nogil=True)
def find_other_half(land: Any, members: Any) -> Any:
    """Whether (m,) each member belongs to the half without the peak; none where it is one."""
    places, variances = land.places[members], land.variances[members]
    masses, heights = land.masses[members], land.heights[members]
    nothing = np.zeros(len(members), dtype=np.bool_)
    parts = fit_two(places, variances, masses)
    if len(parts) == 0:
        return nothing
    is_first = parts >= 0.5
    is_other = is_first != is_first[np.argmax(heights)]
    if not is_other.any() or not is_parted(land, members, is_other):
        return nothing
    total = masses.sum()
    whole = fit_normal(places, variances, masses, total)
    first = fit_normal(places, variances, masses * parts, total)
    second = fit_normal(places, variances, masses * (1.0 - parts), total)
    if measure_dip(first, second) < DIP:
        return nothing
    still = np.zeros(len(members))
    one = measure_logs(whole, places, still)
    two = add_logs(measure_logs(first, places, still), measure_logs(second, places, still))
    is_better = measure_misfit(heights - two, masses) < measure_misfit(heights - one, masses)
    return is_other if is_better else nothing


@njit(cache=True, nogil=True)
def measure_misfit(gaps: Any, masses: Any) -> float:
    """Variance of the gaps (m,) between two logarithms of a density, by point."""
    mean = (masses * gaps).sum() / masses.sum()
    return (masses * (gaps - mean) ** 2).sum() / masses.sum()


@njit(cache=True, nogil=True)
def is_parted(land: Any, members: Any, is_other: Any) -> bool:
    """Whether the border of the two halves is a valley, where many points would be expected."""
    sides = np.full(len(land.heights), -1)
    sides[members] = np.where(is_other, 1, 0)
    valleys, sums = land.valleys, np.zeros((6, 2, 2))
    for e in range(len(valleys.first)):
        side, another = sides[valleys.first[e]], sides[valleys.second[e]]
        if side >= 0 and another >= 0 and side != another:
            add_valley(sums, valleys, e, 0, 1)
    lower = min(land.heights[sides == 0].max(), land.heights[sides == 1].max())
    if sums[EXPECTED, 0, 1] < LEAST_EXPECTED:
        return False
    seen = measure_level(sums, 0, 1)
    # As if nothing had been looked for there.
    sums[SEEN], sums[EXPECTED] = 0.0, 0.0
    return lower - max(seen, measure_level(sums, 0, 1)) >= BORDER

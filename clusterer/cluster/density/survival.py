"""Stage 6: find the clusters that were separate before and survive although they touch now.

Moving clusters touch for a while, and with a short half-life few points show the saddle between
them. If one cluster is found now where there were several before, each of these is fitted as a
normal distribution to the prototypes that it held. Two of them survive if they explain the
prototypes better than one normal distribution does: by at least twice the penalty for parameters
in the BIC of G. Schwarz, "Estimating the dimension of a model", Annals of Statistics 6(2), 1978.
Survival as a transition between clusterings is described by M. Spiliopoulou, I. Ntoutsi,
Y. Theodoridis, R. Schult, "MONIC: modeling and monitoring cluster transitions", KDD 2006.
"""

import math
from typing import Any

import numpy as np
from numba import njit

from clusterer.cluster.density.density_estimate import find_nearest
from clusterer.cluster.density.gaussian_mixture import (
    add_logs,
    fit_normal,
    measure_log_likelihoods,
    run_em,
)
from clusterer.cluster.density.peaks import find_highest, find_members

# By simulation: with a factor of 1, curves whose parts were separate by chance are torn.
BIC_FACTOR = 2.0
MAX_PREVIOUS = 16  # more clusters at one place are not clusters, and the fit would take long
START_RESPONSIBILITY = 0.98


@njit(cache=True, nogil=True)
def separate_survivors(
    density: Any, peaks: Any, is_noise: Any, previous: Any, min_mass: float
) -> Any:
    """Split each cluster that was several clusters before and still is.

    Parameters
    ----------
    density : DensityEstimate
        The density of k prototypes.
    peaks : (k,) int64
        The peak of each one's cluster, -1 for none.
    is_noise : (k,) bool
        Prototypes that do not take part.
    previous : (k,) int64
        The cluster to which each belonged before, -1 for none.
    min_mass : float
        Fewest points of a previous cluster that can survive.

    Returns
    -------
    peaks : (k,) int64
        The peak of each one's cluster now. O(K d²) per EM iteration and previous cluster.
    """
    separated = peaks.copy()
    for peak in range(len(peaks)):
        if peaks[peak] != peak:
            continue
        members = find_members(peaks, is_noise, peak)
        before, masses = previous[members], density.masses[members]
        candidates = find_heaviest(before, masses, min_mass)
        if len(candidates) < 2:
            continue
        survivors = assign_survivors(
            density.centers[members], density.variances[members], masses, before, candidates
        )
        for k in range(len(candidates)):
            part = members[survivors == k]
            if len(part) > 0:
                separated[part] = find_highest(density, part)
    return separated


# Plain loops, because NumPy's functions for these steps take seconds to compile.
@njit(cache=True, nogil=True)
def find_heaviest(previous: Any, masses: Any, min_mass: float) -> Any:
    """The previous clusters (n,) with enough mass, the heaviest first, at most `MAX_PREVIOUS`."""
    found, rest = np.empty(MAX_PREVIOUS, dtype=np.int64), previous.copy()
    n_found = 0
    while n_found < MAX_PREVIOUS:
        heaviest, most = -1, -1.0
        for i in range(len(rest)):
            if rest[i] < 0:
                continue
            gathered = 0.0
            for j in range(i, len(rest)):
                if rest[j] == rest[i]:
                    gathered += masses[j]
            # The first prototype of a cluster counts all of the cluster's mass.
            if gathered > most:
                heaviest, most = rest[i], gathered
        if heaviest < 0 or most < min_mass:
            break
        found[n_found] = heaviest
        n_found += 1
        for i in range(len(rest)):
            if rest[i] == heaviest:
                rest[i] = -1
    return found[:n_found]


@njit(cache=True, nogil=True)
def assign_survivors(
    centers: Any, variances: Any, masses: Any, previous: Any, candidates: Any
) -> Any:
    """Index (m,) of the surviving cluster of each prototype; ``candidates`` (n,) may merge."""
    numbers = np.full(len(previous), -1)
    for i in range(len(previous)):
        for k in range(len(candidates)):
            if previous[i] == candidates[k]:
                numbers[i] = k
    n_left = len(candidates)
    while n_left > 1:
        fill_from_nearest(centers, numbers)
        responsibilities = np.full((n_left, len(numbers)), (1.0 - START_RESPONSIBILITY) / n_left)
        for i in range(len(numbers)):
            responsibilities[numbers[i], i] += START_RESPONSIBILITY
        likelihood, logs = run_em(centers, variances, masses, responsibilities)
        if likelihood == -np.inf:
            target, removed = -1, int(np.argmin(responsibilities @ masses))
        else:
            target, removed, gain = find_weakest_pair(
                centers, variances, masses, responsibilities, logs
            )
            if gain >= BIC_FACTOR:
                for i in range(len(numbers)):
                    numbers[i] = np.argmax(responsibilities[:, i])
                return numbers
        n_left -= 1
        for i in range(len(numbers)):
            if numbers[i] == removed:
                numbers[i] = target
            elif numbers[i] > removed:
                numbers[i] -= 1
    return np.zeros(len(previous), dtype=np.int64)


@njit(cache=True, nogil=True)
def fill_from_nearest(centers: Any, numbers: Any) -> None:
    """Replace each -1 in ``numbers`` (m,) by the number of the nearest prototype with a number."""
    known = np.flatnonzero(numbers >= 0)
    nearest = find_nearest(centers, centers[known])
    for i in np.flatnonzero(numbers < 0):
        numbers[i] = numbers[known[nearest[i]]]


@njit(cache=True, nogil=True)
def find_weakest_pair(
    centers: Any, variances: Any, masses: Any, responsibilities: Any, logs: Any
) -> tuple[int, int, float]:
    """The pair of components that gains least over one component, and the gain.

    The gain in log-likelihood is divided by the penalty of the BIC.
    """
    n_features, total = centers.shape[1], masses.sum()
    n_parameters = 1 + n_features + n_features * (n_features + 1) / 2
    first, second, least = 0, 1, np.inf
    for a in range(len(responsibilities)):
        for b in range(a + 1, len(responsibilities)):
            own = masses * (responsibilities[a] + responsibilities[b])
            one = fit_normal(centers, variances, own, total)
            one_logs = measure_log_likelihoods(one, centers, variances)
            gain = (own * (add_logs(logs[a], logs[b]) - one_logs)).sum()
            gain /= 0.5 * n_parameters * math.log(max(own.sum(), math.e))
            if gain < least:
                first, second, least = a, b, gain
    return first, second, least

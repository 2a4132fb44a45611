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

import numpy as np
from numpy.typing import NDArray

from clusterer.cluster.density.density_estimate import DensityEstimate, measure_distances_to
from clusterer.cluster.density.gaussian_mixture import (
    fit_normal,
    measure_log_likelihoods,
    run_em,
)
from clusterer.cluster.density.peaks import find_highest, find_members

# By simulation: with a factor of 1, curves whose parts were separate by chance are torn.
BIC_FACTOR = 2.0
MAX_PREVIOUS = 16  # more clusters at one place are not clusters, and the fit would take long
START_RESPONSIBILITY = 0.98


def separate_survivors(
    density: DensityEstimate,
    peaks: NDArray[np.int64],
    is_noise: NDArray[np.bool_],
    previous: NDArray[np.int64],
    min_mass: float,
) -> NDArray[np.int64]:
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
    for peak in np.flatnonzero(peaks == np.arange(len(peaks))).tolist():
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
            if len(part):
                separated[part] = find_highest(density, part)
    return separated


def find_heaviest(previous: NDArray, masses: NDArray, min_mass: float) -> NDArray[np.int64]:
    """The previous clusters (n,) with enough mass, the heaviest first, at most `MAX_PREVIOUS`."""
    known = previous >= 0
    clusters, first, number = np.unique(previous[known], return_index=True, return_inverse=True)
    gathered = np.bincount(number, masses[known], minlength=len(clusters))
    # Of equals, the cluster of the first prototype.
    ranking = np.lexsort((first, -gathered))
    ranking = ranking[gathered[ranking] >= min_mass][:MAX_PREVIOUS]
    return clusters[ranking]


def assign_survivors(
    centers: NDArray,
    variances: NDArray,
    masses: NDArray,
    previous: NDArray,
    candidates: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Index (m,) of the surviving cluster of each prototype; ``candidates`` (n,) may merge."""
    numbers = np.full(len(previous), -1)
    for k, candidate in enumerate(candidates.tolist()):
        numbers[previous == candidate] = k
    n_left = len(candidates)
    while n_left > 1:
        fill_from_nearest(centers, numbers)
        responsibilities = np.full((n_left, len(numbers)), (1.0 - START_RESPONSIBILITY) / n_left)
        responsibilities[numbers, np.arange(len(numbers))] += START_RESPONSIBILITY
        likelihood, logs = run_em(centers, variances, masses, responsibilities)
        if likelihood == -np.inf:
            target, removed = -1, int(np.argmin(responsibilities @ masses))
        else:
            target, removed, gain = find_weakest_pair(
                centers, variances, masses, responsibilities, logs
            )
            if gain >= BIC_FACTOR:
                return np.argmax(responsibilities, axis=0)
        n_left -= 1
        is_removed = numbers == removed
        numbers[numbers > removed] -= 1
        numbers[is_removed] = target
    return np.zeros(len(previous), dtype=np.int64)


def fill_from_nearest(centers: NDArray, numbers: NDArray[np.int64]) -> None:
    """Replace each -1 in ``numbers`` (m,) by the number of the nearest prototype with a number."""
    known, unknown = np.flatnonzero(numbers >= 0), np.flatnonzero(numbers < 0)
    if not len(unknown):
        return
    squares, nearest = np.empty((len(unknown), len(known))), np.empty(len(unknown), np.int64)
    measure_distances_to(centers[unknown], centers[known], squares, nearest)
    numbers[unknown] = numbers[known[nearest]]


def find_weakest_pair(
    centers: NDArray,
    variances: NDArray,
    masses: NDArray,
    responsibilities: NDArray,
    logs: NDArray,
) -> tuple[int, int, float]:
    """The pair of components that gains least over one component, and the gain.

    The gain in log-likelihood is divided by the penalty of the BIC.
    """
    n_features, total = centers.shape[1], float(masses.sum())
    n_parameters = 1 + n_features + n_features * (n_features + 1) / 2
    first, second, least = 0, 1, np.inf
    for a in range(len(responsibilities)):
        for b in range(a + 1, len(responsibilities)):
            own = masses * (responsibilities[a] + responsibilities[b])
            if not own.any():
                # Masses near 0 have underflowed: no point tells the two apart.
                return a, b, 0.0
            one = fit_normal(centers, variances, own, total)
            one_logs = measure_log_likelihoods(one, centers, variances)
            gain = float(own @ (np.logaddexp(logs[a], logs[b]) - one_logs))
            gain /= 0.5 * n_parameters * math.log(max(own.sum(), math.e))
            if gain < least:
                first, second, least = a, b, gain
    return first, second, least

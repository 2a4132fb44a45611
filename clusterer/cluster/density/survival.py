"""Survivors: clusters that were told apart before, and that nothing says have become one.

Clusters that move touch for a while, and with a short memory few points tell of the valley between
them. Where one cluster is found now of what were several, each of these is taken as a normal
distribution and fitted from the prototypes that it held; it survives while both explain them
better than it and its neighbour do as one. Better is by twice what G. Schwarz, "Estimating the
dimension of a model", Annals of Statistics 6(2), 1978, asks for its parameters. What survives a
transition between clusterings is told as by M. Spiliopoulou, I. Ntoutsi, Y. Theodoridis,
R. Schult, "MONIC: modeling and monitoring cluster transitions", KDD 2006.
"""

import math
from typing import Any

import numpy as np
from numba import njit

from clusterer.cluster.density.gaussian_mixture import add_logs, fit_normal, measure_logs, refine
from clusterer.cluster.density.landscape import find_nearest

# By simulation: once, curves are torn whose parts were told apart by chance.
TIMES_ASKED = 2.0
MOST_KIN = 16  # more at one place would be no clusters, and take long
SURE = 0.98  # of the prototypes that a cluster held, as the fit starts


# Plain loops, as what NumPy has for them takes seconds to compile.
@njit(cache=True, nogil=True)
def part_survivors(land: Any, groups: Any, is_sunk: Any, known: Any, least: float) -> Any:
    """Part what were several clusters and still are; returns the peak (k,) of each.

    ``groups`` (k,) are the peaks before, -1 for none; those that are sunk (k,) shape nothing.
    ``known`` (k,) is the cluster that each belonged to, -1 for none, of which those count that
    hold at least a mass of ``least``. O(K d²) a round of the fit for each of them.
    """
    parted = groups.copy()
    for peak in range(len(groups)):
        if groups[peak] != peak:
            continue
        members = np.flatnonzero((groups == peak) & ~is_sunk)
        own, masses = known[members], land.masses[members]
        kin = list_kin(own, masses, least)
        if len(kin) < 2:
            continue
        parts = tell_survivors(land.places[members], land.variances[members], masses, own, kin)
        tops = np.full(len(kin), -1)
        for i in range(len(members)):
            top = tops[parts[i]]
            if top < 0 or land.heights[members[i]] > land.heights[top]:
                tops[parts[i]] = members[i]
        for i in range(len(members)):
            parted[members[i]] = tops[parts[i]]
    return parted


@njit(cache=True, nogil=True)
def list_kin(known: Any, masses: Any, least: float) -> Any:
    """The clusters (n,) that hold enough, the heaviest first; not too many."""
    kin, rest = np.empty(MOST_KIN, dtype=np.int64), known.copy()
    n_found = 0
    while n_found < MOST_KIN:
        heaviest, most = -1, -1.0
        for i in range(len(rest)):
            if rest[i] < 0:
                continue
            gathered = 0.0
            for j in range(i, len(rest)):
                if rest[j] == rest[i]:
                    gathered += masses[j]
            # Where it comes first, all of it is counted.
            if gathered > most:
                heaviest, most = rest[i], gathered
        if heaviest < 0 or most < least:
            break
        kin[n_found] = heaviest
        n_found += 1
        for i in range(len(rest)):
            if rest[i] == heaviest:
                rest[i] = -1
    return kin[:n_found]


@njit(cache=True, nogil=True)
def tell_survivors(places: Any, variances: Any, masses: Any, known: Any, kin: Any) -> Any:
    """The number (m,) of the cluster among ``kin`` (n,) that each prototype belongs to now."""
    numbers = np.full(len(known), -1)
    for i in range(len(known)):
        for k in range(len(kin)):
            if known[i] == kin[k]:
                numbers[i] = k
    n_kin = len(kin)
    while n_kin > 1:
        spread_known(places, numbers)
        parts = np.full((n_kin, len(numbers)), (1.0 - SURE) / n_kin)
        for i in range(len(numbers)):
            parts[numbers[i], i] += SURE
        likelihood, logs = refine(places, variances, masses, parts)
        if likelihood == -np.inf:
            into, gone = -1, int(np.argmin(parts @ masses))
        else:
            into, gone, gain = find_weakest(places, variances, masses, parts, logs)
            if gain >= TIMES_ASKED:
                for i in range(len(numbers)):
                    numbers[i] = np.argmax(parts[:, i])
                return numbers
        n_kin -= 1
        for i in range(len(numbers)):
            if numbers[i] == gone:
                numbers[i] = into
            elif numbers[i] > gone:
                numbers[i] -= 1
    return np.zeros(len(known), dtype=np.int64)


@njit(cache=True, nogil=True)
def spread_known(places: Any, numbers: Any) -> None:
    """Give those of ``numbers`` (m,) that are -1 that of the nearest one that is not."""
    given = np.flatnonzero(numbers >= 0)
    nearest = find_nearest(places, places[given])
    for i in np.flatnonzero(numbers < 0):
        numbers[i] = numbers[given[nearest[i]]]


@njit(cache=True, nogil=True)
def find_weakest(
    places: Any, variances: Any, masses: Any, parts: Any, logs: Any
) -> tuple[int, int, float]:
    """The two of (k, m) that explain least beyond what they do as one, and how much.

    That is the gain in the logarithm of the likelihood, by what is asked for the parameters.
    """
    n_features, total = places.shape[1], masses.sum()
    n_parameters = 1 + n_features + n_features * (n_features + 1) / 2
    first, second, least = 0, 1, np.inf
    for a in range(len(parts)):
        for b in range(a + 1, len(parts)):
            own = masses * (parts[a] + parts[b])
            one = measure_logs(fit_normal(places, variances, own, total), places, variances)
            gain = (own * (add_logs(logs[a], logs[b]) - one)).sum()
            gain /= 0.5 * n_parameters * math.log(max(own.sum(), math.e))
            if gain < least:
                first, second, least = a, b, gain
    return first, second, least

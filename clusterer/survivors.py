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

from .mixtures import add_logs, fit_normal, measure_logs, refine

# By simulation: once, curves are torn whose parts were told apart by chance.
TIMES_ASKED = 2.0
MOST_KIN = 16  # more at one place would be no clusters, and take long
SURE = 0.98  # of the prototypes that a cluster held, as the fit starts


@njit(cache=True, nogil=True)
def part_survivors(land: Any, groups: Any, is_sunk: Any, known: Any, least: float) -> Any:
    """Part what were several clusters and still are; returns the peak (k,) of each.

    ``groups`` (k,) are the peaks before, -1 for none; those that are sunk (k,) shape nothing.
    ``known`` (k,) is the cluster that each belonged to, -1 for none, of which those count that
    hold at least a mass of ``least``. O(K d²) a round of the fit for each of them.
    """
    groups = groups.copy()
    for peak in np.unique(groups[groups >= 0]):
        members = np.flatnonzero((groups == peak) & ~is_sunk)
        kin = list_kin(known[members], land.masses[members], least)
        if len(kin) < 2:
            continue
        parts = tell_survivors(
            land.places[members], land.variances[members], land.masses[members], known[members], kin
        )
        for part in np.unique(parts):
            own = members[parts == part]
            groups[own] = own[np.argmax(land.heights[own])]
    return groups


@njit(cache=True, nogil=True)
def list_kin(known: Any, masses: Any, least: float) -> Any:
    """The clusters (n,) that hold enough; of too many the heaviest."""
    kin = np.unique(known[known >= 0])
    gathered = np.empty(len(kin))
    for k in range(len(kin)):
        gathered[k] = masses[known == kin[k]].sum()
    heaviest = np.argsort(-gathered, kind="mergesort")[:MOST_KIN]
    return kin[np.sort(heaviest[gathered[heaviest] >= least])]


@njit(cache=True, nogil=True)
def tell_survivors(places: Any, variances: Any, masses: Any, known: Any, kin: Any) -> Any:
    """The number (m,) of the cluster among ``kin`` (n,) that each prototype belongs to now."""
    while len(kin) > 1:
        known = spread_known(places, known, kin)
        parts = np.empty((len(kin), len(known)))
        for k in range(len(kin)):
            parts[k] = np.where(known == kin[k], SURE, 0.0) + (1.0 - SURE) / len(kin)
        likelihood, logs = refine(places, variances, masses, parts)
        if likelihood == -np.inf:
            weights = np.array([(masses * part).sum() for part in parts])
            kin = np.delete(kin, np.argmin(weights))
            continue
        a, b, gain = find_weakest(places, variances, masses, parts, logs)
        if gain >= TIMES_ASKED:
            return np.array([np.argmax(parts[:, i]) for i in range(len(known))])
        known = np.where(known == kin[b], kin[a], known)
        kin = np.delete(kin, b)
    return np.zeros(len(places), dtype=np.int64)


@njit(cache=True, nogil=True)
def spread_known(places: Any, known: Any, kin: Any) -> Any:
    """The cluster (m,) of each, that of the nearest where it has none of ``kin`` (n,)."""
    is_kin = np.zeros(len(known), dtype=np.bool_)
    for cluster in kin:
        is_kin |= known == cluster
    its = np.flatnonzero(is_kin)
    spread = known.copy()
    for i in np.flatnonzero(~is_kin):
        spread[i] = known[its[np.argmin(((places[its] - places[i]) ** 2).sum(axis=1))]]
    return spread


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

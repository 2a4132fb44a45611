"""Mixtures: normal distributions that explain a cluster's prototypes together.

Fitted by the expectation-maximisation of A. P. Dempster, N. M. Laird, D. B. Rubin, "Maximum
likelihood from incomplete data via the EM algorithm", Journal of the Royal Statistical Society B
39(1), 1977. A prototype stands for all of its points: its likelihood is their mean one, as its
centre and variance tell it. No point is needed again.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

N_ROUNDS = 20
ENOUGH = 1e-3  # gained a round in the mean logarithm of the likelihood; less ends the fit
N_STARTS = 2
LEAST_SHARE = 0.02  # of the points; a normal distribution of less has found a few of them
LEAST_VARIANCE = 1e-9  # of all together; thinner, prototypes on a line would be infinitely likely
FIRM = 0.9  # how sure each start is of its halves
N_STEPS = 64  # places tried between two centres


class Normal(NamedTuple):
    """A normal distribution: its ``share`` of all points, ``center`` (d,), and covariance.

    That has the ``variances`` (d,) along the ``axes``, the columns of (d, d).
    """

    share: float
    center: NDArray[np.float64]
    variances: NDArray[np.float64]
    axes: NDArray[np.float64]


@njit(cache=True, nogil=True)
def fit_normal(places: Any, variances: Any, masses: Any, total: float) -> Any:
    """The normal distribution of prototypes (m, d) that stand for ``masses`` (m,) of points."""
    n_features = places.shape[1]
    mass = masses.sum()
    center = np.zeros(n_features)
    for i in range(len(masses)):
        center += masses[i] / mass * places[i]
    covariance = np.zeros((n_features, n_features))
    within = 0.0
    for i in range(len(masses)):
        within += masses[i] / mass * variances[i]
        for s in range(n_features):
            for t in range(n_features):
                gaps = (places[i, s] - center[s]) * (places[i, t] - center[t])
                covariance[s, t] += masses[i] / mass * gaps
    for t in range(n_features):
        covariance[t, t] += within
    found, axes = np.linalg.eigh(covariance)
    least = max(LEAST_VARIANCE * found.sum(), np.finfo(np.float64).tiny)
    return Normal(mass / total, center, np.maximum(found, least), axes)


@njit(cache=True, nogil=True)
def measure_logs(normal: Any, places: Any, variances: Any) -> Any:
    """Mean logarithm (m,) of share times density over the points of each prototype."""
    n_features = places.shape[1]
    base = math.log(normal.share) - 0.5 * n_features * math.log(2.0 * math.pi)
    base -= 0.5 * np.log(normal.variances).sum()
    logs = np.empty(len(places))
    for i in range(len(places)):
        square = 0.0
        for t in range(n_features):
            along = 0.0
            for s in range(n_features):
                along += (places[i, s] - normal.center[s]) * normal.axes[s, t]
            square += (along * along + variances[i]) / normal.variances[t]
        logs[i] = base - 0.5 * square
    return logs


@njit(cache=True, nogil=True)
def add_logs(logs: Any, others: Any) -> Any:
    """Logarithm (m,) of the sum of what two logarithms stand for."""
    highest = np.maximum(logs, others)
    return highest + np.log(np.exp(logs - highest) + np.exp(others - highest))


@njit(cache=True, nogil=True)
def fit_two(places: Any, variances: Any, masses: Any) -> Any:
    """How much (m,) each prototype belongs to the first of two; nothing (0,) where there are none.

    Tried from the halves along the longest axes of all; the likelier is taken.
    """
    whole = fit_normal(places, variances, masses, masses.sum())
    likeliest, best = -np.inf, np.empty(0)
    for k in range(min(N_STARTS, places.shape[1])):
        axis = whole.axes[:, places.shape[1] - 1 - k]
        parts = np.empty((2, len(masses)))
        for i in range(len(masses)):
            along = ((places[i] - whole.center) * axis).sum()
            parts[0, i] = FIRM if along > 0.0 else 1.0 - FIRM
        parts[1] = 1.0 - parts[0]
        likelihood, _ = refine(places, variances, masses, parts)
        if likelihood > likeliest:
            likeliest, best = likelihood, parts[0]
    return best


@njit(cache=True, nogil=True)
def refine(places: Any, variances: Any, masses: Any, parts: Any) -> tuple[float, Any]:
    """Fit normal distributions to their ``parts`` (k, m) of the prototypes, which are refined.

    Returns the mean logarithm of the likelihood after some rounds, minus infinity where one of
    them has lost nearly all, and the logarithms (k, m) of the density of each.
    """
    total, before, likelihood = masses.sum(), -np.inf, -np.inf
    logs = np.empty_like(parts)
    for _ in range(N_ROUNDS):
        for k in range(len(parts)):
            if (masses * parts[k]).sum() < LEAST_SHARE * total:
                return -np.inf, logs
            normal = fit_normal(places, variances, masses * parts[k], total)
            logs[k] = measure_logs(normal, places, variances)
        all_logs = logs[0]
        for k in range(1, len(parts)):
            all_logs = add_logs(all_logs, logs[k])
        for k in range(len(parts)):
            parts[k] = np.exp(logs[k] - all_logs)
        likelihood = (masses * all_logs).sum() / total
        if likelihood - before < ENOUGH:
            break
        before = likelihood
    return likelihood, logs


@njit(cache=True, nogil=True)
def measure_dip(first: Any, second: Any) -> float:
    """How far, in logarithms, the density of both sinks between their centres.

    Seen along the line on which they are best told apart, by R. A. Fisher, "The use of multiple
    measurements in taxonomic problems", Annals of Eugenics 7(2), 1936; 0 where it never does.
    """
    gap = second.center - first.center
    within = np.zeros((len(gap), len(gap)))
    for normal in (first, second):
        within += normal.share * (normal.axes * normal.variances) @ normal.axes.T
    line = np.linalg.solve(within, gap)
    length = (line * gap).sum()
    spreads = np.empty(2)
    for k, normal in enumerate((first, second)):
        along = normal.axes.T @ line
        spreads[k] = math.sqrt((along * along * normal.variances).sum())
    heights = np.empty(N_STEPS + 1)
    for step in range(N_STEPS + 1):
        way = step / N_STEPS * length
        heights[step] = first.share / spreads[0] * math.exp(-0.5 * (way / spreads[0]) ** 2)
        rest = (length - way) / spreads[1]
        heights[step] += second.share / spreads[1] * math.exp(-0.5 * rest**2)
    deepest = 0.0
    for step in range(1, N_STEPS):
        rim = min(heights[: step + 1].max(), heights[step:].max())
        if heights[step] < rim:
            deepest = max(deepest, math.log(rim / max(heights[step], np.finfo(np.float64).tiny)))
    return deepest

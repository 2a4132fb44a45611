"""Gaussian mixtures fitted to prototypes, for the stages of survival and splitting.

The EM algorithm of A. P. Dempster, N. M. Laird, D. B. Rubin, "Maximum likelihood from incomplete
data via the EM algorithm", Journal of the Royal Statistical Society B 39(1), 1977. A prototype
stands for all of its points: its log-likelihood is the mean over these points, which follows from
its centre and variance. The fit needs no past points.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

MAX_ITERATIONS = 20
TOLERANCE = 1e-3  # smallest gain per iteration in the mean log-likelihood
N_STARTS = 2
MIN_SHARE = 0.02  # of the points; a component with fewer has degenerated
# Of the variance along all axes; thinner, prototypes on a line would be infinitely likely.
MIN_VARIANCE_SHARE = 1e-9
START_RESPONSIBILITY = 0.9
N_STEPS = 64  # places between two centres at which the density is measured


class Normal(NamedTuple):
    """A component of a mixture: a normal distribution.

    Parameters
    ----------
    share : float
        Its share of all points.
    center : (d,)
        Its mean.
    variances : (d,)
        The eigenvalues of its covariance, ascending.
    axes : (d, d)
        The eigenvectors of its covariance, as columns.
    """

    share: float
    center: NDArray[np.float64]
    variances: NDArray[np.float64]
    axes: NDArray[np.float64]


@njit(cache=True, nogil=True)
def fit_normal(centers: Any, variances: Any, masses: Any, total: float) -> Any:
    """Fit a `Normal` to prototypes (m, d) that stand for ``masses`` (m,) of ``total`` points."""
    n_features = centers.shape[1]
    mass = masses.sum()
    center = np.zeros(n_features)
    for i in range(len(masses)):
        center += masses[i] / mass * centers[i]
    covariance = np.zeros((n_features, n_features))
    within = 0.0
    for i in range(len(masses)):
        within += masses[i] / mass * variances[i]
        for s in range(n_features):
            for t in range(n_features):
                product = (centers[i, s] - center[s]) * (centers[i, t] - center[t])
                covariance[s, t] += masses[i] / mass * product
    for t in range(n_features):
        covariance[t, t] += within
    eigenvalues, axes = np.linalg.eigh(covariance)
    least = max(MIN_VARIANCE_SHARE * eigenvalues.sum(), np.finfo(np.float64).tiny)
    return Normal(mass / total, center, np.maximum(eigenvalues, least), axes)


@njit(cache=True, nogil=True)
def measure_log_likelihoods(normal: Any, centers: Any, variances: Any) -> Any:
    """Mean (m,) over the points of each prototype of the logarithm of share times density."""
    n_features = centers.shape[1]
    base = math.log(normal.share) - 0.5 * n_features * math.log(2.0 * math.pi)
    base -= 0.5 * np.log(normal.variances).sum()
    logs = np.empty(len(centers))
    for i in range(len(centers)):
        square = 0.0
        for t in range(n_features):
            along = 0.0
            for s in range(n_features):
                along += (centers[i, s] - normal.center[s]) * normal.axes[s, t]
            square += (along * along + variances[i]) / normal.variances[t]
        logs[i] = base - 0.5 * square
    return logs


@njit(cache=True, nogil=True)
def add_logs(logs: Any, others: Any) -> Any:
    """Logarithm (m,) of the sum of two numbers given by their logarithms."""
    highest = np.maximum(logs, others)
    return highest + np.log(np.exp(logs - highest) + np.exp(others - highest))


@njit(cache=True, nogil=True)
def fit_two_components(centers: Any, variances: Any, masses: Any) -> Any:
    """Responsibility (m,) of the first of two components; (0,) if no fit succeeds.

    EM starts once from the halves along each of the two longest axes; the likelier fit counts.
    """
    whole = fit_normal(centers, variances, masses, masses.sum())
    highest, best = -np.inf, np.empty(0)
    for k in range(min(N_STARTS, centers.shape[1])):
        axis = whole.axes[:, centers.shape[1] - 1 - k]
        responsibilities = np.empty((2, len(masses)))
        for i in range(len(masses)):
            along = ((centers[i] - whole.center) * axis).sum()
            responsibilities[0, i] = (
                START_RESPONSIBILITY if along > 0.0 else 1.0 - START_RESPONSIBILITY
            )
        responsibilities[1] = 1.0 - responsibilities[0]
        likelihood, _ = run_em(centers, variances, masses, responsibilities)
        if likelihood > highest:
            highest, best = likelihood, responsibilities[0]
    return best


@njit(cache=True, nogil=True)
def run_em(centers: Any, variances: Any, masses: Any, responsibilities: Any) -> tuple[float, Any]:
    """Refine ``responsibilities`` (k, m) in place by the EM algorithm.

    Returns the mean log-likelihood, minus infinity if a component has lost nearly all points, and
    the log-likelihoods (k, m) of the prototypes under each component.
    """
    total, before, likelihood = masses.sum(), -np.inf, -np.inf
    logs = np.empty_like(responsibilities)
    for _ in range(MAX_ITERATIONS):
        for k in range(len(responsibilities)):
            if (masses * responsibilities[k]).sum() < MIN_SHARE * total:
                return -np.inf, logs
            normal = fit_normal(centers, variances, masses * responsibilities[k], total)
            logs[k] = measure_log_likelihoods(normal, centers, variances)
        mixture = logs[0]
        for k in range(1, len(responsibilities)):
            mixture = add_logs(mixture, logs[k])
        for k in range(len(responsibilities)):
            responsibilities[k] = np.exp(logs[k] - mixture)
        likelihood = (masses * mixture).sum() / total
        if likelihood - before < TOLERANCE:
            break
        before = likelihood
    return likelihood, logs


@njit(cache=True, nogil=True)
def measure_dip(first: Any, second: Any) -> float:
    """How far the logarithm of the joint density falls between two centres; 0 if it never does.

    Measured on the projection that separates both best: R. A. Fisher's linear discriminant, "The
    use of multiple measurements in taxonomic problems", Annals of Eugenics 7(2), 1936.
    """
    gap = second.center - first.center
    within = np.zeros((len(gap), len(gap)))
    for normal in (first, second):
        within += normal.share * (normal.axes * normal.variances) @ normal.axes.T
    discriminant = np.linalg.solve(within, gap)
    length = (discriminant * gap).sum()
    deviations = np.empty(2)
    for k, normal in enumerate((first, second)):
        along = normal.axes.T @ discriminant
        deviations[k] = math.sqrt((along * along * normal.variances).sum())
    heights = np.empty(N_STEPS + 1)
    for step in range(N_STEPS + 1):
        way = step / N_STEPS * length
        heights[step] = first.share / deviations[0] * math.exp(-0.5 * (way / deviations[0]) ** 2)
        rest = (length - way) / deviations[1]
        heights[step] += second.share / deviations[1] * math.exp(-0.5 * rest**2)
    dip = 0.0
    for step in range(1, N_STEPS):
        rim = min(heights[: step + 1].max(), heights[step:].max())
        if heights[step] < rim:
            dip = max(dip, math.log(rim / max(heights[step], np.finfo(np.float64).tiny)))
    return dip

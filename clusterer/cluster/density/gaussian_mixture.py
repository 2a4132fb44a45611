"""Gaussian mixtures fitted to prototypes, for the stages of survival and splitting.

The EM algorithm of A. P. Dempster, N. M. Laird, D. B. Rubin, "Maximum likelihood from incomplete
data via the EM algorithm", Journal of the Royal Statistical Society B 39(1), 1977. A prototype
stands for all of its points: its log-likelihood is the mean over these points, which follows from
its centre and variance. The fit needs no past points.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from clusterer.support.kernels import entry, inner

MAX_ITERATIONS = 20
TOLERANCE = 1e-3  # smallest gain per iteration in the mean log-likelihood
N_STARTS = 2
MIN_SHARE = 0.02  # of the points; a component with fewer has degenerated
# Of the variance along all axes; thinner, prototypes on a line would be infinitely likely.
MIN_VARIANCE_SHARE = 1e-9
START_RESPONSIBILITY = 0.9
TINY = float(np.finfo(np.float64).tiny)
LEAST_LOG = -1e300
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


def fit_normal(centers: NDArray, variances: NDArray, masses: NDArray, total: float) -> Normal:
    """Fit a `Normal` to prototypes (m, d) that stand for ``masses`` (m,) of ``total`` points."""
    mass = float(masses.sum())
    shares = masses / mass
    center = shares @ centers
    gaps = centers - center
    covariance = (gaps * shares[:, None]).T @ gaps
    covariance.flat[:: len(center) + 1] += shares @ variances
    eigenvalues, axes = np.linalg.eigh(covariance)
    least = max(MIN_VARIANCE_SHARE * float(eigenvalues.sum()), TINY)
    return Normal(mass / total, center, np.maximum(eigenvalues, least), axes)


def measure_log_likelihoods(normal: Normal, centers: NDArray, variances: NDArray) -> NDArray:
    """Mean (m,) over the points of each prototype of the logarithm of share times density."""
    n_features = centers.shape[1]
    base = math.log(normal.share) - 0.5 * n_features * math.log(2.0 * math.pi)
    base -= 0.5 * float(np.log(normal.variances).sum())
    along = (centers - normal.center) @ normal.axes
    squares = (along * along + variances[:, None]) / normal.variances
    # Finite, because the difference of two infinite ones would be NaN.
    return np.maximum(base - 0.5 * squares.sum(axis=1), LEAST_LOG)


def fit_two_components(
    centers: NDArray, variances: NDArray, masses: NDArray
) -> NDArray[np.float64] | None:
    """Responsibility (m,) of the first of two components; None if no fit succeeds.

    EM starts once from the halves along each of the two longest axes; the likelier fit counts.
    """
    whole = fit_normal(centers, variances, masses, float(masses.sum()))
    highest, best = -np.inf, None
    for axis in whole.axes.T[::-1][:N_STARTS]:
        is_above = (centers - whole.center) @ axis > 0.0
        first = np.where(is_above, START_RESPONSIBILITY, 1.0 - START_RESPONSIBILITY)
        responsibilities = np.array([first, 1.0 - first])
        likelihood, _ = run_em(centers, variances, masses, responsibilities)
        if likelihood > highest:
            highest, best = likelihood, responsibilities[0]
    return best


def run_em(
    centers: NDArray, variances: NDArray, masses: NDArray, responsibilities: NDArray
) -> tuple[float, NDArray[np.float64]]:
    """Refine ``responsibilities`` (k, m) in place by the EM algorithm.

    Returns the mean log-likelihood, minus infinity if a component has lost nearly all points, and
    the log-likelihoods (k, m) of the prototypes under each component.
    """
    n_features = centers.shape[1]
    logs = np.empty_like(responsibilities)
    likelihood = iterate_em(
        np.ascontiguousarray(centers),
        variances,
        masses,
        responsibilities,
        logs,
        np.empty((n_features, n_features)),
        np.empty(n_features),
        np.empty(len(masses)),
    )
    return likelihood, logs


@entry
def iterate_em(
    centers: Any,
    variances: Any,
    masses: Any,
    responsibilities: Any,
    logs: Any,
    factor: Any,
    center: Any,
    mixture: Any,
) -> float:
    """Iterate `run_em`; the last three arguments, (d, d), (d,) and (m,), are scratch."""
    n_components, n_prototypes = responsibilities.shape
    total = 0.0
    for i in range(n_prototypes):
        total += masses[i]
    before = likelihood = -np.inf
    for _ in range(MAX_ITERATIONS):
        for k in range(n_components):
            share = fit_component(centers, variances, masses, responsibilities, k, factor, center)
            share /= total
            if share < MIN_SHARE:
                return -np.inf
            measure_component(centers, variances, share, factor, center, logs, k)
        likelihood = 0.0
        for i in range(n_prototypes):
            highest = -np.inf
            for k in range(n_components):
                highest = max(highest, logs[k, i])
            mixture[i] = 0.0
            for k in range(n_components):
                mixture[i] += math.exp(logs[k, i] - highest)
            mixture[i] = highest + math.log(mixture[i])
            likelihood += masses[i] / total * mixture[i]
            for k in range(n_components):
                responsibilities[k, i] = math.exp(logs[k, i] - mixture[i])
        if likelihood - before < TOLERANCE:
            break
        before = likelihood
    return likelihood


@inner
def fit_component(
    centers: Any,
    variances: Any,
    masses: Any,
    responsibilities: Any,
    k: int,
    factor: Any,
    center: Any,
) -> float:
    """Write the mean of component k, and the inverse of its covariance's Cholesky factor.

    Returns the number of its points.
    """
    n_prototypes, n_features = centers.shape
    mass = 0.0
    for i in range(n_prototypes):
        mass += masses[i] * responsibilities[k, i]
    if mass <= 0.0:
        return 0.0
    within = 0.0
    for t in range(n_features):
        center[t] = 0.0
        for s in range(t + 1):
            factor[t, s] = 0.0
    for i in range(n_prototypes):
        share = masses[i] * responsibilities[k, i] / mass
        within += share * variances[i]
        for t in range(n_features):
            center[t] += share * centers[i, t]
    for i in range(n_prototypes):
        share = masses[i] * responsibilities[k, i] / mass
        for t in range(n_features):
            for s in range(t + 1):
                product = (centers[i, t] - center[t]) * (centers[i, s] - center[s])
                factor[t, s] += share * product
    trace = 0.0
    for t in range(n_features):
        factor[t, t] += within
        trace += factor[t, t]
    invert_cholesky_factor(factor, max(MIN_VARIANCE_SHARE * trace, TINY))
    return mass


@inner
def invert_cholesky_factor(matrix: Any, least: float) -> None:
    """Replace the lower half of a covariance matrix by the inverse of its Cholesky factor.

    A variance that remains along an axis, given the axes before it, counts at least ``least``.
    """
    n_rows = matrix.shape[0]
    for t in range(n_rows):
        for s in range(t + 1):
            value = matrix[t, s]
            for r in range(s):
                value -= matrix[t, r] * matrix[s, r]
            if s == t:
                matrix[t, t] = math.sqrt(max(value, least))
            else:
                matrix[t, s] = value / matrix[s, s]
    for t in range(n_rows):
        matrix[t, t] = 1.0 / matrix[t, t]
        for s in range(t):
            value = 0.0
            for r in range(s, t):
                value -= matrix[t, r] * matrix[r, s]
            matrix[t, s] = value * matrix[t, t]


@inner
def measure_component(
    centers: Any, variances: Any, share: float, factor: Any, center: Any, logs: Any, k: int
) -> None:
    """Write `measure_log_likelihoods` of component k into ``logs[k]``."""
    n_prototypes, n_features = centers.shape
    trace = 0.0
    base = math.log(share) - 0.5 * n_features * math.log(2.0 * math.pi)
    for t in range(n_features):
        base += math.log(factor[t, t])
        for s in range(t + 1):
            trace += factor[t, s] * factor[t, s]
    for i in range(n_prototypes):
        square = variances[i] * trace
        for t in range(n_features):
            along = 0.0
            for s in range(t + 1):
                along += factor[t, s] * (centers[i, s] - center[s])
            square += along * along
        logs[k, i] = base - 0.5 * square


def measure_dip(first: Normal, second: Normal) -> float:
    """How far the logarithm of the joint density falls between two centres; 0 if it never does.

    Measured on the projection that separates both best: R. A. Fisher's linear discriminant, "The
    use of multiple measurements in taxonomic problems", Annals of Eugenics 7(2), 1936.
    """
    gap = second.center - first.center
    within = np.zeros((len(gap), len(gap)))
    for normal in (first, second):
        within += normal.share * (normal.axes * normal.variances) @ normal.axes.T
    discriminant = np.linalg.solve(within, gap)
    length = float(discriminant @ gap)
    way = np.linspace(0.0, length, N_STEPS + 1)
    heights = np.zeros(N_STEPS + 1)
    for normal, distance in ((first, way), (second, length - way)):
        along = normal.axes.T @ discriminant
        deviation = math.sqrt(float((along * along * normal.variances).sum()))
        heights += normal.share / deviation * np.exp(-0.5 * (distance / deviation) ** 2)
    before, after = np.maximum.accumulate(heights), np.maximum.accumulate(heights[::-1])[::-1]
    rims = np.minimum(before, after)
    return float(np.log(rims / np.maximum(heights, TINY)).max(initial=0.0))

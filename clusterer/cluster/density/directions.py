"""Stage 0: with many features, keep the directions in which the prototypes differ.

A density cannot be estimated in a hundred features: between any two prototypes it seems to fall.
But k clusters differ only in the k - 1 directions of their centres. A direction is kept if the
centres vary along it more than the points around their centres do.

K. Pearson, "On lines and planes of closest fit to systems of points in space", Philosophical
Magazine 2(11), 1901. The prototypes stand for the points, so no second pass is needed.
"""

import numpy as np
from numpy.typing import NDArray

FEW_FEATURES = 3  # so few features need no choice
# Many clusters that are well apart differ by little along each single direction: 20 clusters in 24
# features, 8 deviations apart, vary 1.3 times as much as the points around their centres.
MIN_RATIO = 1.0
MIN_KEPT = 2
ROUNDING = 1e-9  # of the largest variance


def find_directions(
    centers: NDArray, weights: NDArray, scatters: NDArray, masses: NDArray
) -> NDArray[np.float64] | None:
    """Return the directions (d, q) to keep, of unit length; None to keep all features.

    O(m d min(m, d)).

    Parameters
    ----------
    centers : (m, d), weights : (m,), scatters : (m,), masses : (m,)
        The prototypes; ``masses`` are the numbers of their points.

    Examples
    --------
    >>> random = np.random.default_rng(0)
    >>> centers = 0.1 * random.normal(size=(40, 50))
    >>> centers[:20, 7] += 9.0
    >>> axes = find_directions(centers, np.ones(40), np.full(40, 50.0), np.ones(40))
    >>> axes.shape, bool(abs(axes[7, 0]) > 0.99)
    ((50, 2), True)
    """
    n_features = centers.shape[1]
    total = float(masses.sum())
    if n_features <= FEW_FEATURES or len(centers) <= MIN_KEPT or not total > 0.0:
        return None
    shares = masses / total
    gaps = (centers - shares @ centers) * np.sqrt(shares)[:, None]
    if n_features <= len(centers):
        squares, axes = np.linalg.eigh(gaps.T @ gaps)
    else:
        squares, mixtures = np.linalg.eigh(gaps @ gaps.T)
        axes = gaps.T @ mixtures / np.sqrt(np.maximum(squares, np.finfo(np.float64).tiny))
    within = float(scatters.sum() / (weights.sum() * n_features))
    is_kept = (squares > MIN_RATIO * within) & (squares > ROUNDING * squares[-1])
    n_kept = max(int(np.count_nonzero(is_kept)), MIN_KEPT)
    if n_kept >= n_features or not squares[-MIN_KEPT] > ROUNDING * squares[-1]:
        return None
    # The eigenvalues come in ascending order.
    return np.ascontiguousarray(axes[:, : -n_kept - 1 : -1])

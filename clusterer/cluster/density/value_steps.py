"""The steps of features with whole numbers, such as hours, ages, ratings and counts.

Rounding to whole steps adds the variance of an even cell, one step wide, to every value. Without
this variance each value of such a feature would be a peak of the density: a prototype that holds
one value has no spread. W. F. Sheppard, "On the calculation of the most probable values of
frequency-constants", Proceedings of the London Mathematical Society 29, 1898.
"""

from numpy.typing import NDArray

CELL_DIVISOR = 12.0  # width² / 12 is the variance of an even cell
# A feature of fewer values stands for categories, which no number lies between.
MIN_VALUES = 5


def measure_step_variance(centers: NDArray, steps: NDArray) -> float:
    """Return the variance of rounding, averaged over the features.

    Parameters
    ----------
    centers : (m, d)
        The centres of the prototypes.
    steps : (d,)
        The smallest difference of two successive values of each feature, 0 for unknown. For a
        measured feature it is next to 0.

    Examples
    --------
    >>> import numpy as np
    >>> centers = np.array([[0.0, 0.3], [6.0, 0.1], [3.0, 0.2]])
    >>> measure_step_variance(centers, np.array([1.0, 0.0]))
    0.041666666666666664
    >>> measure_step_variance(centers, np.array([2.0, 0.0]))
    0.0
    """
    extents = centers.max(axis=0) - centers.min(axis=0)
    is_number = extents >= (MIN_VALUES - 1.5) * steps
    return float((steps[is_number] ** 2).sum()) / (CELL_DIVISOR * len(steps))

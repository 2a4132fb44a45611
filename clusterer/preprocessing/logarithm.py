"""The logarithm of heavy-tailed features, defined for all numbers, and when it is advised.

The logarithm of a value x is asinh(x / 2c) with the unit c of its feature. From a few units on it
equals ln(x / c); it is 0 at 0, and it keeps the sign of negative values, so no row is lost. See
J. Burbidge, L. Magee, A. Robb, "Alternative transformations to handle extreme values of the
dependent variable", Journal of the American Statistical Association 83, 1988.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

UNIT_LEVEL = 0.05
"""The unit of a feature is this quantile of its absolute values other than 0."""

MIN_SKEWNESS = 2.0
"""The skewness of an exponential distribution, from which on a column is heavy-tailed."""

MAX_KEPT_SHARE = 0.5
"""The logarithm is advised if it leaves at most this share of the skewness."""

LARGEST_RATIO = float(np.finfo(np.float64).max)

MAX_LOGARITHM = 710.0
"""Limit for values that are converted back: beyond it they would be infinite."""


@dataclass(frozen=True)
class Logarithm:
    """What a sample tells about the logarithm of a feature.

    Parameters
    ----------
    unit : float
        The unit c, above 0.
    mean, std : float
        Of the logarithms of the sample.
    is_advised : bool
        Whether the feature is heavy-tailed and its logarithm is not: no value is negative, the
        skewness is at least 2, and the logarithm leaves at most half of it.
    """

    unit: float
    mean: float
    std: float
    is_advised: bool


def take_logarithm(values: ArrayLike, unit: float) -> NDArray[np.float64]:
    """Return asinh(x / 2c) of each value x; ``unit`` is c.

    >>> take_logarithm([0.0, 100.0, -100.0], 1.0).round(3).tolist(), np.log(100.0).round(3)
    ([0.0, 4.605, -4.605], np.float64(4.605))
    """
    # Halves, because twice a unit can overflow; a ratio beyond the largest number counts as that.
    with np.errstate(over="ignore"):
        ratios = np.asarray(values, np.float64) / 2 / unit
    return np.arcsinh(np.clip(ratios, -LARGEST_RATIO, LARGEST_RATIO))


def undo_logarithm(logarithms: ArrayLike, unit: float) -> NDArray[np.float64]:
    """Return the values with these logarithms.

    >>> undo_logarithm(take_logarithm([0.0, 100.0], 3.0), 3.0).round(9).tolist()
    [0.0, 100.0]
    """
    limited = np.clip(logarithms, -MAX_LOGARITHM, MAX_LOGARITHM)
    with np.errstate(over="ignore"):
        values = np.sinh(limited) * unit * 2
    return np.nan_to_num(values, nan=np.nan)


def measure_logarithm(values: NDArray[np.float64]) -> Logarithm | None:
    """Return what finite values (n,) tell about their logarithm; None if it cannot be taken.

    >>> spent = np.random.default_rng(0).lognormal(5, 1, 1_000)
    >>> measure_logarithm(spent).is_advised, measure_logarithm(spent + 1_000).is_advised
    (True, False)
    >>> measure_logarithm(np.zeros(3))
    """
    sizes = np.sort(np.abs(values[values != 0.0]))
    if not sizes.size:
        return None
    unit = float(sizes[int(UNIT_LEVEL * (sizes.size - 1))])
    logarithms = take_logarithm(values, unit)
    is_advised = False
    if values.min() >= 0.0:
        before = measure_skewness(values)
        after = abs(measure_skewness(logarithms))
        is_advised = before >= MIN_SKEWNESS and after <= MAX_KEPT_SHARE * before
    return Logarithm(unit, float(logarithms.mean()), float(logarithms.std()), bool(is_advised))


def measure_skewness(values: NDArray[np.float64]) -> float:
    """Return the skewness of values (n,): the third standardised moment; 0 if all are equal.

    >>> measure_skewness(np.array([0.0, 0.0, 0.0, 4.0])).__round__(3)
    1.155
    """
    size = float(np.abs(values).max(initial=0.0)) or 1.0
    shares = values / size
    gaps = shares - shares.mean()
    spread = float(np.sqrt(np.mean(gaps**2)))
    return float(np.mean((gaps / spread) ** 3)) if spread > 0.0 else 0.0

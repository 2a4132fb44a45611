"""The range of the numbers of a state: within this range no step of learning overflows.

A stream stays within the range, since `.learn_loop.find_refused` refuses points that are too far
away. Files, new units and other models could leave it.
"""

import numpy as np
from numpy.typing import NDArray

from clusterer.cluster.prototypes.learn_loop import LARGEST_COORDINATE
from clusterer.cluster.prototypes.state import State
from clusterer.cluster.prototypes.state_layout import (
    DECAYED_COUNT,
    MEAN,
    RECENT_MEAN,
    RECENT_SQUARES,
    RECENT_STEPS,
    SCALE,
    SQUARES,
)

MAX_COORDINATE = 2 * LARGEST_COORDINATE
MAX_SQUARE = 1e300
MAX_SEEN = 2**53  # beyond it a float cannot count every point
# A weight may be too small for a float where its scatter is not.
SPARE_SCATTER = 1.0


def find_overflow(state: State) -> str:
    """Return the name of a quantity that is too large to learn with, or an empty text.

    Used after a change of all numbers at once, since a check takes O(K d).

    >>> state = State(n_features=1, n_prototypes=2, rule=0)
    >>> find_overflow(state)
    ''
    >>> state.mean[:] = np.inf
    >>> find_overflow(state)
    'coordinates'
    """
    features, scalars = state.features, state.scalars
    coordinates = (state.inner_centers, features[[MEAN, RECENT_MEAN]])
    squares = (features[[RECENT_SQUARES, RECENT_STEPS]], state.inner_scatters, scalars[SQUARES])
    # Written such that NaN is too large as well.
    if not all((np.abs(each) <= MAX_COORDINATE).all() for each in coordinates):
        return "coordinates"
    if not are_in_data_units(state.inner_centers, state.origin, scalars[SCALE]):
        return "coordinates"
    if not all((each <= MAX_SQUARE).all() for each in squares):
        return "squared deviations"
    if not has_finite_variances(
        scalars[SQUARES], scalars[DECAYED_COUNT], state.inner_scatters, state.weights
    ):
        return "variances"
    return "" if state.n_seen <= MAX_SEEN else "number of points"


def are_in_data_units(centers: NDArray, origin: NDArray, scale: float) -> bool:
    """Whether inner coordinates (m, d) are finite numbers in the units of the data."""
    with np.errstate(over="ignore", invalid="ignore"):
        unit = 1.0 / scale if scale else 1.0
        return bool(np.isfinite(centers * unit + origin).all() and np.isfinite(origin).all())


def has_finite_variances(squares: float, count: float, scatters: NDArray, weights: NDArray) -> bool:
    """Whether the variances of the stream and of all prototypes (m,) are within the range."""
    # A product that overflows is no limit.
    with np.errstate(over="ignore"):
        is_within = scatters <= MAX_SQUARE * weights + SPARE_SCATTER
    return float(squares) <= MAX_SQUARE * float(count) and bool(is_within.all())

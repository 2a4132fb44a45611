"""What may happen to a prototype: it is placed, drawn to a point, merged with another, faded."""

from typing import Any

from numba import njit

from clusterer.cluster.prototypes.state_layout import (
    COUNT,
    ID,
    KNOWN,
    LAST_SEEN,
    LINKED,
    MASS,
    PLAIN,
    SCATTER,
    WEIGHT,
    measure_mass,
)
from clusterer.cluster.prototypes.timestamps import LEAST_COUNT, join_times, start_times


@njit(cache=True, nogil=True, forceinline=True)
def place(floats: Any, ints: Any, slot: int, point: Any, label: int, rule: int) -> None:
    """Start a prototype at the point, of weight 0: the point counts in its nearest already."""
    n_features = point.shape[0]
    for t in range(n_features):
        floats[t, slot] = point[t]
    floats[n_features + WEIGHT, slot] = 0.0
    floats[n_features + COUNT, slot] = 0.0
    floats[n_features + SCATTER, slot] = 0.0
    floats[n_features + MASS, slot] = measure_mass(0.0, rule)
    start_times(floats, slot, n_features, label)
    ints[ID, slot] = label
    ints[LAST_SEEN, slot] = label
    ints[LINKED, slot] = 0
    ints[KNOWN, slot] = -1


@njit(cache=True, nogil=True, forceinline=True)
def attract(
    floats: Any, ints: Any, j: int, point: Any, distance: float, k: float, rule: int
) -> tuple[float, float, float]:
    """Move prototype j towards the point.

    Returns their squared distance afterwards, the share of the way that j went, and the sum of
    the squares that its rounding depends on.
    """
    n_features = point.shape[0]
    before = floats[n_features + WEIGHT, j]
    weight = before + k
    floats[n_features + WEIGHT, j] = weight
    floats[n_features + COUNT, j] += 1.0
    if weight == 0.0:
        return distance, 0.0, 0.0
    f = k / weight
    rest = before / weight  # 1 - f, without its cancellation
    left = 0.0
    size = distance
    for t in range(n_features):
        gap = point[t] - floats[t, j]
        # From the heavier end: nothing is lost beside far outliers, and a first step ends on the
        # point itself, or rounding would decide which of such twins merge.
        center = point[t] - rest * gap if before < k else floats[t, j] + f * gap
        floats[t, j] = center
        gap = point[t] - center
        left += gap * gap
        size += center * center
    floats[n_features + SCATTER, j] += k * rest * distance
    floats[n_features + MASS, j] = measure_mass(weight, rule)
    return left, f, size


@njit(cache=True, nogil=True, forceinline=True)
def merge_pair(
    floats: Any, ints: Any, a: int, b: int, n_features: int, rule: int
) -> tuple[int, int, float, float]:
    """The heavier takes the lighter in.

    Returns the slots kept and freed, the share of the way to the other that the kept one went,
    and the sum of the squares that its rounding depends on.
    """
    weight = n_features + WEIGHT
    if floats[weight, b] > floats[weight, a]:
        a, b = b, a
    heavy = floats[weight, a]
    light = floats[weight, b]
    total = heavy + light
    share = light / total if total > 0.0 else 0.5
    size = 0.0
    if share > 0.0:
        distance = 0.0
        for t in range(n_features):
            gap = floats[t, b] - floats[t, a]
            distance += gap * gap
            floats[t, a] += share * gap
            size += floats[t, a] * floats[t, a]
        floats[n_features + SCATTER, a] += (
            floats[n_features + SCATTER, b] + heavy * share * distance
        )
        floats[weight, a] = total
        floats[n_features + MASS, a] = measure_mass(total, rule)
        size += distance
    join_times(floats, a, b, n_features)
    floats[n_features + COUNT, a] += floats[n_features + COUNT, b]
    ints[LAST_SEEN, a] = max(ints[LAST_SEEN, a], ints[LAST_SEEN, b])
    return a, b, share, size


@njit(cache=True, nogil=True)
def fade(floats: Any, n_features: int, gamma: float, rule: int) -> None:
    """Let all that was learned count ``gamma`` times as much."""
    for i in range(floats.shape[1]):
        share = gamma if floats[n_features + COUNT, i] > LEAST_COUNT else 1.0
        floats[n_features + WEIGHT, i] *= share
        floats[n_features + COUNT, i] *= share
        floats[n_features + SCATTER, i] *= share
    if rule != PLAIN:
        for i in range(floats.shape[1]):
            floats[n_features + MASS, i] = measure_mass(floats[n_features + WEIGHT, i], rule)

"""Compiled search over prototypes: distances, the nearest one, the closest pair.

State lives in two arrays, one column per slot, the number of slots padded to whole vectors:

* ``floats`` ``(d + 11, n_slots)``: d rows of centres, then the rows counted from ``d`` below;
* ``ints`` ``(4, n_slots)``: ``NEIGHBOUR``, ``ID``, ``LAST_SEEN``, ``LINKED``.

``scalars`` holds the fields ``N_TAKEN`` … ``NEXT_LOOK``, then d running means and d origins.
Coordinates inside are ``(x - origin) * scale``: the origin is the first point, and the scale the
power of two that brings the first step away from it near 1, so neither a large offset nor a tiny
or huge unit costs any precision.

Empty slots hold centres at infinity, so that no loop needs to know how many are taken.

The closest pair is kept by one lower bound a row. ``BOUND[i]`` bounds from below the cost of every
pair that row i answers for, and every pair is answered for by the row that changed last. So a
change of prototype i costs one scan of row i, O(K d), and touches no other row; a bound that has
come to lie too low is found out only when it comes up as the smallest.
"""

import math
from typing import Any

import numpy as np
from numba import njit

WEIGHT, COUNT, SCATTER, MASS, BOUND = range(5)
TIME, TIME_SPREAD, RECENT, RECENT_TIME, RECENT_SPREAD, TOTAL = range(5, 11)  # see clusterer.times
NEIGHBOUR, ID, LAST_SEEN, LINKED = range(4)
N_STATE_ROWS = 11
N_INT_ROWS = 4
LANES = 8
FRACTION = (1 << 52) - 1
SHAVE = 1.0 - 2.0**-40  # keeps a bound a bound under rounding

N_TAKEN, N_SEEN, FADED_COUNT, SQUARES, SCALE, LINK_UNIT = range(6)
RECENT_UNIT, STEPS, FADING, NEXT_LOOK = range(6, 10)
N_SCALARS = 10

MERGE_RULES = ("plain", "log-min", "ward", "log-ward")
PLAIN, LOG_MIN, WARD, LOG_WARD = range(4)

# NaN never gets in, so these two are exact; without them LLVM does not vectorise a minimum.
EXACT_MINIMUM = {"nnan", "nsz"}


@njit(cache=True, nogil=True, forceinline=True)
def find_first(values: Any, row: int, target: float) -> int:
    """Lowest slot of ``values[row]`` that holds ``target``."""
    n_slots = values.shape[1]
    slot = n_slots
    for i in range(n_slots):
        slot = min(slot, i if values[row, i] == target else n_slots)
    return slot


@njit(cache=True, nogil=True, forceinline=True)
def find_ends(values: Any, row: int, target: float) -> tuple[int, int]:
    """Lowest and highest slot of ``values[row]`` that hold ``target``."""
    n_slots = values.shape[1]
    first, last = n_slots, -1
    for i in range(n_slots):
        first = min(first, i if values[row, i] == target else n_slots)
        last = max(last, i if values[row, i] == target else -1)
    return first, last


@njit(cache=True, nogil=True, forceinline=True, fastmath=EXACT_MINIMUM)
def find_minimum(values: Any, row: int) -> float:
    """Smallest value of ``values[row]``."""
    smallest = np.inf
    for i in range(values.shape[1]):
        smallest = values[row, i] if values[row, i] < smallest else smallest
    return smallest


@njit(cache=True, nogil=True, forceinline=True)
def interpolate_log2(value: float) -> float:
    """log2, linear between powers of two: the same bits on every machine, and no call to libm."""
    # The bits of a double are its exponent, biased by 1023, and 52 bits of its fraction.
    bits = np.float64(value).view(np.int64)
    return float((bits >> 52) - 1023) + float(bits & FRACTION) * 2.0**-52


@njit(cache=True, nogil=True, forceinline=True, fastmath=EXACT_MINIMUM)
def fill_distances(floats: Any, point: Any, buffer: Any) -> float:
    """Squared distance of ``point`` to every slot into ``buffer[0]``; returns the smallest.

    Terms are added in the order of the features in every branch, so the bits never differ.
    """
    n_slots = floats.shape[1]
    n_features = point.shape[0]
    if n_features == 2:
        p0 = point[0]
        p1 = point[1]
        for i in range(n_slots):
            a = floats[0, i] - p0
            b = floats[1, i] - p1
            buffer[0, i] = a * a + b * b
    else:
        for i in range(n_slots):
            buffer[0, i] = 0.0
        t = 0
        while t + 4 <= n_features:
            p0 = point[t]
            p1 = point[t + 1]
            p2 = point[t + 2]
            p3 = point[t + 3]
            for i in range(n_slots):
                a = floats[t, i] - p0
                b = floats[t + 1, i] - p1
                c = floats[t + 2, i] - p2
                e = floats[t + 3, i] - p3
                buffer[0, i] = buffer[0, i] + a * a + b * b + c * c + e * e
            t += 4
        while t < n_features:
            p0 = point[t]
            for i in range(n_slots):
                a = floats[t, i] - p0
                buffer[0, i] += a * a
            t += 1
    return find_minimum(buffer, 0)


@njit(cache=True, nogil=True)
def measure_mass(weight: float, rule: int) -> float:
    """What the merge rule needs to know of a prototype's weight."""
    if rule == PLAIN:
        return 1.0
    if rule == LOG_MIN:
        return interpolate_log2(2.0 + weight)
    return weight + 1.0


@njit(cache=True, nogil=True, forceinline=True)
def weigh(distance: float, mass: float, other: float, rule: int) -> float:
    """Cost of merging two prototypes: their squared distance times a factor of their masses."""
    if rule == PLAIN:
        return distance
    if rule == LOG_MIN:
        return distance * min(mass, other)
    if rule == WARD:
        return distance * (mass * other / (mass + other))
    return distance * math.log(1.0 + mass * other / (mass + other))


@njit(cache=True, nogil=True, forceinline=True)
def bound_light(distance: float, rule: int) -> float:
    """Least cost of merging a weightless prototype with one no nearer than ``distance``."""
    if rule == WARD:
        return distance * (0.5 * SHAVE)
    if rule == LOG_WARD:
        return distance * (math.log(1.5) * SHAVE)
    return distance


@njit(cache=True, nogil=True, forceinline=True)
def cost_of_pair(floats: Any, i: int, j: int, n_features: int, rule: int) -> float:
    """Cost of merging slots i and j."""
    distance = 0.0
    for t in range(n_features):
        a = floats[t, i] - floats[t, j]
        distance += a * a
    return weigh(distance, floats[n_features + MASS, i], floats[n_features + MASS, j], rule)


@njit(cache=True, nogil=True, forceinline=True)
def scan_row(floats: Any, ints: Any, slot: int, buffer: Any, point: Any, rule: int) -> float:
    """Make row ``slot`` answer for all its pairs, exactly; returns its least cost."""
    n_features = point.shape[0]
    for t in range(n_features):
        point[t] = floats[t, slot]
    fill_distances(floats, point, buffer)
    row = n_features + MASS
    mass = floats[row, slot]
    # A loop a rule: with the choice inside it, the loop would not be vectorised.
    if rule == LOG_MIN:
        for i in range(floats.shape[1]):
            buffer[0, i] *= min(mass, floats[row, i])
    elif rule == WARD:
        for i in range(floats.shape[1]):
            buffer[0, i] = weigh(buffer[0, i], mass, floats[row, i], WARD)
    elif rule == LOG_WARD:
        for i in range(floats.shape[1]):
            buffer[0, i] = weigh(buffer[0, i], mass, floats[row, i], LOG_WARD)
    buffer[0, slot] = np.inf
    smallest = find_minimum(buffer, 0)
    floats[n_features + BOUND, slot] = smallest
    ints[NEIGHBOUR, slot] = find_first(buffer, 0, smallest)
    return smallest


@njit(cache=True, nogil=True, forceinline=True)
def is_exact(floats: Any, ints: Any, slot: int, bound: float, n_features: int, rule: int) -> bool:
    """Whether the row's neighbour still stands at the cost ``bound``."""
    other = ints[NEIGHBOUR, slot]
    return other >= 0 and cost_of_pair(floats, slot, other, n_features, rule) == bound


@njit(cache=True, nogil=True, forceinline=True)
def find_closest_pair(
    floats: Any, ints: Any, buffer: Any, point: Any, rule: int
) -> tuple[int, int]:
    """The pair of least cost; among equals the lowest slots. Needs two taken slots."""
    n_features = point.shape[0]
    row = n_features + BOUND
    n_slots = floats.shape[1]
    while True:
        bound = find_minimum(floats, row)
        low, high = n_slots, n_slots
        # Every pair that costs `bound` is answered for by a row whose bound equals it.
        i, last = find_ends(floats, row, bound)
        while i <= last:
            if floats[row, i] == bound and (
                is_exact(floats, ints, i, bound, n_features, rule)
                or scan_row(floats, ints, i, buffer, point, rule) == bound
            ):
                j = ints[NEIGHBOUR, i]
                a, b = min(i, j), max(i, j)
                if a < low or (a == low and b < high):
                    low, high = a, b
            i += 1
        if low < n_slots:
            return low, high


@njit(cache=True, nogil=True)
def assign(points: Any, floats: Any, scalars: Any, buffer: Any, point: Any, slots: Any) -> None:
    """Slot of the prototype nearest to each point (n, d), the lowest on ties, into ``slots``."""
    n_points, n_features = points.shape
    origin = N_SCALARS + n_features
    for i in range(n_points):
        for t in range(n_features):
            point[t] = (points[i, t] - scalars[origin + t]) * scalars[SCALE]
        slots[i] = find_first(buffer, 0, fill_distances(floats, point, buffer))

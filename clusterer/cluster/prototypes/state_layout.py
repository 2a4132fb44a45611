"""The state that the compiled loops work on, and the search for the nearest prototype.

State lives in two arrays, one column per slot, the number of slots padded to whole vectors:

* ``floats`` ``(d + 12, n_slots)``: d rows of centres, then the rows counted from ``d`` below;
* ``ints`` ``(5, n_slots)``: ``NEIGHBOUR``, ``ID``, ``LAST_SEEN``, ``LINKED``, ``KNOWN``.

``scalars`` holds the fields ``N_TAKEN`` … ``NEXT_LOOK``, then rows of d: running means, origins,
and from ``N_MOMENTS`` on what `clusterer.cluster.prototypes.timestamps` knows of the order of the
points. Coordinates inside are ``(x - origin) * scale``: the origin is the first point, and the
scale the power of two that brings the first step away from it near 1, so neither a large offset nor
a tiny or huge unit costs any precision.

Empty slots hold centres at infinity, so that no loop needs to know how many are taken.
"""

from typing import Any

import numpy as np
from numba import njit

from clusterer.cluster.prototypes.simd import (
    LANES,
    add_square,
    first,
    load,
    lower,
    lowest,
    mark,
    put,
    spread,
    store,
    upper,
)

WEIGHT, COUNT, SCATTER, MASS, BOUND, REST = range(6)
TIME, TIME_SPREAD, RECENT, RECENT_TIME, RECENT_SPREAD, TOTAL = range(
    6, 12
)  # see clusterer.cluster.prototypes.timestamps
NEIGHBOUR, ID, LAST_SEEN, LINKED, KNOWN = range(5)
N_STATE_ROWS = 12
N_INT_ROWS = 5
FRACTION = (1 << 52) - 1

N_TAKEN, N_SEEN, FADED_COUNT, SQUARES, SCALE, LINK_UNIT, BOUND_UNIT = range(7)
RECENT_UNIT, RECENT_COUNT, FADING, NEXT_LOOK = range(7, 11)
N_SCALARS = 11
N_MOMENTS = 2  # rows of d after the scalars, before those of times
RECENT_MEAN, RECENT_SQUARES, STEPS = range(3)
N_RECENT = 3

MERGE_RULES = ("plain", "log-min", "ward", "log-ward")
PLAIN, LOG_MIN, WARD, LOG_WARD = range(4)

WORD = 64  # slots that one number has bits for


@njit(cache=True, nogil=True, forceinline=True)
def find_first(values: Any, row: int, target: float) -> int:
    """Lowest slot of ``values[row]`` that holds ``target``; it must be there."""
    n_slots = values.shape[1]
    begin = 0
    while True:
        # No branch a vector: where the target lies can't be foretold.
        bits = 0
        for start in range(begin, min(begin + WORD, n_slots), LANES):
            bits |= mark(load(values, row, start), target) << (start - begin)
        if bits != 0:
            return begin + first(bits)
        begin += WORD


@njit(cache=True, nogil=True, forceinline=True)
def find_minimum(values: Any, row: int) -> float:
    """Smallest of ``values[row]``."""
    least = load(values, row, 0)
    for start in range(LANES, values.shape[1], LANES):
        least = lower(least, load(values, row, start))
    return lowest(least)


@njit(cache=True, nogil=True, forceinline=True)
def find_two(values: Any, row: int) -> tuple[float, float, int]:
    """Smallest of ``values[row]``, the one after it, and the lowest slot of the smallest."""
    least = after = spread(np.inf)
    for start in range(0, values.shape[1], LANES):
        value = load(values, row, start)
        after = lower(after, upper(least, value))
        least = lower(least, value)
    return pick_two(values, row, least, after)


@njit(cache=True, nogil=True, forceinline=True)
def pick_two(values: Any, row: int, least: Any, after: Any) -> tuple[float, float, int]:
    """The same, once the two smallest of each lane are known."""
    smallest = lowest(least)
    rest = put(least, first(mark(least, smallest)), np.inf)
    return smallest, lowest(lower(after, rest)), find_first(values, row, smallest)


@njit(cache=True, nogil=True, forceinline=True)
def interpolate_log2(value: float) -> float:
    """log2, linear between powers of two: the same bits on every machine, and no call to libm."""
    # The bits of a double are its exponent, biased by 1023, and 52 bits of its fraction.
    bits = np.float64(value).view(np.int64)
    return float((bits >> 52) - 1023) + float(bits & FRACTION) * 2.0**-52


@njit(cache=True, nogil=True, forceinline=True)
def fill_distances(floats: Any, point: Any, buffer: Any) -> None:
    """Squared distance of ``point`` to every slot into ``buffer[0]``, features in their order."""
    for start in range(0, floats.shape[1], LANES):
        distance = spread(0.0)
        for t in range(point.shape[0]):
            distance = add_square(distance, load(floats, t, start), point[t])
        store(buffer, 0, start, distance)


@njit(cache=True, nogil=True, forceinline=True)
def measure_distance(floats: Any, slot: int, point: Any) -> float:
    """Squared distance of ``point`` to one slot."""
    distance = 0.0
    for t in range(point.shape[0]):
        gap = floats[t, slot] - point[t]
        distance += gap * gap
    return distance


@njit(cache=True, nogil=True)
def measure_mass(weight: float, rule: int) -> float:
    """What the merge rule needs to know of a prototype's weight."""
    if rule == PLAIN:
        return 1.0
    if rule == LOG_MIN:
        return interpolate_log2(2.0 + weight)
    return weight + 1.0


@njit(cache=True, nogil=True, forceinline=True)
def find_nearest(floats: Any, point: Any, buffer: Any) -> tuple[float, float, int]:
    """`fill_distances` and `find_two` in one pass."""
    least = after = spread(np.inf)
    for start in range(0, floats.shape[1], LANES):
        distance = spread(0.0)
        for t in range(point.shape[0]):
            distance = add_square(distance, load(floats, t, start), point[t])
        store(buffer, 0, start, distance)
        after = lower(after, upper(least, distance))
        least = lower(least, distance)
    return pick_two(buffer, 0, least, after)


@njit(cache=True, nogil=True)
def assign(points: Any, floats: Any, scalars: Any, buffer: Any, point: Any, slots: Any) -> None:
    """Slot of the prototype nearest to each point (n, d), the lowest on ties, into ``slots``."""
    n_points, n_features = points.shape
    origin = N_SCALARS + n_features
    for i in range(n_points):
        for t in range(n_features):
            point[t] = (points[i, t] - scalars[origin + t]) * scalars[SCALE]
        slots[i] = find_nearest(floats, point, buffer)[2]

"""The closest pair of prototypes, kept by bounds, so that almost no point costs a search for it.

Every pair is answered for by a row: that of the one of the two which last was placed or scanned.
``NEIGHBOUR[i]`` is the nearest that row i found, ``REST[i]`` bounds from below the cost of all
other pairs that it answers for, and ``BOUND[i]`` that of all. The row of the lowest bound is looked
at: where its neighbour costs less than the rest and than any other row's bound, it is the closest.

Bounds survive small moves. Where a centre goes a share f of the way to a point that no other
centre is nearer to, or to a centre it is merged with, no squared distance from it falls by more
than the factor 1 - f (Stewart's theorem). That factor is put on all bounds at once, by the one
number ``BOUND_UNIT``, which stored bounds are multiples of and which grows. Light prototypes take
long steps, and are scanned: O(K d). A bound that lies too low costs time, but never the result.
"""

import math
from typing import Any

import numpy as np
from numba import njit

from clusterer.cluster.prototypes.state_layout import (
    BOUND,
    LOG_MIN,
    LOG_WARD,
    MASS,
    NEIGHBOUR,
    PLAIN,
    REST,
    WARD,
    fill_distances,
    find_two,
)

SHAVE = 1.0 - 2.0**-40  # keeps a bound a bound under rounding
LONGEST_STEP = 1.0 / 16.0  # beyond it, scanning anew is cheaper than bounds that lie too low
ROUNDING = 2.0**-24  # of a bound, that rounding may take at a move …
FINEST = 2.0**-46  # … where squared distances are no smaller than this share of the coordinates'
TINIEST = 1e-280  # and no product loses digits
LARGEST_UNIT = 1e100


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
        return distance * 0.5
    if rule == LOG_WARD:
        return distance * math.log(1.5)
    return distance


@njit(cache=True, nogil=True, forceinline=True)
def cost_of_pair(floats: Any, i: int, j: int, n_features: int, rule: int) -> float:
    """Cost of merging slots i and j."""
    distance = 0.0
    for t in range(n_features):
        a = floats[t, i] - floats[t, j]
        distance += a * a
    return weigh(distance, floats[n_features + MASS, i], floats[n_features + MASS, j], rule)


@njit(cache=True, nogil=True)
def scan_row(
    floats: Any, ints: Any, slot: int, unit: float, buffer: Any, point: Any, rule: int
) -> float:
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
    smallest, rest, neighbour = find_two(buffer, 0)
    note_bounds(floats, ints, slot, n_features, smallest, rest, unit, neighbour)
    return smallest


@njit(cache=True, nogil=True, forceinline=True)
def note_bounds(
    floats: Any,
    ints: Any,
    slot: int,
    n_features: int,
    bound: float,
    rest: float,
    unit: float,
    neighbour: int,
) -> None:
    """Row ``slot`` answers for costs of at least ``bound``, without its neighbour's ``rest``."""
    floats[n_features + BOUND, slot] = bound * (unit * SHAVE)
    floats[n_features + REST, slot] = rest * (unit * SHAVE)
    ints[NEIGHBOUR, slot] = neighbour


@njit(cache=True, nogil=True, forceinline=True)
def forget_bounds(floats: Any, ints: Any, slot: int, n_features: int) -> None:
    """Have the slot's row scanned before its pairs are next compared."""
    note_bounds(floats, ints, slot, n_features, 0.0, 0.0, 1.0, -1)


@njit(cache=True, nogil=True)
def rebase_bounds(floats: Any, n_features: int, n_taken: int, unit: float) -> None:
    """Make stored bounds multiples of 1 instead of ``unit``."""
    for i in range(n_taken):
        floats[n_features + BOUND, i] *= SHAVE / unit
        floats[n_features + REST, i] *= SHAVE / unit


@njit(cache=True, nogil=True, forceinline=True)
def allow_for_step(
    floats: Any,
    ints: Any,
    slot: int,
    step: float,
    size: float,
    least: float,
    unit: float,
    buffer: Any,
    point: Any,
    rule: int,
) -> float:
    """Keep the bounds true after prototype ``slot`` went the share ``step`` of its way.

    ``size`` is the sum of the squares that its rounding depends on, ``least`` the least cost of
    any pair. Returns the new unit, larger than ``unit`` unless the row was scanned.
    """
    n_features = point.shape[0]
    finest = FINEST * n_features * size * floats[n_features + MASS, slot]
    if step <= LONGEST_STEP and least > finest + TINIEST:
        # No less than 1 / (1 - step)
        return unit * (1.0 + step + 2.0 * step * step + ROUNDING)
    scan_row(floats, ints, slot, unit, buffer, point, rule)
    return unit


@njit(cache=True, nogil=True, forceinline=True)
def examine_row(
    floats: Any, ints: Any, slot: int, unit: float, buffer: Any, point: Any, rule: int
) -> float:
    """Least cost of the pairs that row ``slot`` answers for."""
    n_features = point.shape[0]
    neighbour = ints[NEIGHBOUR, slot]
    if neighbour >= 0:
        cost = cost_of_pair(floats, slot, neighbour, n_features, rule)
        if cost * unit < floats[n_features + REST, slot]:
            floats[n_features + BOUND, slot] = cost * (unit * SHAVE)
            return cost
    return scan_row(floats, ints, slot, unit, buffer, point, rule)


@njit(cache=True, nogil=True, forceinline=True)
def find_closest_pair(
    floats: Any, ints: Any, unit: float, buffer: Any, point: Any, rule: int
) -> tuple[int, int, float]:
    """The pair of least cost, and that; among equals the lowest slots. Needs two taken slots."""
    row = point.shape[0] + BOUND
    _, after, i = find_two(floats, row)
    best = examine_row(floats, ints, i, unit, buffer, point, rule)
    low, high = sort_pair(i, ints[NEIGHBOUR, i])
    if after <= best * unit:
        low, high, best = compare_rows(floats, ints, unit, buffer, point, rule, low, high, best)
    return low, high, best


@njit(cache=True, nogil=True)
def compare_rows(
    floats: Any,
    ints: Any,
    unit: float,
    buffer: Any,
    point: Any,
    rule: int,
    low: int,
    high: int,
    best: float,
) -> tuple[int, int, float]:
    """The pair of least cost, where one that costs ``best`` is known."""
    row = point.shape[0] + BOUND
    for i in range(floats.shape[1]):
        if floats[row, i] <= best * unit:
            cost = examine_row(floats, ints, i, unit, buffer, point, rule)
            a, b = sort_pair(i, ints[NEIGHBOUR, i])
            if cost < best or (cost == best and (a < low or (a == low and b < high))):
                low, high, best = a, b, cost
    return low, high, best


@njit(cache=True, nogil=True, forceinline=True)
def sort_pair(i: int, j: int) -> tuple[int, int]:
    """The lower slot first."""
    return min(i, j), max(i, j)

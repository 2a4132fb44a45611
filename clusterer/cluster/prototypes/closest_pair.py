"""Find the pair of prototypes that costs least to merge, mostly without searching all pairs.

Each pair belongs to the row of one of its two prototypes: of the one that was started or scanned
last. For row i, ``NEIGHBOUR[i]`` is the partner of least cost, ``REST_BOUND[i]`` a lower bound of
the costs of the row's other pairs, and ``BOUND[i]`` a lower bound of all its costs. The search
examines the row of the smallest bound. If the neighbour there costs less than the row's other pairs
and than the bounds of all other rows, it is the closest pair.

Bounds survive small moves. Suppose that a centre moves by the share f of its way to a point, or to
a centre that it merges with, and no other centre is nearer to the point or to that centre. Then no
squared distance from the moving centre decreases by more than the factor 1 - f (Stewart's theorem).
This factor is applied to all bounds at once: stored bounds are multiples of the number
``BOUND_UNIT``, which grows. Light prototypes make long steps; their rows are scanned, in O(K d). A
bound that is too low costs time but never changes the result.
"""

import numpy as np

from clusterer.cluster.prototypes.merge_rules import compute_cost, fill_costs
from clusterer.cluster.prototypes.nearest import fill_distances, find_two_smallest
from clusterer.cluster.prototypes.state_layout import (
    BOUND,
    MASS,
    NEIGHBOUR,
    REST_BOUND,
    KernelState,
)
from clusterer.support.kernels import inner, separate

ROUNDED_DOWN = 1.0 - 2.0**-40  # a bound times this factor stays a bound in spite of rounding
LONGEST_STEP = 1.0 / 16.0  # after a longer step a scan is faster than bounds that are too low
ROUNDING = 2.0**-24  # the share of a bound that rounding may take in one move …
FINEST = 2.0**-46  # … if squared distances are at least this share of the squared coordinates …
TINIEST = 1e-280  # … and no product loses digits by underflow
LARGEST_UNIT = 1e100


@inner
def measure_cost(state: KernelState, i: int, j: int, rule: int) -> float:
    """Return the cost of merging slots i and j."""
    centers, rows = state.centers, state.rows
    distance = 0.0
    for t in range(centers.shape[0]):
        gap = centers[t, i] - centers[t, j]
        distance += gap * gap
    return compute_cost(rule, distance, rows[MASS, i], rows[MASS, j])


@separate
def scan_row(state: KernelState, slot: int, unit: float, rule: int) -> float:
    """Compute the costs of all pairs of ``slot``, which belong to its row then.

    Returns the least cost.
    """
    distances, center = state.distances, state.center
    for t in range(center.shape[0]):
        center[t] = state.centers[t, slot]
    fill_distances(state.centers, center, distances)
    fill_costs(rule, distances, state.rows, state.rows[MASS, slot])
    distances[0, slot] = np.inf
    smallest, rest, neighbour = find_two_smallest(distances, 0)
    set_bounds(state, slot, smallest, rest, unit, neighbour)
    return smallest


@inner
def set_bounds(
    state: KernelState, slot: int, bound: float, rest: float, unit: float, neighbour: int
) -> None:
    """Set the lower bounds of a row: of all its costs, and of those without its neighbour."""
    state.rows[BOUND, slot] = bound * (unit * ROUNDED_DOWN)
    state.rows[REST_BOUND, slot] = rest * (unit * ROUNDED_DOWN)
    state.int_rows[NEIGHBOUR, slot] = neighbour


@inner
def reset_bounds(state: KernelState, slot: int) -> None:
    """Make the next search scan the row of ``slot``."""
    set_bounds(state, slot, 0.0, 0.0, 1.0, -1)


@separate
def rescale_bounds(state: KernelState, n_taken: int, unit: float) -> None:
    """Convert the stored bounds from multiples of ``unit`` to multiples of 1."""
    for i in range(n_taken):
        state.rows[BOUND, i] *= ROUNDED_DOWN / unit
        state.rows[REST_BOUND, i] *= ROUNDED_DOWN / unit


@inner
def keep_bounds_valid(
    state: KernelState,
    slot: int,
    step: float,
    size: float,
    least: float,
    unit: float,
    rule: int,
) -> float:
    """Keep the bounds valid after ``slot`` moved by the share ``step`` of its way.

    ``size`` is the sum of the squares on which the rounding of the move depends, ``least`` the
    least cost of any pair. Returns the new unit of bounds; it grows unless the row was scanned.
    """
    finest = FINEST * state.centers.shape[0] * size * state.rows[MASS, slot]
    if step <= LONGEST_STEP and least > finest + TINIEST:
        # At least 1 / (1 - step).
        return unit * (1.0 + step + 2.0 * step * step + ROUNDING)
    scan_row(state, slot, unit, rule)
    return unit


@inner
def find_row_minimum(state: KernelState, slot: int, unit: float, rule: int) -> float:
    """Return the least cost of the pairs that belong to the row of ``slot``."""
    neighbour = state.int_rows[NEIGHBOUR, slot]
    if neighbour >= 0:
        cost = measure_cost(state, slot, neighbour, rule)
        if cost * unit < state.rows[REST_BOUND, slot]:
            state.rows[BOUND, slot] = cost * (unit * ROUNDED_DOWN)
            return cost
    return scan_row(state, slot, unit, rule)


@inner
def find_closest_pair(state: KernelState, unit: float, rule: int) -> tuple[int, int, float]:
    """Return the pair of least cost, and its cost.

    The lowest slots win a tie. At least two slots must be taken.
    """
    _, second_bound, i = find_two_smallest(state.rows, BOUND)
    least = find_row_minimum(state, i, unit, rule)
    low, high = sort_pair(i, state.int_rows[NEIGHBOUR, i])
    if second_bound <= least * unit:
        low, high, least = compare_rows(state, unit, rule, low, high, least)
    return low, high, least


@separate
def compare_rows(
    state: KernelState, unit: float, rule: int, low: int, high: int, least: float
) -> tuple[int, int, float]:
    """Return the pair of least cost, given a pair that costs ``least``."""
    rows = state.rows
    for i in range(rows.shape[1]):
        if rows[BOUND, i] <= least * unit:
            cost = find_row_minimum(state, i, unit, rule)
            a, b = sort_pair(i, state.int_rows[NEIGHBOUR, i])
            if cost < least or (cost == least and (a < low or (a == low and b < high))):
                low, high, least = a, b, cost
    return low, high, least


@inner
def sort_pair(i: int, j: int) -> tuple[int, int]:
    """Return the lower slot first."""
    return min(i, j), max(i, j)

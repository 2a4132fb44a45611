"""Find the pair of prototypes that costs least to merge, mostly without searching all pairs.

Each pair belongs to the row of one of its two prototypes: of the one that was started or scanned
last. For row i, ``NEIGHBOUR[i]`` is the partner of least cost, ``REST_BOUND[i]`` a lower bound of
the costs of the row's other pairs, and ``BOUND[i]`` a lower bound of all its costs. The search
examines the row of the smallest bound. If the neighbour there costs less than the row's other pairs
and than the bounds of all other rows, it is the closest pair.

Bounds survive moves. A centre moves by the share f of its way to the point x. By Stewart's
theorem its squared distance from a slot i becomes (1 - f) d(i)² + f (D(i) - (1 - f) D), with d(i)²
the squared distance before and D(i) and D those of i and of the centre from x. All D(i) are known
from the search for the nearest prototype. So one pass over all rows, in O(K), lowers the bounds of
the few rows that the move approaches, and leaves the others as they are (`lower_bounds`).

When the closest pair merges, no other centre is nearer to the moving centre than its goal. Then no
squared distance decreases by more than the factor 1 - f. This factor is applied to all bounds at
once: stored bounds are multiples of the number ``BOUND_UNIT``, which grows. This needs no pass over
the rows, so it also serves the decay of the weights and the smallest steps to a point. Many larger
steps would bring the bounds of all rows below the least cost, in so many rows that a point would
cost O(K² d). Light prototypes make long steps; their rows are scanned, in O(K d). A bound that is
too low costs time but never changes the result.
"""

import numpy as np

from clusterer.cluster.prototypes.merge_rules import (
    MIN_SHARE,
    compute_cost,
    compute_mass,
    fill_costs,
)
from clusterer.cluster.prototypes.nearest import (
    fill_distances,
    find_two_smallest,
    reduce_two_smallest,
)
from clusterer.cluster.prototypes.simd import (
    VECTOR_WIDTH,
    broadcast,
    load_vector,
    maximum,
    minimum,
    minimum_to_store,
    multiply,
    replace_element,
    scale_and_add,
    store_vector,
)
from clusterer.cluster.prototypes.state_layout import (
    BOUND,
    MASS,
    NEIGHBOUR,
    REST_BOUND,
    KernelState,
)
from clusterer.cluster.prototypes.update import Move
from clusterer.support.kernels import inner, separate

ROUNDED_DOWN = 1.0 - 2.0**-40  # a bound times this factor stays a bound in spite of rounding
LONGEST_STEP = 1.0 / 16.0  # after a longer step a scan is faster than bounds that are too low
ROUNDING = 2.0**-24  # the share of a bound that rounding may take in one move …
FINEST = 2.0**-46  # … if squared distances are at least this share of the squared coordinates …
TINIEST = 1e-280  # … and no product loses digits by underflow
# Costs times units must not overflow, or bounds could not tell a prototype from an empty slot. The
# largest squared distance of 1e140 in each of 1e8 features times the largest mass of 1e16 is 1e305.
LARGEST_UNIT = 1e2
# A step of this share of 1 / K makes as many bounds too low as cost less than the pass over all.
SHORTEST_STEP = 1.0 / 4.0


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
def find_cheapest(state: KernelState, rule: int) -> int:
    """Return the slot with which a prototype of weight 0 at the point would merge at least cost.

    ``state.distances`` holds the squared distances from the point. The lowest slot wins a tie.
    """
    mass = compute_mass(rule, 0.0)
    least, cheapest = np.inf, 0
    for i in range(state.rows.shape[1]):
        cost = compute_cost(rule, state.distances[0, i], mass, state.rows[MASS, i])
        if cost < least:
            least, cheapest = cost, i
    return cheapest


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


@separate
def find_least_bounds(state: KernelState) -> tuple[float, float, int]:
    """Return the two smallest bounds, and the row of the smallest one."""
    return find_two_smallest(state.rows, BOUND)


@inner
def follow_move(
    state: KernelState,
    slot: int,
    move: Move,
    second: float,
    unit: float,
    rule: int,
) -> tuple[float, int, float]:
    """Keep the bounds valid after ``slot`` moved to the point.

    ``second`` is the second smallest squared distance from the point. Returns the second smallest
    bound, the row of the smallest one, and the new unit of bounds.
    """
    finest = (FINEST * state.centers.shape[0] * move.size * move.mass + TINIEST) * unit
    if move.step * state.rows.shape[1] <= SHORTEST_STEP:
        least, second_bound, i = find_least_bounds(state)
        if least > finest:
            # At least 1 / (1 - step).
            unit *= 1.0 + move.step + 2.0 * move.step * move.step + ROUNDING
            return second_bound, i, unit
    elif move.step <= LONGEST_STEP:
        least, second_bound, i = lower_bounds(state, slot, move, second, unit, rule)
        if least > finest:
            return second_bound, i, unit
    state.rows[MASS, slot] = move.mass
    scan_row(state, slot, unit, rule)
    _, second_bound, i = find_least_bounds(state)
    return second_bound, i, unit


@separate
def lower_bounds(
    state: KernelState, slot: int, move: Move, second: float, unit: float, rule: int
) -> tuple[float, float, int]:
    """Lower the bounds of the pairs that the move of `follow_move` brings closer together.

    The distance of a slot from the moving centre changes by Stewart's theorem. ``state.distances``
    holds the squared distances from the point. Returns the two smallest bounds, and the row of the
    smallest.
    """
    rows, share = state.rows, MIN_SHARE[rule]
    least_mass = compute_mass(rule, 0.0)
    most = move.mass
    if share == 0.0:
        most, share = least_mass, compute_cost(rule, 1.0, least_mass, least_mass) / least_mass
    keep = (1.0 - move.step) * (1.0 - ROUNDING)
    gain = move.step * share * unit * ROUNDED_DOWN
    loss = -gain * ((1.0 - move.step) * move.distance / ROUNDED_DOWN**2)
    # Of the pairs in the row of the slot itself, none has a smaller distance or mass than this.
    own = (gain * second + loss) * least_mass
    losses, masses = broadcast(loss), broadcast(most)
    smallest = next_smallest = broadcast(np.inf)
    for start in range(0, rows.shape[1], VECTOR_WIDTH):
        change = scale_and_add(load_vector(state.distances, 0, start), gain, losses)
        change = multiply(change, minimum(load_vector(rows, MASS, start), masses))
        change = replace_element(change, slot - start, own)
        rest = load_vector(rows, REST_BOUND, start)
        rest = minimum_to_store(scale_and_add(rest, keep, change), rest)
        store_vector(rows, REST_BOUND, start, rest)
        bound = load_vector(rows, BOUND, start)
        bound = minimum_to_store(scale_and_add(bound, keep, change), bound)
        store_vector(rows, BOUND, start, bound)
        next_smallest = minimum(next_smallest, maximum(smallest, bound))
        smallest = minimum(smallest, bound)
    return reduce_two_smallest(rows, BOUND, smallest, next_smallest)


@inner
def find_closest_pair(state: KernelState, unit: float, rule: int) -> tuple[int, int, float]:
    """Return the pair of least cost, and its cost.

    The lowest slots win a tie. At least two slots must be taken.
    """
    _, second, i = find_least_bounds(state)
    return examine_rows(state, second, i, unit, rule)


@inner
def examine_rows(
    state: KernelState, second: float, i: int, unit: float, rule: int
) -> tuple[int, int, float]:
    """Do the same, given the second smallest bound and the row ``i`` of the smallest one."""
    least = np.inf
    # A second visit of a row ends the loop, because its bound is its least cost then. The limit
    # only matters if a cost is NaN.
    for _ in range(state.rows.shape[1] + 1):
        least = find_row_minimum(state, i, unit, rule)
        if second > least * unit or state.rows[BOUND, i] <= second:
            break
        # The row of the smallest bound comes first, so no row is scanned without need.
        _, second, i = find_least_bounds(state)
    low, high = sort_pair(i, state.int_rows[NEIGHBOUR, i])
    if second <= least * unit:
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

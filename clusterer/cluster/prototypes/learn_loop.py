"""The compiled loop that learns a chunk, point by point.

Guedalia, London and Werman, "An on-line agglomerative clustering method for nonstationary data",
Neural Computation 11(2), 1999; with the kernel of Zhang, Chen and Tan, Neural Processing Letters
21, 2005, in the numerator of the step as well as in the weight.
"""

import math
from typing import Any

import numpy as np

from clusterer.cluster.prototypes.closest_pair import (
    LARGEST_UNIT,
    ROUNDING,
    examine_rows,
    find_cheapest,
    find_closest_pair,
    find_least_bounds,
    follow_move,
    keep_bounds_valid,
    rescale_bounds,
    reset_bounds,
    set_bounds,
)
from clusterer.cluster.prototypes.links import (
    add_link,
    count_link_points,
    decay_links,
    merge_links,
    move_links,
)
from clusterer.cluster.prototypes.merge_rules import (
    JOINS_NEAREST,
    PAIRS_WITH_NEAREST,
    bound_light_cost,
)
from clusterer.cluster.prototypes.nearest import find_nearest, measure_distance
from clusterer.cluster.prototypes.state_layout import (
    BOUND,
    BOUND_UNIT,
    DECAYED_COUNT,
    LAST_SEEN,
    MASS,
    MEAN,
    N_SEEN,
    N_TAKEN,
    NEXT_CHECK,
    ORIGIN,
    SCALE,
    SQUARES,
    TOTAL_WEIGHT,
    KernelState,
    view_state,
)
from clusterer.cluster.prototypes.timestamps import (
    add_recent_point,
    add_time,
    bound_explained_variance,
    find_newest,
)
from clusterer.cluster.prototypes.update import (
    Move,
    decay_prototypes,
    merge_pair,
    move_to_point,
    start_prototype,
)
from clusterer.support.kernels import entry, inner

LARGEST_COORDINATE = 1e140
SIGMA_SHARE = 0.25  # automatic sigma, in square roots of the trace of the running covariance
# In d dimensions the mean squared distance of points from the nearest of k prototypes is at best
# about k^(-2/d) of the trace. So for large d, with a quarter hardly any point would count.
# P. L. Zador, "Asymptotic quantization error of continuous signals and the quantization
# dimension", IEEE Transactions on Information Theory 28(2), 1982.
N_REGIONS = 50.0
ERROR_SHARE = 0.5


@inner
def choose_squared_sigma(n_varying: int) -> float:
    """Return the square of automatic sigma in traces of the covariance.

    ``n_varying`` is the number of features that are not constant.
    """
    return max(SIGMA_SHARE**2, ERROR_SHARE * N_REGIONS ** (-2.0 / max(n_varying, 1)))


@inner
def choose_scale(step: float) -> float:
    """Return the power of two that brings ``step`` into [1/2, 1), if it is a normal number."""
    exponent = math.frexp(step)[1]
    return math.ldexp(1.0, -min(max(exponent, -1000), 1000))


@entry
def find_refused(points: Any, origin: Any, scale: float, is_empty: bool) -> int:
    """Return the first row of points (n, d) that cannot be learned, or -1.

    A point is refused if it holds NaN or infinity, or is too far from the origin. If the state is
    empty, the first point will be the origin. Changes nothing.
    """
    n_points, n_features = points.shape
    scale = 0.0 if is_empty else scale
    for i in range(n_points):
        step = 0.0
        for t in range(n_features):
            start = points[0, t] if is_empty else origin[t]
            difference = abs(points[i, t] - start)
            if not difference < np.inf:
                return i
            step = max(step, difference)
        if scale == 0.0 and step > 0.0:
            scale = choose_scale(step)
        if step * scale > LARGEST_COORDINATE:
            return i
    return -1


@inner
def convert_point(state: KernelState, points: Any, i: int) -> None:
    """Write the inner coordinates of ``points[i]`` into ``state.point``.

    Those of the last point go into ``state.center``.
    """
    scalars, features, point = state.scalars, state.features, state.point
    if scalars[SCALE] == 0.0:
        step = 0.0
        for t in range(point.shape[0]):
            step = max(step, abs(points[i, t] - features[ORIGIN, t]))
        if step > 0.0:
            scalars[SCALE] = choose_scale(step)
    scale = scalars[SCALE]
    for t in range(point.shape[0]):
        state.center[t] = point[t]
        point[t] = (points[i, t] - features[ORIGIN, t]) * scale


@inner
def update_moments(state: KernelState, amount: float, decay: float) -> float:
    """Add ``state.point`` to the running moments; return the trace of the covariance.

    ``amount`` is the weight of the point.

    B. Welford, "Note on a method for calculating corrected sums of squares and products", 1962,
    with decay.
    """
    scalars, features, point = state.scalars, state.features, state.point
    count = scalars[DECAYED_COUNT] * decay + amount
    inverse = 1.0 / count
    step = amount * inverse
    square = 0.0
    for t in range(point.shape[0]):
        gap = point[t] - features[MEAN, t]
        features[MEAN, t] += gap * step
        square += gap * (point[t] - features[MEAN, t])
    scalars[DECAYED_COUNT] = count
    # Rounding may make the square negative if nearly everything has decayed.
    scalars[SQUARES] = scalars[SQUARES] * decay + amount * max(square, 0.0)
    return scalars[SQUARES] * inverse


@inner
def find_winner(state: KernelState, rule: int) -> tuple[float, float, int]:
    """Return the squared distance of the point from the prototype that it joins, and this slot.

    It is the prototype with which a new one at the point would merge at least cost; by most rules
    the nearest one. The second number is the least squared distance from all others.
    """
    distance, second, nearest = find_nearest(state.centers, state.point, state.distances)
    if not JOINS_NEAREST[rule]:
        winner = find_cheapest(state, rule)
        if winner != nearest:
            return state.distances[0, winner], distance, winner
    return distance, second, nearest


@inner
def merge_and_start(
    state: KernelState,
    nearest: int,
    move: Move,
    second: float,
    unit: float,
    index: int,
    rule: int,
) -> tuple[int, float]:
    """Merge the closest pair, and start a prototype at ``state.point`` in the freed slot.

    ``move`` is the move of the slot ``nearest`` to the point, ``second`` a lower bound of the
    squared distances of the point from all other slots. Returns the freed slot and the new unit of
    bounds.
    """
    if move.step * move.distance > 0.0:
        second_bound, row, unit = follow_move(state, nearest, move, second, unit, rule)
    else:
        _, second_bound, row = find_least_bounds(state)
    state.rows[MASS, nearest] = move.mass
    a, b, cost = examine_rows(state, second_bound, row, unit, rule)
    kept, freed, share, size = merge_pair(state, a, b, rule)
    merge_links(state, kept, freed)
    start_prototype(state, freed, index, rule)
    distance, to_kept = move.rest, np.inf
    if share > 0.0:
        # Without the property the theorem does not apply; the step 1 makes the row be scanned.
        step = share if PAIRS_WITH_NEAREST[rule] else 1.0
        unit = keep_bounds_valid(state, kept, step, size, cost, unit, rule)
        to_kept = measure_distance(state.centers, kept, state.point)
    # The distances from the other slots are known from the search for the nearest one.
    if freed == nearest or kept == nearest:
        if kept != nearest or share != 0.0:
            distance, nearest = to_kept, kept
    else:
        second = min(second, to_kept)
    bound = bound_light_cost(rule, min(distance, second))
    set_bounds(state, freed, bound, bound_light_cost(rule, second), unit, nearest)
    return freed, unit


@entry
def learn_chunk(
    points: Any,
    floats: Any,
    int_rows: Any,
    stream: Any,
    links: Any,
    distances: Any,
    scratch: Any,
    n_prototypes: int,
    sigma: float,
    decay: float,
    rule: int,
    first_check: float,
    interval: int,
    most_explained: float,
    weights: Any,
    decays: Any,
) -> int:
    """Learn a chunk (n, d) and return n, or -1 - i if row i is refused; then nothing changes.

    With an ``interval`` above 0, learning stops at a check for drift that may find some: from the
    point ``first_check`` of the stream on, every ``interval`` points, if the prototypes may explain
    ``most_explained`` of the variance of the times or more. Then the number of points that were
    learned is returned. Most checks find no drift; in compiled code such a check costs nothing.

    ``weights`` (n,) are the weights of the points; empty if each counts 1. ``decays`` (n,) are the
    decays before each point; empty for ``decay``. The other arguments are those of `view_state` and
    the fields of `Parameters`.
    """
    state = view_state(floats, int_rows, stream, links, distances, scratch)
    rows, scalars, n_points = state.rows, state.scalars, points.shape[0]
    is_empty = scalars[N_SEEN] == 0.0
    refused = find_refused(points, state.features[ORIGIN], scalars[SCALE], is_empty)
    if refused >= 0:
        return -1 - refused
    is_weighted, is_timed = weights.shape[0] > 0, decays.shape[0] > 0
    total, amount, factor = 0.0, 1.0, decay
    squared_sigma, n_varying = 0.0, -1
    n_taken = int(scalars[N_TAKEN])
    n_seen = int(scalars[N_SEEN])
    unit = scalars[BOUND_UNIT]
    newest = find_newest(state, n_seen)
    if newest >= 0:
        for t in range(points.shape[1]):
            state.point[t] = state.centers[t, newest]
    if n_seen == 0:
        for t in range(points.shape[1]):
            state.features[ORIGIN, t] = points[0, t]
    for i in range(n_points):
        index = n_seen + i
        if interval > 0 and index >= max(scalars[NEXT_CHECK], first_check):
            scalars[N_TAKEN] = n_taken
            # An upper bound of the full check's result, and quick to compute.
            if bound_explained_variance(state) >= most_explained:
                n_points = i
                break
            scalars[NEXT_CHECK] = index + interval
        if is_weighted:
            amount = weights[i]
        if is_timed:
            factor = decays[i]
        total += amount
        convert_point(state, points, i)
        trace = update_moments(state, amount, factor)
        if n_taken == 0:
            start_prototype(state, 0, index, rule)
            reset_bounds(state, 0)
            n_taken, newest = 1, 0
            continue
        if factor < 1.0:
            decay_prototypes(state, factor, rule)
            decay_links(state, factor)
            # The costs are concave in the weights, so none decreases by more than the decay.
            unit *= (1.0 + ROUNDING) / factor
        if not unit < LARGEST_UNIT:
            rescale_bounds(state, n_taken, unit)
            unit = 1.0

        n_found = add_recent_point(state, amount, newest >= 0)
        if n_found != n_varying:
            squared_sigma, n_varying = choose_squared_sigma(n_found), n_found
        distance, second, nearest = find_winner(state, rule)
        width = (sigma * scalars[SCALE]) ** 2 if sigma > 0.0 else squared_sigma * trace
        kernel = amount
        if distance > 0.0:
            kernel = amount * math.exp(-distance / width) if width > 0.0 else 0.0
        state.int_rows[LAST_SEEN, nearest] = index
        count = amount * count_link_points(index, n_prototypes, decay)
        if count > 0.0 and n_taken > 1:
            add_link(state, nearest, second, count)
        move = move_to_point(state, nearest, distance, kernel, amount, rule)
        add_time(state, nearest, index, amount)

        if n_taken < n_prototypes:
            rows[MASS, nearest] = move.mass
            reset_bounds(state, nearest)
            start_prototype(state, n_taken, index, rule)
            reset_bounds(state, n_taken)
            n_taken, newest = n_taken + 1, n_taken
        elif n_prototypes > 1:
            newest, unit = merge_and_start(state, nearest, move, second, unit, index, rule)
        else:
            rows[MASS, nearest] = move.mass
            newest = -1
    scalars[N_TAKEN] = n_taken
    scalars[N_SEEN] = n_seen + n_points
    scalars[TOTAL_WEIGHT] += total
    scalars[BOUND_UNIT] = unit
    return n_points


@inner
def move_slot(state: KernelState, source: int, target: int) -> None:
    """Copy the centre and all numbers of a slot to another one."""
    for t in range(state.centers.shape[0]):
        state.centers[t, target] = state.centers[t, source]
    for row in range(state.rows.shape[0]):
        state.rows[row, target] = state.rows[row, source]
    for row in range(state.int_rows.shape[0]):
        state.int_rows[row, target] = state.int_rows[row, source]


@inner
def clear_slot(state: KernelState, slot: int) -> None:
    """Make a slot empty, as `.state.State` allocates it."""
    for t in range(state.centers.shape[0]):
        state.centers[t, slot] = np.inf
    for row in range(state.rows.shape[0]):
        state.rows[row, slot] = 0.0
    state.rows[MASS, slot] = 1.0
    state.rows[BOUND, slot] = np.inf
    for row in range(state.int_rows.shape[0]):
        state.int_rows[row, slot] = -1


@entry
def merge_down(
    floats: Any,
    int_rows: Any,
    stream: Any,
    links: Any,
    distances: Any,
    scratch: Any,
    n_prototypes: int,
    rule: int,
) -> None:
    """Merge closest pairs until ``n_prototypes`` are left; the last slot fills each gap."""
    state = view_state(floats, int_rows, stream, links, distances, scratch)
    scalars = state.scalars
    n_taken = int(scalars[N_TAKEN])
    while n_taken > n_prototypes:
        a, b, _ = find_closest_pair(state, scalars[BOUND_UNIT], rule)
        kept, freed, _, _ = merge_pair(state, a, b, rule)
        merge_links(state, kept, freed)
        last = n_taken - 1
        reset_bounds(state, kept)
        if freed != last:
            move_slot(state, last, freed)
            move_links(state, last, freed)
            reset_bounds(state, freed)
        clear_slot(state, last)
        n_taken = last
    scalars[N_TAKEN] = n_taken

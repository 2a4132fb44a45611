"""One point arrives: the compiled loop that learns a chunk.

Guedalia, London and Werman, "An on-line agglomerative clustering method for nonstationary data",
Neural Computation 11(2), 1999; with the kernel of Zhang, Chen and Tan, Neural Processing Letters
21, 2005, standing in the numerator of the step as well as in the weight.
"""

import math
from typing import Any

import numpy as np
from numba import njit

from clusterer.cluster.prototypes.closest_pair import (
    LARGEST_UNIT,
    ROUNDING,
    allow_for_step,
    bound_light,
    find_closest_pair,
    forget_bounds,
    note_bounds,
    rebase_bounds,
)
from clusterer.cluster.prototypes.links import (
    add_link,
    count_links,
    fade_links,
    join_links,
    move_links,
)
from clusterer.cluster.prototypes.simd import borrow
from clusterer.cluster.prototypes.state_layout import (
    BOUND,
    BOUND_UNIT,
    FADED_COUNT,
    LAST_SEEN,
    LOG_MIN,
    MASS,
    N_SCALARS,
    N_SEEN,
    N_TAKEN,
    SCALE,
    SQUARES,
    find_minimum,
    find_nearest,
    measure_distance,
)
from clusterer.cluster.prototypes.timestamps import add_step, add_time, find_newest
from clusterer.cluster.prototypes.update import attract, fade, merge_pair, place

LARGEST_COORDINATE = 1e140
SIGMA_SHARE = 0.25  # automatic sigma, in square roots of the trace of the running covariance
# In d dimensions points lie, in squares, k^(-2/d) of the trace from the nearest of k places, at
# best: so where d is large, a quarter would have hardly any count. P. L. Zador, "Asymptotic
# quantization error of continuous signals and the quantization dimension", IEEE TIT 28(2), 1982.
N_PLACES = 50.0
ERROR_SHARE = 0.5


@njit(cache=True, nogil=True)
def choose_width(n_varying: int) -> float:
    """The square of automatic sigma, in traces of the covariance, where so many features vary."""
    return max(SIGMA_SHARE**2, ERROR_SHARE * N_PLACES ** (-2.0 / max(n_varying, 1)))


@njit(cache=True, nogil=True, forceinline=True)
def choose_scale(step: float) -> float:
    """Power of two that brings ``step`` into [1/2, 1); within the exponents that stay normal."""
    exponent = math.frexp(step)[1]
    return math.ldexp(1.0, -min(max(exponent, -1000), 1000))


@njit(cache=True, nogil=True)
def find_refused(points: Any, scalars: Any, is_fresh: bool) -> int:
    """Row of the first point that can't be taken in, or -1. Changes nothing."""
    n_points, n_features = points.shape
    scale = 0.0 if is_fresh else scalars[SCALE]
    origin = N_SCALARS + n_features
    for i in range(n_points):
        step = 0.0
        for t in range(n_features):
            start = points[0, t] if is_fresh else scalars[origin + t]
            difference = abs(points[i, t] - start)
            if not difference < np.inf:
                return i
            step = max(step, difference)
        if scale == 0.0 and step > 0.0:
            scale = choose_scale(step)
        if step * scale > LARGEST_COORDINATE:
            return i
    return -1


@njit(cache=True, nogil=True, forceinline=True)
def follow(scalars: Any, point: Any, gamma: float) -> float:
    """Update the running moments; returns the trace of the covariance (Welford, faded)."""
    count = scalars[FADED_COUNT] * gamma + 1.0
    step = 1.0 / count
    spread = 0.0
    for t in range(point.shape[0]):
        gap = point[t] - scalars[N_SCALARS + t]
        scalars[N_SCALARS + t] += gap * step
        spread += gap * (point[t] - scalars[N_SCALARS + t])
    scalars[FADED_COUNT] = count
    # Rounding may leave less than nothing where the past is all but forgotten.
    scalars[SQUARES] = scalars[SQUARES] * gamma + max(spread, 0.0)
    return scalars[SQUARES] * step


@njit(cache=True, nogil=True, forceinline=True)
def enter(points: Any, i: int, scalars: Any, point: Any) -> None:
    """Inner coordinates of ``points[i]`` into ``point``."""
    n_features = point.shape[0]
    origin = N_SCALARS + n_features
    if scalars[SCALE] == 0.0:
        step = 0.0
        for t in range(n_features):
            step = max(step, abs(points[i, t] - scalars[origin + t]))
        if step > 0.0:
            scalars[SCALE] = choose_scale(step)
    for t in range(n_features):
        point[t] = (points[i, t] - scalars[origin + t]) * scalars[SCALE]


@njit(cache=True, nogil=True, forceinline=True)
def make_room(
    floats: Any,
    ints: Any,
    links: Any,
    j: int,
    left: float,
    second: float,
    unit: float,
    buffer: Any,
    other: Any,
    point: Any,
    label: int,
    rule: int,
) -> tuple[int, float]:
    """Merge the closest pair and place the point instead.

    Returns the slot of the point and the new unit of bounds.

    ``left`` is the point's squared distance to j, and ``second`` a bound of those to all others.
    """
    n_features = point.shape[0]
    a, b, cost = find_closest_pair(floats, ints, unit, buffer, other, rule)
    kept, freed, share, size = merge_pair(floats, ints, a, b, n_features, rule)
    join_links(ints, links, kept, freed)
    place(floats, ints, freed, point, label, rule)
    to_kept = np.inf
    if share > 0.0:
        # Of Ward's costs some may fall by more.
        share = share if rule <= LOG_MIN else 1.0
        unit = allow_for_step(floats, ints, kept, share, size, cost, unit, buffer, other, rule)
        to_kept = measure_distance(floats, kept, point)
    # The search has told what lies near the point, but for the kept one.
    if freed == j or kept == j:
        left, j = (left, j) if kept == j and share == 0.0 else (to_kept, kept)
    else:
        second = min(second, to_kept)
    bound, rest = bound_light(min(left, second), rule), bound_light(second, rule)
    note_bounds(floats, ints, freed, n_features, bound, rest, unit, j)
    return freed, unit


@njit(cache=True, nogil=True)
def learn_all(
    points: Any,
    floats: Any,
    ints: Any,
    scalars: Any,
    links: Any,
    buffer: Any,
    scratch: Any,
    settings: tuple[int, float, float, int],
) -> None:
    """Learn a chunk (n, d) of which no row is refused."""
    n_prototypes, sigma, gamma, rule = settings
    n_points, n_features = points.shape
    points, floats, ints = borrow(points), borrow(floats), borrow(ints)
    scalars, links, buffer = borrow(scalars), borrow(links), borrow(buffer)
    scratch = borrow(scratch)
    point = scratch[0]
    other = scratch[1]
    bound_row = n_features + BOUND
    usual, n_varying = 0.0, -1
    n_taken = int(scalars[N_TAKEN])
    n_seen = int(scalars[N_SEEN])
    unit = scalars[BOUND_UNIT]
    newest = find_newest(ints, n_seen)
    if n_seen == 0:
        for t in range(n_features):
            scalars[N_SCALARS + n_features + t] = points[0, t]
    for i in range(n_points):
        enter(points, i, scalars, point)
        label = n_seen + i
        trace = follow(scalars, point, gamma)
        if n_taken == 0:
            place(floats, ints, 0, point, label, rule)
            forget_bounds(floats, ints, 0, n_features)
            n_taken, newest = 1, 0
            continue
        if gamma < 1.0:
            fade(floats, n_features, gamma, rule)
            fade_links(scalars, links, gamma)
            # Every merge rule is concave in the weights: no cost falls by more than gamma.
            unit *= (1.0 + ROUNDING) / gamma
        if not unit < LARGEST_UNIT:
            rebase_bounds(floats, n_features, n_taken, unit)
            unit = 1.0

        n_found = add_step(floats, scalars, point, newest)
        if n_found != n_varying:
            usual, n_varying = choose_width(n_found), n_found
        distance, second, j = find_nearest(floats, point, buffer)
        width = (sigma * scalars[SCALE]) ** 2 if sigma > 0.0 else usual * trace
        k = 1.0
        if distance > 0.0:
            k = math.exp(-distance / width) if width > 0.0 else 0.0
        ints[LAST_SEEN, j] = label
        count = count_links(label, n_prototypes, gamma)
        if count > 0.0 and n_taken > 1:
            add_link(floats, ints, scalars, links, buffer, j, second, n_features, count)
        left, step, size = attract(floats, ints, j, point, distance, k, rule)
        add_time(floats, scalars, j, n_features, label)

        if n_taken < n_prototypes:
            forget_bounds(floats, ints, j, n_features)
            place(floats, ints, n_taken, point, label, rule)
            forget_bounds(floats, ints, n_taken, n_features)
            n_taken, newest = n_taken + 1, n_taken
        elif n_prototypes > 1:
            if step * distance > 0.0:
                least = find_minimum(floats, bound_row) / unit
                unit = allow_for_step(floats, ints, j, step, size, least, unit, buffer, other, rule)
            newest, unit = make_room(
                floats, ints, links, j, left, second, unit, buffer, other, point, label, rule
            )
        else:
            newest = -1
    scalars[N_TAKEN] = n_taken
    scalars[N_SEEN] = n_seen + n_points
    scalars[BOUND_UNIT] = unit


@njit(cache=True, nogil=True)
def learn(
    points: Any,
    floats: Any,
    ints: Any,
    scalars: Any,
    links: Any,
    buffer: Any,
    scratch: Any,
    settings: tuple[int, float, float, int],
) -> int:
    """Learn a chunk (n, d); returns the first refused row (nothing is changed then) or -1."""
    refused = find_refused(points, scalars, scalars[N_SEEN] == 0.0)
    if refused < 0:
        learn_all(points, floats, ints, scalars, links, buffer, scratch, settings)
    return refused


@njit(cache=True, nogil=True)
def shrink(
    floats: Any,
    ints: Any,
    scalars: Any,
    links: Any,
    buffer: Any,
    scratch: Any,
    n_prototypes: int,
    rule: int,
) -> None:
    """Merge closest pairs until ``n_prototypes`` are left; the last slot fills the gap."""
    n_features = scratch.shape[1]
    n_taken = int(scalars[N_TAKEN])
    while n_taken > n_prototypes:
        a, b, _ = find_closest_pair(floats, ints, scalars[BOUND_UNIT], buffer, scratch[1], rule)
        kept, freed, _, _ = merge_pair(floats, ints, a, b, n_features, rule)
        join_links(ints, links, kept, freed)
        last = n_taken - 1
        forget_bounds(floats, ints, kept, n_features)
        if freed != last:
            floats[:, freed] = floats[:, last]
            ints[:, freed] = ints[:, last]
            move_links(links, last, freed)
            forget_bounds(floats, ints, freed, n_features)
        floats[:n_features, last] = np.inf
        floats[n_features:, last] = 0.0
        floats[n_features + MASS, last] = 1.0
        floats[n_features + BOUND, last] = np.inf
        ints[:, last] = -1
        n_taken = last
    scalars[N_TAKEN] = n_taken

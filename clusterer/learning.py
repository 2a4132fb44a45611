"""One point arrives: the compiled loop that learns a chunk.

Guedalia, London and Werman, "An on-line agglomerative clustering method for nonstationary data",
Neural Computation 11(2), 1999; with the kernel of Zhang, Chen and Tan, Neural Processing Letters
21, 2005, standing in the numerator of the step as well as in the weight.
"""

import math
from typing import Any

import numpy as np
from numba import njit

from .kernels import (
    BOUND,
    COUNT,
    FADED_COUNT,
    ID,
    LAST_SEEN,
    LINKED,
    MASS,
    N_SCALARS,
    N_SEEN,
    N_TAKEN,
    NEIGHBOUR,
    PLAIN,
    SCALE,
    SCATTER,
    SHAVE,
    SQUARES,
    WEIGHT,
    bound_light,
    fill_distances,
    find_closest_pair,
    find_first,
    measure_mass,
    scan_row,
)
from .links import add_link, count_links, fade_links, join_links, move_links
from .times import LEAST_COUNT, add_step, add_time, join_times, start_times

LARGEST_COORDINATE = 1e140
SIGMA_SHARE = 0.25  # automatic sigma, in square roots of the trace of the running covariance


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


@njit(cache=True, nogil=True, forceinline=True)
def forget_bound(floats: Any, ints: Any, slot: int, n_features: int) -> None:
    """Have the slot's row scanned before its pairs are next compared."""
    floats[n_features + BOUND, slot] = 0.0
    ints[NEIGHBOUR, slot] = -1


@njit(cache=True, nogil=True, forceinline=True)
def merge_pair(
    floats: Any, ints: Any, a: int, b: int, n_features: int, rule: int
) -> tuple[int, int, bool]:
    """The heavier takes the lighter in; returns (kept, freed, whether the kept one moved)."""
    weight = n_features + WEIGHT
    if floats[weight, b] > floats[weight, a]:
        a, b = b, a
    heavy = floats[weight, a]
    light = floats[weight, b]
    total = heavy + light
    share = light / total if total > 0.0 else 0.5
    if share > 0.0:
        distance = 0.0
        for t in range(n_features):
            gap = floats[t, b] - floats[t, a]
            distance += gap * gap
            floats[t, a] += share * gap
        floats[n_features + SCATTER, a] += (
            floats[n_features + SCATTER, b] + heavy * share * distance
        )
        floats[weight, a] = total
        floats[n_features + MASS, a] = measure_mass(total, rule)
    join_times(floats, a, b, n_features)
    floats[n_features + COUNT, a] += floats[n_features + COUNT, b]
    ints[LAST_SEEN, a] = max(ints[LAST_SEEN, a], ints[LAST_SEEN, b])
    return a, b, share > 0.0


@njit(cache=True, nogil=True, forceinline=True)
def fade(floats: Any, n_features: int, gamma: float, rule: int) -> None:
    """Let all that was learned count ``gamma`` times as much."""
    for i in range(floats.shape[1]):
        share = gamma if floats[n_features + COUNT, i] > LEAST_COUNT else 1.0
        floats[n_features + WEIGHT, i] *= share
        floats[n_features + COUNT, i] *= share
        floats[n_features + SCATTER, i] *= share
    if rule != PLAIN:
        # Every merge rule is concave in the weights: no cost falls by more than gamma.
        for i in range(floats.shape[1]):
            floats[n_features + MASS, i] = measure_mass(floats[n_features + WEIGHT, i], rule)
            floats[n_features + BOUND, i] *= gamma * SHAVE


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
def attract(
    floats: Any, ints: Any, j: int, point: Any, distance: float, k: float, rule: int
) -> float:
    """Move prototype j towards the point; returns their squared distance afterwards."""
    n_features = point.shape[0]
    before = floats[n_features + WEIGHT, j]
    weight = before + k
    floats[n_features + WEIGHT, j] = weight
    floats[n_features + COUNT, j] += 1.0
    if weight == 0.0:
        return distance
    f = k / weight
    rest = before / weight  # 1 - f, without its cancellation
    left = 0.0
    for t in range(n_features):
        gap = point[t] - floats[t, j]
        # From the heavier end: nothing is lost beside far outliers, and a first step ends on the
        # point itself, or rounding would decide which of such twins merge.
        floats[t, j] = point[t] - rest * gap if before < k else floats[t, j] + f * gap
        gap = point[t] - floats[t, j]
        left += gap * gap
    floats[n_features + SCATTER, j] += k * rest * distance
    floats[n_features + MASS, j] = measure_mass(weight, rule)
    return left


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
    n_prototypes, sigma, gamma, rule = settings
    n_points, n_features = points.shape
    refused = find_refused(points, scalars, scalars[N_SEEN] == 0.0)
    if refused >= 0:
        return refused
    point = scratch[0]
    other = scratch[1]
    origin = N_SCALARS + n_features
    bound_row = n_features + BOUND
    n_taken = int(scalars[N_TAKEN])
    n_seen = int(scalars[N_SEEN])
    if n_seen == 0:
        for t in range(n_features):
            scalars[origin + t] = points[0, t]
    for i in range(n_points):
        for t in range(n_features):
            point[t] = points[i, t] - scalars[origin + t]
        if scalars[SCALE] == 0.0:
            step = 0.0
            for t in range(n_features):
                step = max(step, abs(point[t]))
            if step > 0.0:
                scalars[SCALE] = choose_scale(step)
        for t in range(n_features):
            point[t] *= scalars[SCALE]
        label = n_seen + i
        trace = follow(scalars, point, gamma)
        if n_taken == 0:
            place(floats, ints, 0, point, label, rule)
            forget_bound(floats, ints, 0, n_features)
            n_taken = 1
            continue
        if gamma < 1.0:
            fade(floats, n_features, gamma, rule)
            fade_links(scalars, links, gamma)

        distance = fill_distances(floats, point, buffer)
        j = find_first(buffer, 0, distance)
        add_step(floats, ints, scalars, buffer, n_features, label)
        width = (sigma * scalars[SCALE]) ** 2 if sigma > 0.0 else SIGMA_SHARE**2 * trace
        k = 1.0
        if distance > 0.0:
            k = math.exp(-distance / width) if width > 0.0 else 0.0
        ints[LAST_SEEN, j] = label
        count = count_links(label, n_prototypes, gamma)
        if count > 0.0:
            add_link(floats, ints, scalars, links, buffer, j, n_features, count)
        left = attract(floats, ints, j, point, distance, k, rule)
        add_time(floats, scalars, j, n_features, label)

        if n_taken < n_prototypes:
            forget_bound(floats, ints, j, n_features)
            place(floats, ints, n_taken, point, label, rule)
            forget_bound(floats, ints, n_taken, n_features)
            n_taken += 1
        elif n_prototypes > 1:
            scan_row(floats, ints, j, buffer, other, rule)
            a, b = find_closest_pair(floats, ints, buffer, other, rule)
            kept, freed, has_moved = merge_pair(floats, ints, a, b, n_features, rule)
            join_links(ints, links, kept, freed)
            place(floats, ints, freed, point, label, rule)
            if has_moved or freed == j:
                scan_row(floats, ints, kept, buffer, other, rule)
                scan_row(floats, ints, freed, buffer, other, rule)
            else:
                # The search has told already that nothing lies nearer to the point than j.
                floats[bound_row, freed] = bound_light(min(distance, left), rule)
                ints[NEIGHBOUR, freed] = j
    scalars[N_TAKEN] = n_taken
    scalars[N_SEEN] = n_seen + n_points
    return -1


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
        a, b = find_closest_pair(floats, ints, buffer, scratch[1], rule)
        kept, freed, _ = merge_pair(floats, ints, a, b, n_features, rule)
        join_links(ints, links, kept, freed)
        last = n_taken - 1
        forget_bound(floats, ints, kept, n_features)
        if freed != last:
            floats[:, freed] = floats[:, last]
            ints[:, freed] = ints[:, last]
            move_links(links, last, freed)
            forget_bound(floats, ints, freed, n_features)
        floats[:n_features, last] = np.inf
        floats[n_features:, last] = 0.0
        floats[n_features + MASS, last] = 1.0
        floats[n_features + BOUND, last] = np.inf
        ints[:, last] = -1
        n_taken = last
    scalars[N_TAKEN] = n_taken

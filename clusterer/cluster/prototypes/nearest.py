"""Search the nearest prototype, and the smallest entries of a row, with SIMD vectors."""

from typing import Any

import numpy as np

from clusterer.cluster.prototypes.simd import (
    VECTOR_WIDTH,
    add_squared_difference,
    broadcast,
    count_trailing_zeros,
    equality_mask,
    load_vector,
    maximum,
    minimum,
    reduce_minimum,
    replace_element,
    store_vector,
)
from clusterer.support.kernels import entry, inner

BITS_PER_MASK = 64


@inner
def find_position(values: Any, row: int, target: float) -> int:
    """Return the lowest slot of ``values[row]`` that equals ``target``; 0 if none does."""
    n_slots = values.shape[1]
    for begin in range(0, n_slots, BITS_PER_MASK):
        # One branch for 64 slots, because the position of the target is not predictable.
        bits = 0
        for start in range(begin, min(begin + BITS_PER_MASK, n_slots), VECTOR_WIDTH):
            bits |= equality_mask(load_vector(values, row, start), target) << (start - begin)
        if bits != 0:
            return begin + count_trailing_zeros(bits)
    # Nothing equals NaN; a slot outside of the array would be read by the caller.
    return 0


@inner
def find_two_smallest(values: Any, row: int) -> tuple[float, float, int]:
    """Return the two smallest entries of ``values[row]``, and the lowest slot of the smallest."""
    smallest = second = broadcast(np.inf)
    for start in range(0, values.shape[1], VECTOR_WIDTH):
        value = load_vector(values, row, start)
        second = minimum(second, maximum(smallest, value))
        smallest = minimum(smallest, value)
    return reduce_two_smallest(values, row, smallest, second)


@inner
def reduce_two_smallest(
    values: Any, row: int, smallest: Any, second: Any
) -> tuple[float, float, int]:
    """Do the same, given vectors of the two smallest entries at each position of a vector."""
    least = reduce_minimum(smallest)
    position = count_trailing_zeros(equality_mask(smallest, least))
    others = replace_element(smallest, position, np.inf)
    return least, reduce_minimum(minimum(second, others)), find_position(values, row, least)


@inner
def fill_distances(centers: Any, point: Any, distances: Any) -> None:
    """Write the squared distance of ``point`` from every slot into ``distances[0]``."""
    for start in range(0, centers.shape[1], VECTOR_WIDTH):
        distance = broadcast(0.0)
        for t in range(point.shape[0]):
            distance = add_squared_difference(distance, load_vector(centers, t, start), point[t])
        store_vector(distances, 0, start, distance)


@inner
def measure_distance(centers: Any, slot: int, point: Any) -> float:
    """Return the squared distance of ``point`` from one slot."""
    distance = 0.0
    for t in range(point.shape[0]):
        gap = centers[t, slot] - point[t]
        distance += gap * gap
    return distance


@inner
def find_nearest(centers: Any, point: Any, distances: Any) -> tuple[float, float, int]:
    """Combine `fill_distances` and `find_two_smallest` in one pass."""
    smallest = second = broadcast(np.inf)
    for start in range(0, centers.shape[1], VECTOR_WIDTH):
        distance = broadcast(0.0)
        for t in range(point.shape[0]):
            distance = add_squared_difference(distance, load_vector(centers, t, start), point[t])
        store_vector(distances, 0, start, distance)
        second = minimum(second, maximum(smallest, distance))
        smallest = minimum(smallest, distance)
    return reduce_two_smallest(distances, 0, smallest, second)


@entry
def assign_points(
    points: Any, floats: Any, origin: Any, scale: float, distances: Any, point: Any, slots: Any
) -> None:
    """Write the slot of the prototype nearest to each point (n, d) into ``slots`` (n,).

    The lowest slot wins a tie. ``floats`` starts with the d rows of the centres; ``distances`` and
    ``point`` are scratch.
    """
    n_points, n_features = points.shape
    centers = floats[:n_features]
    for i in range(n_points):
        for t in range(n_features):
            point[t] = (points[i, t] - origin[t]) * scale
        slots[i] = find_nearest(centers, point, distances)[2]

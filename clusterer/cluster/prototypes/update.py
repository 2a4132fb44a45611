"""What happens to a prototype: it starts, moves to a point, merges with another, decays."""

from typing import Any, NamedTuple

from clusterer.cluster.prototypes.merge_rules import compute_mass, fill_masses
from clusterer.cluster.prototypes.state_layout import (
    COUNT,
    ID,
    IS_LINKED,
    LAST_SEEN,
    MASS,
    PREVIOUS_LABEL,
    SCATTER,
    WEIGHT,
    KernelState,
)
from clusterer.cluster.prototypes.timestamps import LEAST_COUNT, merge_times, start_times
from clusterer.support.kernels import entry, inner, separate


class Move(NamedTuple):
    """A move of a centre to the point.

    ``step`` is the share of the way that the centre moved, ``distance`` its squared distance from
    the point before the move and ``rest`` the one after it. ``size`` is the sum of the squares on
    which the rounding of the move depends, ``mass`` the mass after the move.
    """

    step: float
    distance: float
    rest: float
    size: float
    mass: float


@inner
def start_prototype(state: KernelState, slot: int, index: int, rule: int) -> None:
    """Start a prototype at ``state.point``, the point ``index`` of the stream.

    Its weight is 0, because the nearest prototype has already counted the point.
    """
    rows, int_rows, point = state.rows, state.int_rows, state.point
    for t in range(point.shape[0]):
        state.centers[t, slot] = point[t]
    rows[WEIGHT, slot] = 0.0
    rows[COUNT, slot] = 0.0
    rows[SCATTER, slot] = 0.0
    rows[MASS, slot] = compute_mass(rule, 0.0)
    start_times(state, slot, index)
    int_rows[ID, slot] = index
    int_rows[LAST_SEEN, slot] = index
    int_rows[IS_LINKED, slot] = 0
    int_rows[PREVIOUS_LABEL, slot] = -1


@inner
def move_to_point(
    state: KernelState, slot: int, distance: float, kernel: float, amount: float, rule: int
) -> Move:
    """Move a prototype to ``state.point``, which lies at the squared distance ``distance``.

    ``amount`` is the weight of the point, ``kernel`` its kernel value times this weight. The mass
    is not stored yet: a pass over all masses would wait for it.
    """
    centers, rows, point = state.centers, state.rows, state.point
    before = rows[WEIGHT, slot]
    weight = before + kernel
    rows[WEIGHT, slot] = weight
    rows[COUNT, slot] += amount
    if weight == 0.0:
        return Move(0.0, distance, distance, 0.0, rows[MASS, slot])
    share = kernel / weight
    rest = before / weight  # 1 - share, without its cancellation
    distance_after = 0.0
    size = distance
    for t in range(point.shape[0]):
        gap = point[t] - centers[t, slot]
        # Measured from the heavier end, so that no digit is lost beside far outliers. And a first
        # step ends exactly on the point; otherwise rounding would decide which of such twins merge.
        center = point[t] - rest * gap if before < kernel else centers[t, slot] + share * gap
        centers[t, slot] = center
        gap = point[t] - center
        distance_after += gap * gap
        size += center * center
    rows[SCATTER, slot] += kernel * rest * distance
    return Move(share, distance, distance_after, size, compute_mass(rule, weight))


@inner
def merge_pair(state: KernelState, a: int, b: int, rule: int) -> tuple[int, int, float, float]:
    """Merge the lighter of two prototypes into the heavier.

    Returns the kept slot, the freed slot, the share of the way to the other that the kept prototype
    moved, and the sum of the squares on which the rounding depends.
    """
    centers, rows, int_rows = state.centers, state.rows, state.int_rows
    if rows[WEIGHT, b] > rows[WEIGHT, a]:
        a, b = b, a
    heavy = rows[WEIGHT, a]
    light = rows[WEIGHT, b]
    total = heavy + light
    share = light / total if total > 0.0 else 0.5
    size = 0.0
    if share > 0.0:
        distance = 0.0
        for t in range(centers.shape[0]):
            gap = centers[t, b] - centers[t, a]
            distance += gap * gap
            centers[t, a] += share * gap
            size += centers[t, a] * centers[t, a]
        rows[SCATTER, a] += rows[SCATTER, b] + heavy * share * distance
        rows[WEIGHT, a] = total
        rows[MASS, a] = compute_mass(rule, total)
        size += distance
    merge_times(state, a, b)
    rows[COUNT, a] += rows[COUNT, b]
    int_rows[LAST_SEEN, a] = max(int_rows[LAST_SEEN, a], int_rows[LAST_SEEN, b])
    return a, b, share, size


@separate
def decay_prototypes(state: KernelState, decay: float, rule: int) -> None:
    """Multiply weights, counts and scatters by ``decay``."""
    rows = state.rows
    for i in range(rows.shape[1]):
        factor = decay if rows[COUNT, i] > LEAST_COUNT else 1.0
        rows[WEIGHT, i] *= factor
        rows[COUNT, i] *= factor
        rows[SCATTER, i] *= factor
    fill_masses(rule, rows)


@entry
def update_masses(rows: Any, rule: int) -> None:
    """Compute the masses of all slots from their weights."""
    fill_masses(rule, rows)

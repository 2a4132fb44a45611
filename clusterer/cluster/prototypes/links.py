"""Links: the number of points seen between two prototypes, counted while the stream is learned.

A point about halfway between its two nearest prototypes is evidence that no saddle of the density
separates them. Where a saddle is, no such point comes. So links separate clusters that are too
close together for the prototypes' scatters to separate them. A point counts exp(-r²/2h²), with r
its distance from the middle and h an eighth of the gap between the two centres. This window makes
a link comparable with a density.

After the competitive Hebbian rule of T. Martinetz and K. Schulten, "Topology representing
networks", Neural Networks 7(3), 1994, and the shared density of M. Hahsler and M. Bolaños,
"Clustering data streams based on shared density between micro-clusters", IEEE TKDE 28(6), 2016.

In a long stream every fourth point is used and counts four times: otherwise the links would take a
quarter of the learning time, and a hundred points per prototype are enough.

``links`` (n_slots, n_slots) is symmetric, in units of ``scalars[LINK_UNIT]``. This one number grows
instead of all links decaying. The integer row ``IS_LINKED`` marks slots that have any link.
"""

import math

import numpy as np

from clusterer.cluster.prototypes.nearest import find_position
from clusterer.cluster.prototypes.state_layout import IS_LINKED, LINK_UNIT, KernelState
from clusterer.support.kernels import inner

WINDOW = 0.125  # h, as a share of the gap
SHARPNESS = 0.5 / WINDOW**2
MAX_DISTANCE = 0.5  # squared, as a share of the squared gap: beyond it a point counts below 1e-6
LARGEST_UNIT = 1e100
N_USED_POINTS = 100  # points per prototype before points are skipped
N_SKIPPED = 4
GOLDEN_RATIO = np.uint64(0x9E3779B97F4A7C15)  # 2⁶⁴ over the golden ratio
TOP_BITS = np.uint64(62)


@inner
def count_link_points(index: int, n_prototypes: int, decay: float) -> float:
    """Return how many points the point ``index`` stands for: 1, or 4 and 0 without a period.

    With decay all points are used, because the links then hold only as many as the half-life.
    """
    if decay < 1.0 or index < N_USED_POINTS * n_prototypes:
        return 1.0
    return N_SKIPPED if (np.uint64(index) * GOLDEN_RATIO) >> TOP_BITS == np.uint64(0) else 0.0


@inner
def add_link(state: KernelState, slot: int, second: float, count: float) -> None:
    """Link ``slot``, the nearest prototype of a point, with the second nearest.

    ``state.distances`` holds the squared distances of the point from all slots; the distance from
    ``slot`` is overwritten. ``second`` is the second smallest distance. The point stands for
    ``count`` points.
    """
    centers, links = state.centers, state.links
    nearest = state.distances[0, slot]
    state.distances[0, slot] = np.inf
    other = find_position(state.distances, 0, second)
    gap = 0.0
    for t in range(centers.shape[0]):
        difference = centers[t, other] - centers[t, slot]
        gap += difference * difference
    # The median of a triangle, by the theorem of Apollonius.
    square = max(0.5 * (nearest + second) - 0.25 * gap, 0.0)
    if square < MAX_DISTANCE * gap:
        value = math.exp(-SHARPNESS * square / gap) * count * state.scalars[LINK_UNIT]
        links[other, slot] += value
        links[slot, other] += value
        state.int_rows[IS_LINKED, other] = 1
        state.int_rows[IS_LINKED, slot] = 1


@inner
def merge_links(state: KernelState, kept: int, freed: int) -> None:
    """Add the links of ``freed`` to ``kept``; the link between the two is deleted."""
    links, int_rows = state.links, state.int_rows
    if int_rows[IS_LINKED, freed] <= 0:
        return
    for i in range(links.shape[0]):
        # A slot has few links, and a column spreads over the whole memory of the links.
        if links[freed, i] != 0.0:
            links[kept, i] += links[freed, i]
            links[i, kept] = links[kept, i]
            links[freed, i] = 0.0
            links[i, freed] = 0.0
    links[kept, kept] = 0.0
    int_rows[IS_LINKED, kept] = 1


@inner
def move_links(state: KernelState, source: int, target: int) -> None:
    """Move the links of a slot to another slot that has none."""
    links = state.links
    for i in range(links.shape[0]):
        links[target, i] = links[source, i]
        links[source, i] = 0.0
    for i in range(links.shape[0]):
        links[i, target] = links[target, i]
        links[i, source] = 0.0
    links[target, target] = 0.0


@inner
def decay_links(state: KernelState, decay: float) -> None:
    """Multiply all links by ``decay``, by letting later points count more."""
    unit = state.scalars[LINK_UNIT] / decay
    if not unit < LARGEST_UNIT:
        for i in range(state.links.shape[0]):
            for j in range(state.links.shape[1]):
                state.links[i, j] /= unit
        unit = 1.0
    state.scalars[LINK_UNIT] = unit

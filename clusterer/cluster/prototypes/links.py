"""Links: how many points were seen between two prototypes, gathered while they stream by.

A point about halfway between the two prototypes nearest to it tells that no valley parts them, and
where a valley is, no such point comes. So links tell clusters apart that lie closer together than
the prototypes' spreads could tell. Each counts exp(-r²/2h²), r its distance from the middle and h
an eighth of the gap: a window, which a density can be compared with.

After the competitive Hebbian rule of T. Martinetz and K. Schulten, "Topology representing
networks", Neural Networks 7(3), 1994, and the shared density of M. Hahsler and M. Bolaños,
"Clustering data streams based on shared density between micro-clusters", IEEE TKDE 28(6), 2016.

In a long stream every fourth point is looked at, and counts fourfold: the links cost a quarter of
the learning otherwise, and a hundred points a prototype tell enough.

``links`` (n_slots, n_slots) is symmetric, in units of ``scalars[LINK_UNIT]``: that one number
grows where a half-life fades them. The row ``LINKED`` of ``ints`` tells slots that have any.
"""

import math
from typing import Any

import numpy as np
from numba import njit

from clusterer.cluster.prototypes.state_layout import LINK_UNIT, LINKED, find_first

WINDOW = 0.125  # h, in gaps
SHARPNESS = 0.5 / WINDOW**2
FARTHEST = 0.5  # of the squared gap: farther ones count less than 1e-6
LARGEST_UNIT = 1e100
N_EAGER = 100  # points a prototype until all are looked at
N_SKIPPED = 4
GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # 2⁶⁴ over the golden ratio
TOP_BITS = np.uint64(62)


@njit(cache=True, nogil=True, forceinline=True)
def count_links(label: int, n_prototypes: int, gamma: float) -> float:
    """How many points the point ``label`` stands for: 1, or 4 and 0 in turns without a period.

    Where the past fades, all are looked at, since no more than the half-life are remembered.
    """
    if gamma < 1.0 or label < N_EAGER * n_prototypes:
        return 1.0
    return N_SKIPPED if (np.uint64(label) * GOLDEN) >> TOP_BITS == np.uint64(0) else 0.0


@njit(cache=True, nogil=True, forceinline=True)
def add_link(
    floats: Any,
    ints: Any,
    scalars: Any,
    links: Any,
    buffer: Any,
    j: int,
    second: float,
    n_features: int,
    count: float,
) -> None:
    """Let the point link prototype j, its nearest, with the next one.

    ``buffer`` holds the point's squared distances from all slots, and loses that from j; the one
    after it is ``second``. The point stands for ``count`` points.
    """
    nearest = buffer[0, j]
    buffer[0, j] = np.inf
    i = find_first(buffer, 0, second)
    gap = 0.0
    for t in range(n_features):
        a = floats[t, i] - floats[t, j]
        gap += a * a
    # The median of a triangle, by Apollonius.
    square = max(0.5 * (nearest + second) - 0.25 * gap, 0.0)
    if square < FARTHEST * gap:
        value = math.exp(-SHARPNESS * square / gap) * count * scalars[LINK_UNIT]
        links[i, j] += value
        links[j, i] += value
        ints[LINKED, i] = 1
        ints[LINKED, j] = 1


@njit(cache=True, nogil=True, forceinline=True)
def join_links(ints: Any, links: Any, kept: int, freed: int) -> None:
    """Let ``kept`` take over the links of ``freed``; those between the two go."""
    if ints[LINKED, freed] <= 0:
        return
    for i in range(links.shape[0]):
        links[kept, i] += links[freed, i]
        links[i, kept] = links[kept, i]
        links[freed, i] = 0.0
        links[i, freed] = 0.0
    links[kept, kept] = 0.0
    ints[LINKED, kept] = 1


@njit(cache=True, nogil=True)
def move_links(links: Any, source: int, target: int) -> None:
    """Move a slot's links to another one that has none."""
    for i in range(links.shape[0]):
        links[target, i] = links[source, i]
        links[source, i] = 0.0
    for i in range(links.shape[0]):
        links[i, target] = links[target, i]
        links[i, source] = 0.0
    links[target, target] = 0.0


@njit(cache=True, nogil=True, forceinline=True)
def fade_links(scalars: Any, links: Any, gamma: float) -> None:
    """Let all links count ``gamma`` times as much, by counting the next ones more."""
    unit = scalars[LINK_UNIT] / gamma
    if not unit < LARGEST_UNIT:
        links /= unit
        unit = 1.0
    scalars[LINK_UNIT] = unit

"""Looks: every `LOOK` points it is looked whether clusters move, and which there are.

They are counted from the stream's first point: so cutting it into chunks changes nothing.
"""

import math
from typing import TYPE_CHECKING, Any

from numba import njit
from numpy.typing import NDArray

from clusterer.cluster.density.labels import label_prototypes
from clusterer.cluster.forgetting import AUTOMATIC, LEAST_EXPLAINED, renew_half_life
from clusterer.cluster.prototypes.learn_loop import find_refused, learn_all
from clusterer.cluster.prototypes.state_layout import N_SEEN, NEXT_LOOK
from clusterer.cluster.prototypes.timestamps import explain_most

if TYPE_CHECKING:
    from clusterer.cluster.prototypes.prototypes import Prototypes, Settings

FIRST_LOOK = 1000.0
LOOK = 500
# With a half-life that was told, once in it, as far as that is often enough to notice when it is
# no more; but so many points for each prototype at least: to read the clusters takes as long as to
# learn a thousand.
LOOK_EACH = 20
RAREST_LOOK = 10_000


def learn_watchfully(held: "Prototypes", points: NDArray, settings: "Settings") -> int:
    """Learn a chunk (n, d) past the next look; returns the first refused row or -1."""
    # Nothing is to have changed if a row is refused.
    refused = int(find_refused(points, held.scalars, held.n_seen == 0))
    if refused >= 0:
        return refused
    at_rest = settings[0], settings[1], 1.0, settings[3]
    while len(points):
        if settings[2] == AUTOMATIC and held.half_life == math.inf:
            points = points[learn_at_rest(points, *held.arrays, at_rest) :]
            if not len(points):
                break
        if count_to_look(held) <= 0:
            look(held, settings)
        n_left = count_to_look(held)
        # No further than to the next look: so the half-life is the one in force.
        held.learn(points[:n_left], settings)
        points = points[n_left:]
    return -1


def look(held: "Prototypes", settings: "Settings") -> None:
    """Choose the half-life anew if it is automatic, remember the clusters, say when to look again.

    O(K² d).
    """
    if settings[2] == AUTOMATIC:
        n_points = LOOK
        renew_half_life(held)
    else:
        half_life = -1.0 / math.log2(settings[2])
        n_points = max(LOOK, LOOK_EACH * settings[0], min(int(half_life), RAREST_LOOK))
        held.remember(label_prototypes(**held.evidence, previous=held.known))
    held.scalars[NEXT_LOOK] = held.n_seen + n_points


@njit(cache=True, nogil=True)
def learn_at_rest(
    points: Any,
    floats: Any,
    ints: Any,
    scalars: Any,
    links: Any,
    buffer: Any,
    scratch: Any,
    settings: tuple[int, float, float, int],
) -> int:
    """Learn points (n, d) while their times tell of no motion; returns how many that were.

    The looks that find nothing are taken here, since most do: outside they cost 10 ns a point,
    and keep threads that read waiting for one another.
    """
    n_points, n_features = points.shape
    n_learned = 0
    while n_learned < n_points:
        n_left = int(max(scalars[NEXT_LOOK], FIRST_LOOK) - scalars[N_SEEN])
        if n_left <= 0:
            # Over all clusters at once they explain no less, and that costs little to know.
            if explain_most(floats, scalars, n_features) >= LEAST_EXPLAINED / 2:
                break
            scalars[NEXT_LOOK] = scalars[N_SEEN] + LOOK
            n_left = LOOK
        piece = points[n_learned : n_learned + n_left]
        learn_all(piece, floats, ints, scalars, links, buffer, scratch, settings)
        n_learned += len(piece)
    return n_learned


def count_to_look(held: "Prototypes") -> int:
    """How many points may come before it is looked again; none where that is due."""
    # Python's numbers: NumPy's cost as much as learning a point does.
    read = held.scalars.item
    return int(max(read(NEXT_LOOK), FIRST_LOOK) - read(N_SEEN))

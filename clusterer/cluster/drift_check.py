"""Learn a stream with drift checks: every 500 points, check whether clusters move.

A check chooses the half-life anew if it is automatic, and labels the clusters, which the next
labelling compares with. Checks are counted from the first point of the stream, so the result does
not depend on how the stream is divided into chunks.
"""

import math
from typing import Any

from numba import njit
from numpy.typing import NDArray

from clusterer.cluster.density.labels import label_prototypes
from clusterer.cluster.forgetting import LEAST_EXPLAINED, renew_half_life
from clusterer.cluster.prototypes.learn_loop import find_refused, learn_all
from clusterer.cluster.prototypes.parameters import AUTOMATIC, Parameters
from clusterer.cluster.prototypes.prototypes import Prototypes
from clusterer.cluster.prototypes.state_layout import N_SEEN, NEXT_LOOK
from clusterer.cluster.prototypes.timestamps import explain_most

FIRST_CHECK = 1000.0
INTERVAL = 500
# A given half-life needs only one check in it, at most 10 000 points apart, to notice that a
# cluster has ended. But a check takes as long as learning a thousand points, so there are at least
# 20 points for each prototype between two checks.
INTERVAL_PER_PROTOTYPE = 20
MAX_INTERVAL = 10_000


def learn_stream(prototypes: Prototypes, points: NDArray, parameters: Parameters) -> int:
    """Learn a chunk (n, d) and check for drift where a check is due.

    Returns the first row that is refused, or -1. Nothing changes if a row is refused.
    """
    if parameters.decay == 1.0 or len(points) <= count_to_check(prototypes):
        return prototypes.learn(points, parameters)
    refused = int(find_refused(points, prototypes.scalars, prototypes.n_seen == 0))
    if refused >= 0:
        return refused
    prototypes.adapt(parameters)
    while len(points):
        if parameters.decay == AUTOMATIC and prototypes.half_life == math.inf:
            points = points[learn_without_decay(points, prototypes, parameters) :]
            if not len(points):
                break
        if count_to_check(prototypes) <= 0:
            check_drift(prototypes, parameters)
        # Up to the next check, because it may change the half-life.
        n_left = count_to_check(prototypes)
        prototypes.learn(points[:n_left], parameters)
        points = points[n_left:]
    return -1


def check_drift(prototypes: Prototypes, parameters: Parameters) -> None:
    """Choose the half-life anew if it is automatic, label the clusters, plan the next check.

    O(K² d).
    """
    if parameters.decay == AUTOMATIC:
        n_points = INTERVAL
        renew_half_life(prototypes)
    else:
        half_life = -1.0 / math.log2(parameters.decay)
        least = INTERVAL_PER_PROTOTYPE * parameters.n_prototypes
        n_points = max(INTERVAL, least, min(int(half_life), MAX_INTERVAL))
        prototypes.remember(label_prototypes(**prototypes.evidence, previous=prototypes.known))
    prototypes.scalars[NEXT_LOOK] = prototypes.n_seen + n_points


def count_to_check(prototypes: Prototypes) -> int:
    """Return how many points may come before the next check; 0 or less if it is due."""
    # As Python numbers, since two NumPy numbers take as long as learning a point.
    read = prototypes.scalars.item
    return int(max(read(NEXT_LOOK), FIRST_CHECK) - read(N_SEEN))


def learn_without_decay(points: NDArray, prototypes: Prototypes, parameters: Parameters) -> int:
    """Learn points (n, d) until a check may find drift; return how many points were learned."""
    fixed = parameters.n_prototypes, parameters.sigma, 1.0, parameters.rule
    return int(learn_to_drift(points, *prototypes.arrays, fixed))


@njit(cache=True, nogil=True)
def learn_to_drift(
    points: Any,
    floats: Any,
    ints: Any,
    scalars: Any,
    links: Any,
    buffer: Any,
    scratch: Any,
    settings: tuple[int, float, float, int],
) -> int:
    """Learn points (n, d) until a check may find drift; return how many points were learned.

    Most checks find no drift. Here in compiled code such a check costs 10 ns a point less, and
    does not make other threads wait.
    """
    n_points, n_features = points.shape
    n_learned = 0
    while n_learned < n_points:
        n_left = int(max(scalars[NEXT_LOOK], FIRST_CHECK) - scalars[N_SEEN])
        if n_left <= 0:
            # An upper bound of what the full check computes, and quick to compute.
            if explain_most(floats, scalars, n_features) >= LEAST_EXPLAINED / 2:
                break
            scalars[NEXT_LOOK] = scalars[N_SEEN] + INTERVAL
            n_left = INTERVAL
        piece = points[n_learned : n_learned + n_left]
        learn_all(piece, floats, ints, scalars, links, buffer, scratch, settings)
        n_learned += len(piece)
    return n_learned

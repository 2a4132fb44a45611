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
from clusterer.cluster.prototypes.learn_loop import learn_points
from clusterer.cluster.prototypes.parameters import AUTOMATIC, Parameters
from clusterer.cluster.prototypes.prototypes import Prototypes
from clusterer.cluster.prototypes.state_layout import N_SEEN, NEXT_CHECK, view_state
from clusterer.cluster.prototypes.timestamps import bound_explained_variance

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
    refused = prototypes.find_refused(points)
    if refused >= 0:
        return refused
    prototypes.adapt(parameters)
    fixed = parameters.n_prototypes, parameters.sigma, parameters.rule
    while len(points):
        if parameters.decay == AUTOMATIC and prototypes.half_life == math.inf:
            n_learned = learn_to_drift(points, *prototypes.arrays, *fixed)
            points = points[n_learned:]
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
        labels = label_prototypes(**prototypes.density_data, previous=prototypes.previous_labels)
        prototypes.set_previous_labels(labels)
    prototypes.scalars[NEXT_CHECK] = prototypes.n_seen + n_points


def count_to_check(prototypes: Prototypes) -> int:
    """Return how many points may come before the next check; 0 or less if it is due."""
    # As Python numbers, since two NumPy numbers take as long as learning a point.
    read = prototypes.scalars.item
    return int(max(read(NEXT_CHECK), FIRST_CHECK) - read(N_SEEN))


@njit(cache=True, nogil=True)
def learn_to_drift(
    points: Any,
    floats: Any,
    int_rows: Any,
    stream: Any,
    links: Any,
    distances: Any,
    scratch: Any,
    n_prototypes: int,
    sigma: float,
    rule: int,
) -> int:
    """Learn points (n, d) without decay until a check may find drift.

    Returns how many points were learned. Most checks find no drift; in compiled code such a check
    saves 10 ns per point, and does not make other threads wait.
    """
    state = view_state(floats, int_rows, stream, links, distances, scratch)
    parameters = Parameters(n_prototypes, sigma, 1.0, rule)
    scalars = state.scalars
    n_learned = 0
    while n_learned < len(points):
        n_left = int(max(scalars[NEXT_CHECK], FIRST_CHECK) - scalars[N_SEEN])
        if n_left <= 0:
            # An upper bound of the full check's result, and quick to compute.
            if bound_explained_variance(state) >= LEAST_EXPLAINED / 2:
                break
            scalars[NEXT_CHECK] = scalars[N_SEEN] + INTERVAL
            n_left = INTERVAL
        piece = points[n_learned : n_learned + n_left]
        learn_points(piece, state, parameters)
        n_learned += len(piece)
    return n_learned

"""Learn a stream with drift checks: every 500 points, check whether clusters move.

A check chooses the half-life anew if it is automatic, and labels the clusters, which the next
labelling compares with. Checks are counted from the first point of the stream, so the result does
not depend on how the stream is divided into chunks.
"""

import math

from numpy.typing import NDArray

from clusterer.cluster.density.labels import label_prototypes
from clusterer.cluster.forgetting import LEAST_EXPLAINED, renew_half_life
from clusterer.cluster.prototype_number import (
    choose_in_motion,
    choose_number,
    count_to_choice,
)
from clusterer.cluster.prototypes.parameters import AUTOMATIC, AUTOMATIC_NUMBER, Parameters
from clusterer.cluster.prototypes.prototypes import DriftCheck, Prototypes
from clusterer.cluster.prototypes.state_layout import N_SEEN, NEXT_CHECK

FIRST_CHECK = 1000.0
INTERVAL = 500
# A given half-life needs only one check in it, at most 10 000 points apart, to notice that a
# cluster has ended. But a check takes as long as learning a thousand points, so there are at least
# 20 points for each prototype between two checks.
INTERVAL_PER_PROTOTYPE = 20
MAX_INTERVAL = 10_000
# The bound of the explained variance is that of a check with more than it needs.
AT_REST = DriftCheck(FIRST_CHECK, INTERVAL, LEAST_EXPLAINED / 2)


def learn_stream(prototypes: Prototypes, points: NDArray, parameters: Parameters) -> int:
    """Learn a chunk (n, d), check for drift and choose an automatic K where that is due.

    Returns the first row that is refused, or -1. Nothing changes if a row is refused.
    """
    if parameters.n_prototypes != AUTOMATIC_NUMBER or len(points) < count_to_choice(prototypes):
        return learn_with_checks(prototypes, points, parameters)
    refused = prototypes.find_refused(points)
    if refused >= 0:
        return refused
    while len(points):
        n_left = max(count_to_choice(prototypes), 0)
        learn_with_checks(prototypes, points[:n_left], parameters)
        points = points[n_left:]
        if count_to_choice(prototypes) <= 0:
            choose_number(prototypes, parameters)
    return -1


def learn_with_checks(prototypes: Prototypes, points: NDArray, parameters: Parameters) -> int:
    """Learn as `learn_stream`, without choosing K."""
    if parameters.decay == 1.0 or len(points) <= count_to_check(prototypes):
        # The result is -1 - i for a refused row i.
        return max(-1 - prototypes.learn(points, parameters), -1)
    refused = prototypes.find_refused(points)
    if refused >= 0:
        return refused
    prototypes.adapt(parameters)
    while len(points):
        if parameters.decay == AUTOMATIC and prototypes.half_life == math.inf:
            points = points[prototypes.learn(points, parameters, AT_REST) :]
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
        least = INTERVAL_PER_PROTOTYPE * prototypes.capacity
        n_points = max(INTERVAL, least, min(int(half_life), MAX_INTERVAL))
        labels = label_prototypes(**prototypes.density_data, previous=prototypes.previous_labels)
        prototypes.set_previous_labels(labels)
    if parameters.n_prototypes == AUTOMATIC_NUMBER:
        choose_in_motion(prototypes)
    prototypes.scalars[NEXT_CHECK] = prototypes.n_seen + n_points


def count_to_check(prototypes: Prototypes) -> int:
    """Return how many points may come before the next check; 0 or less if it is due."""
    # As Python numbers, since two NumPy numbers take as long as learning a point.
    read = prototypes.scalars.item
    return int(max(read(NEXT_CHECK), FIRST_CHECK) - read(N_SEEN))

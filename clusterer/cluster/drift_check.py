"""Learn a stream with drift checks: every 500 points, check whether clusters move.

A check chooses the half-life anew if it is automatic, and labels the clusters, which the next
labelling compares with; mostly new prototypes inherit their labels, see
`.labelling.label_inheritance`. Checks are counted from the first point of the stream, so the result
does not depend on how the stream is divided into chunks.
"""

import math
from collections.abc import Callable, Iterator

from numpy.typing import NDArray

from clusterer.cluster.density.labels import label_prototypes
from clusterer.cluster.forgetting import (
    INTERVAL,
    LEAST_EXPLAINED,
    find_replaced,
    forget_replaced,
    read_times,
    renew_half_life,
    take_turns,
)
from clusterer.cluster.labelling.decisions import Decisions
from clusterer.cluster.labelling.label_inheritance import label_moving
from clusterer.cluster.prototype_number import (
    PAUSE,
    choose_in_motion,
    choose_number,
    count_to_choice,
)
from clusterer.cluster.prototypes.parameters import AUTOMATIC, AUTOMATIC_NUMBER, Parameters
from clusterer.cluster.prototypes.prototypes import NO_CHECK, NOT_GIVEN, DriftCheck, Prototypes
from clusterer.cluster.prototypes.state_layout import DECAYED_COUNT, N_SEEN, NEXT_CHECK

FIRST_CHECK = 1000.0
# With fewer points, a cluster of a few prototypes seems to move: those that started last hold the
# latest points.
FIRST_PER_PROTOTYPE = 10.0
# A given half-life needs only one check in it, at most 10 000 points apart, to notice that a
# cluster has ended. But a full labelling takes as long as learning thousands of points, so there
# are at least 20 points for each prototype between two checks.
INTERVAL_PER_PROTOTYPE = 20
MAX_INTERVAL = 10_000


def learn_stream(
    prototypes: Prototypes,
    points: NDArray,
    parameters: Parameters,
    weights: NDArray = NOT_GIVEN,
    decays: NDArray = NOT_GIVEN,
) -> int:
    """Learn a chunk (n, d), check for drift and choose an automatic K where that is due.

    Returns the first row that is refused, or -1. Nothing changes if a row is refused. ``weights``
    and ``decays`` as in `Prototypes.learn`.
    """
    if parameters.n_prototypes != AUTOMATIC_NUMBER or len(points) < count_to_choice(prototypes):
        return learn_with_checks(prototypes, points, parameters, weights, decays)
    refused = prototypes.find_refused(points)
    if refused >= 0:
        return refused
    for part in divide_when_due(lambda: count_to_choice(prototypes), points, weights, decays):
        learn_with_checks(prototypes, part[0], parameters, *part[1:])
        if count_to_choice(prototypes) <= 0:
            choose_number(prototypes, parameters)
    return -1


def divide_when_due(count: Callable[[], int], *arrays: NDArray) -> Iterator[list[NDArray]]:
    """Yield a part of each array; ``count`` returns how many rows may come before the next stop.

    The first array decides on the end. Slices of arrays that are not given are empty, too.

    >>> import numpy as np
    >>> counts = iter([0, 2, 5])
    >>> [part[0].tolist() for part in divide_when_due(lambda: next(counts), np.arange(4))]
    [[], [0, 1], [2, 3]]
    """
    rest = list(arrays)
    while len(rest[0]):
        n_left = max(count(), 0)
        yield [each[:n_left] for each in rest]
        rest = [each[n_left:] for each in rest]


def learn_with_decisions(
    decisions: Decisions,
    prototypes: Prototypes,
    points: NDArray,
    parameters: Parameters,
    weights: NDArray,
    decays: NDArray,
) -> int:
    """Learn as `learn_stream`; the decisions about clusters note the prototypes when it is due."""
    refused = prototypes.find_refused(points)
    if refused >= 0:
        return refused
    for part in divide_when_due(
        lambda: decisions.next_note - prototypes.n_seen, points, weights, decays
    ):
        learn_stream(prototypes, part[0], parameters, *part[1:])
        if prototypes.n_seen >= decisions.next_note:
            decisions.note(prototypes)
    return -1


def learn_with_checks(
    prototypes: Prototypes,
    points: NDArray,
    parameters: Parameters,
    weights: NDArray,
    decays: NDArray,
) -> int:
    """Learn as `learn_stream`, without choosing K."""
    if parameters.decay == 1.0 or len(points) <= count_to_check(prototypes):
        # The result is -1 - i for a refused row i.
        return max(-1 - prototypes.learn(points, parameters, NO_CHECK, weights, decays), -1)
    refused = prototypes.find_refused(points)
    if refused >= 0:
        return refused
    prototypes.adapt(parameters)
    # Slices of arrays that are not given are empty, too.
    while len(points):
        if parameters.decay == AUTOMATIC and prototypes.half_life == math.inf:
            n_learned = prototypes.learn(points, parameters, plan_checks(prototypes), weights)
            points, weights = points[n_learned:], weights[n_learned:]
            if not len(points):
                break
        if count_to_check(prototypes) <= 0:
            check_drift(prototypes, parameters, is_timed=len(decays) > 0)
        # Up to the next check, because it may change the half-life.
        n_left = count_to_check(prototypes)
        prototypes.learn(points[:n_left], parameters, NO_CHECK, weights[:n_left], decays[:n_left])
        points, weights, decays = points[n_left:], weights[n_left:], decays[n_left:]
    return -1


def plan_checks(prototypes: Prototypes) -> DriftCheck:
    """Return the checks of a stream at rest."""
    first = max(FIRST_CHECK, FIRST_PER_PROTOTYPE * prototypes.capacity)
    # The bound of the explained variance is that of a check with more than it needs.
    return DriftCheck(first, INTERVAL, LEAST_EXPLAINED / 2)


def check_drift(prototypes: Prototypes, parameters: Parameters, *, is_timed: bool = False) -> None:
    """Choose the half-life anew if it is automatic, label the clusters, plan the next check.

    O(K² d). With ``is_timed`` the half-life is not a number of points.
    """
    if parameters.decay == AUTOMATIC:
        n_points = INTERVAL
        if prototypes.half_life == math.inf and drop_replaced(prototypes):
            n_known = prototypes.scalars.item(DECAYED_COUNT) / prototypes.mean_weight
            n_points = max(INTERVAL, int((PAUSE - 1.0) * n_known))
        else:
            renew_half_life(prototypes)
    else:
        half_life = -1.0 / math.log2(parameters.decay)
        if is_timed:
            # So many points have half of the present weight.
            n_known = prototypes.scalars.item(DECAYED_COUNT) / prototypes.mean_weight
            half_life = n_known * math.log(2.0)
        least = INTERVAL_PER_PROTOTYPE * prototypes.capacity
        n_points = max(INTERVAL, least, min(int(half_life), MAX_INTERVAL))
        label_moving(prototypes, n_points)
    if parameters.n_prototypes == AUTOMATIC_NUMBER:
        choose_in_motion(prototypes)
    prototypes.scalars[NEXT_CHECK] = prototypes.n_seen + n_points


def drop_replaced(prototypes: Prototypes) -> bool:
    """Forget the clusters that others have replaced, see `clusterer.cluster.forgetting`.

    Returns whether there were some. The freed prototypes then start anew and hold later points than
    the others, as if clusters moved, so the next check should wait.
    """
    is_old = find_replaced(read_times(prototypes)[0])
    if not is_old.any():
        return False
    labels = label_prototypes(**prototypes.density_data, previous=prototypes.previous_labels)
    if not all(take_turns(side, prototypes.counts, labels) for side in (is_old, ~is_old)):
        return False
    forget_replaced(prototypes, is_old)
    return True


def count_to_check(prototypes: Prototypes) -> int:
    """Return how many points may come before the next check; 0 or less if it is due."""
    # As Python numbers, since two NumPy numbers take as long as learning a point.
    read = prototypes.scalars.item
    return int(max(read(NEXT_CHECK), FIRST_CHECK) - read(N_SEEN))

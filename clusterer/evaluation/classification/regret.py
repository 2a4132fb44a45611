"""Regret: how many more mistakes the online classifier made than one that knew the window."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.svm import SVC

from clusterer.evaluation.classification.companion import Classification
from clusterer.evaluation.classification.prequential import Prequential

LARGEST_COST = 10.0
"""C of the batch classifier at most: a larger one takes seconds where classes overlap."""


class Regret(NamedTuple):
    """Regret on the last n points, per point; NaN if unknown.

    ``batch_error`` is the share of mistakes of a support vector machine of scikit-learn that was
    fitted on these points. ``regret`` is the share of mistakes of testing, then training, less
    ``batch_error``; ``peer`` is the same of the peer.
    """

    n: int
    batch_error: float
    regret: float
    peer: float = math.nan


def measure_regret(known: Classification) -> Regret | None:
    """Fit a batch support vector machine on the last points, with the same λ and width.

    Returns None if fewer than two classes are among the points. This takes a tenth of a second for
    2,000 points of two features.

    Parameters
    ----------
    known : Classification
        The classifier, its tests and the last points.
    """
    model = known.model
    pairs = known.tests.window
    n = min(len(pairs), len(known.points))
    pairs, points = pairs[len(pairs) - n :], known.points[len(known.points) - n :]
    is_known = pairs[:, 0] >= 0
    classes = pairs[is_known, 0]
    if model is None or len(np.unique(classes)) < 2:
        return None
    rows = known.scaling.apply(np.asarray(points[is_known], dtype=np.float64))
    # λ/2 ‖w‖² + mean loss is, but for a factor, ‖w‖²/2 + C sum of losses.
    cost = min(1.0 / (known.settings.alpha * len(classes)), LARGEST_COST)
    if known.settings.kind == "linear":
        batch = SVC(C=cost, kernel="linear")
    else:
        batch = SVC(C=cost, gamma=1.0 / model.snapshot().sigma ** 2)
    error = float((batch.fit(rows, classes).predict(rows) != classes).mean())
    ours = float((pairs[is_known, 1] != classes).mean())
    return Regret(len(classes), error, ours - error, _err(known.peer_tests, n) - error)


def _err(tests: Prequential | None, n: int) -> float:
    window: NDArray[np.int64] = np.empty((0, 2), np.int64) if tests is None else tests.window[-n:]
    known = window[window[:, 0] >= 0]
    return float((known[:, 0] != known[:, 1]).mean()) if len(known) else math.nan

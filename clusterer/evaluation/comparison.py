"""A contest: a peer learns what a run learns, and both are judged on the last points."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import adjusted_rand_score

from clusterer.evaluation.baselines import PEERS, Challenge, Learner
from clusterer.preprocessing.scaling import Scaling
from clusterer.stream.window import Window

N_JUDGED = 500
MEMORY = 0.9  # of the time that a point takes, from one chunk to the next


@dataclass(frozen=True)
class Verdict:
    """What one clusterer makes of the last points.

    ``labels`` (n,) are its clusters, -1 for noise. ``distance`` is the root mean square distance
    of the points from the mean of their cluster, noise left out, in the model's units.
    ``agreement`` with the true classes is the adjusted Rand index, None where there are none.
    """

    n_learned: int
    labels: NDArray[np.int64]
    n_clusters: int
    noise_share: float
    distance: float
    agreement: float | None
    us_per_point: float


@dataclass(frozen=True, eq=False)
class Comparison:
    """The last ``points`` (n, d), in the units of the data, and both verdicts on them.

    The peer's labels are those of our clusters where they overlap, so that colours can be
    compared, which ``palette`` gives by label. ``agreement`` is the adjusted Rand index between
    the two.
    """

    challenge: Challenge
    points: NDArray[np.float64]
    palette: Mapping[int, int]
    ours: Verdict
    theirs: Verdict
    agreement: float


class Contest:
    """Let a peer in on a run.

    Parameters
    ----------
    challenge : the peer
    learner : the peer, made by ``challenge``
    scaling : to the units that the peer learns in and both are judged in
    """

    def __init__(self, challenge: Challenge, learner: Learner, scaling: Scaling) -> None:
        self.challenge = challenge
        self._learner = learner
        self._scaling = scaling
        n_features = len(scaling.scales)
        self._points = Window(n_features, N_JUDGED)
        self._scaled = Window(n_features, N_JUDGED)
        self._classes = Window(1, N_JUDGED)
        self._n_learned = 0
        self._us = [0.0, 0.0]

    @property
    def n_at_once(self) -> int:
        """How many points it may be given between two looks at the controls."""
        return PEERS[self.challenge.key].n_at_once

    def follow(
        self,
        points: NDArray[np.float64],
        classes: NDArray[np.int64] | None,
        our_s: float = 0.0,
    ) -> None:
        """Learn a chunk (n, d), which took ours ``our_s`` seconds."""
        scaled = self._scaling.apply(points)
        start = time.perf_counter()
        self._learner.learn(scaled)
        their_s = time.perf_counter() - start
        for i, spent_s in enumerate((our_s, their_s)):
            us = 1e6 * spent_s / len(points)
            self._us[i] = MEMORY * self._us[i] + (1 - MEMORY) * us if self._us[i] else us
        self._n_learned += len(points)
        self._points.push(points)
        self._scaled.push(scaled)
        known = np.full((len(points), 1), np.nan) if classes is None else classes[:, None]
        self._classes.push(known.astype(float))

    @property
    def points(self) -> NDArray[np.float64]:
        """The last points (n, d) in the units of the data."""
        return self._points.last(N_JUDGED)

    @property
    def scaled(self) -> NDArray[np.float64]:
        """The last points (n, d) in the units of the peer."""
        return self._scaled.last(N_JUDGED)

    def judge(
        self, labels: NDArray[np.int64], palette: Mapping[int, int], n_learned: int
    ) -> Comparison:
        """Compare the peer with ours, whose clusters of `scaled` are the ``labels`` (n,)."""
        theirs = match_labels(labels, self._learner.predict(self.scaled))
        colors = {-1: -1, **palette}
        free = (color for color in count() if color not in palette.values())
        for label in np.unique(theirs).tolist():
            if label not in colors:
                colors[label] = next(free)
        return Comparison(
            self.challenge,
            self.points.copy(),
            colors,
            self._judge(labels, n_learned, self._us[0]),
            self._judge(theirs, self._n_learned, self._us[1]),
            float(adjusted_rand_score(labels, theirs)),
        )

    def _judge(self, labels: NDArray[np.int64], n_learned: int, us: float) -> Verdict:
        classes = self._classes.last(N_JUDGED)[:, 0]
        is_known = not np.isnan(classes).any()
        known = np.unique(labels[labels >= 0])
        squares = 0.0
        for cluster in known:
            members = self.scaled[labels == cluster]
            squares += float(((members - members.mean(axis=0)) ** 2).sum())
        n_clustered = int((labels >= 0).sum())
        return Verdict(
            n_learned=n_learned,
            labels=labels,
            n_clusters=len(known),
            noise_share=float((labels < 0).mean()),
            distance=float(np.sqrt(squares / n_clustered)) if n_clustered else float("nan"),
            agreement=float(adjusted_rand_score(classes, labels)) if is_known else None,
            us_per_point=us,
        )


def match_labels(ours: NDArray[np.int64], theirs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rename ``theirs`` (n,) so that as many as may be of the points have the same label.

    >>> match_labels(np.array([4, 4, 7, 7, -1]), np.array([0, 0, 1, 2, 2])).tolist()
    [4, 4, 7, 0, 0]
    """
    our_ids, their_ids = np.unique(ours[ours >= 0]), np.unique(theirs[theirs >= 0])
    overlaps = np.array(
        [[np.sum((ours == i) & (theirs == j)) for i in our_ids] for j in their_ids]
    ).reshape(len(their_ids), len(our_ids))
    rows, columns = linear_sum_assignment(-overlaps)
    names = {
        int(their_ids[row]): int(our_ids[column])
        for row, column in zip(rows, columns, strict=True)
        if overlaps[row, column]
    }
    free = (i for i in range(len(our_ids) + len(their_ids)) if i not in our_ids)
    for label in their_ids.tolist():
        if label not in names:
            names[label] = next(free)
    return np.array([names.get(label, -1) for label in theirs.tolist()], dtype=np.int64)

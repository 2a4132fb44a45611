"""Scores of testing, then training: each point is predicted before it is learned.

A. Bifet, G. de Francisci Morales, J. Read, G. Holmes, B. Pfahringer, "Efficient online evaluation
of big data stream classifiers", KDD 2015, describe the measures.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from clusterer.stream.chunk import NOISE

N_WINDOW = 2_000
"""Number of last points whose tests are kept one by one."""

N_RECENT = 500
"""Number of last points of the scores of the present."""

TESTED, RIGHT, PREDICTED = range(3)


class Scores(NamedTuple):
    """Scores of n tests; NaN where they are undefined.

    ``kappa`` is Cohen's: 0 for the accuracy of chance with the same frequencies of the classes, 1
    for no mistake. ``kappa_temporal`` compares with the rule "the class stays as it was": 0 for its
    accuracy, 1 for no mistake; it is below 0 if the classifier is worse than the rule.
    """

    n: int
    accuracy: float
    kappa: float
    kappa_temporal: float


def score(n: int, n_right: int, n_chance: float, n_unchanged: int) -> Scores:
    """Return the scores of ``n`` tests.

    Parameters
    ----------
    n, n_right : int
        Number of tests, and of right predictions.
    n_chance : float
        Expected number of right predictions if the predictions were shuffled.
    n_unchanged : int
        Number of points with the class of the point before.

    >>> score(10, 9, 5.0, 8)
    Scores(n=10, accuracy=0.9, kappa=0.8, kappa_temporal=0.5)
    """
    if not n:
        return Scores(0, np.nan, np.nan, np.nan)
    gains = [
        (n_right - base) / (n - base) if n > base else np.nan for base in (n_chance, n_unchanged)
    ]
    return Scores(n, n_right / n, *gains)


@dataclass(frozen=True, eq=False)
class Prequential:
    """The tests of a classifier so far, in arrays that never change.

    Parameters
    ----------
    by_class : (3, c) int64
        For each class 0, 1, …: number of points tested, of right predictions, of predictions.
    n_unchanged : int
        Number of points with the class of the point before.
    last_class : int
        The class of the last point; -1 before the first one.
    window : (n, 2) int64
        Classes and predictions of the last points, at most `N_WINDOW`; -1 for unknown.

    Examples
    --------
    >>> classes, predicted = np.array([0, 0, 1, -1, 1]), np.array([-1, 0, 0, -1, 1])
    >>> tests = Prequential.empty().add(classes, predicted)
    >>> tests.total
    Scores(n=4, accuracy=0.5, kappa=0.2, kappa_temporal=0.0)
    """

    by_class: NDArray[np.int64]
    n_unchanged: int
    last_class: int
    window: NDArray[np.int64]

    @classmethod
    def empty(cls) -> "Prequential":
        """Return no tests."""
        return cls(np.zeros((3, 0), np.int64), 0, NOISE, np.empty((0, 2), np.int64))

    def add(self, classes: NDArray[np.int64], predicted: NDArray[np.int64]) -> "Prequential":
        """Return the tests with a further chunk.

        Parameters
        ----------
        classes, predicted : (n,) int64
            The classes and the predictions; -1 for an unknown class, or for no prediction.
        """
        pairs = np.column_stack([classes, predicted])
        window = np.concatenate([self.window, pairs[-N_WINDOW:]])[-N_WINDOW:]
        known = classes if (classes >= 0).all() else classes[classes >= 0]
        guesses = predicted if len(known) == len(classes) else predicted[classes >= 0]
        if not len(known):
            return Prequential(self.by_class, self.n_unchanged, self.last_class, window)
        is_same = np.concatenate([[self.last_class], known[:-1]]) == known
        n_classes = max(self.by_class.shape[1], int(max(known.max(), guesses.max())) + 1)
        by_class = count(known, guesses, n_classes)
        by_class[:, : self.by_class.shape[1]] += self.by_class
        n_unchanged = self.n_unchanged + int(is_same.sum())
        return Prequential(by_class, n_unchanged, int(known[-1]), window)

    def forget_window(self) -> "Prequential":
        """Return the tests without the window, because the stream has gone on without tests."""
        return Prequential(self.by_class, self.n_unchanged, self.last_class, self.window[:0])

    @cached_property
    def total(self) -> Scores:
        """The scores of all tests."""
        return _score_counts(self.by_class, self.n_unchanged)

    @cached_property
    def recent(self) -> Scores:
        """The scores of the last `N_RECENT` tests."""
        known = self.window[self.window[:, 0] >= 0]
        classes, predicted = known[-N_RECENT:].T
        # The point before the first one is known unless the window begins with it.
        before = known[-N_RECENT - 1 : -1, 0]
        n_unchanged = int((classes[len(classes) - len(before) :] == before).sum())
        n_classes = int(known.max(initial=NOISE)) + 1
        return _score_counts(count(classes, predicted, n_classes), n_unchanged)

    @property
    def recalls(self) -> dict[int, tuple[int, float]]:
        """For each class that was tested: number of tests, and share of right predictions."""
        found = np.flatnonzero(self.by_class[TESTED]).tolist()
        return {
            i: (int(self.by_class[TESTED, i]), self.by_class[RIGHT, i] / self.by_class[TESTED, i])
            for i in found
        }

    def to_dict(self) -> dict[str, Any]:
        """Return the tests in JSON's types."""
        return {
            "by_class": self.by_class.tolist(),
            "n_unchanged": self.n_unchanged,
            "last_class": self.last_class,
            "window": self.window.tolist(),
        }

    @classmethod
    def from_dict(cls, entries: dict[str, Any]) -> "Prequential":
        """Build the tests that `to_dict` wrote."""
        return cls(
            np.array(entries["by_class"], np.int64).reshape(3, -1),
            int(entries["n_unchanged"]),
            int(entries["last_class"]),
            np.array(entries["window"], np.int64).reshape(-1, 2),
        )


def count(
    classes: NDArray[np.int64], predicted: NDArray[np.int64], n_classes: int
) -> NDArray[np.int64]:
    """Return for each class (3, c): points tested, right predictions, predictions."""
    lists = (classes, classes[classes == predicted], predicted[predicted >= 0])
    return np.array([np.bincount(each, minlength=n_classes) for each in lists], dtype=np.int64)


def _score_counts(by_class: NDArray[np.int64], n_unchanged: int) -> Scores:
    n, n_right, _ = by_class.sum(axis=1).tolist()
    shares = by_class / max(n, 1)
    return score(n, n_right, float(n * shares[TESTED] @ shares[PREDICTED]), n_unchanged)

"""Scores of a clustering: agreement with the classes, number of clusters, noise."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import adjusted_rand_score

from benchmarks.quality.families import WINDOW_POINTS, Labelled
from clusterer import OnlineClusterer
from clusterer.stream.chunk import NOISE

# AddC as published in 1999: every point counts 1, the closest pair merges, nothing is joined.
PUBLISHED = {"update": "addc", "merge": "plain", "join": False, "drop_singletons": False}


class Score(NamedTuple):
    """Scores; ``ari`` excludes true noise, and points labelled as noise count as one cluster."""

    ari: float
    n_found: int
    n_true: int
    noise_recall: float
    false_noise: float

    @property
    def is_count_right(self) -> bool:
        return self.n_found == self.n_true


def score(classes: NDArray[np.int64], labels: NDArray[np.int64]) -> Score:
    """Compare the labels with the classes."""
    is_true = classes != NOISE
    if not is_true.any():
        return Score(np.nan, 0, 0, np.nan, np.nan)
    is_called = labels == NOISE
    return Score(
        float(adjusted_rand_score(classes[is_true], labels[is_true])),
        len(np.unique(labels[~is_called])),
        len(np.unique(classes[is_true])),
        float(is_called[~is_true].mean()) if not is_true.all() else np.nan,
        float(is_called[is_true].mean()),
    )


def score_fit(labelled: Labelled, **settings: Any) -> Score:
    """Learn all points in one pass, then label them."""
    points, classes = labelled
    return score(classes, OnlineClusterer(**settings).fit(points).labels_)


def score_windows(labelled: Labelled, **settings: Any) -> float:
    """Return the mean ARI of windows of at most 1 000 points, each learned and then labelled."""
    points, classes = labelled
    n_window = int(np.clip(len(points) // 20, 50, WINDOW_POINTS))
    model = OnlineClusterer(**settings)
    found = []
    for start in range(0, len(points) - n_window + 1, n_window):
        rows = slice(start, start + n_window)
        labels = model.partial_fit(points[rows]).labels_
        found.append(score(classes[rows], labels).ari)
    return float(np.nanmean(found))

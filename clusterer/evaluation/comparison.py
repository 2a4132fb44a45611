"""Comparison of a run with a baseline: both learn the same points and label the latest ones."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import adjusted_rand_score

from clusterer.evaluation.baselines import BASELINES, BaselineModel, BaselineSettings
from clusterer.preprocessing.scaling import Scaling
from clusterer.stream.chunk import NOISE
from clusterer.stream.window import Window

N_COMPARED = 500
SMOOTHING = 0.9  # weight of the earlier chunks in the time per point


@dataclass(frozen=True)
class Score:
    """How one clusterer labels the latest points.

    Parameters
    ----------
    n_learned : int
        Points that it has learned.
    labels : (n,) int64
        Its cluster of each point, -1 for noise.
    n_clusters : int
        Clusters among these points.
    noise_share : float
        Share of these points that are noise.
    distance : float
        Root mean square distance of the points from the mean of their cluster, noise excluded, in
        the units of the model; NaN if all are noise.
    agreement : float or None
        Adjusted Rand index with the true classes; None without classes.
    us_per_point : float
        Learning time per point in microseconds, averaged over the last chunks.
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
    """The scores of a run and a baseline on the latest points.

    Parameters
    ----------
    settings : BaselineSettings
        The baseline.
    points : (n, d)
        The latest points, in the units of the data.
    palette : mapping of int to int
        Colour of each label.
    ours : Score
        The run's.
    baseline : Score
        The baseline's. Its labels are renamed to those of overlapping clusters of the run, so that
        their colours match.
    agreement : float
        Adjusted Rand index between the labels of both.
    """

    settings: BaselineSettings
    points: NDArray[np.float64]
    palette: Mapping[int, int]
    ours: Score
    baseline: Score
    agreement: float


class ComparisonRun:
    """A baseline that learns the points of a run.

    Parameters
    ----------
    settings : BaselineSettings
        The baseline.
    model : BaselineModel
        The model made from the settings.
    scaling : Scaling
        Converts points to the units in which the baseline learns and both are compared.
    """

    def __init__(self, settings: BaselineSettings, model: BaselineModel, scaling: Scaling) -> None:
        self.settings = settings
        self._model = model
        self._scaling = scaling
        n_features = len(scaling.scales)
        self._points = Window(n_features, N_COMPARED)
        self._scaled = Window(n_features, N_COMPARED)
        self._classes = Window(1, N_COMPARED)
        self._n_learned = 0
        self._us_per_point = [0.0, 0.0]

    @property
    def max_chunk_size(self) -> int:
        """Most points for one call of `learn`, so that the controls stay responsive."""
        return BASELINES[self.settings.key].max_chunk_size

    def learn(
        self,
        points: NDArray[np.float64],
        classes: NDArray[np.int64] | None,
        run_s: float = 0.0,
    ) -> None:
        """Learn a chunk.

        Parameters
        ----------
        points : (n, d)
            The points, in the units of the data.
        classes : (n,) or None
            Their true classes.
        run_s : float, default 0
            Seconds that the run took to learn the chunk.
        """
        scaled = self._scaling.apply(points)
        start = time.perf_counter()
        self._model.learn(scaled, classes)
        baseline_s = time.perf_counter() - start
        for i, spent_s in enumerate((run_s, baseline_s)):
            us = 1e6 * spent_s / len(points)
            before = self._us_per_point[i]
            self._us_per_point[i] = SMOOTHING * before + (1 - SMOOTHING) * us if before else us
        self._n_learned += len(points)
        self._points.push(points)
        self._scaled.push(scaled)
        known = np.full((len(points), 1), np.nan) if classes is None else classes[:, None]
        self._classes.push(known.astype(float))

    @property
    def points(self) -> NDArray[np.float64]:
        """The latest points (n, d) in the units of the data."""
        return self._points.last(N_COMPARED)

    @property
    def scaled(self) -> NDArray[np.float64]:
        """The latest points (n, d) in the units of the baseline."""
        return self._scaled.last(N_COMPARED)

    def compare(
        self, labels: NDArray[np.int64], palette: Mapping[int, int], n_learned: int
    ) -> Comparison:
        """Compare the baseline with the run.

        Parameters
        ----------
        labels : (n,) int64
            The run's clusters of the points in `scaled`, -1 for noise.
        palette : mapping of int to int
            Colour of each cluster of the run.
        n_learned : int
            Points that the run has learned.
        """
        baseline_labels = match_labels(labels, self._model.predict(self.scaled))
        colors = {NOISE: NOISE, **palette}
        free = (color for color in count() if color not in palette.values())
        for label in np.unique(baseline_labels).tolist():
            if label not in colors:
                colors[label] = next(free)
        return Comparison(
            self.settings,
            self.points.copy(),
            colors,
            self._score(labels, n_learned, self._us_per_point[0]),
            self._score(baseline_labels, self._n_learned, self._us_per_point[1]),
            float(adjusted_rand_score(labels, baseline_labels)),
        )

    def _score(self, labels: NDArray[np.int64], n_learned: int, us_per_point: float) -> Score:
        classes = self._classes.last(N_COMPARED)[:, 0]
        is_known = not np.isnan(classes).any()
        clusters = np.unique(labels[labels >= 0])
        squares = 0.0
        for cluster in clusters:
            members = self.scaled[labels == cluster]
            squares += float(((members - members.mean(axis=0)) ** 2).sum())
        n_clustered = int((labels >= 0).sum())
        return Score(
            n_learned=n_learned,
            labels=labels,
            n_clusters=len(clusters),
            noise_share=float((labels < 0).mean()),
            distance=float(np.sqrt(squares / n_clustered)) if n_clustered else float("nan"),
            agreement=float(adjusted_rand_score(classes, labels)) if is_known else None,
            us_per_point=us_per_point,
        )


def match_labels(reference: NDArray[np.int64], labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rename ``labels`` (n,) so that as many points as possible have their ``reference`` label.

    This is the linear assignment problem on the contingency table. Noise (-1) stays noise.

    >>> match_labels(np.array([4, 4, 7, 7, -1]), np.array([0, 0, 1, 2, 2])).tolist()
    [4, 4, 7, 0, 0]
    """
    targets, sources = np.unique(reference[reference >= 0]), np.unique(labels[labels >= 0])
    overlaps = np.array(
        [[np.sum((reference == i) & (labels == j)) for i in targets] for j in sources]
    ).reshape(len(sources), len(targets))
    rows, columns = linear_sum_assignment(-overlaps)
    names = {
        int(sources[row]): int(targets[column])
        for row, column in zip(rows, columns, strict=True)
        if overlaps[row, column]
    }
    free = (i for i in range(len(targets) + len(sources)) if i not in targets)
    for label in sources.tolist():
        if label not in names:
            names[label] = next(free)
    return np.array([names.get(label, NOISE) for label in labels.tolist()], dtype=np.int64)

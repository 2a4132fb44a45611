"""Describe the clusters of a model: their sizes, and the features that set each apart.

The distributions of the features come from given rows. A cluster with few rows among them, as in a
sorted table, is described by its prototypes: each stands for a normal distribution with the
prototype's centre, count and scatter.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clusterer.base import Learner, Snapshot
from clusterer.evaluation.category_contrasts import CategoryContrast, CategoryCounter
from clusterer.evaluation.feature_contrasts import (
    FeatureContrast,
    WeightedRows,
    contrast_features,
)
from clusterer.evaluation.row_labels import measure_certainty, measure_gaps
from clusterer.preprocessing.scaling import Scaling
from clusterer.scaled_learner import ScaledLearner
from clusterer.stream.chunk import NOISE
from clusterer.stream.finite_points import finite_points, number_features

MIN_ROWS = 20
"""With fewer rows the quantiles at 5 % and 95 % are the smallest and the largest value."""

N_NORMAL = 9
"""Number of values that stand for the normal distribution of a prototype."""

LEAST_COUNT = 1e-100
"""A prototype without points counts so little; processors are slow with still smaller numbers."""

N_PER_CLUSTER = 100
"""Number of values of a cluster on which its certainty is measured."""

CLARITIES = ((0.7, "clear"), (0.5, "fairly clear"), (0.25, "weak"), (-math.inf, "doubtful"))
"""The names of mean silhouettes, by their lower bounds: Kaufman and Rousseeuw, 1990."""

HOW_TO_READ = (
    "How to read a card: the words compare the cluster with all other points, noise included; the "
    "feature that differs most comes first. Colour: the points of the cluster; grey: all other "
    "points. A box holds the middle half of the values, the line in it is the median, and the thin "
    "line holds the middle 90 %. Below a feature's name stand the ends of its scale, which all "
    "cards share.",
    "Of a column of text, or of yes and no, that is no feature, the card names the value whose "
    "share in the cluster exceeds that in all other rows most, in percent of the rows that have a "
    "value. On the page these are the rows of the window.",
    "Points: each point of the stream counts once, for the cluster to which the prototype that "
    "took it belongs now. Where the model forgets, the number that it still remembers stands "
    "beside it. Spread: the distance of the points from the centre of the cluster, as a share of "
    "that of all points from their centre; small is compact. Certainty: how much nearer the points "
    "lie to their own prototypes than to those of the nearest other cluster; 1 is clear, 0 is "
    "undecided.",
)
"""What the words, the boxes and the numbers of a description mean."""


@dataclass(frozen=True)
class ClusterDescription:
    """What sets a cluster apart.

    Parameters
    ----------
    cluster : int
        The number of the cluster.
    n_points : float
        Number of all points that streamed and that one of the cluster's prototypes took. Each
        point of the stream counts once: for the cluster to which the prototype that took it
        belongs now. No point is forgotten here.
    n_remembered : float
        The same number, but a forgotten point counts less; equal if nothing is forgotten.
    share : float
        ``n_points`` as a share of all points, noise included.
    features : tuple of FeatureContrast
        All features, the largest effect first.
    nearest : int or None
        The cluster whose prototypes lie nearest to its points on average; None for an only cluster.
    spread : float
        Root mean square distance of its points from its centre, in the units of the model.
    relative_spread : float
        The spread as a share of the spread of all points; NaN if all points are equal.
    certainty : float or None
        How much nearer its points lie to its own prototypes than to those of the nearest other
        cluster, from -1 to 1: the mean silhouette with the nearest prototypes in place of all
        points (Rousseeuw, 1987). None for an only cluster.
    n_rows : int
        Number of given rows that the features are measured on; 0 if by the prototypes.
    categories : tuple of CategoryContrast
        The columns of text and booleans whose shares differ, the largest difference first.
    """

    cluster: int
    n_points: float
    n_remembered: float
    share: float
    features: tuple[FeatureContrast, ...]
    nearest: int | None
    spread: float
    relative_spread: float
    certainty: float | None
    n_rows: int
    categories: tuple[CategoryContrast, ...] = ()

    def summarize(self, n_most: int = 3) -> str:
        """Return the features that set the cluster apart, at most ``n_most``, in words."""
        named = [each for each in self.features if each.word][:n_most]
        if not named:
            return "like the other rows in every feature"
        return ", ".join(f"{each.name} {each.word}" for each in named)

    def list_facts(self, nearest: str = "", *, is_forgetting: bool = False) -> dict[str, str]:
        """Return the size, the neighbour and the quality of the cluster as text, by their names.

        ``nearest`` is the name of the nearest cluster; default its number.
        """
        points = f"{self.n_points:,.0f}"
        if is_forgetting:
            points += f" in all, {self.n_remembered:,.0f} remembered"
        facts = {"Share": f"{self.share:.1%}", "Points": points}
        if self.nearest is not None:
            facts["Nearest"] = nearest or f"cluster {self.nearest}"
        if math.isfinite(self.relative_spread):
            facts["Spread"] = f"{self.relative_spread:.0%}"
        if self.certainty is not None:
            clarity = next(word for bound, word in CLARITIES if self.certainty > bound)
            facts["Certainty"] = f"{self.certainty:.2f} ({clarity})"
        return facts


@dataclass(frozen=True, eq=False)
class LabelledState:
    """The clusters of a run at one time, and rows to measure them on.

    Parameters
    ----------
    snapshot : Snapshot
        The state of the learner, in the units of the learner.
    clusters : (m,) int
        The cluster of each prototype; -1 for noise.
    points : (n, d)
        Rows in the units of the data; they may be few or none.
    point_clusters : (n,) int
        The cluster of each row; -1 for noise.
    scaling : Scaling
        From the units of the data to the units of the learner.
    feature_names : sequence of str
        One name per feature.
    """

    snapshot: Snapshot
    clusters: NDArray[np.int64]
    points: NDArray[np.floating]
    point_clusters: NDArray[np.signedinteger]
    scaling: Scaling
    feature_names: Sequence[str]


def describe_clusters(
    model: Learner | ScaledLearner,
    points: ArrayLike | None = None,
    *,
    feature_names: Sequence[str] | None = None,
) -> list[ClusterDescription]:
    """Describe each cluster of a model: its share, and the features that set it apart.

    Parameters
    ----------
    model : OnlineClusterer, another learner or a ScaledLearner
        A fitted model. With a `ScaledLearner` everything is in the units of the data.
    points : (n, d), optional
        Rows to measure the distributions on, such as the last rows of a stream; default none:
        then the prototypes tell the distributions.
    feature_names : sequence of str, optional
        One name per feature; default the names that the model has learned with, or x1, x2, ...

    Returns
    -------
    list of ClusterDescription
        The largest cluster first.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If the model has learned nothing.
    ValueError
        If the points or the names do not fit the model.

    Examples
    --------
    >>> from clusterer import OnlineClusterer
    >>> random = np.random.default_rng(0)
    >>> young = random.normal([25, 20_000], [3, 3_000], (500, 2))
    >>> old = random.normal([60, 22_000], [4, 3_000], (300, 2))
    >>> rows = random.permutation(np.concatenate([young, old]))
    >>> model = ScaledLearner(OnlineClusterer(20)).learn(rows)
    >>> for each in describe_clusters(model, rows, feature_names=["age", "income"]):
    ...     print(f"{each.n_points:.0f} rows, {each.summarize()}")
    500 rows, age very low, income low
    296 rows, age very high, income high
    """
    learner = model if isinstance(model, ScaledLearner) else ScaledLearner(model)
    snapshot = learner.model.snapshot()
    n_features = snapshot.centers.shape[1]
    names = feature_names or learner.feature_names
    if names is None:
        names = getattr(learner.model, "feature_names_in_", number_features(n_features))
    names = tuple(map(str, names))
    if len(names) != n_features:
        raise ValueError(
            f"feature_names has {len(names)} names, but the model has {n_features} features"
        )
    rows = np.empty((0, n_features)) if points is None else finite_points(points, None)
    if rows.shape[1] != n_features:
        raise ValueError(
            f"points has {rows.shape[1]} columns, but the model has {n_features} features"
        )
    scaling = learner.scaling or Scaling.identity(n_features)
    found = learner.model.predict(scaling.apply(rows)) if len(rows) else np.empty(0, np.int64)
    return describe_state(LabelledState(snapshot, snapshot.labels, rows, found, scaling, names))


def describe_state(
    state: LabelledState,
    n_most: int | None = None,
    categories: CategoryCounter | None = None,
) -> list[ClusterDescription]:
    """Describe the clusters of a state, at most the ``n_most`` largest, the largest first.

    ``categories`` has counted the columns of rows that are no features, by cluster.
    """
    snapshot, clusters = state.snapshot, state.clusters
    ids = np.unique(clusters[clusters != NOISE])
    taken, counts = (
        np.array([values[clusters == each].sum() for each in ids])
        for values in (snapshot.points_taken, snapshot.counts)
    )
    order = np.argsort(-taken, kind="stable")[:n_most]
    ids, taken, counts = ids[order], taken[order], counts[order]
    if not len(ids):
        return []
    total = max(float(snapshot.points_taken.sum()), 1.0)
    sample, n_rows = _take_sample(state)
    log_units = state.scaling.treatment.log_units
    features = contrast_features(sample, ids, state.feature_names, log_units)
    spreads, whole = _measure_spreads(snapshot, clusters, ids)
    nearest, certainties = _measure_neighbours(state, sample, ids)
    return [
        ClusterDescription(
            cluster=int(each),
            n_points=float(taken[i]),
            n_remembered=float(counts[i]),
            share=float(taken[i]) / total,
            features=features[i],
            nearest=nearest[i],
            spread=float(spreads[i]),
            relative_spread=float(spreads[i] / whole) if whole > 0.0 else np.nan,
            certainty=certainties[i],
            n_rows=n_rows.get(int(each), 0),
            categories=() if categories is None else categories.contrast(int(each)),
        )
        for i, each in enumerate(ids)
    ]


def measure_scales(
    described: Sequence[ClusterDescription],
) -> dict[str, tuple[float, float]]:
    """The lowest and the highest quantile of each feature in all descriptions."""
    scales: dict[str, tuple[float, float]] = {}
    for each in described:
        for feature in each.features:
            values = [*feature.quantiles, *feature.rest_quantiles]
            known = [*scales.get(feature.name, ()), *(x for x in values if math.isfinite(x))]
            if known:
                scales[feature.name] = min(known), max(known)
    return scales


def _take_sample(state: LabelledState) -> tuple[WeightedRows, dict[int, int]]:
    """Return values of all clusters and of noise, and the number of rows used by cluster.

    The weights of a cluster's values add up to its size, however many rows it has in the window.
    """
    ids, slots = np.unique(
        np.concatenate([state.clusters, state.point_clusters]), return_inverse=True
    )
    slots, row_slots = slots[: len(state.clusters)], slots[len(state.clusters) :]
    counts = np.maximum(state.snapshot.counts, LEAST_COUNT)
    sizes = np.bincount(slots, counts, len(ids))
    n_rows = np.bincount(row_slots, minlength=len(ids))
    # Rows of a cluster without prototypes count one by one.
    has_rows = (n_rows >= MIN_ROWS) | (sizes == 0)
    weights = np.where(sizes > 0, sizes, n_rows) / np.maximum(n_rows, 1)
    is_row, is_prototype = has_rows[row_slots], ~has_rows[slots]
    repeated = np.repeat(slots[is_prototype], N_NORMAL)
    rows = WeightedRows(
        np.concatenate(
            [state.points[is_row].astype(np.float64), _spread_prototypes(state, is_prototype)]
        ),
        ids[np.concatenate([row_slots[is_row], repeated])],
        np.concatenate(
            [weights[row_slots[is_row]], np.repeat(counts[is_prototype] / N_NORMAL, N_NORMAL)]
        ),
    )
    used = np.where(has_rows, n_rows, 0)
    return rows, dict(zip(ids.tolist(), used.tolist(), strict=True))


def _spread_prototypes(state: LabelledState, is_chosen: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return values (n, d) that are distributed as the points of the prototypes."""
    snapshot = state.snapshot
    centers = snapshot.centers[is_chosen]
    levels = (np.arange(N_NORMAL) + 0.5) / N_NORMAL
    steps = np.array([NormalDist().inv_cdf(level) for level in levels])
    steps /= np.sqrt(np.mean(steps**2))
    weights = snapshot.weights[is_chosen] * centers.shape[1]
    variances = snapshot.scatters[is_chosen] / np.where(weights > 0.0, weights, np.inf)
    values = centers[:, None] + steps[:, None] * np.sqrt(variances)[:, None, None]
    return state.scaling.undo(values.reshape(-1, centers.shape[1]))


def _measure_spreads(
    snapshot: Snapshot, clusters: NDArray[np.int64], ids: NDArray[np.int64]
) -> tuple[NDArray[np.float64], float]:
    """Return the spread of each cluster and that of all points, in the units of the model."""

    def measure(is_member: NDArray[np.bool_]) -> float:
        weights, centers = snapshot.weights[is_member], snapshot.centers[is_member]
        if not weights.any():
            return 0.0
        squares = ((centers - np.average(centers, axis=0, weights=weights)) ** 2).sum(axis=1)
        total = snapshot.scatters[is_member].sum() + weights @ squares
        return float(np.sqrt(total / weights.sum()))

    spreads = np.array([measure(clusters == each) for each in ids])
    return spreads, measure(np.ones(len(clusters), dtype=bool))


def _measure_neighbours(
    state: LabelledState, rows: WeightedRows, ids: NDArray[np.int64]
) -> tuple[list[int | None], list[float | None]]:
    """Return the nearest other cluster and the certainty of each cluster."""
    order = np.argsort(state.clusters, kind="stable")
    order = order[state.clusters[order] != NOISE]
    centers = state.snapshot.centers[order]
    others, starts = np.unique(state.clusters[order], return_index=True)
    if len(others) < 2:
        return [None] * len(ids), [None] * len(ids)
    nearest: list[int | None] = []
    certainties: list[float | None] = []
    for each in ids:
        places = np.flatnonzero(rows.clusters == each)
        n_chosen = min(len(places), N_PER_CLUSTER)
        chosen = places[np.linspace(0, len(places) - 1, n_chosen).astype(np.int64)]
        weights = rows.weights[chosen]
        points = state.scaling.apply(rows.values[chosen])
        gaps = np.minimum.reduceat(measure_gaps(points, centers), starts, axis=1)
        mean_gaps = np.average(gaps, axis=0, weights=weights)
        nearest.append(int(others[np.where(others == each, np.inf, mean_gaps).argmin()]))
        labels = np.full(len(points), each)
        certainty = measure_certainty(points, labels, centers, state.clusters[order])
        certainties.append(float(np.average(certainty, weights=weights)))
    return nearest, certainties

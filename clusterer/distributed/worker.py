"""What runs on a worker: learning one partition, merging neighbours. It needs no Dask."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from clusterer.cluster.estimator import OnlineClusterer
from clusterer.cluster.scaled_clusterer import Learner
from clusterer.distributed.reports import PartitionReport
from clusterer.preprocessing.scaling import Scaling
from clusterer.stream.table_source import size_chunks
from clusterer.support.text import make_printable
from clusterer.tables import TableError, open_table
from clusterer.tables.limits import UNLIMITED_BYTES
from clusterer.tables.points import Missing

# Merging in twice the detail keeps what K could not tell apart; more gains nothing (measured).
DETAIL = 2


@dataclass(frozen=True, eq=False)
class Task:
    """How to learn: ``model`` gives the parameters, its own memory is not looked at.

    ``scaling`` None and ``is_scaled`` standardises each partition by itself; merged, they come to
    common units. Neither leaves the data as they are.
    ``features`` None takes the columns that make sense. ``n_shown`` is how many points of each
    partition its report brings along, and its learner with them.
    """

    model: OnlineClusterer
    scaling: Scaling | None
    is_scaled: bool
    features: tuple[str, ...] | None
    missing: Missing = "drop"
    n_shown: int = 0

    def make_learner(self, detail: int = 1) -> Learner:
        """A new one, with ``detail`` times as many prototypes."""
        model = clone(self.model)
        model.set_params(n_prototypes=detail * self.model.n_prototypes)
        return Learner(model, self.scaling, self.features)


@dataclass(frozen=True, eq=False)
class Part:
    """What was learned of one partition or several, and the report if it is of one."""

    learner: Learner
    report: PartitionReport | None = None


def tell(part: Part) -> PartitionReport | None:
    """The report alone: it is small, and travels for each partition."""
    return part.report


def learn_file(path: str, index: int, task: Task) -> Part:
    """Learn a table's rows; whatever is wrong with it is in the report, and nothing is learned."""
    return _learn(lambda learner: _stream_file(path, task, learner), path, index, task)


def learn_block(block: Any, name: str, index: int, task: Task) -> Part:
    """Learn the rows of a data frame or an array (n, d); see `learn_file`."""
    return _learn(lambda learner: _stream_block(block, task, learner), name, index, task)


def _learn(
    stream: Callable[[Learner], Iterator[tuple[NDArray, int]]],
    name: str,
    index: int,
    task: Task,
) -> Part:
    learner, n_dropped, begin = task.make_learner(), 0, time.perf_counter()
    shown: list[NDArray] = []
    try:
        for points, n_lost in stream(learner):
            n_dropped += n_lost
            if len(points):
                if learner.scaling is None and not task.is_scaled:
                    learner.scaling = Scaling.identity(points.shape[1])
                learner.learn(points)
                shown = thin([*shown, points], task.n_shown)
    except ValueError as error:
        # The data's fault, so that another try would end the same.
        report = PartitionReport(index, name, error=str(error))
        return Part(task.make_learner(), report)
    if learner.is_fitted:
        # Without the points learned last, which the model keeps to tell their labels.
        bare = learner.model.copy()
        learner = Learner(bare, learner.scaling, learner.feature_names)
    spent_s = time.perf_counter() - begin
    report = PartitionReport(index, name, learner.n_seen, n_dropped, spent_s)
    if task.n_shown and shown:
        report = replace(report, points=shown[0], learner=learner)
    return Part(learner, report)


def thin(points: list[NDArray], n_most: int) -> list[NDArray]:
    """One array of at most ``n_most`` of the points, evenly spread over them; none for 0."""
    if not n_most:
        return []
    joined = np.concatenate(points)
    return [joined[np.unique(np.linspace(0, len(joined) - 1, n_most).astype(int))].copy()]


def _stream_file(path: str, task: Task, learner: Learner) -> Iterator[tuple[NDArray, int]]:
    name = make_printable(path, 200)
    table = open_table(path, name=name, missing=task.missing, max_bytes=UNLIMITED_BYTES)
    features = task.features or table.default_features
    if not features:
        raise TableError(f"{name} has no column of measurements; name the features")
    learner.feature_names = features
    try:
        chunks = table.chunks(features, size_chunks(len(features)))
    except TableError as error:
        raise TableError(f"{name}: {error}") from None
    for points, _ in chunks:
        yield points, 0
    yield np.empty((0, len(features))), table.report.n_dropped


def _stream_block(block: Any, task: Task, learner: Learner) -> Iterator[tuple[NDArray, int]]:
    columns = block if task.features is None else block[list(task.features)]
    if hasattr(columns, "columns"):
        learner.feature_names = tuple(map(str, columns.columns))
    size = size_chunks(columns.shape[1])
    for start in range(0, len(columns), size):
        piece = columns[start : start + size]
        yield drop_unfit(as_points(piece))


def as_points(rows: Any) -> NDArray[np.float64]:
    """Points (n, d) out of rows of numbers, missing ones NaN. Raises ValueError at text."""
    values = rows.to_numpy(dtype=np.float64, na_value=np.nan) if hasattr(rows, "iloc") else rows
    return np.ascontiguousarray(values, dtype=np.float64)


def drop_unfit(points: NDArray[np.float64]) -> tuple[NDArray[np.float64], int]:
    """The points without NaN or infinity, and how many had one."""
    is_fit = np.isfinite(points).all(axis=1)
    return (points, 0) if is_fit.all() else (points[is_fit], int((~is_fit).sum()))


def merge(parts: Sequence[Part], task: Task) -> Part:
    """Join neighbours, the earlier first, which fade by their half-life as the later come."""
    whole = task.make_learner(DETAIL)
    for part in parts:
        whole.absorb(part.learner, fade=True)
        whole.feature_names = whole.feature_names or part.learner.feature_names
    return Part(whole)

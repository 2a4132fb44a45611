"""The work of a worker: learn one partition, and merge neighbours. This module needs no Dask."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from clusterer.base import Learner, Mergeable
from clusterer.cluster.prototypes.parameters import MOST
from clusterer.distributed.reports import PartitionReport
from clusterer.preprocessing.scaling import Scaling
from clusterer.scaled_learner import ScaledLearner
from clusterer.stream.table_source import size_chunks
from clusterer.support.text import make_printable
from clusterer.tables import TableError, check_inside, open_table
from clusterer.tables.limits import UNLIMITED_BYTES
from clusterer.tables.options import ReadingOptions

# Merged models hold twice as many prototypes, which preserves what K prototypes cannot separate.
# More prototypes gain nothing (measured).
MERGE_FACTOR = 2


@dataclass(frozen=True, eq=False)
class Task:
    """How to learn a partition.

    Parameters
    ----------
    model : Learner
        Its parameters; what it has learned is not used. Its class must be `Mergeable` and have a
        parameter ``n_prototypes``.
    scaling : Scaling or None
        The scaling with which each partition begins. With None, ``is_scaled`` decides.
    is_scaled : bool
        Whether each partition is standardised by itself; a merge converts to common units.
        Otherwise the data keep their units.
    features : tuple of str or None
        The columns; None for all columns of measurements.
    options : ReadingOptions
        How tables are read.
    n_shown : int, default 0
        Points of each partition in its report; above 0 the report holds the learner, too.

    Raises
    ------
    TypeError
        If the models cannot be merged.
    """

    model: Learner
    scaling: Scaling | None
    is_scaled: bool
    features: tuple[str, ...] | None
    options: ReadingOptions = field(default_factory=ReadingOptions)
    n_shown: int = 0

    def __post_init__(self) -> None:
        if not isinstance(self.model, Mergeable):
            name = type(self.model).__name__
            raise TypeError(f"Models of {name} cannot be merged; learn the data in one process.")

    def make_learner(self, factor: int = 1) -> ScaledLearner:
        """A new learner with ``factor`` times as many prototypes.

        Of an automatic number the largest: few prototypes that others have chosen merge badly.
        """
        model = clone(self.model)
        number = model.get_params()["n_prototypes"]
        number = MOST if isinstance(number, str) else number
        model.set_params(n_prototypes=factor * number)
        return ScaledLearner(model, self.scaling, self.features)


@dataclass(frozen=True, eq=False)
class PartialModel:
    """The learner of one or several partitions; the report, if it is of one partition."""

    learner: ScaledLearner
    report: PartitionReport | None = None


def get_report(part: PartialModel) -> PartitionReport | None:
    """The report without the learner: it is small, and is sent for each partition."""
    return part.report


def learn_file(path: str, index: int, task: Task, folder: str | None = None) -> PartialModel:
    """Learn the rows of a table.

    Parameters
    ----------
    path : str
        Path of the table.
    index : int
        Position of the partition.
    task : Task
        How to learn.
    folder : str, optional
        The folder out of which the path must not lead.

    Returns
    -------
    PartialModel
        If the table cannot be learned, its report holds the error and its learner is new.
    """

    def read(learner: ScaledLearner) -> Iterator[tuple[NDArray, int]]:
        if folder is not None:
            check_inside(Path(path), Path(folder))
        return _read_file(path, task, learner)

    return _learn(read, path, index, task)


def learn_block(block: Any, name: str, index: int, task: Task) -> PartialModel:
    """Learn the rows of a data frame or an array (n, d); see `learn_file`."""
    return _learn(lambda learner: _read_block(block, task, learner), name, index, task)


def _learn(
    read: Callable[[ScaledLearner], Iterator[tuple[NDArray, int]]],
    name: str,
    index: int,
    task: Task,
) -> PartialModel:
    learner, n_dropped, start = task.make_learner(), 0, time.perf_counter()
    shown: list[NDArray] = []
    try:
        for points, n_lost in read(learner):
            n_dropped += n_lost
            if len(points):
                if learner.scaling is None and not task.is_scaled:
                    learner.scaling = Scaling.identity(points.shape[1])
                learner.learn(points)
                shown = select_evenly([*shown, points], task.n_shown)
    except ValueError as error:
        # The data cause the error, so that a retry would end the same way.
        report = PartitionReport(index, name, error=str(error))
        return PartialModel(task.make_learner(), report)
    if learner.is_fitted:
        # A copy has no points, while the model holds its last chunk for `labels_`.
        learner = ScaledLearner(learner.model.copy(), learner.scaling, learner.feature_names)
    spent_s = time.perf_counter() - start
    report = PartitionReport(index, name, learner.n_seen, n_dropped, spent_s)
    if task.n_shown and shown:
        report = replace(report, points=shown[0], learner=learner)
    return PartialModel(learner, report)


def select_evenly(points: list[NDArray], n_most: int) -> list[NDArray]:
    """One array of at most ``n_most`` evenly chosen points; an empty list for 0."""
    if not n_most:
        return []
    joined = np.concatenate(points)
    return [joined[np.unique(np.linspace(0, len(joined) - 1, n_most).astype(int))].copy()]


def _read_file(path: str, task: Task, learner: ScaledLearner) -> Iterator[tuple[NDArray, int]]:
    name = make_printable(path, 200)
    table = open_table(path, name=name, options=task.options, max_bytes=UNLIMITED_BYTES)
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


def _read_block(block: Any, task: Task, learner: ScaledLearner) -> Iterator[tuple[NDArray, int]]:
    columns = block if task.features is None else block[list(task.features)]
    if hasattr(columns, "columns"):
        learner.feature_names = tuple(map(str, columns.columns))
    size = size_chunks(columns.shape[1])
    for start in range(0, len(columns), size):
        rows = columns[start : start + size]
        yield drop_not_finite(as_points(rows))


def as_points(rows: Any) -> NDArray[np.float64]:
    """Points (n, d) of rows of numbers; NaN for missing ones. Raises ValueError for text."""
    values = rows.to_numpy(dtype=np.float64, na_value=np.nan) if hasattr(rows, "iloc") else rows
    return np.ascontiguousarray(values, dtype=np.float64)


def drop_not_finite(points: NDArray[np.float64]) -> tuple[NDArray[np.float64], int]:
    """The points without NaN and infinity, and the number of all others."""
    is_finite = np.isfinite(points).all(axis=1)
    return (points, 0) if is_finite.all() else (points[is_finite], int((~is_finite).sum()))


def merge(parts: Sequence[PartialModel], task: Task) -> PartialModel:
    """Merge neighbours in their order; with a half-life, earlier ones fade by the later points."""
    merged = task.make_learner(MERGE_FACTOR)
    for part in parts:
        merged.absorb(part.learner, fade=True)
        merged.feature_names = merged.feature_names or part.learner.feature_names
    return PartialModel(merged)

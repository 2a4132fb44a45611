"""``clusterer report``: one HTML file that says who the clusters of a table are."""

import argparse
import shlex
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from tqdm import tqdm

from clusterer.base import Classifier
from clusterer.cli.describe import export_model
from clusterer.cli.input import InputTable
from clusterer.cli.output import open_output, refuse_input
from clusterer.cli.predict import check_n_features, choose_features
from clusterer.cli.reading import make_reading_options
from clusterer.evaluation.category_contrasts import CategoryCounter
from clusterer.export.report import write_report
from clusterer.export.row_categories import RowCategories
from clusterer.scaled_learner import ScaledLearner
from clusterer.support.text import make_printable

N_SAMPLE = 20_000
"""Number of rows on which the features are measured; all rows are counted."""


def report(arguments: argparse.Namespace) -> None:
    """Write the report. Raises ValueError or OSError and then leaves the output unchanged."""
    learner = ScaledLearner.load(arguments.model)
    refuse_input(arguments.output, [arguments.model, arguments.data])
    if isinstance(learner.model, Classifier):
        raise ValueError(
            f"{make_printable(Path(arguments.model).name)} has learned classes; a report describes "
            "clusters. Use clusterer predict to write its classes"
        )
    features = choose_features(learner, arguments.features)
    table = InputTable(arguments.data, features, make_reading_options(arguments))
    check_n_features(learner, table)
    with open_output(arguments.output) as file:
        sample, counts, categories = _read(learner, table)
        table.report_changes()
        run = export_model(learner, Path(table.name).name, table.features)
        labels = np.unique(run.snapshot.labels).tolist()
        run = replace(run, points=sample, label_ids={label: label for label in labels})
        how = _repeat(arguments)
        report = write_report(run, n_rows=counts, how=how, categories=categories)
        file.write(report.encode())


def _repeat(arguments: argparse.Namespace) -> str:
    """Return the command that writes the same report."""
    command = ["clusterer", "report", arguments.model, arguments.data, "-o", arguments.output]
    return shlex.join(command)


def _read(
    learner: ScaledLearner, table: InputTable
) -> tuple[NDArray[np.float64], dict[int, int], CategoryCounter]:
    """Return a sample of the rows, drawn evenly, and what was counted of all rows by cluster.

    That are the number of rows, and the categories of columns of text and booleans.
    """
    counts: Counter[int] = Counter()
    sample, categories = Sample(len(table.features)), RowCategories(table.table, table.features)
    with tqdm(unit=" rows", unit_scale=True, disable=None) as bar:
        for points, cells in _read_cells(table, has_cells=bool(categories.names)):
            clusters = learner.predict(points)
            labels, numbers = np.unique(clusters, return_counts=True)
            counts.update(dict(zip(labels.tolist(), numbers.tolist(), strict=True)))
            sample.add(points)
            categories.add(cells, clusters)
            bar.update(len(points))
    if not counts:
        raise ValueError(f"{table.table.name} has no usable row, so there is nothing to report")
    return sample.rows, dict(counts), categories.counter


def _read_cells(
    table: InputTable, *, has_cells: bool
) -> Iterator[tuple[NDArray[np.float64], dict[str, pa.Array]]]:
    """Yield the usable rows as points, and with ``has_cells`` also their cells in all columns."""
    if not has_cells:
        yield from ((points, {}) for points, _, _ in table.read())
        return
    for rows in table.table.read_rows(table.features):
        if rows.is_used.any():
            mask = pa.array(rows.is_used)
            yield rows.points, {name: cells.filter(mask) for name, cells in rows.columns.items()}


class Sample:
    """Rows drawn from a stream of unknown length, each with the same chance.

    J. Vitter, "Random sampling with a reservoir", ACM Transactions on Mathematical Software 11(1),
    1985, Algorithm R. The same stream gives the same sample.

    >>> sample = Sample(1, size=3)
    >>> for i in range(10):
    ...     sample.add(np.array([[float(i)]]))
    >>> sample.rows.shape
    (3, 1)
    """

    def __init__(self, n_features: int, size: int = N_SAMPLE) -> None:
        self._rows = np.empty((size, n_features))
        self._n_seen = 0
        self._random = np.random.default_rng(0)

    @property
    def rows(self) -> NDArray[np.float64]:
        """The rows drawn (n, d)."""
        return self._rows[: min(self._n_seen, len(self._rows))]

    def add(self, points: NDArray[Any]) -> None:
        """Take the next rows (n, d) of the stream."""
        size = len(self._rows)
        n_free = min(max(size - self._n_seen, 0), len(points))
        self._rows[self._n_seen : self._n_seen + n_free] = points[:n_free]
        self._n_seen += n_free
        points = points[n_free:]
        places = self._random.integers(self._n_seen + 1 + np.arange(len(points)))
        is_drawn = places < size
        # NumPy keeps the last of several rows for one place, as a loop would.
        self._rows[places[is_drawn]] = points[is_drawn]
        self._n_seen += len(points)

"""What a program does with a run: learn points, read the labels, the clusters and the model."""

import html
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.exceptions import NotFittedError

from clusterer.evaluation.descriptions import LabelledState, describe_state
from clusterer.export.report import write_report
from clusterer.export.row_categories import count_run
from clusterer.scaled_learner import ScaledLearner
from clusterer.session.engine import Engine
from clusterer.session.run_export import RunExport
from clusterer.session.tracking import map_labels
from clusterer.stream import ArraySource, Source, TableSource
from clusterer.support.number_checks import check_whole_number
from clusterer.tables import Table

LEARN_SIZE = 2_000
"""Points to learn at a time; meanwhile other commands wait."""


def learn_points(engine: Engine, n_points: int | None = None) -> int:
    """Learn the next points of an engine's run, by default all; return how many were learned.

    Raises ValueError if the number is not allowed, or is None for a stream that may have no end,
    and what the source and the model raise.
    """
    source = engine.source
    is_array = isinstance(source, ArraySource) and source.bounds is not None
    if n_points is None and not (isinstance(source, TableSource) or is_array):
        raise ValueError(
            f"{source.name} may have no end: name the number of points, such as learn(1_000)"
        )
    n_left = sys.maxsize if n_points is None else check_whole_number("n_points", n_points, 0)
    n_learned = 0
    while n_left > 0:
        n_wanted = min(n_left, LEARN_SIZE)
        n_new = engine.learn(n_wanted).result()
        n_learned, n_left = n_learned + n_new, n_left - n_new
        if n_new < n_wanted:
            break
    return n_learned


def label_rows(run: RunExport, index: pd.Index | None = None) -> pd.Series:
    """The cluster of each row of the run's data, by the present model.

    Parameters
    ----------
    run : RunExport
        The state of the run.
    index : pandas index, optional
        The index of the data's rows; default the position of each row, from 0.

    Returns
    -------
    Series of Int64
        The lasting number of the cluster, -1 for noise, missing for rows that cannot be used. A
        table has all its rows here, in file order. Of other data only the points in the window are
        known; their index is the position in the stream.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If no point has been learned.
    clusterer.tables.TableError
        If the table cannot be read any more.
    """
    _demand_points(run)
    table = run.source.table if isinstance(run.source, TableSource) else None
    if not isinstance(table, Table):
        labels = run.label_points()
        end = run.snapshot.n_seen
        return _make_series(labels, pd.RangeIndex(end - len(labels), end))
    found = pd.array(_read_labels(run, table), dtype="Int64")
    return _make_series(found, pd.RangeIndex(len(found)) if index is None else index)


def _read_labels(run: RunExport, table: Table) -> list[int | None]:
    """The clusters of all rows, None for rows that cannot be used."""
    assert isinstance(run.source, TableSource)
    missing, labels = run.source.choices.get("missing"), []
    for rows in table.copy().read_rows(run.source.feature_names, missing=missing):
        found = np.full(len(rows.numbers), None)
        if len(rows.points):
            predicted = run.model.predict(run.scaling.apply(rows.points))
            found[rows.is_used] = map_labels(predicted, run.label_ids)
        labels += found.tolist()
    return labels


def tabulate_clusters(run: RunExport) -> pd.DataFrame:
    """A row for each cluster, the largest first, with the mean of each feature in its units.

    The columns are those of `clusterer.evaluation.descriptions.ClusterDescription`, "name" and
    "words", "shares" (what differs in columns of text and booleans that are no features), and then
    "mean of x" for each feature x.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If no point has been learned.
    """
    _demand_points(run)
    state = LabelledState(
        run.snapshot,
        run.center_clusters,
        run.points,
        run.label_points(),
        run.scaling,
        run.source.feature_names,
    )
    rows = []
    for each in describe_state(state, categories=count_run(run, state.point_clusters)):
        means = {feature.name: feature.mean for feature in each.features}
        rows.append(
            {
                "cluster": each.cluster,
                "name": run.cluster_names.get(each.cluster, ""),
                "points": round(each.n_points),
                "remembered": each.n_remembered,
                "share": each.share,
                "words": each.summarize(),
                "shares": "; ".join(category.explain() for category in each.categories),
                "nearest": each.nearest,
                "spread": each.spread,
                "certainty": each.certainty,
                **{f"mean of {name}": means[name] for name in run.source.feature_names},
            }
        )
    columns = ["cluster", "name", "points", "remembered", "share", "words", "shares", "nearest"]
    table = pd.DataFrame(rows, columns=None if rows else columns).set_index("cluster")
    return table.astype({"nearest": "Int64"})


@dataclass(frozen=True)
class Report:
    """A report as an HTML document; a notebook shows it.

    >>> Report("<!DOCTYPE html><p>five groups</p>").html[-18:]
    '<p>five groups</p>'
    """

    html: str

    def save(self, path: str | Path) -> None:
        """Write the document to a file. Raises OSError if it cannot be written."""
        Path(path).write_text(self.html, "utf-8")

    def _repr_html_(self) -> str:
        return (
            f'<iframe sandbox srcdoc="{html.escape(self.html)}" title="Report" '
            'style="width: 100%; height: 700px; border: 1px solid #ccc"></iframe>'
        )


def report_run(run: RunExport) -> Report:
    """The report of a run; see `clusterer.export.report.write_report`.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If no point has been learned.
    """
    _demand_points(run)
    return Report(write_report(run))


def copy_model(run: RunExport) -> ScaledLearner:
    """A copy of the model that labels points in the units of the data.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If no point has been learned.
    """
    _demand_points(run)
    return ScaledLearner(run.model, run.scaling, _find_names(run.source))


def _find_names(source: Source) -> tuple[str, ...] | None:
    return source.feature_names if source.has_named_columns else None


def _make_series(labels: Any, index: pd.Index) -> pd.Series:
    return pd.Series(labels, index=index, name="cluster", dtype="Int64")


def _demand_points(run: RunExport) -> None:
    if not run.snapshot.n_seen:
        raise NotFittedError(
            "No point has been learned yet. Show the dashboard and let the stream play first."
        )

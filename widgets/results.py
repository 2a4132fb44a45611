"""What a program reads of a dashboard's run: labels of rows, descriptions of clusters, model."""

from copy import copy
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.exceptions import NotFittedError

from clusterer.evaluation.descriptions import LabelledState, describe_state
from clusterer.scaled_learner import ScaledLearner
from clusterer.session.run_export import RunExport
from clusterer.session.tracking import map_labels
from clusterer.stream import Source, TableSource
from clusterer.stream.table_source import size_chunks
from clusterer.tables import Table


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
    rows, labels, n_rows = _read_labels(run, table)
    if index is not None:
        n_rows = len(index)
    found = pd.array(np.zeros(n_rows, dtype=np.int64), dtype="Int64")
    found[:] = pd.NA
    found[rows] = labels
    return _make_series(found, pd.RangeIndex(n_rows) if index is None else index)


def _read_labels(run: RunExport, table: Table) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """The positions and the labels of the rows that can be used, and the number of all rows."""
    assert isinstance(run.source, TableSource)
    features = run.source.feature_names
    # A reading of its own: the page shows the counts of the run's reading.
    twin = copy(table)
    twin.report = type(table.report)()
    missing = run.source.choices.get("missing")
    rows, labels = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    size = size_chunks(len(features))
    for points, _ in twin.chunks(features, size, missing=missing, is_numbered=True):
        found = run.model.predict(run.scaling.apply(np.ascontiguousarray(points[:, :-1])))
        labels.append(map_labels(found, run.label_ids))
        rows.append(points[:, -1].astype(np.int64) - 1)
    report = twin.report
    n_dropped = report.n_dropped_missing + report.n_dropped_infinite + report.n_dropped_malformed
    return np.concatenate(rows), np.concatenate(labels), report.n_rows + n_dropped


def tabulate_clusters(run: RunExport) -> pd.DataFrame:
    """A row for each cluster, the largest first, with the mean of each feature in its units.

    The columns are those of `clusterer.evaluation.descriptions.ClusterDescription`, "name" and
    "words", and then "mean of x" for each feature x.

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
    for each in describe_state(state):
        means = {feature.name: feature.mean for feature in each.features}
        rows.append(
            {
                "cluster": each.cluster,
                "name": run.cluster_names.get(each.cluster, ""),
                "points": round(each.n_points),
                "remembered": each.n_remembered,
                "share": each.share,
                "words": each.summarize(),
                "nearest": each.nearest,
                "spread": each.spread,
                "certainty": each.certainty,
                **{f"mean of {name}": means[name] for name in run.source.feature_names},
            }
        )
    columns = ["cluster", "name", "points", "remembered", "share", "words", "nearest"]
    table = pd.DataFrame(rows, columns=None if rows else columns).set_index("cluster")
    return table.astype({"nearest": "Int64"})


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

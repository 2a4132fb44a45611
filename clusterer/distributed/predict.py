"""Labels of partitioned data, computed by Dask when they are needed."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clusterer.base import Learner
from clusterer.distributed.partitions import list_partitions
from clusterer.distributed.worker import as_points
from clusterer.preprocessing.scaling import Scaling
from clusterer.scaled_learner import ScaledLearner
from clusterer.stream.chunk import NOISE
from clusterer.stream.table_source import size_chunks
from clusterer.support.text import make_printable
from clusterer.tables import open_table
from clusterer.tables.limits import UNLIMITED_BYTES

CLUSTER = "cluster"


def predict(model: Learner | ScaledLearner, data: Any) -> Any:
    """Label partitioned data lazily: Dask computes the labels later.

    Parameters
    ----------
    model : Learner or ScaledLearner
        A fitted model. A learner labels points in the units of its data.
    data : Dask data frame or array (n, d), path of a folder or a table, or sequence of paths
        A data frame must have the columns on which the model was fitted.

    Returns
    -------
    Dask array (n,), Dask series or Dask data frame
        The cluster of each point of an array; the series ``cluster`` with the index of a data
        frame; for files a data frame of ``row`` (from 1 in each file) and ``cluster``, with one
        partition per file. Noise is -1, and so is a row of a collection with a missing value.

    Raises
    ------
    ValueError
        There are no partitions. While Dask computes the labels: the errors of
        `Learner.predict`, or a `TableError` that names the file.

    Examples
    --------
    >>> import dask.array as da
    >>> from clusterer import OnlineClusterer
    >>> model = OnlineClusterer().fit([[0.0], [0.0], [9.0], [9.0]])
    >>> predict(model, da.from_array(np.array([[1.0], [8.0], [np.nan]]), chunks=2)).compute()
    array([ 0,  1, -1])
    """
    learner = _as_learner(model)
    if hasattr(data, "divisions"):
        names = learner.feature_names or data.select_dtypes("number").columns
        meta = pd.Series(dtype=np.int64, name=CLUSTER)
        return data[list(names)].map_partitions(label_frame, learner, meta=meta)
    if hasattr(data, "to_delayed"):
        rows = data.rechunk({1: -1})
        return rows.map_blocks(label_rows, learner, drop_axis=1, dtype=np.int64)
    import dask.dataframe as dd

    is_path = isinstance(data, str | os.PathLike)
    paths = [each.content for each in list_partitions(data if is_path else list(data))]
    meta = pd.DataFrame({"row": np.empty(0, np.int64), CLUSTER: np.empty(0, np.int64)})
    return dd.from_map(label_file, paths, learner=learner, meta=meta)


def _as_learner(model: Learner | ScaledLearner) -> ScaledLearner:
    if isinstance(model, ScaledLearner):
        return model
    # A copy, because labels can be computed after the model has changed. It has no column names,
    # because it labels arrays.
    names = getattr(model, "feature_names_in_", None)
    unnamed = model.copy()
    if names is not None:
        del unnamed.feature_names_in_
    scaling = Scaling.identity(unnamed.n_features_in_)
    return ScaledLearner(unnamed, scaling, None if names is None else tuple(names))


def label_rows(rows: Any, learner: ScaledLearner) -> NDArray[np.int64]:
    """Cluster (n,) of each row of numbers (n, d)."""
    points = as_points(rows)
    is_finite = np.isfinite(points).all(axis=1)
    labels = np.full(len(points), NOISE, dtype=np.int64)
    if is_finite.any():
        labels[is_finite] = learner.predict(points[is_finite])
    return labels


def label_frame(frame: pd.DataFrame, learner: ScaledLearner) -> pd.Series:
    """Cluster of each row of a data frame."""
    return pd.Series(label_rows(frame, learner), index=frame.index, name=CLUSTER)


def label_file(path: str, learner: ScaledLearner) -> pd.DataFrame:
    """Row number and cluster of each usable row of a table."""
    table = open_table(Path(path), name=make_printable(path, 200), max_bytes=UNLIMITED_BYTES)
    features = learner.feature_names or table.default_features
    chunks = table.chunks(features, size_chunks(len(features)), is_numbered=True)
    parts = [
        {"row": points[:, -1].astype(np.int64), CLUSTER: learner.predict(points[:, :-1].copy())}
        for points, _ in chunks
    ]
    empty = {"row": np.empty(0, np.int64), CLUSTER: np.empty(0, np.int64)}
    return pd.concat([pd.DataFrame(part) for part in (parts or [empty])], ignore_index=True)

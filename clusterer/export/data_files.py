r"""Data files of a run: prototypes, clusters and points as CSV and JSON, and the model.

Numbers are written with all digits, so that reading them gives the same bits. Text from uploaded
tables must not become a formula in a spreadsheet; see `escape_formula`.
"""

import json
import re
import tempfile
from collections.abc import Container, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
from numpy.typing import NDArray

from clusterer.cluster.density.labels import weigh_members
from clusterer.preprocessing.scaling import RunningScaling
from clusterer.scaled_learner import ScaledLearner
from clusterer.session.run_export import RunExport
from clusterer.stream.chunk import NOISE

# Spreadsheets read text with these first characters as a formula, or skip the character and then
# read a formula. The last four are full-width.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

Columns = dict[str, NDArray | Sequence[str]]


def escape_formula(text: str) -> str:
    """The text with an apostrophe in front if a spreadsheet would read it as a formula.

    >>> escape_formula("=1+1"), escape_formula("width")
    ("'=1+1", 'width')
    """
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def make_file_name(name: str, ending: str) -> str:
    """A file name of letters, digits and dashes, of at most 61 characters and the ending.

    >>> make_file_name("../Über <b>.csv", "points.csv")
    'Über-b-csv-points.csv'
    """
    stem = re.sub(r"[^\w]+", "-", name)[:60].strip("-_")
    return f"{stem}-{ending}" if stem else ending


def write_prototypes_csv(run: RunExport) -> bytes:
    """One row per prototype, in the units of the data."""
    columns = _list_prototypes(run)
    return _write_csv(combine_columns(columns, run.source.feature_names, run.centers))


def write_clusters_csv(run: RunExport) -> bytes:
    """One row per cluster, in the units of the data."""
    columns, centers = list_clusters(run)
    return _write_csv(combine_columns(columns, run.source.feature_names, centers))


def write_points_csv(run: RunExport) -> bytes:
    """One row per point of the window: its cluster, its true class if known, its features.

    The cluster is the cluster of the nearest prototype now; -1 is noise. Points of a table have
    the number of their row, from 1.
    """
    labels, rows = run.label_points(), run.number_points()
    columns: Columns = {} if rows is None else {"row": rows}
    columns |= {"cluster": labels, **_name_clusters(run, labels)}
    if run.classes is not None:
        columns["class"] = name_classes(run.classes, run.class_names)
    return _write_csv(combine_columns(columns, run.source.feature_names, run.points))


def write_json(run: RunExport) -> bytes:
    """Prototypes, clusters, parameters and scaling in one document, in the units of the data."""
    clusters, centers = list_clusters(run)
    document = {
        "source": run.source.name,
        "features": list(run.source.feature_names),
        "n_seen": run.snapshot.n_seen,
        "parameters": run.model.get_params(),
        "sigma": None if np.isnan(run.snapshot.sigma) else run.snapshot.sigma,
        "scaling": run.scaling.to_dict("none"),
        "clusters": _list_rows(clusters, centers),
        "prototypes": _list_rows(_list_prototypes(run), run.centers),
    }
    return json.dumps(document, indent=2, allow_nan=False).encode()


def write_model(run: RunExport) -> bytes:
    """The model file, with the scaling if the model learns standardised points.

    See `ScaledLearner.load`. Raises NotFittedError of scikit-learn, a ValueError, before the first
    point.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.npz"
        is_named = run.source.has_named_columns or isinstance(run.scaling, RunningScaling)
        names = run.source.feature_names if is_named else None
        ScaledLearner(run.model, run.scaling, names).save(path)
        return path.read_bytes()


def _list_prototypes(run: RunExport) -> Columns:
    snapshot = run.snapshot
    return {
        "prototype": snapshot.ids,
        "cluster": run.center_clusters,
        **_name_clusters(run, run.center_clusters),
        "weight": snapshot.weights,
        "points": snapshot.counts,
        "last_seen": snapshot.last_seen,
    }


def list_clusters(run: RunExport) -> tuple[Columns, NDArray[np.float64]]:
    """The columns of the clusters, and their centres (n, d) in the units of the data."""
    snapshot, clusters = run.snapshot, run.center_clusters
    ids = np.unique(clusters[clusters != NOISE])
    is_member = clusters == ids[:, None]
    weights = weigh_members(snapshot.weights, clusters, ids)
    shares = weights / weights.sum(axis=1, keepdims=True)
    counts = is_member @ snapshot.counts if len(ids) else np.empty(0)
    columns: Columns = {
        "cluster": ids,
        **_name_clusters(run, ids),
        "prototypes": is_member.sum(axis=1),
        "weight": np.where(is_member, snapshot.weights, 0.0).sum(axis=1),
        "points": counts,
        "share": counts / max(snapshot.counts.sum(), 1e-300),
        "last_seen": np.array([snapshot.last_seen[row].max() for row in is_member], dtype=np.int64),
    }
    return columns, run.scaling.undo(shares @ snapshot.centers)


def _name_clusters(run: RunExport, clusters: NDArray[np.int64]) -> Columns:
    """The column of the names of these clusters; no column if no cluster has a name."""
    if not run.cluster_names:
        return {}
    names = {i: escape_formula(name) for i, name in run.cluster_names.items()}
    return {"cluster_name": [names.get(i, "") for i in clusters.tolist()]}


def _list_rows(columns: Columns, centers: NDArray[np.float64]) -> list[dict[str, Any]]:
    values = zip(*(np.asarray(column).tolist() for column in columns.values()), strict=True)
    return [
        {**dict(zip(columns, row, strict=True)), "center": center}
        for row, center in zip(values, centers.tolist(), strict=True)
    ]


def name_classes(
    classes: NDArray[np.int64], names: tuple[str, ...] | None
) -> NDArray[np.int64] | Sequence[str]:
    """The names of classes, safe in a spreadsheet; the classes themselves without names.

    >>> name_classes(np.array([1, 0, -1]), ("red", "=blue"))
    ["'=blue", 'red', '']
    """
    if names is None:
        return classes
    texts = np.array([*(escape_formula(name) for name in names), ""], dtype=object)
    return list(texts[np.where((classes < 0) | (classes >= len(names)), len(names), classes)])


def combine_columns(
    columns: Columns, features: tuple[str, ...], points: NDArray[np.float64]
) -> list[tuple[str, NDArray | Sequence[str]]]:
    """The columns, renamed if a feature has the same name, and then one column per feature."""
    named = []
    for name, values in columns.items():
        named.append((name_apart(name, features), values))
    return [*named, *((escape_formula(name), points[:, i]) for i, name in enumerate(features))]


def name_apart(name: str, taken: Container[str]) -> str:
    """The name with so many underscores behind it that it is not taken.

    >>> name_apart("cluster", ("x", "cluster"))
    'cluster_'
    """
    while name in taken:
        name += "_"
    return name


def _write_csv(columns: list[tuple[str, NDArray | Sequence[str]]]) -> bytes:
    names = [name for name, _ in columns]
    table = pa.Table.from_arrays(
        [
            pa.array(values, pa.string()) if isinstance(values, list) else pa.array(values)
            for _, values in columns
        ],
        names=names,
    )
    sink = BytesIO()
    # Spreadsheets recognise UTF-8 by the byte order mark.
    sink.write(b"\xef\xbb\xbf" if not all(map(str.isascii, names)) else b"")
    pa_csv.write_csv(table, sink)
    return sink.getvalue()

r"""Files to take away: prototypes, clusters and points as CSV and JSON, the model.

Numbers are written in full, so that reading them gives the same bits. Text comes from strangers'
tables and goes into spreadsheets, where it must not begin to calculate (see `defuse`).
"""

import json
import re
import tempfile
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
from numpy.typing import NDArray

from clusterer.cluster.scaled_clusterer import Learner
from clusterer.preprocessing.scaling import RunningScaling
from clusterer.session.run_export import RunExport
from clusterer.stream import TableSource
from clusterer.stream.chunk import NOISE

# What spreadsheets take for a formula, or skip before one; the last four are full-width.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

Columns = dict[str, NDArray | Sequence[str]]


def defuse(text: str) -> str:
    """Text that no spreadsheet takes for a formula: an apostrophe goes before what looks like one.

    >>> defuse("=1+1"), defuse("width")
    ("'=1+1", 'width')
    """
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def name_file(name: str, ending: str) -> str:
    """A file's name out of any text: letters, digits and dashes, not too long.

    >>> name_file("../Über <b>.csv", "points.csv")
    'Über-b-csv-points.csv'
    """
    stem = re.sub(r"[^\w]+", "-", name)[:60].strip("-_")
    return f"{stem}-{ending}" if stem else ending


def write_prototypes_csv(taken: RunExport) -> bytes:
    """One row a prototype, in the units of the data."""
    return _write_csv(
        name_columns(_list_prototypes(taken), taken.source.feature_names, taken.centers)
    )


def write_clusters_csv(taken: RunExport) -> bytes:
    """One row a cluster, in the units of the data."""
    columns, centers = list_clusters(taken)
    return _write_csv(name_columns(columns, taken.source.feature_names, centers))


def write_points_csv(taken: RunExport) -> bytes:
    """One row a point of the window: its cluster, its true class if known, its features.

    The cluster is that of the nearest prototype now; -1 is noise.
    """
    columns: Columns = {"cluster": taken.label_points()}
    if taken.classes is not None:
        columns["class"] = _name_classes(taken.classes, taken.class_names)
    return _write_csv(name_columns(columns, taken.source.feature_names, taken.points))


def write_json(taken: RunExport) -> bytes:
    """Prototypes, clusters, parameters and scaling in one document, in the units of the data."""
    clusters, centers = list_clusters(taken)
    parameters = taken.model.get_params()
    document = {
        "source": taken.source.name,
        "features": list(taken.source.feature_names),
        "n_seen": taken.snapshot.n_seen,
        "parameters": parameters,
        "sigma": taken.snapshot.sigma if taken.snapshot.n_seen else None,
        "scaling": taken.scaling.to_dict("none"),
        "clusters": _list_rows(clusters, centers),
        "prototypes": _list_rows(_list_prototypes(taken), taken.centers),
    }
    return json.dumps(document, indent=2, allow_nan=False).encode()


def write_model(taken: RunExport) -> bytes:
    """The model, and its units if it learns standardised points; see `Learner.load`.

    Raises sklearn's NotFittedError, a ValueError, before the first point.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.npz"
        # Columns of a table are found again by their names.
        is_table = isinstance(taken.source, TableSource) or isinstance(
            taken.scaling, RunningScaling
        )
        names = taken.source.feature_names if is_table else None
        Learner(taken.model, taken.scaling, names).save(path)
        return path.read_bytes()


def _list_prototypes(taken: RunExport) -> Columns:
    shot = taken.snapshot
    return {
        "prototype": shot.ids,
        "cluster": taken.center_clusters,
        "weight": shot.weights,
        "points": shot.counts,
        "last_seen": shot.last_seen,
    }


def list_clusters(taken: RunExport) -> tuple[Columns, NDArray[np.float64]]:
    """What there is to say of each cluster; its centres (n, d) in the units of the data."""
    shot, clusters = taken.snapshot, taken.center_clusters
    ids = np.unique(clusters[clusters != NOISE])
    is_in = clusters == ids[:, None]
    # Weightless prototypes have no mean; of a cluster of nothing else each counts alike.
    weights = np.where(is_in, shot.weights, 0.0)
    weights[weights.sum(axis=1) == 0] = is_in[weights.sum(axis=1) == 0]
    shares = weights / weights.sum(axis=1, keepdims=True)
    counts = is_in @ shot.counts if len(ids) else np.empty(0)
    columns: Columns = {
        "cluster": ids,
        "prototypes": is_in.sum(axis=1),
        "weight": np.where(is_in, shot.weights, 0.0).sum(axis=1),
        "points": counts,
        "share": counts / max(shot.counts.sum(), 1e-300),
        "last_seen": np.array([shot.last_seen[row].max() for row in is_in], dtype=np.int64),
    }
    return columns, taken.scaling.undo(shares @ shot.centers)


def _list_rows(columns: Columns, centers: NDArray[np.float64]) -> list[dict[str, Any]]:
    values = zip(*(np.asarray(column).tolist() for column in columns.values()), strict=True)
    return [
        {**dict(zip(columns, row, strict=True)), "center": center}
        for row, center in zip(values, centers.tolist(), strict=True)
    ]


def _name_classes(
    classes: NDArray[np.int64], names: tuple[str, ...] | None
) -> NDArray[np.int64] | Sequence[str]:
    if names is None:
        return classes
    known = np.array([*(defuse(name) for name in names), ""], dtype=object)
    return list(known[np.where((classes < 0) | (classes >= len(names)), len(names), classes)])


def name_columns(
    columns: Columns, features: tuple[str, ...], points: NDArray[np.float64]
) -> list[tuple[str, NDArray | Sequence[str]]]:
    """Our columns first, renamed where a feature is called the same."""
    named = []
    for name, values in columns.items():
        while name in features:
            name += "_"
        named.append((name, values))
    return [*named, *((defuse(name), points[:, i]) for i, name in enumerate(features))]


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
    # The mark tells spreadsheets that it is UTF-8.
    sink.write(b"\xef\xbb\xbf" if not all(map(str.isascii, names)) else b"")
    pa_csv.write_csv(table, sink)
    return sink.getvalue()

"""The shared data sets of the quality benchmark, if present, and the scores of the baselines."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.quality.families import Labelled

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "data"
KINDS = ("gauss", "shape", "noise", "real")
DRIFT_KINDS = ("drift", "realstream")
# Columns of baselines.csv and the names of the baselines in the report.
BASELINES = {
    "kmeans": "k-means, true k",
    "mbk_end": "MiniBatchKMeans, true k",
    "hdbscan": "HDBSCAN",
    "clustream_end": "CluStream",
    "dbstream_end": "DBSTREAM",
    "best": "best of all (batch)",
}
DRIFT_BASELINES = {
    "mbk_win": "MiniBatchKMeans, true k",
    "clustream_win": "CluStream",
    "dbstream_win": "DBSTREAM",
    "win_kmeans": "k-means on each window, true k",
}


def list_sets() -> pd.DataFrame:
    """Return the sorted table of sets and baselines; it is empty without the shared folder.

    Every second set of a kind, by name, was used to choose the constants of the method.
    """
    table = FOLDER / "baselines.csv"
    if not table.exists():
        return pd.DataFrame(columns=["name", "kind", "rows", "half"])
    baselines = pd.read_csv(table).sort_values(["kind", "name"]).reset_index(drop=True)
    position = baselines.groupby("kind").cumcount()
    # None of the streams was used.
    is_tuned = (position % 2 == 0) & baselines["kind"].isin(KINDS)
    baselines["half"] = np.where(is_tuned, "tuned", "untouched")
    return baselines


def load_set(name: str) -> Labelled:
    """Load points (n, d), each feature scaled to unit variance, and classes (n,), in file order."""
    rows = np.genfromtxt(FOLDER / f"{name}.csv", delimiter=",", skip_header=1)
    points, classes = rows[:, :-1], rows[:, -1].astype(np.int64)
    spread = points.std(axis=0)
    return (points - points.mean(axis=0)) / np.where(spread > 0, spread, 1.0), classes

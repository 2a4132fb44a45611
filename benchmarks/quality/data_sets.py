"""The shared data sets of the quality bench, where they are at hand, and their peers' figures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.quality.families import Labelled

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "data"
KINDS = ("gauss", "shape", "noise", "real")
MOVING_KINDS = ("drift", "realstream")
# Columns of baselines.csv: what each peer is called in the report.
PEERS = {
    "kmeans": "k-means, told k",
    "mbk_end": "MiniBatchKMeans, told k",
    "hdbscan": "HDBSCAN",
    "clustream_end": "CluStream",
    "dbstream_end": "DBSTREAM",
    "best": "best of all (batch)",
}
MOVING_PEERS = {
    "mbk_win": "MiniBatchKMeans, told k",
    "clustream_win": "CluStream",
    "dbstream_win": "DBSTREAM",
    "win_kmeans": "k-means anew each window, told k",
}


def list_sets() -> pd.DataFrame:
    """The table of sets and peers, sorted; empty without the shared folder.

    Every second set of a kind, by name, was used in choosing the method; the others were not.
    """
    table = FOLDER / "baselines.csv"
    if not table.exists():
        return pd.DataFrame(columns=["name", "kind", "rows", "half"])
    peers = pd.read_csv(table).sort_values(["kind", "name"]).reset_index(drop=True)
    position = peers.groupby("kind").cumcount()
    # Of the streams none was used.
    is_tuned = (position % 2 == 0) & peers["kind"].isin(KINDS)
    peers["half"] = np.where(is_tuned, "tuned", "untouched")
    return peers


def load_set(name: str) -> Labelled:
    """Points (n, d), each feature scaled to unit variance, and classes (n,), in file order."""
    rows = np.genfromtxt(FOLDER / f"{name}.csv", delimiter=",", skip_header=1)
    points, classes = rows[:, :-1], rows[:, -1].astype(np.int64)
    spread = points.std(axis=0)
    return (points - points.mean(axis=0)) / np.where(spread > 0, spread, 1.0), classes

"""Accuracy of testing, then training, on labelled streams, against River's classifiers."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from river import linear_model, multiclass, tree
from sklearn.preprocessing import StandardScaler

from benchmarks.svm.table import Row
from clusterer.svm import KernelPegasosClassifier
from clusterer.tables import open_table

N_ROWS = 6_000


def make_streams(n_rows: int) -> dict[str, tuple[NDArray[np.float64], NDArray[np.int64]]]:
    """Return generated streams: still, drifting, changing abruptly, fine, and of many classes."""
    rng = np.random.default_rng(5)
    points = rng.normal(size=(n_rows, 2))
    square = rng.uniform(0, 4, size=(n_rows, 2))
    angle = 2 * np.pi * np.arange(n_rows) / 2_000
    turning = points[:, 0] * np.cos(angle) + points[:, 1] * np.sin(angle) > 0
    centers = rng.normal(scale=3.0, size=(8, 5))
    kinds = rng.integers(8, size=n_rows)
    flips = np.arange(n_rows) // 1_500 % 2
    return {
        "still border": (points, (points.sum(axis=1) > 0).astype(int)),
        "turning border": (points, turning.astype(int)),
        "ring": (points, ((points**2).sum(axis=1) < 1.4).astype(int)),
        "chessboard": (square, (np.floor(square).sum(axis=1) % 2).astype(int)),
        "swapped classes": (points, (points[:, 0] > 0).astype(int) ^ flips),
        "eight classes": (centers[kinds] + rng.normal(size=(n_rows, 5)), kinds),
    }


def read_streams(
    folder: Path, n_rows: int
) -> dict[str, tuple[NDArray[np.float64], NDArray[np.int64]]]:
    """Return the tables of a folder that have a column of classes."""
    found = {}
    for path in sorted(folder.glob("*.csv")):
        table = open_table(path)
        label = table.label_column
        if label is None or not table.default_features:
            continue
        features = [name for name in table.default_features if name != label]
        points, classes = next(iter(table.chunks(features, n_rows, label)))
        if classes is not None:
            found[path.stem] = points[classes >= 0], classes[classes >= 0]
    return found


def test_then_train(model, points: NDArray, classes: NDArray) -> float:  # type: ignore[no-untyped-def]
    """Return the accuracy of a classifier of River."""
    n_right = 0
    for point, y in zip(points.tolist(), classes.tolist(), strict=True):
        x = dict(enumerate(point))
        n_right += model.predict_one(x) == y
        model.learn_one(x, y)
    return n_right / len(classes)


def measure_streams(folder: Path | None, n_rows: int = N_ROWS) -> list[Row]:
    """Return the accuracy on each stream, and the number of streams ahead of PA and logistic."""
    streams = read_streams(folder, n_rows) if folder else make_streams(n_rows)
    rows, n_ahead = [], 0
    for name, (given, classes) in streams.items():
        points = StandardScaler().fit_transform(given)
        ours = KernelPegasosClassifier().partial_fit(points, classes)
        accuracy = 1 - ours.n_mistakes_ / ours.n_seen_
        forest = test_then_train(tree.HoeffdingTreeClassifier(), points, classes)
        others = [
            test_then_train(multiclass.OneVsRestClassifier(each), points, classes)
            for each in (linear_model.PAClassifier(), linear_model.LogisticRegression())
        ]
        n_ahead += accuracy >= max(others)
        title = f"{name}: accuracy (PA {others[0]:.3f}, logistic {others[1]:.3f}, "
        title += f"σ {ours.sigma_:.2f}, half-life {ours.half_life_:.0f})"
        rows.append(Row(title, forest - 0.003, accuracy, is_least=True))
    title = "streams ahead of PA and logistic regression"
    rows.append(Row(title, np.ceil(0.9 * len(streams)), n_ahead, is_least=True))
    return rows

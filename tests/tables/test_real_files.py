"""The shared collection of real tables, by value: features, class, time, rows, what is told.

`python -m tests.tables.test_real_files` lists the files that are not read as expected, and why.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clusterer.tables import Table, TableError, open_table

# The one difference: the collection wants this database refused, but SQLite is read now. Its table
# is the one that the other file holds, too.
READ_NOW = {"k78_data.sqlite": "k70_book.ods"}


@pytest.fixture(scope="module")
def real_files(shared: Path) -> Path:
    folder = shared / "tables"
    if not (folder / "truth.json").is_file():
        pytest.skip(f"no real tables at {folder}")
    return folder


def find_faults(path: Path, truth: dict[str, Any]) -> list[str]:
    """Return what is not as expected; an empty list for a file that is read or refused rightly."""
    kind = truth.get("cls", "LOAD")
    try:
        table = open_table(path)
        points = _read_points(table, ())
    except TableError as error:
        if "REJECT" not in kind:
            return [f"refused: {error}"]
        words = ["libsvm"] if "libsvm" in kind else truth.get("told", [])
        return [f"not told: {word}" for word in words if word not in str(error)]
    if kind.startswith("REJECT"):
        return [f"read, with the features {table.default_features}"]
    return [*_compare_roles(table, truth), *_compare_points(table, points, truth)]


def _compare_roles(table: Table, truth: dict[str, Any]) -> list[str]:
    faults = []
    expected = truth.get("features")
    if expected is not None and list(table.default_features) != expected:
        faults.append(f"features {table.default_features}, not {expected}")
    if "label" in truth:
        labels = truth["label"] if isinstance(truth["label"], list) else [truth["label"]]
        if table.label_column not in labels:
            faults.append(f"class {table.label_column}, not {truth['label']}")
    if "time" in truth and table.time_column != truth["time"]:
        faults.append(f"time {table.time_column}, not {truth['time']}")
    if "ncols" in truth and len(table.columns) != truth["ncols"]:
        faults.append(f"{len(table.columns)} columns, not {truth['ncols']}")
    return faults


def _compare_points(
    table: Table, points: np.ndarray[Any, np.dtype[Any]], truth: dict[str, Any]
) -> list[str]:
    faults = []
    if not np.isfinite(points).all():
        faults.append("a value is not finite")
    if "rows" in truth and len(points) != truth["rows"]:
        faults.append(f"{len(points)} rows, not {truth['rows']}")
    elif "values" in truth:
        values = np.array(truth["values"], float)
        if values.shape != points.shape or not np.allclose(points, values, rtol=1e-12, atol=0):
            faults.append("the values are not as expected")
    told = "\n".join([*table.report.notes, *table.report.summary()])
    faults += [f"not told: {word}" for word in truth.get("told", []) if word not in told]
    if truth.get("time") and table.time_column == truth["time"]:
        faults += _compare_times(table, truth)
    return faults


def _compare_times(table: Table, truth: dict[str, Any]) -> list[str]:
    try:
        seconds = _read_points(table, (truth["time"],))[:, -1]
    except TableError as error:
        return [f"no time: {error}"]
    expected = truth.get("seconds")
    if expected is not None and not np.allclose(seconds, sorted(expected), rtol=0, atol=1e-3):
        return [f"the times are not as expected: {seconds[:3]}, not {sorted(expected)[:3]}"]
    step = truth.get("seconds_diff")
    if step is not None and not np.allclose(np.diff(seconds), step):
        return [f"the steps of the time are {np.unique(np.diff(seconds))}, not {step}"]
    return []


def _read_points(table: Table, time: tuple[str, ...]) -> Any:
    usable = [column.name for column in table.columns if column.usable]
    features = table.default_features or usable
    chunks = table.chunks(features, 1000, time=time[0] if time else None)
    points = [chunk.points for chunk in chunks]
    return np.concatenate(points) if points else np.empty((0, len(features)))


def read_truths(folder: Path) -> dict[str, Any]:
    """Return what is expected of each file."""
    truths: dict[str, Any] = json.loads((folder / "truth.json").read_text())
    return truths | {name: truths[other] for name, other in READ_NOW.items()}


def test_real_files_are_read_as_expected(real_files):
    truths = read_truths(real_files)
    faults = {name: find_faults(real_files / name, truth) for name, truth in truths.items()}
    wrong = {name: found for name, found in faults.items() if found}
    assert len(truths) > 60
    assert len(wrong) <= 5, wrong


def main() -> None:
    """Print the files that are not read as expected."""
    folder = Path(os.environ.get("CLUSTERER_SHARED", "../shared")) / "tables"
    truths = read_truths(folder)
    names = sys.argv[1:] or list(truths)
    wrong = 0
    for name, truth in truths.items():
        if any(name.startswith(part) for part in names):
            faults = find_faults(folder / name, truth)
            wrong += bool(faults)
            if faults:
                print(f"{name}: {'; '.join(faults)}")
    print(f"{wrong} wrong")


if __name__ == "__main__":
    main()

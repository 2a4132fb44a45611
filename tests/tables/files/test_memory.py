"""The memory that a reading takes, as the operating system counts it, stays within the budget."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from clusterer.tables.limits import READ_BUDGET
from tests.tables.files.bombs import BOMBS

ROOT = Path(__file__).resolve().parents[3]
# The columns x and y can be used: the column with the bomb is not decoded.
USABLE = {
    "parquet_dictionary": 200_000,
    "parquet_shared_beginnings": 1_000,
    "parquet_page": 3,
    "arrow_dictionary": 200_000,
    "feather_dictionary": 200_000,
}


@pytest.fixture(scope="module")
def bombs(tmp_path_factory):
    """The paths of small files that describe huge tables."""
    folder = tmp_path_factory.mktemp("bombs")
    for name, make in BOMBS.items():
        (folder / name).write_bytes(make())
    yield [folder / name for name in BOMBS]
    for name in BOMBS:
        (folder / name).unlink()


def read_all(paths: list[Path], label: str) -> dict[str, dict]:
    """Read the tables in one other process."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.tables.files.read_table", label, *map(str, paths)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_every_bomb_is_small(bombs):
    assert max(path.stat().st_size for path in bombs) < 8e6


def test_columns_that_are_not_used_are_not_decoded(bombs):
    results = read_all(bombs, "")
    found = {name: each["n_points"] for name, each in results.items() if not each["error"]}
    assert found == USABLE
    assert max(each["peak"] for each in results.values()) < READ_BUDGET


def test_used_columns_are_counted_before_they_are_expanded(bombs):
    results = read_all([path for path in bombs if path.name in USABLE], "label")
    assert max(each["peak"] for each in results.values()) < READ_BUDGET
    refused = {name for name, each in results.items() if each["error"]}
    # The texts of the last file fit into the limits, one after the other.
    assert refused == USABLE.keys() - {"parquet_shared_beginnings"}
    for name in refused:
        assert "more than" in results[name]["error"]

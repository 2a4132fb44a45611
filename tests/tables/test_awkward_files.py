"""The shared collection of awkward files: each behaves as its row of EXPECT.md says."""

import re
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from clusterer.tables import TableError, open_table

ROW = re.compile(
    r"^\| `(?P<name>[^`]+)` \| \d+ \| (?P<kind>LOAD|LOAD\+WARN|REJECT) \|", re.MULTILINE
)


@pytest.fixture(scope="module")
def awkward(shared: Path) -> dict[str, Path]:
    folder = shared / "awkward"
    if not folder.is_dir():
        pytest.skip(f"no awkward files at {folder}")
    return {path.name: path for path in folder.iterdir() if path.suffix != ".md"}


def read_points(path: Path):
    table = open_table(path)
    usable = [column.name for column in table.columns if column.usable]
    features = table.default_features or usable
    points = np.concatenate([chunk.points for chunk in table.chunks(features, 1000)])
    assert np.isfinite(points).all()
    return table, points


def test_every_file_loads_or_is_refused_as_expected(awkward, shared):
    expected = (shared / "awkward" / "EXPECT.md").read_text()
    kinds = {match["name"]: match["kind"] for match in ROW.finditer(expected)}
    assert len(kinds) > 40
    for name in kinds.keys() & awkward.keys():
        if kinds[name] == "REJECT":
            with pytest.raises(TableError):
                open_table(awkward[name])
            continue
        table, points = read_points(awkward[name])
        assert len(points), name
        assert table.report.notes, name


def test_files_with_the_same_points(awkward):
    first = awkward.get("01_plain.csv")
    if first is None:
        pytest.skip("no first file to compare with")
    sums = read_points(first)[1].sum(axis=0)
    numbers = (3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 49, 51, 53, 57, 59, 61, 73, 81, 97, 99)
    for name, path in awkward.items():
        if name[:2].isdigit() and int(name[:2]) in numbers:
            points = read_points(path)[1]
            assert len(points) == 300, name
            assert_allclose(points[:, :2].sum(axis=0), sums, rtol=1e-12, err_msg=name)

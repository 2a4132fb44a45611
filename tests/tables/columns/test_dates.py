"""Time columns: times in seconds, order and pace of the rows; and the rule for missing values."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.testing import assert_allclose

from clusterer.stream import TableSource
from clusterer.tables import TableError, open_table
from clusterer.tables.rows import chunking

DAY = 86_400.0


def open_rows(tmp_path, *rows, head="when,x,y"):
    path = tmp_path / "t.csv"
    path.write_text("\n".join([head, *rows]) + "\n")
    return open_table(path)


@pytest.mark.parametrize(
    "written",
    [
        "2024-01-{:02d}",
        "2024-01-{:02d}T10:00:00Z",
        "2024-01-{:02d} 10:00:00.5+02:00",
        "{:02d}.01.2024",
        "01/{:02d}/2024",
        "{:02d}/01/2024 10:00",
        '"Jan {:d}, 2024"',
    ],
)
def test_rows_are_sorted_by_date(tmp_path, written):
    days = [5, 3, 20, 1, 9, 14]
    table = open_rows(tmp_path, *(f"{written.format(d)},{d}.5,0.{i}" for i, d in enumerate(days)))
    (chunk,) = table.chunks(["x", "y"], 100, time="when")
    assert chunk.points[:, 0].tolist() == [d + 0.5 for d in sorted(days)]
    assert_allclose(np.diff(chunk.points[:, 2]), DAY * np.diff(sorted(days)))


def test_row_without_a_time_gets_the_time_before(tmp_path):
    table = open_rows(tmp_path, "2024-01-01,1,1", "?,2,2", "2024-01-03,3,3", "2024-01-02,4,4")
    (chunk,) = table.chunks(["x"], 10, time="when")
    assert chunk.points[:, 0].tolist() == [1, 2, 4, 3]
    assert "1 row without a time, placed at the time of the row before" in table.report.summary()


def test_numbers_and_parquet_timestamps_are_times_but_text_is_not(tmp_path):
    table = open_rows(tmp_path, "3,1,a", "1,2,b", "2,3,c")
    (chunk,) = table.chunks(["x"], 10, time="when")
    assert chunk.points.tolist() == [[2, 1], [3, 2], [1, 3]]
    with pytest.raises(TableError, match="'y' cannot be the time"):
        table.chunks(["x"], 10, time="y")
    moments = pa.array([1500, 500], pa.timestamp("ms"))
    pq.write_table(pa.table({"t": moments, "x": [1.0, 2.0]}), tmp_path / "t.parquet")
    (chunk,) = open_table(tmp_path / "t.parquet").chunks(["x"], 10, time="t")
    assert chunk.points.tolist() == [[2.0, 0.5], [1.0, 1.5]]


def test_classes_are_sorted_with_their_rows(tmp_path):
    table = open_rows(tmp_path, "2,1,b", "1,2,a", "3,3,b", head="when,x,class")
    (chunk,) = table.chunks(["x"], 10, label="class", time="when")
    assert chunk.points[:, 0].tolist() == [2, 1, 3]
    assert chunk.classes.tolist() == [1, 0, 0]


def test_table_too_large_to_sort_keeps_its_order(tmp_path, monkeypatch):
    monkeypatch.setattr(chunking, "MAX_SORTED_VALUES", 6)
    table = open_rows(tmp_path, *(f"{t},{i},0" for i, t in enumerate([1, 5, 2, 3, 6])))
    points = np.concatenate([chunk.points for chunk in table.chunks(["x"], 2, time="when")])
    assert points[:, 0].tolist() == [0, 1, 2, 3, 4]
    assert any("2 rows earlier than a row before" in line for line in table.report.summary())


def test_each_reading_has_its_rule_for_missing_values(tmp_path):
    table = open_rows(tmp_path, "1,2,0.5", "2,?,1.5", "3,4,2.5", "4,6,3.5")

    def read(**choice):
        return next(table.chunks(["x"], 10, **choice)).points[:, 0].tolist()

    assert read() == [2, 4, 6]
    assert read(missing="mean") == [2, 2, 4, 6]
    assert table.report.n_filled == 1
    with pytest.raises(TableError, match="missing is 'guess'"):
        table.chunks(["x"], 10, missing="guess")


def test_paced_source_keeps_bursts_and_gaps(tmp_path):
    # Ten rows in ten seconds, a gap of ninety seconds, and ten more rows.
    seconds = [*range(10), *range(100, 110)]
    table = open_rows(tmp_path, *(f"{t},{i},0" for i, t in enumerate(seconds)))
    source = TableSource(table, ("x",), time="when", is_paced=True)
    interval = 109 / 19
    assert source.count_due(0.0, 100) == 1
    assert source.count_due(9 / interval, 100) == 10
    assert len(source.take(10).points) == 10
    assert source.count_due(50 / interval, 100) == 0
    assert source.position == pytest.approx(9 / interval)
    assert source.count_due(104 / interval + 1e-9, 100) == 5
    assert source.take(20).points[:, 0].tolist() == list(range(10, 20))
    # At the end one more `take` finds out that no point is left.
    assert source.count_due(0.0, 100) == 1
    source.rewind()
    assert source.take(1).points.tolist() == [[0.0]]
    assert source.n_features == 1
    source.close()

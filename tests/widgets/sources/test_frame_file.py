"""Frames of programs become tables: every kind of column is read, and nothing ends in a trace."""

import datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from clusterer.tables import TableError, open_table
from widgets.sources.frame_file import is_frame, write_frame

N = 60


def make_columns():
    random = np.random.default_rng(0)
    values = random.normal(size=N)
    days = pd.Timestamp("2024-01-31") + pd.to_timedelta(random.integers(0, 90, N), unit="D")
    return {
        "plain": values,
        "gaps": np.where(np.arange(N) % 7 == 0, np.nan, values),
        "whole": random.integers(0, 9, N).astype(np.int8),
        "nullable": pd.array([None, *range(N - 1)], dtype="Int64"),
        "half": values.astype(np.float16),
        "decimal": [Decimal(str(round(value, 3))) for value in values],
        "text": random.choice(["Lugano", "Bern"], N),
        "category": pd.Categorical(random.choice(["a", "b", "c"], N)),
        "flag": values > 0,
        "day": days,
        "zoned": days.tz_localize("Europe/Zurich"),
        "date": days.date,
        "clock": [datetime.time(each % 24) for each in range(N)],
        "wait": pd.to_timedelta(random.integers(1, 900, N), unit="s"),
        "month": days.to_period("M"),
        "bin": pd.cut(values, 4),
        "mixed": [1, "?", None, 2.5] * (N // 4),
        "lists": [[1, 2]] * N,
        "objects": [object()] * N,
        "complex": values + 1j,
        "sparse": pd.arrays.SparseArray(values),
        "bytes": [b"ab"] * N,
        "nothing": [None] * N,
    }


@pytest.mark.parametrize("name", [*make_columns()])
def test_a_column_of_any_kind_is_read(name, tmp_path):
    frame = pd.DataFrame({"first": np.arange(N) * 1.5, name: make_columns()[name]})
    table = open_table(write_frame(frame, tmp_path))
    assert [column.name for column in table.columns] == ["first", name]
    features = [column.name for column in table.columns if column.usable]
    n_rows = sum(len(points) for points, _ in table.chunks(features, 100))
    assert 0 < n_rows <= N


def test_numbers_keep_their_values_and_the_kinds_are_told_apart(tmp_path):
    columns = make_columns()
    frame = pd.DataFrame(columns)
    table = open_table(write_frame(frame, tmp_path))
    kinds = {column.name: column.kind for column in table.columns}
    assert {name: kinds[name] for name in ("plain", "text", "category", "flag", "day", "wait")} == {
        "plain": "number",
        "text": "text",
        "category": "text",
        "flag": "boolean",
        "day": "date",
        "wait": "number",
    }
    chosen = ["plain", "whole", "half", "decimal", "wait", "sparse"]
    (chunk,) = table.chunks(chosen, 100)
    wanted = frame[chosen].copy()
    wanted["wait"] = wanted["wait"].dt.total_seconds()
    assert np.allclose(chunk.points, wanted.to_numpy(dtype=float))


def test_named_indexes_and_times_are_columns_and_row_numbers_are_not(tmp_path):
    def read(index):
        frame = pd.DataFrame({"x": [1.0, 2.0]}, index=index)
        return [column.name for column in open_table(write_frame(frame, tmp_path)).columns]

    assert read(None) == ["x"]
    assert read([7, 3]) == ["x"]
    assert read(pd.Index(["a", "b"], name="key")) == ["key", "x"]
    assert read(pd.date_range("2024-01-01", periods=2)) == ["index", "x"]
    levels = pd.MultiIndex.from_tuples([("a", 1), ("b", 2)], names=["letter", None])
    assert read(levels) == ["letter", "x"]


@pytest.mark.parametrize("names", [["x", "x"], [1, 2], [("a", "b"), ("a", "c")], ["", None]])
def test_any_names_are_allowed(names, tmp_path):
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(9, 2)))
    frame.columns = names
    table = open_table(write_frame(frame, tmp_path))
    assert len({column.name for column in table.columns}) == 2
    assert len(table.default_features) == 2


class Exporter:
    """A frame of another library, which offers Arrow's stream only."""

    def __init__(self, table):
        self._table = table

    def __arrow_c_stream__(self, requested_schema=None):
        return self._table.__arrow_c_stream__(requested_schema)


class Lazy:
    """A lazy frame, as that of Polars."""

    def collect_schema(self):
        raise AssertionError("not needed")

    def collect(self):
        return Exporter(pa.table({"x": [1.0, 2.5], "y": ["a", None]}))


@pytest.mark.parametrize(
    "frame",
    [
        pa.table({"x": [1.0, 2.5], "y": ["a", None]}),
        pa.record_batch({"x": [1.0, 2.5], "y": ["a", None]}),
        Exporter(pa.table({"x": [1.0, 2.5], "y": ["a", None]})),
        Lazy(),
    ],
    ids=lambda frame: type(frame).__name__,
)
def test_frames_of_other_libraries_are_read(frame, tmp_path):
    assert is_frame(frame)
    table = open_table(write_frame(frame, tmp_path))
    assert [column.name for column in table.columns] == ["x", "y"]
    assert table.default_features == ("x",)


def test_a_series_is_a_frame_of_one_column(tmp_path):
    series = pd.Series([1.0, None, 4.0], name="x")
    assert open_table(write_frame(series, tmp_path)).default_features == ("x",)


def test_polars(tmp_path):
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame({"x": [1.0, None, 3.0], "city": ["a", "b", None]})
    for each in (frame, frame.lazy()):
        assert is_frame(each)
        table = open_table(write_frame(each, tmp_path))
        assert table.default_features == ("x",)


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (pd.DataFrame(), "no data rows"),
        (pd.DataFrame({"x": []}), "no data rows"),
        (pd.DataFrame(index=range(3)), "no data rows"),
        (pd.DataFrame({"city": ["a", "b"]}), "no numeric column"),
    ],
)
def test_a_frame_without_numbers_is_refused_with_a_reason(frame, reason, tmp_path):
    with pytest.raises(TableError, match=reason):
        open_table(write_frame(frame, tmp_path), name="data frame")


def test_a_frame_that_arrow_cannot_read_is_refused(tmp_path):
    class Broken:
        def __arrow_c_stream__(self, requested_schema=None):
            raise ValueError("it is broken")

    with pytest.raises(TypeError, match=r"a Broken that Arrow cannot read \(it is broken\)"):
        write_frame(Broken(), tmp_path)


def test_other_data_are_no_frames():
    assert not any(map(is_frame, (np.eye(2), [[1.0]], iter([np.eye(2)]), lambda: None, "x", None)))

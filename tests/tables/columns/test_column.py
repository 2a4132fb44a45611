"""The notes of columns: sentinels, missing values, number formats, text, times."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from clusterer.tables import TableError, open_table
from tests.support.table_files import LABELS, POINTS, column, read, text, with_cells

DAY = 86_400.0


@pytest.mark.parametrize("value", ["-999", "-9.99e33", "9999", "999.99", "1e30"])
def test_sentinel_is_noted_and_kept(write, value):
    table = open_table(write(with_cells(value)))
    assert "occurs 15 times, far from all other values" in column(table, "x").note
    assert np.count_nonzero(read(table)[0][:, 0] == float(value)) == 15


@pytest.mark.parametrize("rows", ["-999,0\n", "99,0\n99,1\n", "-1,0\n-1,1\n", "0,0\n0,1\n"])
def test_single_near_or_ordinary_value_is_no_sentinel(write, rows):
    table = open_table(write("x,y\n" + rows + "".join(f"{i % 95},{i}.5\n" for i in range(140))))
    assert column(table, "x").note == ""


@pytest.mark.parametrize(
    "value", ["#NV", "#WERT!", "#VALEUR!", "#¡REF!", "[NULL]", "<null>", ":", ": c"]
)
def test_missing_words_of_other_programs(write, value):
    table = open_table(write(with_cells(value)))
    assert_array_equal(read(table)[0], np.delete(POINTS, np.arange(4, 299, 20), axis=0))
    assert table.report.n_dropped_missing == 15
    assert table.report.n_comments == 0


def test_assumed_decimal_mark_is_noted(write):
    every = open_table(write("n;m\n" + "".join(f"1.{i:03d};{i}\n" for i in range(99))))
    assert read(every, ["n"])[0][5, 0] == 1.005
    assert "1.000 is read as 1 (assumed: else choose decimal ',')" in column(every, "n").note
    some = open_table(write("n;m\n" + "".join(f"1.{i:03d};{i}\n{i};1\n" for i in range(99))))
    assert read(some, ["n"])[0][10, 0] == 1005
    assert "(assumed: else choose decimal '.')" in column(some, "n").note


@pytest.mark.parametrize("cell", ["12,345", "1,234,567"])
def test_grouped_digits_after_the_first_rows_are_reported(write, cell):
    rows = "".join(f"{i % 500};{i}\n" for i in range(6_000))
    table = open_table(write("n;m\n" + rows + f"{cell};1\n" * 7))
    value = cell.replace(",", "")
    assert read(table, ["n"])[0][-1, 0] == float(value)
    assert table.report.n_regrouped == 7
    summary = " ".join(table.report.summary())
    expected = f"unlike the first rows: {cell!r} in n as {value}"
    assert f"7 numbers have grouped digits, {expected}" in summary


def test_first_unreadable_cell_is_reported(write):
    rows = "".join(f"{i};{i}\n" for i in range(6_000))
    table = open_table(write("n;m\n" + rows + "12,5;1\n" * 7))
    read(table, ["n"])
    assert "such as '12,5' in n" in table.report.summary()[1]


def test_note_of_a_text_column_has_an_example(write):
    table = open_table(write(text("{x:.4f},{y:.4f} to 9 kg,{label}")))
    assert column(table, "y").note.startswith("text, such as ")
    assert column(table, "y").note.endswith(" kg")


@pytest.mark.parametrize(
    ("name", "unit"),
    [("unix_time", 1.0), ("Timestamp", 1e-3), ("date", DAY), ("ts_ns", 1e-9), ("epoch_us", 1e-6)],
)  # fmt: skip
def test_epoch_number_is_a_time_in_seconds(write, name, unit):
    hours = 1_700_000_000 + 3600 * np.arange(300)
    written = 25_569 + hours / DAY if name == "date" else np.round(hours / unit)
    lines = [f"{x},{t:.17g}" for x, t in zip(POINTS[:, 0], written, strict=True)]
    table = open_table(write("\n".join([f"x,{name}", *lines])))
    assert table.default_features == ("x",)
    assert table.time_column == name
    (chunk,) = table.chunks(["x"], 300, time=name)
    assert_allclose(chunk.points[:, 1], hours, rtol=0, atol=1e-2)


@pytest.mark.parametrize("name", ["weight", "time"])
def test_other_number_is_no_time(write, name):
    lines = [f"{x},{y},{45_000 + 7 * i % 300}" for i, (x, y) in enumerate(POINTS.tolist())]
    table = open_table(write("\n".join([f"x,y,{name}", *lines])))
    assert table.default_features == ("x", "y", name)


def test_parquet_of_all_types(tmp_path):
    columns = {
        "list": [[1, 2]] * 300, "record": [{"b": 5.0}] * 300, "record.b": POINTS[:, 0],
        "y": POINTS[:, 1], "nothing": pa.nulls(300), "bytes": [b"a"] * 300, "label": LABELS,
    }  # fmt: skip
    pq.write_table(pa.table(columns), tmp_path / "t")
    table = open_table(tmp_path / "t")
    assert table.default_features == ("record.b", "y")
    assert_array_equal(read(table)[0], POINTS)
    assert read(table, label="bytes")[1].tolist() == [0] * 300
    # A few bytes can describe a list of any length, so lists are not decoded.
    with pytest.raises(TableError, match=r"'list' of t holds list<.*which is not read"):
        read(table, label="list")


@pytest.mark.parametrize("value", ["-1", "1e20"])
def test_value_that_is_never_measured_is_a_sentinel_beside_its_neighbours(write, value):
    rows = "".join(f"{value if i % 20 == 4 else i % 40},{i}.5\n" for i in range(200))
    assert (
        f"{float(value):g} occurs 10 times" in column(open_table(write("x,y\n" + rows)), "x").note
    )

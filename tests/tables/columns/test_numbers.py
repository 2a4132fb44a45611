"""Numbers: formats, missing and infinite values, and text among numbers."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from clusterer.tables import open_table
from tests.support.table_files import column, read, with_cells


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1,234.5", 1234.5),
        ("12,345,678.25", 12345678.25),
        ("1 234.5", 1234.5),
        ("1\u00a0234.5", 1234.5),
        ("1'234.5", 1234.5),
        ("$1,234.50", 1234.5),
        ("1234.5 €", 1234.5),
        ("(1234.5)", -1234.5),
        ("12.5%", 12.5),
        ("-$3.5", -3.5),
        ("1e-300", 1e-300),
        ("98765432109876543210", 98765432109876543210.0),
    ],
)
def test_number_formats(write, written, value):
    rows = "".join(f'"{written}",{i}.25\n' for i in range(20))
    points, _ = read(open_table(write("a,b\n" + rows)), features=["a", "b"])
    assert_allclose(points[:, 0], value, rtol=1e-15)


@pytest.mark.parametrize("mark", [".", " ", "\u202f", "'"])
def test_decimal_comma_with_grouped_digits(write, mark):
    rows = "".join(f"1{mark}234,{i:02d};{i},5\n" for i in range(50))
    table = open_table(write("a;b\n" + rows))
    points, _ = read(table)
    assert_allclose(points, [(1234 + i / 100, i + 0.5) for i in range(50)], rtol=1e-15)
    assert any("is read as 1234" in note for note in table.report.notes)


def test_ambiguous_comma_is_noted_and_can_be_chosen(write):
    path = write("a;b\n" + "".join(f"2{i % 10},345;{i}\n" for i in range(30)))
    table = open_table(path)
    assert read(table)[0][0, 0] == 20.345
    assert any("assumed" in note for note in table.report.notes)
    assert read(open_table(path, decimal="."))[0][0, 0] == 20345
    assert read(open_table(path, thousands=","))[0][0, 0] == 20345


def test_malformed_group_is_no_number(write):
    rows = "".join(f'"1,{i:03d}",{i}\n' for i in range(99))
    table = open_table(write("a,b\n" + rows + '"5,0080",1\n'), thousands=",")
    assert_array_equal(read(table, ["a"])[0][:, 0], 1000.0 + np.arange(99))
    assert table.report.n_dropped_malformed == 1
    assert table.report.malformed_lines == [101]


@pytest.mark.parametrize(
    "value", ["", "NA", "?", "-", "null", "None", "N/A", "#N/A", "#DIV/0!", " ", "nan", "."]
)
def test_missing_values_drop_their_rows(write, value):
    table = open_table(write(with_cells(value)))
    points, _ = read(table)
    assert len(points) == table.report.n_rows == 285
    assert table.report.n_dropped_missing == 15
    assert "15 rows dropped: a value is missing (15 in x)" in table.report.summary()
    assert column(table, "x").n_missing_share == pytest.approx(0.05)


@pytest.mark.parametrize("value", ["inf", "-Infinity", "1.#INF", "1e999", "-1e308", "9" * 500, "∞"])
def test_infinite_values_drop_their_rows(write, value):
    table = open_table(write(with_cells(value)))
    assert len(read(table)[0]) == 285
    assert table.report.n_dropped_infinite == 15
    assert table.report.n_dropped == 15


@pytest.mark.parametrize("value", ["abc", "0x1F", "12:30", "TRUE", "1_000", "5.0 m"])
def test_text_among_numbers_drops_its_rows(write, value):
    table = open_table(write(with_cells(value)))
    assert len(read(table)[0]) == 285
    assert table.report.n_dropped_malformed == 15
    assert table.report.malformed_lines[:3] == [6, 26, 46]


def test_missing_value_becomes_the_mean_so_far(write):
    table = open_table(write("a,b\n1,2\n3,?\n,4\n5,inf\n7,9\n?,?\n"), missing="mean")
    points, _ = read(table)
    assert_allclose(points, [(1, 2), (3, 2), (2, 4), (7, 9), (11 / 3, 5)])
    assert table.report.n_filled == 4
    assert table.report.n_dropped_infinite == 1


def test_mean_of_huge_values_does_not_overflow(write):
    table = open_table(write("a,b\n" + "1e303,1\n" * 9 + ",2\n"), missing="mean")
    assert_allclose(read(table, features=["a", "b"])[0][-1], (1e303, 2))

"""Numbers with something around the digits, and words among numbers."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from clusterer.tables import open_table
from tests.support.table_files import column, read

Y = np.arange(60) * 7 % 60 + 0.25


def make_table(cells, mark=","):
    rows = zip(cells, Y, strict=True)
    return mark.join("xy") + "\n" + "".join(f"{cell}{mark}{y}\n" for cell, y in rows)


def make_cells(cell, every=4):
    """Plain numbers, with another cell in every fourth row."""
    return [cell if i % every == 0 else f"{i * 11 % 60}.5" for i in range(60)]


@pytest.mark.parametrize(
    ("cell", "value", "told"),
    [
        ("12.3 b", 12.3, "flags"),
        ("12.3 (p)", 12.3, "flags"),
        ("12.3*", 12.3, "flags"),
        ("12.3[1]", 12.3, "flags"),
        ("12.3 ± 0.4", 12.3, "uncertainty"),
        ("12.3+/-0.4", 12.3, "uncertainty"),
        ("12.3(4)", 12.3, "uncertainty"),
        ("12.3-", -12.3, "minus sign behind"),
        ("'12.3", 12.3, "marks of text"),
        ("~12.3", 12.3, "rounded"),
        ("≈ 12.3", 12.3, "rounded"),
        ("ca. 12.3", 12.3, "rounded"),
        ("<0.5", 0.25, "half of the limit"),
        ("< 0.5", 0.25, "half of the limit"),
        (">80", 80, "count as the limit"),
        ("١٢٫٥", 12.5, "digits of other scripts"),
        ("１２．５", 12.5, "digits of other scripts"),
    ],
)
def test_number_in_a_notation_is_read_and_told(write, cell, value, told):
    table = open_table(write(make_table(make_cells(cell))))
    points = read(table)[0]
    assert len(points) == 60
    assert_allclose(points[::4, 0], value)
    assert_allclose(points[1, 0], 11.5)
    note = column(table, "x").note
    assert told in note
    assert cell in note


def test_minus_sign_behind_a_decimal_comma(write):
    table = open_table(write("a;b\n" + "".join(f"{i},30-;{i * 7 % 50},5\n" for i in range(50))))
    assert_allclose(read(table, ["a", "b"])[0][:, 0], -(np.arange(50) + 0.3))


@pytest.mark.parametrize("cell", ["5.0 m", "19M", "8.7k", "12-14", "1/2"])
def test_units_and_ranges_are_no_numbers(write, cell):
    table = open_table(write(make_table(make_cells(cell, every=2))))
    assert table.default_features == ("y",)
    assert "read as text" in column(table, "x").note


def test_limits_alone_are_text(write):
    table = open_table(write(make_table([("<=50", ">50")[i % 2] for i in range(60)])))
    assert table.default_features == ("y",)


@pytest.mark.parametrize(
    ("words", "n_words", "offered"),
    [
        (("gone",), 3, ("gone",)),
        (("gone", "Lost"), 40, ("gone", "Lost")),
        (("<0.05", "<0.1"), 9, ("<0.05", "<0.1")),
        (("lot 5", "lot 6"), 40, ()),
        (tuple(f"w{'abcdefghijkl'[i]}" for i in range(12)), 40, ()),
    ],
)
def test_words_that_still_count_are_offered(write, words, n_words, offered):
    """They stand in rows that are dropped, in a column of text, or count as half of a limit."""
    cells = [words[i % len(words)] if i < n_words else f"{i}.5" for i in range(60)]
    rows = "\n".join(f"{cell},{i * i % 7}" for i, cell in enumerate(cells))
    path = write(f"x,y\n{rows}\n")
    assert column(open_table(path), "x").words == offered
    chosen = column(open_table(path, missing_values=offered), "x")
    assert chosen.words == ()
    assert chosen.kind == ("number" if offered else "text")


@pytest.mark.parametrize("words", [("ND",), ("unknown", "n.n."), ("нет", "—", "defekt")])
def test_words_among_numbers_are_missing_values(write, words):
    cells = [words[i % len(words)] if i % 5 == 0 else f"{i}.5" for i in range(60)]
    table = open_table(write(make_table(cells)))
    assert table.default_features == ("x", "y")
    points = read(table)[0]
    assert len(points) == 48
    assert table.report.n_dropped_missing == 12
    assert "count as missing" in column(table, "x").note
    assert words[0].lower() in column(table, "x").note


def test_codes_among_numbers_are_text(write):
    cells = [f"{i}A" if i % 5 == 0 else str(70_000 + i * i) for i in range(60)]
    assert open_table(write(make_table(cells))).default_features == ("y",)


def test_chosen_missing_values_count_in_text_and_as_numbers(write):
    cells = [("-1", "-1.00", "gone")[i % 3] if i % 6 == 0 else f"{i}.5" for i in range(60)]
    path = write(make_table(cells))
    table = open_table(path, missing_values=["-1", "gone"])
    assert len(read(table)[0]) == 50
    assert table.report.n_dropped_missing == 10
    assert column(table, "x").minimum == 1.5
    assert column(table, "x").n_missing_share == pytest.approx(1 / 6)
    assert table.choices == {"missing_values": ("-1", "gone")}


def test_round_groups_in_every_cell_are_thousands(write):
    rows = "".join(f"p{i}\t{20 + i % 9},{i % 4 * 250:03d}\n" for i in range(40))
    table = open_table(write("name\tsalary\n" + rows))
    assert read(table)[0][1, 0] == 21_250
    assert "assumed" in column(table, "salary").note


def test_rows_that_all_lack_a_value_are_filled(write):
    rows = [[f"{i * j % 17}.5" for j in range(1, 6)] for i in range(50)]
    for i, row in enumerate(rows):
        row[i % 5] = "NaN"
    data = "a,b,c,d,e\n" + "".join(",".join(row) + "\n" for row in rows)
    table = open_table(write(data))
    assert table.missing == "mean"
    assert len(read(table)[0]) == 50
    (note,) = [note for note in table.report.notes if "only 0 of the first 50 rows" in note]
    assert "a (10)" in note
    assert len(open_table(write(data), missing="drop").report.notes) < len(table.report.notes)


def test_detection_of_plain_decimals_equals_the_full_detection(write):
    rows = "".join(f"{i * 37 % 101 / 8},{i * 11 % 97 / 4 - 3}\n" for i in range(200))
    table = open_table(write("a,b\n" + rows))
    full = open_table(write("a,b\n" + rows + ",\n"))
    assert read(table)[0].tolist() == read(full)[0].tolist()
    assert column(table, "a").mean == pytest.approx(column(full, "a").mean)


@pytest.mark.parametrize(
    ("cell", "value", "unit"),
    [("1,248 CC", 1248.0, "CC"), ("23.4 kmpl", 23.4, "kmpl"), ("-3.5°C", -3.5, "°C"),
     ("12 km/h", 12.0, "km/h"), ("8.6 %", 8.6, "percent")],
)  # fmt: skip
def test_one_unit_behind_all_numbers_is_dropped_and_told(write, cell, value, unit):
    table = open_table(write(make_table([f'"{cell}"'] * 59 + [f'"7{cell.lstrip("-")}"'])))
    assert read(table, ["x"])[0][0, 0] == value
    assert unit in column(table, "x").note


def test_days_and_hours_are_no_units(write):
    for word in ("May", "PM"):
        table = open_table(write(make_table([f"{1 + i % 12} {word}" for i in range(60)])))
        assert "unit" not in column(table, "x").note

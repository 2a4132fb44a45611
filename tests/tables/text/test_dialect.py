"""Rows that begin like comments, escaped quotes, wide delimiters, columns of fixed width."""

import pytest

from clusterer.tables import TableError, open_table
from tests.support.table_files import read

NUMBERS = [(i * 7 % 50 + 0.5, i * 11 % 50 + 0.25) for i in range(60)]


@pytest.mark.parametrize("mark", ["#", "%", "//"])
@pytest.mark.parametrize("every", [1, 2, 5])
@pytest.mark.parametrize("header", ["place,x,y\n", ""])
def test_row_that_begins_like_a_comment_is_a_row(write, mark, every, header):
    rows = "".join(
        f"{mark if i % every == 0 else ''}p{i},{x},{y}\n" for i, (x, y) in enumerate(NUMBERS)
    )
    table = open_table(write(header + rows))
    assert [tuple(point) for point in read(table)[0]] == NUMBERS
    assert table.report.n_dropped == table.report.n_comments == 0


@pytest.mark.parametrize("mark", ["#", "%", "//"])
def test_comment_among_such_rows_is_a_comment(write, mark):
    rows = "".join(f"{mark}p{i},{x},{y}\n{mark} more\n" if i % 9 == 0 else f"p{i},{x},{y}\n"
                   for i, (x, y) in enumerate(NUMBERS))  # fmt: skip
    table = open_table(write("place,x,y\n" + rows))
    assert len(read(table)[0]) == 60
    assert table.report.n_comments == 7


def test_row_of_numbers_behind_a_mark_was_taken_out(write):
    rows = "".join(f"{'#' if i % 9 == 4 else ''}{x},{y}\n" for i, (x, y) in enumerate(NUMBERS))
    table = open_table(write("x,y\n" + rows))
    assert len(read(table)[0]) == 53
    assert table.report.n_comments == 7


@pytest.mark.parametrize("every", [1, 3])
def test_escaped_quotes_do_not_shift_columns(write, every):
    rows = "".join(
        f'{x},"a 5\\" pipe, long",{y}\n' if i % every == 0 else f'{x},"fine, really",{y}\n'
        for i, (x, y) in enumerate(NUMBERS)
    )
    table = open_table(write("x,comment,y\n" + rows))
    assert [tuple(point) for point in read(table)[0]] == NUMBERS
    assert any('written as \\"' in note for note in table.report.notes)


def test_null_marks_beside_escapes_are_missing(write):
    rows = "".join(f'"say \\"{i}\\"",{x},{y if i % 6 else chr(92) + "N"}\n'
                   for i, (x, y) in enumerate(NUMBERS))  # fmt: skip
    table = open_table(write("c,x,y\n" + rows))
    assert len(read(table)[0]) == 50
    assert table.report.n_dropped_missing == 10


def test_backslash_at_the_end_of_a_cell_is_no_escape(write):
    rows = "".join(f'"C:\\data\\",{x},{y}\n' for x, y in NUMBERS)
    table = open_table(write("path,x,y\n" + rows))
    assert [tuple(point) for point in read(table)[0]] == NUMBERS


@pytest.mark.parametrize("mark", ["::", "||", "~~", "\t|\t"])
def test_delimiter_of_several_characters(write, mark):
    end = "\t|" if mark == "\t|\t" else ""
    rows = "".join(mark.join((f"u{i}", str(x), str(y))) + end + "\n"
                   for i, (x, y) in enumerate(NUMBERS))  # fmt: skip
    table = open_table(write(rows))
    assert len(table.columns) == 3
    assert [tuple(point) for point in read(table)[0]] == NUMBERS


def test_chosen_delimiter_of_several_characters(write):
    path = write("".join(f"{x}<>{y}\n" for x, y in NUMBERS))
    table = open_table(path, delimiter="<>")
    assert [tuple(point) for point in read(table)[0]] == NUMBERS
    with pytest.raises(TableError, match="delimiter"):
        open_table(path, delimiter="<1>")


def test_chosen_quote(write):
    path = write("".join(f"|a;{i}|;{x};{y}\n" for i, (x, y) in enumerate(NUMBERS)))
    table = open_table(path, quote="|", delimiter=";")
    assert [tuple(point) for point in read(table)[0]] == NUMBERS
    path = write("".join(f'"{x};{y}\n' for x, y in NUMBERS))
    assert len(open_table(path, quote="", delimiter=";").columns) == 2


def test_columns_of_fixed_width_hold_blanks(write):
    rows = "".join(f"st {i:<7}{i * 37 % 90 + 0.5:<8}{i * 11 % 90 + 0.25}\n" for i in range(40))
    table = open_table(write("NAME      TEMP    HUMID\n" + rows))
    assert [column.name for column in table.columns] == ["NAME", "TEMP", "HUMID"]
    points = read(table, ["TEMP", "HUMID"])[0]
    assert points[:2].tolist() == [[0.5, 0.25], [37.5, 11.25]]
    assert len(points) == 40


def test_damaged_letters_do_not_stop_the_reading_of_fixed_widths(write):
    rows = "".join(f"st {i:<7}{i * 37 % 90 + 0.5:<8}{i * 11 % 90 + 0.25}\n" for i in range(2000))
    data = ("NAME      TEMP    HUMID\n" + rows).encode() + b"st \xff     1.5     2.25\n"
    assert len(read(open_table(write(data), encoding="utf-8"), ["TEMP", "HUMID"])[0]) >= 2000


def test_a_preface_of_words_does_not_hide_the_delimiter(write):
    preface = "Device: X200\nSerial: 00123\nFirmware: 1.02\nInterval: 60 s\n\nDate;Temp;Hum\n"
    rows = "".join(f"05.01.2024 10:{i:02d};{i * 7 % 30},5;{i % 9},25\n" for i in range(60))
    table = open_table(write(preface + rows))
    assert table.default_features == ("Temp", "Hum")
    assert table.time_column == "Date"


def test_blanks_belong_to_cells_between_tabs(write):
    rows = "".join(
        f"mid\t+49 170 {1_000_000 + i * 977}\t2022-03-{i % 28 + 1:02d} 10:00:00\t{i * 7 % 30}.5\n"
        for i in range(60)
    )
    table = open_table(write(rows))
    assert len(table.columns) == 4
    assert table.time_column == "col3"
    assert table.default_features == ("col4",)


def test_units_below_names_below_a_title(write):
    rows = "".join(f"{i % 28 + 1} Mai 2023|{i * 7 % 30},5|{i % 9},25|Eiche\n" for i in range(60))
    table = open_table(write("Export 2024\n\nDatum|Höhe|Masse|Art\n|(cm)|(kg)|\n" + rows))
    assert table.default_features == ("Höhe", "Masse")
    assert table.time_column == "Datum"

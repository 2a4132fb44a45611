"""Tables: the same points from every dialect, chunks, choices, notes and previews."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from clusterer.tables import TableError, open_table
from tests.support.table_files import (
    LABELS,
    PLAIN,
    POINTS,
    ROWS,
    SAME,
    SAME_DATES,
    column,
    read,
    text,
    with_cells,
)


@pytest.mark.parametrize("kind", SAME)
def test_every_dialect_gives_the_same_points(write, kind):
    table = open_table(write(SAME[kind]))
    assert table.default_features == ("x", "y")
    assert table.label_column == "label"
    points, classes = read(table, label="label")
    assert_array_equal(points, POINTS)
    assert_array_equal(classes, LABELS)
    assert table.report.n_rows == 300


@pytest.mark.parametrize("size", [1, 7, 300, 1000])
def test_chunks_have_the_requested_size(write, size):
    points, classes = read(open_table(write(PLAIN)), label="label", size=size)
    assert_array_equal(points, POINTS)
    assert_array_equal(classes, LABELS)


@pytest.mark.parametrize("date", SAME_DATES)
def test_dates_are_the_time_and_no_feature(write, date):
    data = text(f"{SAME_DATES[date]},{{x:.4f}},{{y:.4f}}", "date,x,y")
    table = open_table(write(data))
    assert table.time_column == "date"
    assert table.default_features == ("x", "y")
    assert not column(table, "date").usable
    assert_array_equal(read(table)[0], POINTS)


def test_columns_without_a_header_are_numbered(write):
    table = open_table(write(ROWS))
    assert table.default_features == ("col1", "col2")
    assert table.label_column == "col3"
    assert_array_equal(read(table)[0][:, :2], POINTS)
    assert any("no header" in note for note in table.report.notes)


@pytest.mark.parametrize("names", ["1,2.5,nan", "0,1,2", "2001,2002,2003"])
def test_numbers_can_be_names(write, names):
    table = open_table(write(names + "\n" + ROWS))
    assert [column.name for column in table.columns] == names.split(",")
    assert table.report.n_rows == 0
    assert len(read(table)[0]) == 300


@pytest.mark.parametrize(
    ("header", "names"),
    [
        (",,", ["col1", "col2", "col3"]),
        ("x,x,x", ["x", "x_2", "x_3"]),
        ("x,x_2,x", ["x", "x_2", "x_3"]),
        ("x\x1b[31m,y\x07,z\u202e", ["x\ufffd[31m", "y\ufffd", "z\ufffd"]),
        ('a b@c{d},$x,"q""t"', ["a b@c{d}", "$x", 'q"t']),
        ("{{7*7}},${alert(1)},<%= 7 %>", ["{{7*7}}", "${alert(1)}", "<%= 7 %>"]),
        ('=cmd|/C calc!A0,@x,"x\ny"', ["=cmd|/C calc!A0", "@x", "x y"]),
        ("温度,🚀 speed,étiquette", ["温度", "🚀 speed", "étiquette"]),
        ("x,y", ["x", "y", "col3"]),
    ],
)
def test_names_are_cleaned_and_unique(write, header, names):
    table = open_table(write(header + "\n" + ROWS))
    assert [column.name for column in table.columns] == names
    assert_array_equal(read(table, features=names[:2])[0], POINTS)


def test_names_in_other_encodings(write):
    table = open_table(write(PLAIN.replace("x,y", "größe,höhe").encode("latin-1")))
    assert table.default_features == ("größe", "höhe")
    assert any("cp1252" in note for note in table.report.notes)
    table = open_table(write(PLAIN.replace("x,y", "цена,y").encode("cp1251")), encoding="cp1251")
    assert table.default_features == ("цена", "y")


def test_kinds_of_columns(write):
    header = "n,flag,when,word,key,same,none,id,label"
    rows = [f"{i}.5,{'yes' if i % 3 else 'no'},2024-01-{i:02d},w{i % 4},{i:05d},7,,{i},{i % 2}"
            for i in range(1, 29)]  # fmt: skip
    table = open_table(write("\n".join([header, *rows])))
    kinds = ["number", "boolean", "date", "text", "id", "constant", "empty", "id", "number"]
    assert [column.kind for column in table.columns] == kinds
    assert table.default_features == ("n",)
    usable = [column.name for column in table.columns if column.usable]
    assert usable == ["n", "flag", "key", "same", "id", "label"]
    points, _ = read(table, features=["flag", "key", "same"])
    assert points[0].tolist() == [1, 1, 7]
    assert points[2].tolist() == [0, 3, 7]
    number = column(table, "n")
    assert (number.minimum, number.maximum) == (1.5, 28.5)
    assert number.mean == pytest.approx(15)
    assert number.std == pytest.approx(np.std(np.arange(28)))
    assert number.example == "1.5"


def test_reading_again_starts_from_the_beginning(write):
    table = open_table(write(with_cells("NA")))
    first = read(table)[0]
    assert_array_equal(read(table)[0], first)
    assert table.report.n_rows == 285
    assert table.report.n_dropped_missing == 15


def test_closing_the_chunks_closes_the_file(write):
    path = write(gzip.compress(PLAIN.encode() * 9))
    table = open_table(path)
    chunks = table.chunks(["x"], 10)
    next(chunks)
    chunks.close()
    path.unlink()
    with pytest.raises(TableError, match=r"does not exist|cannot be opened"):
        list(table.chunks(["x"], 10))


def test_error_names_the_wrong_argument(write):
    path = write("a,b,t\n1,2,u\n3,4,v\n")
    table = open_table(path)
    for features in (["a", "z"], ["t"], [], "a"):
        with pytest.raises(TableError):
            table.chunks(features, 10)
    with pytest.raises(TableError, match="no column 'z'; there are: a, b, t"):
        table.chunks(["z"], 10)
    with pytest.raises(TableError, match="no column 'z'"):
        table.chunks(["a"], 10, label="z")
    with pytest.raises(TableError, match="size"):
        table.chunks(["a"], 0)
    for wrong in (None, 3, [["a"]], [None]):
        with pytest.raises(TableError, match=r"features|no column"):
            table.chunks(wrong, 10)
    for choice in ({"delimiter": "ab"}, {"encoding": "no-such"}, {"encoding": "zip"},
                   {"decimal": "x"}, {"thousands": "x"}, {"missing": "x"}, {"max_bytes": 0},
                   {"decimal": ",", "thousands": ","}, {"max_columns": "x"},
                   {"delimiter": ["x"]}, {"delimiter": 1}, {"thousands": {1}}):  # fmt: skip
        with pytest.raises(TableError, match=next(iter(choice)) + "|no text encoding"):
            open_table(path, **choice)


def test_arguments_override_the_detection(write):
    path = write("1,5;2\n3,5;4\n")
    assert read(open_table(path))[0].tolist() == [[1.5, 2], [3.5, 4]]
    assert open_table(path, header=True).columns[0].name == "1,5"
    assert len(open_table(path, delimiter=",").columns) == 2
    assert [c.name for c in open_table(write("a,b\n1,2\n"), header=False).columns] == [
        "col1",
        "col2",
    ]


def test_preview_shows_the_cells_as_written(write):
    names, rows = open_table(write(' x ;"y"\n1,50; a\n2;"b;c"\n')).preview(5)
    assert names == ["x", "y"]
    assert rows == [["1,50", " a"], ["2", "b;c"]]
    assert open_table(write(PLAIN)).preview(0)[1] == []


def test_notes_and_summary_count_the_rows(write):
    data = "Title\n" + PLAIN.replace("\n", "\n1,2\n", 1) + "a,b,c\ninf,1,1\n,1,1\n"
    table = open_table(write(data))
    assert any("1 title lines skipped" in note for note in table.report.notes)
    read(table)
    assert table.report.summary() == [
        "300 of 304 rows used",
        "1 row dropped: a value is missing (1 in x)",
        "1 row dropped: a value is infinite or beyond 1e+303",
        "2 rows dropped: malformed (lines 3, 304), such as 'a' in x",
    ]


def test_malformed_line_drops_only_itself(write):
    n_rows = 150_000
    lines = [f"{i},{i}.5,{i % 3}" for i in range(n_rows)]
    lines[100_000] = "1,2"
    lines[120_000] = '"7,8,9'
    lines[130_000] = "1,\0,2"
    lines[140_000] = "x,1,2"
    table = open_table(write("a,b,label\n" + "\n".join(lines)))
    points, classes = read(table, ["a", "b"], "label", size=10_000)
    kept = np.delete(np.arange(n_rows), [100_000, 120_000, 130_000, 140_000])
    assert_array_equal(points[:, 0], kept)
    assert_array_equal(points[:, 1], kept + 0.5)
    assert_array_equal(classes, kept % 3)
    assert table.report.malformed_lines == [100_002, 120_002, 130_002, 140_002]


def test_quoted_line_ends_across_blocks(write):
    rows = "".join(f'{i},"{"z" * 500}\n{"y" * 500}",{i}.5\n' for i in range(8_000))
    points, _ = read(open_table(write("a,t,b\n" + rows)), ["a", "b"])
    assert_array_equal(points[:, 0], np.arange(8_000))
    assert_array_equal(points[:, 1], np.arange(8_000) + 0.5)


@pytest.mark.parametrize("name", ["<img src=x onerror=alert(1)>.csv", "a b;$(id)`.csv", "t.png"])
def test_any_file_name_is_allowed(write, name):
    table = open_table(write(PLAIN, name=name))
    assert table.name == name
    assert_array_equal(read(table)[0], POINTS)


def test_messages_show_the_given_name(write):
    with pytest.raises(TableError, match=r"^upload\.csv is empty"):
        open_table(write(b""), name="upload.csv")
    assert open_table(str(write(PLAIN)), name="a\x1b.csv").name == "a\ufffd.csv"


def test_parquet(tmp_path):
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    words = pa.array(["a", "b", None] * 100).dictionary_encode()
    columns = {"x": POINTS[:, 0], "y": POINTS[:, 1].astype(np.float32), "kind": words,
               "flag": LABELS > 1, "n": LABELS.astype(np.int8)}  # fmt: skip
    path: Path = tmp_path / "t"
    parquet.write_table(pa.table(columns), path, row_group_size=70)
    table = open_table(path)
    assert table.default_features == ("x", "y", "n")
    points, classes = read(table, ["x", "flag"], "kind")
    assert_array_equal(points, np.column_stack([POINTS[:, 0], LABELS > 1]))
    assert classes[:4].tolist() == [0, 1, -1, 0]
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(TableError, match="Parquet"):
        open_table(path)

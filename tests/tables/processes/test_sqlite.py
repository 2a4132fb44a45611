"""SQLite databases: every kind of value and table is read rightly, or told; no program runs."""

import datetime
import gzip
import io
import random
import sqlite3
from contextlib import closing, suppress

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from clusterer.tables import TableError, open_table
from clusterer.tables.files.pipe import Pipe
from tests.support.table_files import LABELS, POINTS, read
from tests.tables.files.databases import make_sqlite

ROWS = [(x, y, int(label)) for (x, y), label in zip(POINTS.tolist(), LABELS, strict=True)]
SMALL = [(i % 7 * 0.5, i * i % 11) for i in range(40)]
XY = "CREATE TABLE t (x, y)"
SPACED = 'CREATE TABLE "we""ird; DROP TABLE x; --" ("a""b", "select")'
# Each database holds POINTS in the columns x and y, and LABELS in the column label.
SAME = {
    "plain": make_sqlite(ROWS),
    "typed": make_sqlite(ROWS, "CREATE TABLE t (x REAL, y NUMERIC, label INTEGER)"),
    "text with digits": make_sqlite(ROWS, "CREATE TABLE t (x TEXT, y VARCHAR(20), label TEXT)"),
    "UTF-16": make_sqlite(ROWS, "PRAGMA encoding = 'UTF-16'", "CREATE TABLE t (x, y, label)"),
    "key": make_sqlite(
        [(i, *row) for i, row in enumerate(ROWS)],
        "CREATE TABLE t (id INTEGER PRIMARY KEY, x, y, label)",
    ),
    "without row numbers": make_sqlite(
        [(f"k{i:04d}", *row) for i, row in enumerate(ROWS)],
        "CREATE TABLE t (key PRIMARY KEY, x, y, label) WITHOUT ROWID",
    ),
    # An index that holds all columns would give another order.
    "index": make_sqlite(ROWS, then=["CREATE INDEX i ON t (y, x, label)"]),
    "second table": make_sqlite(
        ROWS, "CREATE TABLE info (id INTEGER PRIMARY KEY, word, n)", "CREATE TABLE t (x, y, label)",
        then=["INSERT INTO info VALUES (1, 'a', 5), (2, 'b', 6)"],
    ),
    "keys of texts first": make_sqlite(
        ROWS, "CREATE TABLE names (id INTEGER PRIMARY KEY, name)", "CREATE TABLE t (x, y, label)",
        then=["INSERT INTO names (name) SELECT 'n' || x FROM t"],
    ),
    "stored expression": make_sqlite(
        ROWS, "CREATE TABLE t (a, b, c, x AS (a) STORED, y AS (b) STORED, label AS (c) STORED)"
    ),
    "small pages": make_sqlite(ROWS, "PRAGMA page_size = 512", "CREATE TABLE t (x, y, label)"),
}  # fmt: skip


def open_rows(write, *arguments, **options):
    return open_table(write(make_sqlite(*arguments, **options), "t.db"))


@pytest.mark.parametrize("kind", SAME)
def test_every_kind_of_table_gives_the_same_points(write, kind):
    table = open_table(write(SAME[kind], "any name"))
    points, classes = read(table, ["x", "y"], "label")
    assert_array_equal(points, POINTS)
    assert_array_equal(classes, LABELS)
    assert table.report.notes[0].startswith("read from the table t")


def test_values_of_every_type(write):
    day = datetime.datetime(2024, 1, 5)
    rows = [
        (
            day.date().isoformat(), 2_460_314.5 + i / 24, 1_704_412_800 + 3_600 * i,
            2**40 + i * i, None if i == 3 else i % 5 * 0.5, f"{i * 7919 % 100_000:05d}",
            b"\x89PNG", "a, \"b\" \\ c\nd\0e" if i % 2 else "f",
        )
        for i in range(40)
    ]  # fmt: skip
    columns = "day DATE, j DATETIME, t TIMESTAMP, big INTEGER, x REAL, zip TEXT, photo BLOB, note"
    table = open_rows(write, rows, f"CREATE TABLE t ({columns})")
    kinds = {column.name: column.kind for column in table.columns}
    assert kinds["j"] == kinds["t"] == "date"
    assert "photo" not in kinds
    assert "zip: an identifier" in table.report.notes
    for note in (
        "photo holds binary data: it is not read",
        "j counts Julian days: it is read as times",
        "t counts seconds since 1970: it is read as times",
    ):
        assert note in table.report.notes
    (chunk,) = table.chunks(["big", "x"], 100, label="note", time="j")
    expected = [(2**40 + i * i, i % 5 * 0.5) for i in range(40) if i != 3]
    assert_array_equal(chunk.points[:, :2], expected)
    start = day.replace(tzinfo=datetime.UTC).timestamp()
    hours = [3600.0 * i for i in range(40) if i != 3]
    # A Julian day as a number of 64 bits is exact to 40 microseconds; SQLite counts milliseconds.
    assert chunk.points[:, 2].tolist() == [start + hour for hour in hours]
    assert table.class_names == ("f", 'a, "b" \\ c de')
    (chunk,) = table.chunks(["x"], 100, time="t")
    assert chunk.points[:, 1].tolist() == [start + hour for hour in hours]


@pytest.mark.parametrize(
    ("declared", "value", "unit"),
    [
        ("DATETIME", 1.704e12, "milliseconds since 1970"),
        ("timestamp", 1_704_412_800_000_000, "microseconds since 1970"),
        ("DATE", -3.0e8, "seconds since 1970"),
        ("DATE", 20_240_105, None),
        ("TIME", 3_600.0, None),
        ("INTEGER", 1_704_412_800, None),
    ],
)
def test_only_numbers_declared_as_times_become_times(write, declared, value, unit):
    rows = [(value + i, i * i % 7) for i in range(40)]
    table = open_rows(write, rows, f"CREATE TABLE t (c {declared}, y)")
    told = [note for note in table.report.notes if "it is read as times" in note]
    assert told == ([f"c counts {unit}: it is read as times"] if unit else [])


def test_times_of_core_data_begin_in_2001(write):
    rows = [(i, 725_760_000.0 + i, i * i % 7) for i in range(40)]
    statement = "CREATE TABLE t (Z_PK INTEGER PRIMARY KEY, ZDATE TIMESTAMP, ZVALUE REAL)"
    table = open_rows(write, rows, statement)
    (chunk,) = table.chunks(["ZVALUE"], 100, time="ZDATE")
    assert chunk.points[0, 1] == datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC).timestamp()


def test_rows_of_missing_values_stay_in_their_places(write):
    rows = [(1.5,), (None,), *((float(i % 7),) for i in range(40)), (None,)]
    table = open_rows(write, rows, "CREATE TABLE t (x)")
    assert len(read(table)[0]) == 41
    assert table.report.n_dropped_missing == 2


def test_words_and_numbers_in_one_column(write):
    rows = [("ND" if i % 8 == 0 else i % 5 * 0.5, i * i % 7) for i in range(80)]
    table = open_rows(write, rows, XY)
    assert table.default_features == ("x", "y")
    assert len(read(table)[0]) == 70


def test_numbers_of_numpy_as_binary_data_are_explained(write):
    rows = [(np.int64(i), i * i % 7) for i in range(40)]
    table = open_rows(write, rows, "CREATE TABLE t (x INTEGER, y REAL)")
    assert [column.name for column in table.columns] == ["y"]
    assert any("x holds binary data" in note and "NumPy" in note for note in table.report.notes)


def test_the_table_is_told_and_can_be_chosen(write):
    statements = ("CREATE TABLE t (x, y)", "CREATE TABLE other (z)", "CREATE TABLE late (u, v)")
    fill = "INSERT INTO late SELECT y, x FROM t"
    path = write(make_sqlite(SMALL, *statements, then=[fill]), "t.sqlite")
    assert open_table(path).report.notes[0] == (
        "read from the table t; the other tables are other, late: choose by sheet"
    )
    chosen = open_table(path, sheet="late")
    assert [column.name for column in chosen.columns] == ["u", "v"]
    assert_array_equal(read(chosen)[0], np.array(SMALL)[:, ::-1])
    with pytest.raises(TableError, match=r"has no table 'T'; there are: t, other, late"):
        open_table(path, sheet="T")
    with pytest.raises(TableError, match=r"no data rows in its tables \(other\)"):
        open_table(path, sheet="other")


def test_a_name_is_never_run(write):
    name = '"we""ird; DROP TABLE x; --"'
    table = open_rows(write, SMALL, SPACED, table=name)
    assert [column.name for column in table.columns] == ['a"b', "select"]
    assert_array_equal(read(table, ['a"b', "select"])[0], SMALL)


def test_no_program_in_a_database_runs(write):
    """An index, a check and a computed column call a function; a view and a trigger wait."""
    calls = []
    data = make_sqlite(
        SMALL,
        "CREATE TABLE t (x, y, z AS (spy(y)), w AS (x + 1), CHECK (spy(x) IS NULL))",
        then=[
            "CREATE INDEX i ON t (spy(x))",
            "CREATE VIEW v AS SELECT randomblob(1000000000) FROM t",
            "CREATE TRIGGER g AFTER INSERT ON t BEGIN DELETE FROM t; END",
        ],
        functions={"spy": calls.append},
    )
    table = open_table(write(data, "t.db"))
    assert_array_equal(read(table, ["x", "y"])[0], SMALL)
    assert [column.name for column in table.columns] == ["x", "y"]
    told = [f"{name} is computed by the database: it is not read" for name in "zw"]
    assert [note for note in table.report.notes if "computed" in note] == told
    with pytest.raises(TableError, match="has no table 'v'"):
        open_table(write(data, "t.db"), sheet="v")


def make_log(folder, is_kept):
    """Return a database with a log, whose last row is only in the log."""
    path = folder / "logged.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE t (x, y)")
        connection.executemany("INSERT INTO t VALUES (?, ?)", SMALL)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("INSERT INTO t VALUES (5, 6)")
        copy = folder / "copy.db"
        copy.write_bytes(path.read_bytes())
        if is_kept:
            (folder / "copy.db-wal").write_bytes((folder / "logged.db-wal").read_bytes())
    return copy


def test_a_database_without_its_log_is_read_and_told(tmp_path):
    table = open_table(make_log(tmp_path, is_kept=False))
    assert_array_equal(read(table, ["x", "y"])[0], SMALL)
    assert "rows that are only in the log of the database (-wal) are not read" in table.report.notes
    # Nothing was written beside the file.
    assert sorted(each.name for each in tmp_path.iterdir()) == ["copy.db", "logged.db"]


def test_a_database_beside_its_log_is_refused(tmp_path):
    path = make_log(tmp_path, is_kept=True)
    with pytest.raises(TableError, match=r"changes in its log .*end the program that writes it"):
        open_table(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("SELECT x FROM t").fetchone()
    assert len(read(open_table(path))[0]) == 41


def test_a_database_in_the_middle_of_a_change_is_refused(write):
    write(b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7" + bytes(504), "t.db-journal")
    with pytest.raises(TableError, match="in the middle of a change"):
        open_rows(write, SMALL, XY)


WHOLE = make_sqlite(ROWS, "PRAGMA page_size = 512", "CREATE TABLE t (x, y, label)")
REFUSED = {
    "no table": (make_sqlite([], "CREATE TABLE t (x)", then=["DROP TABLE t"]), "without a table"),
    "no rows": (make_sqlite([]), r"no data rows in its tables \(t\)"),
    "only a view": (
        make_sqlite([], "CREATE VIEW v AS SELECT 1 AS x"),
        r"only views and virtual tables \(v\)",
    ),
    "only binary data": (
        make_sqlite([(b"a",), (b"b",)], "CREATE TABLE t (x)"),
        "only binary data",
    ),
    "encrypted": (WHOLE[:16] + random.Random(0).randbytes(4096), "damaged, encrypted"),
    "cut": (WHOLE[: len(WHOLE) // 2], "damaged"),
    "page of zeros": (WHOLE[:4096] + bytes(512) + WHOLE[4608:], "damaged"),
    "newer": (WHOLE[:18] + b"\x09\x09" + WHOLE[20:], "newer version"),
    "gzip": (gzip.compress(WHOLE), "an SQLite database: unpack it first"),
    "long text": (
        make_sqlite([*SMALL, (1, "z" * 40_000_000)], XY),
        r"a text of more than 32.0 MB",
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_be_read_is_told(write, kind):
    data, reason = REFUSED[kind]
    with pytest.raises(TableError, match=reason) as caught:
        read(open_table(write(data), name="upload.bin"))
    assert "upload.bin" in str(caught.value)


def test_a_name_that_says_text_and_a_pipe_are_refused(write):
    with pytest.raises(TableError, match=r"t\.csv looks like an SQLite database.*rename"):
        open_table(write(SAME["plain"], "t.csv"))
    with pytest.raises(TableError, match="SQLite database, which cannot be read from a pipe: name"):
        open_table(Pipe(io.BytesIO(SAME["plain"])))


def test_a_long_row_is_dropped_and_counted(write):
    table = open_rows(write, [*SMALL, ("z" * 2_000_000, 1)], XY)
    assert len(read(table)[0]) == 40
    assert table.report.malformed_lines == [42]


@pytest.mark.parametrize("seed", range(12))
def test_damaged_databases_give_a_table_or_a_table_error(write, seed):
    rng = random.Random(seed)
    whole = SAME[rng.choice(["small pages", "without row numbers", "index"])]
    page = int.from_bytes(whole[16:18], "big")
    data = bytearray(whole)
    for _ in range(rng.choice([1, 2, 5, 30])):
        start = rng.randrange(len(data) // page) * page
        if rng.random() < 0.3:  # a page in the place of another one
            other = rng.randrange(len(data) // page) * page
            data[start : start + page] = data[other : other + page]
        else:
            data[start + rng.randrange(16)] = rng.randrange(256)
    with suppress(TableError):
        table = open_table(write(bytes(data), "t.db"))
        usable = [column.name for column in table.columns if column.usable]
        for points, _ in table.chunks(table.default_features or usable, 100):
            assert np.isfinite(points).all()

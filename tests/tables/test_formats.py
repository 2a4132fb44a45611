"""Formats other than delimited text: each gives the points of the text, or is refused by name."""

import bz2
import contextlib
import datetime
import gzip
import io
import json
import lzma
import random
import zipfile
from collections.abc import Callable

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from clusterer.tables import TableError, open_table
from tests.support.table_files import LABELS, PLAIN, POINTS, read
from tests.tables.files.binary_workbooks import make_xls, make_xlsb
from tests.tables.files.workbooks import Formula, Raw, make_ods, make_xlsx, pack

FRAME = pd.DataFrame({"x": POINTS[:, 0], "y": POINTS[:, 1], "label": LABELS})
ROWS = [["x", "y", "label"], *FRAME.astype(object).to_numpy().tolist()]
COLUMNS = ("x", "y", "label")


def write_json(**options: object) -> bytes:
    return FRAME.to_json(double_precision=15, **options).encode()


def write_arrow(is_file: bool, frame: pd.DataFrame = FRAME, **options: object) -> bytes:
    held = io.BytesIO()
    table = pa.Table.from_pandas(frame)
    make = pa.ipc.new_file if is_file else pa.ipc.new_stream
    with make(held, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(table, max_chunksize=70)
    return held.getvalue()


def write_feather(**options: object) -> bytes:
    held = io.BytesIO()
    feather.write_feather(FRAME, held, **options)
    return held.getvalue()


def write_parquet(frame: pd.DataFrame = FRAME, **options: object) -> bytes:
    held = io.BytesIO()
    pq.write_table(pa.Table.from_pandas(frame), held, **options)
    return held.getvalue()


def write_numpy(array: np.ndarray) -> bytes:
    held = io.BytesIO()
    np.save(held, array)
    return held.getvalue()


def write_npz(save: Callable = np.savez, **arrays: np.ndarray) -> bytes:
    held = io.BytesIO()
    save(held, **arrays)
    return held.getvalue()


def write_arff(row: str = "{x},{y},{label}") -> str:
    rows = "".join(row.format(x=x, y=y, label=label) + "\n" for x, y, label in ROWS[1:])
    return (
        "% blobs\n@RELATION 'three blobs'\n\n@attribute x numeric\n@ATTRIBUTE 'y' real\n"
        f"@attribute label {{0, 1, 2}}\n\n@DATA\n% rows\n{rows}"
    )


STRUCTURED = np.array(
    [tuple(row) for row in ROWS[1:]], [("x", ">f8"), ("y", "<f8"), ("label", "i2")]
)
RECORDS = FRAME.to_dict("records")
# Each file holds POINTS in the columns x and y, and LABELS in the column label.
SAME: dict[str, bytes | str] = {
    "zip": pack({"data/t.csv": PLAIN}),
    "zip with other files": pack(
        {"README.txt": "Blobs", "a/": "", "t.csv": PLAIN, "__MACOSX/._t.csv": b"\0", ".x": "1"}
    ),
    "zip of JSON": pack({"t.json": json.dumps(RECORDS)}),
    "xz": lzma.compress(PLAIN.encode()),
    "xz in two streams": lzma.compress(PLAIN[:999].encode()) + lzma.compress(PLAIN[999:].encode()),
    "Excel": make_xlsx({"Sheet1": ROWS}),
    "Excel below titles": make_xlsx({"S": [["Three blobs"], [None, None], *ROWS]}),
    "Excel of formulas": make_xlsx(
        {"S": [ROWS[0], *([Formula("A1*2", x), y, label] for x, y, label in ROWS[1:])]}
    ),
    "Excel of texts": make_xlsx({"S": [[str(cell) for cell in row] for row in ROWS]}),
    "Excel, second sheet": make_xlsx({"About": [["made", "by"], ["a", "b"]], "Data": ROWS}),
    "Excel, notes with numbers": make_xlsx(
        {"Info": [["Author", "Anna"], ["Year", 2024], ["Rows", 300], ["Version", 2]], "Data": ROWS}
    ),
    "Excel, hidden sheet": make_xlsx({"old": ROWS[:9], "Data": ROWS}, hidden=["old"]),
    "Excel 97": make_xls(ROWS),
    "Excel 97 below titles": make_xls([["Three blobs"], [], *ROWS]),
    "Excel, binary": make_xlsb(ROWS),
    "OpenDocument": make_ods({"Sheet1": ROWS}),
    "JSON records": write_json(orient="records"),
    "JSON records, indented": json.dumps(RECORDS, indent=2),
    "JSON lines": write_json(orient="records", lines=True),
    "JSON lines, CR LF": write_json(orient="records", lines=True).replace(b"\n", b"\r\n"),
    "JSON lines, packed": gzip.compress(write_json(orient="records", lines=True)),
    "JSON in UTF-16": json.dumps(RECORDS).encode("utf-16"),
    "JSON after each other": "".join(json.dumps(row, indent=1) for row in RECORDS),
    "JSON columns": write_json(),
    "JSON index": write_json(orient="index"),
    "JSON split": write_json(orient="split"),
    "JSON table": write_json(orient="table"),
    "JSON arrays by name": json.dumps(FRAME.to_dict("list")),
    "JSON in an object": json.dumps({"meta": {"n": 300}, "result": {"rows": RECORDS}}),
    "JSON arrays below names": json.dumps(ROWS),
    "JSON lines of arrays": "\n".join(json.dumps(row) for row in ROWS),
    "JSON names and arrays": json.dumps(
        {"fields": [{"name": name} for name in COLUMNS], "rows": ROWS[1:]}
    ),
    "Feather": write_feather(),
    "Feather, zstd": write_feather(compression="zstd"),
    "Feather, not packed": write_feather(compression="uncompressed"),
    "Arrow file": write_arrow(is_file=True),
    "Arrow stream": write_arrow(is_file=False),
    "Arrow stream, packed": write_arrow(is_file=False, compression="lz4"),
    "Parquet": write_parquet(),
    "Parquet in groups": write_parquet(row_group_size=33, data_page_version="2.0"),
    "NumPy records": write_numpy(STRUCTURED),
    "npz": write_npz(x=POINTS[:, 0], y=POINTS[:, 1], label=LABELS),
    "npz, packed": write_npz(
        np.savez_compressed, x=POINTS[:, 0], y=POINTS[:, 1], label=LABELS, n=np.array(3)
    ),
    "ARFF": write_arff(),
    "ARFF with quotes": write_arff("'{x}' , \"{y}\", {label}"),
    "ARFF, sparse": write_arff("{{0 {x}, 1 {y}, 2 {label}}}"),
    "GCT": "#1.2\n300\t3\n" + PLAIN.replace(",", "\t"),
}


@pytest.mark.parametrize("kind", SAME)
def test_format_gives_the_points_of_the_text(write, kind):
    table = open_table(write(SAME[kind], "upload"))
    assert table.default_features == ("x", "y")
    assert table.label_column == "label"
    points, classes = read(table, label="label")
    assert_array_equal(points, POINTS)
    assert_array_equal(classes, LABELS)
    # A second reading gives the same.
    assert_array_equal(read(table)[0], POINTS)
    assert table.preview(1)[1][0][2] in (str(LABELS[0]), f"{LABELS[0]}.0")


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["<f8", ">f8", "<f4", "<i4", "<f2"])
def test_array_is_read_in_any_order_and_type(write, order, dtype):
    array = np.asarray(POINTS * 8, dtype=dtype, order=order)
    table = open_table(write(write_numpy(array), "t"))
    assert table.default_features == ("col1", "col2")
    assert_array_equal(read(table, size=7)[0], array.astype(float))
    packed = open_table(write(write_npz(np.savez_compressed, points=array), "t.npz"))
    assert_array_equal(read(packed)[0], array.astype(float))


def test_arrays_of_one_length_stand_side_by_side(write):
    names = np.array(["a", "b"])
    table = open_table(write(write_npz(X=POINTS, y=LABELS, names=names, X_test=POINTS[:20]), "t"))
    assert [column.name for column in table.columns] == ["X_1", "X_2", "y"]
    assert_array_equal(read(table, ["X_1", "X_2"], "y")[1], LABELS)
    assert "arrays of other shapes and types are left out: names, X_test" in table.report.notes


def test_cells_of_a_sheet_mean_what_they_mean_in_the_exported_text(write):
    start = datetime.datetime(2024, 1, 5)
    rows = [["x", "when", "ok", "price", "kind"]]
    for i in range(40):
        moment = start + datetime.timedelta(hours=i)
        rows.append([i * 0.5, moment, i % 2 == 0, f"{i + 1},5 €", "a\nb" if i % 2 else "c"])
    rows[3][0] = Raw('<c t="e"><v>#DIV/0!</v></c>')
    rows[5][0] = "n/a"
    rows[7][0] = Raw('<c t="inlineStr"><is><t>2.5</t></is></c>')
    table = open_table(write(make_xlsx({"S": rows}), "t.xlsx"))
    kinds = [column.kind for column in table.columns]
    assert kinds == ["number", "date", "boolean", "number", "text"]
    assert table.time_column == "when"
    points = next(table.chunks(["x", "price"], 99, time="when")).points
    expected = [(i * 0.5, i + 1.5) for i in range(40) if i not in (2, 4)]
    expected[4] = (2.5, 7.5)
    assert_array_equal(points[:, :2], expected)
    assert points[-1, 2] - points[0, 2] == 39 * 3600
    assert table.report.n_dropped_missing == 2


def test_sheet_is_told_and_can_be_chosen(write):
    path = write(make_xlsx({"About": [["this is"]], "A": ROWS, "B": [["u"], [1], [2]]}), "t.xlsx")
    table = open_table(path)
    assert table.report.notes[0] == (
        "read from the sheet A; the other sheets are About, B: choose by sheet"
    )
    chosen = open_table(path, sheet="B")
    assert [column.name for column in chosen.columns] == ["u"]
    assert chosen.choices == {"sheet": "B"}
    with pytest.raises(TableError, match=r"has no sheet 'C'; there are: About, A, B"):
        open_table(path, sheet="C")
    with pytest.raises(TableError, match=r"is no workbook and no database, so it has no sheet"):
        open_table(write(PLAIN), sheet="A")


def test_json_is_flattened_and_its_gaps_are_missing_values(write):
    rows = [{"id": i, "at": {"lon": i * 0.5, "lat": -i}, "tags": ["a", i]} for i in range(20)]
    rows[3]["at"] = {"lon": None, "lat": 1}
    rows[4] = {"more": True}
    table = open_table(write("\n".join(map(json.dumps, rows)) + '\n{"at": {"lon"', "t.jsonl"))
    names = ["id", "at.lon", "at.lat", "tags", "more"]
    assert [column.name for column in table.columns] == names
    points = read(table, ["at.lon", "at.lat"])[0]
    assert_array_equal(points, [(i * 0.5, -i) for i in range(20) if i not in (3, 4)])
    assert table.report.malformed_lines == [22]


def test_names_that_come_late_in_json_are_told(write):
    rows = [{"x": i, "y": -i} for i in range(6_000)] + [{"z": 1}]
    table = open_table(write(json.dumps(rows), "t.json"))
    assert "the columns are the keys of the first 5,000 records" in table.report.notes


def test_missing_values_of_arff_and_lines_that_are_no_rows(write):
    lines = write_arff().split("\n")
    lines[10] = "?,1,0"
    lines[11] = "1,2"
    table = open_table(write("\n".join(lines), "t.arff"))
    assert len(read(table)[0]) == 298
    assert (table.report.n_dropped_missing, table.report.malformed_lines) == (1, [12])


def test_dictionaries_views_and_runs_are_read(write):
    words = pa.array(["a", "b", None] * 100)
    columns = {
        "x": POINTS[:, 0],
        "words": words.dictionary_encode(),
        "views": words.cast(pa.string_view()),
        "runs": pa.RunEndEncodedArray.from_arrays([150, 300], [1.5, 2.5]),
        "lists": pa.array([[1]] * 300),
    }
    held = io.BytesIO()
    table = pa.table(columns)
    with pa.ipc.new_stream(held, table.schema) as writer:
        writer.write_table(table)
    opened = open_table(write(held.getvalue(), "t"))
    for label in ("words", "views"):
        points, classes = read(opened, ["x", "runs"], label)
        assert_array_equal(points, np.column_stack([POINTS[:, 0], np.repeat([1.5, 2.5], 150)]))
        assert classes.tolist() == [0, 1, -1] * 100
    with pytest.raises(TableError, match="'lists' of t holds list"):
        read(opened, ["x"], "lists")


@pytest.mark.parametrize("encoding", ["DELTA_BYTE_ARRAY", "DELTA_LENGTH_BYTE_ARRAY", "PLAIN"])
def test_texts_of_parquet_are_read_in_any_encoding(write, encoding):
    frame = FRAME.assign(label=[f"class {label}" for label in LABELS])
    data = write_parquet(frame, use_dictionary=False, column_encoding={"label": encoding})
    table = open_table(write(data))
    classes = read(table, label="label")[1]
    names = np.array(table.class_names)
    assert_array_equal(names[classes], frame["label"])


def make_zip(*names: str, password: bool = False) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name in names:
            archive.writestr(name, PLAIN)
    data = held.getvalue()
    # The first bit of the flags marks an encrypted member, in both places that hold it.
    return (
        data.replace(b"PK\x03\x04\x14\0\0", b"PK\x03\x04\x14\0\1").replace(
            b"PK\x01\x02\x14\x03\x14\0\0", b"PK\x01\x02\x14\x03\x14\0\1"
        )
        if password
        else data
    )


PICKLED = np.array([{"a": 1}], object)
OLD_TAR = bytearray(512)
OLD_TAR[:5], OLD_TAR[148:156] = b"t.csv", b" " * 8
OLD_TAR[148:155] = f"{sum(OLD_TAR):06o}\0".encode()
REFUSED: dict[str, tuple[bytes | str, str]] = {
    "two tables": (make_zip("a.csv", "b.csv"), "2 tables .a.csv, b.csv.: unpack"),
    "no table": (pack({"README.md": "x", "a.png": "y"}), "no table"),
    "empty zip": (pack({}), "without a file"),
    "encrypted": (make_zip("a.csv", password=True), "password"),
    "cut zip": (make_zip("a.csv")[:-30], "damaged or cut short"),
    "path": (make_zip("../../a.csv"), "outside"),
    "zip in zip": (pack({"t.zip": make_zip("a.csv")}), "a zip archive or a workbook"),
    "workbook in zip": (pack({"t.xlsx": SAME["Excel"]}), "a zip archive or a workbook"),
    "gzip in zip": (pack({"t.csv.gz": gzip.compress(PLAIN.encode())}), "compressed twice"),
    "Word": (pack({"[Content_Types].xml": "", "word/document.xml": ""}), "Word document"),
    "Java": (pack({"META-INF/MANIFEST.MF": "x", "a.class": "y"}), "program"),
    "damaged workbook": (pack({"xl/workbook.xml": "<a"}), "damaged"),
    "empty workbook": (make_xlsx({"S": []}), "no sheet with any cell"),
    "old Office": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "damaged"),
    "libsvm": ("+1 1:0.5 3:2.5\n-1 2:1 3:4\n" * 9, "libsvm"),
    "SQL of MySQL": (
        "-- MySQL dump 10.13\n/*!40101 SET NAMES utf8 */;\nDROP TABLE IF EXISTS `t`;\n"
        "CREATE TABLE `t` (`x` double, `y` double);\nINSERT INTO `t` VALUES (1,2),(3,4);\n",
        "dump of a database .SQL.",
    ),
    "SQL of PostgreSQL": (
        "--\n-- PostgreSQL database dump\n--\n\nSET statement_timeout = 0;\n\n"
        "COPY public.t (x, y) FROM stdin;\n" + "1\t2\n" * 40 + "\\.\n",
        "dump of a database .SQL.",
    ),
    "SQL of SQLite": (
        "PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\nCREATE TABLE t (x, y);\n"
        "INSERT INTO t VALUES(1,2);\n",
        "dump of a database .SQL.",
    ),
    "libsvm ranking": ("2 qid:1 1:0.5 3:2.5 # a\n1 qid:1 2:1 3:4\n" * 9, "libsvm"),
    "pickled array": (write_numpy(PICKLED), "Python objects"),
    "pickled arrays": (write_npz(a=PICKLED), "Python objects"),
    "three dimensions": (write_numpy(np.zeros((9, 4, 2))), "3 dimensions .9 × 4 × 2"),
    "no dimension": (write_numpy(np.array(1.5)), "0 dimensions"),
    "complex numbers": (write_numpy(np.zeros((9, 2), complex)), "type complex"),
    "no rows": (write_numpy(np.zeros((0, 2))), "no data rows"),
    "cut array": (write_numpy(POINTS)[:-8], "cut short"),
    "cut Arrow": (write_arrow(is_file=False)[:700], "damaged Arrow"),
    "Feather 1": (b"FEA1" + bytes(99), "Feather file of version 1"),
    "JSON without rows": ('{"a": {"b": "text"}, "c": ["x"]}', "no table of rows"),
    "JSON of two tables": ('{"a": [{"x": 1}], "b": [{"x": 2}]}', "several arrays .*a, b"),
    "cut JSON": ('[{"x": 1}, {"x": 2', "no valid JSON"),
    "empty JSON": ("[]", "without a record"),
    "ARFF of tables": ("@relation a\n@attribute b relational\n@data\n1\n", "tables in cells"),
    "ARFF without rows": ("@relation a\n@attribute b numeric\n", "without @data"),
    "xz, cut": (lzma.compress(PLAIN.encode())[:-20], "cut short"),
    "tar": (bytes(OLD_TAR), "tar archive"),
    "packed tar": (gzip.compress(bytes(OLD_TAR)), "tar archive"),
    "tar in bzip2": (bz2.compress(bytes(257) + b"ustar" + bytes(400)), "tar archive"),
    "Stata": (b"<stata_dta><header>", "Stata"),
    "old Stata": (b"\x72\x02\x01\0" + bytes(99), "Stata"),
    "cytometry": (b"FCS3.1    " + b" " * 40, "FCS"),
    "R data": (gzip.compress(b"X\n\0\0\0\3\0\4\1\0" + bytes(99)), "R data"),
    "R data as text": ("A\n3\n263168\n197888\n5\nUTF-8\n", "R data"),
    "SPSS": (b"$FL2@(#) SPSS DATA FILE", "SPSS"),
    "SAS": (b"HEADER RECORD*******LIBRARY", "SAS"),
    "MATLAB 7.3": (b"MATLAB 7.3 MAT-file", "MATLAB"),
    "Access": (b"\0\1\0\0Standard ACE DB\0", "Access"),
    "old pickle": (b"(lp0\nI1\na.", "pickle"),
    "compress": (b"\x1f\x9d\x90" + bytes(99), "compress"),
    "FITS": (b"SIMPLE  =                    T", "FITS"),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
def test_other_formats_are_refused_by_name(write, kind):
    data, reason = REFUSED[kind]
    with pytest.raises(TableError, match=reason) as caught:
        read(open_table(write(data), name="upload.bin"))
    assert "upload.bin" in str(caught.value)


DAMAGED = [kind for kind in SAME if not kind.startswith(("Excel", "Open"))]


@settings(max_examples=150)
@given(st.sampled_from(DAMAGED), st.integers(0, 2**32), st.integers(1, 6))
def test_damaged_file_gives_a_table_or_a_table_error(tmp_path_factory, kind, seed, n_changes):
    rng = random.Random(seed)
    whole = SAME[kind]
    data = bytearray(whole if isinstance(whole, bytes) else whole.encode())
    for _ in range(n_changes):
        at = rng.randrange(len(data))
        data[at : at + rng.choice([0, 1, 1, 4])] = rng.randbytes(rng.choice([0, 1, 1, 4]))
    path = tmp_path_factory.getbasetemp() / "any"
    path.write_bytes(data)
    with contextlib.suppress(TableError):
        table = open_table(path)
        usable = [column.name for column in table.columns if column.usable]
        for points, _ in table.chunks(table.default_features or usable, 100, table.label_column):
            assert np.isfinite(points).all()


def test_damaged_header_of_an_array_is_told(write):
    data = write_numpy(POINTS).replace(b"'fortran_order'", b"('fortran_order'")
    with pytest.raises(TableError, match=r"upload is a damaged NumPy file"):
        open_table(write(data, "upload"))


@pytest.mark.parametrize("kind", ["Excel", "JSON lines", "JSON columns", "ARFF", "zip", "npz"])
def test_name_that_says_another_format_is_told(write, kind):
    """A file called .csv that holds JSON is a mistake that the user should see."""
    with pytest.raises(TableError, match=r"t\.csv looks like .*rename the file"):
        open_table(write(SAME[kind], "t.csv"))


@pytest.mark.parametrize(
    "text",
    [
        "1 10:30 17:45\n2 11:15 18:20\n" * 20,
        "A\n2\n13\n",
        "class,x\n1,2\n",
        "city\n1\n2\n",
        "[1]\n2\n3\n",
    ],
)
def test_text_that_looks_a_little_like_another_format_is_a_table(write, text):
    assert open_table(write(text, "t.txt")).columns


def test_arrays_of_training_data_have_a_class(write):
    arrays = {"x_train": POINTS, "y_train": LABELS, "x_test": POINTS[:20], "y_test": LABELS[:20]}
    table = open_table(write(write_npz(**arrays), "t.npz"))
    assert table.label_column == "y_train"
    assert_array_equal(read(table, ["x_train_1", "x_train_2"], "y_train")[1], LABELS)


@pytest.mark.parametrize("make", [make_xls, make_xlsb])
def test_binary_workbooks_have_dates_and_texts(write, make):
    start = datetime.datetime(2024, 1, 5)
    rows = [
        [start + datetime.timedelta(hours=i), i * 7 % 30 + 0.5, ("Fichte é", "杉")[i % 2]]
        for i in range(40)
    ]
    table = open_table(write(make([["when", "x", "kind"], *rows]), "t.xls"))
    (chunk,) = table.chunks(["x"], 100, label="kind", time="when")
    assert table.time_column == "when"
    assert table.label_column == "kind"
    assert chunk.points[:, 0].tolist() == [row[1] for row in rows]
    assert np.diff(chunk.points[:, 1]).tolist() == [3600.0] * 39
    assert table.class_names == ("Fichte é", "杉")


@pytest.mark.parametrize("name", ["t.xls", "t.xlsx", "t.xlsb", "t.ods", "t", "t.dat"])
@pytest.mark.parametrize("kind", ["Excel", "Excel 97", "Excel, binary", "OpenDocument"])
def test_the_content_of_a_workbook_decides_not_the_name(write, kind, name):
    assert_array_equal(read(open_table(write(SAME[kind], name)))[0], POINTS)


@pytest.mark.parametrize("make", [make_xls, make_xlsb])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_cut_binary_workbooks_are_refused(write, make, share):
    data = make(ROWS)
    with pytest.raises(TableError, match="damaged"):
        open_table(write(data[: int(len(data) * share)], "t.xls"))

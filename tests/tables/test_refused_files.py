"""Files that are no tables: refused with the reason, within the limits, and only by TableError."""

import bz2
import contextlib
import gzip
import io
import json
import pickle
import random
import tracemalloc
import zipfile

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from clusterer.tables import TableError, open_table
from tests.support.table_files import PLAIN, POINTS, SAME
from tests.tables.files.binary_workbooks import pack_compound
from tests.tables.files.workbooks import pack


def make_zip(*names: str) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name in names:
            archive.writestr(name, PLAIN)
    return held.getvalue()


NOISE = random.Random(1).randbytes(4000)
REFUSED: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "empty"),
    "mark only": (b"\xef\xbb\xbf", "empty"),
    "blanks": (b"   ", "blank"),
    "line ends": (b"\n\n\n\n", "blank"),
    "header only": (b"x,y,label\n", "no data rows"),
    "one word": (b"hello", "no data rows"),
    "text only": (b"name,city\nn0,c0\nn1,c1\nn2,c0\n", "no numeric column.*name.*city"),
    "delimiters only": (b",,\n,,\n", "no numeric column"),
    "JSON": (b'[{"x":1,"y":2},{"x":3,"y":4}]', "looks like JSON"),
    "JSON of columns": (b'{"x": [1, 2], "y": [3, 4]}', "looks like JSON"),
    "JSON, indented": (json.dumps([{"x": 1}], indent=2).encode(), "looks like JSON"),
    "JSON, arrays": (b"[[1, 2], [3, 4]]", "looks like JSON"),
    "JSON, UTF-16": ('[{"x":1}]'.encode("utf-16"), "looks like JSON"),
    "JSON lines": (b'{"x":1,"y":2}\n{"x":3,"y":4}\n', "looks like JSON"),
    "HTML": (b"<!DOCTYPE html><table><tr><td>1</td></tr></table>", "HTML"),
    "XML": (b'<?xml version="1.0"?><a/>', "XML"),
    "XML without a head": (b"<rows>\n<row x='1.5'/>\n<row x='2.5'/>\n</rows>\n", "XML"),
    "Git LFS": (b"version https://git-lfs.github.com/spec/v1\nsize 9\n", "git lfs pull"),
    "PostScript": (b"%!PS-Adobe-3.0\n1 2 moveto\n1 3 moveto\n", "PostScript"),
    "zero bytes": (bytes(5000), "binary"),
    "many blank lines": (b"\n" * 2_000_000 + PLAIN.encode(), "begins with .* blank lines"),
    "many columns": (b"1," * 400_000, "max_columns"),
    "ARFF": (b"@relation a\n@attribute x numeric\n@data\n1\n", "ARFF"),
    "PNG": (b"\x89PNG\r\n\x1a\n" + NOISE, "PNG image"),
    "JPEG": (b"\xff\xd8\xff\xe0" + NOISE, "JPEG image"),
    "PDF": (b"%PDF-1.7\n" + NOISE, "PDF"),
    "pickle": (pickle.dumps({"a": 1}), "pickle"),
    "old pickle": (pickle.dumps([1, 2], protocol=2), "pickle"),
    "zip": (make_zip("../../evil.csv"), "zip archive"),
    "Excel": (make_zip("[Content_Types].xml", "xl/workbook.xml"), "workbook"),
    "SQLite": (b"SQLite format 3\0" + bytes(500), "SQLite"),
    "NumPy": (b"\x93NUMPY\x01\0" + bytes(100), "NumPy"),
    "noise": (NOISE, "binary"),
    "packed image": (gzip.compress(b"\x89PNG\r\n\x1a\n" + NOISE), "PNG image"),
    "packed twice": (gzip.compress(gzip.compress(PLAIN.encode())), "compressed twice"),
    "packed nothing": (gzip.compress(b""), "empty"),
    "cut short": (gzip.compress(PLAIN.encode())[:-99], "cut short"),
    "broken zstd": (b"\x28\xb5\x2f\xfd" + NOISE, "zstd data"),
    "Parquet in name only": (b"PAR1" + NOISE, "Parquet"),
    "ragged": ("\n".join("1," * (i % 7) for i in range(99)).encode(), "no regular table|no numer"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_file_that_is_no_table_is_refused_with_the_reason(write, kind):
    data, reason = REFUSED[kind]
    with pytest.raises(TableError, match=reason) as caught:
        open_table(write(data), name="upload.csv")
    assert "upload.csv" in str(caught.value)
    assert isinstance(caught.value, ValueError)


def test_missing_file_and_folder_are_refused(tmp_path):
    with pytest.raises(TableError, match="does not exist"):
        open_table(tmp_path / "none.csv")
    with pytest.raises(TableError, match="not a file"):
        open_table(tmp_path)


def test_impossible_path_is_refused():
    with pytest.raises(TableError, match="cannot be opened: File name too long"):
        open_table("a" * 5000)


@pytest.mark.parametrize("data", [b"42", b"42\n", b"x\n42\n"])
def test_single_value_is_a_table(write, data):
    chunk = next(open_table(write(data)).chunks([open_table(write(data)).columns[0].name], 9))
    assert chunk.points.tolist() == [[42.0]]


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress])
def test_compression_is_detected_from_the_content(write, pack):
    chunk = next(open_table(write(pack(SAME["UTF-16 with a mark"]))).chunks(["x", "y"], 300))
    np.testing.assert_array_equal(chunk.points, POINTS)


def test_zstd_is_detected_from_the_content(write):
    pa = pytest.importorskip("pyarrow")
    packed = pa.compress(PLAIN.encode(), "zstd", asbytes=True)
    chunk = next(open_table(write(packed)).chunks(["x", "y"], 300))
    np.testing.assert_array_equal(chunk.points, POINTS)


BOMBS = {
    "zeros": lambda: gzip.compress(bytes(200_000_000), 9),
    "rows": lambda: gzip.compress(b"x,y\n" + b"1,2\n" * 40_000_000, 6),
    "one cell": lambda: gzip.compress(b'x,y\n"' + b"a" * 200_000_000, 1),
}


@pytest.mark.parametrize("kind", BOMBS)
def test_decompression_bomb_is_refused_with_little_memory(write, kind):
    path = write(BOMBS[kind]())
    tracemalloc.start()
    try:
        with pytest.raises(TableError, match="bomb"):
            open_table(path)
        assert tracemalloc.get_traced_memory()[1] < 50e6
    finally:
        tracemalloc.stop()


def test_error_names_the_limit(write):
    packed = write(gzip.compress(PLAIN.encode()))
    with pytest.raises(TableError, match=r"more than the 1\.0 kB that max_bytes allows"):
        open_table(packed, max_bytes=1024)
    with pytest.raises(TableError, match="max_columns"):
        open_table(packed, max_columns=2)
    path = write(PLAIN)
    with pytest.raises(TableError, match="max_bytes"):
        open_table(path, max_bytes=100)
    with pytest.raises(TableError, match="max_line_bytes"):
        open_table(write("x" * 3_000_000))


def test_limit_on_bytes_holds_while_reading(write):
    path = write(gzip.compress(PLAIN.encode()))
    table = open_table(path, max_bytes=len(PLAIN) + 100)
    path.write_bytes(gzip.compress(PLAIN.encode() * 9))
    with pytest.raises(TableError, match="max_bytes"):
        list(table.chunks(["x"], 10))


@pytest.mark.parametrize("n_long", [5_000, 3_000_000])
def test_lines_beyond_the_limit_are_dropped_and_listed(write, n_long):
    data = PLAIN + "9" * n_long + ",1,2\n" + "1,2,0\n" + "1," + "8" * n_long
    table = open_table(write(data), max_line_bytes=1000)
    points = np.concatenate([chunk.points for chunk in table.chunks(["x", "y"], 50)])
    np.testing.assert_array_equal(points, [*POINTS, (1, 2)])
    assert table.report.malformed_lines == [302, 304]


def test_very_long_number_drops_its_row_quickly(write):
    table = open_table(write("x,y\n1,2\n" + "9" * 1_000_000 + ",3\n"))
    assert [chunk.points.tolist() for chunk in table.chunks(["x", "y"], 5)] == [[[1.0, 2.0]]]
    assert table.report.n_dropped == 1


def read_all(path) -> None:
    """Open and read a file; only a TableError is allowed."""
    with contextlib.suppress(TableError):
        table = open_table(path)
        usable = [column.name for column in table.columns if column.usable]
        label = table.label_column or table.columns[-1].name
        for chunk in table.chunks(table.default_features or usable, 100, label):
            assert np.isfinite(chunk.points).all()
            assert len(chunk.points) == len(chunk.classes)
        assert table.preview(3)[0]
        assert table.report.summary()


@given(st.binary(max_size=400))
def test_any_bytes_give_a_table_or_a_table_error(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "any"
    path.write_bytes(data)
    read_all(path)


@example("0\r1\r,")
@given(st.text("0123456789.,;\t\n\r\"' #-+eE%$()naxyé\0|", max_size=300))
def test_any_text_gives_a_table_or_a_table_error(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "any"
    path.write_bytes(data.encode())
    read_all(path)


@settings(max_examples=200)
@given(
    st.sampled_from([*SAME.values(), gzip.compress(PLAIN.encode()), make_zip("a")]),
    st.integers(0, 2**32),
    st.integers(1, 40),
)
def test_damaged_table_gives_a_table_or_a_table_error(tmp_path_factory, data, seed, n_changes):
    rng = random.Random(seed)
    changed = bytearray(data[: rng.randint(1, len(data))])
    for _ in range(n_changes):
        at = rng.randrange(len(changed))
        changed[at : at + rng.randint(0, 3)] = rng.choice(
            [b"", b'"', b"\n", b"\r", b",", b"\0", b"\xff", b"#", b"'", b"\xc3", b"9" * 400, b"-"]
        )
        changed = changed or bytearray(b"x")
    path = tmp_path_factory.getbasetemp() / "any"
    path.write_bytes(changed)
    read_all(path)


@pytest.mark.parametrize(
    ("stream", "told"),
    [
        ("WordDocument", "a Word document"),
        ("PowerPoint Document", "a PowerPoint presentation"),
        ("EncryptionInfo", "protected by a password"),
    ],
)
def test_other_documents_of_office_are_refused_by_name(write, stream, told):
    with pytest.raises(TableError, match=told):
        open_table(write(pack_compound(b"text", stream), "t.xls"))


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"\x03\x7c\x01\x05" + bytes(28) + b"NAME".ljust(11, b"\0") + b"C" + bytes(300), "dBase"),
        (b"MATLAB 7.3 MAT-file".ljust(512) + b"\x89HDF\r\n\x1a\n" + bytes(200), "MATLAB"),
        (b'<kml xmlns="http://www.opengis.net/kml/2.2"><Document></Document></kml>', "XML"),
        (b"# made by a program\n" + b"1 1:2.5 2:7.25 # first\n-1 1:3.5 3:2 # next\n" * 9, "libsvm"),
        (pack({"a.shp": b"\0\0\x27\x0a", "a.dbf": b"\x03", "a.prj": "GEOGCS"}), "a shapefile"),
    ],
)
def test_other_formats_are_refused_by_name(write, data, told):
    with pytest.raises(TableError, match=told):
        open_table(write(data, "t.dat"))


def test_yaml_is_refused_by_name(write):
    with pytest.raises(TableError, match="looks like YAML"):
        open_table(write("".join(f"- x: {i}.5\n  y: {i * 7 % 30}\n" for i in range(30))))

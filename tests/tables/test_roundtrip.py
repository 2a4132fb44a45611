"""A table of numbers in any dialect is read back unchanged."""

import csv
import gzip
import io

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from clusterer.tables import open_table
from clusterer.tables.limits import LARGEST_NUMBER

values = st.floats(-LARGEST_NUMBER, LARGEST_NUMBER, width=64)
DIALECTS = st.fixed_dictionaries(
    {
        "delimiter": st.sampled_from(",;\t|"),
        "lineterminator": st.sampled_from(["\n", "\r\n", "\r"]),
        "quoting": st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    }
)
ENCODINGS = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])


def write_table(rows: list[list[str]], dialect: dict, encoding: str, packed: bool) -> bytes:
    held = io.StringIO(newline="")
    csv.writer(held, **dialect).writerows(rows)
    data = held.getvalue().encode(encoding)
    return gzip.compress(data) if packed else data


@st.composite
def tables(draw):
    n_columns = draw(st.integers(2, 6))
    rows = st.lists(values, min_size=n_columns, max_size=n_columns)
    return np.array(draw(st.lists(rows, min_size=2, max_size=40)))


def read_joined(table, names, label=None):
    chunks = list(table.chunks(names, 7, label))
    points = np.concatenate([chunk.points for chunk in chunks])
    return points, np.concatenate([chunk.classes for chunk in chunks]) if label else None


@given(tables(), DIALECTS, ENCODINGS, st.booleans())
def test_numbers_read_back_exactly(tmp_path_factory, points, dialect, encoding, packed):
    path = tmp_path_factory.getbasetemp() / "roundtrip"
    names = [f"name{j}" for j in range(points.shape[1])]
    rows = [names, *([repr(value) for value in row] for row in points.tolist())]
    path.write_bytes(write_table(rows, dialect, encoding, packed))
    table = open_table(path)
    assert [column.name for column in table.columns] == names
    assert_array_equal(read_joined(table, names)[0], points)
    assert table.report.n_dropped == 0
    assert table.preview(2)[1] == rows[1:3]


@given(
    st.lists(st.integers(-(10**7), 10**7), min_size=12, max_size=60),
    st.sampled_from([(".", ","), (",", "."), (",", " "), (".", "'"), (",", "\u00a0"), (",", "")]),
    DIALECTS,
)
def test_number_formats_read_back(tmp_path_factory, amounts, marks, dialect):
    decimal, thousands = marks
    path = tmp_path_factory.getbasetemp() / "notations"
    rows = [["amount", "share"]]
    for amount in amounts:
        plain = f"{amount / 100:,.2f}"
        cell = plain.translate({ord(","): thousands, ord("."): decimal})
        rows.append([cell, f"{amount % 7}{decimal}25"])
    path.write_bytes(write_table(rows, dialect, "utf-8", False))
    points, _ = read_joined(open_table(path), ["amount", "share"])
    assert_array_equal(points[:, 0], np.array(amounts) / 100)
    assert_array_equal(points[:, 1], np.array(amounts) % 7 + 0.25)


WORDS = st.text(st.characters(categories=("L", "N", "P", "Zs")), max_size=9)


@given(
    st.lists(WORDS.map(lambda word: f"k{word}".strip()), min_size=1, max_size=4, unique=True),
    st.lists(st.integers(0, 3), min_size=5, max_size=50),
    DIALECTS,
)
def test_labels_are_numbered_by_appearance(tmp_path_factory, words, picks, dialect):
    path = tmp_path_factory.getbasetemp() / "labels"
    labels = [words[pick % len(words)] for pick in picks]
    rows = [["a", "b", "label"], *([f"{i}.5", f"{i}", word] for i, word in enumerate(labels))]
    path.write_bytes(write_table(rows, dialect, "utf-8", False))
    _, classes = read_joined(open_table(path), ["a", "b"], "label")
    order = list(dict.fromkeys(labels))
    assert classes.tolist() == [order.index(word) for word in labels]


@given(tables(), st.lists(st.sampled_from(["NA", "", "?", "inf", "x y"]), min_size=1, max_size=3))
def test_rows_with_missing_or_other_cells_are_dropped_and_counted(
    tmp_path_factory, points, oddities
):
    path = tmp_path_factory.getbasetemp() / "dropped"
    points = np.tile(points, (30, 1))[:60]
    lines = [",".join(map(repr, row)) for row in points.tolist()]
    kept = np.ones(len(lines), bool)
    for i, oddity in enumerate(oddities):
        at = 7 * i + 3
        if at < len(lines):
            lines[at] = ",".join([oddity, *lines[at].split(",")[1:]])
            kept[at] = False
    names = [f"name{j}" for j in range(points.shape[1])]
    path.write_text("\n".join([",".join(names), *lines]))
    table = open_table(path)
    assert_array_equal(read_joined(table, names)[0], points[kept])
    assert table.report.n_dropped == np.count_nonzero(~kept)

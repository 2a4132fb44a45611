"""Numbers that name or count rows are no features."""

import pytest

from clusterer.tables import open_table
from tests.support.table_files import column

N = 80


def make_table(name, cells):
    rows = zip(cells, range(len(cells)), strict=True)
    return f"{name},x,y\n" + "".join(f"{c},{i * 7 % 60}.5,{i * 11 % 60}.25\n" for c, i in rows)


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("Record", [str(i + 1) for i in range(N)]),
        ("Seq", [str(5000 + 2 * i) for i in range(N)]),
        ("Frame", [str(30 * i) for i in range(N)]),
        ("Time (s)", [f"{3 + i / 10:.1f}" for i in range(N)]),
        ("t", [f"{i / 4}" for i in range(N)]),
        ("lacking", [str(i + i // 30) for i in range(N)]),
        ("down", [str(900 - 3 * i) for i in range(N)]),
        ("CustomerID", [f"{17850 + i // 5}.0" for i in range(N)]),
        ("InvoiceNo", [str(536365 + i // 4 * 3) for i in range(N)]),
        ("Rechnungsnummer", [str(8000 + i // 3 * 7) for i in range(N)]),
        ("batch", [f"{i % 100:02d}E{i % 10}" for i in range(N)]),
        ("contact", [f"+49151{1_000_000 + i * 7919}" for i in range(N)]),
        ("ean", [str(4_006_381_333_931 + i * 77_777) for i in range(N)]),
        ("EmployeeNumber", [str(i * 37 % 900) for i in range(N)]),
        ("area", [f"{4_000 + i * 977:05d}" for i in range(N)]),
        ("zip code", [str(10_115 + i * 37 % 900) for i in range(N)]),
    ],
)
def test_codes_and_counters_are_no_features(write, name, cells):
    table = open_table(write(make_table(name, cells)))
    assert table.default_features == ("x", "y")
    assert column(table, name).kind == "id"
    assert column(table, name).usable


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("Elapsed Time", [str(1800 + i) for i in range(N)]),
        ("depth", [f"{1.5 + i}" for i in range(N)]),
        ("rooms", [str(i * 7 % 9) for i in range(N)]),
        ("valid", [str(i * i) for i in range(N)]),
        ("weight", [str(60 + i * 7 % 40) for i in range(N)]),
    ],
)
def test_measurements_stay_features(write, name, cells):
    assert name in open_table(write(make_table(name, cells))).default_features


def test_counters_are_features_if_there_is_nothing_else(write):
    data = "n,word\n" + "".join(f"{i},w{i % 7}\n" for i in range(40))
    assert open_table(write(data)).default_features == ("n",)


@pytest.mark.parametrize("others", ["{}.5,{}.25", "M,{}.5,{}.25"])
def test_distinct_whole_numbers_without_a_header_are_keys(write, others):
    rows = (f"{842_302 + i * i * 7919 % 90_001},{others.format(i, i % 9)}" for i in range(N))
    table = open_table(write("\n".join(rows)))
    assert "col1" not in table.default_features
    assert "identifier" in column(table, "col1").note


def test_whole_numbers_that_repeat_are_no_keys(write):
    rows = (f"{1000 + i % 60 * 7919},{i}.5,{i % 9}.25" for i in range(N))
    assert open_table(write("\n".join(rows))).default_features[0] == "col1"


def test_row_numbers_that_begin_again_are_no_feature(write):
    table = open_table(write(make_table("", [str(i % 40) for i in range(N)])))
    assert table.default_features == ("x", "y")

"""Rows that sum up others are no points, and their lines are told."""

import numpy as np
import pyarrow as pa
import pytest

from clusterer.tables import open_table
from clusterer.tables.rows.totals import TotalFinder
from tests.support.table_files import read

RNG = np.random.default_rng(5)
VALUES = np.round(RNG.uniform(10, 90, (60, 2)), 2)


def make_table(*last, name="shop"):
    rows = [f"S{i},{a},{b}" for i, (a, b) in enumerate(VALUES.tolist())]
    return f"{name},a,b\n" + "\n".join([*rows, *last]) + "\n"


SUMS = ",".join(f"{v:.2f}" for v in VALUES.sum(axis=0))
MEANS = ",".join(f"{v:.4f}" for v in VALUES.mean(axis=0))


@pytest.mark.parametrize(
    "word", ["Total", "TOTAL:", "Grand total", "Summe", "Gesamt", "Somme", "Итого", "合计", "总计",
             "합계", "Razem", "Toplam", "Sum (2024)", "المجموع"],
)  # fmt: skip
def test_total_is_dropped_by_its_word(write, word):
    table = open_table(write(make_table(f"{word},{SUMS}", f"Average,{MEANS}")))
    assert len(read(table)[0]) == 60
    assert table.report.total_lines == [62, 63]
    assert any(f"2 rows dropped: totals of other rows (lines 62, 63), such as '{word}'" in line
               for line in table.report.summary())  # fmt: skip


def test_deviation_below_a_mean_is_no_point(write):
    table = open_table(write(make_table(f"mean,{MEANS}", "SD,23.1,22.5")))
    assert len(read(table)[0]) == 60
    assert table.report.total_lines == [62, 63]
    table = open_table(write(make_table("SD,23.1,22.5")))
    assert len(read(table)[0]) == 61


@pytest.mark.parametrize("name", ["", "North total", "Total North", "All", "Ergebnis", "Max"])
def test_doubtful_name_needs_the_values_of_a_total(write, name):
    values = SUMS if name != "Max" else ",".join(f"{v}" for v in VALUES.max(axis=0))
    table = open_table(write(make_table(f"{name},{values}")))
    assert len(read(table)[0]) == 60
    table = open_table(write(make_table(f"{name},33.3,44.4")))
    assert len(read(table)[0]) == 61


def test_subtotals_of_groups(write):
    rows = []
    for g in range(10):
        group = VALUES[5 * g : 5 * g + 5]
        rows += [f"S{g}{i},{a},{b}" for i, (a, b) in enumerate(group.tolist())]
        rows.append(f"G{g} Total," + ",".join(f"{v:.2f}" for v in group.sum(axis=0)))
    rows.append("Grand Total," + ",".join(f"{v:.2f}" for v in VALUES[:50].sum(axis=0)))
    table = open_table(write("shop,a,b\n" + "\n".join(rows) + "\n"))
    assert len(read(table)[0]) == 50
    assert table.report.n_dropped_totals == 11


@pytest.mark.parametrize("first", ["date", "id"])
def test_total_below_dates_and_ids(write, first):
    cells = [f"2024-{i // 28 + 1:02d}-{i % 28 + 1:02d}" if first == "date" else str(i)
             for i in range(60)]  # fmt: skip
    rows = [f"{c},{a},{b}" for c, (a, b) in zip(cells, VALUES.tolist(), strict=True)]
    table = open_table(write(f"{first},a,b\n" + "\n".join([*rows, f"Total,{SUMS}"]) + "\n"))
    assert len(read(table)[0]) == 60
    assert table.report.n_dropped_totals == 1


def test_total_after_the_sample(write):
    rows = "".join(f"S{i % 90},{i * 7 % 50}.5,{i * 11 % 50}.5\n" for i in range(30_000))
    table = open_table(write("shop,a,b\n" + rows + "Total,735000,735000\n"))
    assert len(read(table)[0]) == 30_000
    assert table.report.total_lines == [30_002]


def test_words_that_only_begin_like_a_total_are_rows(write):
    table = open_table(write(make_table("Totally Foods,1.5,2.5", "Summerfield,3.5,4.5")))
    assert len(read(table)[0]) == 62


def test_sums_go_on_over_batches():
    finder = TotalFinder(1)
    for i in range(20):
        assert finder.find(pa.array([f"a{i}", f"b{i}"]), np.array([[1.0], [2.0]])) is None
    found = finder.find(pa.array(["c", ""]), np.array([[5.0], [65.0]]))
    assert found is not None
    assert found.tolist() == [False, True]


def test_repeated_header_is_told_by_its_line(write):
    rows = "".join(f"S{i},{i * 7 % 50}.5,{i * 11 % 50}.5\n" for i in range(30))
    table = open_table(write("shop,a,b\n" + rows + "shop,a,b\n" + rows))
    assert len(read(table)[0]) == 60
    assert table.report.header_lines == [32]
    assert "1 line repeats the header, skipped (line 32)" in table.report.summary()


def test_rows_without_a_name_are_no_totals_by_chance(write):
    rows = "".join(f"{'' if i % 4 == 1 else f'S{i}'},{i * 7 % 5 + 1}\n" for i in range(200))
    table = open_table(write("shop,rating\n" + rows))
    assert len(read(table, ["rating"])[0]) == 200


def test_a_column_without_names_says_nothing_about_totals(write):
    rows = "".join(f",{i % 90 / 4}\n" for i in range(200))
    table = open_table(write("remark,level\n" + rows))
    assert len(read(table, ["level"])[0]) == 200


def test_names_with_words_for_sums_are_no_totals_by_chance(write):
    rows = "".join(f"All Stars {i},{i * 7 % 5 + 1}\n" for i in range(200))
    table = open_table(write("club,rating\n" + rows))
    assert len(read(table, ["rating"])[0]) == 200


def test_total_below_the_classes(write):
    rows = "".join(
        f"{('ash', 'birch')[i % 2]},{a},{b}\n" for i, (a, b) in enumerate(VALUES.tolist())
    )
    table = open_table(write("species,a,b\n" + rows + f"Total,{SUMS}\n"))
    assert table.label_column == "species"
    assert len(read(table, ["a", "b"], "species")[0]) == 60


def test_class_called_total_is_no_sum(write):
    kinds = ("total", "partial", "annular")
    rows = "".join(f"{kinds[i % 3]},{a},{b}\n" for i, (a, b) in enumerate(VALUES.tolist()))
    table = open_table(write("eclipse,a,b\n" + rows))
    assert len(read(table, ["a", "b"])[0]) == 60


def test_a_total_does_not_hide_a_sentinel(write):
    cells = [-999 if i % 20 == 4 else i * 7 % 50 for i in range(100)]
    rows = "".join(f"S{i},{cell}\n" for i, cell in enumerate(cells))
    table = open_table(write("shop,a\n" + rows + "Total,99999\n"))
    assert "-999 occurs 5 times" in table.columns[1].note
    assert table.columns[1].maximum < 50

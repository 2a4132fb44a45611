"""Rows without a value: the page names their number and offers to fill them."""

import numpy as np
import pytest

from widgets.sources.column_chooser import FILL
from widgets.sources.table_chooser import TableChooser


@pytest.fixture
def open_table(write):
    """Return a function that shows a table of numbers, where NaN is missing."""
    choosers = []

    def open_it(values):
        rows = [",".join("" if np.isnan(x) else f"{x:.3f}" for x in row) for row in values]
        chooser = TableChooser(lambda *chosen: None)
        choosers.append(chooser)
        path = write("age,income\n" + "\n".join(rows) + "\n")
        source, _ = chooser.open_path(path)
        return chooser, source

    yield open_it
    for chooser in choosers:
        chooser.close()


def draw(n, missing):
    values = np.random.default_rng(0).normal(50, 9, (n, 2))
    values[missing, 1] = np.nan
    return values


def test_one_click_keeps_the_rows_that_lack_a_value(open_table):
    chooser, source = open_table(draw(400, slice(0, 47)))
    columns = chooser.columns
    assert "47 of the 400 rows lack a value and are left out" in columns.fill_offer.sentence
    assert "income (47)" in columns.fill_offer.sentence
    # Nothing is filled unasked.
    assert len(source.take(1_000).points) == 353
    columns.fill_offer.button.clicks += 1
    assert columns.missing.value == FILL
    assert columns.fill_offer.sentence == ""
    assert len(columns.make_source()[0].take(1_000).points) == 400


def test_a_column_that_is_not_chosen_lacks_nothing(open_table):
    columns = open_table(draw(400, slice(0, 47)))[0].columns
    columns.features.value = ["age"]
    assert columns.fill_offer.sentence == ""
    columns.features.value = ["age", "income"]
    assert columns.fill_offer.sentence
    columns.treatment.set([], {"income": 0.0})
    columns.note_dropped(0, 400)
    assert columns._picked == ("age",)


def test_a_few_rows_are_left_to_the_report(open_table):
    assert open_table(draw(400, slice(0, 5)))[0].columns.fill_offer.sentence == ""


def test_rows_that_lack_a_value_late_in_a_long_table_are_told_when_they_are_read(open_table):
    chooser, source = open_table(draw(9_000, slice(8_000, 8_600)))
    assert chooser.columns.fill_offer.sentence == ""
    assert len(source.take(9_000).points) == 8_400
    chooser.show_report()
    assert "Of the first 9,000 rows 600 lack a value" in chooser.columns.fill_offer.sentence
    chooser.columns.fill_offer.button.clicks += 1
    assert chooser.columns.missing.value == FILL


def test_the_first_rows_of_a_long_table_tell(open_table):
    chooser, _ = open_table(draw(9_000, slice(0, 9_000, 10)))
    assert "500 of the first 5,000 rows" in chooser.columns.fill_offer.sentence

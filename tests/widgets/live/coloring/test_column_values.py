"""The values of a column that is no feature, read beside the stream."""

import threading

import numpy as np
import pytest

from clusterer import OnlineClusterer
from clusterer.export.recent_rows import RecentRows
from clusterer.session.frame import ViewRequest
from clusterer.session.run import Run
from clusterer.stream import TableSource
from clusterer.tables import open_table
from widgets.live.coloring.color_chooser import list_choices
from widgets.live.coloring.column_values import ColumnReader, ColumnTable


@pytest.fixture
def source(write):
    rows = [
        f"{i},{i % 7},{'Bern' if i % 3 else 'Uri'},{'?' if i == 5 else 10.5 * i},"
        f"2024-01-{i % 28 + 1:02}"
        for i in range(300)
    ]
    path = write("\n".join(["x,y,city,pay,day", *rows]) + "\n")
    return TableSource(open_table(path), ["x", "y"])


class Answers:
    """Reads a column, and waits for each answer."""

    def __init__(self, source):
        self._is_read = threading.Event()
        table = ColumnTable(source.table, RecentRows(source))
        self.reader = ColumnReader(lambda: table, self._is_read.set)

    def read(self, frame, name):
        self._is_read.clear()
        before = self.reader.read(frame, name)
        assert np.isnan(before.values).any()
        assert self._is_read.wait(30)
        return self.reader.read(frame, name)


def make_frames(source, *sizes):
    run = Run(source, OnlineClusterer(), window_length=100)
    for size in sizes:
        run.advance(size)
        yield run.make_frame(ViewRequest())


def test_numbers_texts_and_dates_belong_to_the_points(source):
    answers = Answers(source)
    (frame,) = make_frames(source, 50)
    numbers = answers.read(frame, "pay")
    assert numbers.kind == "number"
    assert np.isnan(numbers.values[5])
    assert numbers.values[[0, 4, 49]].tolist() == [0.0, 42.0, 514.5]
    texts = answers.read(frame, "city")
    assert texts.kind == "category"
    assert texts.names == ("Bern", "Uri")
    assert texts.values[:4].tolist() == [1.0, 0.0, 0.0, 1.0]
    dates = answers.read(frame, "day")
    assert dates.kind == "date"
    assert np.diff(dates.values[:3]).tolist() == [86400.0, 86400.0]
    answers.reader.close()


def test_new_points_are_unknown_until_their_rows_are_read(source):
    answers = Answers(source)
    first, second = make_frames(source, 80, 60)
    answers.read(first, "pay")
    shown = answers.reader.read(second, "pay").values
    assert len(shown) == 100
    assert shown[0] == 420.0
    assert np.isnan(shown[40:]).all()
    found = answers.reader.read(second, "pay").values
    for _ in range(300):
        if np.isfinite(found).all():
            break
        threading.Event().wait(0.1)
        found = answers.reader.read(second, "pay").values
    assert found[-1] == 139 * 10.5
    answers.reader.close()


def test_a_column_that_is_gone_leaves_the_points_without_values(source):
    answers = Answers(source)
    (frame,) = make_frames(source, 50)
    assert np.isnan(answers.read(frame, "gone").values).all()
    answers.reader.close()


def test_a_stream_without_a_table_has_no_values(source):
    reader = ColumnReader(lambda: None, lambda: None)
    (frame,) = make_frames(source, 50)
    assert np.isnan(reader.read(frame, "pay").values).all()
    reader.close()


def test_the_choices_name_classes_features_and_other_columns(source):
    choices = [*list_choices(source)]
    assert choices[:3] == ["cluster", "time of arrival", "score (log density)"]
    assert choices[3:] == ["x", "y", "city", "pay", "day"]
    labelled = TableSource(source.table, ["x"], "city")
    assert "class" in list_choices(labelled)

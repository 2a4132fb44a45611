"""The table of rows: its pages, what it tells, and the lines about a point at the pointer."""

import numpy as np
import pandas as pd
import pytest
from bokeh.plotting import figure

from clusterer import OnlineClusterer
from clusterer.session.frame import ViewRequest
from clusterer.session.run import Run
from clusterer.stream import TableSource
from clusterer.tables import open_table
from widgets.live.figure import LiveFigure
from widgets.live.region import Region
from widgets.live.view_data import ViewData
from widgets.views.tables.row_table import N_COLUMNS, N_ON_PAGE, RowTable
from widgets.views.tables.source_rows import SourceRows, describe_point, read_row


@pytest.fixture
def run(tmp_path):
    """A run over 120 rows with whole numbers, so that points lie on each other, and a text."""
    random = np.random.default_rng(0)
    frame = pd.DataFrame(random.integers(0, 4, size=(120, 2)) * [1, 10], columns=["x", "y"])
    frame["note"] = [f"note {i}" for i in range(120)]
    for i in range(N_COLUMNS):
        frame[f"more {i}"] = i
    frame.to_csv(tmp_path / "t.csv", index=False)
    run = Run(TableSource(open_table(tmp_path / "t.csv"), ["x", "y"]), OnlineClusterer())
    run.advance(120)
    return run


def make_table(run, chosen=None):
    return RowTable(
        Region(figure()),
        run.export_run,
        SourceRows().take,
        (chosen if chosen is not None else []).append,
        lambda: None,
        lambda file: None,
    )


def show(table):
    measured = table.measure(ViewData())
    table.draw(measured)
    return measured


def test_pages_are_turned_and_a_new_question_begins_at_the_first(run):
    table = make_table(run)
    first = show(table)
    assert first.content["headings"][:5] == ["Row", "Cluster", "x", "y", "note"]
    assert len(first.content["headings"]) == 2 + N_COLUMNS
    assert [row[0] for row in first.content["rows"]] == [str(i + 1) for i in range(N_ON_PAGE)]
    assert first.summary.startswith("1 to 50 of 120 rows")
    assert any("first 40 of 43 columns" in note for note in first.notes)
    assert table.previous.disabled
    for _ in range(5):
        table.next.clicks += 1
    last = show(table)
    assert [row[4] for row in last.content["rows"]] == [f"note {i}" for i in range(100, 120)]
    assert table.next.disabled
    assert not table.previous.disabled
    table.search.value = "NOTE 11"
    found = show(table)
    assert [row[0] for row in found.content["rows"]] == ["12", *map(str, range(111, 121))]


def test_a_chosen_cluster_is_told_to_the_plot_and_left_with_the_run(run):
    chosen = []
    table = make_table(run, chosen)
    show(table)
    cluster = next(iter(i for i in table.cluster.options.values() if i > 0))
    table.cluster.value = cluster
    rows = show(table).content["rows"]
    assert rows
    assert {row[1] for row in rows} == {str(cluster)}
    table.restart()
    assert chosen == [cluster, 0]
    assert show(table).summary.startswith("1 to 50 of 120 rows")


def test_a_table_that_cannot_be_read_any_more_is_told(run, tmp_path):
    table = make_table(run)
    (tmp_path / "t.csv").write_text("x,y\n1,2\n")
    assert any("has changed" in note for note in show(table).notes)


def test_the_lines_about_a_point_tell_how_many_lie_there(run):
    drawn = LiveFigure(lambda request: None)
    drawn.show_axes(0, 1, run.source.feature_names)
    drawn.draw(run.make_frame(ViewRequest()))
    points = run.export_run().points
    frame, places = drawn.find_points(1.0, 20.0)
    assert places == np.flatnonzero((points == [1.0, 20.0]).all(axis=1)).tolist()
    assert drawn.find_points(1.5, 20.0) is None
    title, *values = describe_point(frame, places, run.source.feature_names)
    assert title[0] == f"point {places[-1] + 1}"
    assert title[1].endswith(f"and {len(places) - 1} more at this place")
    assert values == [("x", "1"), ("y", "20")]
    (number, _), *cells = read_row(frame, places, SourceRows().take(run.source))
    assert number == f"row {places[-1] + 1}"
    assert cells[:3] == [("x", "1"), ("y", "20"), ("note", f"note {places[-1]}")]

"""The text columns of a table in the report, on the page and on the command line."""

import html
import re

import numpy as np
import pandas as pd
import pytest

from clusterer import OnlineClusterer
from clusterer.cli.main import main
from clusterer.export import row_categories
from clusterer.export.recent_rows import RecentRows
from clusterer.export.report import write_report
from clusterer.export.row_categories import RowCategories, count_recent_rows
from clusterer.session.run import Run
from clusterer.stream import TableSource
from clusterer.tables import open_table

N = 1_200


def make_customers():
    """Two groups: most of the young live in <b>Bern</b>, and nearly all of the old bought."""
    random = np.random.default_rng(0)
    groups = np.arange(N) % 3 // 2
    city = np.where(random.random(N) < 0.7, np.where(groups, "Lugano", "<b>Bern</b>"), "Chur")
    frame = pd.DataFrame(
        {
            "age": np.where(groups, 60.0, 25.0) + random.normal(size=N),
            "visits": np.where(groups, 2.0, 9.0) + random.normal(size=N),
            "city": city,
            "bought": np.where(random.random(N) < np.where(groups, 0.95, 0.3), "yes", "no"),
            "note": [f"note number {i}" for i in range(N)],
        }
    )
    frame.loc[::10, "age"] = np.nan
    return frame, groups


@pytest.fixture(scope="module", params=["csv", "parquet"])
def path(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("categories") / f"customers.{request.param}"
    frame, _ = make_customers()
    frame.to_csv(path, index=False) if path.suffix == ".csv" else frame.to_parquet(path)
    return path


def learn(path):
    source = TableSource(open_table(path), ["age", "visits"])
    run = Run(source, OnlineClusterer(), window_length=N)
    run.advance(N)
    return run


def list_sentences(report):
    return [html.unescape(each) for each in re.findall(r"<li>(.*?)</li>", report)]


def test_the_report_of_a_run_names_the_shares(path):
    run = learn(path).export_run()
    sentences = list_sentences(write_report(run))
    labels = run.label_points()
    frame, _ = make_customers()
    frame = frame[frame["age"].notna()]
    for cluster in np.unique(labels[labels >= 0]).tolist():
        for name, value in (("city", "<b>Bern</b>"), ("city", "Lugano"), ("bought", "yes")):
            own, rest = (
                (frame[name][each] == value).mean()
                for each in (labels == cluster, labels != cluster)
            )
            sentence = f"{name}: {100 * own:.0f} % {value}, of the others {100 * rest:.0f} %"
            assert (sentence in sentences) == (own > rest)
    assert not any("note" in sentence for sentence in sentences)
    assert "<b>" not in write_report(run)


def test_columns_that_are_features_or_no_text_are_not_counted(path):
    table = open_table(path)
    assert {"city", "bought"} <= {*RowCategories(table, ["age"]).names}
    assert "bought" not in RowCategories(table, ["age", "bought"]).names
    assert "visits" not in RowCategories(table, ["age"]).names


def test_a_table_that_is_gone_or_a_long_stream_leaves_the_shares_out(tmp_path, monkeypatch):
    path = tmp_path / "t.csv"
    make_customers()[0].to_csv(path, index=False)
    run = learn(path).export_run()
    assert any("city" in each for each in list_sentences(write_report(run)))
    monkeypatch.setattr(row_categories, "MOST_ROWS", N // 2)
    assert not any("city" in each for each in list_sentences(write_report(run)))
    monkeypatch.undo()
    path.unlink()
    assert not any("city" in each for each in list_sentences(write_report(run)))


def test_fewer_rows_than_points_are_joined_from_the_end(path):
    run = learn(path)
    rows = RecentRows(run.source)
    labels = run.export_run().label_points()
    whole = count_recent_rows(rows, run.n_seen, labels)
    last = count_recent_rows(rows, run.n_seen, labels[-300:])
    cluster = int(labels[0])
    assert {each.name for each in whole.contrast(cluster)} == {"city", "bought"}
    assert {each.name for each in last.contrast(cluster)} == {"city", "bought"}
    assert count_recent_rows(rows, 0, labels[:0]) is None


def test_the_command_line_counts_all_rows(path, tmp_path, capsys):
    model, report = tmp_path / "model.npz", tmp_path / "report.html"
    arguments = ["--features", "age,visits"]
    assert main(["fit", str(path), *arguments, "-o", str(model)]) == 0
    assert main(["report", str(model), str(path), "-o", str(report)]) == 0
    text = report.read_text("utf-8")
    assert f"{int(0.9 * N):,} rows were labelled" in text
    cities = [each for each in list_sentences(text) if each.startswith("city: ")]
    assert len(cities) == 2
    assert {re.search(r"% (.*), of", each)[1] for each in cities} == {"<b>Bern</b>", "Lugano"}

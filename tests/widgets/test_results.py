"""What a notebook reads of a dashboard: labels, clusters and the model."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.exceptions import NotFittedError

from clusterer.tables import TableError
from widgets import Dashboard

N = 600


def make_customers():
    """Two groups, with an id, a text, a date, gaps and an index that is not in order."""
    random = np.random.default_rng(0)
    groups = np.arange(N) % 3 // 2
    frame = pd.DataFrame(
        {
            "customer_id": [f"C{i:04d}" for i in range(N)],
            "age": np.where(groups, 60.0, 25.0) + random.normal(size=N),
            "income": np.where(groups, 50_000.0, 20_000.0) + 900 * random.normal(size=N),
            "city": np.where(groups, "Lugano", "Bern"),
            "since": pd.Timestamp("2020-01-01") + pd.to_timedelta(np.arange(N), unit="D"),
        },
        index=random.permutation(N) + 1_000,
    )
    frame.loc[frame.index[::10], "income"] = np.nan
    return frame, groups


@pytest.fixture
def show():
    """Return a function that opens a dashboard, whose points are then learned, and its run."""
    opened = []

    def open_it(data, n_points=N, **settings):
        dashboard = Dashboard(data, **settings)
        opened.append(dashboard)
        if n_points:
            dashboard._engine.step(n_points)
        return dashboard

    yield open_it
    for dashboard in opened:
        dashboard.close()


def agree(labels, groups):
    """Whether each label, noise aside, belongs to one group, and each group has a label."""
    pairs = {(label, group) for label, group in zip(labels, groups, strict=True) if label != -1}
    return len(pairs) == len({label for label, _ in pairs}) == len(set(groups))


@pytest.mark.parametrize("is_arrow", [False, True])
def test_labels_join_the_frame(show, is_arrow):
    frame, groups = make_customers()
    dashboard = show(pa.Table.from_pandas(frame, preserve_index=False) if is_arrow else frame)
    labels = dashboard.labels()
    assert labels.index.equals(pd.RangeIndex(N) if is_arrow else frame.index)
    is_used = frame["income"].notna().to_numpy()
    assert (labels.notna().to_numpy() == is_used).all()
    assert agree(labels[is_used].tolist(), groups[is_used].tolist())
    # The labels are the numbers on the page, and the page's counts are untouched.
    assert set(labels.dropna()) - {-1} == set(dashboard.clusters().index)
    assert dashboard._sources.table._table.report.n_rows == is_used.sum()


def test_filled_gaps_and_other_columns_are_labelled_as_they_are_learned(show):
    frame, groups = make_customers()
    dashboard = show(frame)
    dashboard._sources.table.columns.missing.value = "fill with the mean so far"
    dashboard._engine.step(N)
    labels = dashboard.labels()
    assert labels.notna().all()
    dashboard._sources.table.columns.features.value = ["age"]
    dashboard._engine.step(N)
    labels = dashboard.labels()
    assert agree(labels.tolist(), groups.tolist())
    assert [*dashboard.clusters().columns][-1] == "mean of age"


def test_clusters_are_described_in_the_units_of_the_frame(show):
    dashboard = show(make_customers()[0])
    clusters = dashboard.clusters()
    # A tenth of the rows has a gap.
    assert dashboard.n_learned == 0.9 * N
    assert [*clusters["points"]] == pytest.approx([360, 180], abs=9)
    assert [*clusters["mean of age"]] == pytest.approx([25, 60], abs=1)
    assert clusters["words"].iloc[0].startswith(("age very low", "income very low"))
    assert [*clusters["shares"]] == [
        "city: 100 % Bern, of the others 0 %",
        "city: 100 % Lugano, of the others 0 %",
    ]
    assert [*clusters["nearest"]] == [*clusters.index[::-1]]
    frame_of_engine = dashboard._engine.wait_for_frame()
    dashboard._engine.name_cluster(int(clusters.index[0]), "young", frame_of_engine.run)
    assert dashboard.clusters()["name"].iloc[0] == "young"


def test_the_model_labels_in_the_units_of_the_data(show):
    frame, _ = make_customers()
    model = show(frame).model
    assert model.feature_names == ("age", "income")
    young, old = model.predict(np.array([[25.0, 20_000.0], [60.0, 50_000.0]]))
    assert young != old
    before = model.n_seen
    model.learn(np.array([[25.0, 20_000.0]]))
    assert model.n_seen == before + 1


@pytest.mark.parametrize("is_iterator", [False, True])
def test_other_data_have_the_labels_of_the_window(show, is_iterator):
    frame, groups = make_customers()
    points = np.stack([frame["age"], 3.0 * frame["age"]], axis=1)
    dashboard = show(iter([points]) if is_iterator else points, window_length=100)
    labels = dashboard.labels()
    assert [*labels.index] == list(range(N - 100, N))
    assert agree(labels.tolist(), groups[-100:].tolist())
    assert dashboard.settings.window_length == 100


def test_after_a_change_of_the_source_the_labels_are_those_of_the_new_one(show):
    dashboard = show(make_customers()[0])
    dashboard._sources.kind.value = "Generated"
    dashboard._engine.pause()
    dashboard._engine.step(50)
    labels = dashboard.labels()
    n_seen = dashboard.model.n_seen
    assert [*labels.index] == list(range(n_seen))
    assert n_seen >= 50


def test_before_the_first_point_there_is_nothing_to_read(show):
    dashboard = show(make_customers()[0], n_points=0)
    assert dashboard.n_learned == 0
    for read in (dashboard.labels, dashboard.clusters, lambda: dashboard.model):
        with pytest.raises(NotFittedError, match="No point has been learned yet"):
            read()
    dashboard.close()
    with pytest.raises(RuntimeError, match="closed"):
        dashboard.labels()


def test_a_program_learns_points_without_a_page(show):
    frame, groups = make_customers()
    dashboard = show(frame, n_points=0)
    assert dashboard.learn(100) == 100
    assert dashboard.n_learned == 100
    assert dashboard.learn() == 0.9 * N - 100
    assert dashboard.learn() == dashboard.learn(0) == 0
    is_used = frame["income"].notna().to_numpy()
    assert agree(dashboard.labels()[is_used].tolist(), groups[is_used].tolist())
    with pytest.raises(ValueError, match="n_points"):
        dashboard.learn(-1)
    dashboard.close()
    with pytest.raises(RuntimeError, match="closed"):
        dashboard.learn()


def test_a_stream_without_an_end_needs_the_number_of_points(show):
    points = np.random.default_rng(0).normal(size=(5_000, 2))
    assert show(points, n_points=0).learn() == 5_000
    endless = show(lambda: (points for _ in iter(int, 1)), n_points=0)
    with pytest.raises(ValueError, match="may have no end"):
        endless.learn()
    assert endless.learn(7_001) == 7_001
    generated = show(None, n_points=0)
    with pytest.raises(ValueError, match="may have no end"):
        generated.learn()
    assert generated.learn(10) == 10


def test_an_error_in_the_data_reaches_the_program(show):
    bad = show(iter([np.zeros((10, 2)), np.full((10, 2), np.nan)]), n_points=0)
    with pytest.raises(ValueError, match="nan"):
        bad.learn(20)


def test_a_frame_of_text_is_refused():
    with pytest.raises(TableError, match="no numeric column; the columns are: city"):
        Dashboard(pd.DataFrame({"city": ["a", "b"]}))


def test_the_report_is_shown_by_a_notebook_and_saved(show, tmp_path):
    frame, _ = make_customers()
    dashboard = show(frame)
    report = dashboard.report()
    assert report.html.count("<article") == 2
    assert "customer_id" not in report.html
    report.save(tmp_path / "report.html")
    assert (tmp_path / "report.html").read_text("utf-8") == report.html
    shown = report._repr_html_()
    assert shown.startswith("<iframe sandbox ")
    assert "<article" not in shown
    with pytest.raises(NotFittedError):
        show(frame, 0).report()

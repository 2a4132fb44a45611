"""Rows are chosen by text, cluster and place, and written with all columns of their table."""

import io

import numpy as np
import pandas as pd
import pytest

from clusterer import OnlineClusterer
from clusterer.datasets import make_generator
from clusterer.export.recent_rows import RecentRows
from clusterer.export.selected_rows import select_rows, write_selected_rows
from clusterer.session.run import Run
from clusterer.stream import TableSource
from clusterer.tables import open_table


@pytest.fixture
def run(tmp_path):
    """A run over a table with two groups, one in each city; every tenth row has a gap."""
    random = np.random.default_rng(0)
    groups = np.arange(600) % 2
    frame = pd.DataFrame(
        {
            "city": np.where(groups, "=Zürich", "Bern"),
            "x": 20.0 * groups + random.normal(size=600),
            "y": random.normal(size=600),
            "cluster": [f"old {i}" for i in range(600)],
        }
    )
    frame.loc[frame.index[::10], "y"] = np.nan
    frame.to_csv(tmp_path / "t.csv", index=False)
    run = Run(TableSource(open_table(tmp_path / "t.csv"), ["x", "y"]), OnlineClusterer())
    run.advance(10**6)
    return run


def test_all_conditions_must_hold(run):
    export, rows = run.export_run(), RecentRows(run.source)
    everything = select_rows(export, rows)
    assert len(everything) == everything.n_points == 540
    assert everything.is_table
    cities = np.array(everything.cells.column("city").to_pylist())
    bern = int(np.unique(everything.clusters[cities == "Bern"])[0])
    in_bern = select_rows(export, rows, cluster=bern)
    assert set(in_bern.cells.column("city").to_pylist()) == {"Bern"}
    is_low = export.points[:, 1] < 0
    chosen = select_rows(export, rows, text="OLD 1", cluster=bern, is_inside=is_low)
    assert 0 < len(chosen) < len(in_bern)
    assert all(name.startswith("old 1") for name in chosen.cells.column("cluster").to_pylist())
    assert all(float(y) < 0 for y in chosen.cells.column("y").to_pylist())
    assert not len(select_rows(export, rows, text="nowhere"))


def test_the_file_has_the_rows_and_runs_no_formula(run):
    export, rows = run.export_run(), RecentRows(run.source)
    run.name_cluster(1, "gold")
    selected = select_rows(run.export_run(), rows, text="zürich")
    content = write_selected_rows(selected)
    frame = pd.read_csv(io.BytesIO(content), encoding="utf-8-sig")
    assert list(frame.columns)[:3] == ["row", "cluster_", "cluster_name"]
    assert np.array_equal(frame["row"], selected.numbers)
    assert np.array_equal(frame["cluster_"], selected.clusters)
    assert set(frame["city"]) == {"'=Zürich"}
    assert np.allclose(frame["x"], export.points[np.isin(_row_numbers(export), frame["row"]), 0])


def _row_numbers(export):
    return export.number_points()


def test_points_without_a_table_have_their_features_and_class():
    run = Run(make_generator("blobs"), OnlineClusterer(), window_length=300)
    run.advance(1000)
    selected = select_rows(run.export_run())
    assert not selected.is_table
    assert selected.numbers.tolist() == list(range(701, 1001))
    assert selected.cells.column_names == ["x1", "x2", "class"]
    assert np.array_equal(selected.cells.column("x1"), run.export_run().points[:, 0])

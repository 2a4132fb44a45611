"""The rows behind the last points are those that the stream has taken, in its order."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterer.export import recent_rows
from clusterer.export.recent_rows import RecentRows
from clusterer.stream import TableSource
from clusterer.tables import TableError, open_table


def make_frame(n=3000, seed=1):
    """Numbers with gaps, a text, and times in another order than the rows."""
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "name": [f"n{i}" for i in range(n)],
            "x": random.normal(size=n).round(3),
            "y": random.normal(size=n).round(3),
            "when": pd.Timestamp("2024-01-01") + pd.to_timedelta(random.permutation(n), unit="h"),
        }
    )
    frame.loc[random.random(n) < 0.2, "x"] = np.nan
    return frame


def open_source(path, **choices):
    return TableSource(open_table(path), ["x", "y"], **choices)


@pytest.fixture(scope="module", params=["csv", "parquet"])
def path(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("rows") / f"t.{request.param}"
    frame = make_frame()
    frame.to_csv(path, index=False) if path.suffix == ".csv" else frame.to_parquet(path)
    return path


CHOICES = [{}, {"missing": "mean"}, {"time": "when"}]


@pytest.mark.parametrize("choices", CHOICES, ids=["drop", "fill", "time"])
@settings(max_examples=8)
@given(pairs=st.lists(st.tuples(st.integers(0, 2300), st.integers(0, 700)), min_size=1, max_size=6))
def test_the_rows_are_those_of_the_points_whatever_was_read_before(path, choices, pairs):
    source = open_source(path, **choices)
    points = source.take(10**6).points
    frame, rows = make_frame(), RecentRows(source)
    for n_taken, n_last in pairs:
        found = rows.read(n_taken, n_last)
        wanted = points[max(n_taken - n_last, 0) : n_taken]
        if not n_taken or (not len(wanted) and "time" in choices):
            assert found is None
            continue
        assert len(found.numbers) == len(wanted)
        # The rows name themselves, and the text and the numbers come from the same row.
        names = [f"n{number - 1}" for number in found.numbers]
        assert found.cells.column("name").to_pylist() == names
        known = frame.iloc[found.numbers - 1][["x", "y"]].to_numpy()
        is_known = np.isfinite(known)
        assert np.array_equal(known[is_known], wanted[is_known])


def test_the_rows_have_the_numbers_of_the_exported_points(path):
    source = open_source(path)
    source.take(1500)
    found = RecentRows(source).read(1500, 400)
    assert np.array_equal(found.numbers, source.find_rows(1500, 400))


def test_of_rows_that_take_too_much_memory_the_newest_are_kept(path, monkeypatch):
    monkeypatch.setattr(recent_rows, "MAX_BYTES", 1)
    source = TableSource(open_table(path), ["y"])
    found = RecentRows(source).read(3000, 3000)
    assert 0 < len(found.numbers) <= 3000
    assert found.numbers[-1] == 3000
    assert found.cells.column("name")[-1].as_py() == "n2999"


def test_a_file_that_has_changed_is_told(tmp_path):
    path = tmp_path / "t.csv"
    make_frame(100).to_csv(path, index=False)
    source = TableSource(open_table(path), ["y"])
    assert len(RecentRows(source).read(100, 100).numbers) == 100
    # The table has fewer points than the stream is said to have taken.
    assert RecentRows(source).read(101, 100) is None
    make_frame(50).to_csv(path, index=False)
    with pytest.raises(TableError, match="has changed"):
        RecentRows(source).read(100, 100)

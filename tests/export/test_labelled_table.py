"""The table with clusters has all rows and columns in order, and says why a row has no cluster."""

import csv
import io
import json
import sqlite3
from contextlib import closing

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from clusterer import OnlineClusterer
from clusterer.evaluation.row_labels import RowLabeller
from clusterer.export.labelled_table import write_labelled_table
from clusterer.scaled_learner import ScaledLearner
from clusterer.tables import TableError, open_table
from tests.support.table_files import SAME

FEATURES = ["age", "income"]
YOUNG, OLD = 5, 6


def make_customers(n=900):
    """Two groups, with an id, a text, a date and gaps."""
    random = np.random.default_rng(3)
    groups = np.arange(n) % 3 // 2
    frame = pd.DataFrame(
        {
            "customer": [f"C{i:04d}" for i in range(n)],
            "age": np.where(groups, 60.0, 25.0) + random.normal(size=n),
            "income": np.where(groups, 50_000.0, 20_000.0) + 900 * random.normal(size=n),
            "city": np.where(groups, "Zürich", "Bern"),
            "since": pd.Timestamp("2020-01-01") + pd.to_timedelta(np.arange(n), unit="D"),
        }
    )
    frame.loc[frame.index[::10], "income"] = np.nan
    return frame, groups


@pytest.fixture(scope="module")
def labeller():
    frame, _ = make_customers()
    points = frame[FEATURES].dropna().to_numpy()
    learner = ScaledLearner(OnlineClusterer(40), feature_names=tuple(FEATURES)).learn(points)
    young, old = learner.predict(np.array([[25.0, 20_000.0], [60.0, 50_000.0]])).tolist()
    return RowLabeller(learner, {young: YOUNG, old: OLD}, {YOUNG: "=young", OLD: "old"})


def write(path, labeller, kind="csv", features=FEATURES, **options):
    file = io.BytesIO()
    table = open_table(path)
    counts = list(write_labelled_table(file, table, features, labeller, kind, **options))
    assert counts == sorted(set(counts))
    return file.getvalue(), counts[-1], table


def save(frame, path):
    if path.suffix == ".sqlite":
        with closing(sqlite3.connect(path)) as connection:
            frame.to_sql("customers", connection, index=False)
    elif path.suffix == ".csv":
        frame.to_csv(path, index=False)
    else:
        getattr(frame, f"to_{path.suffix[1:]}")(path)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@pytest.mark.parametrize("source", ["csv", "parquet", "feather", "sqlite"])
def test_every_row_and_column_comes_back_with_its_cluster(source, kind, labeller, tmp_path):
    frame, groups = make_customers()
    path = tmp_path / f"t.{source}"
    save(frame, path)
    content, n_rows, _ = write(path, labeller, kind)
    read = pd.read_csv if kind == "csv" else pd.read_parquet
    found = read(io.BytesIO(content))
    assert n_rows == len(found) == len(frame)
    assert [*found][:5] == [*frame]
    assert [*found][5:] == ["cluster", "cluster_name", "distance", "certainty", "score", "not_used"]
    for name in ("customer", "age", "income", "city"):
        pd.testing.assert_series_equal(found[name], frame[name], check_dtype=False)
    assert (pd.to_datetime(found["since"]) == frame["since"]).all()
    is_used = frame["income"].notna()
    assert (found["cluster"].notna() == is_used).all()
    assert (found["not_used"][~is_used] == "a value is missing: income").all()
    assert found["not_used"][is_used].isna().all()
    used = found[is_used]
    assert (used["cluster"] == np.where(groups, OLD, YOUNG)[is_used]).mean() > 0.97
    names = {"=young" if kind == "parquet" else "'=young", "old"}
    assert set(used["cluster_name"].dropna()) - {""} == names
    assert used["score"].notna().all()
    assert (used["distance"] < 2).all()
    assert used["certainty"][used["cluster"] > 0].min() > 0


def test_the_labels_are_those_of_the_model(labeller, tmp_path):
    frame, _ = make_customers()
    frame.to_csv(tmp_path / "t.csv", index=False)
    found = pd.read_csv(io.BytesIO(write(tmp_path / "t.csv", labeller)[0])).dropna(subset="cluster")
    learner = labeller.learner
    points = found[FEATURES].to_numpy()
    scaled = learner.scaling.apply(points)
    expected = learner.predict(points)
    assert found["cluster"].tolist() == [labeller.label_ids.get(i, -1) for i in expected.tolist()]
    assert np.allclose(found["score"], learner.model.score_samples(scaled))
    distances = pd.DataFrame(learner.model.transform(scaled), columns=learner.model.cluster_ids_)
    own = [
        distances.iloc[i][label] if label >= 0 else distances.iloc[i].min()
        for i, label in enumerate(expected)
    ]
    assert np.allclose(found["distance"], own)


@pytest.mark.parametrize("name", sorted(SAME))
def test_tables_of_any_dialect_keep_their_cells(name, tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(SAME[name])
    table = open_table(path)
    chunks = [each.points for each in table.chunks(["x", "y"], 100)]
    learner = ScaledLearner(OnlineClusterer(9)).learn(np.concatenate(chunks))
    rows = [*open_table(path).read_rows(["x", "y"])]
    assert np.array_equal(np.concatenate([each.points for each in rows]), np.concatenate(chunks))
    content = write(path, RowLabeller(learner), features=["x", "y"])[0]
    again = tmp_path / "again.csv"
    again.write_bytes(content)
    labelled = open_table(again)
    assert labelled.delimiter == (table.delimiter if table.delimiter in ",;\t|" else ",")
    read = [each.points for each in labelled.chunks(["x", "y"], 100)]
    assert np.array_equal(np.concatenate(read), np.concatenate(chunks))
    # The numbers of the model are written as those of the table.
    scores = [each.points for each in labelled.chunks(["score"], 100)]
    points = np.concatenate(chunks)
    expected = learner.model.score_samples(learner.scaling.apply(points))
    assert np.allclose(np.concatenate(scores)[:, 0], expected)


def test_rows_that_cannot_be_used_are_there_with_the_reason(tmp_path):
    path = tmp_path / "t.csv"
    rows = "".join(f"r{i},{i % 7},{i % 5}\n" for i in range(30))
    awkward = "odd,x,1\ncut,2\ngap,,3\nhuge,1e999,3\n# a remark\nlast,1,1\nTotal,91,60\n"
    path.write_text(f"# made by hand\nname,x,y\n{rows}{awkward}")
    learner = ScaledLearner(OnlineClusterer(9)).learn(np.random.default_rng(0).normal(size=(50, 2)))
    content, n_rows, table = write(path, RowLabeller(learner), features=["x", "y"])
    found = [*csv.DictReader(io.StringIO(content.decode()))]
    assert n_rows == len(found) == 36
    assert [each["name"] for each in found[30:]] == ["odd", "", "gap", "huge", "last", "Total"]
    reasons = [each["not_used"] for each in found[30:]]
    assert reasons[0] == "'x' in x is no number"
    assert "number of cells" in reasons[1]
    assert reasons[2:4] == ["a value is missing: x", "a value is infinite: x"]
    assert reasons[4:] == ["", "it sums up other rows"]
    assert [each["cluster"] == "" for each in found[30:]] == [True] * 4 + [False, True]
    assert (table.report.n_rows, table.report.n_dropped) == (31, 5)
    # The numbers of the rows are those of `chunks`.
    chunk = next(open_table(path).chunks(["x", "y"], 100, is_numbered=True))
    used = [each.numbers[each.is_used] for each in open_table(path).read_rows(["x", "y"])]
    assert np.array_equal(np.concatenate(used), chunk.points[:, -1])


def test_filled_values_are_used(tmp_path, labeller):
    frame, _ = make_customers()
    frame.to_csv(tmp_path / "t.csv", index=False)
    content = write(tmp_path / "t.csv", labeller, missing="mean")[0]
    found = pd.read_csv(io.BytesIO(content))
    assert found["cluster"].notna().all()
    assert found["not_used"].isna().all()
    # The gap stays a gap in the table.
    assert found["income"].isna().sum() == 90


HARMLESS = ["-3", "+41 44 123", "-1.5e3", "--", "-12,5", "−4", "+8 %", "a-b", ""]
FORMULAS = ["=1+1", "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "＝1", "-x"]


def test_text_cannot_become_a_formula_and_numbers_stay_numbers(tmp_path):
    cells = HARMLESS + FORMULAS
    records = [{"note": cell, "=x": i} for i, cell in enumerate(cells * 3)]
    path = tmp_path / "t.json"
    path.write_text(json.dumps(records))
    learner = ScaledLearner(OnlineClusterer(9)).learn(np.arange(20.0)[:, None])
    content = write(path, RowLabeller(learner), features=["=x"])[0]
    rows = [*csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))]
    assert rows[0][:2] == ["note", "'=x"]
    found = [row[0] for row in rows[1 : 1 + len(cells)]]
    assert found[: len(HARMLESS)] == HARMLESS
    assert found[len(HARMLESS) :] == [f"'{cell}" for cell in FORMULAS]


def test_columns_that_have_the_same_names_are_kept_apart(tmp_path):
    frame = pd.DataFrame({"cluster": np.arange(50.0), "score": 1.5, "not_used": "x"})
    frame["score"] += frame.index % 3
    frame.to_parquet(tmp_path / "t.parquet")
    learner = ScaledLearner(OnlineClusterer(9)).learn(frame[["cluster", "score"]].to_numpy())
    content = write(tmp_path / "t.parquet", RowLabeller(learner), "parquet", ["cluster", "score"])[
        0
    ]
    found = pd.read_parquet(io.BytesIO(content))
    assert [*found] == [
        *frame, "cluster_", "distance", "certainty", "score_", "not_used_",
    ]  # fmt: skip
    assert found["cluster"].equals(frame["cluster"])


def test_columns_of_lists_are_left_out_and_other_kinds_are_kept(tmp_path):
    n = 40
    table = pa.table(
        {
            "x": pa.array(np.arange(float(n))),
            "list": pa.array([[i] for i in range(n)]),
            "bytes": pa.array([b"=a\xff"] * n),
            "span": pa.array(np.arange(n), pa.duration("s")),
            "flag": pa.array(np.arange(n) % 2 == 0),
            "word": pa.array(["a", None] * (n // 2)).dictionary_encode(),
        }
    )
    pq.write_table(table, tmp_path / "t.parquet")
    learner = ScaledLearner(OnlineClusterer(9)).learn(np.arange(20.0)[:, None])
    for kind in ("csv", "parquet"):
        content = write(tmp_path / "t.parquet", RowLabeller(learner), kind, ["x"])[0]
        read = pd.read_csv if kind == "csv" else pd.read_parquet
        found = read(io.BytesIO(content))
        assert [*found][:5] == ["x", "bytes", "span", "flag", "word"]
        assert found["flag"].tolist() == [True, False] * (n // 2)
        assert found["word"].isna().sum() == n // 2
    assert write(tmp_path / "t.parquet", RowLabeller(learner), "csv", ["x"])[0].count(b"'=a") == n


def test_a_writing_that_stops_early_closes_the_table(tmp_path):
    frame = pd.DataFrame({"x": np.random.default_rng(0).normal(size=200_000)})
    frame.to_csv(tmp_path / "t.csv", index=False)
    learner = ScaledLearner(OnlineClusterer(9)).learn(frame.to_numpy()[:500])
    file = io.BytesIO()
    table = open_table(tmp_path / "t.csv")
    with closing(write_labelled_table(file, table, ["x"], RowLabeller(learner))) as written:
        first = next(written)
    assert 0 < first < len(frame)
    assert file.getvalue().count(b"\n") == first + 1


def test_a_table_that_is_gone_is_refused_with_its_name(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("x\n" + "1\n2\n" * 20)
    table = open_table(path)
    learner = ScaledLearner(OnlineClusterer(9)).learn(np.arange(20.0)[:, None])
    path.unlink()
    with pytest.raises((TableError, OSError), match=r"t\.csv"):
        list(write_labelled_table(io.BytesIO(), table, ["x"], RowLabeller(learner)))

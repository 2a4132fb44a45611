"""Data files hold what the run holds, and text in them is never a formula."""

import csv
import io
import json

import numpy as np
import pyarrow.csv as pa_csv
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterer import OnlineClusterer, load
from clusterer.datasets import make_generator
from clusterer.export.data_files import (
    FORMULA_STARTS,
    escape_formula,
    make_file_name,
    write_clusters_csv,
    write_json,
    write_model,
    write_points_csv,
    write_prototypes_csv,
)
from clusterer.preprocessing.scaling import Scaling
from clusterer.session.run import Run
from clusterer.stream import TableSource
from clusterer.tables import open_table


@pytest.fixture
def exported():
    run = Run(make_generator("blobs", seed=2, noise=0.1), OnlineClusterer(40), window_length=700)
    run.advance(500)
    run.advance(1000)
    return run.export_run()


def read(content):
    options = pa_csv.ParseOptions(newlines_in_values=True)
    return pa_csv.read_csv(io.BytesIO(content), parse_options=options).to_pandas()


def test_prototypes_and_clusters_equal_the_snapshot(exported):
    prototypes = read(write_prototypes_csv(exported))
    assert np.array_equal(prototypes[["x1", "x2"]], exported.snapshot.centers)
    assert np.array_equal(prototypes["weight"], exported.snapshot.weights)
    clusters = read(write_clusters_csv(exported)).set_index("cluster")
    assert len(clusters) == exported.snapshot.n_clusters == 5
    kept = prototypes[prototypes["cluster"] >= 0]
    assert np.allclose(clusters["weight"], kept.groupby("cluster")["weight"].sum())
    assert clusters["prototypes"].sum() == len(kept)
    means = [
        np.average(group[["x1", "x2"]], axis=0, weights=group["weight"])
        for _, group in kept.groupby("cluster")
    ]
    assert np.allclose(clusters[["x1", "x2"]], means)


def test_the_json_holds_the_same_values(exported):
    document = json.loads(write_json(exported))
    prototypes = read(write_prototypes_csv(exported))
    assert [row["center"] for row in document["prototypes"]] == exported.snapshot.centers.tolist()
    assert [row["cluster"] for row in document["prototypes"]] == prototypes["cluster"].tolist()
    assert document["n_seen"] == 1500
    assert document["parameters"]["n_prototypes"] == 40
    assert len(document["clusters"]) == 5


@pytest.mark.parametrize("time", [None, "day"])
def test_points_of_a_table_have_the_numbers_of_their_rows(time, tmp_path):
    random = np.random.default_rng(0)
    x, day = random.normal(size=400), random.permutation(400) + 1_000
    path = tmp_path / "t.csv"
    path.write_text(
        "x,day\n" + "".join(f"{v},{d}\n" for v, d in zip(x, day, strict=True)) + "?,1\n"
    )
    with path.open("a") as file:
        file.write("7.5,5000\n")
    run = Run(
        TableSource(open_table(path), ["x"], time=time), OnlineClusterer(20), window_length=100
    )
    run.advance(150)
    run.advance(250)
    order = np.argsort(day) if time else np.arange(400)
    points = read(write_points_csv(run.export_run()))
    assert points.columns[0] == "row"
    assert points["row"].tolist() == (order[300:] + 1).tolist()
    assert np.array_equal(points["x"], x[order[300:]])
    run.advance(10)
    assert read(write_points_csv(run.export_run()))["row"].iloc[-1] == 402
    path.write_text("x,day\n" + "1,2\n" * 20)
    assert "row" not in read(write_points_csv(run.export_run()))


def test_labelled_points_are_the_window_with_classes_and_clusters(exported):
    points = read(write_points_csv(exported))
    source = make_generator("blobs", seed=2, noise=0.1)
    source.take(800)
    expected = source.take(700)
    assert np.array_equal(points[["x1", "x2"]], expected.points)
    assert np.array_equal(points["class"], expected.classes)
    prototypes = read(write_prototypes_csv(exported))
    gaps = np.linalg.norm(expected.points[:, None] - exported.centers, axis=2)
    assert np.array_equal(points["cluster"], prototypes["cluster"][gaps.argmin(axis=1)])


def test_the_model_file_continues_like_the_model_of_the_run(exported, tmp_path):
    (tmp_path / "model.npz").write_bytes(write_model(exported))
    model = load(tmp_path / "model.npz")
    assert np.array_equal(model.prototypes_, exported.snapshot.centers)
    more = np.random.default_rng(0).normal(size=(500, 2))
    assert np.array_equal(
        model.partial_fit(more).prototypes_, exported.model.partial_fit(more).prototypes_
    )


def test_before_the_first_point_the_files_hold_headers_only():
    exported = Run(make_generator("moons"), OnlineClusterer()).export_run()
    for write in (write_prototypes_csv, write_clusters_csv, write_points_csv):
        assert len(read(write(exported))) == 0
    assert json.loads(write_json(exported))["prototypes"] == []
    with pytest.raises(ValueError, match="not fitted"):
        write_model(exported)


def test_a_scaled_run_is_written_in_the_units_of_the_table_with_its_scaling(tmp_path):
    random = np.random.default_rng(0)
    names = random.choice(["=cmd()", "-b", "plain, and\nbroken", '"quoted"'], 300)
    values = random.normal(size=(300, 2)) * [1000, 0.01]
    path = tmp_path / "t.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["=SUM(A1)", "cluster", "kind"])
        writer.writerows([*row, name] for row, name in zip(values.tolist(), names, strict=True))
    table = open_table(path)
    scaling = Scaling.standardize(values.mean(axis=0), values.std(axis=0))
    source = TableSource(table, ("=SUM(A1)", "cluster"), "kind", name="t.csv")
    run = Run(source, OnlineClusterer(), scaling=scaling)
    run.advance(300)
    exported = run.export_run()
    points = read(write_points_csv(exported))
    assert list(points.columns) == ["row", "cluster_", "class", "'=SUM(A1)", "cluster"]
    assert np.array_equal(points[["'=SUM(A1)", "cluster"]], values)
    written = [" ".join(escape_formula(name).split()) for name in names]
    assert [" ".join(name.split()) for name in points["class"]] == written
    assert (points["'=SUM(A1)"] < 0).any()  # numbers get no apostrophe
    document = json.loads(write_json(exported))
    known = Scaling(**document["scaling"])
    assert np.array_equal(known.apply(values), scaling.apply(values))
    centers = [row["center"] for row in document["prototypes"]]
    assert np.allclose(known.apply(np.array(centers)), exported.snapshot.centers)


@given(st.text())
def test_no_text_starts_a_formula(text):
    assert not escape_formula(text).startswith(FORMULA_STARTS)
    assert escape_formula(text).endswith(text)


@given(st.text(max_size=200))
def test_any_text_gives_a_valid_file_name(text):
    name = make_file_name(text, "points.csv")
    assert name.endswith("points.csv")
    assert len(name) <= 80
    assert not set(name) & set('/\\:*?"<>|\0\n\r ')
    assert not name.startswith((".", "-"))

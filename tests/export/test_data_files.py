"""Files to take away: read back, they hold what the run held; text in them calculates nothing."""

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
    defuse,
    name_file,
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
def taken():
    run = Run(make_generator("blobs", seed=2, noise=0.1), OnlineClusterer(40), window_length=700)
    run.advance(500)
    run.advance(1000)
    return run.export_run()


def read(content):
    options = pa_csv.ParseOptions(newlines_in_values=True)
    return pa_csv.read_csv(io.BytesIO(content), parse_options=options).to_pandas()


def test_prototypes_and_clusters_are_what_the_snapshot_has(taken):
    prototypes = read(write_prototypes_csv(taken))
    assert np.array_equal(prototypes[["x1", "x2"]], taken.snapshot.centers)
    assert np.array_equal(prototypes["weight"], taken.snapshot.weights)
    clusters = read(write_clusters_csv(taken)).set_index("cluster")
    assert len(clusters) == taken.snapshot.n_clusters == 5
    kept = prototypes[prototypes["cluster"] >= 0]
    assert np.allclose(clusters["weight"], kept.groupby("cluster")["weight"].sum())
    assert clusters["prototypes"].sum() == len(kept)
    means = [
        np.average(group[["x1", "x2"]], axis=0, weights=group["weight"])
        for _, group in kept.groupby("cluster")
    ]
    assert np.allclose(clusters[["x1", "x2"]], means)


def test_the_json_says_the_same(taken):
    document = json.loads(write_json(taken))
    prototypes = read(write_prototypes_csv(taken))
    assert [row["center"] for row in document["prototypes"]] == taken.snapshot.centers.tolist()
    assert [row["cluster"] for row in document["prototypes"]] == prototypes["cluster"].tolist()
    assert document["n_seen"] == 1500
    assert document["parameters"]["n_prototypes"] == 40
    assert len(document["clusters"]) == 5


def test_labelled_points_are_the_window_with_truth_and_the_nearest_prototypes_cluster(taken):
    points = read(write_points_csv(taken))
    source = make_generator("blobs", seed=2, noise=0.1)
    source.take(800)
    expected = source.take(700)
    assert np.array_equal(points[["x1", "x2"]], expected.points)
    assert np.array_equal(points["class"], expected.classes)
    prototypes = read(write_prototypes_csv(taken))
    gaps = np.linalg.norm(expected.points[:, None] - taken.centers, axis=2)
    assert np.array_equal(points["cluster"], prototypes["cluster"][gaps.argmin(axis=1)])


def test_the_model_goes_on_as_if_nothing_happened(taken, tmp_path):
    (tmp_path / "model.npz").write_bytes(write_model(taken))
    model = load(tmp_path / "model.npz")
    assert np.array_equal(model.prototypes_, taken.snapshot.centers)
    more = np.random.default_rng(0).normal(size=(500, 2))
    assert np.array_equal(
        model.partial_fit(more).prototypes_, taken.model.partial_fit(more).prototypes_
    )


def test_before_the_first_point_there_are_only_headers():
    taken = Run(make_generator("moons"), OnlineClusterer()).export_run()
    for write in (write_prototypes_csv, write_clusters_csv, write_points_csv):
        assert len(read(write(taken))) == 0
    assert json.loads(write_json(taken))["prototypes"] == []
    with pytest.raises(ValueError, match="not fitted"):
        write_model(taken)


def test_a_scaled_run_is_written_in_the_units_of_the_table_and_tells_the_scaling(tmp_path):
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
    taken = run.export_run()
    points = read(write_points_csv(taken))
    assert list(points.columns) == ["cluster_", "class", "'=SUM(A1)", "cluster"]
    assert np.array_equal(points[["'=SUM(A1)", "cluster"]], values)
    written = [" ".join(defuse(name).split()) for name in names]
    assert [" ".join(name.split()) for name in points["class"]] == written
    assert (points["'=SUM(A1)"] < 0).any()  # numbers stay numbers
    document = json.loads(write_json(taken))
    known = Scaling(**document["scaling"])
    assert np.array_equal(known.apply(values), scaling.apply(values))
    centers = [row["center"] for row in document["prototypes"]]
    assert np.allclose(known.apply(np.array(centers)), taken.snapshot.centers)


@given(st.text())
def test_no_text_begins_a_formula(text):
    assert not defuse(text).startswith(FORMULA_STARTS)
    assert defuse(text).endswith(text)


@given(st.text(max_size=200))
def test_any_text_makes_a_sane_name_of_a_file(text):
    name = name_file(text, "points.csv")
    assert name.endswith("points.csv")
    assert len(name) <= 80
    assert not set(name) & set('/\\:*?"<>|\0\n\r ')
    assert not name.startswith((".", "-"))

"""The command line: its models, labels, messages and exit codes."""

from __future__ import annotations

import gzip
import io
import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

import clusterer
from clusterer.cli import main
from clusterer.cluster.scaled_clusterer import Learner

ROOT = Path(__file__).resolve().parents[2]
CENTERS = np.array([[0.0, 0.0], [9.0, 0.0], [0.0, 9.0]])


def make_table(seed: int, n_points: int = 3_000) -> tuple[pd.DataFrame, np.ndarray]:
    """Three blobs; the second column is in another unit, a million times as large."""
    random = np.random.default_rng(seed)
    classes = random.integers(3, size=n_points)
    points = CENTERS[classes] + random.normal(size=(n_points, 2))
    return pd.DataFrame({"length": points[:, 0], "=cost": points[:, 1] * 1e6}), classes


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """A CSV file, the same packed, one that comes later, and the model of the first."""
    folder = tmp_path_factory.mktemp("tables")
    paths = SimpleNamespace(folder=folder, first=folder / "1.csv", later=folder / "2.parquet")
    frame, paths.classes = make_table(1)
    frame.to_csv(paths.first, index=False)
    make_table(2)[0].to_parquet(paths.later)
    paths.model = folder / "model.npz"
    assert main(["fit", str(paths.first), "-o", str(paths.model)]) == 0
    return paths


def feed(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(
        sys, "stdin", SimpleNamespace(buffer=io.BufferedReader(io.BytesIO(content)))
    )


def read_labels(path: Path) -> pd.DataFrame:
    return pd.read_csv(path)


def test_labels_are_those_of_the_model_in_its_own_units(tables, tmp_path):
    out = tmp_path / "out.csv"
    assert main(["predict", str(tables.model), str(tables.first), "-o", str(out)]) == 0
    labels = read_labels(out)
    # The apostrophe keeps spreadsheets from calculating.
    assert list(labels) == ["row", "cluster", "length", "'=cost"]
    assert labels["row"].tolist() == list(range(1, 3_001))
    assert adjusted_rand_score(tables.classes, labels["cluster"]) > 0.95
    # One label a point, whatever else is labelled with it.
    learner = Learner.load(tables.model)
    frame = pd.read_csv(tables.first)
    assert np.array_equal(learner.predict(frame.to_numpy()), labels["cluster"])
    assert learner.feature_names == ("length", "=cost")
    assert learner.cluster_centers[:, 1].max() == pytest.approx(9e6, rel=0.1)


def test_the_model_alone_tells_that_its_units_are_not_the_datas(tables):
    with pytest.warns(UserWarning, match=r"Learner\.load"):
        model = clusterer.load(tables.model)
    assert np.abs(model.prototypes_).max() < 10


@pytest.mark.parametrize("kind", ["text", "gzip", "parquet"])
def test_standard_input_gives_the_same_model(kind, tables, tmp_path, monkeypatch):
    named = tables.later if kind == "parquet" else tables.first
    content = named.read_bytes()
    feed(monkeypatch, gzip.compress(content) if kind == "gzip" else content)
    piped, read = tmp_path / "piped.npz", tmp_path / "read.npz"
    assert main(["fit", "-", "-o", str(piped)]) == 0
    assert main(["fit", str(named), "-o", str(read)]) == 0
    assert np.array_equal(Learner.load(piped).centers, Learner.load(read).centers)


def test_a_model_goes_on_where_it_ended(tables, tmp_path):
    at_once, later = tmp_path / "at-once.npz", tmp_path / "later.npz"
    assert main(["fit", str(tables.first), str(tables.later), "-o", str(at_once)]) == 0
    args = ["fit", "--from", str(tables.model), str(tables.later), "-o", str(later)]
    assert main(args) == 0
    assert np.array_equal(Learner.load(at_once).centers, Learner.load(later).centers)
    assert Learner.load(later).n_seen == 6_000


def test_rows_are_numbered_across_what_is_dropped(tables, tmp_path, capsys):
    awkward, out = tmp_path / "awkward.csv", tmp_path / "out.csv"
    good = "1.5,2e6\n" * 20
    awkward.write_text(f"# a remark\nlength,=cost\n{good}?,2e6\n1,2,3\n0.5,1e6\n")
    args = ["predict", str(tables.model), str(awkward), str(tables.first), "-o", str(out)]
    assert main(args) == 0
    labels = read_labels(out)
    mine = labels[labels["file"] == str(awkward)]
    assert mine["row"].tolist() == [*range(1, 21), 23]
    assert len(labels) == 21 + 3_000
    told = capsys.readouterr().err
    assert "1 row dropped: a value is missing (1 in length)" in told
    assert "1 row dropped: malformed (line 24)" in told


def test_parameters_and_description(tables, tmp_path, capsys):
    model = tmp_path / "model.npz"
    chosen = ["--n-prototypes", "9", "--sigma", "2e5", "--half-life", "500", "--as-is"]
    args = ["fit", str(tables.first), "-o", str(model), "--features", "=cost", *chosen]
    assert main(args) == 0
    # In its own units it is a model like any other.
    loaded = clusterer.load(model)
    assert (loaded.n_prototypes, loaded.sigma, loaded.half_life) == (9, 2e5, 500.0)
    assert loaded.feature_names_in_.tolist() == ["=cost"]
    assert main(["describe", str(model)]) == 0
    told = capsys.readouterr().out
    assert "points      3,000" in told
    assert "sigma       200000 (chosen)" in told
    assert main(["describe", str(model), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["parameters"]["n_prototypes"] == 9
    assert len(document["prototypes"]) == 9


WRONG = {
    "no such file": (["fit", "{folder}/none.csv", "-o", "{out}"], "none.csv does not exist"),
    "no numbers": (["fit", "{text}", "-o", "{out}"], "words.csv has no numeric column"),
    "damaged": (["fit", "{first}", "{damaged}", "-o", "{out}"], "damaged.parquet"),
    "damaged later": (
        ["predict", "{model}", "{first}", "{damaged}", "-o", "{out}"],
        "damaged.parq",
    ),
    "too far": (["fit", "{far}", "-o", "{out}"], "far.csv, rows 1 to 3: Row 2"),
    "no model": (["predict", "{first}", "{first}", "-o", "{out}"], "1.csv"),
    "other columns": (["predict", "{model}", "{far}", "-o", "{out}"], "no column 'length'"),
    "no folder": (["fit", "{first}", "-o", "{folder}/none/model.npz"], "cannot be written"),
    "empty folder": (["fit", "{empty}", "-o", "{out}"], "holds no files"),
    "absent feature": (["fit", "{first}", "-o", "{out}", "--features", "x"], "no column 'x'"),
}


@pytest.mark.parametrize("name", WRONG)
def test_trouble_is_told_and_nothing_is_lost(name, tables, tmp_path, capsys):
    (tmp_path / "words.csv").write_text("a\nb\nc\n")
    (tmp_path / "far.csv").write_text("x,y\n0,1\n1,1\n1e200,1\n")
    (tmp_path / "empty").mkdir()
    content = tables.later.read_bytes()
    (tmp_path / "damaged.parquet").write_bytes(content[:4] + bytes(400) + content[404:])
    out = tmp_path / "out"
    out.write_text("what was there")
    places = {
        "folder": tmp_path,
        "text": tmp_path / "words.csv",
        "far": tmp_path / "far.csv",
        "damaged": tmp_path / "damaged.parquet",
        "empty": tmp_path / "empty",
        "out": out,
        "first": tables.first,
        "model": tables.model,
    }
    before = sorted(tmp_path.iterdir())
    arguments, message = WRONG[name]
    if name == "too far":
        arguments = [*arguments, "--as-is"]
    assert main([each.format(**places) for each in arguments]) == 1
    assert message in capsys.readouterr().err
    assert out.read_text() == "what was there"
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    "arguments",
    [[], ["fit"], ["fit", "a.csv", "-o", "m", "--sigma", "-1"], ["predict", "m"], ["fix"]],
)
def test_wrong_usage(arguments, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert "usage: clusterer" in capsys.readouterr().err


def test_interrupted_it_leaves_no_half_written_file(tables, tmp_path):
    out = tmp_path / "out.csv"
    line = [sys.executable, "-m", "clusterer", "predict", str(tables.model), "-", "-o", str(out)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        line,
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        cwd=tmp_path,
        # What a shell runs in the background ignores Ctrl-C, and so would what is started here.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    ) as process:
        assert process.stdin is not None
        rows = "0.5,1e6\n" * 500_000
        process.stdin.write(f"length,=cost\n{rows}".encode())
        process.stdin.flush()
        # The table is open, so its output has been begun.
        assert list(tmp_path.glob(".out.csv.*.part"))
        while process.poll() is None:
            process.send_signal(signal.SIGINT)
            # Python drops what is raised while an object is being deleted: Ctrl-C is pressed again.
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=20)
        _, told = process.communicate()
    assert process.returncode == 130
    assert b"interrupted" in told
    assert not list(tmp_path.iterdir())

"""The command line: models, labels, messages and exit codes."""

from __future__ import annotations

import gzip
import io
import json
import os
import re
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
from clusterer.scaled_learner import ScaledLearner

ROOT = Path(__file__).resolve().parents[2]
CENTERS = np.array([[0.0, 0.0], [9.0, 0.0], [0.0, 9.0]])


def make_table(seed: int, n_points: int = 3_000) -> tuple[pd.DataFrame, np.ndarray]:
    """Three blobs. The values of the second column are a million times as large."""
    random = np.random.default_rng(seed)
    classes = random.integers(3, size=n_points)
    points = CENTERS[classes] + random.normal(size=(n_points, 2))
    return pd.DataFrame({"length": points[:, 0], "=cost": points[:, 1] * 1e6}), classes


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """A CSV file, a Parquet file that continues its stream, and the model of the first."""
    folder = tmp_path_factory.mktemp("tables")
    paths = SimpleNamespace(folder=folder, first=folder / "1.csv", later=folder / "2.parquet")
    frame, paths.classes = make_table(1)
    frame.to_csv(paths.first, index=False)
    make_table(2)[0].to_parquet(paths.later)
    paths.model = folder / "model.npz"
    assert main(["fit", str(paths.first), "-o", str(paths.model)]) == 0
    return paths


def set_standard_input(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(
        sys, "stdin", SimpleNamespace(buffer=io.BufferedReader(io.BytesIO(content)))
    )


def read_labels(path: Path) -> pd.DataFrame:
    return pd.read_csv(path)


def test_predict_writes_the_labels_of_the_model(tables, tmp_path):
    out = tmp_path / "out.csv"
    assert main(["predict", str(tables.model), str(tables.first), "-o", str(out)]) == 0
    labels = read_labels(out)
    # Because of the apostrophe no spreadsheet reads the name as a formula.
    assert list(labels) == ["row", "cluster", "length", "'=cost"]
    assert labels["row"].tolist() == list(range(1, 3_001))
    assert adjusted_rand_score(tables.classes, labels["cluster"]) > 0.95
    # The label of a point does not depend on the other points of a chunk.
    learner = ScaledLearner.load(tables.model)
    frame = pd.read_csv(tables.first)
    assert np.array_equal(learner.predict(frame.to_numpy()), labels["cluster"])
    assert learner.feature_names == ("length", "=cost")
    assert learner.cluster_centers[:, 1].max() == pytest.approx(9e6, rel=0.1)


def test_loading_the_model_alone_warns_that_its_units_are_not_those_of_the_data(tables):
    with pytest.warns(UserWarning, match=r"ScaledLearner\.load"):
        model = clusterer.load(tables.model)
    assert np.abs(model.prototypes_).max() < 10


@pytest.mark.parametrize("kind", ["text", "gzip", "parquet"])
def test_the_standard_input_gives_the_same_model_as_the_file(kind, tables, tmp_path, monkeypatch):
    named = tables.later if kind == "parquet" else tables.first
    content = named.read_bytes()
    set_standard_input(monkeypatch, gzip.compress(content) if kind == "gzip" else content)
    piped, read = tmp_path / "piped.npz", tmp_path / "read.npz"
    assert main(["fit", "-", "-o", str(piped)]) == 0
    assert main(["fit", str(named), "-o", str(read)]) == 0
    assert np.array_equal(ScaledLearner.load(piped).centers, ScaledLearner.load(read).centers)


def test_a_continued_model_equals_a_model_of_all_tables(tables, tmp_path):
    at_once, later = tmp_path / "at-once.npz", tmp_path / "later.npz"
    assert main(["fit", str(tables.first), str(tables.later), "-o", str(at_once)]) == 0
    args = ["fit", "--from", str(tables.model), str(tables.later), "-o", str(later)]
    assert main(args) == 0
    assert np.array_equal(ScaledLearner.load(at_once).centers, ScaledLearner.load(later).centers)
    assert ScaledLearner.load(later).n_seen == 6_000


def test_dropped_rows_count_in_the_row_numbers(tables, tmp_path, capsys):
    awkward, out = tmp_path / "awkward.csv", tmp_path / "out.csv"
    good = "1.5,2e6\n" * 20
    awkward.write_text(f"# a remark\nlength,=cost\n{good}?,2e6\n1,2,3\n0.5,1e6\n")
    args = ["predict", str(tables.model), str(awkward), str(tables.first), "-o", str(out)]
    assert main(args) == 0
    labels = read_labels(out)
    mine = labels[labels["file"] == str(awkward)]
    assert mine["row"].tolist() == [*range(1, 21), 23]
    assert len(labels) == 21 + 3_000
    output = capsys.readouterr().err
    assert "1 row dropped: a value is missing (1 in length)" in output
    assert "1 row dropped: malformed (line 24)" in output


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_append_writes_the_whole_table_with_its_clusters(
    ending, tables, tmp_path, monkeypatch, capsys
):
    frame = make_table(1)[0]
    frame.insert(0, "id", [f"C{i:05d}" for i in range(len(frame))])
    frame.loc[::7, "length"] = np.nan
    content, out = frame.to_csv(index=False).encode(), tmp_path / f"out.{ending}"
    set_standard_input(monkeypatch, content)
    assert main(["predict", str(tables.model), "-", "--append", "-o", str(out)]) == 0
    assert "429 rows dropped: a value is missing (429 in length)" in capsys.readouterr().err
    found = pd.read_csv(out) if ending == "csv" else pd.read_parquet(out)
    assert found["id"].tolist() == frame["id"].tolist()
    assert [*found][3:] == ["cluster", "distance", "certainty", "score", "not_used"]
    is_used = frame["length"].notna()
    learner = ScaledLearner.load(tables.model)
    points = frame[["length", "=cost"]][is_used].to_numpy()
    assert np.array_equal(found["cluster"][is_used], learner.predict(points))
    assert found["cluster"][~is_used].isna().all()
    assert set(found["not_used"][~is_used]) == {"a value is missing: length"}


def test_append_takes_one_table_and_leaves_no_half_file(tables, tmp_path, capsys):
    out = tmp_path / "out.csv"
    out.write_text("before")
    both = ["predict", str(tables.model), str(tables.first), str(tables.later), "--append"]
    assert main([*both, "-o", str(out)]) == 1
    assert "--append writes one table" in capsys.readouterr().err
    damaged = tmp_path / "damaged.csv.gz"
    frame = pd.concat([make_table(seed, 30_000)[0] for seed in range(3)])
    damaged.write_bytes(gzip.compress(frame.to_csv(index=False).encode())[:-20_000])
    assert main(["predict", str(tables.model), str(damaged), "--append", "-o", str(out)]) == 1
    assert "damaged.csv.gz" in capsys.readouterr().err
    assert out.read_text() == "before"
    assert {each.name for each in tmp_path.iterdir()} == {"out.csv", "damaged.csv.gz"}


def test_report_counts_all_rows_and_names_the_groups(tables, tmp_path, capsys):
    output = tmp_path / "report.html"
    assert main(["report", str(tables.model), str(tables.later), "-o", str(output)]) == 0
    report = output.read_text("utf-8")
    assert "Groups in 2.parquet" in report
    assert "3,000 rows were labelled. The model found 3 clusters" in report
    assert report.count("<article") == 3
    assert "=cost" in report
    n_rows = [
        int(text.replace(",", "")) for text in re.findall(r"Points: </dt><dd>([\d,]+)", report)
    ]
    labels = ScaledLearner.load(tables.model).predict(pd.read_parquet(tables.later).to_numpy())
    assert sorted(n_rows) == sorted(np.bincount(labels[labels >= 0]).tolist())
    # The same table gives the same report, but for the date.
    again = tmp_path / "again.html"
    assert main(["report", str(tables.model), str(tables.later), "-o", str(again)]) == 0
    lines = zip(report.splitlines(), again.read_text("utf-8").splitlines(), strict=True)
    changed = [one for one, other in lines if one != other]
    assert [
        line for line in changed if "clusterer 0" not in line and "clusterer report" not in line
    ] == []


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("a,b\n1,2\n3,4\n", "length"),
        ("length,=cost\nx,y\n", ""),
        ("", "empty"),
    ],
)
def test_a_report_that_cannot_be_written_changes_no_file(data, message, tables, tmp_path, capsys):
    table, output = tmp_path / "t.csv", tmp_path / "report.html"
    table.write_text(data)
    output.write_text("before")
    assert main(["report", str(tables.model), str(table), "-o", str(output)]) == 1
    assert output.read_text() == "before"
    assert message in capsys.readouterr().err
    assert main(["report", str(tables.model), str(tables.first), "-o", str(tables.first)]) == 1
    assert "would destroy it" in capsys.readouterr().err


def test_describe_shows_the_chosen_parameters(tables, tmp_path, capsys):
    model = tmp_path / "model.npz"
    chosen = ["--n-prototypes", "9", "--sigma", "2e5", "--half-life", "500", "--as-is"]
    args = ["fit", str(tables.first), "-o", str(model), "--features", "=cost", *chosen]
    assert main(args) == 0
    # A model in the units of the data loads without its scaling.
    loaded = clusterer.load(model)
    assert (loaded.n_prototypes, loaded.sigma, loaded.half_life) == (9, 2e5, 500.0)
    assert loaded.feature_names_in_.tolist() == ["=cost"]
    assert main(["describe", str(model)]) == 0
    output = capsys.readouterr().out
    assert "points      3,000" in output
    assert "sigma       200000 (chosen)" in output
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
def test_an_error_is_reported_and_no_file_changes(name, tables, tmp_path, capsys):
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
def test_wrong_usage_exits_with_code_2(arguments, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert "usage: clusterer" in capsys.readouterr().err


def test_an_interruption_leaves_no_half_written_file(tables, tmp_path):
    out = tmp_path / "out.csv"
    line = [sys.executable, "-m", "clusterer", "predict", str(tables.model), "-", "-o", str(out)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        line,
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        cwd=tmp_path,
        # A process that a shell runs in the background ignores SIGINT, and so would this one.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    ) as process:
        assert process.stdin is not None
        rows = "0.5,1e6\n" * 500_000
        process.stdin.write(f"length,=cost\n{rows}".encode())
        process.stdin.flush()
        # The table is open, so the output file exists.
        assert list(tmp_path.glob(".out.csv.*.part"))
        while process.poll() is None:
            process.send_signal(signal.SIGINT)
            # Python drops an exception while it deletes an object, so the signal is repeated.
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=20)
        _, output = process.communicate()
    assert process.returncode == 130
    assert b"interrupted" in output
    assert not list(tmp_path.iterdir())


def test_all_parameters_are_accepted_and_their_defaults_are_said(tables, tmp_path, capsys):
    defaults = clusterer.OnlineClusterer().get_params()
    with pytest.raises(SystemExit):
        main(["fit", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    shown = {None: "none", True: "yes", False: "no"}
    for name, value in defaults.items():
        # Several options may begin alike.
        start = text.index(f" --{name.replace('_', '-')}", text.index("options:"))
        said = text[start:].split("(default: ")[1].split(")")[0]
        assert said == str(shown[value] if isinstance(value, bool | None) else value), name
    path = tmp_path / "model.npz"
    given = ["--forget", "never", "--refresh", "0", "--no-join", "--no-drop-singletons"]
    given += ["--allow-growth", "--metric", "cosine", "--noise-threshold", "7", "--sigma", "auto"]
    assert main(["fit", str(tables.first), "-o", str(path), *given]) == 0
    parameters = clusterer.load(path).get_params()
    changed = {name: value for name, value in parameters.items() if value != defaults[name]}
    assert changed == {
        "forget": "never",
        "refresh": 0.0,
        "join": False,
        "drop_singletons": False,
        "allow_growth": True,
        "metric": "cosine",
        "noise_threshold": 7.0,
    }
    assert main(["fit", str(tables.first), "-o", str(path), "--noise-threshold", "none"]) == 0
    assert ScaledLearner.load(path).model.noise_threshold is None

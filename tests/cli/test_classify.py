"""`clusterer fit --classify`: support vector machines of tables, predictions, descriptions."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import clusterer
from clusterer.cli import main

KINDS = np.array(["=ring", "core"])


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """Two tables of one stream: a core and a ring around it, in two units."""
    random = np.random.default_rng(0)
    points = random.normal(size=(3_000, 2))
    kinds = KINDS[((points**2).sum(axis=1) < 1.2).astype(int)]
    table = pd.DataFrame({"width": points[:, 0], "cost": 1e6 * points[:, 1], "kind": kinds})
    folder = tmp_path_factory.mktemp("tables")
    for name, rows in (("first.csv", slice(2_000)), ("second.csv", slice(2_000, None))):
        table[rows].to_csv(folder / name, index=False)
    return folder, table


@pytest.mark.parametrize("learner", [None, "kernel-pegasos", "pegasos"])
def test_fit_predict_and_describe(tables, tmp_path, capsys, learner):
    folder, table = tables
    first, second, model = folder / "first.csv", folder / "second.csv", str(tmp_path / "model.npz")
    chosen = [] if learner is None else ["--learner", learner]
    assert main(["fit", str(first), "--classify", "kind", *chosen, "-o", model]) == 0
    assert "2 classes, from 2,000 rows of width, cost" in capsys.readouterr().err
    with pytest.warns(UserWarning, match="standardised"):
        loaded = clusterer.load(model)
    assert loaded.classes_.tolist() == ["=ring", "core"]
    output = tmp_path / "classes.csv"
    assert main(["predict", model, str(second), "-o", str(output)]) == 0
    found = pd.read_csv(output)
    assert list(found.columns) == ["row", "class", "margin", "width", "cost"]
    # Text that a spreadsheet would run as a formula is escaped.
    is_right = found["class"].str.removeprefix("'") == table["kind"][2_000:].to_numpy()
    assert is_right.mean() > (0.5 if learner == "pegasos" else 0.95)
    assert (found["margin"] >= 0).all()
    capsys.readouterr()
    assert main(["describe", model]) == 0
    described = capsys.readouterr().out
    assert f"kind          {learner or 'kernel-pegasos'}" in described
    assert "=ring, core" in described
    assert "before they were learned" in described
    assert main(["describe", "--json", model]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["rows"], document["classes"]) == (2_000, ["=ring", "core"])
    assert main(["fit", str(second), "--from", model, "--classify", "kind", "-o", model]) == 0
    assert "from 3,000 rows" in capsys.readouterr().err


def test_rows_without_a_class_are_skipped_and_numbers_are_classes(tables, tmp_path, capsys):
    _folder, table = tables
    numbers = table.assign(kind=(table["kind"] == "core").astype("Int64") * 2 - 1)
    numbers.loc[::3, "kind"] = pd.NA
    numbers.to_csv(tmp_path / "numbers.csv", index=False)
    model = str(tmp_path / "model.npz")
    assert main(["fit", str(tmp_path / "numbers.csv"), "--classify", "kind", "-o", model]) == 0
    assert "from 2,000 rows" in capsys.readouterr().err
    with pytest.warns(UserWarning, match="standardised"):
        assert clusterer.load(model).classes_.tolist() == [-1, 1]


def test_contradictions_are_refused(tables, tmp_path, capsys):
    first, model = str(tables[0] / "first.csv"), str(tmp_path / "model.npz")
    fit = ["fit", first, "--classify", "kind", "-o", model]
    for wrong in (["--learner", "online-clusterer"], ["--classes", "width"], ["--merge", "ward"]):
        with pytest.raises(SystemExit) as error:
            main([*fit, *wrong])
        assert error.value.code == 2
    assert main(["fit", first, "--classify", "nothing", "-o", model]) == 1
    assert "nothing" in capsys.readouterr().err
    assert not (tmp_path / "model.npz").exists()

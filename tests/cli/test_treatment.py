"""Logarithms and weights on the command line: kept in the model file, known to all commands."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

from clusterer.cli import main
from clusterer.scaled_learner import ScaledLearner
from tests.datasets.customers import NAMES, TYPICAL, draw_customers, write_customers

ALL = ",".join(NAMES)


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    path = tmp_path_factory.mktemp("customers") / "customers.csv"
    write_customers(path)
    return path


@pytest.fixture(scope="module")
def model(table):
    """A model of the logarithms of all columns, where delicatessen counts half."""
    path = table.parent / "model.npz"
    weights = ["--weights", "delicatessen=0.5"]
    assert main(["fit", str(table), "-o", str(path), "--log", ALL, *weights]) == 0
    return path


def test_predict_labels_with_the_logarithms_of_the_model(table, model, tmp_path):
    labels = tmp_path / "labels.csv"
    assert main(["predict", str(model), str(table), "--append", "-o", str(labels)]) == 0
    found = pd.read_csv(labels)
    assert adjusted_rand_score(draw_customers()[1], found["cluster"]) > 0.8
    assert list(found.columns[:6]) == list(NAMES)
    assert found["fresh"].to_numpy() == pytest.approx(draw_customers()[0][:, 0], abs=0.51)


def test_describe_shows_centres_in_their_own_units(model, capsys):
    assert main(["describe", str(model)]) == 0
    text = capsys.readouterr().out
    assert f"logarithm   {', '.join(NAMES)}" in text
    assert "weights     delicatessen 0.5" in text
    assert main(["describe", str(model), "--json"]) == 0
    clusters = json.loads(capsys.readouterr().out)["clusters"]
    groceries = sorted(each["center"][2] for each in clusters)
    assert groceries == pytest.approx(sorted(TYPICAL[:, 2]), rel=0.25)


def test_the_report_names_logarithms_and_weights(table, model, tmp_path):
    report = tmp_path / "report.html"
    assert main(["report", str(model), str(table), "-o", str(report)]) == 0
    text = report.read_text("utf-8")
    assert f"<td>logarithm</td><td>{', '.join(NAMES)}</td>" in text
    assert "<td>weights</td><td>delicatessen 0.5</td>" in text
    assert "(log)</text>" in text


def test_a_model_continues_with_its_logarithms(table, model, tmp_path, capsys):
    later = tmp_path / "later.npz"
    assert main(["fit", str(table), "--from", str(model), "-o", str(later)]) == 0
    one, other = (ScaledLearner.load(path).scaling.treatment for path in (model, later))
    assert one == other
    assert not one.is_plain
    again = ["fit", str(table), "--from", str(model), "-o", str(later), "--log", "milk"]
    assert main(again) == 1
    assert "leave --log and --weights out" in capsys.readouterr().err


def test_a_column_of_weight_0_is_left_out_and_units_can_be_kept(table, tmp_path):
    path = tmp_path / "model.npz"
    arguments = ["--log", "milk", "--weights", "fresh=0,frozen=3", "--as-is"]
    assert main(["fit", str(table), "-o", str(path), *arguments]) == 0
    learner = ScaledLearner.load(path)
    assert learner.feature_names == NAMES[1:]
    assert learner.scaling.scales.tolist() == pytest.approx([1, 1, 1 / 3, 1, 1])
    scaled = learner.scaling.apply(np.array([[0.0, 5.0, 2.0, 7.0, 1.0]]))
    assert scaled.tolist() == [[0.0, 5.0, 6.0, 7.0, 1.0]]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--log", "wine"], 1, "has no feature wine"),
        (["--weights", "kind=2"], 1, "has no feature kind"),
        (["--weights", "milk"], 2, "'milk' has no weight"),
        (["--weights", "milk=-2"], 2, "the weight of milk is -2"),
        (["--features", "milk", "--weights", "milk=0"], 1, "all columns have the weight 0"),
        (["--metric", "cosine", "--log", "milk"], 1, "own units"),
    ],
)
def test_wrong_treatments_are_named_and_write_no_model(
    table, tmp_path, capsys, arguments, code, message
):
    path = tmp_path / "model.npz"
    try:
        found = main(["fit", str(table), "-o", str(path), *arguments])
    except SystemExit as stop:
        found = stop.code
    assert found == code
    assert message in capsys.readouterr().err
    assert not path.exists()


def test_heavy_tails_and_missing_values_are_told_with_the_argument_that_helps(tmp_path, capsys):
    path = tmp_path / "gaps.csv"
    write_customers(path, missing=0.03)
    assert main(["fit", str(path), "-o", str(tmp_path / "model.npz")]) == 0
    told = capsys.readouterr().err
    assert f"--log {ALL}" in told
    assert "rows dropped: a value is missing" in told
    assert "--missing mean fills in" in told


def test_later_values_below_zero_are_learned_and_told(tmp_path, capsys):
    path, model = tmp_path / "debts.csv", tmp_path / "model.npz"
    spent = draw_customers(6_000)[0][:, 0]
    spent[5_500] = -7.0
    path.write_text("fresh\n" + "\n".join(f"{each:.0f}" for each in spent))
    assert main(["fit", str(path), "-o", str(model), "--log", "fresh"]) == 0
    assert "values below 0 in fresh (lowest: -7)" in capsys.readouterr().err
    assert ScaledLearner.load(model).n_seen == 6_000

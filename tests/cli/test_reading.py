"""The arguments about reading tables, and what the command line tells about assumptions."""

import numpy as np
import pytest

from clusterer.cli import main
from clusterer.scaled_learner import ScaledLearner

ROWS = [(i * 7 % 50 + 0.5, i * 11 % 50) for i in range(60)]


def fit(path, model, *arguments):
    assert main(["fit", str(path), "-o", str(model), *arguments]) == 0
    return ScaledLearner.load(model)


def test_arguments_override_the_detection(write, tmp_path, capsys):
    path = write("Temp, °C;when;n\n" + "".join(f"{x};{i}/5/2024;{1000 + y},5\n".replace(".", ",")
                 for i, (x, y) in enumerate(ROWS, 1)).replace("60/5", "6/5"))  # fmt: skip
    learner = fit(
        path, tmp_path / "m", "--delimiter", ";", "--decimal", ",", "--encoding", "utf-8",
        "--header", "--day-first", "--missing", "drop", "--features", '"Temp, °C",n',
    )  # fmt: skip
    assert learner.feature_names == ("Temp, °C", "n")
    capsys.readouterr()
    assert main(["predict", str(tmp_path / "m"), str(path), "--delimiter", ";"]) == 0
    assert capsys.readouterr().out.count("\n") == 61


def test_missing_values_are_dropped(write, tmp_path, capsys):
    rows = "".join(f"{x},{-200 if i % 6 == 0 else 900 + y}\n" for i, (x, y) in enumerate(ROWS))
    path = write("x,y\n" + rows)
    fit(path, tmp_path / "m")
    assert "choose --missing-values=-200" in capsys.readouterr().err
    fit(path, tmp_path / "m", "--missing-values=-200,gone")
    assert "10 rows dropped: a value is missing (10 in y)" in capsys.readouterr().err


def test_assumption_names_the_argument(write, tmp_path, capsys):
    path = write("a;b\n" + "".join(f"2{i % 10},345;{y}\n" for i, (_, y) in enumerate(ROWS)))
    fit(path, tmp_path / "m")
    assert "(assumed: else choose --decimal '.')" in capsys.readouterr().err
    fit(path, tmp_path / "m", "--thousands", ",")
    assert "assumed" not in capsys.readouterr().err


@pytest.mark.parametrize("argument", ["--decimal=x", "--missing=guess", "--missing-values="])
def test_wrong_argument_is_wrong_usage(write, tmp_path, argument, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["fit", str(write("a,b\n1,2\n")), "-o", str(tmp_path / "m"), argument])
    assert stopped.value.code == 2
    assert argument.split("=")[0] in capsys.readouterr().err


def test_wrong_delimiter_is_an_error_of_the_data(write, tmp_path, capsys):
    path = write("a,b\n1,2\n")
    assert main(["fit", str(path), "-o", str(tmp_path / "m"), "--delimiter", "xy"]) == 1
    assert "delimiter is 'xy'" in capsys.readouterr().err


def test_columns_of_predict_must_be_those_of_the_model(write, tmp_path, capsys):
    path = write("a,b,c\n" + "".join(f"{x},{y},{np.hypot(x, y):.3f}\n" for x, y in ROWS))
    fit(path, tmp_path / "m", "--features", "a,b")
    assert main(["predict", str(tmp_path / "m"), str(path), "--features", "a,c"]) == 1
    assert "--features must name these" in capsys.readouterr().err

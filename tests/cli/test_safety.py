"""The command line destroys no input, and ends in a sentence where it cannot work."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from clusterer.cli import main
from clusterer.scaled_learner import ScaledLearner
from clusterer.support.failed_start import end_command
from tests.tables.files.databases import make_sqlite
from tests.tables.files.workbooks import make_xlsx

ROOT = Path(__file__).resolve().parents[2]
N_ROWS = 40_000
LINES = "".join(f"{i % 7},{i % 11}\n" for i in range(N_ROWS))


@pytest.fixture
def folder(tmp_path):
    """A table, a link to it, a second name of it, and a model."""
    table = tmp_path / "table.csv"
    table.write_text("x,y\n" + LINES)
    (tmp_path / "link.csv").symlink_to(table)
    (tmp_path / "name.csv").hardlink_to(table)
    (tmp_path / "inner").mkdir()
    assert main(["fit", str(table), "-o", str(tmp_path / "model.npz")]) == 0
    return tmp_path


def run_shell(text: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a line of the shell, in which CLUSTERER is the command."""
    command = f"{shlex.quote(sys.executable)} -m clusterer"
    return subprocess.run(
        ["bash", "-c", text.replace("CLUSTERER", command)],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    ("command", "output"),
    [
        ("fit table.csv", "table.csv"),
        ("fit table.csv", "inner/../table.csv"),
        ("fit table.csv", "name.csv"),
        ("fit table.csv", "link.csv"),
        ("fit link.csv", "table.csv"),
        ("fit .", "table.csv"),
        ("predict model.npz table.csv", "table.csv"),
        ("predict model.npz link.csv", "name.csv"),
        ("predict model.npz table.csv", "model.npz"),
    ],
)
def test_an_output_that_is_an_input_is_refused(folder, monkeypatch, capsys, command, output):
    monkeypatch.chdir(folder)
    before = {path: path.read_bytes() for path in folder.glob("*.*")}
    assert main([*command.split(), "-o", output]) == 1
    error = capsys.readouterr().err
    assert f"clusterer: {output} is the same file as" in error
    assert "choose another output" in error
    assert {path: path.read_bytes() for path in folder.glob("*.*")} == before


def test_a_model_may_be_continued_in_place(folder):
    model = str(folder / "model.npz")
    assert main(["fit", "--from", model, str(folder / "table.csv"), "-o", model]) == 0
    assert ScaledLearner.load(model).n_seen == 2 * N_ROWS


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("CLUSTERER predict model.npz table.csv >> name.csv", "standard output is the same file"),
        ("CLUSTERER fit - -o table.csv < link.csv", "table.csv is the same file as the standard"),
        ("CLUSTERER predict model.npz - <&-", "standard input is closed"),
        ("CLUSTERER predict model.npz table.csv >&-", "standard output is closed"),
        ("CLUSTERER describe model.npz >&-", "standard output is closed"),
        ("CLUSTERER describe model.npz > /dev/full", "No space left on device"),
        ("ulimit -v 300000; CLUSTERER describe model.npz", "a library cannot be loaded"),
    ],
)
def test_a_command_that_cannot_work_ends_in_a_sentence(folder, line, message):
    if "/dev/full" in line and not Path("/dev/full").exists():
        pytest.skip("this system has no device that is full")
    done = run_shell(line, folder)
    assert done.returncode == 1, done.stderr
    assert message in done.stderr
    assert done.stderr.startswith("clusterer: ")
    assert done.stderr.count("\n") == 1
    assert (folder / "table.csv").read_text() == "x,y\n" + LINES


def test_a_reader_that_stops_ends_the_command_in_silence(folder):
    done = run_shell("CLUSTERER predict model.npz table.csv | head -2", folder)
    assert done.stdout.startswith('"row","cluster","x","y"\n1,')
    assert done.stderr == ""


def test_closed_standard_error_does_not_matter(folder):
    done = run_shell("CLUSTERER predict model.npz table.csv -o out.csv 2>&-", folder)
    assert done.returncode == 0
    assert (folder / "out.csv").read_text().count("\n") == N_ROWS + 1


def test_low_memory_is_told(folder, monkeypatch, capsys):
    def fail(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(ScaledLearner, "predict", fail)
    out = folder / "out.csv"
    arguments = ["predict", str(folder / "model.npz"), str(folder / "table.csv"), "-o", str(out)]
    assert main(arguments) == 1
    assert "memory" in capsys.readouterr().err.splitlines()[-1]
    assert not out.exists()


def test_a_failed_import_ends_no_other_program():
    end_command(ImportError("a library"))


def test_sheets_and_other_formats_are_read_from_files_and_pipes(folder):
    rows = [["x", "y"], *([i % 7, i % 11] for i in range(500))]
    workbook = make_xlsx({"About": [["made"]], "A": rows, "B": rows[:100]})
    (folder / "t.xlsx").write_bytes(workbook)
    tables = ("CREATE TABLE about (made)", "CREATE TABLE A (x, y)", "CREATE TABLE B (x, y)")
    fill = "INSERT INTO B SELECT x, y FROM A LIMIT 99"
    database = make_sqlite(rows[1:], *tables, table="A", then=[fill])
    (folder / "t.sqlite").write_bytes(database)
    for sheet, n_points in (("", 500), ("--sheet B", 99)):
        for data in ("t.xlsx", "- < t.xlsx", "t.sqlite"):
            done = run_shell(f"CLUSTERER fit {sheet} -o new.npz {data}", folder)
            assert done.returncode == 0, done.stderr
            model = ScaledLearner.load(folder / "new.npz")
            assert model.n_seen == n_points
            assert model.feature_names == ("x", "y")
    assert np.isfinite(model.centers).all()

"""Count the mutants of the deciding files that their tests notice.

``python -m tests.robustness.mutation [FILE ...] [--each N]`` changes one operator, constant,
condition or call of a file in a copy of the project, runs the tests of this file there, and lists
the changes that no test has noticed. Kernels run as plain Python: with ``NUMBA_DISABLE_JIT=1`` the
command tests the kernels, without it the other files.

A process is forked for each mutant from one that has imported everything, since the imports take
longer than the tests. Neither mutmut nor cosmic-ray does so; mutmut leaves decorated functions
alone, as all kernels are; neither can replace the SIMD instructions by Python.
"""

import argparse
import importlib
import multiprocessing
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path

import numba
import pytest

from tests.robustness.mutation.mutants import Mutant, list_mutants
from tests.robustness.mutation.subjects import KERNELS, OTHERS, Subject

ROOT = Path(__file__).resolve().parents[3]
COPIED = ("app.py", "benchmarks", "clusterer", "docs", "pyproject.toml", "tests", "widgets")
# The app imports the whole project.
IMPORTED = ("hypothesis", "pandas", "pyarrow.parquet", "app")
OPTIONS = ("-x", "-q", "-p", "no:cacheprovider", "-m", "not long")
# Hypothesis is imported before pytest could rewrite its assertions.
OPTIONS += ("-W", "ignore::pytest.PytestAssertRewriteWarning")
OUTPUT = "output.txt"
# A mutant may never end. It gets several times the time of the tests without a mutant.
TIMES, SPARE_S = 5.0, 20.0
SEED = 0
MISSING = object()


def main() -> None:
    """Test the mutants of all subjects, or of those that are named."""
    parser = argparse.ArgumentParser(prog="tests.robustness.mutation", description=__doc__)
    parser.add_argument("files", nargs="*", metavar="FILE")
    parser.add_argument("--each", type=int, metavar="N", help="most mutants of a file")
    chosen = parser.parse_args()
    subjects = [
        each
        for each in (KERNELS if numba.config.DISABLE_JIT else OTHERS)
        if not chosen.files or each.path in chosen.files
    ]
    if not subjects:
        parser.error(f"no such file; files: {', '.join(each.path for each in KERNELS + OTHERS)}")
    n_killed = n_tried = 0
    with copy_project() as folder:
        for name in IMPORTED:
            import_module(name)
        if numba.config.DISABLE_JIT:
            import_module("tests.robustness.mutation.plain_simd").install_plain_simd()
        for subject in subjects:
            killed, tried = try_subject(folder, subject, chosen.each)
            n_killed, n_tried = n_killed + killed, n_tried + tried
    print(f"{n_killed} of {n_tried} mutants killed ({n_killed / n_tried:.0%})")


@contextmanager
def copy_project() -> Iterator[Path]:
    """A copy of the project, also with the compiled kernels."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "project")
        folder.mkdir()
        for each in COPIED:
            copy = shutil.copytree if (ROOT / each).is_dir() else shutil.copy2
            copy(ROOT / each, folder / each)
        temporary = Path(name, "temporary")
        temporary.mkdir()
        os.environ |= {
            # A changed file may have the length and the second of the one before.
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": str(folder),
            "TMPDIR": str(temporary),
            "CI": "true",
        }
        tempfile.tempdir = str(temporary)
        sys.path.insert(0, str(folder))
        sys.dont_write_bytecode = True
        yield folder


def try_subject(folder: Path, subject: Subject, most: int | None) -> tuple[int, int]:
    """Print the result for a file; return how many mutants were killed and tried."""
    path = folder / subject.path
    original = path.read_text("utf-8")
    begin = time.monotonic()
    if run_child(folder, subject, 10 * 60.0) != 0:
        print((folder / OUTPUT).read_text("utf-8", "replace"))
        sys.exit(f"The tests of {subject.path} fail without a mutant: {' '.join(subject.tests)}")
    limit_s = TIMES * (time.monotonic() - begin) + SPARE_S
    mutants = list_mutants(original)
    tried = choose(mutants, most)
    n_survived = n_late = 0
    for mutant in tried:
        path.write_text(mutant.text, "utf-8")
        code = run_child(folder, subject, limit_s)
        n_late += code is None
        if code == 0:
            n_survived += 1
            print(f"    {subject.path}:{mutant.line}: {mutant.change}", flush=True)
    path.write_text(original, "utf-8")
    n_killed = len(tried) - n_survived
    print(
        f"{subject.path}: {n_killed} of {len(tried)} killed, {n_late} of them by the time limit; "
        f"the file has {len(mutants)} mutants",
        flush=True,
    )
    return n_killed, len(tried)


def choose(mutants: list[Mutant], most: int | None) -> list[Mutant]:
    """Choose mutants at random, evenly over the file."""
    if most is None or most >= len(mutants):
        return mutants
    dice, step = random.Random(SEED), len(mutants) / most
    return [mutants[int((i + dice.random()) * step)] for i in range(most)]


def run_child(folder: Path, subject: Subject, limit_s: float) -> int | None:
    """Run the tests in a process of their own; return pytest's exit code, None after the time."""
    context = multiprocessing.get_context("fork")
    child = context.Process(target=run_tests, args=(folder, subject, limit_s))
    child.start()
    child.join(limit_s)
    assert child.pid is not None
    # Also the servers that a test has started.
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.kill()
    child.join()
    return None if child.exitcode in (-signal.SIGKILL, -signal.SIGXCPU) else child.exitcode


def run_tests(folder: Path, subject: Subject, limit_s: float) -> None:
    """Run the tests in this process and end it with pytest's exit code."""
    os.setsid()
    resource.setrlimit(resource.RLIMIT_CPU, (int(limit_s), int(limit_s)))
    output = os.open(folder / OUTPUT, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
    for descriptor in range(3):
        os.dup2(output, descriptor)
    os.chdir(folder)
    options = [*OPTIONS]
    replace_module(subject.path)
    if numba.config.DISABLE_JIT:
        # Compiled code overflows without a warning.
        options += ["-W", "ignore::RuntimeWarning"]
    os._exit(pytest.main([*options, *subject.tests]))


def replace_module(path: str) -> None:
    """Import the changed file again, also into the modules that have imported its names."""
    module = import_module(path.removesuffix(".py").replace("/", "."))
    before = {**vars(module)}
    importlib.reload(module)
    ours = [each for name, each in sys.modules.items() if name.partition(".")[0] in COPIED]
    for name, value in before.items():
        for other in ours:
            if not name.startswith("__") and vars(other).get(name, MISSING) is value:
                setattr(other, name, vars(module)[name])


if __name__ == "__main__":
    main()

"""The house rules: what may import what, where files go and what they may hold."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted(
    path.relative_to(ROOT)
    for path in [ROOT / "app.py", *ROOT.glob("clusterer/**/*.py"), *ROOT.glob("widgets/**/*.py")]
    if path.exists()
)
# Imports go one way: app → widgets → clusterer.
DISPLAY = {"panel", "panel_material_ui", "holoviews", "bokeh", "tornado"}
FORBIDDEN = {"clusterer": {"widgets", "app", *DISPLAY}, "widgets": {"app"}, "app.py": set()}
TOP_LEVEL = {
    ".ci",
    ".github",
    ".gitignore",
    "CHANGELOG.md",
    "LICENSE",
    "Makefile",
    "README.md",
    "app.py",
    "benchmarks",
    "clusterer",
    "constraints.txt",
    "docs",
    "environment.yml",
    "examples",
    "pyproject.toml",
    "tests",
    "widgets",
}
LONGEST = 300  # lines; the aim is 250
# Earlier ones have published holes that a served app is open to.
SAFE_FROM = {"bokeh": Version("3.8.2"), "tornado": Version("6.5.5")}
RUNS_CODE = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib"}
RUNNERS = {"eval", "exec", "compile", "__import__", "read_pickle"}
UNPICKLERS = {"np.load", "numpy.load", "np.save", "np.savez", "npy.read_array"}
QUERIES = {"execute", "executemany", "executescript"}
ON_CONDA: dict[str, str] = {}  # conda-forge's name: the index's, where they differ
ONE_MACHINE = re.compile(
    r"(?<![\w.~])/(?:home|Users)/\w|(?<![\w.~])/(?:opt|root|work)/\w|\b[A-Z]:\\Users\\\w"
    r"|file:/{3}|--(?:(?:extra-)?index-url|find-links|trusted-host)|https?://[^\s/]+/simple\b"
)
DYNAMIC = f"""
import importlib, pkgutil, sys
import clusterer
names = [m.name for m in pkgutil.walk_packages(clusterer.__path__, "clusterer.")]
for name in ["clusterer", *names]:
    if not name.endswith("__main__"):
        importlib.import_module(name)
    loaded = {FORBIDDEN["clusterer"]!r} & set(sys.modules)
    assert not loaded, f"{{name}} loads {{loaded}}"
"""


def imported(path: Path) -> set[str]:
    """Top-level names that a file imports, also inside functions."""
    names = set()
    for node in ast.walk(ast.parse((ROOT / path).read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add(node.module)
    return {name.partition(".")[0] for name in names}


def tracked() -> list[Path]:
    """Files that git knows; skips where there is no checkout."""
    try:
        listed = subprocess.run(
            ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"not a git checkout: {error}")
    # A file may be deleted on disk and not yet in the index.
    paths = [Path(name) for name in listed.split("\0") if name and (ROOT / name).is_file()]
    if not paths:
        pytest.skip("git tracks nothing here yet")
    return paths


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def bounds(requirements: list[str]) -> dict[str, str]:
    parsed = [Requirement(text) for text in requirements]
    return {canonicalize_name(each.name): str(each.specifier) for each in parsed}


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_imports_go_one_way(path: Path) -> None:
    assert not imported(path) & FORBIDDEN[path.parts[0]]


def test_library_loads_no_display() -> None:
    done = subprocess.run([sys.executable, "-c", DYNAMIC], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_file_is_short_and_named_for_what_it_does(path: Path) -> None:
    assert len((ROOT / path).read_text("utf-8").splitlines()) <= LONGEST
    assert not re.search(r"util|helper|manager", path.as_posix(), re.IGNORECASE)


def test_top_level_is_tidy() -> None:
    assert {path.parts[0] for path in tracked()} <= TOP_LEVEL


def test_files_hold_nothing_of_one_machine() -> None:
    found = []
    for path in tracked():
        # Pictures decode to nonsense, which matches nothing.
        text = (ROOT / path).read_text("utf-8", errors="ignore")
        found += [f"{path}: {match[0]}" for match in ONE_MACHINE.finditer(text)]
    assert not found


def test_conda_environment_is_the_projects() -> None:
    listed = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))["dependencies"]
    conda = bounds([each for each in listed if isinstance(each, str) and each != "pip"])
    assert conda.pop("python") == project()["requires-python"]
    on_index = {ON_CONDA.get(name, name): bound for name, bound in conda.items()}
    assert on_index == bounds(project()["dependencies"])


def test_every_dependency_is_pinned() -> None:
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    pinned = bounds([line for line in lines if not line.startswith("#")])
    extras = project()["optional-dependencies"].values()
    wanted = bounds([*project()["dependencies"], *chain.from_iterable(extras)])
    assert wanted.keys() - {"clusterer"} <= pinned.keys()
    assert all(bound.startswith("==") for bound in pinned.values())


def test_no_release_with_known_holes_is_allowed() -> None:
    allowed = bounds(project()["dependencies"])
    pins = [
        Requirement(line)
        for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines()
        if not line.startswith("#")
    ]
    for name, first in SAFE_FROM.items():
        assert allowed[name] == f">={first}"
        # One for each version of Python, perhaps.
        pinned = [
            Version(str(pin.specifier).removeprefix("==")) for pin in pins if pin.name == name
        ]
        assert pinned
        assert min(pinned) >= first


def find_dangers(text: str) -> Iterator[str]:
    """Calls by which what strangers send might be run: as Python, pickles, SQL, or in a shell.

    SQL may be written out in place or be a constant of the module; pn.state has an `execute` too.
    """
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        name = called.rpartition(".")[2]
        told = {each.arg: each.value for each in node.keywords}
        given = told.get("allow_pickle")
        is_off = isinstance(given, ast.Constant) and given.value is False
        may_unpickle = (called in UNPICKLERS or given is not None) and not is_off
        if (name in RUNNERS and called != "re.compile") or may_unpickle or "shell" in told:
            yield ast.unparse(node)
        elif name in QUERIES and called != "pn.state.execute":
            query = node.args[0]
            is_text = isinstance(query, ast.Constant) and isinstance(query.value, str)
            if not (is_text or (isinstance(query, ast.Name) and query.id.isupper())):
                yield ast.unparse(node)


@pytest.mark.parametrize(
    "text",
    [
        "eval(text)",
        "np.load(path)",
        "np.load(path, allow_pickle=True)",
        "pd.read_pickle(path)",
        "subprocess.run(text, shell=True)",
        "db.execute(f'SELECT {name}')",
        "db.execute('SELECT ' + name)",
        "db.execute('SELECT {}'.format(name))",
        "db.execute(query)",
    ],
)
def test_dangers_are_found(text: str) -> None:
    assert list(find_dangers(text)) == [text]


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_nothing_that_strangers_send_is_run(path: Path) -> None:
    assert not imported(path) & RUNS_CODE
    assert list(find_dangers((ROOT / path).read_text("utf-8"))) == []

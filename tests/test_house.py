"""Rules of the source tree: imports, folders, length of functions, dependencies, unsafe calls."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
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
BENCHMARKS = sorted(path.relative_to(ROOT) for path in ROOT.glob("benchmarks/**/*.py"))
# Imports go one way: app → widgets → clusterer.
DISPLAY = {"panel", "panel_material_ui", "holoviews", "bokeh", "tornado"}
FORBIDDEN = {"clusterer": {"widgets", "app", *DISPLAY}, "widgets": {"app"}, "app.py": set()}
TOP_LEVEL = {
    ".ci",
    ".github",
    ".gitignore",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "Makefile",
    "README.md",
    "app.py",
    "benchmarks",
    "clusterer",
    "constraints-lowest.txt",
    "constraints.txt",
    "docs",
    "environment.yml",
    "examples",
    "pyproject.toml",
    "tests",
    "widgets",
}
# Files and sub-folders of one folder. A folder's own __init__.py and pytest's conftest.py do not
# count.
MOST_ROOMS = {"clusterer": 17, "tests": 18}
MOST_ROOMS_ELSEWHERE = 14
LONGEST_FUNCTION = 60  # lines, without the docstring
# Compiled kernels that may be longer: "file function" and the reason.
LONG_KERNELS = {
    "clusterer/cluster/prototypes/learn_loop.py learn_chunk": (
        "the loop over the points keeps its state in local variables, which LLVM holds in registers"
    ),
    "clusterer/svm/kernel_steps.py learn_points": "30 arguments, each in a line of its own",
    "clusterer/svm/kernel_steps.py learn_row": "26 arguments, each in a line of its own",
}
# Tests that belong to no single package: the rules, the README, the app as a whole, robustness.
UNMIRRORED_TESTS = {"test_house.py", "test_readme.py", "app", "robustness"}
# Earlier versions have published security holes that a served app is open to.
SAFE_FROM = {"bokeh": Version("3.8.2"), "tornado": Version("6.5.5")}
RUNS_CODE = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib"}
RUNNERS = {"eval", "exec", "compile", "__import__", "read_pickle"}
UNPICKLERS = {"np.load", "numpy.load", "np.save", "np.savez", "npy.read_array"}
QUERIES = {"execute", "executemany", "executescript"}
# SQL has no parameters for the names of tables and columns. `quote_name` quotes them.
QUERIES_OF_NAMES = {
    "clusterer/tables/processes/sqlite_process.py": ["self._connection.execute(query)"]
}
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


@cache
def parse(path: Path) -> ast.Module:
    return ast.parse((ROOT / path).read_text("utf-8"))


def find_imported_packages(path: Path) -> set[str]:
    """Top-level names that a file imports, also inside functions."""
    names = set()
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add(node.module)
    return {name.partition(".")[0] for name in names}


def tracked() -> list[Path]:
    """Return the files that git tracks; skip the test outside a checkout."""
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
    assert not find_imported_packages(path) & FORBIDDEN[path.parts[0]]


def test_library_loads_no_display() -> None:
    done = subprocess.run([sys.executable, "-c", DYNAMIC], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def find_module(name: str) -> Path | None:
    """Return the file of a module or package of this project."""
    path = Path(*name.split("."))
    for file in (path.with_suffix(".py"), path / "__init__.py"):
        if (ROOT / file).is_file():
            return file
    return None


@cache
def list_imports() -> frozenset[tuple[Path, Path]]:
    """Return pairs (importing file, imported file), with imports in functions and for types."""
    pairs = set()
    for path in [*SOURCES, *BENCHMARKS]:
        for node in ast.walk(parse(path)):
            if isinstance(node, ast.Import):
                pairs |= {(path, find_module(alias.name)) for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                assert node.module, f"{path}:{node.lineno}: write the import with the full name"
                for alias in node.names:
                    file = find_module(f"{node.module}.{alias.name}") or find_module(node.module)
                    pairs.add((path, file))
    return frozenset((path, file) for path, file in pairs if file and file != path)


def find_circle(imports: Iterable[tuple[Path, Path]]) -> str:
    """Return a circle of imports between files or the rooms of one folder, or an empty text.

    The rooms of a folder are its files and its sub-folders.
    """
    graphs: dict[Path, dict[Path, set[Path]]] = {}
    for path, file in imports:
        graphs.setdefault(Path("files"), {}).setdefault(path, set()).add(file)
        for folder in set(path.parents) & set(file.parents):
            depth = len(folder.parts) + 1
            room, other = Path(*path.parts[:depth]), Path(*file.parts[:depth])
            if room != other:
                graphs.setdefault(folder, {}).setdefault(room, set()).add(other)
    for graph in graphs.values():
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            # graphlib lists the imported file before the importing one.
            return " → ".join(map(str, reversed(error.args[1])))
    return ""


def test_no_circle_of_imports() -> None:
    circle = find_circle(list_imports())
    assert not circle, circle


@pytest.mark.parametrize(
    ("imports", "circle"),
    [
        ([("a/x.py", "a/y.py")], ""),
        ([("a/x.py", "a/y.py"), ("a/y.py", "a/x.py")], "a/x.py → a/y.py → a/x.py"),
        ([("a/b/x.py", "a/y.py"), ("a/y.py", "a/b/z.py")], "a/b → a/y.py → a/b"),
        ([("a/b/x.py", "a/c/y.py"), ("a/c/z.py", "a/b/w.py")], "a/b → a/c → a/b"),
    ],
)
def test_circles_are_found(imports: list[tuple[str, str]], circle: str) -> None:
    found = find_circle([(Path(path), Path(file)) for path, file in imports])
    # A circle can begin with each of its members.
    assert sorted(set(found.split(" → "))) == sorted(set(circle.split(" → ")))


def list_folders() -> list[Path]:
    tops = [ROOT / name for name in ("clusterer", "widgets", "tests", "benchmarks")]
    files = chain.from_iterable(top.glob("**/*.py") for top in tops)
    folders = {folder for file in files for folder in file.relative_to(ROOT).parents}
    return sorted(folders - {Path(".")})


@pytest.mark.parametrize("folder", list_folders(), ids=str)
def test_folder_has_few_rooms(folder: Path) -> None:
    rooms = {
        path.name
        for path in (ROOT / folder).iterdir()
        if (path.suffix == ".py" or any(path.glob("**/*.py")))
        and path.name not in ("__init__.py", "conftest.py")
    }
    assert len(rooms) <= MOST_ROOMS.get(folder.as_posix(), MOST_ROOMS_ELSEWHERE), sorted(rooms)


def find_long_functions(path: Path) -> dict[str, bool]:
    """Return functions longer than the limit, by "file function", and whether they are kernels."""
    found = {}
    for node in ast.walk(parse(path)):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        assert node.end_lineno is not None
        length = node.end_lineno - node.lineno + 1
        if ast.get_docstring(node) is not None:
            docstring = node.body[0]
            assert docstring.end_lineno is not None
            length -= docstring.end_lineno - docstring.lineno + 1
        if length > LONGEST_FUNCTION:
            decorators = [ast.unparse(each) for each in node.decorator_list]
            is_kernel = any(re.match(r"(entry|inner|separate|njit)\b", each) for each in decorators)
            found[f"{path.as_posix()} {node.name}"] = is_kernel
    return found


def test_functions_are_short() -> None:
    found: dict[str, bool] = {}
    for path in [*SOURCES, *BENCHMARKS]:
        found |= find_long_functions(path)
    kernels = {name for name, is_kernel in found.items() if is_kernel}
    assert kernels == LONG_KERNELS.keys(), "update LONG_KERNELS"
    assert not found.keys() - kernels, "cut these functions by subject"


@pytest.mark.parametrize(
    "path",
    sorted(path.relative_to(ROOT / "tests") for path in ROOT.glob("tests/**/test_*.py")),
    ids=str,
)
def test_tests_mirror_the_packages(path: Path) -> None:
    """A test of a package, or of one of its modules, lies in the folder of the same name."""
    if path.parts[0] in UNMIRRORED_TESTS:
        return
    folder = path.parent if path.parts[0] == "widgets" else "clusterer" / path.parent
    assert (ROOT / folder).is_dir(), f"there is no package {folder}"
    subject = path.stem.removeprefix("test_")
    homes = {each.parent for each in SOURCES if each.stem == subject}
    homes = {home for home in homes if home.parts[:1] == folder.parts[:1]}
    assert not homes or folder in homes, f"{subject}.py lies in {homes}"


def test_top_level_holds_only_known_names() -> None:
    assert {path.parts[0] for path in tracked()} <= TOP_LEVEL


def test_files_name_no_path_of_one_machine() -> None:
    found = []
    for path in tracked():
        # Images decode to random characters, which do not match.
        text = (ROOT / path).read_text("utf-8", errors="ignore")
        found += [f"{path}: {match[0]}" for match in ONE_MACHINE.finditer(text)]
    assert not found


def test_conda_environment_equals_the_dependencies() -> None:
    listed = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))["dependencies"]
    conda = bounds([each for each in listed if isinstance(each, str) and each != "pip"])
    assert conda.pop("python") == project()["requires-python"]
    on_index = {ON_CONDA.get(name, name): bound for name, bound in conda.items()}
    assert on_index == bounds(project()["dependencies"])


def read_pins(name: str) -> list[Requirement]:
    lines = (ROOT / name).read_text("utf-8").splitlines()
    return [Requirement(line) for line in lines if not line.startswith("#")]


def list_wanted() -> list[Requirement]:
    """All direct dependencies, also those of the extras."""
    extras = project()["optional-dependencies"].values()
    listed = map(Requirement, [*project()["dependencies"], *chain.from_iterable(extras)])
    return [each for each in listed if each.name != "clusterer"]


@pytest.mark.parametrize("name", ["constraints.txt", "constraints-lowest.txt"])
def test_every_dependency_is_pinned(name: str) -> None:
    pins = read_pins(name)
    pinned = {canonicalize_name(each.name) for each in pins}
    assert {canonicalize_name(each.name) for each in list_wanted()} <= pinned
    assert all(str(each.specifier).startswith("==") for each in pins)


def test_the_lowest_versions_are_those_of_the_dependencies() -> None:
    lowest = {
        canonicalize_name(pin.name): Version(str(pin.specifier).removeprefix("=="))
        for pin in read_pins("constraints-lowest.txt")
    }
    for wanted in list_wanted():
        bound = str(wanted.specifier)
        assert bound.startswith(">="), f"{wanted.name} has no lower bound"
        assert lowest[canonicalize_name(wanted.name)] == Version(bound.removeprefix(">="))


def test_no_release_with_known_security_holes_is_allowed() -> None:
    allowed = bounds(project()["dependencies"])
    pins = read_pins("constraints.txt") + read_pins("constraints-lowest.txt")
    for name, first in SAFE_FROM.items():
        assert allowed[name] == f">={first}"
        # There may be one pin for each version of Python.
        pinned = [
            Version(str(pin.specifier).removeprefix("==")) for pin in pins if pin.name == name
        ]
        assert pinned
        assert min(pinned) >= first


def find_dangers(text: str) -> Iterator[str]:
    """Yield calls that can run text of strangers as Python, pickle, SQL or shell command.

    SQL must be a literal or a constant of the module. `pn.state.execute` is no SQL.
    """
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        name = called.rpartition(".")[2]
        options = {each.arg: each.value for each in node.keywords}
        given = options.get("allow_pickle")
        is_off = isinstance(given, ast.Constant) and given.value is False
        may_unpickle = (called in UNPICKLERS or given is not None) and not is_off
        if (name in RUNNERS and called != "re.compile") or may_unpickle or "shell" in options:
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
def test_no_input_is_run_as_code(path: Path) -> None:
    assert not find_imported_packages(path) & RUNS_CODE
    allowed = QUERIES_OF_NAMES.get(path.as_posix(), [])
    assert list(find_dangers((ROOT / path).read_text("utf-8"))) == allowed

"""The files whose mutants are tested, each with the smallest tests that should notice them."""

from typing import NamedTuple


class Subject(NamedTuple):
    """A file, and the arguments of pytest that choose its tests."""

    path: str
    tests: tuple[str, ...]


PROTOTYPES, DENSITY = "clusterer/cluster/prototypes/", "clusterer/cluster/density/"
SAVING, SERVER, TABLES = "clusterer/session/saving/", "widgets/server/", "clusterer/tables/"

KERNELS = (
    Subject(f"{PROTOTYPES}closest_pair.py", ("tests/cluster/prototypes/test_closest_pair.py",)),
    Subject(
        f"{DENSITY}saddles.py", (f"{DENSITY}saddles.py", "tests/cluster/density/test_saddles.py")
    ),
    Subject(
        f"{DENSITY}significance.py",
        (f"{DENSITY}significance.py", "tests/cluster/density/test_valleys.py"),
    ),
)
OTHERS = (
    Subject(f"{SAVING}store.py", ("tests/session/saving/test_store.py",)),
    Subject(f"{SAVING}run_file.py", ("tests/session/saving/test_store.py",)),
    Subject(f"{SAVING}folder_lock.py", ("tests/session/saving/test_store.py",)),
    Subject(f"{SAVING}autosave.py", ("tests/session/saving/test_store.py",)),
    Subject(f"{SAVING}checkpoint.py", ("tests/session/saving/test_store.py",)),
    Subject(f"{SERVER}access.py", ("tests/widgets/server/test_access.py",)),
    Subject(f"{SERVER}connections.py", ("tests/widgets/server/test_connections.py",)),
    Subject("widgets/components/upload.py", ("tests/widgets/components/test_upload.py",)),
    Subject(f"{TABLES}limits.py", (f"{TABLES}limits.py", "tests/test_readme.py")),
    Subject(f"{TABLES}columnar/expansion.py", ("tests/tables/columnar/test_expansion.py",)),
    Subject(
        f"{TABLES}files/folder.py",
        (f"{TABLES}files/folder.py", "tests/widgets/sources/test_many_files.py"),
    ),
)

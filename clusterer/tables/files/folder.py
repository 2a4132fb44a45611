"""The files of a folder of tables."""

from pathlib import Path

from clusterer.support.text import make_printable
from clusterer.tables.errors import TableError


def list_folder(folder: Path) -> list[Path]:
    """Return the files of a folder in the order of their names.

    Hidden files and files whose names begin with an underscore are left out. Raises TableError if
    there is no other file.
    """
    files = [path for path in folder.iterdir() if path.is_file() and path.name[0] not in "._"]
    if not files:
        raise TableError(f"the folder {make_printable(folder, 200)} holds no files")
    return sorted(files)


def check_inside(path: Path, folder: Path) -> None:
    """Raise TableError if a path leads out of a folder, for example by a symbolic link.

    A server shows the files of its folder to everybody. Whoever can write to the folder must not be
    able to add files that only the server can read.

    >>> check_inside(Path("data/1.csv"), Path("data"))
    >>> check_inside(Path("data/../secret.csv"), Path("data"))
    Traceback (most recent call last):
    ...
    clusterer.tables.errors.TableError: secret.csv is a link that leads out of the folder; copy the
    file into the folder
    """
    try:
        is_inside = path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError):
        # A link to itself leads nowhere.
        is_inside = False
    if not is_inside:
        name = make_printable(path.name, 80)
        raise TableError(
            f"{name} is a link that leads out of the folder; copy the file into the folder"
        )

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

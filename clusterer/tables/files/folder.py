"""A folder of tables."""

from pathlib import Path

from clusterer.support.text import make_printable
from clusterer.tables.errors import TableError


def list_folder(folder: Path) -> list[Path]:
    """The files of a folder by name, hidden ones and those that begin with _ left out.

    Raises TableError if there is none.
    """
    files = [one for one in folder.iterdir() if one.is_file() and one.name[0] not in "._"]
    if not files:
        raise TableError(f"the folder {make_printable(folder, 200)} holds no files")
    return sorted(files)

"""Zip archives: which member is the table, and what other archives are."""

import io
import zipfile
from pathlib import PurePosixPath
from typing import BinaryIO

from clusterer.support.text import join_names, make_printable
from clusterer.tables.errors import TableError

# Of each member the directory at the end of an archive takes at least 46 bytes, and Python about
# a thousand.
MAX_DIRECTORY_BYTES = 2**20
END_RECORD = b"PK\x05\x06"
MAX_END_BYTES = 2**16 + 22
# Members with these endings accompany a table.
OTHER_ENDINGS = frozenset(
    (
        ".md", ".pdf", ".html", ".htm", ".doc", ".docx", ".rtf", ".png", ".jpg", ".jpeg", ".gif",
        ".svg", ".tif", ".tiff", ".ipynb", ".py", ".r", ".m", ".css", ".js", ".names", ".url",
        ".license", ".bib", ".log", ".yml", ".yaml", ".toml", ".xsd", ".xsl",
    )
)  # fmt: skip
OTHER_WORDS = ("readme", "license", "licence", "copying", "metadata", "citation", "manifest")
OFFICE = {
    "word/": "a Word document: copy its table into a CSV file",
    "ppt/": "a PowerPoint presentation: copy its table into a CSV file",
    "Index/": "a Numbers document: export the table as CSV",
    "META-INF/container.xml": "an e-book",
    "AndroidManifest.xml": "a program",
    "META-INF/MANIFEST.MF": "a program",
    "doc.kml": "a map (KMZ): export its table as CSV",
}
MIME_TYPE_OF_SHEETS = b"application/vnd.oasis.opendocument.spreadsheet"


def open_archive(file: BinaryIO, name: str) -> zipfile.ZipFile:
    """Return a zip archive; TableError if it is damaged, or if it has too many members."""
    n_bytes = file.seek(0, io.SEEK_END)
    file.seek(max(0, n_bytes - MAX_END_BYTES))
    end = file.read()
    record = end[end.rfind(END_RECORD) :]
    n_directory = int.from_bytes(record[12:16], "little") if END_RECORD in end else 0
    if n_directory > MAX_DIRECTORY_BYTES:
        raise TableError(f"{name} is a zip archive of too many files: open one of them")
    try:
        file.seek(0)
        return zipfile.ZipFile(file)
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, EOFError):
        message = f"{name} is a zip archive that is damaged or cut short; make it again"
        raise TableError(message) from None


def detect_kind(archive: zipfile.ZipFile, name: str) -> str:
    """Return what a zip archive is: "workbook", "npz" or "zip"; TableError for other documents."""
    members = archive.namelist()
    if any(member.startswith("xl/workbook.") for member in members) or _has_sheets(archive):
        return "workbook"
    for mark, description in OFFICE.items():
        if any(member.startswith(mark) for member in members):
            raise TableError(f"{name} is {description}")
    if any(member.lower().endswith(".shp") for member in members):
        raise TableError(f"{name} is a shapefile: export the table of its features as CSV")
    if "mimetype" in members or "[Content_Types].xml" in members:
        raise TableError(f"{name} is an Office document without sheets: save its table as CSV")
    if members and all(member.endswith(".npy") for member in members):
        return "npz"
    return "zip"


def find_member(archive: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    """Return the only table of a zip archive.

    Folders, hidden files, pictures, documents and files such as README do not count. Raises
    TableError if there is no table, more than one, if the table is encrypted, or if a path leads
    outside of the archive.
    """
    for member in archive.infolist():
        if ".." in PurePosixPath(member.filename).parts or member.filename.startswith("/"):
            raise TableError(
                f"{name} is a zip archive with a path that leads outside of it "
                f"({make_printable(member.filename, 60)}): it is not opened"
            )
    files = [member for member in archive.infolist() if not _is_hidden(member)]
    tables = [member for member in files if not _is_other(member.filename)]
    chosen = tables or (files if len(files) == 1 else [])
    if not files:
        raise TableError(f"{name} is a zip archive without a file")
    if len(chosen) != 1:
        shown = [make_printable(each.filename, 60) for each in tables or files]
        found = f"{len(tables):,} tables" if tables else "no table"
        raise TableError(
            f"{name} is a zip archive with {found} ({join_names(shown, 6)}): unpack it and open "
            "one table"
        )
    if chosen[0].flag_bits & 1:
        raise TableError(f"{name} is an encrypted zip archive: unpack it with its password")
    return chosen[0]


def open_member(file: BinaryIO, name: str) -> BinaryIO:
    """Return the only table of a zip archive as a file; TableError as for `find_member`."""
    archive = open_archive(file, name)
    try:
        return archive.open(find_member(archive, name))  # type: ignore[return-value]
    except NotImplementedError as error:
        raise TableError(f"{name} cannot be unpacked here ({error}): unpack it yourself") from None
    except (zipfile.BadZipFile, RuntimeError, ValueError, OSError, EOFError):
        message = f"{name} is a zip archive that is damaged or cut short; make it again"
        raise TableError(message) from None


def _has_sheets(archive: zipfile.ZipFile) -> bool:
    try:
        with archive.open("mimetype") as file:
            return file.read(100).strip() == MIME_TYPE_OF_SHEETS
    except Exception:  # no such member, or a damaged one: the file is no workbook
        return False


def _is_hidden(member: zipfile.ZipInfo) -> bool:
    parts = PurePosixPath(member.filename).parts
    return member.is_dir() or any(part[0] == "." or part == "__MACOSX" for part in parts)


def _is_other(filename: str) -> bool:
    path = PurePosixPath(filename.lower())
    return path.suffix in OTHER_ENDINGS or path.name.startswith(OTHER_WORDS)

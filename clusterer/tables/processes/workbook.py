"""Sheets of workbooks (Excel and OpenDocument) as rows of text, read in a process of their own."""

from collections.abc import Generator
from pathlib import Path
from typing import Any

from clusterer.support.text import format_bytes, join_names, make_printable
from clusterer.tables.errors import TableError
from clusterer.tables.files.rendered_text import RenderedText
from clusterer.tables.limits import READ_BUDGET
from clusterer.tables.processes.reading_process import ReadingProcess

PROGRAM = "workbook_process.py"
N_LISTED = 8
# The file format of Office up to 2003; also encrypted workbooks are such files.
COMPOUND_MARK = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
COMPOUND_HEADER_BYTES = 512
N_DIRECTORY_BYTES = 4096
OTHER_DOCUMENTS = {
    "WordDocument": "a Word document: copy its table into a CSV file",
    "PowerPoint Document": "a PowerPoint presentation: copy its table into a CSV file",
    "EncryptionInfo": "protected by a password: save it without one",
    "__properties_version": "an Outlook message: save its table as CSV",
    "VisioDocument": "a Visio drawing: save its table as CSV",
}


def open_workbook(path: Path, name: str, sheet: str | None) -> RenderedText:
    """Return a sheet of a workbook as rows of text.

    Parameters
    ----------
    path : Path
        The file.
    name : str
        The name of the table in messages.
    sheet : str or None
        The name of the sheet; None takes the first visible sheet with rows of numbers.

    Raises
    ------
    TableError
        If the workbook is damaged, protected or empty, if it has no such sheet, or if the sheet
        takes more memory than the budget of a reading.
    """
    _refuse_other_documents(path, name)
    process = ReadingProcess(PROGRAM, path, lambda _: _make_memory_error(name))
    reply = _check_reply(process.ask(*([] if sheet is None else [sheet])), name)
    taken, sheets = reply["taken"], reply["sheets"]
    notes = [f"read from the sheet {make_printable(taken)}"]
    others = [make_printable(each, 40) for each in sheets if each != taken]
    if others:
        notes[0] += f"; the other sheets are {join_names(others, N_LISTED)}: choose by sheet"

    def render() -> Generator[bytes, None, None]:
        yield from process.read(taken)

    return RenderedText(name, render, notes, sheets=sheets)


def _refuse_other_documents(path: Path, name: str) -> None:
    """Raise TableError for the compound files of other programs than Excel."""
    with path.open("rb") as file:
        header = file.read(COMPOUND_HEADER_BYTES)
        if not header.startswith(COMPOUND_MARK) or len(header) < COMPOUND_HEADER_BYTES:
            return
        sector = 1 << min(int.from_bytes(header[30:32], "little"), 12)
        file.seek((int.from_bytes(header[48:52], "little") + 1) * sector)
        directory = file.read(N_DIRECTORY_BYTES)
    is_workbook = any(entry.encode("utf-16-le") in directory for entry in ("Workbook", "Book\0"))
    # A workbook may hold documents of other programs.
    for entry, description in () if is_workbook else OTHER_DOCUMENTS.items():
        if entry.encode("utf-16-le") in directory:
            raise TableError(f"{name} is {description}")


def _check_reply(reply: dict[str, Any], name: str) -> dict[str, Any]:
    if "error" in reply:
        raise TableError(f"{name} {make_printable(reply['error'], 300)}")
    if "damage" in reply:
        cause = make_printable(reply["damage"], 120)
        raise TableError(
            f"{name} is a workbook that is damaged or describes too many cells: save the sheet as "
            f"CSV ({cause})"
        )
    return reply


def _make_memory_error(name: str) -> TableError:
    most = format_bytes(READ_BUDGET)
    return TableError(
        f"{name} is a workbook that takes more than {most} of memory to read: save the sheet as CSV"
    )

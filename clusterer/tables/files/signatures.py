"""The type of a file, detected from its first bytes; the name of the file does not matter."""

import re

from clusterer.tables.errors import TableError

N_HEAD_BYTES = 4096
EXCEL = "an Excel or OpenDocument workbook: save the sheet as CSV"
UNPACK = "unpack it and open the table inside"

# (offset, bytes at the offset, what the file is and what the user can do)
FOREIGN: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG", "a PNG image"),
    (0, b"\xff\xd8\xff", "a JPEG image"),
    (0, b"GIF8", "a GIF image"),
    (0, b"II*\0", "a TIFF image"),
    (0, b"MM\0*", "a TIFF image"),
    (0, b"RIFF", "a sound, video or image file (RIFF)"),
    (4, b"ftyp", "a video file (MP4)"),
    (0, b"OggS", "a sound or video file (Ogg)"),
    (0, b"%PDF", "a PDF document: copy its table into a CSV file"),
    (0, b"7z\xbc\xaf\x27\x1c", f"a 7z archive: {UNPACK}"),
    (0, b"Rar!\x1a\x07", f"a RAR archive: {UNPACK}"),
    (257, b"ustar", f"a tar archive: {UNPACK}"),
    (0, b"\xfd7zXZ\0", "xz-compressed data: unpack it, or use gzip or zstd"),
    (0, b"\x04\x22\x4d\x18", "LZ4-compressed data: unpack it, or use gzip or zstd"),
    (0, b"SQLite format 3\0", "an SQLite database: export the table as CSV"),
    (8, b"DUCK", "a DuckDB database: export the table as CSV or Parquet"),
    (0, b"\x89HDF\r\n", "an HDF5 file: export the table as CSV or Parquet"),
    (0, b"CDF\x01", "a NetCDF file: export the table as CSV"),
    (0, b"CDF\x02", "a NetCDF file: export the table as CSV"),
    (0, b"MATLAB 5.0 MAT", "a MATLAB file: export the table as CSV"),
    (0, b"\x93NUMPY", "a NumPy array file: save it with numpy.savetxt"),
    (0, b"ARROW1", "an Arrow file: save it as Parquet or CSV"),
    (0, b"FEA1", "a Feather file: save it as Parquet or CSV"),
    (0, b"ORC", "an ORC file: save it as Parquet or CSV"),
    (0, b"Obj\x01", "an Avro file: save it as Parquet or CSV"),
    (0, b"$FL2", "an SPSS file: export it as CSV"),
    (0, b"<stata_dta>", "a Stata file: export it as CSV"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document (.xls or .doc): save as CSV"),
    (12, b"\xc2\xea\x81\x60\xb3\x14\x11\xcf", "a SAS file: export it as CSV"),
    (0, b"HEADER RECORD*******", "a SAS file: export it as CSV"),
    (0, b"%!PS", "a PostScript document: copy its table into a CSV file"),
    (0, b"{\\rtf", "an RTF document: copy its table into a CSV file"),
    (0, b"version https://git-lfs", "a Git LFS pointer: get the file itself by git lfs pull"),
    (0, b"\x7fELF", "a program"),
    (0, b"MZ\x90\0", "a program"),
    (0, b"\xca\xfe\xba\xbe", "a program"),
    (0, b"\0asm", "a program"),
)
COMPRESSED = ((b"\x1f\x8b", "gzip"), (b"BZh", "bzip2"), (b"\x28\xb5\x2f\xfd", "zstd"))
ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
# Protocols 2 to 5 and an opcode; without the opcode a text that begins with "€" in Windows-1252
# would match.
PICKLE = re.compile(rb"\x80[\x02-\x05][\x80-\x95()\]}NKMJXcU\x00-\x20]", re.DOTALL)
RDATA = re.compile(rb"RD[ABX][23]\n|X\n\0\0\0[\x02\x03]")
JSON = re.compile(
    r'\{\s*(?:"[^"\n]*"\s*:|\}\s*$)|\[\s*(?:[\[{"]|\]\s*$|-?\d[\d.eE+-]*\s*(?:,\s*-?\d|\]\s*$))'
)
XML = re.compile(r"(?i)<(?:!doctype|html|\?xml|table|svg|!--|[\w:.-]+(?:\s[^<>]*)?>\s*?\n)")
ARFF = re.compile(r"(?im)^@attribute\s")
ZSTD_SKIPPABLE = re.compile(rb"[\x50-\x5f]\x2a\x4d\x18", re.DOTALL)


def detect_compression(head: bytes) -> str | None:
    r"""Return "gzip", "bzip2", "zstd" or "parquet" from the first bytes of a file, or None.

    Examples
    --------
    >>> detect_compression(b"\x1f\x8b\x08"), detect_compression(b"x,y")
    ('gzip', None)
    """
    if head.startswith(b"PAR1"):
        return "parquet"
    if ZSTD_SKIPPABLE.match(head):
        return "zstd"
    return next((name for magic, name in COMPRESSED if head.startswith(magic)), None)


def refuse_foreign(head: bytes, name: str) -> None:
    """Raise TableError if `head` belongs to a known type of file that is no table."""
    description = describe_foreign(head)
    if description is not None:
        raise TableError(f"{name} is {description}")


def describe_foreign(head: bytes) -> str | None:
    """Return what the file is and what the user can do; None if it may be a table."""
    if head.startswith(ZIP):
        return _describe_zip(head)
    if PICKLE.match(head):
        return "a Python pickle, which is never opened because that runs code: save a CSV instead"
    if RDATA.match(head):
        return "an R data file: save it with write.csv"
    for offset, magic, description in FOREIGN:
        if head.startswith(magic, offset):
            return description
    return None


def _describe_zip(head: bytes) -> str:
    office = (b"[Content_Types].xml", b"xl/", b"mimetypeapplication/vnd.oasis", b"_rels/")
    if any(mark in head for mark in office):
        return EXCEL
    return f"a zip archive: {UNPACK}"


def refuse_markup(text: str, name: str) -> None:
    """Raise TableError if a text is JSON, HTML, XML or ARFF."""
    start = text.lstrip()[:4096]
    if JSON.match(start):
        raise TableError(f"{name} looks like JSON, not a table of rows: save it as CSV")
    if XML.match(start):
        raise TableError(f"{name} looks like HTML or XML: save its table as CSV")
    if ARFF.search(start):
        raise TableError(f"{name} looks like an ARFF file: save it as CSV")

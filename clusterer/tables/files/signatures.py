"""The type of a file, detected from its first bytes; the name of the file does not matter."""

import re

from clusterer.tables.errors import TableError

N_HEAD_BYTES = 4096
UNPACK = "unpack it and open the table inside"
AS_CSV = "export the table as CSV"
PICKLED = "a Python pickle, which is never opened because that runs code: save a CSV instead"

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
    (0, b"\x1f\x9d", f"data compressed by compress (.Z): {UNPACK}"),
    (0, b"LZIP", f"lzip-compressed data: {UNPACK}"),
    (0, b"\x89LZO\0\r\n", f"lzop-compressed data: {UNPACK}"),
    (0, b"\xff\x06\0\0sNaPpY", f"Snappy-compressed data: {UNPACK}"),
    (0, b"\x04\x22\x4d\x18", "LZ4-compressed data: unpack it, or use gzip or zstd"),
    (0, b"\x02\x21\x4c\x18", "LZ4-compressed data: unpack it, or use gzip or zstd"),
    (8, b"DUCK", "a DuckDB database: export the table as CSV or Parquet"),
    (0, b"\0\x01\0\0Standard Jet DB", f"an Access database: {AS_CSV}"),
    (0, b"\0\x01\0\0Standard ACE DB", f"an Access database: {AS_CSV}"),
    (0, b"\x89HDF\r\n", "an HDF5 file: export the table as CSV or Parquet"),
    (0, b"\x0e\x03\x13\x01", f"an HDF4 file: {AS_CSV}"),
    (0, b"CDF\x01", f"a NetCDF file: {AS_CSV}"),
    (0, b"CDF\x02", f"a NetCDF file: {AS_CSV}"),
    (0, b"CDF\x05", f"a NetCDF file: {AS_CSV}"),
    (0, b"MATLAB 5.0 MAT", f"a MATLAB file: {AS_CSV} with writematrix"),
    (0, b"MATLAB 7.3 MAT", f"a MATLAB file: {AS_CSV} with writematrix"),
    (512, b"\x89HDF\r\n", "an HDF5 file: export the table as CSV or Parquet"),
    (0, b"FEA1", "a Feather file of version 1: save it as Parquet or as Feather of version 2"),
    (0, b"ORC", "an ORC file: save it as Parquet or CSV"),
    (0, b"Obj\x01", "an Avro file: save it as Parquet or CSV"),
    (0, b"$FL2", "an SPSS file: export it as CSV"),
    (0, b"$FL3", "an SPSS file: export it as CSV"),
    (0, b"ASCII SPSS PORT FILE", "an SPSS file: export it as CSV"),
    (0, b"<stata_dta>", "a Stata file (dta): export it as CSV"),
    (12, b"\xc2\xea\x81\x60\xb3\x14\x11\xcf", "a SAS file: export it as CSV"),
    (0, b"HEADER RECORD*******", "a SAS file: export it as CSV"),
    (0, b"SIMPLE  = ", f"a FITS file: {AS_CSV}"),
    (0, b"TDSm", f"a LabVIEW file (TDMS): {AS_CSV}"),
    (0, b"LASF", f"a LAS point cloud: {AS_CSV}"),
    (0, b"\0\0\x27\x0a", f"a shapefile: {AS_CSV}"),
    (0, b"root\0", f"a ROOT file: {AS_CSV}"),
    (128, b"DICM", "a DICOM image"),
    (0, b"%!PS", "a PostScript document: copy its table into a CSV file"),
    (0, b"{\\rtf", "an RTF document: copy its table into a CSV file"),
    (0, b"version https://git-lfs", "a Git LFS pointer: get the file itself by git lfs pull"),
    (0, b"\x7fELF", "a program"),
    (0, b"MZ\x90\0", "a program"),
    (0, b"\xca\xfe\xba\xbe", "a program"),
    (0, b"\0asm", "a program"),
)
FORMATS = (
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\xfd7zXZ\0", "xz"),
    (b"PAR1", "parquet"),
    (b"ARROW1\0\0", "arrow"),
    (b"\xff\xff\xff\xff", "arrow stream"),
    (b"\x93NUMPY", "npy"),
    (b"SQLite format 3\0", "sqlite"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"PK\x07\x08", "zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old office"),
)
COMPRESSIONS = ("gzip", "bzip2", "zstd", "xz", "zip")
NAMES = {
    "parquet": "Parquet",
    "arrow": "an Arrow file",
    "arrow stream": "an Arrow stream",
    "npy": "a NumPy array file",
    "npz": "an archive of NumPy arrays",
    "sqlite": "an SQLite database",
    "zip": "a zip archive",
    "workbook": "an Excel or OpenDocument workbook",
    "old office": "an old Office document",
}
# (what a regular expression finds in the first bytes, what the file is and what to do)
# Pickle: protocols 2 to 5 and an opcode; without the opcode a text that begins with "€" in
# Windows-1252 would match. Protocols 0 and 1 are letters: lists, dictionaries, global names.
PATTERNS = (
    (re.compile(rb"\x80[\x02-\x05][\x80-\x95()\]}NKMJXcU\x00-\x20]", re.DOTALL), PICKLED),
    (re.compile(rb"\((?:lp|dp)\d+\n"), PICKLED),
    (re.compile(rb"c(?:__builtin__|builtins|copy_?reg|numpy|pandas|sklearn)[\w.]*\n"), PICKLED),
    (re.compile(rb"RD[ABX][23]\n|[XA]\n\0\0\0[\x02\x03]|A\n[23]\n\d{6}\n\d{6}\n"),
     "an R data file: save it with write.csv"),
    (re.compile(rb"FCS[234]\.\d {4}"),
     f"a flow cytometry file (FCS): {AS_CSV}"),
    (re.compile(rb"[\x03-\x05\x30-\x32\x43\x63\x83\x8b\xcb\xf5].[\x01-\x0c][\x01-\x1f].{28}"
                rb"[A-Za-z_][\w\0]{10}[CNLDMFBGPYTIO@+]", re.DOTALL),
     f"a dBase file (dbf): {AS_CSV}"),
    (re.compile(rb"GRIB.{3}[\x01\x02]", re.DOTALL), f"a GRIB file: {AS_CSV}"),
    # Stata up to version 12: the version, the byte order, the file type 1 and a zero.
    (re.compile(rb"[\x69-\x73][\x01\x02]\x01\0", re.DOTALL),
     "a Stata file (dta): export it as CSV"),
)  # fmt: skip
JSON = re.compile(
    r'\{\s*(?:"[^"\n]*"\s*:|\}\s*$)|\[\s*(?:[\[{"]|\]\s*$|-?\d[\d.eE+-]*\s*(?:,\s*-?\d|\]\s*$))'
)
XML = re.compile(
    r"(?i)<(?:!doctype|html|\?xml|table|svg|!--|[\w:.-]+\s+xmlns[:=]|[\w:.-]+(?:\s[^<>]*)?>\s*?\n)"
)
ARFF = re.compile(r"(?im)^\s*@attribute\s")
# A list of records: "- x: 1" and on the next line another key.
YAML = re.compile(r"(?:(?:#[^\n]*|---[ \t]*)\n)*- +[\w .\-]+:(?: [^\n]*)?\n *(?:- +)?[\w .\-]+:\s")
# A dump of a database begins with remarks and settings; then a statement makes a table.
SQL = re.compile(
    r"(?i)(?:\s|--[^\n]*\n|/\*(?:[^*]|\*(?!/))*\*/;?"
    r"|(?:SET|PRAGMA|BEGIN|USE|LOCK|START|SELECT pg_catalog)\b[^;]*;"
    r"|(?:CREATE|DROP)\s+(?:DATABASE|SCHEMA|EXTENSION|TYPE|SEQUENCE)\b[^;]*;)*+"
    r"(?:(?:CREATE\s+(?:TEMPORARY\s+|TEMP\s+)?|DROP\s+|ALTER\s+)TABLE\s|INSERT\s+INTO\s"
    r"|COPY\s[^;]*\sFROM\s+stdin;)"
)
ZSTD_SKIPPABLE = re.compile(rb"[\x50-\x5f]\x2a\x4d\x18", re.DOTALL)
LIBSVM_PAIR = r"[1-9]\d*:[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
LIBSVM = re.compile(
    rf"\s*[+-]?\d+(?:\.\d+)?(?:,\d+)*(?:\s+qid:\d+)?(?:\s+{LIBSVM_PAIR})*\s*(?:#.*)?"
)
N_LIBSVM_LINES = 50


def detect_format(head: bytes) -> str | None:
    r"""Return the compression or the binary format that begins with `head`; None for text.

    Examples
    --------
    >>> detect_format(b"\x1f\x8b\x08"), detect_format(b"PAR1"), detect_format(b"x,y")
    ('gzip', 'parquet', None)
    """
    if ZSTD_SKIPPABLE.match(head):
        return "zstd"
    found = next((name for magic, name in FORMATS if head.startswith(magic)), None)
    # The length of the schema follows the mark of a stream.
    is_empty = found == "arrow stream" and not any(head[4:8])
    return None if is_empty else found


def describe_format(kind: str | None) -> str:
    """Return the name of a format for users."""
    return NAMES.get(str(kind), str(kind))


def needs_file(head: bytes) -> bool:
    """Tell whether a format is read from several places, so that a pipe must be saved first."""
    found = detect_format(head)
    return found is not None and (found == "zip" or found not in COMPRESSIONS)


def refuse_foreign(head: bytes, name: str) -> None:
    """Raise TableError if `head` belongs to a known type of file that is no table."""
    description = describe_foreign(head)
    if description is not None:
        raise TableError(f"{name} is {description}")


def describe_foreign(head: bytes) -> str | None:
    """Return what the file is and what the user can do; None if it may be a table."""
    for pattern, description in PATTERNS:
        if pattern.match(head):
            return description
    for offset, magic, description in FOREIGN:
        if head.startswith(magic, offset):
            return description
    return f"a tar archive: {UNPACK}" if _is_old_tar(head) else None


def _is_old_tar(head: bytes) -> bool:
    """Tell whether the first block has the check sum of a tar archive; the oldest have no mark."""
    field = head[148:156].strip(b" \0")
    if len(head) < 512 or not field or field.translate(None, b"01234567"):
        return False
    return sum(head[:148]) + 8 * ord(" ") + sum(head[156:512]) == int(field, 8)


def is_json(text: str) -> bool:
    """Tell whether a text begins like JSON."""
    return JSON.match(text.lstrip()[:4096]) is not None


def is_arff(text: str) -> bool:
    """Tell whether a text begins with the declarations of an ARFF file."""
    lines = (line.strip() for line in text.split("\n"))
    first = next((line for line in lines if line and line[0] != "%"), "")
    return first.lower().startswith(("@relation", "@attribute")) and ARFF.search(text) is not None


def refuse_markup(text: str, name: str) -> None:
    """Raise TableError if a text is JSON, YAML, HTML, XML, SQL, ARFF or libsvm."""
    start = text.lstrip()[:4096]
    if JSON.match(start):
        raise TableError(f"{name} looks like JSON, not a table of rows: save it as CSV")
    if XML.match(start):
        raise TableError(f"{name} looks like HTML or XML: save its table as CSV")
    if YAML.match(start):
        raise TableError(f"{name} looks like YAML, not a table of rows: save it as CSV or JSON")
    if SQL.match(start):
        raise TableError(
            f"{name} looks like a dump of a database (SQL), which is never run: export its table "
            "as CSV, or load it into SQLite and open that file"
        )
    if ARFF.search(start):
        raise TableError(f"{name} looks like an ARFF file: save it as CSV")
    if _is_libsvm(text):
        raise TableError(
            f"{name} looks like sparse data in libsvm format (index:value): read it with "
            "sklearn.datasets.load_svmlight_file and save its columns as CSV"
        )


def _is_libsvm(text: str) -> bool:
    lines = [line for line in text.split("\n")[:N_LIBSVM_LINES] if line.partition("#")[0].strip()]
    if not lines or not all(LIBSVM.fullmatch(line) for line in lines):
        return False
    pairs = [re.findall(LIBSVM_PAIR, line.partition("#")[0]) for line in lines]
    indices = [[int(pair.partition(":")[0]) for pair in each] for each in pairs]
    if any(sorted(set(each)) != each for each in indices) or max(map(len, indices)) < 2:
        return False
    # The times of day 10:30 and 17:45 are pairs as well.
    values = [pair.partition(":")[2] for each in pairs for pair in each]
    return not all(re.fullmatch(r"[0-5]\d", value) for value in values)

"""Small workbooks of the binary formats xls (Excel 97 to 2003) and xlsb, written by hand."""

import datetime
import io
import struct
import zipfile
from collections.abc import Iterable, Sequence

EPOCH = datetime.datetime(1899, 12, 30)
SECTOR = 512
FREE, END, FAT_SECTOR = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
# Streams from this size on lie in sectors of their own.
MIN_STREAM = 4096
DATE_FORMAT = 14
RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
SHEET = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"


def count_days(moment: datetime.datetime) -> float:
    """Return the serial number of a moment in Excel."""
    return (moment - EPOCH) / datetime.timedelta(days=1)


def make_xls(rows: Iterable[Sequence[object]], name: str = "Data") -> bytes:
    """Return a workbook with one sheet of numbers, texts and dates."""

    def write(kind: int, data: bytes) -> bytes:
        return struct.pack("<HH", kind, len(data)) + data

    cells = b""
    for i, row in enumerate(rows):
        for j, value in enumerate(row):
            if isinstance(value, datetime.datetime):
                cells += write(0x0203, struct.pack("<HHHd", i, j, 1, count_days(value)))
            elif isinstance(value, str):
                text = struct.pack("<HB", len(value), 1) + value.encode("utf-16-le")
                cells += write(0x0204, struct.pack("<HHH", i, j, 0) + text)
            elif value is not None:
                cells += write(0x0203, struct.pack("<HHHd", i, j, 0, float(str(value))))
    sheet = (
        write(0x0809, struct.pack("<HHHHII", 0x600, 0x10, 0, 0, 0, 0)) + cells + write(0x0A, b"")
    )
    begin = write(0x0809, struct.pack("<HHHHII", 0x600, 0x05, 0, 0, 0, 0))
    formats = b"".join(write(0xE0, struct.pack("<HH16x", 0, each)) for each in (0, DATE_FORMAT))
    title = struct.pack("<BB", len(name), 0) + name.encode("latin-1")
    # The length of the record of the sheet does not depend on its position.
    position = len(begin + formats) + 4 + 6 + len(title) + 4
    entry = write(0x85, struct.pack("<IBB", position, 0, 0) + title)
    return pack_compound(begin + formats + entry + write(0x0A, b"") + sheet)


def pack_compound(stream: bytes, name: str = "Workbook") -> bytes:
    """Return a compound file with one stream."""
    n_sectors = max(len(stream), MIN_STREAM) // SECTOR + 1
    stream = stream.ljust(n_sectors * SECTOR, b"\0")
    n_fat = (n_sectors + 1) // 127 + 1
    first = n_fat + 1
    chain = [FAT_SECTOR] * n_fat + [END]
    chain += [*range(first + 1, first + n_sectors), END]
    fat = struct.pack(f"<{len(chain)}I", *chain).ljust(n_fat * SECTOR, b"\xff")
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    header += struct.pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
    header += struct.pack("<IIIIIIIII", 0, n_fat, n_fat, 0, MIN_STREAM, END, 0, END, 0)
    header += struct.pack(f"<{n_fat}I", *range(n_fat)).ljust(436, b"\xff")
    root = pack_entry("Root Entry", 5, child=1, start=END, size=0)
    entries = root + pack_entry(name, 2, child=FREE, start=first, size=len(stream))
    return header + fat + entries.ljust(SECTOR, b"\0") + stream


def pack_entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
    """Return an entry of the directory of a compound file."""
    text = name.encode("utf-16-le") + b"\0\0"
    links = struct.pack("<HBBIII", len(text), kind, 1, FREE, FREE, child)
    return text.ljust(64, b"\0") + links + bytes(36) + struct.pack("<IQ", start, size)


def make_xlsb(rows: Iterable[Sequence[object]], name: str = "Data") -> bytes:
    """Return a workbook with one sheet of numbers, texts and dates."""

    def write(kind: int, data: bytes = b"") -> bytes:
        head = bytes([kind]) if kind < 128 else bytes([kind & 0x7F | 0x80, kind >> 7])
        size = len(data)
        length = bytes([size]) if size < 128 else bytes([size & 0x7F | 0x80, size >> 7])
        return head + length + data

    def pack_text(text: str) -> bytes:
        return struct.pack("<I", len(text)) + text.encode("utf-16-le")

    cells = b""
    for i, row in enumerate(rows):
        cells += write(0, struct.pack("<I", i) + bytes(13))
        for j, value in enumerate(row):
            is_date = isinstance(value, datetime.datetime)
            place = struct.pack("<II", j, int(is_date))
            if isinstance(value, str):
                cells += write(6, place + pack_text(value))
            elif value is not None:
                number = count_days(value) if is_date else float(str(value))
                cells += write(5, place + struct.pack("<d", number))
    size = struct.pack("<IIII", 0, 2**20 - 1, 0, 100)
    formats = b"".join(write(0x2F, struct.pack("<HH12x", 0, each)) for each in (0, DATE_FORMAT))
    parts = {
        "[Content_Types].xml": "<Types/>",
        "xl/_rels/workbook.bin.rels": f'<Relationships xmlns="{RELATIONS}"><Relationship Id="rId1" '
        f'Type="{SHEET}" Target="worksheets/sheet1.bin"/></Relationships>',
        "xl/workbook.bin": write(0x83) + write(0x8F)
        + write(0x9C, struct.pack("<II", 0, 1) + pack_text("rId1") + pack_text(name))
        + write(0x90) + write(0x84),
        "xl/styles.bin": write(0x116) + write(0x269, struct.pack("<I", 2)) + formats + write(0x26A)
        + write(0x117),
        "xl/worksheets/sheet1.bin": write(0x81) + write(0x94, size) + write(0x91) + cells
        + write(0x92) + write(0x82),
    }  # fmt: skip
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, part in parts.items():
            archive.writestr(path, part)
    return data.getvalue()

"""Small workbooks, written by hand: Excel's and OpenDocument's packages of XML."""

import datetime
import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
DOCUMENT = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
FORM = "application/vnd.openxmlformats-officedocument.spreadsheetml"
EPOCH = datetime.datetime(1899, 12, 30)
STYLES = f"""<styleSheet xmlns="{MAIN}"><numFmts count="1">
<numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/></numFmts>
<cellXfs count="3"><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/></cellXfs>
</styleSheet>"""


class Formula(NamedTuple):
    """A formula, and the value that the spreadsheet program stored with it."""

    text: str
    value: float | str


class Raw(NamedTuple):
    """A cell as it stands in the XML of a sheet."""

    xml: str


def make_xlsx(
    sheets: Mapping[str, Iterable[Sequence[object]]],
    hidden: Sequence[str] = (),
    extra: Mapping[str, bytes | str] | None = None,
) -> bytes:
    """Return an Excel workbook; texts are shared strings."""
    shared: dict[str, int] = {}
    parts: dict[str, bytes | str] = {}
    entries, links = [], []
    for i, (name, rows) in enumerate(sheets.items(), 1):
        data = "".join(_write_row(j, row, shared) for j, row in enumerate(rows, 1))
        parts[f"xl/worksheets/sheet{i}.xml"] = (
            f'<worksheet xmlns="{MAIN}"><sheetData>{data}</sheetData></worksheet>'
        )
        state = ' state="hidden"' if name in hidden else ""
        entries.append(f'<sheet name="{escape(name)}" sheetId="{i}"{state} r:id="rId{i}"/>')
        links.append((f"rId{i}", f"{DOCUMENT}/worksheet", f"worksheets/sheet{i}.xml"))
    links += [
        ("rIdS", f"{DOCUMENT}/sharedStrings", "sharedStrings.xml"),
        ("rIdT", f"{DOCUMENT}/styles", "styles.xml"),
    ]
    parts["[Content_Types].xml"] = (
        f'<Types xmlns="{TYPES}"><Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{FORM}.sheet.main+xml"/></Types>'
    )
    parts["_rels/.rels"] = _write_links([("rId1", f"{DOCUMENT}/officeDocument", "xl/workbook.xml")])
    parts["xl/workbook.xml"] = (
        f'<workbook xmlns="{MAIN}" xmlns:r="{DOCUMENT}"><sheets>{"".join(entries)}</sheets>'
        "</workbook>"
    )
    parts["xl/_rels/workbook.xml.rels"] = _write_links(links)
    parts["xl/styles.xml"] = STYLES
    texts = "".join(f'<si><t xml:space="preserve">{escape(text)}</t></si>' for text in shared)
    parts["xl/sharedStrings.xml"] = f'<sst xmlns="{MAIN}">{texts}</sst>'
    return pack(parts | dict(extra or {}))


def _write_row(number: int, row: Sequence[object], shared: dict[str, int]) -> str:
    cells = (_write_cell(cell, shared) for cell in row)
    places = (f"{_name_column(j)}{number}" for j in range(len(row)))
    marked = (
        cell.replace("<c", f'<c r="{place}"', 1) for cell, place in zip(cells, places, strict=True)
    )
    return f'<row r="{number}">{"".join(marked)}</row>'


def _name_column(j: int) -> str:
    return (chr(64 + j // 26) if j >= 26 else "") + chr(65 + j % 26)


def _write_cell(cell: object, shared: dict[str, int]) -> str:
    if cell is None:
        return ""
    if isinstance(cell, Raw):
        return cell.xml
    if isinstance(cell, Formula):
        kind = ' t="str"' if isinstance(cell.value, str) else ""
        return f"<c{kind}><f>{escape(cell.text)}</f><v>{cell.value}</v></c>"
    if isinstance(cell, bool):
        return f'<c t="b"><v>{int(cell)}</v></c>'
    if isinstance(cell, datetime.datetime):
        days = (cell - EPOCH) / datetime.timedelta(days=1)
        return f'<c s="{1 if cell.time() == datetime.time() else 2}"><v>{days!r}</v></c>'
    if isinstance(cell, str):
        return f'<c t="s"><v>{shared.setdefault(cell, len(shared))}</v></c>'
    return f"<c><v>{cell!r}</v></c>"


def _write_links(links: Sequence[tuple[str, str, str]]) -> str:
    entries = "".join(
        f'<Relationship Id="{name}" Type="{kind}" Target="{target}"/>'
        for name, kind, target in links
    )
    return f'<Relationships xmlns="{PACKAGE}">{entries}</Relationships>'


OFFICE = "urn:oasis:names:tc:opendocument:xmlns"
SHEET_TYPE = "application/vnd.oasis.opendocument.spreadsheet"


def make_ods(sheets: Mapping[str, Iterable[Sequence[object]]]) -> bytes:
    """Return an OpenDocument workbook; a `Raw` row is taken as it is."""
    tables = "".join(
        f'<table:table table:name="{escape(name)}">'
        + "".join(_write_ods_row(row) for row in rows)
        + "</table:table>"
        for name, rows in sheets.items()
    )
    content = (
        f'<office:document-content xmlns:office="{OFFICE}:office:1.0" '
        f'xmlns:table="{OFFICE}:table:1.0" xmlns:text="{OFFICE}:text:1.0">'
        f"<office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body>"
        "</office:document-content>"
    )
    return pack_ods(content)


def pack_ods(content: str) -> bytes:
    """Return an OpenDocument workbook with this content."""
    manifest = (
        f'<manifest:manifest xmlns:manifest="{OFFICE}:manifest:1.0"><manifest:file-entry '
        f'manifest:full-path="/" manifest:media-type="{SHEET_TYPE}"/></manifest:manifest>'
    )
    return pack({"mimetype": SHEET_TYPE, "content.xml": content, "META-INF/manifest.xml": manifest})


def _write_ods_row(row: Sequence[object]) -> str:
    if isinstance(row, Raw):
        return row.xml
    return f"<table:table-row>{''.join(map(_write_ods_cell, row))}</table:table-row>"


def _write_ods_cell(cell: object) -> str:
    if cell is None:
        return "<table:table-cell/>"
    if isinstance(cell, str):
        value = 'office:value-type="string"'
    elif isinstance(cell, datetime.datetime):
        value = f'office:value-type="date" office:date-value="{cell.isoformat()}"'
    else:
        value = f'office:value-type="float" office:value="{cell!r}"'
    return f"<table:table-cell {value}><text:p>{escape(str(cell))}</text:p></table:table-cell>"


def pack(parts: Mapping[str, bytes | str]) -> bytes:
    """Return a zip archive of these members."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return held.getvalue()

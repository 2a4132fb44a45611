"""ARFF, the format of Weka, and GCT, the format of GenePattern, as rows of text."""

import re
from collections.abc import Generator, Iterator, Sequence
from typing import NamedTuple

from clusterer.support.text import make_printable
from clusterer.tables.errors import TableError
from clusterer.tables.files.rendered_text import OpenReader, Read, RenderedText, write_rows
from clusterer.tables.limits import Limits

BLOCK_BYTES = 2**18
QUOTED = r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\""
ATTRIBUTE = re.compile(rf"(?is)@attribute\s+({QUOTED}|[^\s{{]+)\s*(.*)")
CELL = re.compile(rf"\s*({QUOTED}|[^,]*?)\s*(?:,|$)")
SPARSE_CELL = re.compile(rf"\s*(\d+)\s+({QUOTED}|[^,]*?)\s*(?:,|$)")
ESCAPED = re.compile(r"\\(.)")
GCT = re.compile(r"#1\.([23])\s*\n(\d+)\t(\d+)(?:\t(\d+)\t(\d+))?\s*\n")


class _Attribute(NamedTuple):
    """An attribute: its name, and the value that a sparse row leaves out."""

    name: str
    default: str


def open_arff(name: str, open_reader: OpenReader, limits: Limits) -> RenderedText:
    """Return an ARFF file as rows of text, sparse rows with all their values.

    Raises TableError if the declarations are damaged, or if there are too many.
    """
    with open_reader() as read:
        attributes = _read_attributes(split_lines(read, limits.max_line_bytes, name), limits, name)

    def render() -> Generator[bytes, None, None]:
        with open_reader() as read:
            lines = split_lines(read, limits.max_line_bytes, name)
            yield from write_rows(_make_rows(lines, attributes))

    return RenderedText(name, render, ["read as ARFF"], has_header=True)


def _read_attributes(lines: Iterator[str], limits: Limits, name: str) -> list[_Attribute]:
    attributes: list[_Attribute] = []
    for i, line in enumerate(lines, 1):
        text = line.strip()
        word = text[:10].lower()
        if word.startswith("@data"):
            break
        if not word.startswith("@attribute"):
            continue
        found = ATTRIBUTE.fullmatch(text)
        if found is None:
            raise TableError(f"{name} is an ARFF file with a damaged attribute in line {i}")
        kind = found[2].strip()
        if kind.lower().startswith("relational"):
            raise TableError(f"{name} is an ARFF file with tables in cells: save it as CSV")
        first = CELL.match(kind[1:].rstrip("}")) if kind.startswith("{") else None
        attributes.append(_Attribute(_unquote(found[1]), _unquote(first[1]) if first else "0"))
        if len(attributes) > limits.max_columns:
            raise TableError(
                f"{name} has more than the {limits.max_columns:,} columns that max_columns allows"
            )
    else:
        raise TableError(f"{name} is an ARFF file without @data: it is cut short")
    if not attributes:
        raise TableError(f"{name} is an ARFF file without an attribute: there is no table in it")
    return attributes


def _make_rows(lines: Iterator[str], attributes: Sequence[_Attribute]) -> Iterator[Sequence[str]]:
    for line in lines:
        if line.strip().lower().startswith("@data"):
            break
        # A blank line for each, so that a row has the same number as its line.
        yield ()
    yield [each.name for each in attributes]
    for line in lines:
        text = line.strip()
        if not text or text[0] == "%":
            yield ()
        elif text[0] == "{":
            yield _read_sparse(text, attributes)
        else:
            yield split_arff_cells(text)


def split_arff_cells(line: str) -> list[str]:
    r"""Return the cells of a line.

    Examples
    --------
    >>> split_arff_cells(r"1.5, 'a, \'b\'', ?")
    ['1.5', "a, 'b'", '?']
    """
    if "'" not in line and '"' not in line:
        return [cell.strip() for cell in line.split("," if "," in line else None)]
    cells: list[str] = []
    start = 0
    while start <= len(line):
        found = CELL.match(line, start)
        if found is None:
            # The quote is never closed.
            return [*cells, line[start:], ""]
        cells.append(_unquote(found[1]))
        if not found[0].endswith(","):
            break
        start = found.end()
    return cells


def _read_sparse(text: str, attributes: Sequence[_Attribute]) -> list[str]:
    cells = [each.default for each in attributes]
    for index, value in SPARSE_CELL.findall(text.strip("{} \t")):
        if int(index) >= len(cells):
            # A row of too many cells is dropped, and counted as malformed.
            return [*cells, make_printable(text, 20)]
        cells[int(index)] = _unquote(value)
    return cells


def _unquote(text: str) -> str:
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "'\"":
        return ESCAPED.sub(r"\1", text[1:-1])
    return text


def find_gct_lines(text: str) -> tuple[int, ...]:
    r"""Return the numbers of the lines of a GCT file that are no part of its table, else ().

    Examples
    --------
    >>> find_gct_lines("#1.2\n300\t3\nName\tDescription\ts1\n")
    (1, 2)
    """
    found = GCT.match(text)
    if found is None:
        return ()
    # In version 1.3 rows that describe the samples follow the line of names.
    n_described = int(found[5] or 0)
    return (1, 2, *range(4, 4 + min(n_described, len(text))))


def open_gct(name: str, open_reader: OpenReader, skipped: Sequence[int]) -> RenderedText:
    """Return a GCT file as tab-separated text, with blank lines for the skipped ones."""

    def render() -> Generator[bytes, None, None]:
        with open_reader() as read:
            line, n_last = 1, max(skipped)
            while block := read(BLOCK_BYTES):
                if line > n_last:
                    yield block
                    continue
                parts = block.split(b"\n")
                kept = [b"" if line + i in skipped else part for i, part in enumerate(parts)]
                line += len(parts) - 1
                yield b"\n".join(kept)

    return RenderedText(name, render, ["read as GCT"], has_header=True, delimiter="\t")


def split_lines(read: Read, max_line_bytes: int, name: str) -> Iterator[str]:
    """Yield the lines of a text; TableError if one has more than `max_line_bytes` bytes."""
    pending = b""
    while block := read(BLOCK_BYTES):
        lines = (pending + block).replace(b"\r\n", b"\n").split(b"\n")
        pending = lines.pop()
        if len(pending) > max_line_bytes:
            raise TableError(f"{name} has a line longer than {max_line_bytes:,} bytes")
        for line in lines:
            yield line.decode("utf-8", "replace")
    if pending:
        yield pending.decode("utf-8", "replace")

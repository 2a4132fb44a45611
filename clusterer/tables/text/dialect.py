"""How a text is divided into cells: the delimiter, the quotes, the comments."""

import re
from collections import Counter
from dataclasses import dataclass

from clusterer.support.text import make_printable
from clusterer.tables.columns.cells import MISSING, is_missing, is_number, is_other_value
from clusterer.tables.errors import TableError
from clusterer.tables.text.records import split_records

# What separates cells, and how readily it is believed: a blank or a colon is often within one.
DELIMITERS = {
    "\t": 1.0, ";": 1.0, ",": 1.0, "|": 1.0, "\x1f": 1.0, "\x01": 1.0,
    "^": 0.95, "~": 0.95, "¦": 0.95, "§": 0.95, " ": 0.9, ":": 0.7,
}  # fmt: skip
SINGLE = 0.6
N_LINES = 100
N_CHARACTERS = 2**16
N_CELLS = 2_000
COMMENTS = ("#", "//", "%")
JSON = re.compile(
    r'\{\s*(?:"[^"\n]*"\s*:|\}\s*$)|\[\s*(?:[\[{"]|\]\s*$|-?\d[\d.eE+-]*\s*(?:,\s*-?\d|\]\s*$))'
)
SHEET_ERROR = re.compile(
    rf"(?i)\s*(?:{'|'.join(re.escape(word) for word in MISSING if word[:1] == '#')})(?!\w)"
)
SEPARATOR_LINE = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)


@dataclass(frozen=True)
class Dialect:
    """The division of lines into cells; a space as delimiter stands for any run of blanks."""

    delimiter: str
    quote: str = '"'
    comment: str | None = None

    def is_comment(self, line: str) -> bool:
        """Tell whether a line is a remark rather than a row."""
        return _starts(line, self.comment)


def chosen_delimiter(delimiter: str) -> str:
    """Return the delimiter asked for, or raise TableError if it cannot be one."""
    words = {"\\t": "\t", "tab": "\t", "space": " "}
    # A number or a list is none either.
    word = words.get(delimiter, delimiter) if isinstance(delimiter, str) else ""
    if len(word) != 1 or word.isalnum() or word in "\n\r\"'.+-\0":
        shown = make_printable(delimiter)
        raise TableError(f"delimiter is {shown!r}; allowed: one character such as , ; | or \\t")
    return word


def detected_dialect(lines: list[str], delimiter: str | None) -> Dialect:
    """Return the dialect that makes the most of the first lines of a table."""
    comment = _comment(lines)
    body = [line for line in lines if line.strip() and not _starts(line, comment)]
    quote = _quote(body)
    found = SEPARATOR_LINE.fullmatch(lines[0]) if lines else None
    if delimiter is None and found and any(found[1] in line for line in body[1:]):
        delimiter = found[1]
    if delimiter is None:
        delimiter = _delimiter(_few(body), quote)
    return Dialect(delimiter, quote, comment)


def _few(lines: list[str]) -> list[str]:
    n_lines, n_characters = 0, 0
    for line in lines[:N_LINES]:
        n_characters += len(line)
        if n_characters > N_CHARACTERS and n_lines >= 5:
            break
        n_lines += 1
    return lines[:n_lines]


def _starts(line: str, comment: str | None) -> bool:
    if comment is None or not line.lstrip().startswith(comment):
        return False
    # A spreadsheet's #N/A in the first cell makes no remark of a row.
    return SHEET_ERROR.match(line) is None


def _comment(lines: list[str]) -> str | None:
    full = [line for line in lines if line.strip()]
    for mark in COMMENTS:
        marked = [_starts(line, mark) for line in full]
        n_marked = sum(marked)
        is_preface = all(marked[:n_marked]) and n_marked < len(full)
        # Where most lines begin so it is a value, such as the colour #ff0000.
        if n_marked > 0 and (is_preface or n_marked < max(2, len(full) / 2)):
            return mark
    return None


def _quote(lines: list[str]) -> str:
    text = "\n".join(lines)
    single = len(re.findall(r"(?m)(?:^|[,;\t|])'[^'\n]*'(?=$|[,;\t|])", text))
    return "'" if single > len(lines) and '"' not in text else '"'


def _delimiter(lines: list[str], quote: str) -> str:
    unused = (mark for mark in ",;\t|\x1f" if not any(mark in line for line in lines))
    best, best_score = next(unused, ","), SINGLE * _mean_worth([[line] for line in lines])
    for delimiter, prior in DELIMITERS.items():
        if any(delimiter in line for line in lines):
            score = prior * _score(lines, delimiter, quote)
            if score > best_score * 1.001:
                best, best_score = delimiter, score
    return best


def _score(lines: list[str], delimiter: str, quote: str) -> float:
    """Return from 0 to 1 how much like a table the lines are with this delimiter."""
    rows = [record.cells for record in split_records(lines, delimiter, quote) if record.cells]
    if not rows:
        return 0.0
    n_cells, n_modal = Counter(map(len, rows)).most_common(1)[0]
    if n_cells < 2:
        return 0.0
    alike = [row for row in rows if len(row) == n_cells]
    # A header of another length is a sign that the rows are cut up in the wrong place.
    fits = 1.0 if len(rows[0]) == n_cells or len(rows[0]) == n_cells - 1 > 1 else 0.55
    return fits * n_modal / len(rows) * _mean_worth(alike)


def _mean_worth(rows: list[list[str]]) -> float:
    worths = [_worth(cell) for row in rows for cell in row[:N_CELLS]]
    return sum(worths) / max(1, len(worths))


def _worth(cell: str) -> float:
    if is_missing(cell):
        return 0.7 if cell.strip() else 0.5
    if is_number(cell) or is_other_value(cell):
        return 1.0
    return 0.2 if any(mark in cell for mark in "\t;,|") else 0.4


def refuse_markup(text: str, name: str) -> None:
    """Raise TableError if a text is JSON, HTML, XML or ARFF rather than a table."""
    start = text.lstrip()[:4096]
    if JSON.match(start):
        raise TableError(f"{name} looks like JSON, not a table of rows: save it as CSV")
    if re.match(r"(?i)<(?:!doctype|html|\?xml|table|svg|!--|[\w:.-]+(?:\s[^<>]*)?>\s*?\n)", start):
        raise TableError(f"{name} looks like HTML or XML: save its table as CSV")
    if re.search(r"(?im)^@attribute\s", start):
        raise TableError(f"{name} looks like an ARFF file: save it as CSV")

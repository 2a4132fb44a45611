"""The dialect of a text: its delimiter, its quotes and its comment lines."""

import re
from collections import Counter
from dataclasses import dataclass, replace

from clusterer.support.text import make_printable
from clusterer.tables.columns.cells import is_missing, is_number, is_other_value
from clusterer.tables.columns.words import MISSING_WORDS
from clusterer.tables.errors import TableError
from clusterer.tables.text.records import split_records

# The delimiters that are tried, with a weight: a blank or a colon is often part of a cell.
DELIMITERS = {
    "\t": 1.0, ";": 1.0, ",": 1.0, "|": 1.0, "\x1f": 1.0, "\x01": 1.0,
    "^": 0.95, "~": 0.95, "¦": 0.95, "§": 0.95, " ": 0.9, ":": 0.7,
}  # fmt: skip
# The weight of a table with a single column, which has no delimiter.
SINGLE_COLUMN_WEIGHT = 0.6
N_LINES = 100
N_CHARACTERS = 2**16
N_CELLS = 2_000
N_ROWS_BELOW = 4
MIN_TABBED_SHARE = 0.95
# No text holds this character outside of damaged lines.
NO_QUOTE = "\0"
ESCAPE = "\\"
MAX_WIDE = 3
COMMENT_MARKS = ("#", "//", "%")
SPREADSHEET_ERROR = re.compile(
    rf"(?i)\s*(?:{'|'.join(re.escape(word) for word in MISSING_WORDS if word[:1] == '#')})(?!\w)"
)
# A line drawn around the names or between the rows, as in reStructuredText and Markdown.
# Lines of signs, and marks such as ">>>>>Begin Spectral Data<<<<<" of spectrometers.
RULE_LINE = re.compile(r"[\s|+:]*(?:=|-){3,}[\s|+:=\-]*|>{3,}[^<>]*<{3,}")
# The first line "sep=;" is an instruction for Excel.
SEPARATOR_LINE = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)


@dataclass(frozen=True)
class Dialect:
    """How lines are divided into cells.

    Parameters
    ----------
    delimiter : str
        The character between cells; a space stands for any run of blanks.
    quote : str, default '"'
        The character around cells that contain the delimiter.
        `NO_QUOTE` for none.
    comment_mark : str or None
        The beginning of comment lines; None if there are no comment lines.
    escape : str or None
        The character before a quote that belongs to a cell; None if quotes are doubled.
    """

    delimiter: str
    quote: str = '"'
    comment_mark: str | None = None
    escape: str | None = None

    def is_comment(self, line: str) -> bool:
        """Tell whether a line is a comment and not a row."""
        return _starts_with_mark(line, self.comment_mark)


def is_rule(line: str) -> bool:
    """Tell whether a line is drawn around the names or between the rows.

    Examples
    --------
    >>> is_rule("+-----+=====+"), is_rule("---,---"), is_rule("- 5")
    (True, False, False)
    """
    return RULE_LINE.fullmatch(line.strip()) is not None


def check_delimiter(delimiter: str) -> str:
    """Return the delimiter that the user chose, or raise TableError if it is not allowed."""
    words = {"\\t": "\t", "tab": "\t", "space": " "}
    mark = words.get(delimiter, delimiter) if isinstance(delimiter, str) else ""
    is_wide = 1 < len(mark) <= MAX_WIDE and not any(map(_is_cell_character, mark))
    if not is_wide and (len(mark) != 1 or mark.isalnum() or mark in "\n\r\"'.+-\0"):
        shown = make_printable(delimiter)
        raise TableError(f"delimiter is {shown!r}; allowed: one character such as , ; | or \\t")
    return mark


def _is_cell_character(character: str) -> bool:
    return character.isalnum() or character in "\n\r\"'.+-\0 "


def detect_dialect(lines: list[str], delimiter: str | None, quote: str | None = None) -> Dialect:
    """Return the dialect of the first lines of a table.

    `delimiter` and `quote` are the user's choices; None detects them.
    """
    comment_mark = _detect_comment_mark(lines)
    full = [line for line in lines if line.strip() and not is_rule(line)]
    body = [line for line in full if not _starts_with_mark(line, comment_mark)]
    quote = _detect_quote(body) if quote is None else quote or NO_QUOTE
    found = SEPARATOR_LINE.fullmatch(lines[0]) if lines else None
    if delimiter is None and found and any(found[1] in line for line in body[1:]):
        delimiter = found[1]
    head = _limit_lines(body)
    dialect = Dialect(delimiter or _detect_delimiter(head, quote, None)[0], quote, comment_mark)
    if not any(ESCAPE + quote in line for line in body):
        return dialect
    escaped = replace(dialect, escape=ESCAPE)
    if delimiter is None:
        escaped = replace(escaped, delimiter=_detect_delimiter(head, quote, ESCAPE)[0])
    # A backslash may also end a quoted path, such as "C:\\data\\".
    scores = [
        _score_delimiter(head, each.delimiter, quote, each.escape) for each in (dialect, escaped)
    ]
    n_broken = [_count_broken(body, each) for each in (dialect, escaped)]
    return escaped if (n_broken[1], -scores[1]) < (n_broken[0], -scores[0]) else dialect


def _count_broken(lines: list[str], dialect: Dialect) -> int:
    """Return how many records do not have the most common number of cells."""
    records = split_records(lines, dialect.delimiter, dialect.quote, escape=dialect.escape)
    counts = Counter(len(record.cells) if record.cells else 0 for record in records)
    return counts.total() - max((n for size, n in counts.items() if size > 1), default=0)


def _detect_delimiter(lines: list[str], quote: str, escape: str | None) -> tuple[str, float]:
    """Return the delimiter with the highest score, and its score; see `_score_delimiter`."""
    unused = (mark for mark in ",;\t|\x1f" if not any(mark in line for line in lines))
    best = next(unused, ",")
    best_score = SINGLE_COLUMN_WEIGHT * _mean_cell_score([[line] for line in lines])
    # Blanks stand for tabs as well; between cells with tabs they belong to the cells.
    excluded = " " if _has_regular_tabs(lines) else ""
    for delimiter, weight in DELIMITERS.items():
        if delimiter != excluded and any(delimiter in line for line in lines):
            score = weight * _score_delimiter(lines, delimiter, quote, escape)
            if score > best_score * 1.001:
                best, best_score = delimiter, score
    return best, best_score


def _has_regular_tabs(lines: list[str]) -> bool:
    """Tell whether nearly all lines have the same number of tabs, and nothing is aligned.

    A preface without tabs may stand above them, of at most half of the lines.
    """
    first = next((i for i, line in enumerate(lines) if "\t" in line), 0)
    lines = lines[first:] if 2 * first <= len(lines) else lines
    counts = Counter(line.count("\t") for line in lines)
    n_tabs, n_lines = counts.most_common(1)[0] if counts else (0, 0)
    is_regular = n_tabs > 0 and n_lines >= MIN_TABBED_SHARE * len(lines)
    marks = ("\t\t", "  ", " \t", "\t ")
    return is_regular and not any(
        line[0] in " \t" or any(mark in line for mark in marks) for line in lines
    )


def _score_delimiter(
    lines: list[str], delimiter: str, quote: str, escape: str | None = None
) -> float:
    """Return how well a delimiter divides the lines into a table, from 0 to 1.

    The score is the share of rows with the most common number of cells, times the mean score of
    their cells. Numbers score high, text scores low.
    """
    records = split_records(lines, delimiter, quote, escape=escape)
    rows = [record.cells for record in records if record.cells]
    if not rows:
        return 0.0
    n_cells, n_modal = Counter(map(len, rows)).most_common(1)[0]
    if n_cells < 2:
        return 0.0
    modal = [row for row in rows if len(row) == n_cells]
    # A header of another length is a sign of the wrong delimiter. One name may be missing: R
    # writes no name for the column of row names. A preface may stand above the header.
    is_fitting = len(rows[0]) == n_cells or len(rows[0]) == n_cells - 1 > 1
    fits = 1.0 if is_fitting or _begins_with_words(modal) else 0.55
    return fits * n_modal / len(rows) * _mean_cell_score(modal)


def _begins_with_words(rows: list[list[str]]) -> bool:
    """Tell whether the first row has only words, and one of the next rows a number."""
    is_named = all(cell.strip() and not is_number(cell) for cell in rows[0])
    # A row of units may follow.
    return is_named and any(is_number(cell) for row in rows[1:N_ROWS_BELOW] for cell in row)


def _mean_cell_score(rows: list[list[str]]) -> float:
    scores = [_score_cell(cell) for row in rows for cell in row[:N_CELLS]]
    return sum(scores) / max(1, len(scores))


def _score_cell(cell: str) -> float:
    if is_missing(cell):
        return 0.7 if cell.strip() else 0.5
    if is_number(cell) or is_other_value(cell):
        return 1.0
    return 0.2 if any(mark in cell for mark in "\t;,|") else 0.4


def _limit_lines(lines: list[str]) -> list[str]:
    """Return the first lines, few enough for a quick answer."""
    n_lines, n_characters = 0, 0
    for line in lines[:N_LINES]:
        n_characters += len(line)
        if n_characters > N_CHARACTERS and n_lines >= 5:
            break
        n_lines += 1
    return lines[:n_lines]


def _detect_comment_mark(lines: list[str]) -> str | None:
    full = [line for line in lines if line.strip()]
    for mark in COMMENT_MARKS:
        marked = [_starts_with_mark(line, mark) for line in full]
        n_marked = sum(marked)
        is_preface = all(marked[:n_marked]) and n_marked < len(full)
        # If most lines begin with the mark, it is part of a value, such as the colour #ff0000.
        if n_marked > 0 and (is_preface or n_marked < max(2, len(full) / 2)):
            return mark
    return None


def _starts_with_mark(line: str, mark: str | None) -> bool:
    if mark is None or not line.lstrip().startswith(mark):
        return False
    # A spreadsheet's #N/A in the first cell does not make the row a comment.
    return SPREADSHEET_ERROR.match(line) is None


def _detect_quote(lines: list[str]) -> str:
    text = "\n".join(lines)
    n_single = len(re.findall(r"(?m)(?:^|[,;\t|])'[^'\n]*'(?=$|[,;\t|])", text))
    return "'" if n_single > len(lines) and '"' not in text else '"'

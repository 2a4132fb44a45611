"""Lines rewritten before they are cut into cells: delimiters of several characters, fixed widths.

The number of lines stays the same, so that messages name the lines of the file.
"""

import re
from dataclasses import dataclass, replace
from itertools import pairwise

from clusterer.tables.columns.cells import is_number
from clusterer.tables.text.blocks import Block

# Stands for a delimiter of several characters, and for the border of columns of fixed width.
UNIT_SEPARATOR = "\x1f"
WIDE_DELIMITERS = ("::", "||", "~~", "^^", "$$", "##", "&&", "\t|\t", "|~|", "|#|")
MIN_LINE_SHARE = 0.9
DELIMITING = re.compile("[\t,;|]")
N_WIDTH_ROWS = 3
# \N between delimiters or line ends; the escape would make it the letter N.
NULL_MARK = re.compile(rb"(?:^|(?<=[\t,;|\n\x1f\x01]))\\N(?=[\t,;|\n\x1f\x01]|$)")


@dataclass(frozen=True)
class Rewriting:
    r"""What is replaced in the lines of a text.

    Parameters
    ----------
    wide_delimiter : str, default ""
        A delimiter of several characters, which becomes U+001F; "" for none.
    has_null_marks : bool, default False
        Whether cells \N stand for a missing value, as databases write them beside escapes.
    starts : tuple of int, default ()
        The first characters of columns of fixed width, from 0; () for other texts.
    """

    wide_delimiter: str = ""
    has_null_marks: bool = False
    starts: tuple[int, ...] = ()

    def rewrite_text(self, text: str) -> str:
        r"""Return some lines, rewritten.

        Examples
        --------
        >>> Rewriting("::").rewrite_text("1::2\n")
        '1\x1f2\n'
        """
        return self.rewrite_bytes(text.encode("utf-8", "surrogatepass")).decode("utf-8", "replace")

    def rewrite_bytes(self, data: bytes) -> bytes:
        """Return some lines in UTF-8, rewritten."""
        if self.wide_delimiter:
            mark = self.wide_delimiter.encode()
            data = data.replace(mark, UNIT_SEPARATOR.encode())
            # Some programs end each line with half a delimiter.
            if mark == b"\t|\t":
                data = data.replace(b"\t|\n", b"\n")
        if self.starts:
            lines = data.decode("utf-8", "surrogateescape").split("\n")
            cut = "\n".join(map(self._cut_columns, lines))
            data = cut.encode("utf-8", "surrogateescape")
        if self.has_null_marks:
            data = NULL_MARK.sub(b"", data)
        return data

    def rewrite_block(self, block: Block) -> Block:
        """Return a block with its lines rewritten."""
        if self == NO_REWRITING:
            return block
        return replace(block, data=self.rewrite_bytes(block.data))

    def _cut_columns(self, line: str) -> str:
        if not line.strip():
            return line
        ends = (*self.starts[1:], len(line))
        cells = (line[start:end].strip() for start, end in zip(self.starts, ends, strict=True))
        return UNIT_SEPARATOR.join(cells)


NO_REWRITING = Rewriting()


def detect_wide_delimiter(lines: list[str]) -> str:
    """Return the delimiter of several characters, "" if there is none.

    Nine in ten lines have the same number of them, and their characters hardly stand alone.

    Examples
    --------
    >>> detect_wide_delimiter(["1::2::3", "4::5::6"]), detect_wide_delimiter(["1:2", "3:4"])
    ('::', '')
    """
    full = [line for line in lines if line.strip()]
    for mark in WIDE_DELIMITERS:
        counts = [line.count(mark) for line in full]
        if not counts or max(counts) == 0:
            continue
        modal = max(set(counts), key=counts.count)
        single = mark.strip("\t")[:1]
        n_alone = sum(line.replace(mark, "").count(single) > 0 for line in full)
        is_regular = modal > 0 and counts.count(modal) >= MIN_LINE_SHARE * len(full)
        if is_regular and (mark == "\t|\t" or n_alone <= (1 - MIN_LINE_SHARE) * len(full)):
            return mark
    return ""


def detect_starts(lines: list[str]) -> tuple[int, ...]:
    """Return the first characters of columns of fixed width, () if there are none.

    The first line holds the names, and all lines have blanks between two columns. If blanks cut
    the lines into as many cells as there are names, no widths are needed.

    Examples
    --------
    >>> detect_starts(["NAME   TEMP", "st 1   20.5", "st 22   1.5", "st 3   19.5"])
    (0, 7)
    >>> detect_starts(["x y", "1 2", "3 4", "5 6"])
    ()
    """
    full = [line for line in lines if line.strip()]
    if len(full) <= N_WIDTH_ROWS or any(map(DELIMITING.search, full)):
        return ()
    names, rows = full[0].split(), [line.split() for line in full[1:]]
    n_fitting = sum(len(row) == len(names) for row in rows)
    if len(names) < 2 or n_fitting >= MIN_LINE_SHARE * len(rows):
        return ()
    width = max(map(len, full))
    is_used = [any(line[i : i + 1].strip() for line in full) for i in range(width)]
    starts = tuple(i for i in range(width) if is_used[i] and (i == 0 or not is_used[i - 1]))
    cut = [[line[a:b].strip() for a, b in pairwise((*starts, width))] for line in full]
    if len(starts) != len(names) or any(map(is_number, cut[0])) or not all(cut[0]):
        return ()
    numeric = [
        sum(is_number(row[j]) for row in cut[1:]) >= MIN_LINE_SHARE * len(rows)
        for j in range(len(starts))
    ]
    return (0, *starts[1:]) if any(numeric) else ()

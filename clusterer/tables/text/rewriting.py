"""Lines rewritten before they are cut into cells: delimiters of several characters.

The number of lines stays the same, so that messages name the lines of the file.
"""

import re
from dataclasses import dataclass, replace

from clusterer.tables.text.blocks import Block

# Stands for a delimiter of several characters.
UNIT_SEPARATOR = "\x1f"
WIDE_DELIMITERS = ("::", "||", "~~", "^^", "$$", "##", "&&", "\t|\t", "|~|", "|#|")
MIN_LINE_SHARE = 0.9
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
    """

    wide_delimiter: str = ""
    has_null_marks: bool = False

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
        if self.has_null_marks:
            data = NULL_MARK.sub(b"", data)
        return data

    def rewrite_block(self, block: Block) -> Block:
        """Return a block with its lines rewritten."""
        if not (self.wide_delimiter or self.has_null_marks):
            return block
        return replace(block, data=self.rewrite_bytes(block.data))


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

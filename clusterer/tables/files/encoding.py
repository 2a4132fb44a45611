"""The encoding of a text, detected from its first bytes or chosen by the user."""

import codecs
import re
from dataclasses import dataclass

from clusterer.support.text import make_printable
from clusterer.tables.errors import TableError

# The longest mark first: the UTF-32 mark begins with the UTF-16 mark.
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
CONTROLS = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1b\x1c\x1d\x1e\x1f\x01\x02"))
# Windows-1252 is by far the most common encoding of text that is not UTF-8. Latin-1 also decodes
# the five bytes that Windows-1252 does not define.
FALLBACKS = ("cp1252", "latin-1")
UNDEFINED_1252 = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")


@dataclass(frozen=True)
class Encoding:
    """A codec, the length of the byte order mark to skip, and a note for users."""

    codec: str
    n_mark_bytes: int = 0
    note: str | None = None


def check_encoding(codec: str, head: bytes) -> Encoding:
    """Return the encoding that the user chose, with the byte order mark of `head` skipped.

    Raises TableError if Python has no text encoding of this name.
    """
    try:
        info = codecs.lookup(codec)
        "0".encode(codec)
    except (LookupError, ValueError, TypeError):
        message = f"there is no text encoding called {make_printable(codec)}; try utf-8 or cp1252"
        raise TableError(message) from None
    marked = _find_mark(head)
    if marked is None:
        return Encoding(info.name)
    if info.name in ("utf-16", "utf-32", "utf-8-sig") or info.name == marked.codec:
        return Encoding(marked.codec, marked.n_mark_bytes)
    return Encoding(info.name)


def detect_encoding(head: bytes, name: str) -> Encoding:
    """Return the encoding of a text that begins with `head`; TableError if the file is binary.

    The order of the tests: a byte order mark, the zero bytes of UTF-16 and UTF-32, UTF-8, and at
    last Windows-1252.
    """
    marked = _find_mark(head)
    if marked is not None:
        return marked
    wide = _detect_wide_codec(head)
    if wide is not None:
        return Encoding(wide, note=f"read as {wide.upper()}, because of the zero bytes")
    # Some devices pad their files with zero bytes.
    text = head.strip(b"\0") if b"\n" in head else head
    n_controls = len(text) - len(text.translate(None, CONTROLS))
    is_utf8 = _is_utf8(head)
    if n_controls > len(text) * (0.2 if is_utf8 else 0.02):
        raise TableError(f"{name} is a binary file, not a table of text; save it as CSV")
    if is_utf8:
        return Encoding("utf-8")
    codec = FALLBACKS[bool(UNDEFINED_1252.search(head))]
    note = f"not UTF-8: read as {codec}; if names look wrong, choose another encoding"
    return Encoding(codec, note=note)


def _find_mark(head: bytes) -> Encoding | None:
    for mark, codec in BYTE_ORDER_MARKS:
        if head.startswith(mark):
            note = f"read as {codec.upper()}, because of the byte order mark"
            return Encoding(codec, len(mark), None if codec == "utf-8" else note)
    return None


def _detect_wide_codec(head: bytes) -> str | None:
    # Digits, separators and line ends are ASCII: half of their bytes in UTF-16 are zero.
    if len(head) < 4:
        return None
    n_fours = len(head) // 4
    zeros = [head[i : 4 * n_fours : 4].count(0) / n_fours for i in range(4)]
    if min(zeros[2:]) > 0.99 and zeros[0] < 0.1:
        return "utf-32-le"
    if min(zeros[:2]) > 0.99 and zeros[3] < 0.1:
        return "utf-32-be"
    n_pairs = len(head) // 2
    even, odd = head[: 2 * n_pairs : 2].count(0) / n_pairs, head[1::2].count(0) / n_pairs
    if odd > 0.5 and even < 0.1:
        return "utf-16-le"
    if even > 0.5 and odd < 0.1:
        return "utf-16-be"
    return None


def _is_utf8(head: bytes) -> bool:
    try:
        # The incremental decoder accepts a character that is cut at the end of `head`.
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return True

"""The encoding of a text, detected from its first bytes or chosen by the user."""

import codecs
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from charset_normalizer import from_bytes

from clusterer.support.text import make_printable
from clusterer.tables.errors import TableError
from clusterer.tables.files.common_characters import (
    CHINESE,
    JAPANESE,
    LATIN_ENCODINGS,
    SCRIPT_LETTERS,
    SIGNS,
)

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
MIN_COMMON_SHARE = 0.5
# The encodings of Chinese, Japanese and Korean.
# The first bytes of the characters that are common in them: kana, Hangul syllables, and the
# ideographs of the first level.
EAST_ASIAN: dict[str, frozenset[int]] = {
    "gb18030": frozenset(range(0xB0, 0xD8)),
    "cp932": frozenset(range(0x82, 0x98)),
    "cp949": frozenset(range(0xB0, 0xC9)),
    "big5": frozenset(range(0xA4, 0xC7)),
    "euc_jp": frozenset((0xA4, 0xA5, *range(0xB0, 0xD0))),
}
# These have the characters of their standards where the second byte is high.
HIGH_SECOND_BYTE = {"gb18030": 0xA1, "cp949": 0xA1, "euc_jp": 0xA1}
KANA = re.compile("[\u3040-\u30ff]")
HALF_KANA = re.compile("[\uff61-\uff9f]+")
# Two of these kana may also be one Chinese or Korean character, which is more likely.
HALF_KANA_WEIGHT = 0.99
MIN_WORD_SHARE = 0.8
N_DETECTOR_BYTES = 2**13
# Signs that end a cell; no encoding has them within a character.
CELL_BREAK = re.compile(rb"[\t\r\n \",;]+")
# A run of letters, ASCII or not, between ASCII signs.
TOKEN = re.compile(r"[^\x00-@\[-`{-~]+")
# Letters of one language count more than letters of several languages.
MIXED_WEIGHT = 0.9
MIN_LATIN_SHARE = 0.8
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

    The order of the tests: a byte order mark, the zero bytes of UTF-16 and UTF-32, UTF-8, the
    encodings of other scripts, and at last those of Latin letters, of which Windows-1252 is first.
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
    codec = _detect_script(head) or FALLBACKS[bool(UNDEFINED_1252.search(head))]
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


def _detect_script(head: bytes) -> str | None:
    """Return the encoding of letters that Windows-1252 lacks, or None."""
    # Numbers between the words confuse the detector. The last cell may be cut within a character.
    cells = dict.fromkeys(cell for cell in CELL_BREAK.split(head)[:-1] if not cell.isascii())
    sample = b"\n".join(cells)[:N_DETECTOR_BYTES]
    sample = sample.rsplit(b"\n", 1)[0] if len(sample) == N_DETECTOR_BYTES else sample
    shares = {codec: _share_of_common_letters(sample, codec) for codec in SCRIPT_LETTERS}
    best = max(shares, key=lambda codec: shares[codec])
    if shares[best] >= MIN_COMMON_SHARE:
        return best
    east_asian = _detect_east_asian(sample)
    if east_asian is not None:
        return east_asian
    return _detect_latin(sample, is_mac=b"\r" in head and b"\n" not in head)


def _detect_latin(sample: bytes, is_mac: bool) -> str | None:
    """Return the encoding in which the letters are those of one language; None for the usual one.

    `is_mac` tells that the lines end as on old Macintosh computers.
    """
    codecs_in_order = sorted(LATIN_ENCODINGS, key=lambda codec: is_mac and codec != "mac_roman")
    shares = {codec: _share_of_latin_letters(sample, codec) for codec in codecs_in_order}
    best = max(shares, key=lambda codec: shares[codec])
    return None if best == "cp1252" or shares[best] < MIN_LATIN_SHARE else best


def _share_of_latin_letters(sample: bytes, codec: str) -> float:
    """Return the largest share of the characters beyond ASCII that are letters of a language."""
    words = _find_words(sample.decode(codec, "replace"))
    letters = [
        (before, each, after)
        for word in words
        for before, each, after in zip(" " + word, word, word[1:] + " ", strict=False)
        if not each.isascii()
    ]
    languages = LATIN_ENCODINGS[codec]
    shares = [_share_of_letters(letters, frozenset(alphabet)) for alphabet in languages.values()]
    mixed = MIXED_WEIGHT * _share_of_letters(letters, frozenset("".join(languages.values())))
    return max(*shares, mixed)


def _share_of_letters(letters: Sequence[tuple[str, str, str]], alphabet: frozenset[str]) -> float:
    """Return the share of signs and of letters of an alphabet; each comes with its neighbours."""
    n_good = 0
    for before, each, after in letters:
        is_letter = each in alphabet or each.lower() in alphabet
        # A capital within a word and a sign between letters are signs of the wrong encoding.
        is_odd = before.islower() and each.isupper()
        is_sign = each in SIGNS and not (before.isalpha() and after.isalpha() and each != "’")
        n_good += (is_letter and not is_odd) or is_sign
    return n_good / max(1, len(letters))


def _detect_east_asian(sample: bytes) -> str | None:
    """Return the encoding in which most characters are common ones, or None."""
    shares = {codec: _share_of_common_characters(sample, codec) for codec in EAST_ASIAN}
    best = max(shares.values())
    if best < MIN_WORD_SHARE:
        return None
    drawn = [codec for codec, share in shares.items() if share == best]
    if "euc_jp" in drawn and KANA.search(sample.decode("euc_jp")) is None:
        # Without kana the bytes of EUC-JP are Chinese characters in GB18030.
        japanese = _share_of(JAPANESE, sample.decode("euc_jp"))
        is_japanese = japanese > _share_of(CHINESE, sample.decode("gb18030", "replace"))
        drawn = ["euc_jp"] if is_japanese else [codec for codec in drawn if codec != "euc_jp"]
    matches = from_bytes(sample, cp_isolation=drawn, enable_fallback=False) if drawn[1:] else ()
    return next((match.encoding for match in matches), drawn[0])


def _share_of(common: frozenset[str], text: str) -> float:
    """Return the share of common characters among those beyond ASCII."""
    characters = [each for each in text if not each.isascii()]
    return sum(each in common for each in characters) / max(1, len(characters))


def _share_of_common_letters(sample: bytes, codec: str) -> float:
    """Return the share of common letters among those beyond ASCII; 0 if there are no words."""
    try:
        words = _find_words(sample.decode(codec))
    except UnicodeDecodeError:
        return 0.0
    # A word of one script has no letters of another one and no signs.
    words = [word for word in words if len(word) > 1]
    good = [word for word in words if _is_of_one_script(word)]
    if not words or len(good) < MIN_WORD_SHARE * len(words):
        return 0.0
    letters = "".join(good).casefold()
    return sum(letter in SCRIPT_LETTERS[codec] for letter in letters) / len(letters)


def _share_of_common_characters(sample: bytes, codec: str) -> float:
    """Return the share of common East Asian characters beyond ASCII; 0 if words mix scripts."""
    try:
        text = sample.decode(codec)
    except UnicodeDecodeError:
        return 0.0
    words = _find_words(text)
    n_good = sum(not re.search("[A-Za-z]", word) for word in words)
    characters = [each for word in words for each in word if each.isalpha() and not each.isascii()]
    # A sign before a letter, as in °C, looks like one character.
    has_word = bool(characters) and any(len(word) > 1 for word in words)
    if not has_word or n_good < MIN_WORD_SHARE * len(words):
        return 0.0
    encoded = [each.encode(codec, "replace") for each in characters]
    lowest = HIGH_SECOND_BYTE.get(codec, 0)
    n_common = sum(
        len(each) == 2 and each[0] in EAST_ASIAN[codec] and each[1] >= lowest for each in encoded
    )
    # Kana of half width have one byte; words of them have nothing else.
    half = [word for word in words if len(word) > 1 and HALF_KANA.fullmatch(word)]
    n_half = sum(each.isalpha() for word in half for each in word)
    return (n_common + HALF_KANA_WEIGHT * n_half) / len(characters)


def _find_words(text: str) -> list[str]:
    """Return the distinct words with letters beyond ASCII."""
    return [word for word in dict.fromkeys(TOKEN.findall(text)) if not word.isascii()]


def _is_of_one_script(word: str) -> bool:
    """Tell whether a word has letters of one script only, and few capitals behind small letters."""
    is_text = all(not each.isascii() and unicodedata.category(each)[0] in "LM" for each in word)
    n_rises = sum(a.islower() and b.isupper() for a, b in pairwise(word))
    return is_text and 4 * n_rises < len(word)


def _is_utf8(head: bytes) -> bool:
    try:
        # The incremental decoder accepts a character that is cut at the end of `head`.
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return True

"""Random mutations of a valid file: changed bytes, lines, cells, encodings, compression."""

import bz2
import gzip
from collections.abc import Callable
from random import Random

TOKENS = (
    b'"', b'""', b"'", b"\0", b"\n", b"\r", b"\r\n", b",", b";", b"\t", b"|", b" ", b"#", b"%",
    b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\xff", b"\x80", b"\xc3", b"\xed\xa0\x80",
    b"\xe2\x80\xa8", b"\xe2\x80\xae", b"\x1b[2J", b"1e999", b"-1e-999", b"NaN", b"-inf", b"#N/A",
    b"9" * 400, b"0." + b"0" * 400 + b"1", b"1.7976931348623157e308", b"-1.7e308", b"5e-324",
    b"1,234,567.89", b"1.234.567,89", b"0x7f", b"1_000", b"2024-02-30", b"99:99:99", b"=1+1",
    b"<script>alert(1)</script>", b"{{7*7}}", b"'; DROP TABLE runs; --", b"../../x", b"\x1f\x8b",
    b"PK\x03\x04", b"PAR1", b"\x80\x04]\x94.", b"A" * 70_000,
)  # fmt: skip
CODECS = ("utf-16", "utf-16-be", "utf-32", "latin-1", "cp1252", "cp500", "utf-7", "gb18030")


def flip_bits(content: bytes, random: Random) -> bytes:
    """Flip some bits."""
    changed = bytearray(content)
    for _ in range(random.choice((1, 2, 8, 64)) if changed else 0):
        changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
    return bytes(changed)


def cut_off(content: bytes, random: Random) -> bytes:
    """Cut the end off, as in an interrupted upload."""
    return content[: random.randint(0, len(content))]


def remove_span(content: bytes, random: Random) -> bytes:
    """Remove some bytes from the middle."""
    start = random.randint(0, len(content))
    return content[:start] + content[start + random.choice((1, 3, 50, 2000)) :]


def repeat_span(content: bytes, random: Random) -> bytes:
    """Repeat some bytes."""
    start = random.randint(0, len(content))
    span = content[start : start + random.choice((1, 5, 200, 5000))]
    return content[:start] + span * random.choice((1, 2, 20)) + content[start:]


def insert_tokens(content: bytes, random: Random) -> bytes:
    """Insert tokens that parsers treat specially, or overwrite bytes with them."""
    for _ in range(random.choice((1, 1, 3, 20))):
        start = random.randint(0, len(content))
        n_over = random.choice((0, 0, 1, 4))
        content = content[:start] + random.choice(TOKENS) + content[start + n_over :]
    return content


def insert_noise(content: bytes, random: Random) -> bytes:
    """Insert random bytes."""
    start = random.randint(0, len(content))
    return content[:start] + random.randbytes(random.choice((1, 10, 500))) + content[start:]


def replace_everywhere(content: bytes, random: Random) -> bytes:
    """Replace all occurrences of one byte by another byte or a token."""
    if not content:
        return content
    old = content[(at := random.randrange(len(content))) : at + 1]
    new = random.choice((b"", random.randbytes(1), *(each for each in TOKENS if len(each) < 9)))
    return content.replace(old, new, 20_000)


def mix_lines(content: bytes, random: Random) -> bytes:
    """Remove, repeat, shuffle or join lines."""
    lines = content.split(b"\n")
    kind = random.randrange(5)
    if kind == 0:
        random.shuffle(lines)
    elif kind == 1:
        lines = [line for line in lines if random.random() < 0.8]
    elif kind == 2:
        lines = lines[1:]
    elif kind == 3:
        lines = lines[: random.randint(1, 4)]
    else:
        lines = lines * random.choice((2, 5))
    return random.choice((b"\n", b"\n", b"\r", b"\r\n", b"\n\n", b"")).join(lines[:20_000])


def replace_cells(content: bytes, random: Random) -> bytes:
    """Replace cells in some lines."""
    lines = content.split(b"\n")
    for _ in range(random.choice((1, 5, 50))):
        at = random.randrange(len(lines))
        cells = lines[at].split(b",")
        cells[random.randrange(len(cells))] = random.choice(TOKENS)
        lines[at] = b",".join(cells)
    return b"\n".join(lines)


def change_columns(content: bytes, random: Random) -> bytes:
    """Change the delimiter, and remove the last column or repeat it."""
    new = random.choice((b";", b"\t", b"|", b" ", b"", b",,", b"\x1f", b":"))
    rows = [line.split(b",") for line in content.split(b"\n")]
    n_times = random.choice((0, 1, 1, 2, 30))
    return b"\n".join(new.join([*row[:-1], *row[-1:] * n_times]) for row in rows[:5_000])


def recode(content: bytes, random: Random) -> bytes:
    """Change the encoding."""
    text = content[:200_000].decode("utf-8", "replace")
    return text.encode(random.choice(CODECS), "replace")


def pack(content: bytes, random: Random) -> bytes:
    """Compress the file, and damage half of the compressed files."""
    content = content[:500_000]
    is_gzip = random.random() < 0.5
    packed = gzip.compress(content, mtime=0) if is_gzip else bz2.compress(content)
    return flip_bits(packed, random) if random.random() < 0.5 else packed


BYTES: tuple[Callable[[bytes, Random], bytes], ...] = (
    flip_bits, cut_off, remove_span, repeat_span, insert_tokens, insert_noise, replace_everywhere,
)  # fmt: skip
LINES = (mix_lines, replace_cells, change_columns, recode, pack)


def mutate(content: bytes, random: Random, *, is_text: bool = True) -> bytes:
    """Change a file by one to four random mutations.

    >>> mutate(b"x,y\\n1,2\\n", Random(3)) == mutate(b"x,y\\n1,2\\n", Random(3))
    True
    """
    mutations = BYTES + LINES if is_text else BYTES
    for change in random.choices(mutations, k=random.choice((1, 1, 2, 3, 4))):
        content = change(content, random)
    return content

"""Hostile tables: files drawn by Hypothesis, and mutated real files."""

import bz2
import gzip
import io
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from functools import cached_property
from pathlib import Path
from random import Random
from typing import Any

import hypothesis
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import HealthCheck, Phase, given
from hypothesis import strategies as st

from clusterer.datasets.examples import EXAMPLES
from tests.robustness.hostile_input.mutations import mutate

N_BATCH = 50
LARGEST_COMMON_BYTES = 150_000

ODD_CELLS = (
    "", " ", "\t", "NA", "#N/A", "NaN", "-inf", "∞", "1e999", "-1e-999", "9" * 400, "0x1F", "1_000",
    "١٢٣", "½", "1e5e5", "--5", "+-3", "(12)", "12 %", "€ 3,50", "1'000.5", "1\u00a0234", "5e-324",
    "1.7976931348623157e308", "-1.7e308", "9007199254740993", "2024-01-01", "31/12/2024 25:61",
    "0001-01-01", "9999-12-31T23:59:59.999999999Z", "-9999-01-01", "12:61", "true", "nein", "\0",
    "\ufeff", "\u202e", "\u2028", "'", '"', '""', 'a"b', '"a', "line\nend", "\r", "a;b,c\td|e",
    "<img src=x onerror=alert(1)>", "=cmd|'/C calc'!A0", "{{7*7}}", "${x}", "../../x", "%00", "𝔘",
    "'; DROP TABLE runs; --", "e\u0301", "Z" * 5000, "[1, 2]", "{", "#", "nan,nan", "NULL",
)  # fmt: skip
NUMBER = r"[+\-]?[0-9]{1,3}([.,' ][0-9]{3}){0,3}([.,][0-9]{0,5})?([eE][+\-]?[0-9]{1,3})? ?%?"
CELLS = st.one_of(
    st.integers(-1000, 1000).map(str),
    st.integers(-(10**30), 10**30).map(str),
    st.floats().map(repr),
    st.from_regex(NUMBER, fullmatch=True),
    st.datetimes().map(str),
    st.text(max_size=12),
    st.sampled_from(ODD_CELLS),
)
KINDS = st.one_of(
    st.lists(st.floats(-100, 100).map(repr), min_size=3, max_size=12),
    st.lists(st.integers(0, 9).map(str), min_size=1, max_size=5),
    st.lists(st.floats(allow_nan=False, allow_infinity=False).map(repr), min_size=1, max_size=8),
    st.lists(CELLS, min_size=1, max_size=8),
)
NAMES = st.one_of(st.text(max_size=8), st.sampled_from(("x", "id", "time", "label", *ODD_CELLS)))
DELIMITERS = (",", ";", "\t", "|", " ", ":", "^", "\x1f", "§", ", ", "||", "\0", "a", "")
ENDS = ("\n", "\r\n", "\r", "\n\r", "\u2028", "\x0b", "\x85", "\n\n")
CODECS = (
    "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1", "cp1252",
    "cp437", "utf-7", "shift_jis", "gb18030", "cp500", "koi8-r",
)  # fmt: skip
PREFACES = (
    "",
    "sep=;",
    "# remark",
    "A title\n\nof two lines",
    "\n\n\n",
    "<html>",
    "{",
    "%PDF",
    '"',
)
ENDINGS = ("", "\n", ",,,", "\0\0\0", '"', "total,1", "\x1a", "é")
N_ROWS = (0, 1, 2, 3, 7, 40, 40, 300)
RARE_N_ROWS = (5_000, 40_000)


def usually(value: Any, others: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    """Draw the value in half of the cases, and one of the others otherwise."""
    return st.one_of(st.just(value), st.sampled_from(others))


@st.composite
def tables(draw: st.DrawFn) -> bytes:
    """Draw a file that is a table or a damaged table."""
    columns = draw(st.lists(KINDS, min_size=1, max_size=6))
    header = draw(st.none() | st.lists(NAMES, max_size=7))
    delimiter, end = draw(usually(",", DELIMITERS)), draw(usually("\n", ENDS))
    random = Random(draw(st.integers(0, 2**32)))
    n_rows = random.choice(RARE_N_ROWS if random.random() < 0.02 else N_ROWS)
    n_times = random.choice((40, 1000)) if random.random() < 0.02 else 1
    raggedness = draw(usually(0.0, (0.02, 0.5)))
    quoting = draw(usually("as needed", ("never", "always", "single", "half")))
    lines = [] if header is None else [delimiter.join(header * n_times)]
    for _ in range(n_rows if n_times == 1 else min(n_rows, 40)):
        cells = [quote(random.choice(pool), delimiter, quoting, random) for pool in columns]
        cells *= n_times
        if random.random() < raggedness:
            cells = cells[: random.randint(0, len(cells))] + random.choices(
                ODD_CELLS, k=random.randint(0, 3)
            )
        lines.append(delimiter.join(cells))
    lines = [*([preface] if (preface := draw(usually("", PREFACES))) else []), *lines]
    text = end.join(lines) + draw(usually(end, ENDINGS))
    content = text.encode(draw(usually("utf-8", CODECS)), "replace")
    content = draw(usually(keep, PACKINGS))(content)
    share = draw(usually(1.0, (0.5, 0.9, 0.99)))
    return content[: int(len(content) * share)]


def quote(cell: str, delimiter: str, how: str, random: Random) -> str:
    """Write a cell with or without correct quotes."""
    is_needed = any(mark in cell for mark in (delimiter or ",", '"', "\n", "\r"))
    if how == "always" or (how == "as needed" and is_needed):
        return '"' + cell.replace('"', '""') + '"'
    if how == "single":
        return f"'{cell}'"
    return f'"{cell}' if how == "half" and random.random() < 0.05 else cell


def keep(content: bytes) -> bytes:
    """Leave the file uncompressed."""
    return content


def pack_zip(content: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(zipfile.ZipInfo("../../table.csv"), content)
    return packed.getvalue()


def pack_bomb(content: bytes) -> bytes:
    """Compress a file that is far larger than its compressed size suggests."""
    return gzip.compress(content + b"0,0\n" * 12_000_000, 1, mtime=0)


def pack_zstd(content: bytes) -> bytes:
    return bytes(pa.compress(content, "zstd", asbytes=True))


def pack_gzip(content: bytes) -> bytes:
    # Without a time stamp, so that a case is always the same.
    return gzip.compress(content, mtime=0)


def pack_gzip_twice(content: bytes) -> bytes:
    return pack_gzip(pack_gzip(content))


PACKINGS: tuple[Callable[[bytes], bytes], ...] = (
    keep, keep, keep, pack_gzip, bz2.compress, pack_zstd, pack_zip, pack_gzip_twice,
)  # fmt: skip


def draw_batch(seed: int) -> list[bytes]:
    """Return the files that Hypothesis draws for one seed; they are always the same."""
    drawn: list[bytes] = []

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=N_BATCH,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(tables())
    def collect(content: bytes) -> None:
        drawn.append(content)

    collect()
    return drawn


def write_parquet(table: pa.Table, **options: Any) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, **options)
    return sink.getvalue()


def make_parquets() -> list[bytes]:
    """Write Parquet files with columns of many types."""
    n = 200
    numbers = np.random.default_rng(0).normal(size=(n, 2))
    plain = pa.table({"x": numbers[:, 0], "y": numbers[:, 1], "class": ["a", "b"] * (n // 2)})
    days = pa.array(np.arange(n).astype("datetime64[D]"))
    others = {
        "f": pa.array(numbers[:, 0], pa.float32()),
        "i": pa.array(range(n), pa.int16()),
        "b": pa.array([True, None] * (n // 2)),
        "s": pa.array(["é", None] * (n // 2)).dictionary_encode(),
        "l": pa.array([[1.0, 2.0], None] * (n // 2)),
        "d": days,
        "t": pa.array(range(n), pa.time64("us")),
    }
    return [
        write_parquet(plain),
        write_parquet(plain, compression="zstd", row_group_size=50),
        write_parquet(pa.table(others), compression="gzip"),
    ]


def make_databases() -> list[bytes]:
    """Write SQLite databases with pages of several sizes, an index and a view."""
    rows = [(i, i * 0.5, "é" * (i % 40), bytes(i % 900), i * 60) for i in range(200)]
    columns = "(id INTEGER PRIMARY KEY, x REAL, name TEXT, photo BLOB, at DATETIME)"
    found = []
    for size, more in (
        (512, "CREATE INDEX i ON t (x)"),
        (4096, "CREATE VIEW v AS SELECT x FROM t"),
    ):
        with closing(sqlite3.connect(":memory:")) as connection:
            connection.execute(f"PRAGMA page_size = {size}")
            connection.execute(f"CREATE TABLE t {columns}")
            connection.executemany("INSERT INTO t VALUES (?, ?, ?, ?, ?)", rows)
            connection.execute(more)
            connection.execute("CREATE TABLE w (k TEXT PRIMARY KEY, x, y) WITHOUT ROWID")
            connection.execute("INSERT INTO w SELECT name || id, x, -x FROM t")
            connection.commit()
            found.append(connection.serialize())
    return found


class Tables:
    """Tables by number; the same number and seed give the same file."""

    def __init__(self, seed: int, awkward: Path | None) -> None:
        self._seed, self._awkward = seed, awkward
        self._batch: tuple[int, list[bytes]] = (-1, [])

    @cached_property
    def _real(self) -> list[tuple[bytes, bool]]:
        """Real files, and whether they are text; small files are listed several times."""
        packed = [example.path.read_bytes() for example in EXAMPLES]
        found = [(gzip.decompress(each) if each[:2] == b"\x1f\x8b" else each) for each in packed]
        found = [each[:60_000] for each in found] * 3
        if self._awkward is not None:
            paths = [path for path in sorted(self._awkward.iterdir()) if path.suffix != ".md"]
            files = [path.read_bytes() for path in paths]
            found += files + [each for each in files if len(each) < LARGEST_COMMON_BYTES] * 5
        binary = [each for each in packed if each[:2] == b"\x1f\x8b"] + make_parquets() * 3
        binary += make_databases() * 3
        return [(each, True) for each in found] + [(each, False) for each in binary]

    def make(self, number: int) -> bytes:
        """Return a file's content: with an even number a drawn file, else a mutated one."""
        random = Random(f"table {self._seed} {number}")
        if number % 1000 == 999:
            return pack_bomb(b"x,y\n")
        if number % 2:
            content, is_text = random.choice(self._real)
            return mutate(content, random, is_text=is_text)
        index, at = divmod(number // 2, N_BATCH)
        if self._batch[0] != index:
            self._batch = index, draw_batch(self._seed * 1_000_003 + index)
        drawn = self._batch[1]
        return drawn[at % len(drawn)]

"""Hostile links and parameters: wrong types, sizes, names and values."""

from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any
from urllib.parse import quote, urlencode

import numpy as np

from clusterer.datasets import GENERATORS
from widgets.page.link_codec import KEYS, NAMES

TEXTS = (
    "", " ", "auto", "on", "off", "0", "-1", "1", "3", "0.5", "1e5", "50", "1000000", "1e308",
    "-1e308", "1e999", "nan", "inf", "-inf", "NaN", "١٢٣", "1_000", "0x10", "1,5", "9" * 5000,
    "None", "True", "null", "[]", "{}", "<script>alert(1)</script>", "<img src=x onerror=alert(1)>",
    "javascript:alert(1)", "{{7*7}}", "${7*7}", "'; DROP TABLE runs; --", "../../etc/passwd",
    "%00", "\0", "\u202e", "\ufeff", "𝔘", "\r\nSet-Cookie: a=b", "a" * 50_000, "__class__",
    "-1,1,-1,1", "nan,1,0,1", "1,2,3", "-1e300,1e300,0,1", "0,1e-300,0,1e-300", "1,1,1,1",
    "upload", "table", "draw", "many", "given", "generated", "Clusters", "River",
)  # fmt: skip
TABLES = ("Iris flowers", "Network traffic", "Space shuttle")

ODD_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 7, 50, 5.0, 0.1, 1000, 10**6, 10**9, 10**30, -(10**30),
    0.0, -0.0, 0.5, 1e-320,
    1e308, -1e308, float("nan"), float("inf"), float("-inf"), 1j, "", "auto", "1", "nan", "Kernel",
    "\0", "<b>", "x" * 10_000, b"1", b"\xff", [], [1], (), (1, 2), {}, {"a": 1}, {1}, object(), int,
    len, Decimal("1.5"), Decimal("NaN"), Fraction(1, 3), np.nan, np.float32(2), np.int8(3),
    np.bool_(True), np.array([]), np.array([1.0, 2.0]), np.array(3), np.datetime64("NaT", "s"),
    range(3), "drop", "mean", ",", ".", ";", "\n", '"', "utf-8", "utf-7", "rot13", "base64", "zip",
    "idna", "unicode_escape", "blobs", "x", "y", ["x"], ["x", "x"], ["x", "nope"], "label", 99_999,
)  # fmt: skip
ESTIMATOR = (
    "n_prototypes", "sigma", "half_life", "update", "merge", "forget", "join", "drop_singletons",
    "allow_growth", "nope",
)  # fmt: skip
TABLE = (
    "delimiter", "encoding", "decimal", "thousands", "header", "missing", "max_bytes",
    "max_columns", "max_line_bytes", "max_ratio",
)  # fmt: skip
CHUNKS = ("features", "size", "label", "time", "missing")
ENGINE = ("speed", "noise", "window_length", "n_prototypes", "sigma", "half_life", "join", "nope")
GENERATOR = ("kind", "seed", "noise")
SENDABLE = (type(None), bool, int, float, str, list, dict)
RECEIVERS = (
    ("estimator", ESTIMATOR), ("table", TABLE), ("chunks", CHUNKS), ("engine", ENGINE),
    ("generator", GENERATOR), ("settings", tuple(NAMES.values())),
)  # fmt: skip


class Links:
    """Queries of page addresses by number; the same number and seed give the same query."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def make(self, number: int) -> str:
        """Return the query of an address."""
        random = Random(f"link {self._seed} {number}")
        kind = random.randrange(6)
        if kind == 0:
            return "".join(chr(random.randrange(33, 127)) for _ in range(random.choice((5, 300))))
        n_pairs = random.choice((1, 2, 5, 11))
        pairs = [(self._key(random), self._value(random)) for _ in range(n_pairs)]
        if kind == 1:
            # Separators that no form writes.
            pairs_as_text = [
                f"{quote(key)}{random.choice('==&;')}{quote(value)}" for key, value in pairs
            ]
            return random.choice("&&;%?").join(pairs_as_text) + random.choice(
                ("", "%", "%zz", "&&", "%ff")
            )
        if kind == 2:
            return urlencode([(key, value) for key, value in pairs for _ in range(40)])
        return urlencode(pairs, errors="replace")

    @staticmethod
    def _key(random: Random) -> str:
        return random.choice(KEYS) if random.random() < 0.9 else random.choice(TEXTS)[:200]

    @staticmethod
    def _value(random: Random) -> str:
        if random.random() < 0.2:
            return random.choice((*TABLES, *GENERATORS))
        if random.random() < 0.2:
            return repr(random.uniform(-1, 1) * 10.0 ** random.randint(-20, 20))
        return random.choice(TEXTS)


class Parameters:
    """Sets of parameters by number; the same number and seed give the same set."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def make(self, number: int) -> tuple[str, dict[str, Any]]:
        """Return the receiver of the parameters, and the parameters by name."""
        random = Random(f"parameters {self._seed} {number}")
        receiver, names = RECEIVERS[number % len(RECEIVERS)]
        chosen = random.sample(names, min(random.choice((1, 1, 2, 3)), len(names)))
        # A widget passes on only types that a browser can send.
        values = (
            [each for each in ODD_VALUES if type(each) in SENDABLE]
            if receiver == "settings"
            else ODD_VALUES
        )
        return receiver, {name: random.choice(values) for name in chosen}

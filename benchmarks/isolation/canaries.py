"""Canaries: values that belong to one session only, and the search for those of others.

Texts begin alike and have their session's number, so one search finds all. K, σ and seed are
numbers that no other session has; the points of a session's table lie where no others do.
"""

import base64
import csv
import random
import re
import sqlite3
import zipfile
from collections import Counter
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import numpy as np

TEXT = re.compile(rb"kanari(\d{3})x")
NUMBER = re.compile(rb'\b(sigma|n_prototypes|seed|k)\\?["\']?\s*[=:]\s*([\d.]+)')
BAND = 1_000.0
MOST_TOLD = 20


class Canary:
    """What the session of this number, from 0 to 99, puts wherever it can."""

    def __init__(self, number: int) -> None:
        self.number = number
        # None that a sweep offers.
        self.n_prototypes = 61 + number + number // 4
        self.sigma = float(f"1.{number:03}77")
        self.seed = 1009 + 37 * number
        self.table = self.text("table") + ".csv"
        self.features = self.text("width"), self.text("height")
        self.classes = self.text("red"), self.text("green")

    def text(self, what: str) -> str:
        """A text that only this session has."""
        return f"kanari{self.number:03}x{what}"

    def write_table(self, n_rows: int = 300) -> bytes:
        """A table of two columns, classes and remarks."""
        dice = random.Random(self.number)
        rows = [",".join((*self.features, self.text("class"), self.text("remark")))]
        for _ in range(n_rows):
            side = dice.randrange(2)
            x, y = (self.base + 20 + 9 * side + dice.random() for _ in range(2))
            rows.append(f"{x:.3f},{y:.3f},{self.classes[side]},{self.text('said')}")
        return "\n".join(rows).encode()

    @property
    def base(self) -> float:
        """Where its points lie, within 100 of it."""
        return BAND * (self.number + 1)

    @property
    def query(self) -> str:
        """Of an address that has them all, sound and unsound."""
        return (
            f"?k={self.n_prototypes}&sigma={self.sigma}&seed={self.seed}"
            f"&x={self.text('axis')}&table={self.text('shelf')}&{self.text('key')}=1"
        )


class Watch:
    """Looks through whatever is met and keeps what belonged to somebody else.

    ``n_seen`` counts by place what was looked at, ``n_own`` how often that held canaries of its
    own session: where there are none, having found no others would mean nothing.
    """

    def __init__(self, n_sessions: int) -> None:
        canaries = [Canary(i) for i in range(n_sessions)]
        self._owners: dict[str, dict[float, int]] = {
            "sigma": {each.sigma: each.number for each in canaries},
            "n_prototypes": {float(each.n_prototypes): each.number for each in canaries},
            "seed": {float(each.seed): each.number for each in canaries},
        }
        self._owners["k"] = self._owners["n_prototypes"]
        self.leaks: list[str] = []
        self.n_leaks: Counter[str] = Counter()
        self.n_seen: Counter[str] = Counter()
        self.n_own: Counter[str] = Counter()

    def look(self, data: str | bytes, owner: int | None, place: str) -> None:
        """Search a text or bytes for texts of others; ``owner`` None: of anybody."""
        raw = data.encode("utf-8", "replace") if isinstance(data, str) else data
        self.n_seen[place] += 1
        for number in {int(found) for found in TEXT.findall(raw)}:
            self.judge(number, owner, place, "text")

    def look_at_settings(self, data: str | bytes, owner: int, place: str) -> None:
        """Search what names settings for those of others."""
        raw = data.encode("utf-8", "replace") if isinstance(data, str) else data
        for name, text in NUMBER.findall(raw):
            self.look_at_setting(name.decode(), text.rstrip(b"."), owner, place)

    def look_at_setting(self, name: str, value: Any, owner: int, place: str) -> None:
        """Judge one setting by its value."""
        try:
            number = self._owners[name].get(float(value))
        except (TypeError, ValueError):
            return
        if number is not None:
            self.judge(number, owner, place, name)

    def look_at_points(self, values: Any, owner: int, place: str) -> None:
        """Judge coordinates by where they lie."""
        try:
            numbers = np.asarray(values, dtype=float).ravel()
        except (TypeError, ValueError):
            return
        self.n_seen[place] += 1
        far = numbers[np.isfinite(numbers) & (np.abs(numbers) >= BAND)]
        for number in np.unique(far // BAND).astype(int) - 1:
            self.judge(int(number), owner, place, "points")

    def look_at_file(self, name: str, content: bytes, owner: int) -> None:
        """Search a file that was taken away."""
        place = f"file, {name.rpartition('.')[2]}"
        self.look(name.encode() + b"\n" + unpack(content), owner, place)
        if name.endswith((".json", ".py")):
            self.look_at_settings(content, owner, place)
        if name.endswith(".csv"):
            self.look_at_points(read_places(content), owner, place)

    def judge(self, number: int, owner: int | None, place: str, what: str) -> None:
        """Note one canary that was found."""
        if number == owner:
            self.n_own[place] += 1
            return
        self.n_leaks[place] += 1
        if len(self.leaks) < MOST_TOLD:
            self.leaks.append(f"{place}: {what} of session {number} met by {owner}")


def unpack(content: bytes) -> bytes:
    """All that a file holds, if it is packed."""
    if not zipfile.is_zipfile(BytesIO(content)):
        return content
    with zipfile.ZipFile(BytesIO(content)) as archive:
        return b"\n".join(name.encode() + archive.read(name) for name in archive.namelist())


def decode_places(data: dict[str, Any], buffers: dict[str, bytes]) -> list[Any]:
    """The columns x and y of a source's new data."""
    found = []
    for name, values in data["entries"]:
        if name in ("x", "y") and isinstance(values, dict):
            told = values["array"]["data"]
            raw = base64.b64decode(told) if isinstance(told, str) else buffers[told["id"]]
            found.append(np.frombuffer(raw, values["dtype"]))
        elif name in ("x", "y"):
            found.append(values)
    return found


def read_places(content: bytes) -> list[float]:
    """The numbers in the columns of a table that are named after features."""
    rows = csv.DictReader(StringIO(content.decode("utf-8-sig")))
    return [
        float(value)
        for row in rows
        for name, value in row.items()
        if TEXT.search(str(name).encode()) and re.fullmatch(r"[\d.e+-]+", value or "")
    ]


def read_rows(folder: Path) -> list[tuple[str, str, bytes]]:
    """The rows of a store: hash, text, model."""
    with sqlite3.connect(folder / "runs.sqlite") as connection:
        return list(connection.execute("SELECT hash, told, model FROM runs"))

"""Marker values that belong to one session, and the search for the markers of other sessions.

All marker texts begin alike and contain their session's number, so one regular expression finds
them all. K, σ and seed are numbers that no other session has. The points of a session's table lie
in a range of their own.
"""

import base64
import csv
import random
import re
import sqlite3
import zipfile
from collections import Counter
from contextlib import closing
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import numpy as np

TEXT = re.compile(rb"marker(\d{3})x")
NUMBER = re.compile(rb'\b(sigma|n_prototypes|seed|k)\\?["\']?\s*[=:]\s*([\d.]+)')
RANGE = 1_000.0  # width of the range in which the points of one session lie
MOST_LISTED = 20


class Markers:
    """The marker values of the session with this number (0 to 99)."""

    def __init__(self, number: int) -> None:
        self.number = number
        # A sweep offers none of these K.
        self.n_prototypes = 61 + number + number // 4
        self.sigma = float(f"1.{number:03}77")
        self.seed = 1009 + 37 * number
        self.table = self.text("table") + ".csv"
        self.features = self.text("width"), self.text("height")
        self.classes = self.text("red"), self.text("green")

    def text(self, name: str) -> str:
        """Return a text that only this session has."""
        return f"marker{self.number:03}x{name}"

    def write_table(self, n_rows: int = 300) -> bytes:
        """Write a table of two features, classes and remarks."""
        rng = random.Random(self.number)
        rows = [",".join((*self.features, self.text("class"), self.text("remark")))]
        for _ in range(n_rows):
            side = rng.randrange(2)
            x, y = (self.base + 20 + 9 * side + rng.random() for _ in range(2))
            rows.append(f"{x:.3f},{y:.3f},{self.classes[side]},{self.text('said')}")
        return "\n".join(rows).encode()

    @property
    def base(self) -> float:
        """Lower end of the range of the session's points, which is at most 100 wide."""
        return RANGE * (self.number + 1)

    @property
    def query(self) -> str:
        """Query of an address with the markers as valid and invalid values."""
        return (
            f"?k={self.n_prototypes}&sigma={self.sigma}&seed={self.seed}"
            f"&x={self.text('axis')}&table={self.text('catalog')}&{self.text('key')}=1"
        )


class LeakSearch:
    """Search for markers that a session receives from another session.

    ``n_searched`` counts the searched items by place, ``n_own`` the markers of the session itself
    that were found there. In a place without own markers the search proves nothing.
    """

    def __init__(self, n_sessions: int) -> None:
        markers = [Markers(i) for i in range(n_sessions)]
        self._owners: dict[str, dict[float, int]] = {
            "sigma": {each.sigma: each.number for each in markers},
            "n_prototypes": {float(each.n_prototypes): each.number for each in markers},
            "seed": {float(each.seed): each.number for each in markers},
        }
        self._owners["k"] = self._owners["n_prototypes"]
        self.leaks: list[str] = []
        self.n_leaks: Counter[str] = Counter()
        self.n_searched: Counter[str] = Counter()
        self.n_own: Counter[str] = Counter()

    def search_text(self, data: str | bytes, owner: int | None, place: str) -> None:
        """Search for marker texts; with ``owner`` None every marker is a leak."""
        raw = data.encode("utf-8", "replace") if isinstance(data, str) else data
        self.n_searched[place] += 1
        for number in {int(found) for found in TEXT.findall(raw)}:
            self.record(number, owner, place, "text")

    def search_settings(self, data: str | bytes, owner: int, place: str) -> None:
        """Search text such as ``k=61&seed=1009`` for the settings of other sessions."""
        raw = data.encode("utf-8", "replace") if isinstance(data, str) else data
        for name, text in NUMBER.findall(raw):
            self.check_setting(name.decode(), text.rstrip(b"."), owner, place)

    def check_setting(self, name: str, value: Any, owner: int, place: str) -> None:
        """Check to whom the value of one setting belongs."""
        try:
            number = self._owners[name].get(float(value))
        except (TypeError, ValueError):
            return
        if number is not None:
            self.record(number, owner, place, name)

    def search_points(self, values: Any, owner: int, place: str) -> None:
        """Check to whom coordinates belong by the ranges in which they lie."""
        try:
            numbers = np.asarray(values, dtype=float).ravel()
        except (TypeError, ValueError):
            return
        self.n_searched[place] += 1
        marked = numbers[np.isfinite(numbers) & (np.abs(numbers) >= RANGE)]
        for number in np.unique(marked // RANGE).astype(int) - 1:
            self.record(int(number), owner, place, "points")

    def search_file(self, name: str, content: bytes, owner: int) -> None:
        """Search an exported file."""
        place = f"file, {name.rpartition('.')[2]}"
        self.search_text(name.encode() + b"\n" + unpack(content), owner, place)
        if name.endswith((".json", ".py")):
            self.search_settings(content, owner, place)
        if name.endswith(".csv"):
            self.search_points(read_coordinates(content), owner, place)

    def record(self, number: int, owner: int | None, place: str, kind: str) -> None:
        """Record one found marker as the session's own or as a leak."""
        if number == owner:
            self.n_own[place] += 1
            return
        self.n_leaks[place] += 1
        if len(self.leaks) < MOST_LISTED:
            self.leaks.append(f"{place}: {kind} of session {number} found by {owner}")

    def format_table(self) -> str:
        """Write the counts by place as a Markdown table."""
        rows = [
            f"| {place} | {n:,} | {self.n_own[place]:,} | {self.n_leaks[place]} |"
            for place, n in sorted(self.n_searched.items())
        ]
        return "\n".join(["| place | searched | own | of others |", "|---|---:|---:|---:|", *rows])


def unpack(content: bytes) -> bytes:
    """Return the members of a ZIP file, or the content of another file."""
    if not zipfile.is_zipfile(BytesIO(content)):
        return content
    with zipfile.ZipFile(BytesIO(content)) as archive:
        return b"\n".join(name.encode() + archive.read(name) for name in archive.namelist())


def decode_coordinates(data: dict[str, Any], buffers: dict[str, bytes]) -> list[Any]:
    """Return the columns x and y of a data source's new data."""
    found = []
    for name, values in data["entries"]:
        if name in ("x", "y") and isinstance(values, dict):
            encoded = values["array"]["data"]
            is_inline = isinstance(encoded, str)
            raw = base64.b64decode(encoded) if is_inline else buffers[encoded["id"]]
            found.append(np.frombuffer(raw, values["dtype"]))
        elif name in ("x", "y"):
            found.append(values)
    return found


def read_coordinates(content: bytes) -> list[float]:
    """Return the numbers in those columns of a table that have a marker's name."""
    rows = csv.DictReader(StringIO(content.decode("utf-8-sig")))
    return [
        float(value)
        for row in rows
        for name, value in row.items()
        if TEXT.search(str(name).encode()) and re.fullmatch(r"[\d.e+-]+", value or "")
    ]


def read_rows(folder: Path) -> list[tuple[str, str, bytes]]:
    """Return the rows of a run store: hash of the key, text, model."""
    with closing(sqlite3.connect(folder / "runs.sqlite")) as connection:
        return list(connection.execute("SELECT hash, told, model FROM runs"))

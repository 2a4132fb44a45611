"""Hostile model files: cut, with flipped bits, forged headers, pickles, decompression bombs."""

import io
import json
import pickle
import struct
import zipfile
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.lib import format as npy

from clusterer import OnlineClusterer
from clusterer.preprocessing.scaling import Scaling
from clusterer.svm import KernelPegasosClassifier, PegasosClassifier
from tests.robustness.hostile_input.mutations import mutate

ODD_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 3, 0.5, 1e308, -1e308, 1e-320, float("nan"), float("inf"), 2**53,
    2**63, 10**30, "", "auto", "1", "\ud800", "x" * 10_000, [], [1], {}, {"a": 1}, [[[]]], -0.0,
    "quiet", "never", 10**9, 20_000, [None, None], ["x", "x"],
)  # fmt: skip
FLOATS = (np.nan, np.inf, -np.inf, -1.0, 0.0, 1e308, -1e308, 5e-324, 1e150, 2.0**53, 0.1)
INTEGERS = (-1, 0, 1, 2**62, -(2**63), 2**31)
SHAPES = (
    "(999999999999,)", "(9999999, 9999999)", "(-1,)", "()", "(0,)", "(2**9,)", "(1e9,)", "(True,)",
    "(6, 0)", "[6]", "(6,) * 9", "None", "(4294967296, 4294967296)", "('6',)",
)  # fmt: skip
TYPES = ("|O", "<f4", ">f8", "<c16", "<U9", "|S9", "<M8[s]", "|V8", "<f8,<f8", "<i8", "|b1", "zz")


class Exploit:
    """An object whose code runs when it is unpickled."""

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return exec, ("raise SystemExit('a pickle was run')",)


def write_models() -> list[bytes]:
    """Write valid files of models with different contents."""
    rng = np.random.default_rng(0)
    blobs = rng.normal(size=(600, 2)) + 9.0 * rng.integers(3, size=(600, 1))
    plain = OnlineClusterer(12).fit(blobs)
    moved = OnlineClusterer(30, half_life=50.0, merge="ward")
    for step in range(6):
        moved.partial_fit(blobs + step)
    wide = OnlineClusterer(8, sigma=2.0).fit(rng.normal(size=(200, 20)))
    known = Scaling.standardize(blobs.mean(axis=0), blobs.std(axis=0))
    return save((plain, None), (moved, None), (wide, None), (plain, known))


def write_classifiers() -> list[bytes]:
    """Write valid files of classifiers with different contents."""
    rng = np.random.default_rng(0)
    points = rng.normal(size=(400, 2))
    kinds = (points[:, 0] > 0).astype(int) + (points[:, 1] > 0)
    names = np.array(["cow", "dog", "Zürich"])[kinds]
    linear = PegasosClassifier().partial_fit(points, names)
    fading = PegasosClassifier(1e-2, 50.0, class_weight={0: 2.0}).partial_fit(points, kinds)
    two = PegasosClassifier(random_state=1).fit(rng.normal(size=(60, 9)), kinds[:60] > 0)
    kernel = KernelPegasosClassifier(12).partial_fit(points, names)
    oldest = KernelPegasosClassifier(20, 0.5, half_life=90.0, maintenance="oldest")
    oldest.partial_fit(points, kinds)
    first = KernelPegasosClassifier(5).partial_fit(points[:3], [7, 7, 7])
    known = Scaling.standardize(points.mean(axis=0), points.std(axis=0))
    models: tuple[Any, ...] = (linear, fading, two, kernel, oldest, first)
    return save(*((model, None) for model in models), (kernel, known))


def save(*models: tuple[Any, Scaling | None]) -> list[bytes]:
    """Return the files of models, each with a scaling or None."""
    found = []
    with TemporaryDirectory() as folder:
        for model, scaling in models:
            model.save(path := Path(folder) / "model", scaling)
            found.append(path.read_bytes())
    return found


def read_members(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write_members(members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", compression) as archive:
        for name, data in members.items():
            # Without a time stamp, so that a case is always the same.
            archive.writestr(zipfile.ZipInfo(name), data, compression)
    return packed.getvalue()


def write_array(values: Any, *, allow_pickle: bool = False) -> bytes:
    sink = io.BytesIO()
    npy.write_array(sink, np.asanyarray(values), allow_pickle=allow_pickle)
    return sink.getvalue()


def read_array(content: bytes) -> Any:
    return npy.read_array(io.BytesIO(content), allow_pickle=False)


def change_bytes(members: dict[str, bytes], random: Random) -> bytes:
    return mutate(write_members(members), random, is_text=False)


def change_member(members: dict[str, bytes], random: Random) -> bytes:
    """Mutate the bytes of one array; the checksum of the archive is correct."""
    name = random.choice(list(members))
    return write_members(members | {name: mutate(members[name], random, is_text=False)})


def swap_members(members: dict[str, bytes], random: Random) -> bytes:
    first, second = random.sample(list(members), 2)
    return write_members(members | {first: members[second], second: members[first]})


def change_values(members: dict[str, bytes], random: Random) -> bytes:
    """Set values that no stream can have produced."""
    name = random.choice([each for each in members if each != "header.npy"])
    values = read_array(members[name]).copy()
    for _ in range(random.choice((1, 1, 3)) if values.size else 0):
        odd = FLOATS if values.dtype.kind == "f" else INTEGERS
        values.flat[random.randrange(values.size)] = random.choice(odd)
    return write_members(members | {name: write_array(values)})


def change_shapes(members: dict[str, bytes], random: Random) -> bytes:
    """Forge the header of an array: its shape and type."""
    name = random.choice(list(members))
    shape = random.choice((*SHAPES, repr(read_array(members[name]).shape)))
    kind = random.choice((*TYPES, "<f8", "<f8", "<f8"))
    header = f"{{'descr': {kind!r}, 'fortran_order': {random.random() < 0.3}, 'shape': {shape}, }}"
    body = members[name][-random.choice((1, 48, 4000)) :]
    forged = npy.magic(1, 0) + struct.pack("<H", len(header)) + header.encode() + body
    return write_members(members | {name: forged})


def change_header(members: dict[str, bytes], random: Random) -> bytes:
    """Remove, add or replace entries of the header."""
    header = json.loads(str(read_array(members["header.npy"])))
    for _ in range(random.choice((1, 1, 2))):
        place = header
        while isinstance(held := place[(key := random.choice(list(place)))], dict) and held:
            place = held
        if random.random() < 0.1:
            del place[key]
        elif random.random() < 0.1:
            place["more"] = random.choice(ODD_VALUES)
        elif isinstance(held, list) and held and random.random() < 0.5:
            held[random.randrange(len(held))] = random.choice(ODD_VALUES)
        else:
            place[key] = random.choice(ODD_VALUES)
    return write_members(members | {"header.npy": write_array(json.dumps(header))})


def change_version(members: dict[str, bytes], random: Random) -> bytes:
    header = json.loads(str(read_array(members["header.npy"])))
    header["version"] = random.choice((0, -1, 1, 3, 10**30, 1.0, "2", None, True, [2]))
    if random.random() < 0.3:
        members = {name: data for name, data in members.items() if name != "times.npy"}
    return write_members(members | {"header.npy": write_array(json.dumps(header))})


def replace_header(members: dict[str, bytes], random: Random) -> bytes:
    """Replace the header by JSON of something else, or by text that is no JSON."""
    deep = "[" * 100_000, '{"a":' * 50_000, "1" * 100_000, "NaN", '"' + "x" * 10**6 + '"', ""
    text = random.choice((*deep, "null", "[]", '{"format": "clusterer model"}'))
    return write_members(members | {"header.npy": write_array(text)})


def insert_pickle(members: dict[str, bytes], random: Random) -> bytes:
    """Replace an array by an array of objects, or by a bare pickle, which would run code."""
    name = random.choice(list(members))
    objects = np.empty(1, object)
    objects[0] = Exploit()
    forged = pickle.dumps(Exploit()), write_array(objects, allow_pickle=True)
    return write_members(members | {name: random.choice(forged)})


def inflate(members: dict[str, bytes], random: Random) -> bytes:
    """Make a decompression bomb: a member that unpacks to far more than the file."""
    name = random.choice(list(members))
    size = random.choice((10**6, 5 * 10**7))
    compression = random.choice((zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA))
    if random.random() < 0.3:
        return write_members(members, compression)
    packed = write_members(members | {name: members[name] + bytes(size)}, compression)
    if random.random() < 0.5:
        # The archive states a smaller size.
        packed = packed.replace(struct.pack("<I", len(members[name]) + size), b"\x10\0\0\0")
    return packed


def rename_members(members: dict[str, bytes], random: Random) -> bytes:
    """Rename a member: to a missing or duplicate name, or to a path outside the folder."""
    names = list(members)
    old = random.choice(names)
    new = random.choice(("../../evil.npy", "/etc/x", "", "\0.npy", "header", *names, "x" * 60_000))
    return write_members({new if name == old else name: members[name] for name in names})


CHANGES = (
    change_bytes, change_bytes, change_member, change_member, swap_members, change_values,
    change_values, change_shapes, change_header, change_header, change_version, replace_header,
    insert_pickle, inflate, rename_members,
)  # fmt: skip


class Models:
    """Hostile model files by number; the same number and seed give the same file."""

    def __init__(self, seed: int, write: Callable[[], list[bytes]] = write_models) -> None:
        self._seed, self._write = seed, write

    @cached_property
    def valid(self) -> list[bytes]:
        """The valid files."""
        return self._write()

    def make(self, number: int) -> bytes:
        """Return the content of a file."""
        random = Random(f"model {self._seed} {number}")
        return CHANGES[number % len(CHANGES)](read_members(random.choice(self.valid)), random)

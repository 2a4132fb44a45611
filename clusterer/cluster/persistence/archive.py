"""Reading a model's file, which may come from anyone, as far as numbers and their types."""

import json
import math
import warnings
import zipfile
from io import BytesIO
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from clusterer.cluster.prototypes.state_layout import N_RECENT

FORMAT = "clusterer model"
VERSION = 4
ARRAYS = {
    "centers": "<f8",
    "weights": "<f8",
    "counts": "<f8",
    "scatters": "<f8",
    "ids": "<i8",
    "last_seen": "<i8",
    "known": "<i8",
    "links": "<f8",
    "times": "<f8",
    "recent": "<f8",
    "mean": "<f8",
    "origin": "<f8",
}
SINCE = {"times": 2, "recent": 3, "known": 4}  # older versions lack these

MOST_TOLD = 300


class ModelFileError(ValueError):
    """The file holds no model that can be used; the message says why."""


def read_archive(content: bytes) -> tuple[dict[str, Any], dict[str, NDArray]]:
    """The header, checked for its kind only, and the arrays, checked for their types only."""
    with zipfile.ZipFile(BytesIO(content)) as archive:
        infos = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
        demand("header" in infos, "it has no header, so it is no model")
        # Unpacked only, and together no larger than the file: so nothing swells in reading.
        is_plain = all(info.compress_type == zipfile.ZIP_STORED for info in infos.values())
        n_bytes = sum(info.file_size for info in archive.infolist())
        demand(is_plain and n_bytes <= len(content), "its members are packed or overlap")
        header = json.loads(str(read_array(archive.read(infos["header"]))))
        demand(
            isinstance(header, dict) and header.get("format") == FORMAT, "it is no model's header"
        )
        version = header.get("version")
        demand(type(version) is int and version > 0, f"version {version!r} does not exist")
        demand(
            version <= VERSION,
            f"it is of version {version}, this library reads up to {VERSION}; update it",
        )
        names = [name for name in ARRAYS if version >= SINCE.get(name, 1)]
        is_whole = len(archive.infolist()) == len(infos) == len(names) + 1
        demand(is_whole and infos.keys() > set(names), "arrays are missing or too many")
        arrays = {name: read_array(archive.read(infos[name])) for name in names}
    for name in names:
        demand(arrays[name].dtype == ARRAYS[name], f"{name} is of type {arrays[name].dtype}")
    if version < SINCE["times"]:
        add_times(header, arrays)
    if version < SINCE["recent"]:
        add_recent(header, arrays)
    if version < SINCE["known"]:
        # Which clusters there are is looked at again while it learns.
        arrays["known"] = np.full_like(arrays["ids"], -1)
    return header, arrays


def add_recent(header: dict[str, Any], arrays: dict[str, NDArray]) -> None:
    """Add to a file of version 2 what it lacks of recent points: it is gathered from now on."""
    header.pop("steps", None)
    header["recent_count"] = 0.0
    arrays["recent"] = np.zeros((N_RECENT, arrays["mean"].size))


def add_times(header: dict[str, Any], arrays: dict[str, NDArray]) -> None:
    """Add to a file of version 1 the times that it lacks, as if its clusters had rested."""
    n_seen = float(header["n_seen"])
    times = [n_seen / 2, n_seen**2 / 12, 0.0, n_seen, 0.0]
    counts = arrays["counts"].ravel()
    arrays["times"] = np.column_stack([np.tile(times, (len(counts), 1)), counts])
    header["parameters"]["forget"] = "quiet"
    header |= {"recent_unit": 1.0, "fading": 0.0}
    header["next_look"] = n_seen


def read_array(content: bytes) -> NDArray:
    """An array from the bytes of an npy file, which must have just its size."""
    file = BytesIO(content)
    demand(npy.read_magic(file) == (1, 0), "an array is of another version")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        shape, is_fortran, dtype = npy.read_array_header_1_0(file)
    body = content[file.tell() :]
    demand(dtype.kind in "fiU" and not is_fortran, f"an array is of type {dtype}")
    demand(all(type(n) is int and n >= 0 for n in shape), "an array has an impossible shape")
    demand(math.prod(shape) * dtype.itemsize == len(body), "an array is not of the size it says")
    return np.frombuffer(body, dtype).reshape(shape)


def demand(is_so: bool, otherwise: str) -> None:
    """Raise ModelFileError, saying ``otherwise``, unless ``is_so``."""
    if not is_so:
        raise ModelFileError(otherwise)

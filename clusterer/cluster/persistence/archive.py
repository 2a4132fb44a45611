"""Read and write model files as archives of named arrays: the format, without its meaning.

Files come from anyone, so a file is checked before memory is taken for it.
"""

import json
import math
import warnings
import zipfile
from io import BytesIO
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from clusterer.cluster.prototypes.state_layout import N_RECENT_ROWS

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
SINCE = {"times": 2, "recent": 3, "known": 4}  # the first version with this array


class ModelFileError(ValueError):
    """The file does not hold a model that this library can use; the message says why."""


def write_archive(header: dict[str, Any], arrays: dict[str, NDArray]) -> bytes:
    """Return the content of a file of the newest version: NumPy's npz without pickles."""
    entries = {"format": FORMAT, "version": VERSION} | header
    content = BytesIO()
    np.savez(
        content,
        allow_pickle=False,
        header=np.array(json.dumps(entries)),
        **{name: arrays[name].astype(dtype) for name, dtype in ARRAYS.items()},
    )
    return content.getvalue()


def read_archive(content: bytes) -> tuple[dict[str, Any], dict[str, NDArray]]:
    """Return the header and the arrays of a file of any version, in the newest version's form.

    Only the format is checked: which arrays there are, their types and their sizes. Raises
    `ModelFileError`, and other exceptions if ``content`` is not a zip archive of npy files.
    """
    with zipfile.ZipFile(BytesIO(content)) as archive:
        infos = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
        demand("header" in infos, "it has no header, so it is not a model file")
        # Uncompressed, and together not larger than the file: so reading needs no more memory.
        is_plain = all(info.compress_type == zipfile.ZIP_STORED for info in infos.values())
        n_bytes = sum(info.file_size for info in archive.infolist())
        demand(is_plain and n_bytes <= len(content), "its members are compressed or overlap")
        header = json.loads(str(read_array(archive.read(infos["header"]))))
        demand(
            isinstance(header, dict) and header.get("format") == FORMAT,
            "its header is not the header of a model",
        )
        version = header.get("version")
        demand(type(version) is int and version > 0, f"version {version!r} does not exist")
        demand(
            version <= VERSION,
            f"it has version {version}, but this library reads versions up to {VERSION}; "
            "update the library",
        )
        names = [name for name in ARRAYS if version >= SINCE.get(name, 1)]
        is_complete = len(archive.infolist()) == len(infos) == len(names) + 1
        demand(is_complete and infos.keys() > set(names), "it lacks arrays or has unknown ones")
        arrays = {name: read_array(archive.read(infos[name])) for name in names}
    for name in names:
        demand(
            arrays[name].dtype == ARRAYS[name],
            f"{name} is of type {arrays[name].dtype}, not {ARRAYS[name]}",
        )
    if version < SINCE["times"]:
        add_times(header, arrays)
    if version < SINCE["recent"]:
        add_recent(header, arrays)
    if version < SINCE["known"]:
        # The next drift check labels the clusters again.
        arrays["known"] = np.full_like(arrays["ids"], -1)
    return header, arrays


def add_times(header: dict[str, Any], arrays: dict[str, NDArray]) -> None:
    """Add to a file of version 1 the times that it lacks, as if its clusters had not moved."""
    n_seen = float(header["n_seen"])
    times = [n_seen / 2, n_seen**2 / 12, 0.0, n_seen, 0.0]
    counts = arrays["counts"].ravel()
    arrays["times"] = np.column_stack([np.tile(times, (len(counts), 1)), counts])
    header["parameters"]["forget"] = "quiet"
    header |= {"recent_unit": 1.0, "fading": 0.0}
    header["next_look"] = n_seen


def add_recent(header: dict[str, Any], arrays: dict[str, NDArray]) -> None:
    """Add to a file of version 2 the recent moments that it lacks, with no points yet."""
    header.pop("steps", None)
    header["recent_count"] = 0.0
    arrays["recent"] = np.zeros((N_RECENT_ROWS, arrays["mean"].size))


def read_array(content: bytes) -> NDArray:
    """Return the array of an npy file, which must have exactly the size that it states."""
    file = BytesIO(content)
    demand(npy.read_magic(file) == (1, 0), "an array has another version of the npy format")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        shape, is_fortran, dtype = npy.read_array_header_1_0(file)
    body = content[file.tell() :]
    demand(dtype.kind in "fiU" and not is_fortran, f"an array has the type {dtype}")
    demand(all(type(n) is int and n >= 0 for n in shape), "an array has an impossible shape")
    demand(
        math.prod(shape) * dtype.itemsize == len(body), "an array has not the size that it states"
    )
    return np.frombuffer(body, dtype).reshape(shape)


def demand(condition: bool, message: str) -> None:
    """Raise ModelFileError with ``message`` unless ``condition`` holds."""
    if not condition:
        raise ModelFileError(message)

"""Archives of a JSON header and named arrays: NumPy's npz without pickles, read safely.

Archives come from anyone, so an archive is checked before memory is taken for it. The format is
checked here; the learner that the archive belongs to checks the contents.
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


class ModelFileError(ValueError):
    """The file does not hold a model that this library can use; the message says why."""


def write_archive(header: dict[str, Any], arrays: dict[str, NDArray]) -> bytes:
    """Return the content of an archive.

    >>> header, arrays = read_archive(write_archive({"n": 2}, {"x": np.array([1.0, 2.0])}))
    >>> header, arrays["x"].tolist()
    ({'n': 2}, [1.0, 2.0])
    """
    content = BytesIO()
    np.savez(content, allow_pickle=False, header=np.array(json.dumps(header)), **arrays)
    return content.getvalue()


def read_archive(content: bytes) -> tuple[Any, dict[str, NDArray]]:
    """Return the header and the arrays of an archive; the arrays are read-only.

    Raises `ModelFileError`, and other exceptions if ``content`` is not a zip archive of npy files.
    """
    with zipfile.ZipFile(BytesIO(content)) as archive:
        infos = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
        demand("header" in infos, "it has no header, so it is not a model file")
        # Uncompressed, and together not larger than the file: so reading needs no more memory.
        is_plain = all(info.compress_type == zipfile.ZIP_STORED for info in infos.values())
        n_bytes = sum(info.file_size for info in archive.infolist())
        demand(is_plain and n_bytes <= len(content), "its members are compressed or overlap")
        demand(len(archive.infolist()) == len(infos), "it lacks arrays or has unknown ones")
        header = json.loads(str(read_array(archive.read(infos.pop("header")))))
        return header, {name: read_array(archive.read(info)) for name, info in infos.items()}


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
        math.prod(shape) * dtype.itemsize == len(body),
        "an array does not have the size that it states",
    )
    return np.frombuffer(body, dtype).reshape(shape)


def demand(condition: bool, message: str) -> None:
    """Raise ModelFileError with ``message`` unless ``condition`` holds."""
    if not condition:
        raise ModelFileError(message)

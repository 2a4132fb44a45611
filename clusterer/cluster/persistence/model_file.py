"""Model files: write and read what a model has learned, as a header and arrays.

A file is NumPy's npz without pickles, so it holds numbers and nothing that runs. It contains the
arrays of `ARRAYS` and a header in JSON: the name and version of the format, the parameters, the
names of the features, the scalars of the stream, and optionally the scaling as "units". Reading
treats every file as hostile: the format is checked by `.archive`, the contents by `.checks`.
"""

import os
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from clusterer.cluster.persistence.archive import (
    ModelFileError,
    read_archive,
    write_archive,
)
from clusterer.cluster.persistence.checks import MAX_BYTES, check_contents
from clusterer.support.atomic_file import replace_file
from clusterer.support.text import shorten

MAX_MESSAGE_LENGTH = 300  # a message may quote the file


def write_model(
    path: str | os.PathLike[str], header: dict[str, Any], arrays: dict[str, NDArray]
) -> None:
    """Write a file that `read_model` reads; an existing file is replaced as a whole.

    Parameters
    ----------
    path : str or path
        The file. No suffix is added.
    header : dict
        As `OnlineClusterer.to_arrays` returns it; with "units" as `Scaling.to_dict("seen")`
        returns them, if the model has learned in other units than those of the data.
    arrays : dict of arrays
        As `OnlineClusterer.to_arrays` returns them.
    """
    content = write_archive(header, arrays)
    with replace_file(Path(path)) as file:
        file.write(content)


def read_model(path: str | os.PathLike[str]) -> tuple[dict[str, Any], dict[str, NDArray]]:
    """Read the header and the arrays of a file that `write_model` wrote.

    Both are checked; `OnlineClusterer.from_arrays` and, for the entry "units",
    `Scaling.from_dict` accept them.

    Raises ModelFileError if the file is not a model, and OSError if it cannot be read.
    """
    with open(path, "rb") as file:
        if os.fstat(file.fileno()).st_size > MAX_BYTES:
            raise ModelFileError(f"{path} is larger than {MAX_BYTES >> 30} GiB.")
        content = file.read()
    try:
        return parse_model(content)
    except ModelFileError as error:
        raise ModelFileError(f"{path}: {shorten(str(error), MAX_MESSAGE_LENGTH)}") from None
    except Exception as error:
        raise ModelFileError(
            f"{path} is damaged or not a model file: {shorten(str(error), MAX_MESSAGE_LENGTH)}"
        ) from error


def parse_model(content: bytes) -> tuple[dict[str, Any], dict[str, NDArray]]:
    """Return the checked header and arrays of a file's content.

    Raises ModelFileError, and other exceptions if ``content`` is not an archive.
    """
    header, arrays = read_archive(content)
    check_contents(header, arrays)
    return header, arrays

"""Model files: write and read any learner, its scaling and the names of its features.

A file is an archive of arrays with a header in JSON (see `clusterer.support.array_archive`). The
header contains the name and the version of the format, the name of the learner (absent for the
default learner), the header of the learner's state, and the scaling as "units". Reading treats
every file as hostile.
"""

import math
import os
import warnings
from pathlib import Path
from typing import Any, NamedTuple

from clusterer.base import DEFAULT_LEARNER, Learner, find_learner, find_learner_name
from clusterer.preprocessing.scaling import Scaling
from clusterer.support.array_archive import ModelFileError, demand, read_archive, write_archive
from clusterer.support.atomic_file import replace_file
from clusterer.support.text import shorten

FORMAT = "clusterer model"
VERSION = 7
MAX_BYTES = 2**32
MAX_SEEN = 2**53  # beyond it a float cannot count every point
MAX_MESSAGE_LENGTH = 300  # a message may quote the file


class Model(NamedTuple):
    """The contents of a model file.

    ``scaling`` leads from the units of the data to the units in which the learner learned; None if
    both are the same. ``feature_names`` are None if the features have no names.
    """

    learner: Learner
    scaling: Scaling | None = None
    feature_names: tuple[str, ...] | None = None


def dump_model(model: Model) -> bytes:
    """Return the content of a model file.

    Raises NotFittedError if the learner has learned nothing.
    """
    header, arrays = model.learner.to_arrays()
    entries: dict[str, Any] = {"format": FORMAT, "version": VERSION}
    name = find_learner_name(model.learner)
    if name != DEFAULT_LEARNER:
        entries["learner"] = name
    entries |= header
    if model.feature_names is not None:
        entries["feature_names"] = list(model.feature_names)
    if model.scaling is not None:
        entries["units"] = model.scaling.to_dict("seen")
    return write_archive(entries, arrays)


def parse_model(content: bytes) -> Model:
    """Return the model of a file's content.

    Raises ModelFileError, and other exceptions if ``content`` is not an archive.

    >>> from clusterer import OnlineClusterer
    >>> content = dump_model(Model(OnlineClusterer().fit([[0.0], [1.0]])))
    >>> parse_model(content).learner.n_seen_
    2
    """
    header, arrays = read_archive(content)
    is_model = isinstance(header, dict) and header.get("format") == FORMAT
    demand(is_model, "its header is not the header of a model")
    version = header.get("version")
    demand(type(version) is int and version > 0, f"version {version!r} does not exist")
    demand(
        version <= VERSION,
        f"it has version {version}, but this library reads versions up to {VERSION}; "
        "update the library",
    )
    state = {name: header[name] for name in header.keys() - {"format", "learner", "units"}}
    learner = find_learner(header.get("learner", DEFAULT_LEARNER)).from_arrays(state, arrays)
    names, units = header.get("feature_names"), header.get("units")
    check_names(names, learner.n_features_in_)
    if units is not None:
        check_scaling(units, learner.n_features_in_)
    return Model(
        learner,
        None if units is None else Scaling.from_dict(units),
        None if names is None else tuple(names),
    )


def save_model(path: str | os.PathLike[str], model: Model) -> None:
    """Write a model to a file, which is never incomplete; an existing file is replaced.

    Raises NotFittedError if the learner has learned nothing, and OSError if the file cannot be
    written; an existing file is unchanged then.
    """
    content = dump_model(model)
    with replace_file(Path(path)) as file:
        file.write(content)


def read_model(path: str | os.PathLike[str]) -> Model:
    """Read a file that `save_model` wrote.

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
    except MemoryError:
        # The file is not to blame.
        raise
    except Exception as error:
        raise ModelFileError(
            f"{path} is damaged or not a model file: {shorten(str(error), MAX_MESSAGE_LENGTH)}"
        ) from error


def load(path: str | os.PathLike[str]) -> Any:
    """Read a learner from a model file; it continues bit for bit.

    Parameters
    ----------
    path : str or path
        The file.

    Returns
    -------
    Learner
        An `OnlineClusterer`, or another learner if the file names one.

    Raises
    ------
    ModelFileError
        A ValueError: the file is damaged, is not a model, was written by a newer version of this
        library, or contains contradictory numbers.
    OSError
        The file cannot be read.
    """
    model = read_model(path)
    if model.scaling is not None:
        warnings.warn(
            f"{path} holds a model of standardised points and their scaling. "
            "clusterer.scaled_learner.ScaledLearner.load reads both and accepts points "
            "in the units of the data.",
            stacklevel=2,
        )
    return model.learner


def check_names(names: Any, n_features: int) -> None:
    """Check that there are no names, or one name for each feature and no name twice.

    Raises ModelFileError.
    """
    if names is not None:
        is_list = isinstance(names, list) and all(isinstance(name, str) for name in names)
        demand(
            is_list and len(set(names)) == len(names) == n_features,
            f"the feature names are not {n_features} different names",
        )


def check_scaling(units: Any, n_features: int) -> None:
    """Check the scaling that is stored as "units"; see `Scaling.to_dict`.

    Raises ModelFileError.
    """
    fixed, running = {"offsets", "scales"}, {"means", "deviations", "n_points"}
    treatment = {"log_units", "weights"}
    allowed = [each | more for each in (fixed, fixed | running) for more in (set(), treatment)]
    demand(
        isinstance(units, dict) and units.keys() in allowed,
        "the scaling in this file lacks entries or has unknown ones",
    )
    for name in units.keys() - {"n_points"}:
        values = units[name]
        is_list = isinstance(values, list) and len(values) == n_features
        is_list = is_list and all(type(one) is float and math.isfinite(one) for one in values)
        demand(is_list, f"{name} of the scaling are not {n_features} numbers, one per feature")
    demand(min(units["scales"]) > 0, "the scaling in this file has a scale that is not above 0")
    if "weights" in units:
        demand(min(units["weights"]) > 0, "a weight of the scaling in this file is not above 0")
        demand(min(units["log_units"]) >= 0, "a unit of the scaling in this file is below 0")
    if "n_points" in units:
        n_points = units["n_points"]
        is_count = type(n_points) is int and 0 <= n_points <= MAX_SEEN
        demand(is_count, f"n_points of the scaling is {n_points!r}, not a number of points")
        demand(min(units["deviations"]) >= 0, "the scaling in this file has a deviation below 0")

"""Models in files: NumPy's npz without pickles, so a file can hold numbers and nothing that runs.

A file holds the arrays of `ARRAYS` and a header in JSON: the format's name and version, the
parameters, the names of the features and the moments of the stream. It is read as if it came from
an enemy (see `clusterer.cluster.persistence.archive`), and nothing in it is believed before it was
checked.
"""

import json
import os
import warnings
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from clusterer.cluster.persistence.archive import (
    ARRAYS,
    FORMAT,
    MOST_TOLD,
    VERSION,
    ModelFileError,
    demand,
    read_archive,
)
from clusterer.cluster.persistence.checks import MOMENTS, check_contents
from clusterer.cluster.persistence.scaling_codec import read_units, write_units
from clusterer.cluster.prototypes.prototypes import Prototypes
from clusterer.cluster.prototypes.state_layout import N_STATE_ROWS
from clusterer.cluster.validation import check_settings
from clusterer.preprocessing.scaling import Scaling
from clusterer.support.atomic_file import replace_file
from clusterer.support.text import shorten

if TYPE_CHECKING:
    from clusterer.cluster.estimator import OnlineClusterer

SWITCHES = ("join", "drop_singletons", "allow_growth")
SETTINGS = ("n_prototypes", "sigma", "half_life", "update", "merge", "forget")
MOST_BYTES = 2**32


def save(
    model: "OnlineClusterer", path: str | os.PathLike[str], scaling: Scaling | None = None
) -> None:
    """Write a fitted model to a file.

    The file is complete or not there: it is written beside its place and then moved. It holds
    what was learned, not the points it was learned from.

    Parameters
    ----------
    model : OnlineClusterer
        A fitted model.
    path : str or path
        The file; one of the same name is replaced. No suffix is added.
    scaling : Scaling, optional
        Leads from the units of the data to those that the model has learned in.

    Examples
    --------
    >>> import tempfile
    >>> from clusterer import OnlineClusterer
    >>> model = OnlineClusterer().fit([[0.0], [9.0], [9.0]])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(model, f"{folder}/model.npz")
    ...     np.array_equal(load(f"{folder}/model.npz").prototypes_, model.prototypes_)
    True
    """
    content = dump_model(model, scaling)
    with replace_file(Path(path)) as file:
        file.write(content)


def dump_model(model: "OnlineClusterer", scaling: Scaling | None = None) -> bytes:
    """The content of a file that `save` writes."""
    check_is_fitted(model)
    held = model._prototypes
    arrays = {
        "centers": held.inner_centers,
        "weights": held.weights,
        "counts": held.counts,
        "scatters": held.inner_scatters,
        "ids": held.ids,
        "last_seen": held.last_seen,
        "known": held.known,
        "links": held.links[: held.n_taken, : held.n_taken],
        "times": held.times,
        "recent": held.recent,
        "mean": held.mean,
        "origin": held.origin,
    }
    header = json.dumps(write_header(model, scaling))
    content = BytesIO()
    np.savez(
        content,
        allow_pickle=False,
        header=np.array(header),
        **{name: arrays[name].astype(dtype) for name, dtype in ARRAYS.items()},
    )
    return content.getvalue()


def write_header(model: "OnlineClusterer", scaling: Scaling | None) -> dict[str, Any]:
    """All of a model that is no array, in JSON's types."""
    check_settings(*(getattr(model, name) for name in SETTINGS))
    parameters: dict[str, Any] = {name: bool(getattr(model, name)) for name in SWITCHES}
    parameters |= {"n_prototypes": int(model.n_prototypes)}
    parameters |= {name: getattr(model, name) for name in ("update", "merge", "forget")}
    parameters["sigma"] = model.sigma if isinstance(model.sigma, str) else float(model.sigma)
    told = model.half_life
    parameters["half_life"] = told if isinstance(told, str) or told is None else float(told)
    names = getattr(model, "feature_names_in_", None)
    scalars = model._prototypes.scalars
    header = {
        "format": FORMAT,
        "version": VERSION,
        "parameters": parameters,
        "feature_names": None if names is None else [str(name) for name in names],
        **{name: float(scalars[index]) for name, index in MOMENTS.items()},
    }
    if scaling is not None:
        header["units"] = write_units(scaling)
    return header


def load(path: str | os.PathLike[str]) -> "OnlineClusterer":
    """Read a model from a file written by `save`; it goes on learning bit for bit.

    Parameters
    ----------
    path : str or path
        The file.

    Returns
    -------
    OnlineClusterer, whose ``labels_`` are empty until it learns again.

    Raises
    ------
    ModelFileError
        A ValueError: the file is damaged, foreign, newer than this library, or contradicts
        itself.
    OSError
        The file can't be read.
    """
    model, scaling = load_scaled(path)
    if scaling is not None:
        warnings.warn(
            f"{path} holds a model of standardised points, and their units: "
            "clusterer.cluster.scaled_clusterer.Learner.load takes points as the data have them.",
            stacklevel=2,
        )
    return model


def load_scaled(path: str | os.PathLike[str]) -> tuple["OnlineClusterer", Scaling | None]:
    """Like `load`; also what leads from the units of the data to the model's, None if nothing."""
    with open(path, "rb") as file:
        if os.fstat(file.fileno()).st_size > MOST_BYTES:
            raise ModelFileError(f"{path} is larger than {MOST_BYTES >> 30} GiB.")
        content = file.read()
    try:
        return parse_scaled(content)
    except ModelFileError as error:
        raise ModelFileError(f"{path}: {shorten(str(error), MOST_TOLD)}") from None
    except Exception as error:
        raise ModelFileError(
            f"{path} is damaged or holds no model: {shorten(str(error), MOST_TOLD)}"
        ) from error


def parse_model(content: bytes) -> "OnlineClusterer":
    """The model from a file's content. Raises ModelFileError, and more where it is no archive."""
    return parse_scaled(content)[0]


def parse_scaled(content: bytes) -> tuple["OnlineClusterer", Scaling | None]:
    """Like `parse_model`, with the units as `load_scaled` gives them."""
    # The estimator saves itself by this module.
    from clusterer.cluster.estimator import OnlineClusterer

    header, arrays = read_archive(content)
    model = OnlineClusterer(**header["parameters"])
    prototypes = rebuild(model, header, arrays)
    units = header.get("units")
    scaling = None if units is None else read_units(units, prototypes.n_features)
    names = header["feature_names"]
    model._hold_on(prototypes, None if names is None else np.array(names, dtype=object))
    return model, scaling


def rebuild(
    model: "OnlineClusterer", header: dict[str, Any], arrays: dict[str, NDArray]
) -> Prototypes:
    """The prototypes, once everything was found to fit together."""
    wanted = {"format", "version", "parameters", "feature_names", *MOMENTS}
    demand(header.keys() - {"units"} == wanted, "the header lacks entries or has unknown ones")
    demand(header["parameters"].keys() == model.get_params().keys(), "parameters are missing")
    demand(all(type(getattr(model, name)) is bool for name in SWITCHES), "a switch is no bool")
    settings = check_settings(*(getattr(model, name) for name in SETTINGS))
    demand(arrays["centers"].ndim == 2, "centers is no matrix")
    n_taken, n_features = arrays["centers"].shape
    n_most = max(settings[0], n_taken)
    demand(
        n_taken > 0 and n_features > 0 and (n_features + N_STATE_ROWS) * n_most * 8 <= MOST_BYTES,
        f"{n_most} prototypes of {n_features} features are none or too many",
    )
    check_contents(header, arrays)
    # Just room enough; the model makes more when it learns.
    prototypes = Prototypes(n_features, n_taken, settings[3])
    for name, index in MOMENTS.items():
        prototypes.scalars[index] = header[name]
    of_features = ("recent", "mean", "origin")
    for name in of_features:
        getattr(prototypes, name)[:] = arrays[name]
    prototypes.fill(*(arrays[name] for name in ARRAYS if name not in of_features))
    return prototypes

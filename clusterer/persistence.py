"""Models in files: NumPy's npz without pickles, so a file can hold numbers and nothing that runs.

A file holds the arrays of `ARRAYS` and a header in JSON: the format's name and version, the
parameters, the names of the features and the moments of the stream. It is read as if it came from
an enemy (see `clusterer.archives`), and nothing in it is believed before it was checked.
"""

import json
import math
import os
import secrets
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from .archives import ARRAYS, FORMAT, VERSION, ModelFileError, demand, read_archive
from .forgetting import copy_times
from .kernels import (
    FADED_COUNT,
    FADING,
    LINK_UNIT,
    N_SEEN,
    N_STATE_ROWS,
    NEXT_LOOK,
    RECENT_UNIT,
    SCALE,
    SQUARES,
    STEPS,
)
from .learning import LARGEST_COORDINATE
from .links import LARGEST_UNIT
from .prototypes import Prototypes
from .scalings import Scaling
from .times import LARGEST_UNIT as LARGEST_RECENT_UNIT
from .units import read_units, write_units
from .validation import check_settings

if TYPE_CHECKING:
    from .estimator import OnlineClusterer

SWITCHES = ("join", "drop_singletons", "allow_growth")
SETTINGS = ("n_prototypes", "sigma", "half_life", "update", "merge", "forget")
MOMENTS = {
    "n_seen": N_SEEN,
    "faded_count": FADED_COUNT,
    "squares": SQUARES,
    "scale": SCALE,
    "link_unit": LINK_UNIT,
    "recent_unit": RECENT_UNIT,
    "steps": STEPS,
    "fading": FADING,
    "next_look": NEXT_LOOK,
}
MOST_BYTES = 2**32
MOST_SQUARED = 1e300
MOST_SEEN = 2**53  # beyond it a float no longer counts every point


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
    check_is_fitted(model)
    held = model._prototypes
    arrays = {
        "centers": held.inner_centers,
        "weights": held.weights,
        "counts": held.counts,
        "scatters": held.inner_scatters,
        "ids": held.ids,
        "last_seen": held.last_seen,
        "links": held.links[: held.n_taken, : held.n_taken],
        "times": copy_times(held),
        "mean": held.mean,
        "origin": held.origin,
    }
    header = json.dumps(write_header(model, scaling))
    target = Path(path)
    beside = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        with beside.open("xb") as file:
            np.savez(
                file,
                allow_pickle=False,
                header=np.array(header),
                **{name: arrays[name].astype(dtype) for name, dtype in ARRAYS.items()},
            )
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, target)
    finally:
        beside.unlink(missing_ok=True)


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
            "clusterer.learners.Learner.load takes points as the data have them.",
            stacklevel=2,
        )
    return model


def load_scaled(path: str | os.PathLike[str]) -> tuple["OnlineClusterer", Scaling | None]:
    """Like `load`; also what leads from the units of the data to the model's, None if nothing."""
    # The estimator saves itself by this module.
    from .estimator import OnlineClusterer

    with open(path, "rb") as file:
        if os.fstat(file.fileno()).st_size > MOST_BYTES:
            raise ModelFileError(f"{path} is larger than {MOST_BYTES >> 30} GiB.")
        content = file.read()
    try:
        header, arrays = read_archive(content)
        model = OnlineClusterer(**header["parameters"])
        prototypes = rebuild(model, header, arrays)
        units = header.get("units")
        scaling = None if units is None else read_units(units, prototypes.n_features)
    except ModelFileError as error:
        raise ModelFileError(f"{path}: {error}") from None
    except Exception as error:
        raise ModelFileError(f"{path} is damaged or holds no model: {error}") from error
    names = header["feature_names"]
    model._hold_on(prototypes, None if names is None else np.array(names, dtype=object))
    return model, scaling


def rebuild(
    model: "OnlineClusterer", header: dict[str, Any], arrays: dict[str, NDArray]
) -> Prototypes:
    """The prototypes, once everything was found to fit together."""
    wanted = {"format", "version", "parameters", "feature_names", *MOMENTS}
    wanted |= {"units"} if header["version"] > 1 and "units" in header else set()
    demand(header.keys() == wanted, "the header lacks entries or has unknown ones")
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
    check_names(header["feature_names"], n_features)
    check_moments(header)
    check_watch(header)
    check_arrays(arrays, n_taken, n_features, header["n_seen"])
    check_links(arrays["links"], header["n_seen"] * header["link_unit"])
    check_times(arrays["times"], header["n_seen"], header["recent_unit"])
    # Just room enough; the model makes more when it learns.
    prototypes = Prototypes(n_features, n_taken, settings[3])
    for name, index in MOMENTS.items():
        prototypes.scalars[index] = header[name]
    prototypes.mean[:], prototypes.origin[:] = arrays["mean"], arrays["origin"]
    prototypes.fill(*(arrays[name] for name in ARRAYS if name not in ("mean", "origin")))
    return prototypes


def check_names(names: Any, n_features: int) -> None:
    """Demand None or a name for each feature, none twice."""
    if names is not None:
        is_list = isinstance(names, list) and all(isinstance(name, str) for name in names)
        demand(is_list and len(set(names)) == len(names) == n_features, "the feature names are off")


def check_moments(header: dict[str, Any]) -> None:
    """Demand counts, squares and a scale that a stream can have."""
    n_seen, faded_count, squares, scale, link_unit = (header[name] for name in [*MOMENTS][:5])
    for name in MOMENTS:
        is_number = type(header[name]) is float and 0.0 <= header[name] < math.inf
        demand(is_number, f"{name} is {header[name]!r}")
    demand(1 <= n_seen <= MOST_SEEN and n_seen == int(n_seen), f"n_seen is {n_seen}")
    demand(1.0 <= link_unit <= LARGEST_UNIT, f"link_unit is {link_unit}")
    demand(0.0 < faded_count <= n_seen, f"faded_count is {faded_count}")
    is_power = math.frexp(scale)[0] == 0.5 and 2.0**-1000 <= scale <= 2.0**1000
    demand(scale == 0.0 or is_power, f"scale is {scale}")
    is_squared = squares <= MOST_SQUARED and (scale > 0.0 or squares == 0.0)
    demand(is_squared, f"squares is {squares} at the scale {scale}")


def check_watch(header: dict[str, Any]) -> None:
    """Demand what the search for motion can have left behind."""
    unit, steps, fading, next_look = (header[name] for name in [*MOMENTS][5:])
    demand(1.0 <= unit <= LARGEST_RECENT_UNIT, f"recent_unit is {unit}")
    demand(steps <= MOST_SQUARED and fading <= 1.0, f"steps are {steps}, fading is {fading}")
    # A place between two points would never be come to.
    demand(next_look <= 2 * MOST_SEEN and next_look == int(next_look), f"next_look is {next_look}")


def check_times(times: NDArray, n_seen: float, unit: float) -> None:
    """Demand times within the stream, variances that fit in, and numbers of points."""
    most = n_seen * np.array([1.0, n_seen, unit, 1.0, n_seen, 1.0])
    demand(bool((times <= most * (1 + 1e-9)).all()), "times hold numbers too large")


def check_links(links: NDArray, most: float) -> None:
    """Demand that links are symmetric and none larger than the number of points."""
    demand(bool((links == links.T).all()), "links are not symmetric")
    demand(not links.diagonal().any(), "a prototype is linked with itself")
    demand(bool((links <= most * (1 + 1e-9)).all()), "links hold numbers too large")


def check_arrays(arrays: dict[str, NDArray], n_taken: int, n_features: int, n_seen: float) -> None:
    """Demand arrays of one shape, with values that prototypes can have."""
    shapes: dict[str, tuple[int, ...]] = {
        "centers": (n_taken, n_features),
        "links": (n_taken, n_taken),
        "times": (n_taken, 6),
        "mean": (n_features,),
        "origin": (n_features,),
    }
    for name, values in arrays.items():
        shape = shapes.get(name, (n_taken,))
        demand(values.shape == shape, f"{name} is of shape {values.shape}, not {shape}")
        demand(bool(np.isfinite(values).all()), f"{name} holds NaN or infinity")
        is_signed = name in ("centers", "mean", "origin")
        demand(is_signed or bool((values >= 0).all()), f"{name} holds numbers below 0")
        is_signed |= name in ("links", "times")  # have limits of their own
        most = MOST_SQUARED if name == "scatters" else n_seen * (1 + 1e-9)
        demand(is_signed or bool((values <= most).all()), f"{name} holds numbers too large")
    inside = max(np.abs(arrays["centers"]).max(), np.abs(arrays["mean"]).max())
    demand(inside <= 2 * LARGEST_COORDINATE, "coordinates are too large")
    ids, last_seen = arrays["ids"], arrays["last_seen"]
    demand(n_taken <= n_seen, f"{n_taken} prototypes of {n_seen} points")
    demand(len(np.unique(ids)) == n_taken, "an id appears twice")
    demand(bool(((ids <= last_seen) & (last_seen < n_seen)).all()), "ids are beyond the stream")

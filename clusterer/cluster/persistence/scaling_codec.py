"""The units of a model's data as a file holds them: numbers in JSON, checked before use."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clusterer.cluster.persistence.archive import demand
from clusterer.preprocessing.scaling import Moments, RunningScaling, Scaling

PLACES = ("offsets", "means")
WIDTHS = ("scales", "deviations")
MOST_SEEN = 2**53


def write_units(scaling: Scaling) -> dict[str, Any]:
    """The scaling, and what it has seen if it follows the stream, in JSON's types.

    >>> write_units(Scaling.standardize(np.array([5.0]), np.array([2.0])))
    {'offsets': [5.0], 'scales': [2.0]}
    """
    units: dict[str, Any] = {
        "offsets": scaling.offsets.tolist(),
        "scales": scaling.scales.tolist(),
    }
    if isinstance(scaling, RunningScaling):
        seen = scaling.seen
        units |= {"means": seen.means.tolist(), "deviations": seen.deviations.tolist()}
        units |= {"n_points": int(seen.n_points)}
    return units


def read_units(units: Any, n_features: int) -> Scaling:
    """The scaling of ``n_features``, once it was found to be one.

    Raises ModelFileError, a ValueError.

    >>> read_units({"offsets": [5.0], "scales": [2.0]}, 1).apply(np.array([[9.0]])).tolist()
    [[2.0]]
    """
    demand(isinstance(units, dict), "its units are no units")
    fixed = {"offsets", "scales"}
    demand(units.keys() in (fixed, fixed | {"means", "deviations", "n_points"}), "units are off")
    values = {
        name: _read_numbers(name, units[name], n_features)
        for name in (*PLACES, *WIDTHS)
        if name in units
    }
    demand(bool((values["scales"] > 0).all()), "a scale is not above 0")
    offsets, scales = values["offsets"], values["scales"]
    if "n_points" not in units:
        return Scaling(offsets, scales)
    n_points = units["n_points"]
    demand(type(n_points) is int and 0 <= n_points <= MOST_SEEN, f"n_points is {n_points!r}")
    demand(bool((values["deviations"] >= 0).all()), "a deviation is below 0")
    seen = Moments(values["means"], values["deviations"], n_points)
    return RunningScaling(offsets, scales, seen, seen, 0)


def _read_numbers(name: str, values: Any, n_features: int) -> NDArray[np.float64]:
    is_list = isinstance(values, list) and len(values) == n_features
    is_list = is_list and all(type(one) is float and math.isfinite(one) for one in values)
    demand(is_list, f"{name} are not {n_features} numbers")
    return np.array(values, dtype=np.float64)

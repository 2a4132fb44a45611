"""Check the contents of a model file: only what learning a stream can produce is accepted.

All functions here raise `ModelFileError`.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clusterer.cluster.labelling.decisions import KINDS, MAX_DECISIONS, UNKNOWN
from clusterer.cluster.points.arrivals import MAX_WEIGHT, MIN_WEIGHT
from clusterer.cluster.points.metric import count_features
from clusterer.cluster.prototypes.links import LARGEST_UNIT
from clusterer.cluster.prototypes.parameters import (
    FEWEST,
    MOST,
    PARAMETER_NAMES,
    check_parameters,
)
from clusterer.cluster.prototypes.ranges import (
    MAX_COORDINATE,
    MAX_SEEN,
    MAX_SQUARE,
    are_in_data_units,
    has_finite_variances,
)
from clusterer.cluster.prototypes.state import SAVED_SCALARS
from clusterer.cluster.prototypes.state_layout import N_RECENT_ROWS, N_ROWS
from clusterer.cluster.prototypes.timestamps import LARGEST_UNIT as LARGEST_RECENT_UNIT
from clusterer.model_file import check_names
from clusterer.support.array_archive import demand

SWITCHES = ("join", "drop_singletons", "allow_growth")
MAX_BYTES = 2**32
ROUNDING = 1 + 1e-9
N_AXES = 3  # of the space around a sphere, see `clusterer.cluster.points.metric`


def check_contents(header: dict[str, Any], arrays: dict[str, NDArray]) -> None:
    """Check that parameters, names, scalars and arrays are valid and fit together."""
    names = {"parameters", "feature_names", "next_number", "decisions", "last_time"}
    wanted = {*names, *SAVED_SCALARS}
    demand(header.keys() == wanted, "the header lacks entries or has unknown ones")
    n_prototypes = check_model_parameters(header["parameters"])
    demand(arrays["centers"].ndim == 2, "centers is not a matrix")
    n_taken, n_features = arrays["centers"].shape
    n_most = max(n_prototypes, n_taken)
    demand(
        n_taken > 0 and n_features > 0 and (n_features + N_ROWS) * n_most * 8 <= MAX_BYTES,
        f"{n_most} prototypes of {n_features} features are none or too many",
    )
    metric = header["parameters"]["metric"]
    demand(metric != "haversine" or n_features == N_AXES, f"a sphere has {N_AXES} axes")
    check_names(header["feature_names"], count_features(metric, n_features))
    check_stream(header)
    check_drift_state(header)
    check_arrays(
        {name: values for name, values in arrays.items() if name != "sides"},
        *(n_taken, n_features, header["n_seen"], header["total_weight"]),
    )
    check_links(arrays["links"], header["total_weight"] * header["link_unit"])
    check_times(arrays["times"], header)
    check_recent(arrays["recent"])
    check_units(header, arrays)
    check_numbers(arrays, header)
    check_decisions(header["decisions"], arrays["sides"], n_taken)


def check_model_parameters(parameters: Any) -> int:
    """Check the parameters of the estimator; return the number of prototypes."""
    is_dict = isinstance(parameters, dict)
    demand(
        is_dict and parameters.keys() == {*PARAMETER_NAMES, *SWITCHES},
        "parameters are missing or unknown",
    )
    for name in SWITCHES:
        demand(type(parameters[name]) is bool, f"{name} is {parameters[name]!r}, not true or false")
    return check_parameters(*(parameters[name] for name in PARAMETER_NAMES)).n_prototypes


def check_stream(header: dict[str, Any]) -> None:
    """Check the numbers of points, the squares and the scale of the stream."""
    names = ("n_seen", "faded_count", "squares", "scale", "link_unit")
    n_seen, faded_count, squares, scale, link_unit = (header[name] for name in names)
    for name in SAVED_SCALARS:
        is_number = type(header[name]) is float and 0.0 <= header[name] < math.inf
        demand(is_number, f"{name} is {header[name]!r}, not a number of at least 0")
    demand(1 <= n_seen <= MAX_SEEN and n_seen == int(n_seen), f"n_seen is {n_seen}")
    demand(1.0 <= link_unit <= LARGEST_UNIT, f"link_unit is {link_unit}")
    total = header["total_weight"]
    demand(n_seen * MIN_WEIGHT <= total <= n_seen * MAX_WEIGHT, f"total_weight is {total}")
    demand(0.0 < faded_count <= total * ROUNDING, f"faded_count is {faded_count}")
    is_power = math.frexp(scale)[0] == 0.5 and 2.0**-1000 <= scale <= 2.0**1000
    demand(scale == 0.0 or is_power, f"scale is {scale}, not a power of two")
    is_squared = squares <= MAX_SQUARE and (scale > 0.0 or squares == 0.0)
    demand(is_squared, f"squares is {squares} at the scale {scale}")


def check_drift_state(header: dict[str, Any]) -> None:
    """Check the scalars that drift checks use."""
    names = ("recent_unit", "recent_count", "fading", "next_look")
    unit, count, fading, next_check = (header[name] for name in names)
    demand(1.0 <= unit <= LARGEST_RECENT_UNIT, f"recent_unit is {unit}")
    demand(count <= header["total_weight"] * unit * ROUNDING, f"recent_count is {count}")
    demand(fading <= 1.0, f"fading is {fading}")
    # The check would never run between two points.
    is_valid = next_check <= 4 * MAX_SEEN and next_check == int(next_check)
    demand(is_valid, f"next_look is {next_check}, not a number of points")
    chosen, next_choice = header["chosen_prototypes"], header["next_choice"]
    demand(chosen in (0, FEWEST, MOST), f"chosen_prototypes is {chosen}")
    is_valid = next_choice <= 2 * MAX_SEEN and next_choice == int(next_choice)
    demand(is_valid, f"next_choice is {next_choice}, not a number of points")


def check_units(header: dict[str, Any], arrays: dict[str, NDArray]) -> None:
    """Check that the scale fits the coordinates, and that all variances are in range."""
    scale, centers, weights = header["scale"], arrays["centers"], arrays["weights"]
    scatters = arrays["scatters"]
    if scale == 0.0:
        # All points of the stream are equal.
        for name in ("centers", "mean", "recent", "scatters"):
            demand(not arrays[name].any(), f"{name} are not 0 at the scale 0")
    is_finite = all(
        are_in_data_units(each, arrays["origin"], scale) for each in (centers, arrays["mean"])
    )
    demand(is_finite, f"coordinates are too large at the scale {scale}")
    is_within = has_finite_variances(header["squares"], header["faded_count"], scatters, weights)
    demand(is_within, "squared deviations are too large for the weights")


def check_recent(recent: NDArray) -> None:
    """Check the recent means and sums of squares."""
    means, squares = recent[0], recent[1:]
    is_inside = bool((np.abs(means) <= MAX_COORDINATE).all())
    is_squared = bool(((squares >= 0) & (squares <= MAX_SQUARE)).all())
    demand(is_inside and is_squared, "recent holds numbers too large or below 0")


def check_times(times: NDArray, header: dict[str, Any]) -> None:
    """Check that means and variances of times lie within the stream, and the numbers of points."""
    n_seen, total, unit = (header[name] for name in ("n_seen", "total_weight", "recent_unit"))
    most = np.array([n_seen, n_seen**2, total * unit, n_seen, n_seen**2, total])
    demand(bool((times <= most * ROUNDING).all()), "times hold numbers too large")


def check_numbers(arrays: dict[str, NDArray], header: dict[str, Any]) -> None:
    """Check the lasting numbers of the clusters, and the time of the last point."""
    following, last_time = header["next_number"], header["last_time"]
    is_count = type(following) is int and 0 <= following < MAX_SEEN
    demand(is_count, f"next_number is {following!r}, not a number of clusters")
    numbers, homes, was_noise = arrays["numbers"].T
    is_known = ((numbers >= 0) & (homes >= 0)) | ((numbers == -1) & (homes == -1))
    is_given = (numbers < following) & (homes < following)
    demand(bool((is_known & is_given).all()), "numbers holds impossible cluster numbers")
    demand(bool(((was_noise == 0) | (was_noise == 1)).all()), "numbers holds a wrong mark of noise")
    is_time = last_time is None or (type(last_time) is float and math.isfinite(last_time))
    demand(is_time, f"last_time is {last_time!r}, not a number of seconds")


def check_decisions(decisions: Any, sides: NDArray, n_prototypes: int) -> None:
    """Check the decisions about clusters, and the sides (m, n) of the prototypes."""
    is_dict = isinstance(decisions, dict) and decisions.keys() == {"made", "next_note"}
    demand(is_dict, "decisions lack entries or have unknown ones")
    made, following = decisions["made"], decisions["next_note"]
    is_count = type(following) is int and 0 <= following <= 2 * MAX_SEEN
    demand(is_count, f"next_note is {following!r}, not a number of points")
    is_list = isinstance(made, list) and len(made) <= MAX_DECISIONS
    demand(is_list, f"decisions are no list of at most {MAX_DECISIONS}")
    demand(sides.shape == (n_prototypes, len(made)), f"sides has the shape {sides.shape}")
    for number, each in enumerate(made):
        demand(isinstance(each, list) and len(each) == 4, "a decision lacks entries")
        kind, n_seen, clusters, groups = each
        demand(isinstance(kind, str) and kind in KINDS, f"the decision {kind!r} does not exist")
        is_count = type(n_seen) is int and 1 <= n_seen <= MAX_SEEN
        demand(is_count, f"a decision was made after {n_seen!r} points")
        for values in (clusters, groups):
            are_counts = isinstance(values, list) and all(
                type(value) is int and 0 <= value < MAX_SEEN for value in values
            )
            demand(are_counts, "a decision names impossible clusters")
        demand(max(groups, default=0) < max(len(groups), 1), "a decision has impossible groups")
        own = sides[:, number]
        is_side = (own >= UNKNOWN) & (own < len(groups))
        demand(bool(is_side.all()), "sides holds impossible numbers")


def check_links(links: NDArray, most: float) -> None:
    """Check that links are symmetric and not larger than the number of points."""
    demand(bool((links == links.T).all()), "links are not symmetric")
    demand(not links.diagonal().any(), "a prototype is linked with itself")
    demand(bool((links <= most * ROUNDING).all()), "links hold numbers too large")


def check_arrays(
    arrays: dict[str, NDArray], n_taken: int, n_features: int, n_seen: float, total: float
) -> None:
    """Check the shapes of the arrays and the ranges of their values."""
    shapes: dict[str, tuple[int, ...]] = {
        "centers": (n_taken, n_features),
        "links": (n_taken, n_taken),
        "times": (n_taken, 6),
        "numbers": (n_taken, 3),
        "recent": (N_RECENT_ROWS, n_features),
        "steps": (n_features,),
        "mean": (n_features,),
        "origin": (n_features,),
    }
    for name, values in arrays.items():
        shape = shapes.get(name, (n_taken,))
        demand(values.shape == shape, f"{name} has the shape {values.shape}, not {shape}")
        demand(bool(np.isfinite(values).all()), f"{name} holds NaN or infinity")
        is_signed = name in ("centers", "mean", "origin", "recent", "known", "numbers")
        demand(is_signed or bool((values >= 0).all()), f"{name} holds numbers below 0")
        has_own_limit = is_signed or name in ("links", "times")
        most = n_seen if name in ("ids", "last_seen") else total * ROUNDING
        most = MAX_SQUARE if name in ("scatters", "steps") else most
        demand(has_own_limit or bool((values <= most).all()), f"{name} holds numbers too large")
    inside = max(np.abs(arrays["centers"]).max(), np.abs(arrays["mean"]).max())
    demand(inside <= MAX_COORDINATE, "coordinates are too large")
    ids, last_seen, known = (arrays[name] for name in ("ids", "last_seen", "known"))
    demand(
        bool(((known >= -1) & (known < MAX_SEEN)).all()),
        "known holds impossible cluster numbers",
    )
    demand(n_taken <= n_seen, f"there are {n_taken} prototypes of {n_seen} points")
    demand(len(np.unique(ids)) == n_taken, "an id appears twice")
    demand(
        bool(((ids <= last_seen) & (last_seen < n_seen)).all()), "ids lie beyond the stream's end"
    )

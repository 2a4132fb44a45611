"""What a model's file may hold: it is believed only as far as a stream can have left it behind.

Everything here raises `ModelFileError`.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clusterer.cluster.persistence.archive import demand
from clusterer.cluster.prototypes.learn_loop import LARGEST_COORDINATE
from clusterer.cluster.prototypes.links import LARGEST_UNIT
from clusterer.cluster.prototypes.state_layout import (
    FADED_COUNT,
    FADING,
    LINK_UNIT,
    N_RECENT,
    N_SEEN,
    NEXT_LOOK,
    RECENT_COUNT,
    RECENT_MEAN,
    RECENT_SQUARES,
    RECENT_UNIT,
    SCALE,
    SQUARES,
    STEPS,
)
from clusterer.cluster.prototypes.timestamps import LARGEST_UNIT as LARGEST_RECENT_UNIT

MOMENTS = {
    "n_seen": N_SEEN,
    "faded_count": FADED_COUNT,
    "squares": SQUARES,
    "scale": SCALE,
    "link_unit": LINK_UNIT,
    "recent_unit": RECENT_UNIT,
    "recent_count": RECENT_COUNT,
    "fading": FADING,
    "next_look": NEXT_LOOK,
}
MOST_SQUARED = 1e300
MOST_SEEN = 2**53  # beyond it a float no longer counts every point


def check_contents(header: dict[str, Any], arrays: dict[str, NDArray]) -> None:
    """Demand that all fits together; ``centers`` was found to be a matrix."""
    n_taken, n_features = arrays["centers"].shape
    check_names(header["feature_names"], n_features)
    check_moments(header)
    check_watch(header)
    check_arrays(arrays, n_taken, n_features, header["n_seen"])
    check_links(arrays["links"], header["n_seen"] * header["link_unit"])
    check_times(arrays["times"], header["n_seen"], header["recent_unit"])
    check_recent(arrays["recent"])


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
    unit, count, fading, next_look = (header[name] for name in [*MOMENTS][5:])
    demand(1.0 <= unit <= LARGEST_RECENT_UNIT, f"recent_unit is {unit}")
    most = header["n_seen"] * unit * (1 + 1e-9)
    demand(count <= most, f"recent_count is {count}")
    demand(fading <= 1.0, f"fading is {fading}")
    # A place between two points would never be come to.
    demand(next_look <= 2 * MOST_SEEN and next_look == int(next_look), f"next_look is {next_look}")


def check_recent(recent: NDArray) -> None:
    """Demand a mean within bounds, and sums of squares that a stream can have."""
    means, squares = recent[RECENT_MEAN], recent[[RECENT_SQUARES, STEPS]]
    inside = bool((np.abs(means) <= 2 * LARGEST_COORDINATE).all())
    is_squared = bool(((squares >= 0) & (squares <= MOST_SQUARED)).all())
    demand(inside and is_squared, "recent holds numbers too large or below 0")


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
        "recent": (N_RECENT, n_features),
        "mean": (n_features,),
        "origin": (n_features,),
    }
    for name, values in arrays.items():
        shape = shapes.get(name, (n_taken,))
        demand(values.shape == shape, f"{name} is of shape {values.shape}, not {shape}")
        demand(bool(np.isfinite(values).all()), f"{name} holds NaN or infinity")
        is_signed = name in ("centers", "mean", "origin", "recent", "known")
        demand(is_signed or bool((values >= 0).all()), f"{name} holds numbers below 0")
        is_signed |= name in ("links", "times")  # have limits of their own
        most = MOST_SQUARED if name == "scatters" else n_seen * (1 + 1e-9)
        demand(is_signed or bool((values <= most).all()), f"{name} holds numbers too large")
    inside = max(np.abs(arrays["centers"]).max(), np.abs(arrays["mean"]).max())
    demand(inside <= 2 * LARGEST_COORDINATE, "coordinates are too large")
    ids, last_seen, known = (arrays[name] for name in ("ids", "last_seen", "known"))
    demand(bool(((known >= -1) & (known < MOST_SEEN)).all()), "known holds no clusters")
    demand(n_taken <= n_seen, f"{n_taken} prototypes of {n_seen} points")
    demand(len(np.unique(ids)) == n_taken, "an id appears twice")
    demand(bool(((ids <= last_seen) & (last_seen < n_seen)).all()), "ids are beyond the stream")

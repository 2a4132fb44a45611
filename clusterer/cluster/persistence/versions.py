"""The arrays of the online clusterer's state, in all versions of model files."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from clusterer.cluster.labelling.cluster_numbers import ClusterNumbers
from clusterer.cluster.labelling.decisions import Decisions
from clusterer.cluster.prototypes.parameters import REFRESH
from clusterer.cluster.prototypes.state_layout import N_RECENT_ROWS
from clusterer.support.array_archive import demand

VERSION = 7
ARRAYS = {
    "centers": "<f8",
    "weights": "<f8",
    "counts": "<f8",
    "scatters": "<f8",
    "ids": "<i8",
    "last_seen": "<i8",
    "known": "<i8",
    "numbers": "<i8",
    "numbered": "<f8",
    "sides": "<i8",
    "links": "<f8",
    "times": "<f8",
    "recent": "<f8",
    "steps": "<f8",
    "mean": "<f8",
    "origin": "<f8",
}
# The first version with this array.
SINCE = {
    **{"times": 2, "recent": 3, "known": 4, "numbers": 6, "numbered": 6, "steps": 6},
    "sides": 7,
}
REFRESH_SINCE = 5  # the first version with this parameter


def upgrade(
    header: dict[str, Any], arrays: dict[str, NDArray]
) -> tuple[dict[str, Any], dict[str, NDArray]]:
    """Return the header and the arrays of any version in the form of the newest version.

    Only the names and the types of the arrays are checked. Raises `ModelFileError`.
    """
    header, arrays = dict(header), dict(arrays)
    version = header.pop("version", VERSION)
    names = [name for name in ARRAYS if version >= SINCE.get(name, 1)]
    demand(arrays.keys() == set(names), "it lacks arrays or has unknown ones")
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
    if version < SINCE["steps"]:
        # As before the first two points that differ.
        arrays["steps"] = np.zeros_like(arrays["mean"])
        header |= {"chosen_prototypes": 0.0, "next_choice": 0.0}
    if version < REFRESH_SINCE:
        header["parameters"] = {"refresh": REFRESH, **header["parameters"]}
    if version < SINCE["numbers"]:
        # Points had no weights and times, and the next labelling numbers the clusters anew.
        unknown = ClusterNumbers().to_arrays(arrays["ids"].ravel())
        arrays["numbers"], arrays["numbered"] = unknown
        header |= {"next_number": 0, "last_time": None, "total_weight": header["n_seen"]}
        added = {"metric": "euclidean", "noise_threshold": None}
        header["parameters"] = {**added, **header["parameters"]}
    if version < SINCE["sides"]:
        header["decisions"], arrays["sides"] = Decisions().to_arrays(arrays["ids"].ravel())
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

"""Labels after a few more points: updated from the last full labelling, in O(K d).

A prototype that the last full labelling has labelled keeps its cluster. A prototype that has
started since then is too light to shape the density. It is labelled as the full labelling labels
light prototypes, see `noise`, but by the density of that time: it follows the nearest prototype
that shaped the density, and is noise where the density is too low.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from clusterer.cluster.density.density_estimate import NEGLIGIBLE, DensityEstimate
from clusterer.cluster.prototypes.state_layout import ID, N_ROWS
from clusterer.support.kernels import entry, inner

# The last rows of `LabelledDensity.places`.
LOG_NORM, INVERSE, LIMIT = range(-3, 0)
N_PLACE_ROWS = 3
MAX_INVERSE = np.finfo(np.float64).max


class LabelledDensity(NamedTuple):
    """The density of a full labelling, which labels prototypes that start later.

    Parameters
    ----------
    labels : (m,) int64
        Index of the prototype at the peak of each prototype's cluster; -1 is noise.
    places : (q + 3, k)
        Of the prototypes that shape the density: the centres along the axes, then the logarithm
        of the height of each Gaussian, the inverse of its variance, and the logarithm of the
        density below which a light prototype near it is noise.
    place_labels : (k,) int64
        The labels of these prototypes.
    axes : (d, q) or (0, 0)
        The directions in which the density was estimated; (0, 0) for the features themselves.
    """

    labels: NDArray[np.int64]
    places: NDArray[np.float64]
    place_labels: NDArray[np.int64]
    axes: NDArray[np.float64]


def describe_density(
    labels: NDArray[np.int64],
    centers: NDArray,
    order: NDArray[np.int64],
    axes: NDArray[np.float64] | None,
    density: DensityEstimate,
    limits: NDArray,
) -> LabelledDensity:
    """Gather what `update_labels` needs to know of a density.

    Parameters
    ----------
    labels : (m,) int64, centers : (m, d)
        The prototypes.
    order : (m,) int64
        Their indices in the order of ``density``.
    axes : (d, q) or None
        The directions in which the density was estimated.
    limits : (k,)
        Logarithm of the density below which a light prototype near each is noise.
    """
    slots = order[density.kept]
    known = centers[slots] if axes is None else centers[slots] @ axes
    places = np.empty((known.shape[1] + N_PLACE_ROWS, len(slots)))
    places[: known.shape[1]] = known.T
    places[LOG_NORM] = density.log_norms
    with np.errstate(over="ignore"):
        # Infinity times the distance 0 would be NaN.
        places[INVERSE] = np.minimum(density.inverses / density.unit / density.unit, MAX_INVERSE)
    places[LIMIT] = limits
    directions = np.empty((0, 0)) if axes is None else axes
    return LabelledDensity(labels, places, labels[slots], directions)


@entry
def update_labels(
    floats: Any,
    int_rows: Any,
    known_ids: Any,
    known_labels: Any,
    places: Any,
    place_labels: Any,
    axes: Any,
    point: Any,
    is_found: Any,
    labels: Any,
) -> int:
    """Write the cluster (m,) of each prototype, as `LabelledDensity.labels` names it.

    Parameters
    ----------
    floats, int_rows
        The arrays of the state; see `clusterer.cluster.prototypes.state_layout`.
    known_ids, known_labels : (n,) int64
        The ids of the prototypes at the last full labelling, and their `LabelledDensity.labels`.
    places, place_labels, axes
        The fields of the `LabelledDensity`.
    point : (q,)
        Scratch.
    is_found : (n,) bool
        Scratch.
    labels : (m,) int64
        The result; -1 is noise.

    Returns
    -------
    n_clusters : int
        The number of clusters that still have a prototype.
    """
    for label in range(is_found.shape[0]):
        is_found[label] = False
    n_clusters = 0
    for slot in range(labels.shape[0]):
        if slot < known_ids.shape[0] and int_rows[ID, slot] == known_ids[slot]:
            label = known_labels[slot]
        else:
            label = label_light_prototype(floats, slot, places, place_labels, axes, point)
        if label >= 0 and not is_found[label]:
            is_found[label] = True
            n_clusters += 1
        labels[slot] = label
    return n_clusters


@inner
def label_light_prototype(
    floats: Any, slot: int, places: Any, place_labels: Any, axes: Any, point: Any
) -> int:
    """Return the label of a prototype that does not shape the density; -1 for noise."""
    n_features = places.shape[0] - N_PLACE_ROWS
    n_known = n_features
    for t in range(n_features):
        point[t] = floats[t, slot]
    if axes.shape[0] > 0:
        n_known = axes.shape[0]
        for t in range(n_features):
            point[t] = 0.0
            for s in range(n_known):
                point[t] += axes[s, t] * floats[s, slot]
    # Everything known at that time is 0 in features that have come since.
    rest = 0.0
    for t in range(n_known, floats.shape[0] - N_ROWS):
        rest += floats[t, slot] * floats[t, slot]
    nearest = 0
    least = np.inf
    for k in range(places.shape[1]):
        square = rest
        for t in range(n_features):
            gap = places[t, k] - point[t]
            square += gap * gap
        if square < least:
            least = square
            nearest = k
    level = places[n_features, nearest] - 0.5 * least * places[n_features + 1, nearest]
    limit = places[n_features + 2, nearest]
    # The others are needed only if the Gaussian of the nearest is not enough.
    if level < limit:
        total = 0.0
        for k in range(places.shape[1]):
            square = rest
            for t in range(n_features):
                gap = places[t, k] - point[t]
                square += gap * gap
            term = places[n_features, k] - 0.5 * square * places[n_features + 1, k] - limit
            if term > -NEGLIGIBLE:
                total += math.exp(min(term, 0.0))
        if total < 1.0:
            return -1
    return int(place_labels[nearest])

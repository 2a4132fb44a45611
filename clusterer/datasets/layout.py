"""The description of a generated stream: which cluster each point belongs to, and where it lies.

A layout is a function of the position in the stream and not of the points drawn before, so a
stream can start at any position. The unit of all lengths is the standard deviation of a cluster.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SEPARATION_SD = 6.0
MARGIN_SD = 4.0


class Layout(NamedTuple):
    """The clusters of one stream.

    Parameters
    ----------
    box : array (2, n_features)
        Lowest and highest corner of the space that the clusters use.
    choose : callable (rng, positions) -> array (n_points,)
        Returns the cluster of the point at each position in the stream.
    locate : callable (rng, positions, clusters) -> array (n_points, n_features)
        Returns the center of each point; the point is drawn around it with a standard
        deviation of 1 in each feature.
    """

    box: Floats
    choose: Callable[[Generator, Ints], Ints]
    locate: Callable[[Generator, Ints, Ints], Floats]


class Family(NamedTuple):
    """A family of generated streams, one entry of `clusterer.datasets.GENERATORS`.

    Parameters
    ----------
    title : str
        The name that users see.
    description : str
        One sentence for users about the stream.
    lay_out : callable (rng, **parameters) -> Layout
        Places the clusters.
    parameters : mapping from str to number
        The parameters that `make_generator` accepts for this family, with their defaults;
        each is one of "n_clusters", "n_features" and "drift".

    Examples
    --------
    >>> from clusterer.datasets import GENERATORS
    >>> GENERATORS["rings"].title, dict(GENERATORS["rings"].parameters)
    ('Rings', {'n_clusters': 3})
    """

    title: str
    description: str
    lay_out: Callable[..., Layout]
    parameters: Mapping[str, float]


def choose_evenly(n_clusters: int) -> Callable[[Generator, Ints], Ints]:
    """Return a `Layout.choose` that gives all clusters the same share of the points."""
    return lambda rng, positions: rng.integers(n_clusters, size=len(positions))


def stay_at(centers: Floats) -> Callable[[Generator, Ints, Ints], Floats]:
    """Return a `Layout.locate` for clusters that stay at `centers` (n_clusters, n_features)."""
    return lambda rng, positions, clusters: centers.take(clusters, axis=0)


def box_around(points: Floats, margin_sd: float = MARGIN_SD) -> Floats:
    """Return the box (2, n_features) that holds `points` with a margin on every side."""
    return np.stack([points.min(axis=0) - margin_sd, points.max(axis=0) + margin_sd])


def place_centers(
    rng: Generator, n_clusters: int, n_features: int, apart_sd: float = SEPARATION_SD
) -> Floats:
    """Return random centers (n_clusters, n_features) at least `apart_sd` from each other.

    Examples
    --------
    >>> place_centers(np.random.default_rng(0), 5, 3).shape
    (5, 3)
    """
    centers = np.empty((n_clusters, n_features))
    side_sd = 1.6 * apart_sd * n_clusters ** (1 / n_features)
    n_placed = 0
    while n_placed < n_clusters:
        center = rng.uniform(-side_sd / 2, side_sd / 2, n_features)
        gaps_sd = np.linalg.norm(centers[:n_placed] - center, axis=1)
        if gaps_sd.min(initial=np.inf) >= apart_sd:
            centers[n_placed] = center
            n_placed += 1
        else:
            # The box grows after every failure, so the loop ends.
            side_sd *= 1.01
    return centers


def draw_axes(rng: Generator, n_clusters: int, n_features: int) -> Floats:
    """Return two random orthogonal directions for each cluster, (n_clusters, 2, n_features).

    Examples
    --------
    >>> axes = draw_axes(np.random.default_rng(0), 1, 3)[0]
    >>> np.allclose(axes @ axes.T, np.eye(2))
    True
    """
    frames, _ = np.linalg.qr(rng.standard_normal((n_clusters, n_features, 2)))
    return np.swapaxes(frames, 1, 2)

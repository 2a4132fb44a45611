"""The density at single points, by the Gaussians that the prototypes stand for.

The density is that of `clusterer.cluster.density.density_estimate`: each prototype that is heavy
enough is a round Gaussian with the mass and the widened variance of its points.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from clusterer.cluster.density.density_estimate import estimate_density
from clusterer.cluster.prototypes.prototypes import Prototypes
from clusterer.cluster.prototypes.state_layout import SCALE
from clusterer.stream.chunk import NOISE

BLOCK = 2**16  # numbers in a block of distances: half a megabyte


class PointDensity(NamedTuple):
    """A mixture of k round Gaussians in inner coordinates.

    Parameters
    ----------
    slots : (k,) int64
        The prototypes that shape the density.
    centers : (k, d)
        Their centres.
    inverses : (k,)
        Inverse of the variance of each, per feature.
    log_heights : (k,)
        Logarithm of the height of each; the mixture holds the mass 1.
    limits : (m,)
        Mean squared distance of the points of each of all m prototypes from it.
    """

    slots: NDArray[np.int64]
    centers: NDArray[np.float64]
    inverses: NDArray[np.float64]
    log_heights: NDArray[np.float64]
    limits: NDArray[np.float64]


def describe_points(prototypes: Prototypes) -> PointDensity:
    """Return the density of the prototypes. O(K² d)."""
    data, n_features = prototypes.density_data, prototypes.n_features
    del data["links"], data["steps"]
    if not (data["weights"] > 0).any():
        # No prototype has a point of its own yet.
        data["weights"] = data["counts"] = np.ones(prototypes.n_taken)
    density, centers = estimate_density(**data), data["centers"]
    variances = density.kernel_variances * density.unit * density.unit
    log_heights = np.log(density.masses) - math.log(density.masses.sum())
    log_heights -= 0.5 * n_features * np.log(2.0 * math.pi * variances)
    limits = n_features * variances[density.nearest]
    return PointDensity(density.kept, centers[density.kept], 1.0 / variances, log_heights, limits)


def to_inner(prototypes: Prototypes, points: NDArray) -> NDArray[np.float64]:
    """Return points (n, d) in inner coordinates; features beyond those of the prototypes drop."""
    scale = prototypes.scalars.item(SCALE)
    return (points[:, : prototypes.n_features] - prototypes.origin) * (scale or 1.0)


def score_points(density: PointDensity, inner: NDArray) -> NDArray[np.float64]:
    """Return the logarithm (n,) of the density at points (n, d) in inner coordinates."""
    scores = np.empty(len(inner))
    for rows, terms in measure_terms(density, inner):
        highest = terms.max(axis=1)
        scores[rows] = highest + np.log(np.exp(terms - highest[:, None]).sum(axis=1))
    return scores


def share_points(
    density: PointDensity, inner: NDArray, positions: NDArray[np.int64], n_clusters: int
) -> NDArray[np.float64]:
    """Return the share (n, n_clusters) of each cluster in the density at points (n, d).

    ``positions`` (m,) is the cluster of each prototype, -1 for noise. The Gaussians of noise do not
    count. A cluster of light prototypes only has the share 0.
    """
    shares = np.zeros((len(inner), n_clusters))
    members = positions[density.slots]
    is_used = members != NOISE
    if not is_used.any():
        return shares
    # A matrix product adds up the Gaussians of each cluster.
    is_member = (members[is_used, None] == np.arange(n_clusters)).astype(np.float64)
    for rows, terms in measure_terms(density, inner):
        used = terms[:, is_used]
        heights = np.exp(used - used.max(axis=1, keepdims=True))
        sums = heights @ is_member
        shares[rows] = sums / sums.sum(axis=1, keepdims=True)
    return shares


def measure_terms(
    density: PointDensity, inner: NDArray
) -> Iterator[tuple[slice, NDArray[np.float64]]]:
    """Yield slices of the points (n, d), and the logarithms (n, k) of all Gaussians there."""
    n_kept, n_features = density.centers.shape
    n_rows = max(BLOCK // max(n_kept * n_features, 1), 1)
    for begin in range(0, len(inner), n_rows):
        rows = slice(begin, begin + n_rows)
        gaps = inner[rows, None] - density.centers
        # Of a very distant point the square would be infinite.
        squares = np.minimum((gaps * gaps).sum(axis=2) * density.inverses, np.finfo(float).max)
        yield rows, density.log_heights - 0.5 * squares


def find_far(
    density: PointDensity,
    prototypes: Prototypes,
    points: NDArray,
    slots: NDArray[np.int64],
    threshold: float,
) -> NDArray[np.bool_]:
    """Whether each point (n, d) is farther from its nearest prototype than ``threshold`` allows.

    The distance counts in root mean squared distances of the prototype's own points.
    """
    gaps = to_inner(prototypes, points) - prototypes.inner_centers[slots]
    return (gaps * gaps).sum(axis=1) > threshold**2 * density.limits[slots]

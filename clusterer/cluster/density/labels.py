"""Stage 9 and the order of all stages: give each prototype the number of its cluster. O(K² d)."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from clusterer.cluster.density.density_estimate import DensityEstimate, estimate_density
from clusterer.cluster.density.directions import find_directions
from clusterer.cluster.density.label_update import LabelledDensity, describe_density
from clusterer.cluster.density.noise import (
    NoiseRule,
    choose_noise_rule,
    find_noise,
    measure_depths,
)
from clusterer.cluster.density.peaks import find_min_mass, find_peaks
from clusterer.cluster.density.saddles import Saddles, measure_saddles
from clusterer.cluster.density.significance import (
    CLEAR,
    Evidence,
    are_separate,
    measure_evidence,
)
from clusterer.cluster.density.splitting import count_needed, split_clusters
from clusterer.cluster.density.survival import separate_survivors
from clusterer.cluster.density.value_steps import measure_step_variance
from clusterer.stream.chunk import NOISE

SINGLETON_SHARE = 0.1  # of the mean weight


def label_prototypes(
    centers: NDArray,
    weights: NDArray,
    scatters: NDArray,
    counts: NDArray | None = None,
    *,
    links: NDArray | None = None,
    previous: NDArray[np.int64] | None = None,
    steps: NDArray | None = None,
    join: bool = True,
    drop_singletons: bool = True,
) -> NDArray[np.int64]:
    """Give each prototype the number of its cluster.

    With ``join`` the density decides, see `label_by_density`. Without it each prototype is a
    cluster, and those below 0.1 of the mean weight are singletons. Singletons and prototypes in
    the background are noise, or clusters of their own.

    Parameters
    ----------
    centers : (m, d), weights : (m,), scatters : (m,)
        The prototypes, as `OnlineClusterer` holds them.
    counts : (m,), optional
        Number of points of each prototype; the weights if not given.
    links : (m, m), optional
        Points seen between pairs of prototypes; see `clusterer.cluster.prototypes.links`.
    previous : (m,) int, optional
        The cluster to which each belonged before, -1 for none; see
        `clusterer.cluster.density.survival`.
    steps : (d,), optional
        The smallest difference of two values of each feature, 0 for unknown; see `.value_steps`.
    join : bool, default True
        If False, every prototype is a cluster, as published in 1999.
    drop_singletons : bool, default True
        Whether singletons and the background are noise.

    Returns
    -------
    labels : (m,) int64
        Clusters numbered in the order of their first prototype; -1 is noise.

    Examples
    --------
    >>> centers = np.array([[0.0], [1.0], [9.0], [5.0]])
    >>> label_prototypes(centers, np.array([50.0, 45, 60, 0]), np.array([5.0, 5, 5, 0]))
    array([ 0,  0,  1, -1])
    """
    if join:
        points = weights if counts is None else counts
        labels = label_by_density(
            centers, weights, scatters, points, links=links, previous=previous, steps=steps
        )
    else:
        is_kept = weights >= SINGLETON_SHARE * weights.mean() if weights.sum() > 0 else weights == 0
        labels = np.where(is_kept, np.arange(len(weights)), NOISE)
    return number_clusters(labels, drop_singletons)


def number_clusters(labels: NDArray[np.int64], drop_singletons: bool) -> NDArray[np.int64]:
    """Number the clusters (m,) in order; noise is single clusters unless singletons are dropped."""
    if not drop_singletons:
        labels = np.where(labels == NOISE, np.arange(len(labels)), labels)
    return number_in_order(labels)


def label_by_density(
    centers: NDArray,
    weights: NDArray,
    scatters: NDArray,
    counts: NDArray,
    *,
    links: NDArray | None = None,
    previous: NDArray[np.int64] | None = None,
    steps: NDArray | None = None,
) -> NDArray[np.int64]:
    """Give each prototype the peak of the density to whose cluster it belongs: stages 0 to 8.

    Parameters
    ----------
    centers : (m, d), weights : (m,), scatters : (m,), counts : (m,), links, previous, steps
        As in `label_prototypes`.

    Returns
    -------
    labels : (m,) int64
        Index of the prototype at the peak; -1 is noise.

    Examples
    --------
    >>> centers = np.array([[0.0], [1.0], [9.0], [10.0]])
    >>> counts = np.full(4, 50.0)
    >>> label_by_density(centers, counts, counts / 12, counts)
    array([0, 0, 2, 2])
    """
    return cluster_by_density(
        centers, weights, scatters, counts, links=links, previous=previous, steps=steps
    ).labels


def cluster_by_density(
    centers: NDArray,
    weights: NDArray,
    scatters: NDArray,
    counts: NDArray,
    links: NDArray | None = None,
    previous: NDArray[np.int64] | None = None,
    steps: NDArray | None = None,
) -> LabelledDensity:
    """Return the labels of `label_by_density`, with the density that labels later prototypes."""
    if not (weights > 0).any():
        return label_singly(weights)
    measured = measure_in_order(centers, weights, scatters, counts, links, steps)
    found = find_clusters(measured, previous)
    if not are_separate([found.evidence]):
        found = join_clusters(found)
    return place_labels(found, centers)


def label_singly(weights: NDArray) -> LabelledDensity:
    """Label prototypes without weight (m,): each is a cluster."""
    labels = np.arange(len(weights))
    return LabelledDensity(labels, np.empty((0, 0)), np.empty(0, dtype=np.int64), np.empty((0, 0)))


class OrderedDensity(NamedTuple):
    """The result of the stages 0 to 2.

    ``order`` (m,) are the indices of the prototypes in the order of all other arrays. ``axes``
    (d, q) are the directions in which the density is estimated, None for all features.
    """

    order: NDArray[np.int64]
    axes: NDArray[np.float64] | None
    density: DensityEstimate
    saddles: Saddles


def measure_in_order(
    centers: NDArray,
    weights: NDArray,
    scatters: NDArray,
    counts: NDArray,
    links: NDArray | None = None,
    steps: NDArray | None = None,
) -> OrderedDensity:
    """The prototypes from light to heavy (m,), their density and its saddles.

    Sums are rounded in the order of their terms. Without a fixed order, permuted prototypes would
    give other results.
    """
    order = np.lexsort((scatters, counts, weights))
    # The kernels are compiled for C-contiguous arrays.
    ordered, weights = np.ascontiguousarray(centers[order]), weights[order]
    step_variance = 0.0 if steps is None else measure_step_variance(ordered, steps)
    scatters = scatters[order] + weights * (step_variance * centers.shape[1])
    axes = find_directions(ordered, weights, scatters, np.maximum(counts[order], weights))
    if axes is not None:
        # As if the points spread alike in all directions.
        scatters = scatters * (axes.shape[1] / axes.shape[0])
        ordered = ordered @ axes
    density = estimate_density(ordered, weights, scatters, counts[order])
    known = np.empty((0, 0)) if links is None else np.ascontiguousarray(links)
    step_variance = step_variance / density.unit / density.unit
    saddles = measure_saddles(density, known, order[density.kept], step_variance)
    return OrderedDensity(order, axes, density, saddles)


class FoundClusters(NamedTuple):
    """The result of the stages 0 to 7, and the evidence that stage 8 decides by.

    ``order`` (m,), ``axes`` and ``density`` as in `OrderedDensity`; ``peaks`` (k,) of the clusters,
    ``is_noise`` (m,) and ``limits`` (k,) as `find_noise` returns them.
    """

    order: NDArray[np.int64]
    axes: NDArray[np.float64] | None
    density: DensityEstimate
    peaks: NDArray[np.int64]
    is_noise: NDArray[np.bool_]
    limits: NDArray[np.float64]
    evidence: Evidence


# A distance that overflows, in a model with extreme values, is as good as infinite.
@np.errstate(over="ignore")
def find_clusters(
    measured: OrderedDensity,
    previous: NDArray[np.int64] | None = None,
    *,
    allow_many: bool = True,
) -> FoundClusters:
    """Run the stages 3 to 7.

    Parameters
    ----------
    measured : OrderedDensity
        The density of m prototypes.
    previous : (m,) int, optional
        As in `label_prototypes`.
    allow_many : bool, default True
        See `.peaks.choose_threshold`.
    """
    order, axes, density, saddles = measured
    n_features = density.centers.shape[1]
    peaks = find_peaks(density, saddles, allow_many=allow_many)
    log_cores, rule = choose_noise(density, peaks)
    is_noise, limits = find_noise(density, log_cores, rule)
    is_out = is_noise[density.kept]
    is_survivor = False
    if previous is not None:
        before = previous[order][density.kept]
        if _are_several_joined(peaks, is_out, before):
            joined, min_mass = peaks, find_min_mass(density)
            peaks = separate_survivors(density, joined, is_out, before, min_mass)
            is_survivor = not np.array_equal(peaks, joined)
    sizes = np.bincount(peaks[(peaks >= 0) & ~is_out], minlength=1)
    if sizes.max() >= count_needed(n_features):
        peaks = split_clusters(density, saddles, peaks, is_out)
    # Clusters that were separate before need no proof.
    evidence = Evidence(CLEAR, 1.0, n_features)
    if not is_survivor:
        evidence = measure_evidence(density, saddles, np.where(is_out, NOISE, peaks))
    return FoundClusters(order, axes, density, peaks, is_noise, limits, evidence)


def choose_noise(
    density: DensityEstimate, peaks: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NoiseRule]:
    """Return the cores (k,) of the clusters of ``peaks`` (k,), and the rule for noise."""
    depths = measure_depths(density, peaks)
    return depths.log_cores, choose_noise_rule(depths, density.centers.shape[1])


def join_clusters(found: FoundClusters) -> FoundClusters:
    """Make one cluster of all clusters: stage 8, if they are not separate."""
    density = found.density
    peaks = np.full_like(found.peaks, np.argmax(density.log_density))
    is_noise, limits = find_noise(density, *choose_noise(density, peaks))
    return found._replace(peaks=peaks, is_noise=is_noise, limits=limits)


def place_labels(found: FoundClusters, centers: NDArray) -> LabelledDensity:
    """Return the labels in the order of the prototypes ``centers`` (m, d)."""
    order, density, peaks = found.order, found.density, found.peaks
    labels = np.where(peaks >= 0, order[density.kept[peaks]], NOISE)[density.nearest]
    labels[found.is_noise] = NOISE
    placed = np.empty_like(labels)
    placed[order] = labels
    return describe_density(placed, centers, order, found.axes, density, found.limits)


def _are_several_joined(
    peaks: NDArray[np.int64], is_out: NDArray[np.bool_], previous: NDArray[np.int64]
) -> bool:
    """Whether a cluster has prototypes of two previous ones, so that stage 6 has work to do."""
    is_known = (peaks >= 0) & ~is_out & (previous >= 0)
    pairs = set(zip(peaks[is_known].tolist(), previous[is_known].tolist(), strict=True))
    return len(pairs) > len({peak for peak, _ in pairs})


def number_in_order(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number the clusters 0, 1, … by first appearance; noise stays -1."""
    numbers: dict[int, int] = {}
    # A loop over Python's numbers takes a fifth of the time of `np.unique`.
    numbered = [
        NOISE if label == NOISE else numbers.setdefault(label, len(numbers))
        for label in labels.tolist()
    ]
    return np.array(numbered, dtype=np.int64)


def weigh_members(
    weights: NDArray, labels: NDArray[np.int64], clusters: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Weight (n_clusters, m) of each prototype in each cluster; equal where all weigh 0.

    >>> weigh_members(np.array([3.0, 1.0, 0.0]), np.array([0, 0, 1]), np.arange(2))
    array([[3., 1., 0.],
           [0., 0., 1.]])
    """
    is_member = labels == clusters[:, None]
    shares = np.where(is_member, weights, 0.0)
    is_weightless = shares.sum(axis=1) == 0
    shares[is_weightless] = is_member[is_weightless]
    return shares


def average_clusters(
    centers: NDArray, weights: NDArray, labels: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Weighted mean (n_clusters, d) of each cluster's prototypes."""
    clusters = np.arange(int(labels.max(initial=NOISE)) + 1)
    shares = weigh_members(weights, labels, clusters)
    return (shares @ centers) / shares.sum(axis=1, keepdims=True)

"""Stage 8: report one group unless a valley between two clusters is significant.

Few points always leave gaps between them. So several clusters are reported only if at least one
valley between two of them is deeper than chance makes valleys within one group, at most of the
resolutions at which the clusters are read. Three measures of a valley count, and the sum of the
first two:

- its prominence: logarithm of the lower of the two peaks over the level of the border;
- its excess of mass along the line that separates both clusters best: the points of the smaller
  side above the lowest level between both, in standard deviations of their number;
- its excess of mass around the border, which also tells apart clusters that no line separates.

D. W. Müller, G. Sawitzki, "Excess mass estimates and tests for multimodality", Journal of the
American Statistical Association 86, 1991. The limits come from simulations of one group: normal,
uniform, exponential, log-normal and Student's t, 1 to 15 features, 80 to 10 000 points, 10 to 200
prototypes.
"""

import math
import statistics
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from clusterer.cluster.density.density_estimate import DensityEstimate
from clusterer.cluster.density.flooding import list_borders, measure_level
from clusterer.cluster.density.gaussian_mixture import fit_normal
from clusterer.cluster.density.saddles import Saddles
from clusterer.stream.chunk import NOISE

# Each limit is a constant plus a multiple of the number of features, as both increase by chance.
PROMINENCE = (2.5, 0.7)
EXCESS_BETWEEN = (5.0, 2.0)
EXCESS_AROUND = (6.0, 6.0)
MAX_FEATURES = 5  # beyond, the simulated limits do not increase
# In a long stream, the excess of a shallow valley increases without end. So either excess also
# needs a prominence.
MIN_PROMINENCE_BETWEEN = 1.0
MIN_PROMINENCE_AROUND = 1.9
JOINT_LIMIT = 1.4  # of the first two measures, each divided by its limit
MIN_POINTS = 10.0  # a smaller cluster proves nothing unless its valley is twice as deep
SILVERMAN = 1.06  # bandwidth in deviations times n^(-1/5); B. W. Silverman, 1986
N_STEPS = 128  # places on the line at which the density is measured
MARGIN = 3.0  # in kernel deviations beyond the outermost prototypes
TINY = 1e-30
MAX_COMPONENT = 1e100


# Of evidence that is twice the limit, the amount makes no difference.
CLEAR = 2.0
# The least evidence by the number of features, the last one for more. In one feature, chance
# leaves deeper valleys; in more features, the limits above are cautious.
LEAST_EVIDENCE = (1.25, 1.0, 0.85, 0.75)
# Chance valleys lie at other places at every resolution. If two features or more show the same
# clusters at most resolutions, less evidence is enough, unless a few points are set apart: far
# points lie at the same place at every resolution.
AGREEING = 0.9
LEAST_SHARE = 0.1
LESS_EVIDENCE = 0.62


class Evidence(NamedTuple):
    """How deep the valleys between clusters are.

    ``strength`` is that of the most significant valley, 1 at the simulated limits; it is 0 for one
    cluster and `CLEAR` for clusters without any border. ``share`` of all points is in the smaller
    cluster there.
    """

    strength: float
    share: float
    n_features: int


class Valley(NamedTuple):
    """The valley between two clusters: its prominence, excess around it, and smaller mass."""

    first: int
    second: int
    prominence: float
    excess: float
    mass: float


def measure_evidence(
    density: DensityEstimate, saddles: Saddles, labels: NDArray[np.int64]
) -> Evidence:
    """Return how clearly the valleys between clusters show that these are separate.

    Parameters
    ----------
    density : DensityEstimate
        The density of k prototypes.
    saddles : Saddles
        The saddles between neighbours.
    labels : (k,) int64
        The cluster of each prototype, -1 for noise.

    Examples
    --------
    >>> from clusterer.cluster.density.density_estimate import estimate_density
    >>> from clusterer.cluster.density.saddles import measure_saddles
    >>> centers = np.array([[0.0], [1.0], [9.0], [10.0]])
    >>> density = estimate_density(centers, *np.full((3, 4), 50.0))
    >>> saddles = measure_saddles(density, np.empty((0, 0)), np.arange(4))
    >>> measure_evidence(density, saddles, np.array([1, 1, 2, 2]))
    Evidence(strength=2.0, share=0.5, n_features=1)
    """
    n_features = density.centers.shape[1]
    limits = list_limits(n_features)
    total = float(density.masses.sum())
    strongest = None
    for valley in measure_valleys(density, saddles, labels):
        strength = measure_strength(density, labels, valley, *limits)
        if strongest is None or strength > strongest.strength:
            strongest = Evidence(min(strength, CLEAR), valley.mass / total, n_features)
        if strength >= CLEAR:
            break
    if strongest is not None:
        return strongest
    # Clusters that have no border at all are separate.
    n_clusters = len({*labels.tolist()} - {NOISE})
    return Evidence(CLEAR if n_clusters > 1 else 0.0, 1.0 / max(n_clusters, 1), n_features)


def list_limits(n_features: int) -> tuple[float, float, float]:
    """The simulated limits of the three measures of a valley.

    >>> list_limits(1)
    (3.2, 7.0, 12.0)
    """
    prominent, between, around = (
        base + more * min(n_features, MAX_FEATURES)
        for base, more in (PROMINENCE, EXCESS_BETWEEN, EXCESS_AROUND)
    )
    return prominent, between, around


def measure_strength(
    density: DensityEstimate,
    labels: NDArray[np.int64],
    valley: Valley,
    prominent: float,
    between: float,
    around: float,
) -> float:
    """Return how significant a valley is, 1 at the limits of the three measures."""
    height = valley.prominence
    if valley.mass < MIN_POINTS:
        return height / prominent / 2.0
    strength = height / prominent
    if height >= MIN_PROMINENCE_AROUND:
        strength = max(strength, valley.excess / around)
    if strength >= CLEAR:
        return strength
    excess = measure_excess_between(density, labels, valley.first, valley.second) / between
    if height >= MIN_PROMINENCE_BETWEEN:
        strength = max(strength, excess)
    return max(strength, (excess + height / prominent) / JOINT_LIMIT)


def are_separate(evidences: Sequence[Evidence], agreement: float = 0.0) -> bool:
    """Return whether there are several clusters, by the evidence at one resolution or more.

    Parameters
    ----------
    evidences : sequence of Evidence
        The evidence at each resolution.
    agreement : float, default 0
        The adjusted Rand index of the clusters at different resolutions.

    Examples
    --------
    >>> are_separate([Evidence(0.8, 0.4, 2)]), are_separate([Evidence(0.8, 0.4, 2)] * 3, 0.95)
    (False, True)
    """
    # NumPy's median takes thirty times as long for a few numbers.
    strength, share, n_features = (statistics.median(each) for each in zip(*evidences, strict=True))
    least = LEAST_EVIDENCE[max(min(int(n_features), len(LEAST_EVIDENCE)), 1) - 1]
    if len(evidences) == 1:
        return strength >= max(least, 1.0)
    if n_features > 1 and agreement >= AGREEING and share >= LEAST_SHARE:
        least *= LESS_EVIDENCE
    return strength >= least


def measure_separation(
    density: DensityEstimate, saddles: Saddles, labels: NDArray[np.int64]
) -> float:
    """Return the smallest share of a cluster's points that a straight valley sets apart.

    It is 1 for clusters far from each other, and near 0 for rings around each other.
    """
    return min(
        (
            measure_excess_between(density, labels, valley.first, valley.second)
            / math.sqrt(valley.mass)
            for valley in measure_valleys(density, saddles, labels)
            if valley.mass > 0.0
        ),
        default=1.0,
    )


def measure_valleys(
    density: DensityEstimate, saddles: Saddles, labels: NDArray[np.int64]
) -> Iterator[Valley]:
    """Yield the valley between each two clusters that touch."""
    borders = list_borders(saddles)
    ends = np.sort(labels[borders.ends], axis=0)
    is_border = (ends[0] != ends[1]) & (ends[0] >= 0)
    pairs, sums = ends[:, is_border], borders.sums[is_border]
    for first, second in sorted({*zip(*pairs.tolist(), strict=True)}):
        own = sums[(pairs[0] == first) & (pairs[1] == second)].sum(axis=0, keepdims=True)
        level = measure_level(own, 0)
        sides = [measure_side(density, labels == each, level) for each in (first, second)]
        yield Valley(first, second, *(min(values) for values in zip(*sides, strict=True)))


def measure_side(
    density: DensityEstimate, is_member: NDArray[np.bool_], level: float
) -> tuple[float, float, float]:
    """Prominence, excess of mass and mass of one side of a border at ``level``."""
    heights, masses = density.log_density[is_member] - level, density.masses[is_member]
    is_above = heights > 0.0
    above = masses[is_above]
    excess = float(above @ -np.expm1(-heights[is_above]))
    return float(heights.max()), excess / math.sqrt(max(above.sum(), TINY)), float(masses.sum())


def measure_excess_between(
    density: DensityEstimate, labels: NDArray[np.int64], first: int, second: int
) -> float:
    """Excess of mass along Fisher's discriminant of two clusters, in standard deviations."""
    members = [labels == each for each in (first, second)]
    total = float(density.masses[members[0] | members[1]].sum())
    normals = [
        fit_normal(density.centers[own], density.variances[own], density.masses[own], total)
        for own in members
    ]
    within = sum(each.share * (each.axes * each.variances) @ each.axes.T for each in normals)
    gap = normals[1].center - normals[0].center
    axis = np.linalg.solve(within, gap)
    longest = float(np.abs(axis).max())
    if longest > MAX_COMPONENT:
        # Its square would overflow.
        axis /= longest
    axis /= max(float(np.linalg.norm(axis)), TINY)
    deviations = [
        math.sqrt(float(((each.axes.T @ axis) ** 2) @ each.variances)) for each in normals
    ]
    fewest = min(each.share for each in normals) * total
    bandwidth = SILVERMAN * min(deviations) * fewest**-0.2
    is_used = members[0] | members[1]
    places, masses = density.centers[is_used] @ axis, density.masses[is_used]
    variances = np.maximum(np.maximum(density.variances[is_used], bandwidth**2), TINY)
    begin, end = (float(each.center @ axis) for each in normals)
    margin = MARGIN * math.sqrt(variances.max())
    line = np.linspace(min(places.min(), begin) - margin, max(places.max(), end) + margin, N_STEPS)
    squares = (line[:, None] - places) ** 2 / variances
    heights = np.exp(-0.5 * squares) @ (masses / np.sqrt(2.0 * np.pi * variances))
    inside = np.flatnonzero((line >= begin) & (line <= end))
    if not len(inside):
        return 0.0
    lowest = int(inside[np.argmin(heights[inside])])
    return min(
        measure_excess(side, float(heights[lowest]), float(line[1] - line[0]))
        for side in (heights[:lowest], heights[lowest:])
    )


def measure_excess(heights: NDArray, level: float, step: float) -> float:
    """Points above ``level``, in standard deviations of their number; ``heights`` (n,) in steps."""
    above = heights[heights > level]
    return float((above - level).sum() * step / math.sqrt(max(above.sum() * step, TINY)))

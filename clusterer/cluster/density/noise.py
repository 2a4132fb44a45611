"""Stage 5: find the prototypes that are noise: in the background, not in a cluster.

The depth of a prototype is the logarithm of the density at the core of its cluster, which is the
rim of its densest quarter, over the density at the prototype. Otsu's threshold splits the depths of
all prototypes into two groups. If these give evidence of a background, noise is all that is hardly
denser than the background. Otherwise noise is all beyond the rim of a Gaussian cluster. A prototype
too light to shape the density follows the nearest one that does, unless it lies far out.

After N. Otsu, "A threshold selection method from gray-level histograms", IEEE Transactions on
Systems, Man, and Cybernetics 9(1), 1979.
"""

import math
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, gammaincinv

from clusterer.cluster.density.density_estimate import DensityEstimate
from clusterer.support.kernels import entry

# Depths are logarithms. A background is at least e times thinner than the clusters in it.
MIN_DEPTH = 1.0
# Beyond e⁶ = 400 to 1 all depths are equal.
MAX_DEPTH = 6.0
# There is a background in one of two cases: the mass below the threshold is at least 1.5 times
# the mass that the rims of Gaussian clusters hold there, or the two groups of depths are at least
# 4 standard deviations apart. In ten dimensions rims alone do the latter, so the second case also
# asks for a quarter of the mass that rims hold.
EXCESS = 1.5
MIN_CONTRAST = 4.0
MIN_EXPECTED_SHARE = 0.25
# Fewer than ten points are no background. Where the excess decides, it must be more than chance
# explains: three standard deviations of the number expected at the rims.
MIN_BACKGROUND = 10.0
MIN_DEVIATIONS = 3.0
# The density of a cluster is that at the rim of its densest quarter: in a background of 60 % the
# median point of a cluster's region is noise.
INNER_SHARE = 0.25
MAX_NOISE_SHARE = 0.75  # of all points; a region with more points is no background
# A prototype less than 1.5 times as dense as the background is at least twice as likely noise as
# not. The densest of a few dense spots of the background is up to e¹·⁵ times denser by chance.
MAX_NOISE_DENSITY = 1.5
SPOT_DEPTH = 1.5
# Without a background, the part of a Gaussian cluster outside this share of its mass is noise.
CORE_SHARE = 0.9999
# The same for prototypes of few points: the outermost point of a cluster is not noise.
FAR_SHARE = 0.99999
MIN_VARIANCE = 1e-9


class OtsuSplit(NamedTuple):
    """Two groups of values: the threshold between them and how clearly they differ.

    ``upper_mean`` is the mean of the values above the threshold. ``contrast`` is the distance of
    both means in standard deviations.
    """

    threshold: float
    upper_mean: float
    contrast: float


class Depths(NamedTuple):
    """How deep prototypes lie below the core of their cluster.

    Parameters
    ----------
    log_cores : (k,)
        Logarithm of the density at the core of each prototype's cluster; infinite for a
        prototype in no cluster.
    mass_below, mass : float
        Points deeper than Otsu's threshold, and all points.
    split : OtsuSplit
        The two groups of depths.
    """

    log_cores: NDArray[np.float64]
    mass_below: float
    mass: float
    split: OtsuSplit


class NoiseRule(NamedTuple):
    """The depths from which on prototypes are noise.

    ``depth`` for those that shape the density, ``outlier_depth`` for lighter ones; ``rim`` is the
    depth of the rim of a Gaussian cluster.
    """

    depth: float
    has_background: bool
    rim: float
    outlier_depth: float


def measure_depths(density: DensityEstimate, peaks: NDArray[np.int64]) -> Depths:
    """Measure the `Depths` of the prototypes; ``peaks`` (k,) of their clusters, -1 for none."""
    log_cores = find_log_cores(density, peaks)
    gaps, masses = log_cores - density.log_density, density.masses
    is_in_cluster = peaks >= 0
    if not is_in_cluster.all():
        gaps, masses = gaps[is_in_cluster], masses[is_in_cluster]
    if len(gaps) < 2:
        return Depths(log_cores, 0.0, 0.0, OtsuSplit(-np.inf, 0.0, 0.0))
    values = np.minimum(np.maximum(gaps, -MIN_DEPTH), MAX_DEPTH)
    values.sort()
    split = OtsuSplit(*split_by_otsu(values))
    mass_below = float(masses[gaps > split.threshold].sum())
    return Depths(log_cores, mass_below, float(masses.sum()), split)


def find_log_cores(density: DensityEstimate, peaks: NDArray[np.int64]) -> NDArray[np.float64]:
    """Logarithm (k,) of the density at the core of each one's cluster."""
    # By cluster, and from thin to dense within each.
    ranking = np.lexsort((density.log_density, peaks))
    log_cores, gathered = np.empty(len(peaks)), np.empty(len(peaks))
    fill_log_cores(ranking, peaks, density.masses, density.log_density, gathered, log_cores)
    return log_cores


@entry
def fill_log_cores(
    ranking: Any, peaks: Any, masses: Any, log_density: Any, gathered: Any, log_cores: Any
) -> None:
    """Write `find_log_cores` into ``log_cores`` (k,); ``gathered`` (k,) is scratch."""
    n_kept = ranking.shape[0]
    total = 0.0
    begin = 0
    for i in range(n_kept):
        j = ranking[i]
        if peaks[j] < 0:
            log_cores[j] = np.inf
            begin = i + 1
        else:
            total += masses[j]
        gathered[i] = total
    while begin < n_kept:
        before = gathered[begin - 1] if begin > 0 else 0.0
        end = begin
        while end < n_kept and peaks[ranking[end]] == peaks[ranking[begin]]:
            end += 1
        half = before + (1.0 - INNER_SHARE) * (gathered[end - 1] - before)
        place = begin
        while place < end - 1 and gathered[place] < half:
            place += 1
        for i in range(begin, end):
            log_cores[ranking[i]] = log_density[ranking[place]]
        begin = end


@entry
def split_by_otsu(values: Any) -> tuple[float, float, float]:
    """Split sorted values (n,), two or more, where the variance between both groups is largest.

    Returns the fields of an `OtsuSplit`.
    """
    n_values = values.shape[0]
    total = 0.0
    all_squares = 0.0
    for i in range(n_values):
        total += values[i]
        all_squares += values[i] * values[i]
    below = 0.0
    squares_below = 0.0
    widest = -np.inf
    best = 0
    low = high = within = 0.0
    for i in range(n_values - 1):
        below += values[i]
        squares_below += values[i] * values[i]
        n_below = i + 1
        n_above = n_values - n_below
        mean_below = below / n_below
        mean_above = (total - below) / n_above
        between = n_below * n_above * (mean_above - mean_below) ** 2
        if between > widest:
            widest = between
            best = i
            low = mean_below
            high = mean_above
            within = squares_below / n_below - low * low
            within += (all_squares - squares_below) / n_above - high * high
    contrast = (high - low) / math.sqrt(max(within, MIN_VARIANCE))
    return (values[best] + values[best + 1]) / 2, high, contrast


def choose_noise_rule(depths: Depths, n_features: int) -> NoiseRule:
    """Decide whether there is a background, and from which depth on prototypes are noise."""
    rim, outlier_depth = measure_rim(n_features), measure_rim(n_features, FAR_SHARE)
    no_background = NoiseRule(rim, False, rim, outlier_depth)
    threshold, upper_mean, contrast = depths.split
    if threshold < MIN_DEPTH:
        return no_background
    share = depths.mass_below / depths.mass
    expected = expect_share(threshold, n_features)
    is_clear = contrast >= MIN_CONTRAST and share >= MIN_EXPECTED_SHARE * expected
    n_expected = expected * depths.mass
    is_more = depths.mass_below >= n_expected + MIN_DEVIATIONS * math.sqrt(n_expected)
    is_more = is_more and share >= EXCESS * expected
    if depths.mass_below < MIN_BACKGROUND or not (is_clear or is_more):
        return no_background
    depth = max(threshold, upper_mean - math.log(MAX_NOISE_DENSITY))
    return NoiseRule(depth, True, rim, outlier_depth)


def find_noise(
    density: DensityEstimate, log_cores: NDArray[np.float64], rule: NoiseRule
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Return which prototypes (m,) are noise by a `NoiseRule`; ``log_cores`` as in `Depths`.

    Also returns the logarithms (k,) of the density below which a light prototype near each of those
    that shape the density is noise.
    """
    masses, depth = density.masses, rule.depth
    is_noise = density.log_density < log_cores - depth
    if rule.has_background and is_noise.any():
        level = (masses * density.log_density)[is_noise].sum() / masses[is_noise].sum()
        is_noise |= log_cores < level + SPOT_DEPTH
        if masses[is_noise].sum() > MAX_NOISE_SHARE * masses.sum():
            depth = rule.rim
            is_noise = density.log_density < log_cores - depth
    limits = log_cores - max(depth, rule.outlier_depth)
    if len(density.nearest) == len(density.kept):
        return is_noise, limits
    is_far = density.log_density_of_all < limits[density.nearest]
    is_far[density.kept] = False
    return is_noise[density.nearest] | is_far, limits


def expect_share(depth: float, n_features: int) -> float:
    """Share of a Gaussian cluster's points that lie more than ``depth`` below its core."""
    return float(chdtrc(n_features, measure_core_distance(n_features) + 2 * depth))


@lru_cache
def measure_core_distance(n_features: int) -> float:
    """Squared distance of a Gaussian cluster's core from its centre, in variances."""
    return 2.0 * float(gammaincinv(0.5 * n_features, INNER_SHARE))


@lru_cache
def measure_rim(n_features: int, share: float = CORE_SHARE) -> float:
    """Depth of a Gaussian cluster's rim, which encloses ``share`` of its mass."""
    return float(gammaincinv(0.5 * n_features, share)) - measure_core_distance(n_features) / 2

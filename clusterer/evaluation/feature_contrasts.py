"""What sets a cluster apart: the features in which its rows differ from all other rows.

The effect size is the distance of Kolmogorov and Smirnov between the distribution of a feature in
the cluster and in the rest: the largest difference between the share of the cluster and the share
of the rest that lie at or below the same value. It is 0 for equal distributions and 1 if no values
overlap, it sees differences of place and of width, and outliers hardly change it. (N. Smirnov,
"Table for estimating the goodness of fit of empirical distributions", Annals of Mathematical
Statistics 19(2), 1948.)

The names of effects follow J. Cohen, "Statistical Power Analysis for the Behavioral Sciences",
1988, and S. Sawilowsky, "New effect size rules of thumb", Journal of Modern Applied Statistical
Methods 8(2), 2009. Both state the difference d of two means in standard deviations; two normal
distributions with this difference have the distance 2 Φ(d / 2) - 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from clusterer.preprocessing.logarithm import take_logarithm
from clusterer.support.text import format_number

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
"""The quantiles of a feature: the ends of the whiskers and of the box, and the median."""

CHANCE = 1.36
"""Two samples of one distribution differ by more than this factor in 5 % of cases (Smirnov)."""

ROUNDING = 1e-12
"""More than the rounding of a sum of shares."""

SHIFT_SHARE = 0.5
"""A distribution is shifted if one of its two one-sided distances is below this share of the other.

Otherwise it is narrower or wider than the other distribution.
"""

LOW, HIGH, NARROW, WIDE = "low", "high", "medium", "low or high"


def _convert_effect(difference: float) -> float:
    return 2.0 * NormalDist().cdf(difference / 2.0) - 1.0


SMALL, MEDIUM, HUGE = _convert_effect(0.2), _convert_effect(0.5), _convert_effect(2.0)


@dataclass(frozen=True)
class FeatureContrast:
    """How the values of one feature in a cluster differ from the values of all other rows.

    Parameters
    ----------
    name : str
        The feature.
    effect : float
        The distance of the two distributions, from 0 to 1.
    word : str
        "low", "high", "medium" (narrower than the rest) or "low or high" (wider), with "slightly"
        or "very"; empty if the difference is negligible or may be chance.
    cut : float
        The value at which the distributions differ most, in the units of the data.
    share_below, rest_below : float
        The shares of the cluster and of the rest at or below ``cut``.
    quantiles, rest_quantiles : tuple of 5 floats
        The quantiles `LEVELS` of both, in the units of the data; NaN if there is no rest.
    mean, rest_mean : float
        The means of both, in the units of the data.
    is_binary : bool
        Whether the feature has only the values 0 and 1.
    log_unit : float, default 0
        The unit of the logarithm that the model learns; 0 if it learns the values.
    """

    name: str
    effect: float
    word: str
    cut: float
    share_below: float
    rest_below: float
    quantiles: tuple[float, ...]
    rest_quantiles: tuple[float, ...]
    mean: float
    rest_mean: float
    is_binary: bool
    log_unit: float = 0.0

    def explain(self) -> str:
        """Return a sentence with the difference in numbers; empty without a ``word``.

        >>> pair = (1.0, 2.0, 3.0, 4.0, 5.0), (6.0, 7.0, 8.0, 9.0, 10.0)
        >>> FeatureContrast("age", 0.9, "low", 5.5, 0.95, 0.05, *pair, 3.0, 8.0, False).explain()
        'age: 95 % at most 5.5, of the others 5 %'
        """
        if not self.word:
            return ""
        shares, place = (self.share_below, self.rest_below), f"at most {self.format(self.cut)}"
        if self.is_binary:
            shares, place = (self.mean, self.rest_mean), "have 1"
        elif self.word in (NARROW, WIDE):
            ends = (*self.quantiles[1:4:2], *self.rest_quantiles[1:4:2])
            low, high, rest_low, rest_high = (self.format(each) for each in ends)
            return (
                f"{self.name}: the middle half from {low} to {high}, of the others from {rest_low} "
                f"to {rest_high}"
            )
        elif self.word.endswith(HIGH):
            shares = 1.0 - self.share_below, 1.0 - self.rest_below
            place = f"above {self.format(self.cut)}"
        own, rest = (f"{100 * share:.0f} %" for share in shares)
        return f"{self.name}: {own} {place}, of the others {rest}"

    def format(self, value: float) -> str:
        """Return a value of the feature as text, with as many digits as its spread needs."""
        low, high = (
            pick([self.quantiles[end], self.rest_quantiles[end]])
            for pick, end in ((np.nanmin, 0), (np.nanmax, -1))
        )
        return format_number(value, float(high - low))

    def place(self, values: Sequence[float], scale: tuple[float, float]) -> list[float]:
        """Return the places of values on a scale from 0 to 1; in the middle of an empty scale.

        The scale is logarithmic if the model learns the logarithm.

        >>> pair = (1.0, 2.0, 3.0, 4.0, 5.0), (6.0, 7.0, 8.0, 9.0, 10.0)
        >>> age = FeatureContrast("age", 0.9, "low", 5.5, 0.95, 0.05, *pair, 3.0, 8.0, False)
        >>> age.place([1.0, 4.0], (1.0, 5.0))
        [0.0, 0.75]
        """
        places, (low, high) = np.array(values, dtype=np.float64), scale
        if self.log_unit:
            places = take_logarithm(places, self.log_unit)
            low, high = take_logarithm([low, high], self.log_unit).tolist()
        # Halves, because the difference of two numbers can overflow.
        width = high / 2 - low / 2
        if not width > 0.0:
            return [0.5] * len(places)
        found: list[float] = ((places / 2 - low / 2) / width).tolist()
        return found


class WeightedRows(NamedTuple):
    """Values (n, d) in the units of the data, with the cluster and the weight (n,) of each."""

    values: NDArray[np.float64]
    clusters: NDArray[np.int64]
    weights: NDArray[np.float64]


def contrast_features(
    rows: WeightedRows,
    ids: NDArray[np.int64],
    names: Sequence[str],
    log_units: Sequence[float],
) -> list[tuple[FeatureContrast, ...]]:
    """Return all features of each cluster, the largest effect first.

    ``log_units`` are those of `FeatureContrast`.
    """
    is_own = rows.clusters == ids[:, None]
    n_own = is_own.sum(axis=1)
    n_rest = len(rows.values) - n_own
    chance = CHANCE * np.sqrt(1.0 / np.maximum(n_own, 1) + 1.0 / np.maximum(n_rest, 1))
    found: list[list[FeatureContrast]] = [[] for _ in ids]
    for j, name in enumerate(names):
        columns = _contrast_feature(rows.values[:, j], rows.weights, is_own)
        for i, each in enumerate(columns):
            contrast = _name_contrast(str(name), each, chance[i])
            found[i].append(replace(contrast, log_unit=log_units[j]))
    return [tuple(sorted(each, key=lambda contrast: -contrast.effect)) for each in found]


class _Contrast(NamedTuple):
    """The comparison of one feature: ``above`` and ``below`` are the one-sided distances.

    ``below`` is how far the cluster's share at or below a value exceeds that of the rest.
    """

    below: float
    above: float
    cut: float
    shares: tuple[float, float]
    quantiles: tuple[float, ...]
    rest_quantiles: tuple[float, ...]
    means: tuple[float, float]
    is_binary: bool
    is_narrow: bool


def _contrast_feature(
    values: NDArray[np.float64], weights: NDArray[np.float64], is_own: NDArray[np.bool_]
) -> list[_Contrast]:
    """Compare one feature (n,) of each cluster with that of the other rows."""
    order = np.argsort(values, kind="stable")
    values, weights, is_own = values[order], weights[order], is_own[:, order]
    is_last = np.append(values[1:] != values[:-1], True)
    distinct = values[is_last]
    is_binary = len(distinct) == 2 and distinct.tolist() == [0.0, 1.0]
    found = []
    for mask in is_own:
        own, rest = (np.where(each, weights, 0.0) for each in (mask, ~mask))
        own, rest = (each / each.sum() if each.any() else each for each in (own, rest))
        # Rounding must not lead beyond 1.
        own_below, rest_below = (np.minimum(each.cumsum(), 1.0) for each in (own, rest))
        gaps = (own_below - rest_below)[is_last]
        if not rest.any():
            gaps = np.zeros_like(gaps)
        at = int(np.abs(gaps).argmax())
        found.append(
            _Contrast(
                below=max(float(gaps.max()), 0.0),
                above=max(float(-gaps.min()), 0.0),
                cut=float(distinct[at]),
                shares=(float(own_below[is_last][at]), float(rest_below[is_last][at])),
                quantiles=_find_quantiles(values, own_below),
                rest_quantiles=_find_quantiles(values, rest_below),
                # No product of BLAS, whose threads wait for each other on a busy machine.
                means=(
                    float((own * values).sum()),
                    float((rest * values).sum()) if rest.any() else np.nan,
                ),
                is_binary=is_binary,
                # The share at or below a value first lags behind that of the rest.
                is_narrow=bool(gaps.argmin() < gaps.argmax()),
            )
        )
    return found


def _find_quantiles(values: NDArray[np.float64], below: NDArray[np.float64]) -> tuple[float, ...]:
    """Return the quantiles `LEVELS` of sorted values; NaN if their weights are 0."""
    if not below[-1] > 0.0:
        return (np.nan,) * len(LEVELS)
    places = np.searchsorted(below, np.array(LEVELS) * (below[-1] - ROUNDING))
    return tuple(values[places.clip(max=len(values) - 1)].tolist())


def _name_contrast(name: str, each: _Contrast, chance: float) -> FeatureContrast:
    larger, smaller = max(each.below, each.above), min(each.below, each.above)
    word = ""
    if larger > max(SMALL, chance):
        if smaller < SHIFT_SHARE * larger:
            strength = "slightly " if larger < MEDIUM else "very " if larger > HUGE else ""
            word = strength + (LOW if each.below > each.above else HIGH)
        else:
            word = NARROW if each.is_narrow else WIDE
    return FeatureContrast(
        name=name,
        effect=larger,
        word=word,
        cut=each.cut,
        share_below=each.shares[0],
        rest_below=each.shares[1],
        quantiles=each.quantiles,
        rest_quantiles=each.rest_quantiles,
        mean=each.means[0],
        rest_mean=each.means[1],
        is_binary=each.is_binary,
    )

"""Otsu's threshold and the rim of a Gaussian cluster, which decide what is noise."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from clusterer import OnlineClusterer
from clusterer.cluster.density.noise import (
    Depths,
    OtsuSplit,
    choose_noise_rule,
    expect_share,
    measure_core_distance,
    measure_rim,
    split_by_otsu,
)
from clusterer.stream.chunk import NOISE


def test_the_rim_of_a_gaussian_in_the_plane():
    # In the plane the squared distance is exponential: quantiles are logarithms.
    assert_allclose(measure_core_distance(2), 2 * np.log(4 / 3))
    assert_allclose(measure_rim(2, 0.99), np.log(100) - np.log(4 / 3))
    assert_allclose(expect_share(np.log(7.5), 2), 0.1)


def test_otsus_threshold_separates_two_groups():
    split = OtsuSplit(*split_by_otsu(np.array([0.0, 0.1, 0.2, 5.0, 5.1, 5.2])))
    assert_allclose([split.threshold, split.upper_mean], [2.6, 5.1])
    assert split.contrast > 10


@pytest.mark.parametrize(
    ("mass_below", "mass", "contrast", "has_background"),
    [
        # So many points of a small table lie beyond the rims of its clusters by chance.
        (4.0, 49.0, 3.0, False),
        (5.0, 49.0, 6.0, False),
        (130.0, 1_000.0, 3.0, True),
        (40.0, 1_000.0, 6.0, True),
    ],
)
def test_few_points_are_no_background(mass_below, mass, contrast, has_background):
    split = OtsuSplit(threshold=2.5, upper_mean=4.0, contrast=contrast)
    depths = Depths(np.zeros(10), mass_below, mass, split)
    assert choose_noise_rule(depths, 2).has_background == has_background


def test_a_small_table_of_clusters_has_no_background():
    found = []
    for seed in range(30):
        random = np.random.default_rng(seed)
        classes = random.integers(2, size=50)
        points = 8.0 * classes[:, None] + random.normal(size=(50, 2))
        found.append((OnlineClusterer().fit(points).predict(points) == NOISE).mean())
    assert np.mean(found) <= 0.02

"""Otsu's threshold and the rim of a Gaussian cluster, which decide what is noise."""

from __future__ import annotations

import numpy as np
from numpy.testing import assert_allclose

from clusterer.cluster.density.noise import (
    OtsuSplit,
    expect_share,
    measure_core_distance,
    measure_rim,
    split_by_otsu,
)


def test_the_rim_of_a_gaussian_in_the_plane():
    # In the plane the squared distance is exponential: quantiles are logarithms.
    assert_allclose(measure_core_distance(2), 2 * np.log(4 / 3))
    assert_allclose(measure_rim(2, 0.99), np.log(100) - np.log(4 / 3))
    assert_allclose(expect_share(np.log(7.5), 2), 0.1)


def test_otsus_threshold_separates_two_groups():
    split = OtsuSplit(*split_by_otsu(np.array([0.0, 0.1, 0.2, 5.0, 5.1, 5.2])))
    assert_allclose([split.threshold, split.upper_mean], [2.6, 5.1])
    assert split.contrast > 10

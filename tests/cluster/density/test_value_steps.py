"""Whole numbers: the values of one cluster are not clusters of their own."""

from __future__ import annotations

import numpy as np
import pytest

from clusterer import OnlineClusterer


def draw_rush_hours(seed: int, step: float) -> np.ndarray:
    random = np.random.default_rng(seed)
    hours = np.where(random.random(3000) < 0.5, 8.0, 18.0) + 1.5 * random.normal(size=3000)
    return (np.round(hours / step) * step)[:, None]


@pytest.mark.parametrize("step", [1.0, 0.5, 0.1, 1e-9])
@pytest.mark.parametrize("choices", [{}, {"n_prototypes": 50}], ids=str)
def test_rounding_adds_no_clusters(step, choices):
    assert OnlineClusterer(**choices).fit(draw_rush_hours(0, step)).n_clusters_ == 2


def test_the_smallest_step_of_each_feature_is_known_in_the_units_of_the_data():
    random = np.random.default_rng(1)
    points = np.column_stack([random.integers(20, size=500) * 0.25, random.normal(size=500)])
    points[:, 0] += 1e6
    steps = OnlineClusterer().fit(points).snapshot().steps
    assert steps[0] == pytest.approx(0.25)
    assert 0 < steps[1] < 0.05


def test_steps_follow_a_change_of_units_and_a_merge_of_models():
    points = np.random.default_rng(2).integers(20, size=(300, 1)).astype(float)
    model = OnlineClusterer().fit(points[:150])
    model.absorb(OnlineClusterer().fit(points[150:]))
    assert model.snapshot().steps[0] == pytest.approx(1.0)
    model.change_units([60.0], [5.0])
    assert model.snapshot().steps[0] == pytest.approx(60.0)


def test_two_categories_stay_apart():
    points = np.random.default_rng(3).integers(2, size=(300, 1)).astype(float)
    assert OnlineClusterer().fit(points).n_clusters_ == 2

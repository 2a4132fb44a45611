"""States that a file, new units or another model could bring are refused, or learned in time."""

import json

import numpy as np
import pytest

from clusterer import ModelFileError, OnlineClusterer
from clusterer.cluster.prototypes.merge_rules import RULE_NAMES
from clusterer.preprocessing.scaling import Moments, RunningScaling
from clusterer.scaled_learner import ScaledLearner

RNG = np.random.default_rng(5)
BLOBS = RNG.normal(size=(400, 2)) + 9.0 * RNG.integers(3, size=(400, 1))


def fit(n_prototypes=9, points=BLOBS, **more):
    return OnlineClusterer(n_prototypes, **more).fit(points)


def read_state(model):
    header, arrays = model.to_arrays()
    return json.dumps(header), {name: values.tobytes() for name, values in arrays.items()}


def change_state(header, **values):
    """Return arrays with all values of some of them replaced, and the header with its scalars."""
    header, arrays = header
    header, arrays = dict(header), {name: each.copy() for name, each in arrays.items()}
    for name, value in values.items():
        if name in arrays:
            arrays[name][:] = value
        else:
            header[name] = value
    return header, arrays


@pytest.mark.parametrize(
    "values",
    [
        # All points would be equal, so all coordinates would be 0.
        {"scale": 0.0, "squares": 0.0, "weights": 0.0, "scatters": 0.0, "centers": 1e140},
        {"scale": 0.0, "squares": 0.0, "weights": 0.0, "scatters": 0.0, "centers": 0.0, "mean": 1},
        {"scale": 0.0, "squares": 0.0, "centers": 0.0, "mean": 0.0, "recent": 0.0},
        # Infinite in the units of the data.
        {"scale": 2.0**-1000, "centers": 1e140},
        {"scale": 2.0**-600, "mean": 1e140},
        {"scale": 2.0**-900, "origin": 1e308, "centers": 1e40},
        # Variances, which are sums of squares divided by weights, would be infinite.
        {"squares": 1e290, "faded_count": 1e-20},
        {"scatters": 1e290, "weights": 1e-30},
        {"n_seen": 2.0**53 + 2},
    ],
)
def test_states_that_overflow_are_refused(values):
    state = change_state(fit().to_arrays(), **values)
    with pytest.raises(ModelFileError):
        OnlineClusterer.from_arrays(*state)


@pytest.mark.parametrize("merge", RULE_NAMES)
@pytest.mark.parametrize("half_life", [1.0, 1e-4, 30.0, None])
def test_the_largest_coordinates_are_learned_in_finite_time(merge, half_life):
    """A cost times the unit of bounds, which grows with each decay, must not overflow."""
    far = np.array([[-1e140], [1e140], [0.0], [1e139], [-1e139], [1.0]])
    points = np.concatenate([[[0.0], [0.75]], np.tile(far, (100, 1))])
    for n_prototypes in (2, 3, 4, 17):
        model = OnlineClusterer(n_prototypes, half_life=half_life, merge=merge)
        for start in range(0, len(points), 50):
            model.partial_fit(points[start : start + 50])
        model.set_params(n_prototypes=2).partial_fit(far)
        assert np.isfinite(model.prototypes_).all()
        assert set(model.predict(far)) <= {-1, 0, 1}
        again = OnlineClusterer.from_arrays(*model.to_arrays())
        assert np.array_equal(again.prototypes_, model.prototypes_)


@pytest.mark.parametrize("merge", RULE_NAMES)
def test_weights_of_zero_far_away_merge_in_finite_time(merge):
    state = change_state(
        fit(half_life=1.0, merge=merge).to_arrays(), weights=0.0, scatters=0.0, centers=0.0
    )
    state[1]["centers"][:, 0] = np.linspace(-2e140, 2e140, 9)
    state[0]["n_seen"] = 2.0**53
    model = OnlineClusterer.from_arrays(*state)
    model.set_params(n_prototypes=2).partial_fit(BLOBS)
    assert np.isfinite(model.prototypes_).all()
    assert len(model.cluster_labels_) == 2


@pytest.mark.parametrize(
    ("size", "factors", "shifts"),
    [
        (1.0, [1e200, 1.0], [0.0, 0.0]),
        (1.0, [1e160, 1e160], [0.0, 0.0]),
        (1.0, [5e307, 1.0], [1e308, 0.0]),
        (1e301, [1e8, 1e8], [0.0, 0.0]),
        (4e306, [1.0, 1.0], [1.7e308, 0.0]),
    ],
)
def test_units_in_which_numbers_overflow_are_refused_and_change_nothing(size, factors, shifts):
    model = fit(points=BLOBS * size).partial_fit(BLOBS * 0.9 * size)
    # Reading gives the clusters their numbers.
    labels, before = model.labels_.copy(), read_state(model)
    with pytest.raises(ValueError, match=r"would become too large in the new units.*unchanged"):
        model.change_units(factors, shifts)
    assert read_state(model) == before
    assert np.array_equal(model.labels_, labels)
    # Bounds of the closest pair are valid as before.
    twin = OnlineClusterer.from_arrays(*model.to_arrays())
    for each in (model, twin):
        each.partial_fit(BLOBS * size)
    assert read_state(model) == read_state(twin)


def test_units_may_change_as_far_as_the_numbers_allow():
    model = fit()
    centers, labels = model.prototypes_, model.cluster_labels_
    for factor in (1e100, 1e-100, 1e-100, 1e100):
        model.change_units([factor] * 2, [0.0, 0.0])
    assert np.allclose(model.prototypes_, centers)
    assert np.array_equal(model.cluster_labels_, labels)


def test_a_model_that_makes_a_sum_too_large_is_not_absorbed():
    model = fit()
    # Squares of 1e290 are allowed at this scale, but not in the units of the other model.
    huge = change_state(fit().to_arrays(), weights=9.0, scatters=1e290, squares=1e290)
    many = change_state(fit().to_arrays(), n_seen=2.0**53)
    coarse = change_state(fit().to_arrays(), weights=9.0, scatters=1e200)
    coarse[0]["scale"] = 2.0**-200
    before = read_state(model)
    for state in (many, coarse):
        other = OnlineClusterer.from_arrays(*state)
        theirs = read_state(other)
        with pytest.raises(ValueError, match="too large"):
            model.absorb(other)
        assert read_state(model) == before
        assert read_state(other) == theirs
    sum_of_two = OnlineClusterer.from_arrays(*huge).absorb(OnlineClusterer.from_arrays(*huge))
    assert np.isfinite(sum_of_two.scatters_).all()


def test_a_scaled_learner_is_unchanged_if_the_other_one_does_not_fit():
    def learn(points):
        scaling = RunningScaling.begin(Moments(np.zeros(2), np.zeros(2), 0))
        return ScaledLearner(OnlineClusterer(9), scaling).learn(points)

    learner, other = learn(BLOBS), learn(BLOBS * 5)
    broken = change_state(other.model.to_arrays(), n_seen=2.0**53)
    other.model = OnlineClusterer.from_arrays(*broken)
    before, scaling = read_state(learner.model), learner.scaling
    with pytest.raises(ValueError, match="too large"):
        learner.absorb(other)
    assert read_state(learner.model) == before
    assert learner.scaling is scaling
    learner.absorb(learn(BLOBS * 5))
    assert learner.n_seen == 2 * len(BLOBS)

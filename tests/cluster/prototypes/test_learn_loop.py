"""The compiled loop and the slow reference agree after every point, also in ties."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from clusterer.cluster.prototypes.merge_rules import log2_mass
from clusterer.cluster.prototypes.parameters import Parameters, check_parameters
from clusterer.cluster.prototypes.prototypes import Prototypes
from tests.support.closest_pair import closest_pair
from tests.support.reference import Reference, reference_log2
from tests.support.streams import RULES, changes, clouds, lattices

N_EXAMPLES = max(250, settings.default.max_examples)


NAMES = ("n_prototypes", "sigma", "half_life", "update", "merge")


def choose(reference: Reference) -> Parameters:
    return check_parameters(*(getattr(reference, name) for name in NAMES))


class Pair:
    """Library and reference with the same parameters."""

    def __init__(self, n_features: int) -> None:
        self.reference = Reference()
        self.library = Prototypes(n_features, 1, 0)

    def set(self, **values: Any) -> None:
        for name, value in values.items():
            setattr(self.reference, name, value)

    def learn(self, point: NDArray) -> None:
        assert self.library.learn(point[None].copy(), choose(self.reference)) == 1
        self.reference.learn(point)

    def compare(self) -> None:
        ours, theirs = self.library, self.reference
        assert ours.n_seen == theirs.n_seen
        for name in ("id", "last_seen", "weight", "count"):
            same(getattr(ours, name + "s" * (name != "last_seen")), theirs.column(name))
        same(ours.centers, theirs.centers)
        scale = np.abs(theirs.scatters).max()
        close(ours.scatters, theirs.scatters, 1e-10, 1e-12 * scale)
        close(ours.link_counts, theirs.link_counts, 1e-6, 1e-9)
        if ours.n_taken > 1:
            assert closest_pair(ours) == theirs.find_closest_pair(theirs.merge)


def test_in_a_long_stream_every_fourth_point_links_and_counts_four_times():
    random = np.random.default_rng(0)
    points = random.normal(size=(1_200, 2))
    pair = Pair(2)
    pair.set(n_prototypes=4, sigma=1.0)
    for point in points:
        pair.learn(point)
    pair.compare()
    # As many links as from all points, up to chance.
    eager = Prototypes(2, 4, 0)
    eager.learn(points, check_parameters(4, 1.0, 1e9, "kernel", "log-min"))
    assert 0.7 < pair.library.link_counts.sum() / eager.link_counts.sum() < 1.4


def same(ours: NDArray, theirs: NDArray) -> None:
    if not np.array_equal(ours, theirs):
        np.testing.assert_array_equal(ours, theirs)


def close(ours: NDArray, theirs: NDArray, rtol: float, atol: float) -> None:
    # NumPy's own check, which describes a difference, takes most of the test's time.
    with np.errstate(all="ignore"):
        is_close = np.abs(ours - theirs) <= atol + rtol * np.abs(theirs)
    if not (is_close & np.isfinite(theirs)).all():
        np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=atol)


def run(points: NDArray, changed: dict[int, dict[str, Any]]) -> Pair:
    pair = Pair(points.shape[1])
    for step, point in enumerate(points):
        pair.set(**changed.get(step, {}))
        pair.learn(point)
        pair.compare()
    return pair


@pytest.mark.parametrize("n_features", [1, 2, 5])
@settings(max_examples=N_EXAMPLES)
@given(st.data())
def test_lattice_is_learned_as_by_the_reference(n_features, data):
    run(data.draw(lattices(n_features)), data.draw(changes()))


@pytest.mark.parametrize("n_features", [1, 2, 5, 50])
@settings(max_examples=N_EXAMPLES)
@given(st.data())
def test_cloud_is_learned_as_by_the_reference(n_features, data):
    run(data.draw(clouds(n_features)), data.draw(changes()))


@settings(max_examples=N_EXAMPLES)
@given(st.data(), st.sampled_from(RULES), st.integers(1, 10), st.integers(1, 3))
def test_merging_down_agrees_with_the_reference(data, merge, n_left, n_features):
    points = data.draw(lattices(n_features) | clouds(n_features))
    if n_features == 3:
        # Equilateral triangles of neighbours: merging two brings them nearer to the third.
        points = points @ (1.0 - np.eye(3))
    pair = Pair(n_features)
    pair.set(n_prototypes=data.draw(st.integers(8, 30)), update="addc", merge=merge)
    for point in points:
        pair.learn(point)
    pair.set(n_prototypes=n_left, merge=data.draw(st.sampled_from(RULES)))
    pair.library.adapt(choose(pair.reference))
    while len(pair.reference.prototypes) > n_left:
        pair.reference.merge_excess()
    pair.compare()


@given(st.floats(0.0, 1e300))
def test_log2_mass_is_linear_between_powers_of_two(weight):
    mass, value = log2_mass(weight), 2.0 + weight
    assert mass == reference_log2(value)
    exponent = np.floor(np.log2(value))
    assert mass == pytest.approx(exponent + value / 2.0**exponent - 1.0)

"""Merging two models keeps everything that they have learned."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import NotFittedError

from clusterer import OnlineClusterer
from tests.cluster.test_estimator import whole_state
from tests.cluster.test_properties import assert_finite, assert_identical, blobs, is_same_partition
from tests.support.reference import Prototype, Reference
from tests.support.streams import RULES, clouds, lattices, n_prototypes, seeds

points_2d = clouds(2) | lattices(2)
rules = st.sampled_from(RULES)
half_lives = st.sampled_from((None, 5.0))


def fit(points: np.ndarray, n: int = 6, **more) -> OnlineClusterer:
    return OnlineClusterer(n, **more).partial_fit(points)


def copy_of(model: OnlineClusterer) -> OnlineClusterer:
    return OnlineClusterer(**model.get_params()).absorb(model)


def moments(model: OnlineClusterer, place: np.ndarray) -> tuple[float, np.ndarray, float]:
    """Σw, Σwc and Σ(S + w|c|²), with c measured from ``place``."""
    taken = model.snapshot()
    centers = taken.centers - place
    squares = taken.scatters + taken.weights * (centers**2).sum(axis=1)
    return taken.weights.sum(), taken.weights @ centers, squares.sum()


def assert_moments(
    model: OnlineClusterer, parts: list[OnlineClusterer], streams: list[np.ndarray]
) -> None:
    place = streams[0][0]
    weights, firsts, squares = zip(*(moments(part, place) for part in parts), strict=True)
    weight, first, square = moments(model, place)
    # Centres are rounded relative to the first point of their stream, which may lie far away.
    largest = np.abs(np.vstack(streams) - place).max()
    slack = 1e-13 * sum(weights) * (np.abs(place).max() + largest)
    assert_allclose(weight, sum(weights), rtol=1e-12)
    assert_allclose(first, sum(firsts), rtol=0, atol=slack)
    assert_allclose(square, sum(squares), rtol=1e-10, atol=slack * largest)


class TestConservation:
    @settings(max_examples=300)
    @given(st.data(), st.sampled_from((1, 2, 5)), n_prototypes, n_prototypes, rules, half_lives)
    def test_weights_and_moments_add_up(self, data, d, n, n_other, merge, half_life):
        # Within a few orders of magnitude, because a number near 1e40 is rounded at 1e24.
        points, others = (
            data.draw(lattices(d)) * 2.0 ** data.draw(st.integers(-20, 20))
            + data.draw(st.sampled_from((0.0, -3.0, 1e4)))
            for _ in range(2)
        )
        model, other = fit(points, n, merge=merge, half_life=half_life), fit(others, n_other)
        before, theirs = copy_of(model), whole_state(other)
        assert model.absorb(other) is model
        assert whole_state(other) == theirs
        assert_moments(model, [before, other], [points, others])
        assert model.n_seen_ == len(points) + len(others)
        assert_allclose(model.counts_.sum(), before.counts_.sum() + other.counts_.sum())
        assert len(model.ids_) == min(n, len(before.ids_) + len(other.ids_))
        assert len(set(model.ids_.tolist())) == len(model.ids_)
        assert model.snapshot().last_seen.max() < model.n_seen_
        assert_finite(model.snapshot())

    @given(points_2d, points_2d)
    def test_variance_is_that_of_all_points(self, points, others):
        if np.abs(others).max() > 1e30 or np.abs(points).max() > 1e30:
            points, others = np.sign(points), np.sign(others)
        together = np.vstack([points, others])
        sigma = fit(points).absorb(fit(others)).sigma_
        wanted = 0.25 * np.sqrt(np.sum(together.var(axis=0)))
        assert_allclose(sigma, wanted, rtol=1e-7, atol=1e-15 * np.abs(together).max())

    @given(st.lists(points_2d, min_size=3, max_size=3))
    def test_order_of_joining_does_not_matter_to_the_moments(self, streams):
        streams = [np.clip(points, -1e6, 1e6) for points in streams]
        a, b, c = (fit(points, 4) for points in streams)
        left = copy_of(a).absorb(b).absorb(c)
        right = copy_of(a).absorb(copy_of(b).absorb(c))
        for model in (left, right):
            assert_moments(model, [a, b, c], streams)
        assert left.n_seen_ == right.n_seen_
        spread = np.abs(np.vstack(streams)).max()
        assert_allclose(left.sigma_, right.sigma_, rtol=1e-7, atol=1e-14 * spread)

    def test_nothing_merges_while_there_is_room(self):
        model, other = fit(blobs(0, 8), 20), fit(blobs(1, 9), 20)
        mine, theirs = model.snapshot(), other.snapshot()
        both = model.absorb(other).snapshot()
        assert_array_equal(both.weights, [*mine.weights, *theirs.weights])
        assert_array_equal(both.ids, [*mine.ids, *(theirs.ids + 8)])
        assert_array_equal(both.last_seen, [*mine.last_seen, *(theirs.last_seen + 8)])
        assert_allclose(both.centers, np.vstack([mine.centers, theirs.centers]), rtol=1e-14)
        assert_allclose(both.scatters, [*mine.scatters, *theirs.scatters], rtol=1e-14)


@given(lattices(2), lattices(2), n_prototypes, rules)
def test_closest_pairs_merge_as_in_the_reference(points, others, n, merge):
    # The same first points give the same inner coordinates, without rounding.
    start = np.array([[0.0, 0.0], [4.0, 0.0]])
    points, others = np.vstack([start, points]), np.vstack([start, others])
    model, other = (fit(each, n, merge=merge, update="addc") for each in (points, others))
    reference = Reference(n, update="addc", merge=merge, origin=start[0], scale=1.0)
    for part, n_before in ((model, 0), (other, len(points))):
        taken = part.snapshot()
        for slot, center in enumerate(taken.centers):
            reference.prototypes.append(
                Prototype(
                    center,
                    int(taken.ids[slot]) + n_before,
                    int(taken.last_seen[slot]) + n_before,
                    taken.weights[slot],
                    taken.counts[slot],
                    taken.scatters[slot],
                )
            )
    while len(reference.prototypes) > n:
        reference.merge_excess()
    joined = model.absorb(other).snapshot()
    assert_array_equal(joined.ids, reference.column("id"))
    assert_array_equal(joined.last_seen, reference.column("last_seen"))
    assert_array_equal(joined.weights, reference.column("weight"))
    assert_allclose(joined.centers, reference.centers, atol=1e-14)
    assert_allclose(joined.scatters, reference.scatters, atol=1e-12)


class TestCoordinates:
    @pytest.mark.parametrize("factor", [1e-150, 1e-9, 1.0, 1e9, 1e150])
    def test_unit_of_the_data_does_not_matter(self, factor):
        points, others = blobs(0), blobs(1) + np.array([30.0, 0.0])
        plain = fit(points, 20).absorb(fit(others, 20))
        scaled = fit(points * factor, 20).absorb(fit(others * factor, 20))
        everything = np.vstack([points, others])
        labels = scaled.predict(everything * factor)
        assert is_same_partition(labels, plain.predict(everything))

    @given(seeds, st.sampled_from((1e9, -(2.0**33))))
    def test_far_origin_costs_no_precision(self, seed, offset):
        points, others = np.split(blobs(seed, 120), 2)
        plain = fit(points, 20).absorb(fit(others, 20))
        moved = fit(points + offset, 20).absorb(fit(others + offset, 20))
        assert_array_equal(moved.weights_, plain.weights_)
        assert_array_equal(moved.ids_, plain.ids_)
        assert_array_equal(moved.scatters_, plain.scatters_)

    @pytest.mark.parametrize("first", [[[5.0]], [[5.0], [5.0], [5.0]]])
    def test_model_of_equal_points_joins_any_model(self, first):
        spot, spread = fit(np.array(first)), fit(np.array([[1.0], [3.0], [4.0]]))
        for model, other in ((spot, spread), (spread, spot), (spot, fit(np.array([[5.0]])))):
            joined = copy_of(model).absorb(other)
            assert joined.n_seen_ == model.n_seen_ + other.n_seen_
            assert_moments(joined, [model, other], [model.prototypes_, other.prototypes_])
        joined = copy_of(spot).absorb(fit(np.array([[1e9]])))
        assert set(joined.prototypes_[:, 0]) == {5.0, 1e9}

    def test_too_far_apart_is_refused_and_nothing_changes(self):
        model, other = fit(blobs(0)), fit(blobs(1) * 1e200)
        before = whole_state(model)
        for far in (other, fit(np.array([[1e300, 0.0]])), fit(np.array([[1.7e308, 0.0]]))):
            with pytest.raises(ValueError, match="too far apart"):
                model.absorb(far)
            assert whole_state(model) == before
        assert other.absorb(model).n_seen_ == 600


class TestFeatures:
    def test_other_numbers_of_features_are_refused(self):
        model, other = fit(blobs(0)), fit(blobs(0)[:, :1])
        for ours, theirs in ((model, other), (other, model)):
            before = whole_state(ours)
            with pytest.raises(ValueError, match="features"):
                ours.absorb(theirs)
            assert whole_state(ours) == before

    def test_growth_fills_up_with_zeros(self):
        narrow, wide = blobs(0, 40)[:, :1], blobs(1, 40)
        filled = np.pad(narrow, ((0, 0), (0, 1)))
        wanted = fit(filled, 9).absorb(fit(wide, 9))
        grown = fit(narrow, 9, allow_growth=True).absorb(fit(wide, 9))
        assert_identical(grown.snapshot(), wanted.snapshot())
        assert_array_equal(grown.labels_, wanted.labels_)
        assert grown.n_features_in_ == 2
        back = fit(wide, 9, allow_growth=True).absorb(fit(narrow, 9))
        assert_identical(back.snapshot(), fit(wide, 9).absorb(fit(filled, 9)).snapshot())

    def test_names_are_matched(self):
        table = pd.DataFrame(np.random.default_rng(0).normal(size=(40, 3)), columns=[*"abc"])
        model, other = fit(table[["a", "b"]]), fit(table[["c", "a"]])
        with pytest.raises(ValueError, match="named"):
            model.absorb(other)
        model.set_params(allow_growth=True).absorb(other)
        assert list(model.feature_names_in_) == ["a", "b", "c"]
        taken = moments(model, np.zeros(3))[1]
        mine, theirs = (moments(each, np.zeros(2))[1] for each in (fit(table[["a", "b"]]), other))
        assert_allclose(taken, [mine[0] + theirs[1], mine[1], theirs[0]])
        model.partial_fit(table)
        with pytest.raises(ValueError, match="without names"):
            model.absorb(fit(np.ones((2, 4))))


class TestUse:
    def test_learning_continues(self):
        model = fit(blobs(0), 20).absorb(fit(blobs(1), 20)).partial_fit(blobs(2))
        assert model.n_seen_ == 900
        assert model.ids_.max() == 899
        assert_array_equal(model.labels_, model.predict(blobs(2)))

    def test_merged_parts_find_the_clusters_of_the_whole(self):
        points = blobs(3, 3000)
        model = OnlineClusterer()
        for part in np.split(points, 6):
            model.absorb(OnlineClusterer().fit(part))
        assert model.n_clusters_ == 3

    def test_unfitted_model_becomes_an_independent_copy(self):
        other = fit(blobs(0), 20)
        model = OnlineClusterer(5).absorb(other)
        assert len(model.prototypes_) == 5
        assert len(other.prototypes_) == 20
        whole = copy_of(other)
        assert_identical(whole.snapshot(), other.snapshot())
        for each in (whole, other):
            each.partial_fit(blobs(1))
        assert_identical(whole.snapshot(), other.snapshot())

    def test_itself_counts_twice(self):
        model = fit(blobs(0), 20)
        before = copy_of(model)
        assert_moments(model.absorb(model), [before, before], [blobs(0)])
        assert len(set(model.ids_.tolist())) == 20

    def test_pending_changes_of_the_other_stay_pending(self):
        model, other = fit(blobs(0), 20), fit(blobs(1), 20)
        other.n_prototypes = 3
        state = whole_state(other)
        model.absorb(other)
        assert whole_state(other) == state

    def test_our_model_decays_by_the_given_or_automatic_half_life(self):
        for half_life, kept in ((None, 1.0), ("auto", 1.0), (300.0, 0.5)):
            model = fit(blobs(0), 20, half_life=half_life)
            ours, other = model.counts_.sum(), fit(blobs(1), 20)
            model.absorb(other, fade=True)
            assert model.counts_.sum() == pytest.approx(kept * ours + other.counts_.sum())

    def test_argument_that_is_not_a_model_is_refused(self):
        with pytest.raises(TypeError, match="list"):
            fit(blobs(0)).absorb([1])
        with pytest.raises(NotFittedError):
            fit(blobs(0)).absorb(OnlineClusterer())

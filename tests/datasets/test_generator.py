"""Generated streams: the same points for any sizes of chunks, and the chosen share of noise."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from clusterer.datasets import GENERATORS, GeneratedSource, make_generator
from clusterer.stream.chunk import Chunk

KEYS = sorted(GENERATORS)
keys = st.sampled_from(KEYS)
seeds = st.integers(0, 2**64)
noises = st.floats(0, 1)
counts = st.integers(1, 12)
widths = st.integers(2, 8)

every = pytest.mark.parametrize("key", KEYS)
few = settings(max_examples=25)


@st.composite
def streams(draw, keys=keys, noises=noises) -> tuple[str, dict]:
    """A key of a family and parameters for `make_generator`."""
    key = draw(keys)
    strategies = {"n_clusters": counts, "n_features": widths, "drift": st.floats(0, 1000)}
    parameters = {name: draw(strategies[name]) for name in GENERATORS[key].parameters}
    return key, {"seed": draw(seeds), "noise": draw(noises), **parameters}


def make(stream: tuple[str, dict], **changed: object) -> GeneratedSource:
    key, parameters = stream
    return make_generator(key, **{**parameters, **changed})


def take_in(source: GeneratedSource, sizes: list[int]) -> Chunk:
    parts = [source.take(size) for size in sizes]
    return Chunk(
        np.concatenate([part.points for part in parts]),
        np.concatenate([part.classes for part in parts]),
    )


def assert_same(one: Chunk, other: Chunk) -> None:
    assert_array_equal(one.points, other.points)
    assert_array_equal(one.classes, other.classes)


@given(streams(), st.lists(st.integers(0, 3000), min_size=1, max_size=6))
def test_stream_does_not_depend_on_chunk_sizes(stream, sizes):
    assert_same(take_in(make(stream), sizes), make(stream).take(sum(sizes)))


@every
def test_single_points_are_the_same_stream(key):
    # 2 050 points cross the end of the first block.
    one_by_one = take_in(make_generator(key, noise=0.2), [1] * 2050)
    assert_same(one_by_one, make_generator(key, noise=0.2).take(2050))


@given(streams(), st.integers(0, 5000), st.integers(1, 3000))
def test_rewind_repeats_the_stream(stream, n_before, n_points):
    source = make(stream)
    first = source.take(n_points)
    source.take(n_before)
    source.rewind()
    assert_same(source.take(n_points), first)


@given(streams(), noises, st.integers(1, 3000))
def test_rewind_keeps_the_noise_level(stream, level, n_points):
    source = make(stream)
    source.noise = level
    source.rewind()
    assert source.noise == level
    assert_same(source.take(n_points), make(stream, noise=level).take(n_points))


@given(streams(), noises, st.integers(1, 3000))
def test_noise_does_not_change_the_other_points(stream, level, n_points):
    clean = make(stream, noise=0).take(n_points)
    noisy = make(stream, noise=level).take(n_points)
    is_clean = noisy.classes != -1
    assert (clean.classes >= 0).all()
    assert_array_equal(noisy.points[is_clean], clean.points[is_clean])
    assert_array_equal(noisy.classes[is_clean], clean.classes[is_clean])


@given(streams(), st.lists(noises, min_size=2, max_size=2), st.integers(1, 3000))
def test_more_noise_keeps_the_noise_points(stream, levels, n_points):
    less, more = (make(stream, noise=level).take(n_points) for level in sorted(levels))
    is_noise = less.classes == -1
    assert (more.classes[is_noise] == -1).all()
    assert_array_equal(more.points[is_noise], less.points[is_noise])


@given(streams(), st.lists(st.tuples(st.integers(0, 900), noises), min_size=1, max_size=6))
def test_new_noise_level_acts_from_the_next_point_on(stream, steps):
    source, start = make(stream), 0
    for size, level in steps:
        source.noise = level
        whole = make(stream, noise=level).take(start + size)
        assert_same(source.take(size), Chunk(whole.points[start:], whole.classes[start:]))
        start += size


@few
@given(streams())
def test_share_of_noise_is_the_chosen_level(stream):
    n_points = 20_000
    source = make(stream)
    share = (source.take(n_points).classes == -1).mean()
    # Hoeffding's inequality: a correct stream fails once in 10^12 runs.
    assert abs(share - source.noise) <= math.sqrt(math.log(2e12) / (2 * n_points))


@few
@given(streams(noises=st.just(1.0)))
def test_noise_fills_the_bounds_evenly(stream):
    n_points = 20_000
    source = make(stream)
    lowest, highest = source.bounds
    shares = (source.take(n_points).points - lowest) / (highest - lowest)
    assert shares.min() >= 0
    assert shares.max() <= 1
    # Hoeffding's inequality for the mean of each feature; with 8 features the risk is below 10^-11.
    assert np.abs(shares.mean(axis=0) - 0.5).max() <= math.sqrt(math.log(2e12) / (2 * n_points))


@given(streams(), st.integers(1, 3000), st.integers(0, 100_000))
def test_points_are_finite_and_nearly_all_in_bounds(stream, n_points, n_before):
    source = make(stream)
    source.take(n_before)
    points, classes = source.take(n_points)
    assert points.shape == (n_points, source.n_features)
    assert points.dtype == np.float64
    assert classes.shape == (n_points,)
    assert classes.dtype == np.int64
    assert np.isfinite(points).all()
    lowest, highest = source.bounds
    outside = ((points < lowest) | (points > highest)).any(axis=1)
    # Fewer than 3 of 10 000 points are expected beyond 4 standard deviations in one of 8 features.
    assert outside.sum() <= 10


@given(streams(noises=st.just(0.0)), seeds, st.integers(1, 100))
def test_other_seeds_give_other_points(stream, seed, n_points):
    source, other = make(stream), make(stream, seed=seed)
    same = np.array_equal(source.take(n_points).points, other.take(n_points).points)
    assert same == (seed == stream[1]["seed"])


@given(streams())
def test_stream_is_endless_and_shares_no_arrays_with_the_caller(stream):
    source = make(stream)
    first = source.take(10)
    kept = Chunk(first.points.copy(), first.classes.copy())
    first.points[:] = np.nan
    first.classes[:] = -5
    source.bounds[:] = np.nan
    source.rewind()
    assert_same(source.take(10), kept)
    assert np.isfinite(source.bounds).all()
    assert not source.exhausted
    assert len(source.take(0).points) == 0
    assert source.n_features == len(source.feature_names)
    assert len(set(source.feature_names)) == source.n_features


@pytest.mark.parametrize(
    ("key", "parameters", "message"),
    [
        ("blob", {}, r"key is 'blob'; allowed: 'blobs', 'drifting'"),
        ("blobs", {"noise": 1.01}, "noise is 1.01; allowed: a number from 0 to 1"),
        (["blobs"], {}, r"key is \['blobs'\]; allowed: 'blobs'"),
        ("blobs", {"noise": -0.1}, "noise is -0.1; allowed"),
        ("blobs", {"noise": math.nan}, "noise is nan; allowed"),
        ("blobs", {"noise": "much"}, "noise is 'much'; allowed"),
        ("blobs", {"seed": -1}, "seed is -1; allowed: a whole number from 0 up"),
        ("blobs", {"seed": 0.5}, "seed is 0.5; allowed"),
        ("blobs", {"n_clusters": 0}, "n_clusters is 0; allowed: a whole number from 1 to 100"),
        ("rings", {"n_clusters": 101}, "n_clusters is 101; allowed"),
        ("blobs", {"n_clusters": 2.5}, r"n_clusters is 2\.5; allowed"),
        ("blobs", {"n_clusters": True}, "n_clusters is True; allowed"),
        ("blobs", {"n_features": 1}, "n_features is 1; allowed: a whole number from 2 to 100"),
        ("drifting", {"drift": -1}, "drift is -1; allowed: a number from 0 to 1000"),
        ("crossing", {"drift": math.inf}, "drift is inf; allowed"),
        ("moons", {"n_clusters": 3}, "n_clusters is 3; allowed: nothing, as 'moons' has no"),
        ("rings", {"n_features": 3}, "n_features is 3; allowed: nothing"),
        ("blobs", {"drift": 1.0}, r"drift is 1\.0; allowed: nothing"),
    ],
)
def test_error_names_parameter_value_and_range(key, parameters, message):
    with pytest.raises(ValueError, match=message):
        make_generator(key, **parameters)


def test_refused_values_change_nothing():
    source = make_generator("blobs", noise=0.3)
    with pytest.raises(ValueError, match="noise is 2; allowed"):
        source.noise = 2
    for wrong in (-1, 1.5, "3"):
        with pytest.raises(ValueError, match=r"n is .*; allowed: a whole number from 0 up"):
            source.take(wrong)
    assert source.noise == 0.3
    assert_same(source.take(100), make_generator("blobs", noise=0.3).take(100))

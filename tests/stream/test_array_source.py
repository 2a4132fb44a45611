"""Arrays as sources: chunks of any size, rewinding, error messages that name the row."""

import io
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from clusterer.stream import ArraySource, Source

sizes = st.lists(st.integers(0, 40), max_size=8)
n_rows = st.integers(0, 100)


class Frame:
    """The part of a data frame that `ArraySource` uses."""

    columns = ("width", "height")

    def __init__(self, rows: list) -> None:
        self.rows = rows

    def __array__(self, dtype=None, copy=None):
        return np.array(self.rows, dtype=dtype)


def read_all(source: Source, size: int = 7) -> np.ndarray:
    parts = []
    while not source.exhausted:
        parts.append(source.take(size).points)
        assert len(parts[-1])
    assert len(source.take(size).points) == 0
    return np.concatenate([np.empty((0, source.n_features)), *parts])


@given(n_rows, sizes, st.integers(1, 40))
def test_array_iterator_and_callable_give_the_same_points(n, sizes, step):
    array = np.arange(2.0 * n).reshape(n, 2)
    parts = [array[start : start + step] for start in range(0, max(n, 1), step)]
    for data in (array, array.tolist() if n else array, iter(parts), lambda: iter(parts)):
        source, start = ArraySource(data), 0
        for size in sizes:
            assert_array_equal(source.take(size).points, array[start : start + size])
            start = min(n, start + size)
        assert_array_equal(read_all(source), array[start:])


@given(n_rows, sizes)
def test_array_and_callable_rewind_from_any_position(n, sizes):
    array = np.arange(2.0 * n).reshape(n, 2)
    for data in (array, lambda: iter([array])):
        source = ArraySource(data)
        for size in sizes:
            source.take(size)
            source.rewind()
        assert_array_equal(read_all(source), array)
        source.close()
        assert source.exhausted
        source.rewind()
        assert_array_equal(read_all(source), array)


def test_an_iterator_refuses_to_rewind_and_continues():
    source = ArraySource(iter([np.zeros((2, 2)), np.ones((2, 2))]), name="sensor")
    source.take(1)
    with pytest.raises(io.UnsupportedOperation, match=r"sensor .* cannot be rewound; allowed"):
        source.rewind()
    assert source.take(5).points[:, 0].tolist() == [0, 1, 1]


def test_an_iterator_may_be_endless_and_is_closed():
    closed = []

    def count():
        try:
            for number in itertools.count():
                yield np.full((1, 2), number)
        finally:
            closed.append(True)

    source = ArraySource(count)
    assert source.take(1000).points[-1].tolist() == [999, 999]
    assert not source.exhausted
    assert source.bounds is None
    source.close()
    assert closed == [True]


def test_array_names_and_bounds():
    source = ArraySource(Frame([[1, 5], [3, 4]]))
    assert source.feature_names == ("width", "height")
    assert_array_equal(source.bounds, [[1, 4], [3, 5]])
    assert ArraySource(Frame([[1, 5]]), ("a", "b")).feature_names == ("a", "b")
    assert ArraySource([[1, 5, 6]]).feature_names == ("x1", "x2", "x3")
    assert ArraySource(iter([Frame([[1, 5]])])).feature_names == ("width", "height")
    assert ArraySource(np.empty((0, 2))).bounds is None


def test_data_frame_streams():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": [1, 2], "b": [0.5, None]})
    assert ArraySource(frame.dropna()).take(9).points.tolist() == [[1, 0.5]]
    with pytest.raises(ValueError, match=r"row 1 .*, feature 'b' is nan"):
        ArraySource(frame)


def test_points_taken_belong_to_the_caller():
    array = np.zeros((4, 2))
    source = ArraySource(array)
    source.take(4).points[:] = 7
    source.bounds[:] = 7
    source.rewind()
    assert not source.take(4).points.any()
    assert not array.any()
    assert not source.bounds.any()


@given(st.integers(0, 30), st.sampled_from([np.nan, np.inf, -np.inf]), st.integers(0, 1))
def test_the_message_names_row_and_feature_of_a_value_that_is_not_finite(row, value, column):
    array = np.zeros((31, 2))
    array[row, column] = value
    message = rf"row {row} \(from 0\), feature 'x{column + 1}' is {value}; allowed: finite"
    with pytest.raises(ValueError, match=message):
        ArraySource(array)
    parts = np.split(array, [7, 14])
    with pytest.raises(ValueError, match=message):
        ArraySource(lambda: iter(parts)).take(31)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([1.0, 2.0], r"shape \(2,\); allowed: \(n_points, n_features\)"),
        (np.empty((3, 0)), r"shape \(3, 0\); allowed"),
        (np.zeros((2, 2, 2)), r"shape \(2, 2, 2\); allowed"),
        ([], r"shape \(0,\); allowed"),
        (7, r"shape \(\); allowed"),
        ([[1, 2], [3, "tall"]], r"row 1 \(from 0\), feature 'x2' is 'tall'; allowed: finite"),
        ([[1, 2], [{}, 4]], r"row 1 \(from 0\), feature 'x1' is \{\}; allowed: finite"),
        ([[1, 2], [3, 4], [5]], r"row 2 \(from 0\) has 1 values; allowed: rows of 2 numbers"),
        (Frame([[1, "?"]]), r"row 0 \(from 0\), feature 'height' is '\?'"),
        (iter([]), "data gave no array"),
    ],
)
def test_data_that_are_not_points_are_refused(data, message):
    with pytest.raises(ValueError, match=message):
        ArraySource(data)


def test_a_wrong_number_of_features_is_refused():
    source = ArraySource(iter([np.zeros((3, 2)), np.zeros((3, 4))]))
    with pytest.raises(ValueError, match=r"row 3 \(from 0\) has 4 values; allowed: 2, one for"):
        source.take(6)
    with pytest.raises(ValueError, match=r"row 0 \(from 0\) has 2 values; allowed: 3, one for"):
        ArraySource(np.zeros((3, 2)), ("a", "b", "c"))


@pytest.mark.parametrize("n", [-1, 0.5, "3", True, None])
def test_a_wrong_number_of_points_is_refused(n):
    with pytest.raises(ValueError, match=r"n is .*; allowed: a whole number from 0 up"):
        ArraySource([[1, 2]]).take(n)

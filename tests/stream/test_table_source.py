"""Tables as sources: chunks of any size, rewinding and closing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from clusterer.stream import Source, TableSource
from clusterer.stream.chunk import Chunk
from clusterer.stream.table_source import ChunkedTable

sizes = st.lists(st.integers(0, 40), max_size=8)
n_rows = st.integers(0, 100)


class Rows(ChunkedTable):
    """A table of numbered rows that counts its open readers."""

    def __init__(self, n_rows: int, cuts: list[int] | None = None) -> None:
        self.points = np.arange(2.0 * n_rows).reshape(n_rows, 2)
        self.labels = np.arange(n_rows) % 3 - 1
        self.cuts = cuts
        self.calls: list[tuple] = []
        self.n_open = 0

    def chunks(self, features, size, label=None):
        self.calls.append((features, size, label))
        self.n_open += 1
        try:
            for rows in np.split(np.arange(len(self.points)), self.ends(size)):
                classes = self.labels[rows] if label else None
                yield Chunk(self.points[rows], classes)
        finally:
            self.n_open -= 1

    def ends(self, size: int) -> list[int]:
        if self.cuts is not None:
            return sorted(self.cuts)
        return list(range(size, len(self.points), size))


def read_all(source: Source, size: int = 7) -> np.ndarray:
    parts = []
    while not source.exhausted:
        parts.append(source.take(size).points)
        assert len(parts[-1])
    assert len(source.take(size).points) == 0
    return np.concatenate([np.empty((0, source.n_features)), *parts])


@given(n_rows, st.lists(st.integers(0, 100), max_size=5), sizes, st.booleans())
def test_the_rows_do_not_depend_on_the_sizes_of_chunks(n, cuts, sizes, labelled):
    table = Rows(n, cuts)
    source = TableSource(table, ("a", "b"), "kind" if labelled else None)
    start = 0
    for size in sizes:
        points, classes = source.take(size)
        assert_array_equal(points, table.points[start : start + size])
        if labelled:
            assert_array_equal(classes, table.labels[start : start + size])
            assert classes.dtype == np.int64
        else:
            assert classes is None
        start = min(n, start + size)
    assert source.exhausted == (start == n)
    assert_array_equal(read_all(source), table.points[start:])
    assert source.exhausted


@given(n_rows, sizes)
def test_a_table_rewinds_from_any_position(n, sizes):
    table = Rows(n)
    source = TableSource(table, ("a", "b"), size=10)
    for size in sizes:
        source.take(size)
        source.rewind()
        assert table.n_open == 0
    assert_array_equal(read_all(source), table.points)


def test_a_table_is_opened_by_the_first_take_and_closed_by_close():
    # More rows than are read ahead, so that the table is still open.
    table = Rows(5_000)
    source = TableSource(table, ["a", "b"], "kind", name="rows", size=10)
    assert table.calls == []
    source.close()
    source.rewind()
    source.take(5)
    assert table.calls == [(("a", "b"), 10, "kind")]
    assert table.n_open == 1
    source.close()
    source.close()
    assert table.n_open == 0
    assert source.exhausted
    assert source.take(5).points.shape == (0, 2)
    source.rewind()
    assert_array_equal(source.take(5).points, table.points[:5])
    assert (source.name, source.feature_names, source.n_features) == ("rows", ("a", "b"), 2)
    assert source.bounds is None


def test_an_invalid_row_does_not_lose_the_rows_before_it():
    class Broken(ChunkedTable):
        def chunks(self, features, size, label=None):
            yield Chunk(np.ones((3, 1)), None)
            raise ValueError("row 3 is not a number")

    source = TableSource(Broken(), ("a",))
    with pytest.raises(ValueError, match="row 3"):
        source.take(10)
    assert len(source.take(10).points) == 3
    assert source.exhausted


def test_no_features_and_size_0_are_refused():
    with pytest.raises(ValueError, match="features is empty"):
        TableSource(Rows(3), ())
    with pytest.raises(ValueError, match="size is 0; allowed: a whole number from 1 up"):
        TableSource(Rows(3), ("a",), size=0)

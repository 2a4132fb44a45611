"""Columns are measured before they expand, and expand to what they describe, in small pieces."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from clusterer.tables import TableError
from clusterer.tables.columnar import expansion
from clusterer.tables.columnar.expansion import (
    MAX_FIXED_BYTES,
    MAX_SAMPLE_CHARACTERS,
    ExpansionCounter,
    count_shared_bytes,
    cut_values,
    expand_rows,
    is_read,
    make_placeholder,
    measure_growth,
    measure_type,
    simplify,
)
from clusterer.tables.limits import MIN_BOMB_BYTES, Limits

TEXTS = ["aa", "b", None, "dddd", "", "aa"]


def make_counter(n_file_bytes: int = 1, **limits: int) -> ExpansionCounter:
    return ExpansionCounter("t.parquet", n_file_bytes, Limits(**{"max_ratio": 2**40} | limits))


def make_dictionary(texts: list[str | None] = TEXTS) -> pa.Array:
    return pa.array(texts).dictionary_encode()


def make_runs(values: pa.Array, *ends: int) -> pa.Array:
    return pa.RunEndEncodedArray.from_arrays(pa.array(ends, pa.int32()), values)


def make_extension(storage: pa.Array) -> pa.Array:
    kind = pa.opaque(storage.type, "name", "vendor")
    return pa.ExtensionArray.from_storage(kind, storage)


def make_views(texts: list[str | None]) -> pa.Array:
    return pa.array(texts, pa.string_view())


def test_the_bytes_of_all_rows_together_have_a_limit() -> None:
    counter = make_counter(max_bytes=100)
    counter.add(60)
    counter.add(40)
    with pytest.raises(
        TableError, match=r"^t\.parquet unpacks to more than the .* max_bytes allows"
    ):
        counter.add(0.125)
    rows = make_counter(max_bytes=10 * (8 + 2 + 4))
    kinds = [pa.float64(), pa.int16(), pa.string()]
    rows.add_rows(10, kinds)
    with pytest.raises(TableError, match="max_bytes"):
        rows.add_rows(1, [pa.bool_()])


@pytest.mark.parametrize(
    ("n_file_bytes", "n_least"), [(1_000, MIN_BOMB_BYTES), (2**20, 50 * 2**20)]
)
def test_the_ratio_counts_only_for_much_data(n_file_bytes: int, n_least: int) -> None:
    counter = make_counter(n_file_bytes, max_ratio=50)
    counter.add(n_least)
    with pytest.raises(
        TableError, match="more than 50 times its size, as a decompression bomb does"
    ):
        counter.add(1)


def test_an_empty_file_has_a_ratio() -> None:
    make_counter(0, max_ratio=MIN_BOMB_BYTES + 2).add(MIN_BOMB_BYTES + 1)


KINDS = {
    pa.float64(): (True, 8.0),
    pa.bool_(): (True, 1 / 8),
    pa.null(): (True, 1 / 8),
    pa.string(): (True, 4.0),
    pa.binary(MAX_FIXED_BYTES): (True, MAX_FIXED_BYTES),
    pa.binary(MAX_FIXED_BYTES + 1): (False, MAX_FIXED_BYTES + 1),
    pa.dictionary(pa.int8(), pa.int32()): (True, 4.0),
    pa.run_end_encoded(pa.int32(), pa.float32()): (True, 4.0),
    pa.opaque(pa.int64(), "a", "b"): (True, 8.0),
    pa.list_(pa.int8()): (False, 4.0),
    pa.dictionary(pa.int8(), pa.list_(pa.int8())): (False, 4.0),
    pa.run_end_encoded(pa.int32(), pa.list_(pa.int8())): (False, 4.0),
    pa.opaque(pa.list_(pa.int8()), "a", "b"): (False, 4.0),
    pa.struct([("a", pa.int8())]): (False, 4.0),
    pa.timestamp("ms"): (True, 8.0),
}


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_each_type_has_a_size_and_is_read_or_not(kind: pa.DataType) -> None:
    assert (is_read(kind), measure_type(kind)) == KINDS[kind]


def test_a_column_that_is_not_read_takes_no_memory() -> None:
    assert make_placeholder(pa.binary(10**6), 5).type == pa.null()
    assert make_placeholder(pa.list_(pa.int8(), 10**6), 5).type == pa.null()
    empty = make_placeholder(pa.string(), 5)
    assert (empty.type, empty.null_count, len(empty)) == (pa.string(), 5, 5)


@pytest.mark.parametrize(
    "column",
    [
        make_dictionary(),
        make_views(TEXTS),
        make_extension(make_dictionary()),
        pa.array([None if each is None else each.encode() for each in TEXTS]).dictionary_encode(),
        pa.array(TEXTS, pa.large_string()).dictionary_encode(),
        pa.DictionaryArray.from_arrays(
            pa.array([0, 1, None, 2, 3, 0]), make_views(["aa", "b", "dddd", ""])
        ),
    ],
    ids=lambda column: str(column.type),
)
def test_the_text_of_each_row_is_measured(column: pa.Array) -> None:
    growth = measure_growth(column)
    assert growth is not None
    assert growth.tolist() == [2, 1, 0, 4, 0, 2]
    part = measure_growth(column.slice(3, 2))
    assert part is not None
    assert part.tolist() == [4, 0]


def test_other_columns_are_measured_at_least() -> None:
    assert measure_growth(pa.array(["a"])) is None
    assert measure_growth(pa.array([1.0])) is None
    numbers = measure_growth(pa.array([1.0, 2.0, 1.0]).dictionary_encode())
    assert numbers is not None
    assert numbers.min() >= 8
    # A run counts as if all rows had its longest text.
    runs = measure_growth(make_runs(pa.array(["a", "bbb"]), 2, 5))
    assert runs is not None
    assert runs.tolist() == [3] * 5
    nothing = measure_growth(make_runs(pa.array([], pa.string())))
    assert nothing is not None
    assert nothing.tolist() == []


def test_shared_texts_count_as_often_as_they_are_pointed_to() -> None:
    batch = pa.record_batch(
        {
            "a": make_views(["aaaa", None, "b"]),
            "b": pa.array(["cc"] * 3),
            "c": make_views(["d"] * 3),
        }
    )
    assert count_shared_bytes(batch) == 5 + 3
    assert count_shared_bytes(batch.select(["b"])) == 0


@pytest.mark.parametrize("n_batch_rows", [4, 100])
def test_rows_expand_in_pieces_of_little_text(
    monkeypatch: pytest.MonkeyPatch, n_batch_rows: int
) -> None:
    monkeypatch.setattr(expansion, "N_BATCH_ROWS", n_batch_rows)
    monkeypatch.setattr(expansion, "MAX_EXPANDED_BYTES", 10)
    texts = ["a", "bbbbbb", "ccc", None, "d" * 30, "e", "", "ffff", "ffff", "gg"]
    other = ["x", "", "", "yy", "", "", "", "", "", "z"]
    columns = [make_dictionary(texts), make_views(other), pa.array(range(10))]
    n_bytes = sum(len(each or "") for each in texts + other)
    counter = make_counter(max_bytes=n_bytes)
    pieces = [*expand_rows(columns, 10, counter)]
    assert sum(n_rows for _, n_rows in pieces) == 10
    for place, expected in enumerate((texts, other, [*range(10)])):
        assert [value for each, _ in pieces for value in each[place].to_pylist()] == expected
    for (text, more, _), n_rows in pieces:
        n_text = sum(len(each or "") for each in text.to_pylist() + more.to_pylist())
        # A row that is too long alone is a piece of its own.
        assert n_text <= 10 or n_rows == 1
        assert n_rows <= n_batch_rows
    # As few pieces as possible: the next row would not fit, or begins the next batch.
    ends = np.cumsum([n_rows for _, n_rows in pieces])
    for i, end in enumerate(ends[:-1]):
        if end % n_batch_rows:
            begin = end - pieces[i][1]
            n_text = sum(
                len(each or "") for each in texts[begin : end + 1] + other[begin : end + 1]
            )
            assert n_text > 10
    with pytest.raises(TableError, match="max_bytes"):
        counter.add(1)


def test_plain_columns_expand_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expansion, "N_BATCH_ROWS", 4)
    pieces = expand_rows([pa.array(range(10))], 10, make_counter(max_bytes=1))
    assert [column.to_pylist() for (column,), _ in pieces] == [
        [0, 1, 2, 3],
        [4, 5, 6, 7],
        [8, 9],
    ]


@pytest.mark.parametrize(
    "make",
    [
        pa.array,
        lambda texts: pa.array(texts, pa.large_string()),
        lambda texts: pa.array([each and each.encode() for each in texts]),
        lambda texts: pa.array([each and each.encode() for each in texts], pa.large_binary()),
        make_views,
        make_dictionary,
        lambda texts: make_extension(pa.array(texts)),
    ],
)
def test_a_sample_cuts_long_texts_only(make) -> None:
    texts = ["x" * (MAX_SAMPLE_CHARACTERS - 1), None, "y" * MAX_SAMPLE_CHARACTERS]
    assert cut_values(make(texts)).to_pylist() == make(texts).to_pylist()
    cut = cut_values(make([*texts, "z" * (MAX_SAMPLE_CHARACTERS + 1)])).to_pylist()
    assert cut[:3] == make(texts).to_pylist()
    assert len(cut[3]) == MAX_SAMPLE_CHARACTERS
    # Numbers whose bytes look like the lengths of views.
    assert cut_values(pa.array([1000] * 4)).to_pylist() == [1000] * 4


@pytest.mark.parametrize(
    ("column", "kind", "values"),
    [
        (make_dictionary(), pa.string(), TEXTS),
        (make_runs(pa.array(["a", "b"]), 1, 3), pa.string(), ["a", "b", "b"]),
        (make_views(["a", None]), pa.string(), ["a", None]),
        (pa.array([b"a"], pa.binary_view()), pa.binary(), [b"a"]),
        (pa.array(["a"], pa.large_string()), pa.string(), ["a"]),
        (pa.array([b"a"], pa.large_binary()), pa.binary(), [b"a"]),
        (make_extension(make_extension(pa.array([1.0]))), pa.float64(), [1.0]),
        (pa.array([Decimal("1.5")]), pa.float64(), [1.5]),
        (pa.array(np.array([1.5], np.float16)), pa.float64(), [1.5]),
        (pa.array([7], pa.int8()), pa.int8(), [7]),
    ],
    ids=lambda value: str(getattr(value, "type", value)),
)
def test_columns_become_plain_ones(column: pa.Array, kind: pa.DataType, values: list) -> None:
    plain = simplify(column)
    assert (plain.type, plain.to_pylist()) == (kind, values)

"""The values of text columns that set a cluster apart, counted in bounded memory."""

import numpy as np
import pyarrow as pa
import pytest

from clusterer.evaluation import category_contrasts
from clusterer.evaluation.category_contrasts import CategoryCounter

CLUSTERS = np.repeat([1, 2, -1], [400, 500, 100])


def count(texts, clusters=CLUSTERS, n_chunks=1):
    counter = CategoryCounter()
    for part, owners in zip(
        np.array_split(np.array(texts, dtype=object), n_chunks),
        np.array_split(clusters, n_chunks),
        strict=True,
    ):
        counter.add("city", pa.array(part.tolist(), pa.string()), owners)
    return counter


def draw_cities(shares, seed=0):
    """Cities that the clusters have with other shares; a tenth of the cells has no value."""
    random = np.random.default_rng(seed)
    cities = np.array(["Bern", "Lugano", "Uri"])
    texts = [str(cities[random.choice(3, p=shares[cluster])]) for cluster in CLUSTERS.tolist()]
    return [None if random.random() < 0.1 else text for text in texts]


@pytest.mark.parametrize("n_chunks", [1, 7])
def test_the_shares_are_those_of_the_rows_with_a_value(n_chunks):
    texts = draw_cities({1: [0.2, 0.62, 0.18], 2: [0.6, 0.2, 0.2], -1: [0.6, 0.2, 0.2]})
    (found,) = count(texts, n_chunks=n_chunks).contrast(1)
    known = [(t, c) for t, c in zip(texts, CLUSTERS, strict=True) if t is not None]
    own = [t == "Lugano" for t, c in known if c == 1]
    rest = [t == "Lugano" for t, c in known if c != 1]
    assert found.value == "Lugano"
    assert found.share == pytest.approx(np.mean(own))
    assert found.rest_share == pytest.approx(np.mean(rest))
    shown = f"{100 * np.mean(own):.0f} % Lugano, of the others {100 * np.mean(rest):.0f} %"
    assert found.explain() == f"city: {shown}"


def test_chance_small_differences_and_few_rows_are_not_told():
    even = {cluster: [0.4, 0.3, 0.3] for cluster in (1, 2, -1)}
    told = [count(draw_cities(even, seed)).contrast(1) for seed in range(40)]
    assert sum(bool(each) for each in told) <= 2
    rows = np.repeat([1, 2], [10, 500])
    few = count(["Bern"] * 10 + ["Uri"] * 500, rows)
    assert few.contrast(1) == few.contrast(2) == ()
    assert few.contrast(99) == ()
    slight = count((["Bern"] * 9 + ["Uri"]) * 100, np.repeat([1, 2], 500))
    assert slight.contrast(1) == ()


def test_names_and_notes_say_nothing_and_take_bounded_memory(monkeypatch):
    monkeypatch.setattr(category_contrasts, "N_COUNTS", 2_500)
    counter = CategoryCounter()
    owners = np.arange(5_000) % 2
    for start in range(0, 50_000, 5_000):
        names = pa.array([f"person {start + i}" for i in range(5_000)])
        counter.add("name", names, owners)
        counter.add("note", pa.array(["x" * 200 + str(i) for i in range(5_000)]), owners)
        counter.add("sold", pa.array(["yes" if i % 2 else "no" for i in range(5_000)]), owners)
    (found,) = counter.contrast(1)
    assert (found.name, found.value, found.share, found.rest_share) == ("sold", "yes", 1.0, 0.0)
    assert sum(len(each.counts) for each in counter._columns.values()) <= 2_500


def test_a_column_with_too_many_numbers_is_left_out(monkeypatch):
    monkeypatch.setattr(category_contrasts, "N_COUNTS", 100)
    counter = CategoryCounter()
    owners = np.arange(1_000) % 2
    for _ in range(2):
        counter.add("many", pa.array([f"v{i % 300}" for i in range(1_000)]), owners)
        counter.add("few", pa.array(["a" if i % 2 else "b" for i in range(1_000)]), owners)
    assert [each.name for each in counter.contrast(1)] == ["few"]


def test_nothing_and_only_missing_values_are_no_difference():
    counter = count([None] * 1_000)
    assert counter.contrast(1) == ()
    counter.add("city", pa.array([], pa.string()), np.empty(0, dtype=int))
    assert counter.contrast(1) == ()

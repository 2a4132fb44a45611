"""Names and weights of features as text: any name survives, and errors are named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterer.preprocessing.treatment_text import (
    read_names,
    read_weights,
    write_names,
    write_weights,
)

# Names of columns are printable, not empty, and have no blanks at their ends.
NAMES = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cf", "Cs", "Zl", "Zp")), min_size=1
).filter(lambda name: name == name.strip())
WEIGHTS = st.integers(0, 10_000).map(lambda number: number / 100)


@given(st.lists(NAMES, min_size=1, max_size=5, unique=True))
def test_names_are_read_as_they_were_written(names):
    assert read_names(write_names(names)) == names


@given(st.dictionaries(NAMES, WEIGHTS, min_size=1, max_size=5))
def test_weights_are_read_as_they_were_written(weights):
    assert read_weights(write_weights(weights)) == weights


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "name one or more"),
        ("a=1,a=1", "each once"),
        ("a=1,a=2", "'a' has two weights"),
        ("a", "'a' has no weight"),
        ("=2", "'=2' has no weight"),
        ("a=b", "the weight of a is b"),
        ("a=-1", "the weight of a is -1"),
        ("a=inf", "the weight of a is inf"),
        ("a=nan", "the weight of a is nan"),
        ("a=1e-9", "the weight of a is 1e-9"),
    ],
)
def test_unreadable_weights_are_named(text, message):
    with pytest.raises(ValueError, match=message):
        read_weights(text)

"""The user's choices about a table: checked, passed on, and told where they help."""

import pytest

from clusterer.tables import ReadingOptions, TableError, open_table


@pytest.mark.parametrize(
    "choice",
    [
        {"header": "yes"}, {"day_first": "yes"}, {"missing": "guess"}, {"quote": "ab"},
        {"quote": "a"}, {"quote": 1}, {"missing_values": "-1"}, {"missing_values": [1]},
        {"missing_values": None}, {"missing_values": ["x"] * 101},
    ],
)  # fmt: skip
def test_wrong_choice_is_refused_by_name(choice):
    with pytest.raises(TableError, match=next(iter(choice))):
        ReadingOptions(**choice)


def test_options_and_single_choices_are_the_same(write):
    path = write("a;b\n1,5;2\n-1;3\n")
    options = ReadingOptions(delimiter=";", missing_values=("-1",))
    by_options, by_choices = (
        open_table(path, options=options),
        open_table(path, delimiter=";", missing_values=["-1"]),
    )
    assert by_options.choices == by_choices.choices == options.choices
    assert next(by_options.chunks(["a"], 9)).points.tolist() == [[1.5]]
    again = open_table(path, **by_options.choices)
    assert next(again.chunks(["a"], 9)).points.tolist() == [[1.5]]
    mixed = open_table(path, options=options, missing="mean")
    assert mixed.choices == options.choices | {"missing": "mean"}


def test_unknown_choice_is_refused(write):
    with pytest.raises(TypeError, match="seperator"):
        open_table(write("a,b\n1,2\n"), seperator=";")

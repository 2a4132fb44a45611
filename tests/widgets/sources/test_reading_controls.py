"""The controls about reading show the choices of a table and hand over those of the user."""

import pytest

from clusterer.tables import Column, ReadingOptions
from widgets.sources.reading_controls import DETECT, SELECTS, ReadingControls


def test_shown_choices_are_handed_over_unchanged():
    got = []
    controls = ReadingControls(got.append)
    choices = {"delimiter": "::", "header": False, "thousands": "", "missing_values": ("-1", "ND"),
               "missing": "mean", "sheet": "B"}  # fmt: skip
    controls.show(choices)
    assert controls.options.choices == choices
    assert got == []
    controls.selects["decimal"].value = "Comma"
    assert [options.choices for options in got] == [choices | {"decimal": ","}]
    controls.show({})
    assert controls.options == ReadingOptions()


@pytest.mark.parametrize("name", SELECTS)
def test_every_option_of_a_control_is_allowed(name):
    got = []
    controls = ReadingControls(got.append)
    for label, value in SELECTS[name][1].items():
        controls.selects[name].value = label
        assert controls.options.choices == ({} if label == DETECT else {name: value})


def make_column(name, *words):
    return Column(name, "number", True, 0.0, 0.0, 1.0, 0.5, 0.1, "1", words=words)


def test_words_among_numbers_become_missing_values_by_one_tick():
    got = []
    controls = ReadingControls(got.append)
    columns = [make_column("As", "ND", "<0,05"), make_column("Pb", "nd")]
    controls.show({"missing_values": ("-1",)}, columns)
    assert controls.words.options == {"ND (As, Pb)": "ND", "<0,05 (As)": "<0,05"}
    controls.words.value = ["<0,05"]
    assert [options.missing_values for options in got] == [("-1", "<0,05")]
    controls.show(got[0].choices, columns[1:])
    assert controls.missing_values.value == '-1, "<0,05"'
    assert (controls.words.options, controls.words.value) == ({"nd (Pb)": "nd"}, [])
    assert len(got) == 1


def test_a_sheet_is_offered_if_there_are_several():
    got = []
    controls = ReadingControls(got.append)
    controls.show({}, sheets=["A", "B"])
    assert not controls.sheet.disabled
    controls.sheet.value = "B"
    assert [options.choices for options in got] == [{"sheet": "B"}]
    controls.show({}, sheets=["A"])
    assert controls.sheet.disabled
    assert controls.options.choices == {}

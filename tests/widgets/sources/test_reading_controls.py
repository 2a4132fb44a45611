"""The controls about reading show the choices of a table and hand over those of the user."""

import pytest

from clusterer.tables import ReadingOptions
from widgets.sources.reading_controls import DETECT, SELECTS, ReadingControls


def test_shown_choices_are_handed_over_unchanged():
    got = []
    controls = ReadingControls(got.append)
    choices = {"delimiter": "::", "header": False, "thousands": "", "missing_values": ("-1", "ND"),
               "missing": "mean"}  # fmt: skip
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

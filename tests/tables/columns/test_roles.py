"""The class of a table is found where it stands, and is never a feature."""

import pytest

from clusterer.tables import open_table

N = 90


def make_table(names, *columns):
    head = [",".join(names)] if names else []
    return "\n".join(head + [",".join(row) for row in zip(*columns, strict=True)]) + "\n"


DECIMALS = [f"{i * 37 % 101 / 8}" for i in range(N)]
OTHERS = [f"{i * 11 % 97 / 4}" for i in range(N)]
WHOLE = [str(i * 7 % 61) for i in range(N)]
WORDS = [("ash", "birch", "cedar")[i % 3] for i in range(N)]
NUMBERS = [str(i % 3 + 1) for i in range(N)]
BITS = [str(i * i % 2) for i in range(N)]


@pytest.mark.parametrize("name", ["Species", "diagnosis", "Survived", "class", "классы", "Sort"])
def test_class_stands_first(write, name):
    table = open_table(write(make_table([name, "a", "b"], WORDS, DECIMALS, OTHERS)))
    found = None if name == "классы" else name
    assert table.label_column == (found or name)
    assert table.default_features == ("a", "b")


@pytest.mark.parametrize(
    "name", ["Survived", "diagnosis", "churn", "класс", "类别", "ラベル", "etiqueta"]
)
def test_class_stands_between_features(write, name):
    table = open_table(write(make_table(["a", name, "b"], DECIMALS, BITS, OTHERS)))
    assert table.label_column == name
    assert table.default_features == ("a", "b")


@pytest.mark.parametrize("values", [WORDS, NUMBERS])
@pytest.mark.parametrize("at", [0, 2])
def test_class_without_a_header(write, values, at):
    columns = [DECIMALS, OTHERS]
    columns.insert(at, values)
    table = open_table(write(make_table(None, *columns)))
    assert table.label_column == f"col{at + 1}"
    assert len(table.default_features) == 2


def test_class_after_an_id_without_a_header(write):
    ids = [str(8000 + i) for i in range(N)]
    table = open_table(write(make_table(None, ids, WORDS, DECIMALS, OTHERS)))
    assert table.label_column == "col2"
    assert table.default_features == ("col3", "col4")


def test_whole_numbers_beside_whole_numbers_are_no_class(write):
    table = open_table(write(make_table(None, NUMBERS, WHOLE, WHOLE[::-1])))
    assert table.label_column is None


@pytest.mark.parametrize("name", ["Country", "station", "Gender", "device name"])
def test_text_that_names_places_and_people_is_no_class(write, name):
    table = open_table(write(make_table([name, "a", "b"], WORDS, DECIMALS, OTHERS)))
    assert table.label_column is None


def test_second_class_is_no_feature(write):
    table = open_table(
        write(make_table(["Survived", "Pclass", "a", "b"], BITS, NUMBERS, DECIMALS, OTHERS))
    )
    assert table.label_column == "Survived"
    assert table.default_features == ("a", "b")


def test_class_behind_keys_without_a_header(write):
    keys = [str(842_302 + i * i * 7919 % 90_001) for i in range(N)]
    table = open_table(write(make_table(None, keys, WORDS, DECIMALS, OTHERS)))
    assert table.label_column == "col2"
    assert table.default_features == ("col3", "col4")


def test_text_at_one_end_is_rather_the_class_than_numbers_at_the_other(write):
    table = open_table(write(make_table(None, WORDS, DECIMALS, OTHERS, NUMBERS)))
    assert table.label_column == "col1"
    assert table.default_features == ("col2", "col3", "col4")


@pytest.mark.parametrize("name", ["Region", "sales channel", "Sex"])
def test_numbers_of_categories_are_told_and_no_features(write, name):
    table = open_table(write(make_table([name, "a", "b"], NUMBERS, DECIMALS, OTHERS)))
    assert table.default_features == ("a", "b")
    assert any(name in note and "categories" in note for note in table.report.notes)


@pytest.mark.parametrize("name", ["duration", "Avg Pace", "Avg. Time on Page", "t"])
def test_durations_are_not_the_time_of_a_row(write, name):
    spans = [f"1:{i * 37 % 60:02d}:{i * 11 % 60:02d}" for i in range(N)]
    table = open_table(write(make_table([name, "a", "b"], spans, DECIMALS, OTHERS)))
    assert table.time_column is None


def test_times_of_the_day_in_order_are_the_time_of_a_row(write):
    clocks = [f"{i * 3 % 24:02d}:{i % 60:02d}" for i in range(N)]
    table = open_table(write(make_table(["t", "a", "b"], clocks, DECIMALS, OTHERS)))
    assert table.time_column == "t"


@pytest.mark.parametrize("name", ["grupo", "Gruppe", "Qualität", "catégorie"])
def test_class_stands_last_by_its_name(write, name):
    table = open_table(write(make_table(["a", "b", name], DECIMALS, OTHERS, NUMBERS)))
    assert table.label_column == name


def test_numbers_of_stations_and_subjects_are_no_features(write):
    names = ["Station", "a", "subject", "b"]
    table = open_table(write(make_table(names, NUMBERS, DECIMALS, NUMBERS, OTHERS)))
    assert table.default_features == ("a", "b")


def test_class_beside_a_row_of_units(write):
    text = make_table(["a", "b", "kind of tree"], DECIMALS, OTHERS, WORDS)
    table = open_table(write(text.replace("tree\n", "tree\n(cm),(kg),\n", 1)))
    assert table.label_column == "kind of tree"


@pytest.mark.parametrize("name", ["income", "result", "deposit"])
def test_amounts_with_the_name_of_an_outcome_are_features(write, name):
    amounts = [str(20 + i * 7 % 61) for i in range(5 * N)]
    ages = [str(18 + i * 11 % 70) for i in range(5 * N)]
    table = open_table(write(make_table(["age", name], ages, amounts)))
    assert table.label_column is None
    assert table.default_features == ("age", name)
    outcome = open_table(write(make_table(["age", name], ages, [str(i % 2) for i in range(5 * N)])))
    assert outcome.label_column == name

"""Label columns: their detection, and the classes of their labels."""

import pytest

from clusterer.tables import open_table
from tests.support.table_files import read


@pytest.mark.parametrize("header", ["a,b,y", "a,b,class", "target,b,c", "a,b,true_label"])
def test_label_column_is_detected(write, header):
    names = header.split(",")
    at = next(i for i, name in enumerate(names) if name not in "abc")
    rows = "".join(",".join(str(i % 3) if j == at else f"{i}.{j}" for j in range(3)) + "\n"
                   for i in range(60))  # fmt: skip
    table = open_table(write(header + "\n" + rows))
    assert table.label_column == names[at]
    assert names[at] not in table.default_features


def test_y_beside_x_is_no_label(write):
    assert open_table(write("x,y\n" + "1.5,0\n2.5,1\n" * 30)).label_column is None


def test_text_labels_are_numbered_by_first_appearance(write):
    table = open_table(write("a,species\n1,b\n2,a\n?,z\n3,\n4,b\n5,c\n6,a\n7,b\n8,b\n"))
    points, classes = read(table, label="species", size=2)
    assert points[:, 0].tolist() == [1, 2, 3, 4, 5, 6, 7, 8]
    assert classes.tolist() == [0, 1, -1, 0, 2, 1, 0, 0]
    assert table.report.n_unlabelled == 1
    assert read(table, label="species")[1].tolist() == classes.tolist()


def test_whole_numbers_are_classes_as_they_are(write):
    table = open_table(write("a,label\n1,7\n2,-1\n3,100.0\n4,\n"))
    assert read(table, label="label")[1].tolist() == [7, -1, 100, -1]

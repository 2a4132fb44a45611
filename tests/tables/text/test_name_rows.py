"""Which row holds the names: years, groups of columns, long prefaces, other delimiters."""

import pytest

from clusterer.tables import open_table
from tests.support.table_files import read


def names(table):
    return [column.name for column in table.columns]


@pytest.mark.parametrize(
    "header",
    ["Country,2019,2020,2021", "Land,2021,2020,2019", "c,1990,2000,2010", "area,code,2019,2020"],
)
def test_years_beside_words_are_names(write, header):
    cells = header.split(",")
    rows = [
        [
            f"R{i}" if not name.isdecimal() else str(20_000 + i * 37 * j % 900)
            for j, name in enumerate(cells)
        ]
        for i in range(30)
    ]
    table = open_table(write(header + "\n" + "".join(",".join(row) + "\n" for row in rows)))
    assert names(table) == cells
    assert len(read(table)[0]) == 30
    assert table.default_features == tuple(name for name in cells if name.isdecimal())


def test_one_year_is_a_name(write):
    rows = "".join(f"C{i},{i * 37 % 900 + 20_000}\n" for i in range(30))
    assert names(open_table(write("Country,2020\n" + rows))) == ["Country", "2020"]


def test_years_in_every_row_are_data(write):
    rows = "".join(f"C{i},{1950 + i},{1960 + i}\n" for i in range(30))
    table = open_table(write(rows))
    assert names(table) == ["col1", "col2", "col3"]
    assert len(read(table, ["col2"])[0]) == 30


def test_names_of_groups_stand_above_the_names(write):
    rows = "".join(
        f"{i}.5,{i * 7 % 30}.5,{i * 3 % 20}.5,{i * 11 % 30}.25,{i % 3}\n" for i in range(30)
    )
    head = "Group A,,Group B,,Result\nlength,width,length,width,class\n"
    table = open_table(write(head + rows))
    assert names(table) == [
        "Group A length", "Group A width", "Group B length", "Group B width", "class",
    ]  # fmt: skip
    assert table.label_column == "class"
    assert len(read(table)[0]) == 30


def test_sparse_names_of_groups(write):
    rows = "".join(",".join(f"{i * j % 30}.5" for j in range(1, 7)) + "\n" for i in range(30))
    table = open_table(write("A,,,B,,\nx,y,z,x,y,z\n" + rows))
    assert names(table) == ["A x", "A y", "A z", "B x", "B y", "B z"]


def test_units_below_the_names_are_no_names(write):
    rows = "".join(f"{i}.5,{i * 7 % 30}.5,{i % 9}.25\n" for i in range(30))
    table = open_table(write("t,,v\n[s],[m],[m/s]\n" + rows))
    assert names(table) == ["t", "col2", "v"]
    assert len(read(table, ["t", "v"])[0]) == 30


def test_preface_with_numbers_before_the_names(write):
    preface = "Logger 5\nOperator,Anna\nRange,-10,10,V\nGain,1\nStart,2024-01-05\n\n[Data]\n"
    rows = "".join(f"{i / 10},{i * 7 % 30}.5,{i * 11 % 30}.5,0\n" for i in range(40))
    table = open_table(write(preface + "Time (s),a,b,flag\n" + rows))
    assert names(table) == ["Time (s)", "a", "b", "flag"]
    assert len(read(table)[0]) == 40


def test_names_with_another_delimiter(write):
    rows = "".join(f"{i}.5;{i * 7 % 30}.5;{i % 3}\n" for i in range(30))
    table = open_table(write("x,y,class\n" + rows))
    assert names(table) == ["x", "y", "class"]
    assert table.label_column == "class"


def test_years_as_names_before_a_column_without_a_name(write):
    head = '"Data Source","Indicators",\n\n"Country Name","Code","2019","2020",\n'
    rows = "".join(f'"C{i}","K{i}","{i * 37 % 900}.5","{i * 11 % 900}.5",\n' for i in range(30))
    table = open_table(write(head + rows))
    assert names(table)[:4] == ["Country Name", "Code", "2019", "2020"]
    assert len(read(table)[0]) == 30


def test_names_in_a_comment_below_a_title(write):
    rows = "".join(f"{i}\t{i * 37 % 90}.5\t{i * 11 % 90}.5\n" for i in range(30))
    table = open_table(write("Plot Title: The old cellar\n#\tTemp\tRH\n" + rows))
    assert names(table)[1:] == ["Temp", "RH"]
    assert len(read(table)[0]) == 30


@pytest.mark.parametrize("rule", ["===== =====", "----- -----", "----- | -----"])
def test_lines_drawn_around_the_names_are_no_names(write, rule):
    mark = " | " if "|" in rule else " "
    rows = "".join(f"{i * 37 % 90:02d}.50{mark}{i * 11 % 90:02d}.5\n" for i in range(30))
    table = open_table(write(f"{rule}\nx    {mark}y\n{rule}\n{rows}{rule}\n"))
    assert names(table) == ["x", "y"]
    assert len(read(table)[0]) == 30


def test_names_below_a_preface_of_as_many_cells(write):
    preface = (
        "Version\t2\nMode\tfast\n\t\nChannels\t2\t\nSamples\t90\t90\nUnit\tV\tV\nX0\t0.5\t0.5\n"
    )
    end = "***End***\t\t\nX_Value\tVoltage_0\tVoltage_1\tComment\n"
    rows = "".join(f"{i * i / 8}\t{i * 7 % 30}.5\t{i * 11 % 40}.25\n" for i in range(90))
    table = open_table(write(preface + end + rows))
    assert names(table) == ["X_Value", "Voltage_0", "Voltage_1"]
    assert len(read(table)[0]) == 90


def test_units_below_names_below_a_preface(write):
    preface = "Device,7\nRange,1,5\nGain,2,2\nOffset,3,1,1\nSite,North\n"
    rows = "".join(f"{i * i / 8},{i * 7 % 30}.5\n" for i in range(90))
    table = open_table(write(preface + "time,speed\ns,m/s\n" + rows))
    assert names(table) == ["time", "speed"]


def test_years_of_groups_stand_above_the_names(write):
    rows = "".join(f"S{i},{i}.5,{i * 7 % 30},{i % 9}.25,{i * 3 % 20}\n" for i in range(30))
    table = open_table(write(",2022,,2023,\nStore,sales,visits,sales,visits\n" + rows))
    assert names(table)[1:] == ["2022 sales", "2022 visits", "2023 sales", "2023 visits"]
    assert len(read(table)[0]) == 30


def test_names_stand_above_units_in_comments(write):
    rows = "".join(f"2023 {i % 12 + 1:02d} {i}.5  {i * 7 % 30}.5\n" for i in range(90))
    table = open_table(write("#YY MM WSPD GST\n#yr mo m/s m/s\n" + rows))
    assert names(table) == ["YY", "MM", "WSPD", "GST"]


def test_last_comment_holds_the_names(write):
    rows = "".join(f"{i}.5 {i * 7 % 30}.5 {i % 9}.25\n" for i in range(30))
    table = open_table(write("# made by Anna\n# x y T\n" + rows))
    assert names(table) == ["x", "y", "T"]


@pytest.mark.parametrize("rule", ["+---+------+", "|---|------|", "-----  ------"])
def test_lines_drawn_between_the_rows_are_no_rows(write, rule):
    is_boxed = rule[0] in "+|"
    lines = [f"| {i}.5 | {i * 7 % 30}.5 |" for i in range(30)]
    head = "| x | y |"
    if not is_boxed:
        lines, head = [line.replace("|", " ") for line in lines], "  x   y"
    text = f"{rule}\n{head}\n{rule}\n" + "".join(f"{line}\n{rule}\n" for line in lines)
    table = open_table(write(text))
    assert [name for name in names(table) if name in "xy"] == ["x", "y"]
    assert len(read(table, ["x", "y"])[0]) == 30
    assert table.report.n_dropped == 0


def test_names_and_settings_have_more_cells_than_the_rows(write):
    head = "X,CH1,CH2,Start,Increment,\nSequence,Volt,Volt,-6.0e-03,2.0e-05\n"
    rows = "".join(f"{i},{i * 7 % 30}.5,{i * 11 % 40}.25,\n" for i in range(60))
    table = open_table(write(head + rows))
    assert names(table)[:3] == ["X", "CH1", "CH2"]
    assert table.default_features == ("CH1", "CH2")


def test_title_with_delimiters_is_no_name_of_a_group(write):
    rows = "".join(f"{i}.5|{i * 7 % 30}.5\n" for i in range(30))
    table = open_table(write("Export 2024|\n\nwidth|mass\n" + rows))
    assert names(table) == ["width", "mass"]
    assert len(read(table)[0]) == 30


@pytest.mark.parametrize("units", ["", "[d],[EUR],\n"])
@pytest.mark.parametrize("first", ["Nr", "Datum"])
def test_settings_filled_up_with_blank_cells_are_no_names(write, first, units):
    preface = "Firma,Muster GmbH,\nJahr,2023,\nVersion,1.2,\n\n"
    rows = "".join(
        f"{i if first == 'Nr' else f'{i % 28 + 1:02d}.01.2023'},{i * 7 % 30}.5,{i * 11 % 40}.25\n"
        for i in range(60)
    )
    table = open_table(write(preface + f"{first},Umsatz,Kunden\n" + units + rows))
    assert names(table) == [first, "Umsatz", "Kunden"]
    assert len(read(table, ["Umsatz", "Kunden"])[0]) == 60


def test_titles_filled_up_with_blank_cells_are_no_names(write):
    rows = "".join(f"{i * 7 % 30}.5,{i * 11 % 40}.25\n" for i in range(60))
    table = open_table(write("Report,\nMade on Friday,\n\nwidth,mass\n" + rows))
    assert names(table) == ["width", "mass"]
    assert len(read(table)[0]) == 60


@pytest.mark.parametrize("mark", ["", ">>>>>Begin Spectral Data<<<<<\n"])
def test_settings_of_a_spectrometer_are_no_names(write, mark):
    preface = "Data from a.txt Node\n\nUser: anna\nSpectrometer: F01\nNumber of Pixels: 80\n"
    rows = "".join(f"{178.1 + i * 0.37:.3f}\t{i * i % 97}.25\n" for i in range(80))
    table = open_table(write(preface + mark + rows, "t.txt"))
    assert names(table) == ["col1", "col2"]
    assert table.delimiter == "\t"
    assert len(read(table, ["col2"])[0]) == 80


@pytest.mark.parametrize("header", ["x:,y:", "time:\ty:"])
def test_names_may_end_with_colons(write, header):
    mark = "," if "," in header else "\t"
    rows = "".join(f"{i * i % 7}{mark}{i * 3 % 11}\n" for i in range(30))
    assert names(open_table(write(f"{header}\n{rows}"))) == header.split(mark)

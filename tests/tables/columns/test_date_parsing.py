"""Dates and times as people write them: languages, orders, clocks; the whole column decides."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from clusterer.tables import open_table
from clusterer.tables.columns.date_parsing import count_seconds, detect_language, split_date
from tests.support.table_files import column

DAY = 86_400.0


def count(year, month, day, hour=0, minute=0, second=0):
    days = np.datetime64(f"{year:04d}-{month:02d}-{day:02d}").astype("datetime64[D]").astype(int)
    return DAY * days + 3600 * hour + 60 * minute + second


def read_times(path, time="when", **choices):
    table = open_table(path, **choices)
    assert table.time_column == time
    assert time not in table.default_features
    chunks = [chunk.points for chunk in table.chunks(["x"], 1000, time=time)]
    return table, np.concatenate(chunks)[:, -1]


def make_table(dates, name="when"):
    return f"{name};x\n" + "".join(f"{date};{i * 7 % 50}.5\n" for i, date in enumerate(dates))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("3. Mai 2024", count(2024, 5, 3)),
        ("3 de mayo de 2024", count(2024, 5, 3)),
        ("3 août 2024", count(2024, 8, 3)),
        ("3 févr. 2024 10:15", count(2024, 2, 3, 10, 15)),
        ("12 maggio 2024", count(2024, 5, 12)),
        ("12 março 2024", count(2024, 3, 12)),
        ("12 okt 2024", count(2024, 10, 12)),
        ("12 października 2024", count(2024, 10, 12)),
        ("12. července 2024", count(2024, 7, 12)),
        ("12 января 2024 г.", count(2024, 1, 12)),
        ("12 Ağustos 2024", count(2024, 8, 12)),
        ("2024年1月5日", count(2024, 1, 5)),
        ("2024년 1월 5일", count(2024, 1, 5)),
        ("Jan 5, 2024, 7:00:03 AM", count(2024, 1, 5, 7, 0, 3)),
        ("5 Jan 2024 11:30 pm", count(2024, 1, 5, 23, 30)),
        ("Friday, January 5th, 2024", count(2024, 1, 5)),
        ("2024/01/05 10:00:00 AM GMT+1", count(2024, 1, 5, 9)),
        ("2024/01/05 下午3:20", count(2024, 1, 5, 15, 20)),
        ("2024-01-05T10:00:00.25+05:30", count(2024, 1, 5, 4, 30) + 0.25),
        ("05/Jan/2024:10:00:00 -0500", count(2024, 1, 5, 15)),
        ("20240105T101112Z", count(2024, 1, 5, 10, 11, 12)),
        ("01/2024", count(2024, 1, 1)),
        ("2024-07", count(2024, 7, 1)),
        ("Mrz 2024", count(2024, 3, 1)),
        ("Jan-24", count(2024, 1, 1)),
        ("2024-Q3", count(2024, 7, 1)),
        ("2024-W02-1", count(2024, 1, 8)),
        ("2024010500", count(2024, 1, 5)),
        ("2024010512", count(2024, 1, 5, 12)),
        ("202401051230", count(2024, 1, 5, 12, 30)),
        ("2024/1/5 10:00:00:125", count(2024, 1, 5, 10) + 0.125),
    ],
)
def test_date_is_read(text, seconds):
    parts = split_date(text, detect_language([text]))
    assert parts is not None
    assert count_seconds(parts, "ymd") == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text", ["", "7", "room 5", "12.3 kg", "2024-13-45x", "99:99", "a" * 500 + "1", "1.2.3.4"]
)
def test_other_text_is_no_date(text):
    parts = split_date(text, detect_language([text]))
    assert parts is None or np.isnan(count_seconds(parts, "dmy"))


def test_two_digit_years_with_points_have_the_day_first(write):
    days = [(i % 12 + 1, i // 12 + 1) for i in range(48)]
    _, seconds = read_times(write(make_table(f"{d:02d}.{m:02d}.24" for d, m in days)))
    assert_allclose(seconds, sorted(count(2024, m, d) for d, m in days))


@pytest.mark.parametrize("mark", ["/", "-"])
def test_one_late_day_decides_for_the_whole_column(write, mark):
    days = [(i % 12 + 1, i * 5 % 12 + 1) for i in range(299)] + [(13, 2)]
    table, seconds = read_times(
        write(make_table(f"{d:02d}{mark}{m:02d}{mark}2024" for d, m in days))
    )
    assert_allclose(seconds, sorted(count(2024, m, d) for d, m in days))
    assert "the day comes first" in column(table, "when").note
    assert "assumed" not in column(table, "when").note


def test_a_day_after_the_sample_decides_for_the_whole_column(write):
    days = [(i % 12 + 1, i * 5 % 12 + 1) for i in range(6_000)] + [(25, 2)]
    table, seconds = read_times(write(make_table(f"{d}/{m}/2024" for d, m in days)))
    assert "assumed: else choose day_first True" in column(table, "when").note
    assert_allclose(seconds, sorted(count(2024, m, d) for d, m in days))


def test_the_order_of_the_rows_decides(write):
    days = [(i // 12 + 1, i % 12 + 1) for i in range(40)]
    _, seconds = read_times(write(make_table(f"{d:02d}/{m:02d}/2024" for m, d in days)))
    assert_allclose(seconds, [count(2024, m, d) for m, d in days])


def test_narrow_first_number_of_two_digits_is_the_year(write):
    dates = [(24 + i % 3, i * 7 % 12 + 1, i * 5 % 28 + 1) for i in range(90)]
    _, seconds = read_times(write(make_table(f"{y}/{m:02d}/{d:02d}" for y, m, d in dates)))
    assert_allclose(seconds, sorted(count(2000 + y, m, d) for y, m, d in dates))


def test_the_year_comes_first_and_the_month_last_if_no_other_order_fits(write):
    days = [(i % 28 + 1, 11 + i // 28) for i in range(56)]
    _, seconds = read_times(write(make_table(f"17.{d:02d}.{m}" for d, m in days)))
    assert_allclose(seconds, [count(2017, m, d) for d, m in days])


def test_equal_steps_show_the_order(write):
    minutes = 37 * np.arange(300)
    dates = [f"{1 + m // 1440:02d}/01/2024 {m // 60 % 24:02d}:{m % 60:02d}" for m in minutes]
    table, seconds = read_times(write(make_table(dates)))
    assert_allclose(seconds, count(2024, 1, 1) + 60 * minutes)
    assert "assumed" not in column(table, "when").note


def test_decimal_commas_suggest_that_the_day_comes_first(write):
    days = [(i * 5 % 12 + 1, i * 7 % 12 + 1) for i in range(40)]
    text = make_table(f"{d}/{m}/2024" for d, m in days).replace(".5", ",5")
    table, seconds = read_times(write(text))
    assert_allclose(seconds, sorted(count(2024, m, d) for d, m in days))
    assert "assumed: else choose day_first False" in column(table, "when").note


def test_chosen_order_of_day_and_month(write):
    path = write(make_table(f"{i * 5 % 12 + 1}/{i * 7 % 12 + 1}/2024" for i in range(40)))
    _, by_day = read_times(path, day_first=True)
    _, by_month = read_times(path, day_first=False)
    assert by_day.tolist() != by_month.tolist()
    assert "assumed" not in column(open_table(path, day_first=True), "when").note


def test_two_notations_in_one_column(write):
    days = np.arange(60)
    dates = [
        f"{d % 28 + 1:02d}.{d // 28 + 1:02d}.2024"
        if d % 3
        else f"2024-{d // 28 + 1:02d}-{d % 28 + 1:02d}"
        for d in days.tolist()
    ]
    _, seconds = read_times(write(make_table(dates)))
    assert_allclose(seconds, [count(2024, d // 28 + 1, d % 28 + 1) for d in days.tolist()])


def test_date_and_time_of_the_day_in_two_columns(write):
    rows = "".join(f"16/12/2006;{17 + i // 60}:{i % 60:02d}:00;{i * 7 % 50}.5\n" for i in range(99))
    table, seconds = read_times(write("Date;Time;x\n" + rows), "Date")
    assert table.time_parts == ("Time",)
    assert_allclose(seconds, [count(2006, 12, 16, 17, i) for i in range(99)])
    assert "Date, Time together are the time of a row" in table.report.notes


@pytest.mark.parametrize("mark", [":", "."])
def test_clock_goes_on_after_midnight(write, mark):
    minutes = 20 * 60 + 13 * np.arange(100)
    clocks = [f"{m // 60 % 24:02d}{mark}{m % 60:02d}{mark}00" for m in minutes.tolist()]
    _, seconds = read_times(write(make_table(clocks)))
    assert_allclose(np.diff(seconds), 13 * 60)


@pytest.mark.parametrize(
    ("name", "cells", "seconds"),
    [
        ("Fecha", ["45296,25", "45297,5", "45299"],
         [count(2024, 1, 5, 6), count(2024, 1, 6, 12), count(2024, 1, 8)]),
        ("datenum", ["739256.25", "739257.5", "739258"],
         [count(2024, 1, 5, 6), count(2024, 1, 6, 12), count(2024, 1, 7)]),
        ("BJD", ["2460314.75", "2460315.5", "2460317.5"],
         [count(2024, 1, 5, 6), count(2024, 1, 6), count(2024, 1, 8)]),
        ("MJD", ["60314.25", "60315", "60317"],
         [count(2024, 1, 5, 6), count(2024, 1, 6), count(2024, 1, 8)]),
        ("month", ["202311", "202312", "202402"],
         [count(2023, 11, 1), count(2023, 12, 1), count(2024, 2, 1)]),
        ("Jahr", ["1999", "2001", "2004"],
         [count(1999, 1, 1), count(2001, 1, 1), count(2004, 1, 1)]),
        ("created_at", ["1700000000123", "1700000060123", "1700000180123"],
         [1700000000.123, 1700000060.123, 1700000180.123]),
    ],
)  # fmt: skip
def test_numbers_that_are_times_by_name(write, name, cells, seconds):
    _, found = read_times(write(make_table(cells, name)), name)
    assert_allclose(found, seconds, atol=1e-3)


def test_years_months_days_and_hours_are_one_time_and_no_features(write):
    rows = "".join(
        f"{2023 + i // 24},{i // 2 % 12 + 1},{i % 28 + 1},{i * 5 % 24},{i * 7 % 50}.5\n"
        for i in range(48)
    )
    table, seconds = read_times(write("year,month,day,hour,x\n" + rows), "year")
    assert table.default_features == ("x",)
    assert table.time_parts == ("month", "day", "hour")
    times = [count(2023 + i // 24, i // 2 % 12 + 1, i % 28 + 1, i * 5 % 24) for i in range(48)]
    assert_allclose(seconds, sorted(times))
    assert "year, month, day, hour together are the time of a row" in table.report.notes


def test_a_day_of_the_year_belongs_to_the_year(write):
    rows = "".join(f"2023,{i + 1},{i * 7 % 50}.5\n" for i in range(200))
    table, seconds = read_times(write("Year,DOY,x\n" + rows), "Year")
    assert table.default_features == ("x",)
    assert_allclose(seconds, count(2023, 1, 1) + DAY * np.arange(200))


def test_numbers_of_months_without_a_year_stay_features(write):
    rows = "".join(f"{i % 12 + 1},{i % 28 + 1},{i * 7 % 50}.5\n" for i in range(90))
    assert open_table(write("month,day,x\n" + rows)).default_features == ("month", "day", "x")


@pytest.mark.parametrize("digits", [4, 6])
def test_digits_are_times_of_the_day(write, digits):
    clocks = [f"{h:02d}{m:02d}{s:02d}"[:digits] for h in range(24) for m in (0, 30) for s in (0,)]
    rows = "".join(f"20240105,{clock},{i * 7 % 50}.5\n" for i, clock in enumerate(clocks))
    table, seconds = read_times(write("<DATE>,<TIME>,x\n" + rows), "<DATE>")
    assert table.time_parts == ("<TIME>",)
    assert_allclose(seconds, count(2024, 1, 5) + 1800 * np.arange(48))


def test_durations_of_digits_stay_features(write):
    rows = "".join(f"{100 + i * 13 % 60},{i * 7 % 50}.5\n" for i in range(90))
    assert open_table(write("time,x\n" + rows)).default_features == ("time", "x")


@pytest.mark.parametrize("name", ["TIME_PERIOD", "Periodo", "REF_DATE"])
def test_years_of_periods_are_times(write, name):
    rows = "".join(f"{2000 + i % 20},{i * 7 % 50}.5\n" for i in range(90))
    _, seconds = read_times(write(f"{name},x\n" + rows), name)
    assert seconds[0] == count(2000, 1, 1)
    assert seconds[-1] == count(2019, 1, 1)


def test_reaction_times_in_the_range_of_years_are_no_years(write):
    rows = "".join(f"{1500 + i * 37 % 700},{i * 7 % 50}.5\n" for i in range(90))
    assert open_table(write("time,x\n" + rows)).default_features == ("time", "x")

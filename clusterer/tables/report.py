"""The report of a table for users: notes about its format, and counts of dropped rows."""

from collections import Counter
from dataclasses import dataclass, field, fields

from clusterer.support.text import make_printable
from clusterer.tables.limits import LARGEST_NUMBER

N_LISTED_LINES = 10


@dataclass
class Report:
    """Notes and counts of a table; the counts grow while chunks are read.

    The counts belong to the latest reading: `Table.chunks` sets them to zero.

    Parameters
    ----------
    notes : list of str
        What was detected, assumed, converted or left out when the table was opened.
    n_rows : int
        Rows that became points.
    n_dropped_missing, n_dropped_infinite : int
        Rows dropped because a value of a feature is missing or infinite.
    n_dropped_malformed : int
        Rows dropped because the line is malformed (too few or too many cells, an open quote, zero
        bytes, too long) or because a feature has text instead of a number.
    malformed_lines : list of int
        The numbers of the first malformed lines, from 1.
    unreadable : str
        The first text instead of a number, and its column; "" for none.
    n_dropped_totals : int
        Rows dropped because they sum up other rows.
    total_lines : list of int
        The numbers of the first of these rows' lines, from 1; rows are counted where the line is
        not known.
    totals : str
        The name of the first of these rows; "" for none.
    n_repeated_headers : int
        Lines skipped because they repeat the header.
    header_lines : list of int
        The numbers of the first of these lines.
    n_regrouped : int
        Numbers with grouped digits in a column without such numbers in the sample.
    regrouped : str
        The first of these numbers, its column and its value.
    n_filled : int
        Missing values replaced by the mean of the values before.
    n_comments : int
        Comment lines that were skipped.
    n_recoded : int
        Lines that were not UTF-8 and were read as Windows-1252.
    n_unlabelled : int
        Points with class -1 because the label is missing or unreadable.
    n_untimed : int
        Points without a time, which got the time of the point before.
    n_backward : int
        Points earlier than a point before them, in a table too large to be sorted.
    missing_by_column : Counter of str
        The number of missing values in each feature.

    Examples
    --------
    >>> Report(n_rows=3, n_dropped_missing=1).summary()
    ['3 of 4 rows used', '1 row dropped: a value is missing']
    """

    notes: list[str] = field(default_factory=list)
    n_rows: int = 0
    n_dropped_missing: int = 0
    n_dropped_infinite: int = 0
    n_dropped_malformed: int = 0
    malformed_lines: list[int] = field(default_factory=list)
    unreadable: str = ""
    n_dropped_totals: int = 0
    total_lines: list[int] = field(default_factory=list)
    totals: str = ""
    n_repeated_headers: int = 0
    header_lines: list[int] = field(default_factory=list)
    n_regrouped: int = 0
    regrouped: str = ""
    n_filled: int = 0
    n_comments: int = 0
    n_recoded: int = 0
    n_unlabelled: int = 0
    n_untimed: int = 0
    n_backward: int = 0
    missing_by_column: Counter[str] = field(default_factory=Counter)

    def restart(self) -> None:
        """Set the counts to zero for another reading; the notes stay."""
        fresh = Report()
        for each in fields(self):
            if each.name != "notes":
                setattr(self, each.name, getattr(fresh, each.name))

    def add_malformed(self, lines: list[int]) -> None:
        """Count malformed lines and remember the numbers of the first few."""
        self.n_dropped_malformed += len(lines)
        _extend(self.malformed_lines, lines)

    def add_totals(self, name: str, lines: list[int]) -> None:
        """Count rows of totals, and remember the first name and the first lines."""
        self.n_dropped_totals += len(lines)
        self.totals = self.totals or name
        _extend(self.total_lines, lines)

    def add_headers(self, lines: list[int]) -> None:
        """Count lines that repeat the header."""
        self.n_repeated_headers += len(lines)
        _extend(self.header_lines, lines)

    @property
    def n_dropped(self) -> int:
        """The number of all dropped rows."""
        n_bad = self.n_dropped_missing + self.n_dropped_infinite + self.n_dropped_malformed
        return n_bad + self.n_dropped_totals

    def summary(self) -> list[str]:
        """Return sentences about the rows that were used, dropped or changed."""
        lines = [f"{self.n_rows:,} of {self.n_rows + self.n_dropped:,} rows used"]
        if self.n_dropped_missing:
            reason = f"a value is missing{self._list_columns()}"
            lines.append(f"{_count_rows(self.n_dropped_missing)} dropped: {reason}")
        if self.n_dropped_infinite:
            reason = f"a value is infinite or beyond {LARGEST_NUMBER:g}"
            lines.append(f"{_count_rows(self.n_dropped_infinite)} dropped: {reason}")
        if self.n_dropped_malformed:
            example = f", such as {self.unreadable}" if self.unreadable else ""
            listed = _list_lines(self.n_dropped_malformed, self.malformed_lines)
            lines.append(
                f"{_count_rows(self.n_dropped_malformed)} dropped: malformed{listed}{example}"
            )
        if self.n_dropped_totals:
            listed = _list_lines(self.n_dropped_totals, self.total_lines)
            name = make_printable(self.totals, 30)
            example = f", such as {name!r}" if name else ""
            lines.append(
                f"{_count_rows(self.n_dropped_totals)} dropped: "
                f"totals of other rows{listed}{example}"
            )
        if self.n_repeated_headers:
            listed = _list_lines(self.n_repeated_headers, self.header_lines)
            word = "line repeats" if self.n_repeated_headers == 1 else "lines repeat"
            lines.append(f"{self.n_repeated_headers:,} {word} the header, skipped{listed}")
        if self.n_regrouped:
            lines.append(
                f"{self.n_regrouped:,} numbers have grouped digits, unlike the first rows: "
                f"{self.regrouped}, … (if this is wrong, choose the decimal mark)"
            )
        if self.n_filled:
            filled = f"missing values filled with the mean so far{self._list_columns()}"
            lines.append(f"{self.n_filled:,} {filled}")
        if self.n_comments:
            lines.append(f"{self.n_comments:,} comment lines skipped")
        if self.n_recoded:
            lines.append(f"{self.n_recoded:,} lines are not UTF-8 and were read as Windows-1252")
        if self.n_unlabelled:
            lines.append(f"{_count_rows(self.n_unlabelled)} without a label, in class -1")
        if self.n_untimed:
            untimed = _count_rows(self.n_untimed)
            lines.append(f"{untimed} without a time, placed at the time of the row before")
        if self.n_backward:
            backward = _count_rows(self.n_backward)
            lines.append(f"{backward} earlier than a row before: the table is too large to sort")
        return lines

    def _list_columns(self) -> str:
        columns = self.missing_by_column.most_common(3)
        counts = ", ".join(f"{count:,} in {make_printable(name)}" for name, count in columns)
        return f" ({counts})" if counts else ""


def _count_rows(count: int) -> str:
    return f"{count:,} row" if count == 1 else f"{count:,} rows"


def _list_lines(count: int, lines: list[int]) -> str:
    if not lines:
        return ""
    more = ", …" if count > len(lines) else ""
    return f" ({'line' if count == 1 else 'lines'} {', '.join(map(str, lines))}{more})"


def _extend(known: list[int], lines: list[int]) -> None:
    """Add the numbers of lines to those that are listed, up to `N_LISTED_LINES`."""
    known += lines[: max(0, N_LISTED_LINES - len(known))]

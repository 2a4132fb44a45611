"""What was assumed about a table, and what was dropped from it, in numbers."""

from collections import Counter
from dataclasses import dataclass, field, fields

from clusterer.support.text import make_printable
from clusterer.tables.limits import LARGEST_NUMBER

N_LINES_TOLD = 10


@dataclass
class Report:
    """An account of the reading of a table, kept up to date while chunks are read.

    The counts are of the latest reading: they begin at zero when `Table.chunks` starts again.

    Parameters
    ----------
    notes : list of str
        What was found, assumed, converted or left out when the table was opened.
    n_rows : int
        Rows given out.
    n_dropped_missing, n_dropped_infinite, n_dropped_malformed : int
        Rows dropped because a chosen value is missing, is infinite, or because the line is
        broken (cells lacking or too many, an open quote, zero bytes, too long) or has text
        where a number should be.
    malformed_lines : list of int
        The numbers of the first few such lines, from 1.
    unreadable : str
        The first text that stands where a number should be, and its column; "" for none.
    n_regrouped : int
    regrouped : str
        How many numbers, and the first, have grouped digits that no number had when the table
        was opened.
    n_filled : int
        Missing values replaced by the mean so far.
    n_comments : int
        Lines skipped as remarks.
    n_recoded : int
        Lines that were not UTF-8, read as Windows-1252.
    n_unlabelled : int
        Rows given out with class -1 because their label is missing or unreadable.
    n_untimed, n_backward : int
        Rows given the time of the row before because they have none; rows earlier than one
        before them, in a table too large to be sorted.

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
        for one in fields(self):
            if one.name != "notes":
                setattr(self, one.name, getattr(fresh, one.name))

    def add_malformed(self, lines: list[int]) -> None:
        """Count broken lines, given by their numbers, and remember the first few."""
        self.n_dropped_malformed += len(lines)
        n_free = N_LINES_TOLD - len(self.malformed_lines)
        self.malformed_lines += lines[: max(0, n_free)]

    @property
    def n_dropped(self) -> int:
        """All rows that were dropped."""
        return self.n_dropped_missing + self.n_dropped_infinite + self.n_dropped_malformed

    def summary(self) -> list[str]:
        """Return what was used and all that was dropped, in numbers, a sentence each."""
        told = [f"{self.n_rows:,} of {self.n_rows + self.n_dropped:,} rows used"]
        if self.n_dropped_missing:
            word = f"dropped: a value is missing{self._where()}"
            told.append(f"{_rows(self.n_dropped_missing)} {word}")
        if self.n_dropped_infinite:
            word = f"dropped: a value is infinite or beyond {LARGEST_NUMBER:g}"
            told.append(f"{_rows(self.n_dropped_infinite)} {word}")
        if self.n_dropped_malformed:
            first = f", such as {self.unreadable}" if self.unreadable else ""
            told.append(
                f"{_rows(self.n_dropped_malformed)} dropped: malformed{self._lines()}{first}"
            )
        if self.n_regrouped:
            told.append(
                f"{self.n_regrouped:,} numbers have grouped digits as none of the first rows: "
                f"{self.regrouped}, … (if that is wrong choose the decimal mark)"
            )
        if self.n_filled:
            word = f"missing values filled with the mean so far{self._where()}"
            told.append(f"{self.n_filled:,} {word}")
        if self.n_comments:
            told.append(f"{self.n_comments:,} remarks skipped")
        if self.n_recoded:
            told.append(f"{self.n_recoded:,} lines were not UTF-8 and read as Windows-1252")
        if self.n_unlabelled:
            told.append(f"{_rows(self.n_unlabelled)} without a label, given class -1")
        if self.n_untimed:
            told.append(f"{_rows(self.n_untimed)} without a time, given that of the row before")
        if self.n_backward:
            told.append(
                f"{_rows(self.n_backward)} earlier than one before: too large a table to be sorted"
            )
        return told

    def _lines(self) -> str:
        if not self.malformed_lines:
            return ""
        more = ", …" if self.n_dropped_malformed > len(self.malformed_lines) else ""
        word = "line" if self.n_dropped_malformed == 1 else "lines"
        return f" ({word} {', '.join(map(str, self.malformed_lines))}{more})"

    def _where(self) -> str:
        columns = self.missing_by_column.most_common(3)
        told = ", ".join(f"{count:,} in {make_printable(name)}" for name, count in columns)
        return f" ({told})" if told else ""


def _rows(count: int) -> str:
    return f"{count:,} row" if count == 1 else f"{count:,} rows"

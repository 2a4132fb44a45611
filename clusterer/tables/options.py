"""The user's choices about a table; what is not chosen is detected."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any, Literal, Self

from clusterer.support.text import make_printable
from clusterer.tables.errors import TableError

MissingRule = Literal["drop", "mean"]
MAX_MISSING_VALUES = 100


@dataclass(frozen=True)
class ReadingOptions:
    """How a table is read; None (the default) detects each option.

    Parameters
    ----------
    delimiter : str, optional
        The character between cells; " " stands for any run of blanks. Two or three signs such as
        "::" are one delimiter.
    encoding : str, optional
        A codec known to Python, such as "cp1252".
    decimal : str, optional
        The decimal mark, "." or ",".
    thousands : str, optional
        The mark between groups of three digits: ",", ".", " ", "'", "_" or "" for none.
    header : bool, optional
        Whether the first full row holds the names of the columns.
    quote : str, optional
        The character around cells that contain the delimiter; "" for none.
    day_first : bool, optional
        Whether the day comes before the month in dates such as 5/4/2024.
    missing : "drop" or "mean", optional
        The rule for rows with a missing value: drop the row, or fill in the mean of the column's
        values before the row. By default rows are dropped, unless most rows lack some value.
    missing_values : tuple of str, default ()
        Further words and numbers that stand for a missing value, such as "-1" or "unknown".
    sheet : str, optional
        The sheet of a workbook or the table of a database; the default is the first one with rows
        of numbers.

    Raises
    ------
    TableError
        If a choice is not allowed.

    Examples
    --------
    >>> ReadingOptions(delimiter=";", missing_values=["-1"]).choices
    {'delimiter': ';', 'missing_values': ('-1',)}
    """

    delimiter: str | None = None
    encoding: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    header: bool | None = None
    quote: str | None = None
    day_first: bool | None = None
    missing: MissingRule | None = None
    missing_values: tuple[str, ...] = ()
    sheet: str | None = None

    def __post_init__(self) -> None:
        for name in ("header", "day_first"):
            value = getattr(self, name)
            if value not in (None, True, False):
                shown = make_printable(value)
                raise TableError(f"{name} is {shown!r}; allowed: True, False or None")
        if self.missing is not None:
            check_missing_rule(self.missing)
        if self.quote is not None and not _is_quote(self.quote):
            shown = make_printable(self.quote)
            raise TableError(
                f"quote is {shown!r}; allowed: one sign such as \" or ', or '' for none"
            )
        object.__setattr__(self, "missing_values", _check_words(self.missing_values))

    @classmethod
    def from_choices(cls, choices: Any) -> Self:
        """Return the options from the `choices` of others; ValueError for anything else.

        Examples
        --------
        >>> ReadingOptions.from_choices({"decimal": ","}).decimal
        ','
        """
        known = {field.name for field in fields(cls)}
        if not isinstance(choices, dict) or not choices.keys() <= known:
            raise TableError(f"{make_printable(choices)} are no choices about reading a table")
        return cls(**choices)

    @property
    def choices(self) -> dict[str, Any]:
        """The options that differ from the defaults, as arguments of `open_table`."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value not in (None, ())}


def check_missing_rule(rule: MissingRule) -> MissingRule:
    """Return the rule for missing values, or raise TableError if it does not exist."""
    if rule not in ("drop", "mean"):
        raise TableError(f"missing is {make_printable(rule)!r}; allowed: 'drop' or 'mean'")
    return rule


def _is_quote(quote: str) -> bool:
    is_sign = isinstance(quote, str) and len(quote) == 1 and quote.isprintable()
    return quote == "" or (is_sign and not quote.isalnum() and quote not in " .,;+-")


def _check_words(words: Iterable[str]) -> tuple[str, ...]:
    is_list = not isinstance(words, str) and isinstance(words, Iterable)
    checked = tuple(words) if is_list else ()
    if not is_list or not all(isinstance(word, str) for word in checked):
        shown = make_printable(words)
        raise TableError(
            f"missing_values is {shown!r}; allowed: a list of words or numbers as text"
        )
    if len(checked) > MAX_MISSING_VALUES:
        raise TableError(
            f"missing_values has {len(checked):,} words, more than the {MAX_MISSING_VALUES} allowed"
        )
    return checked

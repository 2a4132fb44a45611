"""The arguments of the command line about how tables are read, and what is told about it."""

import argparse
import re
import sys

from clusterer.preprocessing.treatment_text import read_names, read_weights
from clusterer.support.text import make_printable
from clusterer.tables import ReadingOptions, Table

OPTION = re.compile(
    r"choose (?:the |another )?"
    r"(delimiter|encoding|decimal|thousands|header|missing_values|missing|sheet)\b"
)


def add_reading_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that override the detection of a table's format."""
    parser.add_argument(
        "--missing",
        choices=("drop", "mean"),
        help="drop rows with a missing value, or fill in the mean of the rows before (default: "
        "drop, unless most rows lack some value)",
    )
    group = parser.add_argument_group(
        "how tables are read", "By default all of it is detected, and assumptions are told."
    )
    group.add_argument("--delimiter", metavar="SIGN", help="the sign between cells, or tab, space")
    group.add_argument("--encoding", metavar="CODEC", help="the encoding of the text, as cp1251")
    group.add_argument("--decimal", choices=(".", ","), help="the decimal mark")
    group.add_argument(
        "--thousands", metavar="SIGN", help="the sign between groups of digits; '' for none"
    )
    group.add_argument("--quote", metavar="SIGN", help="the sign around cells; '' for none")
    group.add_argument(
        "--header",
        action=argparse.BooleanOptionalAction,
        help="whether the first full row holds the names of the columns",
    )
    group.add_argument(
        "--day-first",
        action=argparse.BooleanOptionalAction,
        help="whether 5/4/2024 is 5 April",
    )
    group.add_argument(
        "--missing-values",
        type=split_names,
        metavar="WORD[,WORD]",
        help="words and numbers that stand for a missing value, such as -1,unknown; quote a word "
        "with a comma as in a CSV file. Write --missing-values=-1, since -1 alone looks like an "
        "option",
    )
    group.add_argument(
        "--sheet",
        metavar="NAME",
        help="the sheet of a workbook or the table of a database (default: the first one with rows "
        "of numbers)",
    )


def split_names(text: str) -> list[str]:
    """Return names that are separated by commas; quotes as in a CSV file keep a comma in a name.

    Raises argparse.ArgumentTypeError if there is no name, or if a name occurs twice.

    Examples
    --------
    >>> split_names('x,"Temp, °C"')
    ['x', 'Temp, °C']
    """
    try:
        return read_names(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def split_weights(text: str) -> dict[str, float]:
    """Return weights of columns, such as ``amount=2,age=0.5``.

    Raises argparse.ArgumentTypeError if the text is written in another way.

    Examples
    --------
    >>> split_weights("amount=2,age=0.5")
    {'amount': 2.0, 'age': 0.5}
    """
    try:
        return read_weights(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def make_reading_options(arguments: argparse.Namespace) -> ReadingOptions:
    """Return the options that `add_reading_arguments` has parsed; TableError if one is wrong."""
    return ReadingOptions(
        delimiter=arguments.delimiter,
        encoding=arguments.encoding,
        decimal=arguments.decimal,
        thousands=arguments.thousands,
        header=arguments.header,
        quote=arguments.quote,
        day_first=arguments.day_first,
        missing=arguments.missing,
        missing_values=tuple(arguments.missing_values or ()),
        sheet=arguments.sheet,
    )


def report_assumptions(table: Table) -> None:
    """Print on the standard error what was assumed, with the argument that changes it."""
    name = make_printable(table.name, 200)
    for note in table.report.notes:
        switched = name_arguments(note)
        if switched != note:
            print(f"{name}: {switched}", file=sys.stderr)


def name_arguments(note: str) -> str:
    """Return a note with the options that it names as arguments of the command line.

    Examples
    --------
    >>> name_arguments("1,500 is read as 1.5 (assumed: else choose decimal '.')")
    "1,500 is read as 1.5 (assumed: else choose --decimal '.')"
    >>> name_arguments("the month comes first (assumed: else choose day_first True)")
    'the month comes first (assumed: else choose --day-first)'
    """
    note = note.replace("choose day_first True", "choose --day-first")
    note = note.replace("choose day_first False", "choose --no-day-first")
    note = note.replace("choose missing_values ", "choose --missing-values=")
    return OPTION.sub(lambda found: f"choose --{found[1].replace('_', '-')}", note)

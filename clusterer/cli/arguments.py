"""What may stand on the command line."""

import argparse
import csv
from typing import Any

from clusterer.cluster.prototypes.parameters import UPDATE_RULES, check_parameters
from clusterer.cluster.prototypes.state_layout import MERGE_RULES

DATA = (
    "a table (CSV of any dialect, gzip, bzip2, zstd, Parquet), a folder of tables, taken by their "
    "names in order, or - for the standard input"
)


def make_parser() -> argparse.ArgumentParser:
    """The parser; its result has ``command`` and that command's own arguments."""
    parser = argparse.ArgumentParser(
        prog="clusterer",
        description="Cluster tables of any length in one pass and flat memory.",
        epilog="Ends with 0, or 1 on trouble with the data or the model, 2 on wrong usage, 130 "
        "when interrupted. There is no seed: the same rows in the same order give the same model.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_fit(commands)
    _add_predict(commands)
    _add_describe(commands)
    return parser


def _add_fit(commands: Any) -> None:
    fit = commands.add_parser("fit", help="learn a model from tables")
    fit.set_defaults(check=fit)
    fit.add_argument("data", nargs="+", metavar="DATA", help=DATA)
    fit.add_argument("-o", "--output", required=True, metavar="MODEL", help="the model's file")
    fit.add_argument(
        "--from", dest="start", metavar="MODEL", help="go on with this model, its units and columns"
    )
    _add_settings(fit)
    _add_reading(fit)
    fit.add_argument(
        "--features",
        type=_read_names,
        metavar="NAME[,NAME]",
        help="the columns that make the points (default: all that hold measurements)",
    )
    fit.add_argument(
        "--as-is",
        action="store_true",
        help="take the columns in their own units; default is to standardise each by all rows so "
        "far, so that none outweighs others by its unit",
    )
    fit.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="learn on the workers of this Dask scheduler, which must see the files under the same "
        "names; 'local' starts one on this machine. The tables count as parts of one in order.",
    )
    fit.add_argument(
        "--skip-failed",
        action="store_true",
        help="with --scheduler: tell of tables that cannot be learned, and do without them",
    )


def _add_settings(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--n-prototypes", type=int, metavar="K", help="prototypes in memory at most (default: 20)"
    )
    parser.add_argument(
        "--sigma", type=_read_width, metavar="WIDTH", help="width of the kernel (default: auto)"
    )
    parser.add_argument(
        "--half-life",
        type=_read_half_life,
        metavar="POINTS",
        help="points after which what was learned counts half (default: none)",
    )
    parser.add_argument("--update", choices=UPDATE_RULES, help="default: kernel")
    parser.add_argument("--merge", choices=MERGE_RULES, help="default: log-min")


def _add_reading(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--missing",
        choices=("drop", "mean"),
        default="drop",
        help="rows that lack a value are dropped (the default), or get the mean of those before",
    )


def _add_predict(commands: Any) -> None:
    predict = commands.add_parser(
        "predict",
        help="label the rows of tables",
        description="Write one row for each row used: its number in the table from 1 on, its "
        "cluster (-1 is noise) and its features; of several tables the file as well.",
    )
    predict.set_defaults(check=predict)
    predict.add_argument("model", metavar="MODEL", help="a model's file")
    predict.add_argument("data", nargs="+", metavar="DATA", help=DATA)
    predict.add_argument(
        "-o", "--output", metavar="CSV", help="default: the standard output", default="-"
    )
    _add_reading(predict)


def _add_describe(commands: Any) -> None:
    describe = commands.add_parser("describe", help="tell what a model has found")
    describe.set_defaults(check=describe)
    describe.add_argument("model", metavar="MODEL", help="a model's file")
    describe.add_argument("--json", action="store_true", help="all of it, prototypes too, as JSON")


def chosen_parameters(arguments: argparse.Namespace) -> dict[str, Any]:
    """The model's parameters that were named; ends the program by code 2 if one is wrong."""
    named = {
        name: getattr(arguments, name)
        for name in ("n_prototypes", "sigma", "half_life", "update", "merge")
        if getattr(arguments, name) is not None
    }
    if named.get("half_life") == "none":
        named["half_life"] = None
    default = {"n_prototypes": 20, "sigma": "auto", "half_life": None}
    try:
        check_parameters(**(default | {"update": "kernel", "merge": "log-min"} | named))
    except ValueError as error:
        arguments.check.error(str(error))
    return named


def _read_width(text: str) -> float | str:
    return text if text == "auto" else float(text)


def _read_half_life(text: str) -> float | str:
    return text if text == "none" else float(text)


def _read_names(text: str) -> list[str]:
    # Quotes as in a CSV file, for names with a comma.
    names = [name for row in csv.reader([text], skipinitialspace=True) for name in row if name]
    if not names or len(set(names)) < len(names):
        raise argparse.ArgumentTypeError("name one or more columns, each once")
    return names

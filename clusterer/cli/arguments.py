"""The arguments of the command line."""

import argparse
from typing import Any

from clusterer.base import DEFAULT_LEARNER, LEARNERS, Classifier, find_learner, make_learner
from clusterer.cli.reading import add_reading_arguments, split_names, split_weights
from clusterer.cluster.prototypes.parameters import (
    FORGET_RULES,
    MERGE_CHOICES,
    METRICS,
    UPDATE_RULES,
)

FILE = (
    "a table (CSV of any dialect, Excel, OpenDocument, JSON, Parquet, Arrow, NumPy, ARFF, packed "
    "or not)"
)
TABLE = f"{FILE}, or - for the standard input"
DATA = (
    f"{FILE}, a folder of tables, which are read in the order of their names, or - for the "
    "standard input"
)
FEATURES = (
    "the columns to cluster (default: all columns of measurements); quote a name with a comma as "
    "in a CSV file: 'x,\"Temp, °C\"'"
)
DEFAULTS = make_learner().get_params()
CLASSIFIER = "kernel-pegasos"


def make_parser() -> argparse.ArgumentParser:
    """The parser; its result has ``command`` and the arguments of this command."""
    parser = argparse.ArgumentParser(
        prog="clusterer",
        description="Cluster tables of any length in one pass and in constant memory.",
        epilog="Exit codes: 0 for success, 1 for an error in the data or the model, 2 for wrong "
        "usage, 130 for an interruption. There is no random seed: the same rows in the same order "
        "give the same model.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_fit(commands)
    _add_predict(commands)
    _add_describe(commands)
    _add_report(commands)
    return parser


def _add_fit(commands: Any) -> None:
    fit = commands.add_parser("fit", help="learn a model from tables")
    fit.set_defaults(parser=fit)
    fit.add_argument("data", nargs="+", metavar="DATA", help=DATA)
    fit.add_argument(
        "-o", "--output", required=True, metavar="MODEL", help="the model file to write"
    )
    fit.add_argument(
        "--from",
        dest="start",
        metavar="MODEL",
        help="continue with this model: its scaling, its columns and, unless given here, its "
        "parameters",
    )
    fit.add_argument(
        "--learner",
        choices=LEARNERS,
        help=f"what learns the points (default: {DEFAULT_LEARNER})",
    )
    fit.add_argument(
        "--classes",
        metavar="NAME",
        help="the column of classes, for a learner that learns classes; words are numbered in the "
        "order of their first appearance",
    )
    fit.add_argument(
        "--classify",
        metavar="COLUMN",
        help="learn to predict this column of classes from the other columns, with an online "
        f"support vector machine (short for --learner {CLASSIFIER} --classes COLUMN; --learner "
        "pegasos is the linear one); rows without a class are skipped",
    )
    _add_parameters(fit)
    add_reading_arguments(fit)
    fit.add_argument(
        "--features",
        type=split_names,
        metavar="NAME[,NAME]",
        help=FEATURES,
    )
    _add_treatment(fit)
    fit.add_argument(
        "--as-is",
        action="store_true",
        help="keep the columns in their own units (default: standardise each column by all rows so "
        "far, so that no column outweighs the others because of its unit)",
    )
    fit.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="learn on the workers of this Dask scheduler; 'local' starts a scheduler on this "
        "machine. The workers must find the files under the same paths. The tables are parts of "
        "one stream, in the given order",
    )
    fit.add_argument(
        "--skip-failed",
        action="store_true",
        help="with --scheduler: report the tables that cannot be learned and continue without them",
    )


def _add_treatment(parser: argparse.ArgumentParser) -> None:
    """Add the arguments about how single columns are treated."""
    parser.add_argument(
        "--log",
        type=split_names,
        default=[],
        metavar="NAME[,NAME]",
        help="cluster the logarithm of these columns, for columns with many small and a few very "
        "large values; 0 and negative values are allowed: the logarithm is asinh(x/2c), where c is "
        "a small value of the column. The model file keeps this and the weights, and all commands "
        "show values in their own units",
    )
    parser.add_argument(
        "--weights",
        type=split_weights,
        default={},
        metavar="NAME=W[,NAME=W]",
        help="how much columns count beside the others (default: 1 each; 2 counts double, 0 leaves "
        "the column out)",
    )


def _add_parameters(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--n-prototypes",
        type=_parse_n_prototypes,
        metavar="K",
        help=f"most prototypes in memory (default: {DEFAULTS['n_prototypes']})",
    )
    parser.add_argument(
        "--sigma",
        type=_parse_sigma,
        metavar="WIDTH",
        help="width of the Gaussian kernel in the units of the model, or auto "
        f"(default: {DEFAULTS['sigma']})",
    )
    parser.add_argument(
        "--half-life",
        type=_parse_half_life,
        metavar="POINTS",
        help="number of points after which what was learned counts half; none never forgets, auto "
        f"forgets as fast as clusters move (default: {DEFAULTS['half_life']})",
    )
    parser.add_argument(
        "--update",
        choices=UPDATE_RULES,
        help=f"how much a point moves its prototype (default: {DEFAULTS['update']})",
    )
    parser.add_argument(
        "--merge",
        choices=MERGE_CHOICES,
        help=f"which two prototypes merge (default: {DEFAULTS['merge']})",
    )
    parser.add_argument(
        "--metric",
        choices=METRICS,
        help="how far apart two points are; cosine and haversine (latitude and longitude in "
        f"degrees) keep the columns in their own units (default: {DEFAULTS['metric']})",
    )
    _add_reading(parser)


def _add_reading(parser: argparse.ArgumentParser) -> None:
    """Add the parameters that decide which clusters are read from the prototypes."""
    parser.add_argument(
        "--noise-threshold",
        type=_parse_threshold,
        metavar="DISTANCE",
        help="a row that lies farther from its nearest prototype than this many times the root "
        "mean squared distance of the rows there is noise; none for no such limit "
        f"(default: {_show('noise_threshold')})",
    )
    parser.add_argument(
        "--forget",
        choices=FORGET_RULES,
        help="whether clusters that get no more rows fade away with the half-life "
        f"(default: {DEFAULTS['forget']})",
    )
    parser.add_argument(
        "--refresh",
        type=float,
        metavar="SHARE",
        help="share of all rows that may come before the clusters are computed anew "
        f"(default: {DEFAULTS['refresh']})",
    )
    for name, text in (
        ("join", "join the prototypes that no saddle of the density separates"),
        ("drop_singletons", "label prototypes with few rows as noise"),
        ("allow_growth", "accept rows with more features than before"),
    ):
        parser.add_argument(
            f"--{name.replace('_', '-')}",
            action=argparse.BooleanOptionalAction,
            default=None,
            help=f"{text} (default: {'yes' if DEFAULTS[name] else 'no'})",
        )


def _show(name: str) -> str:
    return "none" if DEFAULTS[name] is None else str(DEFAULTS[name])


def _add_predict(commands: Any) -> None:
    predict = commands.add_parser(
        "predict",
        help="label the rows of tables",
        description="Write a CSV file with one line for each row: the number of the row in its "
        "table from 1 on, its cluster (-1 is noise) and its features. A model that has learned "
        "classes writes the class and its margin, the distance to the next class, instead of the "
        "cluster. With several tables, the first column is the file. With --append, write the "
        "whole table instead: all rows and columns, and the cluster, the distance from its centre, "
        "the certainty (-1 to 1), the score (logarithm of the density) and, for rows that cannot "
        "be used, the reason.",
    )
    predict.set_defaults(parser=predict)
    predict.add_argument("model", metavar="MODEL", help="the model file")
    predict.add_argument("data", nargs="+", metavar="DATA", help=DATA)
    predict.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help="the file to write (default: the standard output)",
        default="-",
    )
    predict.add_argument(
        "--append",
        action="store_true",
        help="write all rows and columns of one table, with the columns of the model appended; "
        "Parquet if the name of the output ends in .parquet, else CSV",
    )
    predict.add_argument("--features", type=split_names, metavar="NAME[,NAME]", help=FEATURES)
    add_reading_arguments(predict)


def _add_describe(commands: Any) -> None:
    describe = commands.add_parser("describe", help="show the clusters of a model")
    describe.set_defaults(parser=describe)
    describe.add_argument("model", metavar="MODEL", help="the model file")
    describe.add_argument(
        "--json", action="store_true", help="write the clusters and the prototypes as JSON"
    )


def _add_report(commands: Any) -> None:
    report = commands.add_parser(
        "report",
        help="write who the clusters of a table are, as one HTML file",
        description="Label the rows of a table, and write one HTML file for people without this "
        "program: a picture, a card for each cluster with the features that set it apart, their "
        "means, and the settings. The file loads nothing from the internet.",
    )
    report.set_defaults(parser=report)
    report.add_argument("model", metavar="MODEL", help="the model file")
    report.add_argument("data", metavar="DATA", help=TABLE)
    report.add_argument(
        "-o", "--output", metavar="FILE", required=True, help="the HTML file to write"
    )
    report.add_argument("--features", type=split_names, metavar="NAME[,NAME]", help=FEATURES)
    add_reading_arguments(report)


def expand_classify(arguments: argparse.Namespace) -> None:
    """Set the learner and the column of classes if ``--classify`` is given.

    Exits with code 2 if other arguments contradict it.
    """
    if arguments.classify is None:
        return
    if arguments.classes not in (None, arguments.classify):
        arguments.parser.error("--classify and --classes name two columns; name only one")
    if arguments.learner is not None:
        learner = find_learner(arguments.learner)
        if not issubclass(learner, Classifier):
            arguments.parser.error(
                f"--classify needs a learner of classes, but {arguments.learner} finds clusters; "
                "leave --learner out"
            )
    elif arguments.start is None:
        arguments.learner = CLASSIFIER
    arguments.classes = arguments.classify


def get_parameters(arguments: argparse.Namespace) -> dict[str, Any]:
    """The model's parameters that were given; exits with code 2 if one is not allowed."""
    given = {
        name: getattr(arguments, name)
        for name in DEFAULTS
        if getattr(arguments, name, None) is not None
    }
    given = {name: None if value == "none" else value for name, value in given.items()}
    try:
        make_learner(arguments.learner or DEFAULT_LEARNER, **given)
    except ValueError as error:
        arguments.parser.error(str(error))
    return given


def _parse_n_prototypes(text: str) -> int | str:
    return text if text == "auto" else int(text)


def _parse_threshold(text: str) -> float | str:
    return text if text == "none" else float(text)


def _parse_sigma(text: str) -> float | str:
    return text if text == "auto" else float(text)


def _parse_half_life(text: str) -> float | str:
    return text if text in ("auto", "none") else float(text)

"""The logarithms and the weights of columns that ``clusterer fit`` was told to use."""

import argparse
import sys

import numpy as np
from numpy.typing import NDArray

from clusterer.cli.input import InputTable
from clusterer.preprocessing.scaling import RunningScaling, Scaling, Treatment
from clusterer.preprocessing.treatment_text import write_names
from clusterer.scaled_learner import ScaledLearner
from clusterer.support.text import join_names
from clusterer.tables import TableError


def prepare_features(
    learner: ScaledLearner, table: InputTable, arguments: argparse.Namespace
) -> None:
    """Leave out the columns of weight 0 in a table, and begin the scaling of a new learner.

    Raises ValueError if a column cannot be treated as the arguments say, or if the learner has its
    scaling already.
    """
    logs, weights = arguments.log, arguments.weights
    if not logs and not weights:
        if arguments.as_is and learner.scaling is None:
            learner.scaling = Scaling.identity(len(table.features))
        if learner.scaling is None and not learner.model.keeps_units:
            advise_logarithm(table)
        return
    if learner.scaling is not None:
        raise ValueError(
            "the model of --from keeps its logarithms and weights; leave --log and --weights out"
        )
    if learner.model.keeps_units:
        raise ValueError(
            "this metric compares the columns in their own units; leave --log and --weights out"
        )
    unknown = [name for name in [*logs, *weights] if name not in table.features]
    if unknown:
        raise TableError(
            f"{table.table.name} has no feature {join_names(unknown)}; --log and --weights name "
            f"columns among {join_names([*table.features])}"
        )
    features = tuple(name for name in table.features if weights.get(name, 1.0) > 0.0)
    if not features:
        raise ValueError("all columns have the weight 0; leave at least one with another weight")
    table.features = features
    treatment = Treatment.choose(features, find_units(table, logs), weights)
    n_features = len(features)
    is_fixed = arguments.as_is
    learner.scaling = (
        Scaling.identity(n_features, treatment)
        if is_fixed
        else RunningScaling.start(n_features, treatment)
    )


def find_units(table: InputTable, logs: list[str]) -> dict[str, float]:
    """Return the unit of the logarithm of columns, from the first rows of the table."""
    units = {}
    known = {column.name: column.logarithm for column in table.table.columns}
    for name in logs:
        logarithm = known[name]
        if logarithm is None:
            raise TableError(
                f"{table.table.name}: column {name} has only zeros in the first rows, so its "
                "logarithm has no unit; leave it out of --log"
            )
        units[name] = logarithm.unit
    return units


def advise_logarithm(table: InputTable) -> None:
    """Print on the standard error which columns are heavy-tailed."""
    advised = [
        column.name
        for column in table.table.columns
        if column.name in table.features
        and column.kind == "number"
        and column.logarithm is not None
        and column.logarithm.is_advised
    ]
    if advised:
        names = write_names(advised)
        quoted = f"'{names}'" if any(sign in names for sign in " \"'") else names
        print(
            f"{table.table.name}: {join_names(advised)}: most values are small and a few are very "
            f"large, and these decide the clusters; --log {quoted} clusters the logarithm",
            file=sys.stderr,
        )


def report_negative(learner: ScaledLearner, table: InputTable, lowest: NDArray[np.float64]) -> None:
    """Print on the standard error which columns with a logarithm have values below 0.

    ``lowest`` holds the lowest value (d,) of each column, at most 0.
    """
    if learner.scaling is None:
        return
    units = learner.scaling.treatment.log_units
    found = [
        f"{name} (lowest: {value:.6g})"
        for name, unit, value in zip(table.features, units, lowest.tolist(), strict=True)
        if unit and value < 0.0
    ]
    if found:
        print(
            f"{table.table.name}: values below 0 in {join_names(found)}: the logarithm of their "
            "size is taken, with the sign; if they stand for missing values, name them with "
            "--missing-values",
            file=sys.stderr,
        )

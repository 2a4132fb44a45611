"""``clusterer fit``: learn a model from tables."""

import argparse
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from clusterer.base import DEFAULT_LEARNER, Clusterer, find_learner_name, make_learner
from clusterer.cli.arguments import expand_classify, get_parameters
from clusterer.cli.input import STANDARD_INPUT, InputTable, list_tables, name_classes
from clusterer.cli.output import check_writable, refuse_input
from clusterer.cli.reading import make_reading_options
from clusterer.cli.treatment import prepare_features, report_negative
from clusterer.scaled_learner import ScaledLearner
from clusterer.stream.chunk import NOISE
from clusterer.support.text import join_names, make_printable
from clusterer.svm.stream_classifier import StreamClassifier
from clusterer.tables import TableError


def fit(arguments: argparse.Namespace) -> None:
    """Learn a model and save it. Raises ValueError or OSError and then changes no file."""
    expand_classify(arguments)
    parameters = get_parameters(arguments)
    output = make_printable(arguments.output, 200)
    check_writable(arguments.output)
    if Path(arguments.output).exists() and not Path(arguments.output).is_file():
        raise OSError(f"{output} cannot be written, because it is not a regular file")
    names = list_tables(arguments.data)
    # The model of --from may be continued in place: it is read as a whole before it is replaced.
    refuse_input(arguments.output, names)
    learner = start_learner(arguments, parameters)
    if arguments.scheduler is None:
        learn_tables(learner, names, arguments)
    else:
        learner = learn_with_scheduler(learner, names, arguments)
    if not learner.is_fitted:
        raise ValueError("the tables have no usable row, so no model was written")
    learner.save(arguments.output)
    snapshot, features = learner.model.snapshot(), learner.feature_names or ()
    if isinstance(learner.model, StreamClassifier):
        print(
            f"{output}: {len(learner.model.classes_)} classes, from {snapshot.n_seen:,} rows of "
            f"{join_names([*features])}; {learner.model.n_mistakes_:,} rows were predicted wrongly "
            "before they were learned",
            file=sys.stderr,
        )
        return
    print(
        f"{output}: {snapshot.n_clusters} clusters of {len(snapshot.weights)} prototypes, from "
        f"{snapshot.n_seen:,} points in {join_names([*features])}",
        file=sys.stderr,
    )
    if snapshot.enough_prototypes:
        print(
            f"{snapshot.most_prototypes} prototypes are too few here: try --n-prototypes "
            f"{snapshot.enough_prototypes}",
            file=sys.stderr,
        )


def start_learner(arguments: argparse.Namespace, parameters: dict[str, Any]) -> ScaledLearner:
    """A new learner, or the learner in the file of ``--from``."""
    features = None if arguments.features is None else tuple(arguments.features)
    if arguments.start is None:
        model = make_learner(arguments.learner or DEFAULT_LEARNER, **parameters)
        return ScaledLearner(model, feature_names=features)
    learner = ScaledLearner.load(arguments.start)
    if arguments.learner not in (None, find_learner_name(learner.model)):
        raise ValueError(
            f"{make_printable(arguments.start)} is a model of the learner "
            f"{find_learner_name(learner.model)}; leave --learner out"
        )
    learner.model.set_params(**parameters)
    learned = learner.feature_names
    if learned is not None and features not in (None, learned):
        raise ValueError(
            f"{make_printable(arguments.start)} has learned the columns {join_names([*learned])}; "
            "--features must name these or be left out"
        )
    learner.feature_names = learned or features
    return learner


def learn_tables(
    learner: ScaledLearner, names: Sequence[str], arguments: argparse.Namespace
) -> None:
    """Learn one table after the other in this process."""
    codes: dict[str, int] = {}
    options = make_reading_options(arguments)
    with tqdm(unit=" points", unit_scale=True, disable=None) as bar:
        for i, name in enumerate(names):
            bar.set_description(f"{i + 1}/{len(names)} {make_printable(Path(name).name, 30)}")
            table = InputTable(
                name,
                learner.feature_names,
                options,
                arguments.classes,
                isinstance(learner.model, StreamClassifier),
            )
            if not i:
                prepare_features(learner, table, arguments)
            learner.feature_names = table.features
            lowest = np.zeros(len(table.features))
            for points, rows, classes in table.read(codes):
                lowest = np.minimum(lowest, points.min(axis=0, initial=0.0))
                try:
                    learn_chunk(learner, points, classes, codes)
                except ValueError as error:
                    place = f"{table.table.name}, rows {rows[0]:,} to {rows[-1]:,}"
                    raise ValueError(f"{place}: {error}") from None
                bar.update(len(points))
            table.report_changes()
            report_negative(learner, table, lowest)


def learn_chunk(
    learner: ScaledLearner,
    points: NDArray[np.float64],
    classes: NDArray[np.int64] | None,
    codes: dict[str, int],
) -> None:
    """Learn a chunk; a support vector machine learns the classes themselves, not their numbers."""
    if isinstance(learner.model, StreamClassifier) and classes is not None and codes:
        known = classes != NOISE
        if known.any():
            names = name_classes(classes[known], codes)
            learner.learn(points[known], names, has_all_classes=True)
        return
    learner.learn(points, classes)


def learn_with_scheduler(
    learner: ScaledLearner, names: Sequence[str], arguments: argparse.Namespace
) -> ScaledLearner:
    """Learn the tables on the workers of a Dask scheduler.

    Raises PartitionError if a table could not be learned, unless failed tables are skipped.
    """
    from clusterer import distributed

    if arguments.classes is not None or not isinstance(learner.model, Clusterer):
        raise ValueError(
            "the workers of a scheduler merge models of clusters; leave --scheduler out to learn "
            "classes"
        )
    if STANDARD_INPUT in names:
        raise TableError(
            "the workers of a scheduler cannot read the standard input (-); name a file"
        )
    # The working folder of the workers can differ from this one.
    paths = [Path(name).absolute() for name in names]
    table = open_first(learner, names, arguments)
    prepare_features(learner, table, arguments)
    learner.feature_names = table.features
    with tqdm(total=len(paths), unit=" tables", disable=None) as bar:

        def show(report: distributed.PartitionReport) -> None:
            bar.set_description(make_printable(Path(report.name).name, 30), refresh=False)
            bar.update()

        outcome = distributed.learn(
            paths,
            learner,
            client=arguments.scheduler,
            options=make_reading_options(arguments),
            is_scaled=not arguments.as_is,
            on_report=show,
        )
    for report in outcome.reports:
        if report.n_dropped:
            print(
                f"{make_printable(report.name, 200)}: {report.n_dropped:,} rows dropped",
                file=sys.stderr,
            )
    if outcome.failures:
        error = distributed.PartitionError(outcome.failures, len(outcome.reports), outcome)
        if not arguments.skip_failed:
            raise error
        print(error, file=sys.stderr)
    return outcome.learner


def open_first(
    learner: ScaledLearner, names: Sequence[str], arguments: argparse.Namespace
) -> InputTable:
    """The first table that can be read here; it tells the columns of all tables."""
    for name in names[:-1]:
        with suppress(TableError):
            return InputTable(name, learner.feature_names, make_reading_options(arguments))
    return InputTable(names[-1], learner.feature_names, make_reading_options(arguments))

"""``clusterer fit``: tables into a model."""

import argparse
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from tqdm import tqdm

from clusterer.cli.arguments import chosen_parameters
from clusterer.cli.input import PIPE, Feed, list_tables
from clusterer.cli.output import check_place
from clusterer.cluster.estimator import OnlineClusterer
from clusterer.cluster.scaled_clusterer import Learner
from clusterer.preprocessing.scaling import Scaling
from clusterer.support.text import join_names, make_printable
from clusterer.tables import TableError


def fit(arguments: argparse.Namespace) -> None:
    """Learn a model and save it. Raises ValueError or OSError; no file is touched then."""
    parameters = chosen_parameters(arguments)
    check_place(arguments.output)
    if Path(arguments.output).exists() and not Path(arguments.output).is_file():
        raise OSError(
            f"{make_printable(arguments.output, 200)} is no file, so no model can be there"
        )
    learner = begin(arguments, parameters)
    names = list_tables(arguments.data)
    if arguments.scheduler is None:
        learn_here(learner, names, arguments)
    else:
        learner = learn_there(learner, names, arguments)
    if not learner.is_fitted:
        raise ValueError("no row could be used, so there is no model")
    learner.save(arguments.output)
    model, features = learner.model, learner.feature_names or ()
    print(
        f"{make_printable(arguments.output, 200)}: {model.n_clusters_} clusters by "
        f"{len(model.weights_)} prototypes, of {model.n_seen_:,} points in "
        f"{join_names([*features])}",
        file=sys.stderr,
    )


def begin(arguments: argparse.Namespace, parameters: dict[str, Any]) -> Learner:
    """What learns: new, unless ``--from`` names a model to go on with."""
    asked = None if arguments.features is None else tuple(arguments.features)
    if arguments.start is None:
        return Learner(OnlineClusterer(**parameters), feature_names=asked)
    learner = Learner.load(arguments.start)
    learner.model.set_params(**parameters)
    known = learner.feature_names
    if known is not None and asked not in (None, known):
        raise ValueError(f"{make_printable(arguments.start)} has learned {join_names([*known])}")
    learner.feature_names = known or asked
    return learner


def learn_here(learner: Learner, names: Sequence[str], arguments: argparse.Namespace) -> None:
    """Stream one table after the other through the model."""
    with tqdm(unit=" points", unit_scale=True, disable=None) as bar:
        for i, name in enumerate(names):
            bar.set_description(f"{i + 1}/{len(names)} {make_printable(Path(name).name, 30)}")
            feed = Feed(name, learner.feature_names, arguments.missing)
            learner.feature_names = feed.features
            if arguments.as_is and learner.scaling is None:
                learner.scaling = Scaling.identity(len(feed.features))
            for points, rows in feed.read():
                try:
                    learner.learn(points)
                except ValueError as error:
                    where = f"{feed.table.name}, rows {rows[0]:,} to {rows[-1]:,}"
                    raise ValueError(f"{where}: {error}") from None
                bar.update(len(points))
            feed.tell_losses()


def learn_there(learner: Learner, names: Sequence[str], arguments: argparse.Namespace) -> Learner:
    """Have the workers of a scheduler learn a table each. Raises PartitionError if any failed."""
    from clusterer import distributed

    if PIPE in names:
        raise TableError("the standard input (-) cannot be read by the workers of a scheduler")
    # The workers may have another folder than this one.
    paths = [Path(name).absolute() for name in names]
    learner.feature_names = choose_features(learner, names, arguments)
    with tqdm(total=len(paths), unit=" tables", disable=None) as bar:

        def show(report: distributed.PartitionReport) -> None:
            bar.set_description(make_printable(Path(report.name).name, 30), refresh=False)
            bar.update()

        outcome = distributed.learn(
            paths,
            learner,
            client=arguments.scheduler,
            missing=arguments.missing,
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


def choose_features(
    learner: Learner, names: Sequence[str], arguments: argparse.Namespace
) -> tuple[str, ...]:
    """The columns for all tables, by the first one that can be read here."""
    if learner.feature_names is not None:
        return learner.feature_names
    for name in names[:-1]:
        with suppress(TableError):
            return Feed(name, None, arguments.missing).features
    return Feed(names[-1], None, arguments.missing).features

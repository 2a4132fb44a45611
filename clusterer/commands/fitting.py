"""``clusterer fit``: tables into a model."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from clusterer.commands.arguments import chosen_parameters
from clusterer.commands.feeds import Feed, list_tables
from clusterer.commands.outputs import check_place
from clusterer.estimator import OnlineClusterer
from clusterer.learners import Learner
from clusterer.scalings import Scaling
from clusterer.tables.errors import listed, printable


def fit(arguments: argparse.Namespace) -> None:
    """Learn a model and save it. Raises ValueError or OSError; no file is touched then."""
    parameters = chosen_parameters(arguments)
    check_place(arguments.output)
    if Path(arguments.output).exists() and not Path(arguments.output).is_file():
        raise OSError(f"{printable(arguments.output, 200)} is no file, so no model can be there")
    learner = begin(arguments, parameters)
    learn_here(learner, list_tables(arguments.data), arguments)
    if not learner.is_fitted:
        raise ValueError("no row could be used, so there is no model")
    learner.save(arguments.output)
    model, names = learner.model, learner.feature_names or ()
    print(
        f"{printable(arguments.output, 200)}: {model.n_clusters_} clusters by "
        f"{len(model.weights_)} prototypes, of {model.n_seen_:,} points in {listed([*names])}",
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
        raise ValueError(f"{printable(arguments.start)} has learned {listed([*known])}")
    learner.feature_names = known or asked
    return learner


def learn_here(learner: Learner, names: Sequence[str], arguments: argparse.Namespace) -> None:
    """Stream one table after the other through the model."""
    with tqdm(unit=" points", unit_scale=True, disable=None) as bar:
        for i, name in enumerate(names):
            bar.set_description(f"{i + 1}/{len(names)} {printable(Path(name).name, 30)}")
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

"""``clusterer describe``: what a model has found, for a person or as JSON."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from clusterer.cluster.scaled_clusterer import Learner
from clusterer.export.data_files import list_clusters, write_json
from clusterer.preprocessing.scaling import RunningScaling, Scaling
from clusterer.session.recipe import Recipe
from clusterer.session.run_export import RunExport
from clusterer.stream import ArraySource
from clusterer.support.text import make_printable

MOST_FEATURES = 12


def describe(arguments: argparse.Namespace) -> None:
    """Print it. Raises ValueError or OSError if there is no model in the file."""
    learner = Learner.load(arguments.model)
    taken = take(learner, Path(arguments.model).name)
    if arguments.json:
        sys.stdout.write(write_json(taken).decode() + "\n")
    else:
        sys.stdout.writelines(f"{line}\n" for line in list_lines(learner, taken))
    sys.stdout.flush()


def take(learner: Learner, name: str) -> RunExport:
    """The model as the dashboard takes it away, without points."""
    model = learner.model
    source = ArraySource(np.zeros((1, model.n_features_in_)), learner.feature_names, name=name)
    return RunExport(
        source=source,
        scaling=learner.scaling or Scaling.identity(source.n_features),
        model=model,
        snapshot=model.snapshot(),
        center_clusters=model.cluster_labels_,
        points=np.empty((0, source.n_features)),
        classes=None,
        class_names=None,
        recipe=Recipe(model.get_params(), noise=None, scaling=learner.scaling),
    )


def list_lines(learner: Learner, taken: RunExport) -> Iterator[str]:
    """The description, line by line."""
    model, shot, names = learner.model, taken.snapshot, taken.source.feature_names
    shown = [make_printable(name, 30) for name in names[:MOST_FEATURES]]
    more = f" and {len(names) - len(shown)} more" if len(names) > len(shown) else ""
    how = "standardised" if isinstance(learner.scaling, RunningScaling) else "as they are"
    chosen = "automatic" if model.sigma == "auto" else "chosen"
    yield f"points      {shot.n_seen:,}"
    yield f"features    {', '.join(shown)}{more} ({how})"
    yield f"prototypes  {len(shot.weights)} of at most {model.n_prototypes}"
    yield f"sigma       {shot.sigma:.6g} ({chosen})"
    yield f"half-life   {'none' if model.half_life is None else model.half_life}"
    yield f"clusters    {model.n_clusters_}"
    yield ""
    columns, centers = list_clusters(taken)
    told = ("cluster", "points", "share", "prototypes")
    rows = [[*told, *shown]]
    for i, center in enumerate(centers):
        rows.append([_show(columns[name][i]) for name in told])
        rows[-1] += [_show(value) for value in center[:MOST_FEATURES]]
    is_noise = taken.center_clusters < 0
    counts = shot.counts[is_noise].sum()
    share = counts / max(shot.counts.sum(), 1e-300)
    rows.append(["noise", _show(counts), _show(share), str(is_noise.sum())])
    widths = [max(len(row[j]) for row in rows if j < len(row)) for j in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=False))


def _show(value: Any) -> str:
    return str(value) if isinstance(value, int | np.integer) else f"{value:.6g}"

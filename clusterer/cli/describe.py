"""``clusterer describe``: show the clusters of a model, as a text table or as JSON."""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from clusterer.base import find_learner_name
from clusterer.cli.output import check_standard_output
from clusterer.export.data_files import list_clusters, write_json
from clusterer.preprocessing.scaling import RunningScaling, Scaling
from clusterer.scaled_learner import ScaledLearner
from clusterer.session.recipe import Recipe
from clusterer.session.run_export import RunExport
from clusterer.stream import ArraySource
from clusterer.support.text import join_names, make_printable
from clusterer.svm.stream_classifier import StreamClassifier

MAX_FEATURES = 12


def describe(arguments: argparse.Namespace) -> None:
    """Print the description. Raises ValueError or OSError if the file holds no model."""
    check_standard_output()
    learner = ScaledLearner.load(arguments.model)
    if isinstance(learner.model, StreamClassifier):
        describe_classifier(learner, arguments.json)
        return
    run = export_model(learner, Path(arguments.model).name)
    if arguments.json:
        sys.stdout.write(write_json(run).decode() + "\n")
    else:
        sys.stdout.writelines(f"{line}\n" for line in list_lines(learner, run))
    sys.stdout.flush()


def describe_classifier(learner: ScaledLearner, is_json: bool) -> None:
    """Print what a support vector machine has learned, as a list or as JSON."""
    model = learner.model
    names = learner.feature_names or tuple(f"x{i}" for i in range(model.n_features_in_))
    document: dict[str, Any] = {
        "kind": find_learner_name(model),
        "rows": model.n_seen_,
        "mistakes": model.n_mistakes_,
        "updates": model.n_updates_,
        "features": list(names),
        "classes": model.classes_.tolist(),
        "parameters": {name: str(value) for name, value in model.get_params().items()},
    }
    if hasattr(model, "support_vectors_"):
        half_life = None if np.isinf(model.half_life_) else model.half_life_
        vectors = (learner.scaling or Scaling.identity(len(names))).undo(model.support_vectors_)
        document |= {"sigma": model.sigma_, "half-life": half_life, "vectors": len(vectors)}
        if is_json:
            document["vectors"] = [
                {"coefficients": coefficients, "features": vector}
                for coefficients, vector in zip(
                    model.dual_coef_.tolist(), vectors.tolist(), strict=True
                )
            ]
    if is_json:
        sys.stdout.write(json.dumps(document, indent=2) + "\n")
    else:
        share = model.n_mistakes_ / max(model.n_seen_, 1)
        document["mistakes"] = f"{model.n_mistakes_:,} ({share:.1%}) before they were learned"
        for name in ("features", "classes"):
            document[name] = join_names([str(each) for each in document[name]], MAX_FEATURES)
        document |= document.pop("parameters")
        for name, value in document.items():
            is_count = isinstance(value, int)
            sys.stdout.write(f"{name:<13} {f'{value:,}' if is_count else value}\n")
    sys.stdout.flush()


def export_model(
    learner: ScaledLearner, name: str, feature_names: Sequence[str] | None = None
) -> RunExport:
    """The model as a run without points, so that the writers of data files can read it.

    ``feature_names`` are needed if the model has learned columns without names.
    """
    model = learner.model
    names = learner.feature_names or feature_names
    source = ArraySource(np.zeros((1, model.n_features_in_)), names, name=name)
    return RunExport(
        source=source,
        scaling=learner.scaling or Scaling.identity(source.n_features),
        model=model,
        snapshot=model.snapshot(),
        center_clusters=model.snapshot().labels,
        points=np.empty((0, source.n_features)),
        classes=None,
        class_names=None,
        recipe=Recipe(model.get_params(), noise=None, scaling=learner.scaling),
    )


def list_lines(learner: ScaledLearner, run: RunExport) -> Iterator[str]:
    """The lines of the description."""
    snapshot, names = run.snapshot, run.source.feature_names
    shown = [make_printable(name, 30) for name in names[:MAX_FEATURES]]
    more = f" and {len(names) - len(shown)} more" if len(names) > len(shown) else ""
    units = "standardised" if isinstance(learner.scaling, RunningScaling) else "in their own units"
    yield f"points      {snapshot.n_seen:,}"
    yield f"features    {', '.join(shown)}{more} ({units})"
    for name, text in run.scaling.treatment.explain(names).items():
        yield f"{name:<11} {make_printable(text, 300)}"
    for name, text in learner.model.describe().items():
        yield f"{name:<11} {text}"
    yield f"clusters    {snapshot.n_clusters}"
    yield ""
    columns, centers = list_clusters(run)
    headers = ("cluster", "points", "share", "prototypes")
    rows = [[*headers, *shown]]
    for i, center in enumerate(centers):
        rows.append([_format(columns[name][i]) for name in headers])
        rows[-1] += [_format(value) for value in center[:MAX_FEATURES]]
    is_noise = run.center_clusters < 0
    n_points = snapshot.counts[is_noise].sum()
    share = n_points / max(snapshot.counts.sum(), 1e-300)
    rows.append(["noise", _format(n_points), _format(share), str(is_noise.sum())])
    widths = [max(len(row[j]) for row in rows if j < len(row)) for j in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=False))


def _format(value: Any) -> str:
    return str(value) if isinstance(value, int | np.integer) else f"{value:.6g}"

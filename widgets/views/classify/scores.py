"""The scores of the classifier over time, and the tables of its scores and classes."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from clusterer.evaluation.classification.companion import Classification
from clusterer.evaluation.classification.prequential import N_RECENT, Prequential
from clusterer.evaluation.classification.regret import Regret
from widgets.components.palette import CLUSTER_COLORS
from widgets.controls.controls import write_number
from widgets.live.view_data import ViewData, thin
from widgets.views.plot import (
    PlotData,
    load_holoviews,
    set_options,
    set_plot_options,
    span_time,
)

if TYPE_CHECKING:
    import holoviews as hv

N_COLUMNS = 200
MOST_CLASSES = 12
CURVES = {
    "accuracy": "accuracy",
    "kappa": "κ",
    "kappa_temporal": "κ against no change",
    "peer": "accuracy of the peer",
}
Row = tuple[str, ...]


def measure_scores(view_data: ViewData) -> PlotData:
    """The scores of the last 500 points, at each recorded state with a classifier."""
    states = [each for each in view_data.recording.states if each.classification is not None]
    shown = thin(tuple(states), N_COLUMNS)
    known = [each.classification for each in shown if each.classification is not None]
    xs = np.array([each.n_seen for each in shown], dtype=np.int64)
    layers: dict[str, dict[str, Any]] = {}
    lowest = 0.0
    for name in CURVES:
        column = np.array([_read_score(each, name) for each in known], dtype=np.float64)
        is_known = np.isfinite(column)
        lowest = min([lowest, *column[is_known].tolist()])
        layers[f"classify {name}"] = {
            "seen": xs[is_known].astype(np.float64),
            "score": column[is_known].astype(np.float32),
        }
    layers["classify now"] = {"seen": view_data.past}
    limits = {"seen": span_time(xs), "score": (max(lowest, -1.0), 1.02)}
    return PlotData(layers, limits)


def _read_score(known: Classification, name: str) -> float:
    if name != "peer":
        return float(getattr(known.tests.recent, name))
    return math.nan if known.peer_tests is None else known.peer_tests.recent.accuracy


def draw_scores(data: PlotData) -> hv.Overlay:
    """The curves over the points seen."""
    hv = load_holoviews()

    curves = [
        set_options(
            hv.Curve(data.layers[f"classify {name}"], ["seen"], ["score"], label=title),
            f"classify {name}",
            [(title, "@score{0.000}"), ("after", "@seen{0,0} points")],
            color="#999999" if name == "peer" else CLUSTER_COLORS[i],
            line_dash="dashed" if name == "peer" else "solid",
            line_width=2,
        )
        for i, (name, title) in enumerate(CURVES.items())
    ]
    now = set_options(
        hv.VLines(data.layers["classify now"], ["seen"], []),
        "classify now",
        color="#888888",
        line_dash="dashed",
    )
    return set_plot_options(
        hv.Overlay([*curves, now]),
        data,
        "classify scores plot",
        xlabel="points seen",
        ylabel=f"last {N_RECENT} points",
        height=360,
        xticks=4,
    )


def tabulate_scores(known: Classification, regret: Regret | None) -> list[Row]:
    """Rows of a table: the measure, the value of the classifier, the value of the peer if any."""
    tests = [known.tests, *([known.peer_tests] if known.peer_tests is not None else [])]
    rows: list[Row] = [
        ("points tested", *(f"{each.total.n:,}" for each in tests)),
        *_write_scores(tests),
    ]
    if regret is not None:
        values = [regret.regret, *([regret.peer] if known.peer_tests is not None else [])]
        title = f"regret against a batch SVM on the last {regret.n:,} points"
        rows.append((title, *map(_write_share, values)))
    return rows


def _write_scores(tests: Iterable[Prequential]) -> list[Row]:
    rows: list[Row] = []
    for name in ("accuracy", "kappa", "kappa_temporal"):
        pairs = [(getattr(each.recent, name), getattr(each.total, name)) for each in tests]
        rows.append(
            (
                f"{CURVES[name]}: last {N_RECENT} points / all",
                *(f"{_write(a)} / {_write(b)}" for a, b in pairs),
            )
        )
    return rows


def _write(value: float) -> str:
    return f"{value:.3f}" if math.isfinite(value) else "–"


def _write_share(value: float) -> str:
    return f"{value:+.1%}" if math.isfinite(value) else "–"


def tabulate_classes(known: Classification) -> list[Row]:
    """Rows of a table: the class, the number of its points, the share predicted rightly."""
    recalls = sorted(known.tests.recalls.items(), key=lambda each: -each[1][0])
    return [
        (known.names.get(name, str(name)), f"{n:,}", f"{recall:.1%}")
        for name, (n, recall) in recalls[:MOST_CLASSES]
    ]


def describe_classifier(known: Classification, model: Any) -> str:
    """A sentence about the classifier in force.

    Parameters
    ----------
    known : Classification
        The classifier and its settings.
    model : classifier
        The same classifier, unpacked.
    """
    taught = "the clusters" if known.teacher == "clusters" else "the classes of the stream"
    if known.settings.kind == "linear":
        return f"A linear classifier, taught by {taught}, with {model.n_updates_:,} updates so far."
    memory = "never forgets"
    if math.isfinite(model.half_life_):
        memory = f"forgets with a half-life of {model.half_life_:,.0f} points"
    return (
        f"A classifier with a Gaussian kernel, taught by {taught}: "
        f"{len(model.support_vectors_)} support vectors, width {write_number(model.sigma_)}; "
        f"it {memory}."
    )

"""The classifier that learns beside the clusterer: its borders, its scores and its controls."""

from __future__ import annotations

import html
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import panel_material_ui as pmui

from clusterer.evaluation.classification.companion import Classification
from clusterer.evaluation.classification.peers import PEERS
from clusterer.evaluation.classification.prequential import N_RECENT
from clusterer.evaluation.classification.regret import Regret, measure_regret
from clusterer.evaluation.classification.settings import ClassifierSettings
from widgets.components.text import Html, Text
from widgets.controls.controls import WIDE, Controls
from widgets.live.view_data import ViewData
from widgets.views.classify.merges import MergeTrace
from widgets.views.classify.regions import Scene, draw_regions, find_vectors, measure_regions
from widgets.views.classify.scores import (
    Row,
    describe_classifier,
    draw_scores,
    measure_scores,
    tabulate_classes,
    tabulate_scores,
)
from widgets.views.comparison import STYLE
from widgets.views.plot import LivePlot, PlotData, load_holoviews

if TYPE_CHECKING:
    import holoviews as hv
    from bokeh.plotting import figure

REGRET_PERIOD_S = 5.0
"""A batch support vector machine takes a tenth of a second and more."""

KERNEL_SETTINGS = (
    "classifier_sigma",
    "has_automatic_classifier_sigma",
    "classifier_budget",
    "classifier_maintenance",
)
CHOICES = ("classifier", "classifier_teacher")
"""The settings above the plot."""

ORDER = (
    *CHOICES,
    "classifier_alpha",
    "classifier_half_life",
    "has_automatic_classifier_half_life",
    "classifier_sigma",
    "has_automatic_classifier_sigma",
    "classifier_budget",
    "classifier_maintenance",
    "classifier_peer",
)
NOTHING = (
    "The classifier begins with the next point whose class is known. Where the stream has no "
    "classes, the clusters teach. A run of many files has no classifier."
)
NOTE = (
    "Colours of the areas: the predicted class. Solid line: the border; dashed lines: the margins, "
    "where the lead is 1. Rings: support vectors, larger for a larger |α|; grey lines: vectors "
    "that merged since the last picture. Each point is predicted before it is learned. κ is 0 for "
    "chance and 1 for no mistake; κ against no change is 0 for the rule “the class stays as it "
    "was”. Regret: the share of mistakes beyond those of a batch support vector machine that knew "
    "all these points. The classifier learns while this tab is open; Reset starts it with the "
    "first point. A peer begins anew after a reload."
)


class Measured(NamedTuple):
    """What `ClassifyView.draw` shows."""

    known: Classification | None
    data: PlotData
    is_new: bool
    sentence: str
    rows: Sequence[Row]
    classes: Sequence[Row]
    estimates: dict[str, float]


class ClassifyView:
    """Shows the classifier that learns while the tab is open, and its controls.

    ``set_classifier`` gets the settings and the key of the peer whenever they change, and when the
    tab is opened or closed. ``controls`` builds the widgets of the settings.
    """

    title = "Classify"

    def __init__(
        self, set_classifier: Callable[[ClassifierSettings, str], None], controls: Controls
    ) -> None:
        self._set_classifier = set_classifier
        self._settings = controls.settings
        self._is_open = False
        self._plot = LivePlot(draw_classification)
        self._trace = MergeTrace()
        self._regret: tuple[float, ClassifierSettings, Regret | None] | None = None
        self._text, self._note = Text(), Text()
        self._note.show(NOTE)
        self._text.show(NOTHING)
        self._table, self._classes = (
            Html("", stylesheets=[STYLE], sizing_mode="stretch_width", margin=(2, 12))
            for _ in range(2)
        )
        self.estimates: dict[str, float] = {}
        self._build_controls(controls)
        self.pane = pmui.Column(
            self.choices,
            self._text.pane,
            self._plot.pane,
            self.controls,
            self._table,
            self._classes,
            self._note.pane,
            **WIDE,
        )

    def _build_controls(self, controls: Controls) -> None:
        self.widgets = {name: controls.get(name) for name in ORDER}
        for widget in self.widgets.values():
            widget.param.update(min_width=200, max_width=300)
        choices = [self.widgets[name] for name in CHOICES]
        others = [widget for widget in self.widgets.values() if widget not in choices]
        self.choices, self.controls = (
            pmui.FlexBox(*each, gap="12px", **WIDE) for each in (choices, others)
        )
        self._settings.param.watch(self._change, list(ORDER))
        self._show_controls()

    @property
    def figures(self) -> list[figure]:
        """The figures of Bokeh; none before the first points."""
        return self._plot.figures

    def open(self, is_open: bool) -> None:
        """Let the classifier learn while the tab is open."""
        if is_open != self._is_open:
            self._is_open = is_open
            self._send()

    def _send(self) -> None:
        settings = self._settings.classifier_settings(is_learning=self._is_open)
        self._set_classifier(settings, self._settings.classifier_peer)

    def _change(self, *_: object) -> None:
        self._show_controls()
        if self._is_open:
            self._send()

    def _show_controls(self) -> None:
        is_kernel = self._settings.classifier == "kernel"
        for name in KERNEL_SETTINGS:
            self.widgets[name].visible = is_kernel

    def measure(self, view_data: ViewData) -> Measured:
        """What `draw` shows; may run in another thread."""
        known = view_data.classification
        model = None if known is None else known.model
        data = measure_classification(view_data, known, model, self._trace)
        is_new = self._plot.build(data)
        if known is None or model is None:
            return Measured(None, data, is_new, NOTHING, (), (), {})
        rows = tabulate_scores(known, self._measure_regret(known))
        estimates = {}
        if known.settings.kind == "kernel":
            estimates = {
                "classifier_sigma": model.sigma_,
                "classifier_half_life": model.half_life_,
            }
        sentence = describe_classifier(known, model)
        return Measured(known, data, is_new, sentence, rows, tabulate_classes(known), estimates)

    def _measure_regret(self, known: Classification) -> Regret | None:
        now = time.monotonic()
        if (
            self._regret is None
            or self._regret[1] != known.settings
            or now - self._regret[0] > REGRET_PERIOD_S
        ):
            self._regret = now, known.settings, measure_regret(known)
        return self._regret[2]

    def draw(self, measured: Measured) -> None:
        """Bring the page up to the data; without a classifier the last plot stays."""
        self._text.show(measured.sentence)
        self.estimates = measured.estimates
        if measured.known is None:
            return
        self._plot.show(measured.data, measured.is_new)
        peer = PEERS[measured.known.peer].title if measured.known.peer else None
        heads = ["test, then train", "classifier", *([peer] if peer else [])]
        self._table.object = lay_out(heads, measured.rows)
        heads = ["class", "points", "predicted rightly"]
        self._classes.object = lay_out(heads, measured.classes)


def measure_classification(
    view_data: ViewData, known: Classification | None, model: Any, trace: MergeTrace
) -> PlotData:
    """The layers of both plots; ``model`` is the classifier of ``known``, unpacked."""
    scores = measure_scores(view_data)
    n_features = 0 if known is None else len(known.scaling.scales)
    merges = np.empty((0, 2, n_features))
    if known is None:
        return PlotData({})
    points = known.points[-N_RECENT:]
    if model is not None:
        places, ids, _, _ = find_vectors(model, known.scaling)
        merges = trace.follow(ids, places, model.n_seen_)
    tests = known.tests.window[len(known.tests.window) - len(points) :]
    scene = Scene(model, points, tests, known.scaling, merges, known.colors, known.names)
    regions = measure_regions(scene, view_data.view_request)
    if regions.is_empty:
        return regions
    return PlotData({**regions.layers, **scores.layers}, {**regions.limits, **scores.limits})


def draw_classification(data: PlotData) -> hv.Layout:
    """The plot of the regions and the plot of the scores."""
    hv = load_holoviews()

    return hv.Layout([draw_regions(data), draw_scores(data)])


def lay_out(heads: Sequence[str], rows: Sequence[Row]) -> str:
    """A table in HTML; the texts may come from strangers.

    >>> lay_out(["class"], [("<b>",)])
    '<table><thead><tr><th>class</th></tr></thead><tbody><tr><td>&lt;b&gt;</td></tr></tbody></table>'
    """
    head = "".join(f"<th>{html.escape(each)}</th>" for each in heads)
    body = "".join(
        f"<tr>{''.join(f'<td>{html.escape(each)}</td>' for each in row)}</tr>" for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"

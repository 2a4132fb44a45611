"""The dendrogram: the peaks of the density, where they meet, and which of them are clusters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import panel as pn
import panel_material_ui as pmui
from bokeh.models import Span
from numpy.typing import NDArray

from clusterer import OnlineClusterer
from clusterer.base import Snapshot
from clusterer.cluster.density.dendrogram import Dendrogram, build_dendrogram
from clusterer.cluster.labelling.alternatives import cut_merge_tree, measure_snapshot
from clusterer.session.recipe import CUT
from widgets.components.button import build_button
from widgets.components.palette import wrap_colors
from widgets.components.text import Text
from widgets.controls.controls import WIDE
from widgets.live.view_data import ViewData
from widgets.views.groups.decide import Choices, Decide, DecisionBar, list_choices
from widgets.views.plot import (
    COLOR_OPTIONS,
    Columns,
    LivePlot,
    PlotData,
    load_holoviews,
    set_options,
    set_plot_options,
)

if TYPE_CHECKING:
    import holoviews as hv

TEXTS = "cluster", "weight", "length"
ENDS = ["x", "bottom", "x1", "top"]
STEP, SHORTEST = 0.05, 0.05
HOW_TO_CUT = (
    "Drag the dashed line, or move the slider, to see how many clusters another bar gives: a "
    "longer bar gives fewer. The line shows the bar at the highest peak."
)
TOOLTIPS = ("", "@cluster"), ("weight", "@weight{0,0.0}"), ("length", "@length")


def dendrogram(model: OnlineClusterer) -> hv.Overlay:
    """A vertical line for each peak of the model's density, down to where it meets a higher peak.

    Parameters
    ----------
    model : a fitted `OnlineClusterer`; with no point learned, the plot is empty

    Examples
    --------
    >>> random = np.random.default_rng(0)
    >>> blobs = np.concatenate([random.normal(size=(200, 1)), random.normal(20, size=(200, 1))])
    >>> plot = dendrogram(OnlineClusterer(20).fit(random.permutation(blobs)))
    >>> len(plot.Segments.Long_peak)
    2
    """
    snapshot = model.snapshot()
    labels = np.asarray(snapshot.labels, dtype=np.int64)
    return draw_dendrogram(_measure(snapshot, labels, labels, ViewData().call))


def measure_dendrogram(view_data: ViewData, threshold: float | None = None) -> PlotData:
    """The dendrogram of the state shown, in the colours of its clusters.

    ``threshold`` is the length of the bar, by default the one that the model chooses.
    """
    state = view_data.state
    if state is None:
        return PlotData({"dendrogram": {"x": []}})
    return _measure(state.whole_snapshot, state.clusters, state.colors, view_data.call, threshold)


def _measure(
    snapshot: Snapshot,
    clusters: NDArray[np.int64],
    colors: NDArray[np.int64],
    call: Callable[[int], str],
    threshold: float | None = None,
) -> PlotData:
    built = build_dendrogram(snapshot)
    if threshold is not None:
        built = replace(built, threshold=threshold)
    places = np.arange(len(built.slots))
    clusters = clusters[built.slots]
    children = np.flatnonzero(built.parents >= 0)
    lengths = built.tops - built.bottoms
    stems: Columns = {
        "x": places,
        "bottom": built.bottoms,
        "x1": places,
        "top": built.tops,
        "cluster": np.array([call(int(i)) for i in clusters], dtype=object),
        "weight": snapshot.weights[built.slots],
        "length": np.array(
            [
                f"{length:.2f}" if parent >= 0 else "meets none"
                for length, parent in zip(lengths, built.parents, strict=True)
            ],
            dtype=object,
        ),
        "color": wrap_colors(colors[built.slots]),
    }
    links = {
        "x": places[children],
        "bottom": built.bottoms[children],
        "x1": built.parents[children],
        "top": built.bottoms[children],
    }
    is_peak = built.is_peak
    bars = {name: stems[name][is_peak] for name in ENDS}
    bars["bottom"] = bars["top"] - built.threshold
    limits = {}
    if len(places):
        low, high = built.bottoms.min(), built.tops.max()
        limits["x"] = -0.7, len(places) - 0.3
        limits["bottom"] = float(low), float(high + 0.05 * (high - low))
    layers = {
        "dendrogram links": links,
        "dendrogram bars": bars,
        "dendrogram": {name: column[~is_peak] for name, column in stems.items()},
        "dendrogram peaks": {name: column[is_peak] for name, column in stems.items()},
        "dendrogram tips": {
            "x": places,
            "y": built.tops,
            **{name: stems[name] for name in (*TEXTS, "color")},
        },
    }
    return PlotData(layers, limits, _describe(built, clusters))


def _describe(built: Dendrogram, clusters: NDArray[np.int64]) -> tuple[str, ...]:
    if not len(clusters):
        return ()
    n_split = len(np.setdiff1d(clusters[clusters >= 0], clusters[built.is_peak]))
    sentences: tuple[str, ...] = (
        "Two peaks of the density meet at the level of the saddle between them. A peak is a "
        f"cluster if its line is longer than the bar ({built.threshold:.2f}). Number of such "
        f"peaks: {built.is_peak.sum()}.",
    )
    if n_split:
        sentences += (
            f"{n_split} more, shown by colour, were split off: by hand, or because two normal "
            "distributions fit better than one.",
        )
    return sentences


def draw_dendrogram(data: PlotData) -> hv.Overlay:
    """The links and the bars behind the peaks, which are thick if they are clusters."""
    hv = load_holoviews()

    def draw(name: str, label: str, **options: Any) -> Any:
        columns = data.layers.get(name, {})
        dims = [*ENDS, *TEXTS, "color"] if "color" in columns else ENDS
        columns = {dim: columns.get(dim, []) for dim in dims}
        return set_options(hv.Segments(columns, ENDS, dims[4:], label=label), name, **options)

    links = draw("dendrogram links", "", color="#888888", line_width=1)
    bars = draw("dendrogram bars", "bar", color="#888888", alpha=0.35, line_width=12)
    if data.is_empty:
        return set_plot_options(links * bars, data, "dendrogram plot")
    thin = draw("dendrogram", "", tooltips=TOOLTIPS, line_width=1.5, **COLOR_OPTIONS)
    thick = draw(
        "dendrogram peaks",
        "long peak",
        tooltips=TOOLTIPS,
        line_width=4,
        **COLOR_OPTIONS,
    )
    tips = set_options(
        hv.Points(
            data.layers["dendrogram tips"],
            ["x", "y"],
            [*TEXTS, "color"],
            label="prototype",
        ),
        "dendrogram tips",
        TOOLTIPS,
        size=7,
        **COLOR_OPTIONS,
    )
    return set_plot_options(
        links * bars * thin * thick * tips,
        data,
        "dendrogram plot",
        xlabel="prototypes, each beside the prototypes that it joins",
        ylabel="log density",
        xticks=0,
    )


class Cut(NamedTuple):
    """Where the bar stands: the top of the highest stem, its length, and what it gives.

    ``longest`` is the length of the longest stem that meets another one. ``n_clusters`` is the
    number of clusters that the bar gives, ``n_now`` the present one.
    """

    top: float
    threshold: float
    longest: float
    n_clusters: int
    n_now: int


class Measured(NamedTuple):
    """What `DendrogramView.draw` shows; ``cut`` is None without a stem."""

    data: PlotData
    is_new: bool
    choices: Choices
    cut: Cut | None


def measure_cut(view_data: ViewData, threshold: float | None) -> Cut | None:
    """What a bar of this length gives in the state shown; None if there is nothing to cut."""
    state = view_data.state
    if state is None or not (state.snapshot.weights > 0).any():
        return None
    snapshot = state.whole_snapshot
    built = build_dendrogram(snapshot)
    threshold = built.threshold if threshold is None else threshold
    peaks = cut_merge_tree(measure_snapshot(snapshot), threshold)
    is_found = (state.clusters >= 0) & (peaks >= 0)
    joined = built.prominences[np.isfinite(built.prominences)]
    return Cut(
        top=float(built.tops.max()),
        threshold=threshold,
        longest=float(joined.max(initial=1.0)),
        n_clusters=len({*peaks[is_found].tolist()}),
        n_now=state.n_clusters,
    )


class DendrogramView:
    """The dendrogram, and a bar that the user drags to see and to choose the number of clusters.

    ``decide`` passes a decision on, ``request_frame`` has the view measured again.
    """

    title = "Dendrogram"

    def __init__(self, decide: Decide, request_frame: Callable[[], None]) -> None:
        self._bar = DecisionBar(decide)
        self._request_frame = request_frame
        self._plot = LivePlot(draw_dendrogram)
        self._text, self._found = Text(), Text(role="status")
        self._chosen: float | None = None
        self._top = 0.0
        self._is_updating = False
        self._line = Span(
            name="dendrogram cut",
            dimension="width",
            editable=True,
            line_color="#888888",
            line_dash="dashed",
            line_width=3,
        )
        self._line.on_change("location", self._drag)
        self.length = pmui.FloatSlider(
            label="Length of the bar",
            start=SHORTEST,
            end=1.0,
            step=STEP,
            value=SHORTEST,
            tooltips=False,
            max_width=420,
            margin=(4, 16),
            **WIDE,
        )
        self.length.param.watch(self._choose, "value")
        self.use = build_button(
            "Use these clusters",
            "decides that the peaks longer than this bar are the clusters.",
            self._use,
            variant="outlined",
            size="small",
            disabled=True,
        )
        buttons = pn.FlexBox(self.use, self._bar.undo, margin=(0, 4), **WIDE)
        self._controls = pn.Column(self.length, self._found.pane, buttons, margin=0, **WIDE)
        self._controls.visible = False
        self.pane = pn.Column(
            self._text.pane,
            self._plot.pane,
            self._controls,
            self._bar.problem.pane,
            self._bar.text.pane,
            margin=0,
            **WIDE,
        )

    @property
    def figures(self) -> list[Any]:
        """The figures of Bokeh; none before the first data."""
        return self._plot.figures

    def _drag(self, _: str, __: Any, location: Any) -> None:
        """Follow the line that the user drags."""
        if not self._is_updating and location is not None:
            length = STEP * round((self._top - location) / STEP)
            # Rounded, since the browser's slider has the steps 0.05, 0.10, …
            self.length.value = round(min(max(length, SHORTEST), self.length.end), 2)

    def _choose(self, event: Any) -> None:
        if not self._is_updating:
            self._chosen = event.new
            self._request_frame()

    async def _use(self, _: Any) -> None:
        threshold = self._chosen
        if threshold is not None and await self._bar.run(CUT, threshold=threshold):
            self._chosen = None

    def measure(self, view_data: ViewData) -> Measured:
        """The dendrogram with the bar that was chosen; runs in a worker thread."""
        choices = list_choices(view_data)
        threshold = self._chosen
        if threshold is None and choices.decisions and choices.decisions[-1].kind == CUT:
            threshold = choices.decisions[-1].threshold
        data = measure_dendrogram(view_data, threshold)
        is_new = self._plot.build(data)
        if is_new:
            for figure in self._plot.figures:
                figure.add_layout(self._line)
        return Measured(data, is_new, choices, measure_cut(view_data, threshold))

    def draw(self, measured: Measured) -> None:
        """Bring the page up to the data."""
        data, is_new, choices, cut = measured
        can_cut = choices.can_decide and cut is not None
        self._text.show(*data.sentences, HOW_TO_CUT if can_cut else "")
        self._plot.show(data, is_new)
        self._bar.draw(choices)
        if self._controls.visible != can_cut:
            self._controls.visible = can_cut
        if self._line.visible != can_cut:
            self._line.visible = can_cut
        if cut is not None:
            self._draw_cut(cut, choices)

    def _draw_cut(self, cut: Cut, choices: Choices) -> None:
        is_chosen = self._chosen is not None
        self._is_updating = True
        try:
            self._top = cut.top
            end = max(self.length.end, float(np.ceil(max(cut.longest, cut.threshold)) + 1.0))
            if end != self.length.end:
                self.length.end = end
            # The user may have moved the bar meanwhile.
            threshold = self._chosen if self._chosen is not None else cut.threshold
            if self.length.value != threshold:
                self.length.value = max(threshold, SHORTEST)
            location = cut.top - threshold
            if self._line.location != location:
                self._line.location = location
        finally:
            self._is_updating = False
        plural = "" if cut.n_clusters == 1 else "s"
        self._found.show(
            f"A bar of {cut.threshold:.2f} gives {cut.n_clusters} cluster{plural}; "
            f"there are {cut.n_now} now."
            if is_chosen
            else ""
        )
        is_off = choices.is_past or not is_chosen
        if self.use.disabled != is_off:
            self.use.disabled = is_off

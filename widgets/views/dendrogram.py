"""The dendrogram view: the peaks of the density, where they meet, and which are clusters."""

from typing import Any, NamedTuple

import numpy as np
import panel as pn
from bokeh.models import LegendItem

from clusterer.cluster.density.dendrogram import build_dendrogram
from widgets.components.palette import map_colors, wrap_colors
from widgets.components.plot import add_hover, add_legend, build_columns, build_plot, fit
from widgets.components.text import Text
from widgets.live.view_data import ViewData

STEMS = ("x", "top", "bottom", "cluster", "weight", "prominence", "width", "color")


class Drawn(NamedTuple):
    """Columns of the stems, of the links between them, of the bars; the bar itself.

    And how many clusters have no stem that is as long.
    """

    stems: dict[str, Any]
    links: dict[str, Any]
    bars: dict[str, Any]
    bar: float
    n_split: int


def measure_dendrogram(view_data: ViewData) -> Drawn:
    """The dendrogram of the moment shown, in the colours of its clusters."""
    state = view_data.state
    if state is None:
        nothing = np.empty(0)
        empty = dict.fromkeys(STEMS, nothing)
        return Drawn(empty, dict.fromkeys(("x0", "x1", "y"), nothing), dict(empty), 0.0, 0)
    grown = build_dendrogram(state.whole_snapshot)
    places = np.arange(len(grown.slots))
    clusters = state.clusters[grown.slots]
    lengths = grown.tops - grown.bottoms
    stems = {
        "x": places,
        "top": grown.tops,
        "bottom": grown.bottoms,
        "cluster": ["noise" if i < 0 else f"cluster {i}" for i in clusters],
        "weight": state.snapshot.weights[grown.slots],
        "prominence": [
            f"{length:.2f}" if host >= 0 else "meets none"
            for length, host in zip(lengths, grown.parents, strict=True)
        ],
        "width": np.where(grown.is_peak, 4.0, 1.5),
        "color": wrap_colors(state.colors[grown.slots]),
    }
    guests = np.flatnonzero(grown.parents >= 0)
    links = {"x0": places[guests], "x1": grown.parents[guests], "y": grown.bottoms[guests]}
    peaks = np.flatnonzero(grown.is_peak)
    bars = {
        "x": places[peaks],
        "top": grown.tops[peaks],
        "bottom": grown.tops[peaks] - grown.threshold,
    }
    n_split = len(np.setdiff1d(clusters[clusters >= 0], clusters[grown.is_peak]))
    return Drawn(stems, links, bars, grown.threshold, n_split)


class DendrogramView:
    """Draws a dendrogram."""

    title = "Dendrogram"

    def __init__(self) -> None:
        self.stems = build_columns("dendrogram", *STEMS)
        self.links = build_columns("dendrogram links", "x0", "x1", "y")
        self.bars = build_columns("dendrogram bars", "x", "top", "bottom")
        self.figure = build_plot(
            "dendrogram plot", "prototypes, each beside those it joins", "log density"
        )
        self._sentence = Text()
        self.pane = pn.Column(
            self._sentence.pane,
            pn.pane.Bokeh(self.figure, autodispatch=False, sizing_mode="stretch_width"),
            sizing_mode="stretch_width",
        )
        self._build()

    def _build(self) -> None:
        plot = self.figure
        plot.xaxis.major_label_text_alpha = 0
        links = plot.segment(
            "x0", "y", "x1", "y", source=self.links, line_color="#888888", line_width=1
        )
        bars = plot.segment(
            "x",
            "top",
            "x",
            "bottom",
            source=self.bars,
            line_color="#888888",
            line_alpha=0.35,
            line_width=12,
        )
        color = {"field": "color", "transform": map_colors()}
        stems = plot.segment(
            "x",
            "top",
            "x",
            "bottom",
            source=self.stems,
            line_color=color,
            line_width="width",
        )
        tips = plot.scatter("x", "top", source=self.stems, size=7, color=color)
        tooltips = ("", "@cluster"), ("weight", "@weight{0,0.0}"), ("length", "@prominence")
        add_hover(plot, tips, *tooltips)
        add_hover(plot, stems, *tooltips)
        add_legend(
            plot,
            [
                LegendItem(label="prototype (grey: noise)", renderers=[tips, stems]),
                LegendItem(label="meeting", renderers=[links]),
                LegendItem(label="bar", renderers=[bars]),
            ],
        )

    def measure(self, view_data: ViewData) -> Drawn:
        """What to draw; takes its time in another thread."""
        return measure_dendrogram(view_data)

    def draw(self, drawn: Drawn) -> None:
        """Bring the screen up to it."""
        self.stems.data, self.links.data, self.bars.data = drawn.stems, drawn.links, drawn.bars
        if len(drawn.stems["x"]):
            fit(self.figure.x_range, -0.7, len(drawn.stems["x"]) - 0.3)
            low, high = drawn.stems["bottom"].min(), drawn.stems["top"].max()
            fit(self.figure.y_range, low, high + 0.05 * (high - low))
        n_peaks = len(drawn.bars["x"])
        self._sentence.show(
            f"As the level sinks, peaks of the density meet. A stem longer than the bar, "
            f"{drawn.bar:.2f} now, is a cluster of its own: {n_peaks} are."
            if len(drawn.stems["x"])
            else "",
            f"{drawn.n_split} more, told by colour, were split off, as two normal distributions "
            "fit better than one."
            if drawn.n_split
            else "",
        )

"""The dendrogram: the peaks of the density, where they meet, and which of them are clusters."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from clusterer import OnlineClusterer
from clusterer.base import Snapshot
from clusterer.cluster.density.dendrogram import Dendrogram, build_dendrogram
from widgets.components.palette import wrap_colors
from widgets.live.view_data import ViewData
from widgets.views.plot import (
    COLOR_OPTIONS,
    Columns,
    PlotData,
    load_holoviews,
    set_options,
    set_plot_options,
)

if TYPE_CHECKING:
    import holoviews as hv

TEXTS = "cluster", "weight", "length"
ENDS = ["x", "bottom", "x1", "top"]
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


def measure_dendrogram(view_data: ViewData) -> PlotData:
    """The dendrogram of the state shown, in the colours of its clusters."""
    state = view_data.state
    if state is None:
        return PlotData({"dendrogram": {"x": []}})
    return _measure(state.whole_snapshot, state.clusters, state.colors, view_data.call)


def _measure(
    snapshot: Snapshot,
    clusters: NDArray[np.int64],
    colors: NDArray[np.int64],
    call: Callable[[int], str],
) -> PlotData:
    built = build_dendrogram(snapshot)
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
            f"{n_split} more, shown by colour, were split off, because two normal distributions "
            "fit better than one.",
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

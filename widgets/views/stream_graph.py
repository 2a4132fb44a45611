"""The stream graph: the clusters' shares over time, and where clusters begin, split, merge, end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from clusterer.session.recording import Event, RecordedState, Recording
from widgets.components.palette import wrap_colors
from widgets.live.view_data import ViewData, collect, thin
from widgets.views.plot import (
    COLOR_OPTIONS,
    Columns,
    PlotData,
    load_holoviews,
    set_options,
    set_plot_options,
    span_time,
)

if TYPE_CHECKING:
    import holoviews as hv

N_COLUMNS = 200
N_BANDS = 40
SMALLEST_SHARE = 0.005
"""A band that was never wider has no marks."""

MARKERS = {"born": "circle", "split": "triangle", "merged": "inverted_triangle", "ended": "x"}
BAND_TOOLTIPS = ("", "@cluster"), ("share at the end", "@share"), ("seen", "@span points")
MARK_TOOLTIPS = ("", "@text"), ("after", "@x{0,0} points")


def stream_graph(recording: Recording | Any) -> hv.Overlay:
    """A band for each cluster, as wide as its share of the points that the model remembers.

    Parameters
    ----------
    recording : a `Recording`, or an object with one as ``recording``: an `Engine` or a `Run`

    Examples
    --------
    >>> from clusterer import OnlineClusterer
    >>> from clusterer.datasets import make_generator
    >>> from clusterer.session.run import Run
    >>> run = Run(make_generator("blobs"), OnlineClusterer())
    >>> for _ in range(10):
    ...     _ = run.advance(100)
    ...     run.record()
    >>> bands = next(iter(stream_graph(run)))
    >>> len(bands.split())  # 5 clusters and noise
    6
    """
    recording = getattr(recording, "recording", recording)
    return draw_stream_graph(measure_stream_graph(ViewData(recording)))


def measure_stream_graph(view_data: ViewData) -> PlotData:
    """The bands, stacked in the order in which the clusters began, noise on top; and the marks."""
    states = thin(view_data.recording.states, N_COLUMNS)
    now = {"stream graph now": {"x": view_data.past}}
    if not states:
        layers = {"stream graph": _list_bands([], np.empty((0, 0)), [], {}, []), **_list_marks([])}
        return PlotData(layers | now, {"y": (0.0, 100.0)})
    ids, shares = collect(states)
    widths = shares.max(axis=1)
    # Only a run that hardly finds the same cluster twice has more clusters.
    is_drawn = np.isin(np.arange(len(ids)), np.argsort(-widths)[:N_BANDS]) | (ids == -1)
    ids, shares = ids[is_drawn], shares[is_drawn]
    tops = shares.cumsum(axis=0)
    colors = {i: color for state in states for i, color in state.palette.items()}
    titles = [view_data.call(each) for each in ids.tolist()]
    bands = _list_bands(states, tops, ids.tolist(), colors, titles)
    middles = tops - shares / 2
    known = np.array([state.n_seen for state in states])
    rows = {int(i): row for row, i in enumerate(ids) if shares[row].max() >= SMALLEST_SHARE}
    marks = []
    for event in view_data.recording.events:
        if event.cluster in rows and event.kind in MARKERS:
            row = rows[event.cluster]
            column = _find_column(event, known, shares[row])
            marks.append((event, 100 * middles[row, column]))
    layers = {"stream graph": bands, **_list_marks(marks), **now}
    return PlotData(layers, {"x": span_time(known), "y": (0.0, 100.0)})


def draw_stream_graph(data: PlotData) -> hv.Overlay:
    """The bands, a dashed line at the state shown, and the marks."""
    hv = load_holoviews()

    bands = data.layers["stream graph"]
    texts = ("cluster", "share", "span")
    rows = [
        {"x": xs[0][0], "y": ys[0][0], **dict(zip((*texts, "color"), values, strict=True))}
        for xs, ys, *values in zip(
            bands["xs"], bands["ys"], *(bands[name] for name in (*texts, "color")), strict=True
        )
    ]
    overlay = set_options(
        hv.Polygons(rows, ["x", "y"], [*texts, "color"], label="cluster (grey: noise)"),
        "stream graph",
        BAND_TOOLTIPS,
        fill_alpha=0.75,
        line_alpha=0,
        show_legend=True,
        **COLOR_OPTIONS,
    )
    overlay *= set_options(
        hv.VLines(data.layers["stream graph now"], ["x"]),
        "stream graph now",
        color="#888888",
        line_dash="dashed",
    )
    for kind, marker in MARKERS.items():
        name = f"stream graph {kind}"
        overlay *= set_options(
            hv.Points(data.layers[name], ["x", "y"], ["text"], label=kind),
            name,
            MARK_TOOLTIPS,
            marker=marker,
            size=9,
            fill_color="#ffffff",
            line_color="#222222",
            line_width=2 if marker == "x" else 1.2,
        )
    return set_plot_options(
        overlay,
        data,
        "stream graph plot",
        xlabel="points seen",
        ylabel="share of points (%)",
    )


def _find_column(event: Event, known: np.ndarray, shares: np.ndarray) -> int:
    """Column where the band of the event's cluster begins after it, or ended before it."""
    there = np.flatnonzero(shares > 0)
    if event.kind in ("born", "split"):
        later = there[known[there] >= event.n_seen]
        return int(later[0] if len(later) else there[-1])
    earlier = there[known[there] <= event.n_seen]
    return int(earlier[-1] if len(earlier) else there[0])


def _list_bands(
    states: list[RecordedState],
    tops: np.ndarray,
    ids: list[int],
    colors: dict[int, int],
    titles: list[str],
) -> Columns:
    known = np.array([state.n_seen for state in states], dtype=np.float32)
    bottoms = np.vstack([np.zeros((1, len(states))), tops[:-1]]) if len(ids) else tops
    columns: Columns = {"xs": [], "ys": [], "cluster": [], "share": [], "span": []}
    for row, title in enumerate(titles):
        there = np.flatnonzero(tops[row] > bottoms[row])
        if not len(there):
            there = np.array([0])
        # One more state on both sides, at which the band has no width.
        part = slice(max(there[0] - 1, 0), there[-1] + 2)
        xs = known[part]
        outline = np.concatenate([tops[row, part], bottoms[row, part][::-1]])
        # A polygon of Bokeh is a list of parts, each of them a list of an outline and its holes.
        columns["xs"].append([[np.concatenate([xs, xs[::-1]])]])
        columns["ys"].append([[(100 * outline).astype(np.float32)]])
        columns["cluster"].append(title)
        columns["share"].append(f"{tops[row, -1] - bottoms[row, -1]:.0%}")
        columns["span"].append(f"{known[there[0]]:,.0f} – {known[there[-1]]:,.0f}")
    columns["color"] = wrap_colors(np.array([colors.get(i, -1) for i in ids]))
    return columns


def _list_marks(marks: list[tuple[Event, float]]) -> dict[str, Columns]:
    layers: dict[str, Columns] = {}
    for kind in MARKERS:
        chosen = [(event, y) for event, y in marks if event.kind == kind]
        layers[f"stream graph {kind}"] = {
            "x": [event.n_seen for event, _ in chosen],
            "y": [y for _, y in chosen],
            "text": [describe(event) for event, _ in chosen],
        }
    return layers


def describe(event: Event) -> str:
    """What happened to a cluster.

    >>> describe(Event(10, "merged", 3, 1))
    'cluster 3 merged into 1'
    """
    if event.kind == "merged":
        return f"cluster {event.cluster} merged into {event.other}"
    if event.kind == "split":
        return f"cluster {event.cluster} split from {event.other}"
    return f"cluster {event.cluster} {'is born' if event.kind == 'born' else 'ended'}"

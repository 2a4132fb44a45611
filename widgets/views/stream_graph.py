"""The river: how the clusters' shares grow and shrink, and where they are born, merge and end."""

from typing import Any, NamedTuple

import numpy as np
import panel as pn
from bokeh.models import LegendItem

from clusterer.session.recording import Event, RecordedState
from widgets.components.palette import map_colors, wrap_colors
from widgets.components.plot import add_hover, add_legend, build_columns, build_plot, fit, fit_time
from widgets.live.view_data import ViewData, collect, thin

N_COLUMNS = 200
N_BANDS = 40
LEAST_SHARE = 0.005  # of the river at its widest; what was never wider has no mark
MARKERS = {"born": "circle", "split": "triangle", "merged": "inverted_triangle", "ended": "x"}
Columns = dict[str, Any]


class River(NamedTuple):
    """Columns of the bands and of the marks; points seen at the moment shown, and at each."""

    bands: Columns
    marks: Columns
    now: list[int]
    known: np.ndarray


def measure_river(view_data: ViewData) -> River:
    """The bands, stacked in the order in which the clusters came, noise on top."""
    states = thin(view_data.recording.states, N_COLUMNS)
    now = view_data.past
    if not states:
        return River(_list_bands([], np.empty((0, 0)), [], {}), _list_marks([]), now, np.empty(0))
    ids, shares = collect(states)
    widths = shares.max(axis=1)
    # The bound is never met but by a run that hardly finds the same cluster twice.
    is_drawn = np.isin(np.arange(len(ids)), np.argsort(-widths)[:N_BANDS]) | (ids == -1)
    ids, shares = ids[is_drawn], shares[is_drawn]
    tops = shares.cumsum(axis=0)
    colors = {i: color for state in states for i, color in state.palette.items()}
    bands = _list_bands(states, tops, ids.tolist(), colors)
    middles = tops - shares / 2
    known = np.array([state.n_seen for state in states])
    rows = {int(i): row for row, i in enumerate(ids) if shares[row].max() >= LEAST_SHARE}
    marks = []
    for event in view_data.recording.events:
        if event.cluster in rows and event.kind in MARKERS:
            row = rows[event.cluster]
            column = _find_column(event, known, shares[row])
            marks.append((event, 100 * middles[row, column], colors[event.cluster]))
    return River(bands, _list_marks(marks), now, known)


def _find_column(event: Event, known: np.ndarray, shares: np.ndarray) -> int:
    """Where the band is that the event is about: it begins after it, or ended before it."""
    there = np.flatnonzero(shares > 0)
    if event.kind in ("born", "split"):
        later = there[known[there] >= event.n_seen]
        return int(later[0] if len(later) else there[-1])
    earlier = there[known[there] <= event.n_seen]
    return int(earlier[-1] if len(earlier) else there[0])


def _list_bands(
    states: list[RecordedState], tops: np.ndarray, ids: list[int], colors: dict[int, int]
) -> Columns:
    known = np.array([state.n_seen for state in states], dtype=np.float32)
    bottoms = np.vstack([np.zeros((1, len(states))), tops[:-1]]) if len(ids) else tops
    columns: Columns = {"xs": [], "ys": [], "cluster": [], "share": [], "span": []}
    for row, cluster in enumerate(ids):
        there = np.flatnonzero(tops[row] > bottoms[row])
        if not len(there):
            there = np.array([0])
        # One moment more on both sides, where the band has no width yet or any more.
        part = slice(max(there[0] - 1, 0), there[-1] + 2)
        xs = known[part]
        outline = np.concatenate([tops[row, part], bottoms[row, part][::-1]])
        columns["xs"].append(np.concatenate([xs, xs[::-1]]))
        columns["ys"].append((100 * outline).astype(np.float32))
        columns["cluster"].append("noise" if cluster == -1 else f"cluster {cluster}")
        columns["share"].append(f"{tops[row, -1] - bottoms[row, -1]:.0%}")
        columns["span"].append(f"{known[there[0]]:,.0f} – {known[there[-1]]:,.0f}")
    columns["color"] = wrap_colors(np.array([colors.get(i, -1) for i in ids]))
    return columns


def _list_marks(marks: list[tuple[Event, float, int]]) -> Columns:
    columns: Columns = {
        "x": [event.n_seen for event, _, _ in marks],
        "y": [y for _, y, _ in marks],
        "text": [describe(event) for event, _, _ in marks],
        "kind": [event.kind for event, _, _ in marks],
    }
    return columns


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


class RiverView:
    """Draws a river."""

    title = "River"

    def __init__(self) -> None:
        self.bands = build_columns("river", "xs", "ys", "cluster", "share", "span", "color")
        self.now = build_columns("river now", "x")
        self.marks = {
            kind: build_columns(f"river {kind}", "x", "y", "text", "kind") for kind in MARKERS
        }
        self.figure = build_plot("river plot", "points seen", "share of what is remembered (%)")
        self.pane = pn.pane.Bokeh(self.figure, autodispatch=False, sizing_mode="stretch_width")
        self._build()

    def _build(self) -> None:
        plot = self.figure
        bands = plot.patches(
            "xs",
            "ys",
            source=self.bands,
            fill_color={"field": "color", "transform": map_colors()},
            fill_alpha=0.75,
            line_color=None,
        )
        add_hover(
            plot, bands, ("", "@cluster"), ("share at the end", "@share"), ("seen", "@span points")
        )
        plot.vspan(x="x", source=self.now, line_color="#888888", line_dash="dashed")
        items = [LegendItem(label="cluster (grey: noise)", renderers=[bands])]
        for kind, marker in MARKERS.items():
            marks = plot.scatter(
                "x",
                "y",
                source=self.marks[kind],
                marker=marker,
                size=9,
                fill_color="#ffffff",
                line_color="#222222",
                line_width=2 if marker == "x" else 1.2,
            )
            add_hover(plot, marks, ("", "@text"), ("after", "@x{0,0} points"))
            items.append(LegendItem(label=kind, renderers=[marks]))
        add_legend(plot, items)
        fit(plot.y_range, 0, 100)

    def measure(self, view_data: ViewData) -> River:
        """What to draw; takes its time in another thread."""
        return measure_river(view_data)

    def draw(self, river: River) -> None:
        """Bring the screen up to it."""
        self.bands.data = river.bands
        kinds = np.array(river.marks["kind"])
        for kind, source in self.marks.items():
            chosen = np.flatnonzero(kinds == kind)
            source.data = {
                name: [column[i] for i in chosen] for name, column in river.marks.items()
            }
        self.now.data = {"x": river.now}
        fit_time(self.figure.x_range, river.known)

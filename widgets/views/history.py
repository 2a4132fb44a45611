"""The chronicle: clusters, σ and noise over time, with the changes of parameters marked."""

from typing import Any, NamedTuple

import numpy as np
import panel as pn
import panel_material_ui as pmui
from bokeh.models import LegendItem, Range1d

from clusterer.session.recording import Event, RecordedState, Recording
from widgets.components.float32 import pack_coordinates
from widgets.components.palette import CLUSTER_COLORS
from widgets.components.plot import (
    add_hover,
    add_legend,
    build_columns,
    build_plot,
    build_range,
    fit_from_zero,
    fit_time,
)
from widgets.components.text import Text
from widgets.live.view_data import ViewData, thin

N_COLUMNS = 200
MEASURES = {"clusters": "clusters", "sigma": "kernel width σ", "noise": "noise (%)"}
CHANGES = ("x", "text", *MEASURES)
CALLED = {
    "sigma": "σ",
    "n_prototypes": "K",
    "half_life": "half-life",
    "join": "join prototypes",
    "drop_singletons": "drop singletons",
}
"""Parameters whose names are not what the page calls them."""

LEAST_HEIGHTS = {"noise": 1.0}


class Chronicle(NamedTuple):
    """Columns of the run, of the one that it left, of the changes; and where the
    moment shown is, and how the two compare."""

    lines: dict[str, Any]
    left: dict[str, Any]
    changes: dict[str, Any]
    now: list[int]
    sentence: str


def measure_chronicle(view_data: ViewData) -> Chronicle:
    """The measures of all moments, and the changes of parameters beside those that follow."""
    lines = _list_lines(view_data.recording)
    events = [
        event
        for event in view_data.recording.events
        if event.kind in ("changed", "reset", "branched")
    ]
    changes: dict[str, Any] = {
        "x": [event.n_seen for event in events],
        "text": [describe_change(event) for event in events],
    }
    if len(lines["x"]):
        places = np.searchsorted(lines["x"], changes["x"]).clip(max=len(lines["x"]) - 1)
        changes |= {name: lines[name][places] for name in MEASURES}
    else:
        changes |= {name: [np.nan] * len(events) for name in MEASURES}
    return Chronicle(
        lines, _list_lines(view_data.left), changes, view_data.past, compare(view_data)
    )


def compare(view_data: ViewData) -> str:
    """This run beside the one before it, after as many points.

    >>> compare(ViewData())
    ''
    """
    if not view_data.left.states or view_data.state is None:
        return ""
    n_seen = min(view_data.state.n_seen, view_data.left.states[-1].n_seen)
    ours, theirs = (
        recording.states[recording.find(n_seen)]
        for recording in (view_data.recording, view_data.left)
    )
    return f"After {ours.n_seen:,} points this run has {_summarise(ours)}; the run before it " + (
        f"had {_summarise(theirs)} after {theirs.n_seen:,}."
    )


def _summarise(state: RecordedState) -> str:
    noun = "cluster" if state.n_clusters == 1 else "clusters"
    share, sigma = state.noise_share, state.snapshot.sigma
    return f"{state.n_clusters} {noun}, {share:.1%} noise and σ {sigma:.3g}"


def _list_lines(recording: Recording) -> dict[str, Any]:
    states = thin(recording.states, N_COLUMNS)
    return {
        "x": np.array([state.n_seen for state in states], dtype=np.int32),
        "clusters": np.array([state.n_clusters for state in states], dtype=np.int32),
        "sigma": pack_coordinates(np.array([state.snapshot.sigma for state in states])),
        "noise": np.array([100 * state.noise_share for state in states], dtype=np.float32),
    }


def describe_change(event: Event) -> str:
    """What the user did.

    >>> describe_change(Event(5, "changed", name="sigma", before="auto", after=0.25))
    'σ: auto → 0.25'
    """
    if event.kind == "changed":
        name = CALLED.get(event.name, event.name)
        return f"{name}: {_write(event.before)} → {_write(event.after)}"
    return "reset" if event.kind == "reset" else "branched off"


def _write(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else str(value)


class ChronicleView:
    """Draws a chronicle in three plots with one time axis."""

    title = "Over time"

    def __init__(self) -> None:
        self.lines = build_columns("chronicle", "x", *MEASURES)
        self.left = build_columns("chronicle left", "x", *MEASURES)
        self.changes = build_columns("chronicle changes", *CHANGES)
        self.now = build_columns("chronicle now", "x")
        self._range = build_range()
        self._heights: dict[str, Range1d] = {}
        panes = [self._build(name, label) for name, label in MEASURES.items()]
        self._sentence = Text()
        self.pane = pn.Column(
            self._sentence.pane,
            pmui.FlexBox(*panes, sizing_mode="stretch_width"),
            sizing_mode="stretch_width",
        )

    def _build(self, name: str, label: str) -> pn.viewable.Viewable:
        plot = build_plot(
            f"{name} plot",
            "points seen",
            label,
            x_range=self._range,
            height=230,
            min_width=300,
        )
        how = {"mode": "after"} if name == "clusters" else {}
        draw = plot.step if name == "clusters" else plot.line
        look = {"line_width": 2, **how}
        left = draw("x", name, source=self.left, color="#999999", line_dash="dashed", **look)
        line = draw("x", name, source=self.lines, color=CLUSTER_COLORS[0], **look)
        plot.vspan(x="x", source=self.changes, line_color=CLUSTER_COLORS[1], line_alpha=0.35)
        plot.vspan(x="x", source=self.now, line_color="#888888", line_dash="dashed")
        changes = plot.scatter(
            "x", name, source=self.changes, marker="diamond", size=10, color=CLUSTER_COLORS[1]
        )
        add_hover(plot, line, (label, f"@{name}{{0.[00]}}"), ("after", "@x{0,0} points"))
        add_hover(plot, changes, ("", "@text"), ("after", "@x{0,0} points"))
        add_legend(
            plot,
            [
                LegendItem(label="this run", renderers=[line]),
                LegendItem(label="run before", renderers=[left]),
                LegendItem(label="change", renderers=[changes]),
            ],
        )
        self._heights[name] = plot.y_range
        return pn.pane.Bokeh(
            plot, autodispatch=False, sizing_mode="stretch_width", min_width=300, margin=0
        )

    def measure(self, view_data: ViewData) -> Chronicle:
        """What to draw; takes its time in another thread."""
        return measure_chronicle(view_data)

    def draw(self, chronicle: Chronicle) -> None:
        """Bring the screen up to it."""
        self.lines.data, self.left.data = chronicle.lines, chronicle.left
        self.changes.data = chronicle.changes
        self.now.data = {"x": chronicle.now}
        self._sentence.show(chronicle.sentence)
        both = [*chronicle.lines["x"], *chronicle.left["x"]]
        fit_time(self._range, sorted(both))
        for name, height in self._heights.items():
            least = [LEAST_HEIGHTS.get(name, 0.0)]
            fit_from_zero(height, chronicle.lines[name], chronicle.left[name], least)

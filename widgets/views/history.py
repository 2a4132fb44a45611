"""The history: clusters, σ and noise over time, with the changes of parameters marked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from clusterer.session.recording import Event, RecordedState, Recording
from widgets.components.float32 import pack_coordinates
from widgets.components.palette import CLUSTER_COLORS
from widgets.live.view_data import ViewData, thin
from widgets.views.plot import (
    Columns,
    PlotData,
    load_holoviews,
    set_options,
    set_plot_options,
    span_from_zero,
    span_time,
)

if TYPE_CHECKING:
    import holoviews as hv

N_COLUMNS = 200
MEASURES = {"clusters": "clusters", "sigma": "kernel width σ", "noise": "noise (%)"}
PARAMETER_TITLES = {
    "sigma": "σ",
    "n_prototypes": "K",
    "half_life": "half-life",
    "join": "join prototypes",
    "drop_singletons": "drop singletons",
    "classifier_kind": "classifier",
    "classifier_teacher": "teacher of the classifier",
    "classifier_alpha": "λ of the classifier",
    "classifier_sigma": "width of the classifier",
    "classifier_budget": "budget of the classifier",
    "classifier_half_life": "memory of the classifier",
    "classifier_maintenance": "budget maintenance",
}
"""Names on the page of the parameters that have another name there."""

SMALLEST_SPANS = {"noise": 1.0}


def history(recording: Recording | Any, previous: Recording | None = None) -> hv.Layout:
    """Three plots over the points seen: the number of clusters, σ, and the share of noise.

    Parameters
    ----------
    recording : a `Recording`, or an object with one as ``recording``: an `Engine` or a `Run`
    previous : the recording of another run for comparison, drawn in dashed grey lines

    Examples
    --------
    >>> len(history(Recording()))
    3
    """
    recording = getattr(recording, "recording", recording)
    return draw_history(measure_history(ViewData(recording, previous=previous or Recording())))


def measure_history(view_data: ViewData) -> PlotData:
    """The measures of all states, and each change of a parameter at the state that follows it."""
    lines, previous = _list_lines(view_data.recording), _list_lines(view_data.previous)
    events = [
        event
        for event in view_data.recording.events
        if event.kind in ("changed", "decided", "reset", "branched")
    ]
    changes: Columns = {
        "x": [event.n_seen for event in events],
        "text": [describe_change(event) for event in events],
    }
    if len(lines["x"]):
        places = np.searchsorted(lines["x"], changes["x"]).clip(max=len(lines["x"]) - 1)
        changes |= {name: lines[name][places] for name in MEASURES}
    else:
        changes |= {name: [np.nan] * len(events) for name in MEASURES}
    layers: dict[str, Columns] = {}
    limits = {"x": span_time(sorted([*lines["x"], *previous["x"]]))}
    for name in MEASURES:
        layers[f"history {name}"] = _choose_columns(lines, name)
        layers[f"history {name} previous"] = _choose_columns(previous, name)
        layers[f"history {name} changes"] = {
            **_choose_columns(changes, name, has_steps=False),
            "text": changes["text"],
        }
        layers[f"history {name} change lines"] = {"x": changes["x"]}
        layers[f"history {name} now"] = {"x": view_data.past}
        smallest = [SMALLEST_SPANS.get(name, 0.0)]
        limits[name] = span_from_zero(lines[name], previous[name], smallest)
    sentence = compare(view_data)
    return PlotData(layers, limits, (sentence,) if sentence else ())


def _choose_columns(columns: Columns, name: str, *, has_steps: bool = True) -> Columns:
    """The times and one measure; the number of clusters stays until the next state."""
    xs, ys = columns["x"], columns[name]
    if name == "clusters" and has_steps:
        xs, ys = np.repeat(xs, 2)[1:], np.repeat(ys, 2)[:-1]
    return {"x": xs, name: ys}


def compare(view_data: ViewData) -> str:
    """A sentence that compares this run with the run before it after the same number of points.

    >>> compare(ViewData())
    ''
    """
    if not view_data.previous.states or view_data.state is None:
        return ""
    n_seen = min(view_data.state.n_seen, view_data.previous.states[-1].n_seen)
    ours, theirs = (
        recording.states[recording.find(n_seen)]
        for recording in (view_data.recording, view_data.previous)
    )
    return f"After {ours.n_seen:,} points this run has {_summarise(ours)}; the run before it " + (
        f"had {_summarise(theirs)} after {theirs.n_seen:,}."
    )


def _summarise(state: RecordedState) -> str:
    noun = "cluster" if state.n_clusters == 1 else "clusters"
    share, sigma = state.noise_share, state.snapshot.sigma
    return f"{state.n_clusters} {noun}, {share:.1%} noise and σ {sigma:.3g}"


def _list_lines(recording: Recording) -> Columns:
    states = thin(recording.states, N_COLUMNS)
    return {
        "x": np.array([state.n_seen for state in states], dtype=np.int32),
        "clusters": np.array([state.n_clusters for state in states], dtype=np.int32),
        "sigma": pack_coordinates(np.array([state.snapshot.sigma for state in states])),
        "noise": np.array([100 * state.noise_share for state in states], dtype=np.float32),
    }


def describe_change(event: Event) -> str:
    """What changed.

    >>> describe_change(Event(5, "changed", name="sigma", before="auto", after=0.25))
    'σ: auto → 0.25'
    """
    if event.kind == "changed":
        name = PARAMETER_TITLES.get(event.name, event.name)
        return f"{name}: {_write(event.before)} → {_write(event.after)}"
    if event.kind == "decided":
        return event.name
    return "reset" if event.kind == "reset" else "branched off"


def _write(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else str(value)


def draw_history(data: PlotData) -> hv.Layout:
    """A plot for each measure; all have one time axis."""
    hv = load_holoviews()

    plots = [_draw_measure(data, name, label) for name, label in MEASURES.items()]
    return hv.Layout(plots).cols(1)


def _draw_measure(data: PlotData, name: str, label: str) -> hv.Overlay:
    hv = load_holoviews()

    def draw(
        kind: Any, suffix: str, label: str, extra: tuple[str, ...] = (), **options: Any
    ) -> Any:
        layer = f"history {name}{suffix}"
        vdims = [] if kind is hv.VLines else [name, *extra]
        return set_options(kind(data.layers[layer], ["x"], vdims, label=label), layer, **options)

    after = ("after", "@x{0,0} points")
    overlay = (
        draw(
            hv.Curve,
            " previous",
            "run before",
            color="#999999",
            line_dash="dashed",
            line_width=2,
        )
        * draw(
            hv.Curve,
            "",
            "this run",
            tooltips=[(label, f"@{name}{{0.[00]}}"), after],
            color=CLUSTER_COLORS[0],
            line_width=2,
        )
        * draw(hv.VLines, " change lines", "", color=CLUSTER_COLORS[1], alpha=0.35)
        * draw(hv.VLines, " now", "", color="#888888", line_dash="dashed")
        * draw(
            hv.Scatter,
            " changes",
            "change",
            tooltips=[("", "@text"), after],
            marker="diamond",
            size=10,
            color=CLUSTER_COLORS[1],
        )
    )
    return set_plot_options(
        overlay,
        data,
        f"{name} plot",
        xlabel="points seen",
        ylabel=label,
        height=230,
        # Three plots stand beside each other; the names of more ticks would overlap.
        xticks=4,
    )

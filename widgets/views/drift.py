"""The drift of the clusters: how fast each centre moves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from clusterer.session.recording import Recording
from widgets.components.float32 import pack_coordinates
from widgets.components.palette import wrap_colors
from widgets.live.view_data import ViewData, thin
from widgets.views.plot import (
    COLOR_OPTIONS,
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

# The farther apart two states are, the less the noise of a centre counts against its movement.
N_COLUMNS = 40
PER_POINTS = 1_000
TOOLTIPS = (
    ("cluster", "@cluster"),
    ("speed there", "$data_y{0.000}"),
    ("speed at the end", "@last{0.000}"),
)


def drift(recording: Recording | Any) -> hv.Overlay:
    """A line for each cluster: the speed of its centre, in the model's units per 1,000 points.

    Parameters
    ----------
    recording : a `Recording`, or an object with one as ``recording``: an `Engine` or a `Run`

    Examples
    --------
    >>> lines = next(iter(drift(Recording())))
    >>> len(lines.split())
    0
    """
    recording = getattr(recording, "recording", recording)
    return draw_drift(measure_drift(ViewData(recording)))


def measure_drift(view_data: ViewData) -> PlotData:
    """Speed of each cluster's centre between two states."""
    states = thin(view_data.recording.states, N_COLUMNS)
    places = [state.average(state.snapshot.centers) for state in states]
    paths: dict[int, list[tuple[float, float]]] = {}
    colors: dict[int, int] = {}
    for (before, was), (after, now) in zip(
        zip(states, places, strict=True),
        zip(states[1:], places[1:], strict=True),
        strict=False,
    ):
        n_between = after.n_seen - before.n_seen
        for cluster in sorted(was.keys() & now.keys()):
            distance = float(np.linalg.norm(now[cluster] - was[cluster]))
            paths.setdefault(cluster, []).append((after.n_seen, PER_POINTS * distance / n_between))
            colors[cluster] = after.palette[cluster]
    known = sorted(paths)
    lines: Columns = {
        "xs": [np.array([x for x, _ in paths[i]], dtype=np.float32) for i in known],
        "ys": [pack_coordinates(np.array([y for _, y in paths[i]])) for i in known],
        "cluster": known,
        "last": [paths[i][-1][1] for i in known],
        "color": wrap_colors(np.array([colors[i] for i in known], dtype=np.int64)),
    }
    times = np.sort(np.concatenate([np.empty(0), *lines["xs"]]))
    # The centre of a new cluster moves faster at first than any cluster drifts.
    speeds = span_from_zero(*(ys[1:] for ys in lines["ys"]), [])
    return PlotData({"drift": lines}, {"x": span_time(times), "y": speeds})


def draw_drift(data: PlotData) -> hv.Overlay:
    """The lines in the colours of the clusters."""
    hv = load_holoviews()

    names = "x", "y", "cluster", "last", "color"
    columns = data.layers["drift"]
    rows = [
        dict(zip(names, values, strict=True))
        for values in zip(
            columns["xs"],
            columns["ys"],
            *(columns[name] for name in names[2:]),
            strict=True,
        )
    ]
    lines = set_options(
        hv.Contours(rows, [*names[:2]], [*names[2:]], label="centre of a cluster, in its colour"),
        "drift",
        TOOLTIPS,
        line_width=2,
        show_legend=True,
        **COLOR_OPTIONS,
    )
    return set_plot_options(
        hv.Overlay([lines]),
        data,
        "drift plot",
        xlabel="points seen",
        ylabel="speed per 1,000 points",
    )

"""The drift view: how fast each cluster moves."""

from typing import Any

import numpy as np
import panel as pn
from bokeh.models import LegendItem

from widgets.components.float32 import pack_coordinates
from widgets.components.palette import map_colors, wrap_colors
from widgets.components.plot import (
    add_hover,
    add_legend,
    build_columns,
    build_plot,
    fit_from_zero,
    fit_time,
)
from widgets.live.view_data import ViewData, thin

# The farther apart two moments are, the less the wobble of a centre counts against its way.
N_COLUMNS = 40
PER_POINTS = 1_000


def measure_drift(view_data: ViewData) -> dict[str, Any]:
    """Speed of each cluster's centre between moments, in the model's units per 1 000 points."""
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
            way = float(np.linalg.norm(now[cluster] - was[cluster]))
            speed = PER_POINTS * way / n_between
            paths.setdefault(cluster, []).append((after.n_seen, speed))
            colors[cluster] = after.palette[cluster]
    known = sorted(paths)
    return {
        "xs": [np.array([x for x, _ in paths[i]], dtype=np.float32) for i in known],
        "ys": [pack_coordinates(np.array([y for _, y in paths[i]])) for i in known],
        "cluster": known,
        "last": [paths[i][-1][1] for i in known],
        "color": wrap_colors(np.array([colors[i] for i in known], dtype=np.int64)),
    }


class DriftView:
    """Draws the speeds."""

    title = "Drift"

    def __init__(self) -> None:
        self.lines = build_columns("drift", "xs", "ys", "cluster", "last", "color")
        self.figure = build_plot("drift plot", "points seen", "speed (units per 1,000 points)")
        lines = self.figure.multi_line(
            "xs",
            "ys",
            source=self.lines,
            line_width=2,
            line_color={"field": "color", "transform": map_colors()},
        )
        add_hover(
            self.figure,
            lines,
            ("cluster", "@cluster"),
            ("speed there", "$data_y{0.000}"),
            ("speed at the end", "@last{0.000}"),
        )
        add_legend(
            self.figure, [LegendItem(label="centre of a cluster, in its colour", renderers=[lines])]
        )
        self.pane = pn.pane.Bokeh(self.figure, autodispatch=False, sizing_mode="stretch_width")

    def measure(self, view_data: ViewData) -> dict[str, Any]:
        """What to draw; takes its time in another thread."""
        return measure_drift(view_data)

    def draw(self, lines: dict[str, Any]) -> None:
        """Bring the screen up to it."""
        self.lines.data = lines
        times = np.concatenate([np.empty(0), *lines["xs"]])
        fit_time(self.figure.x_range, np.sort(times))
        # A cluster that has just been found seeks its centre at first, faster than any drifts.
        fit_from_zero(self.figure.y_range, *(ys[1:] for ys in lines["ys"]), [])

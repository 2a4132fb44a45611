"""Trails: the paths of the prototypes through the last recorded states."""

from typing import Any

import numpy as np
from bokeh.plotting import figure

from clusterer.session.frame import ViewRequest
from clusterer.session.recording import RecordedState, Recording
from widgets.components.float32 import pack_coordinates
from widgets.components.palette import map_colors, wrap_colors
from widgets.components.plot import build_columns
from widgets.live.view_data import project

N_STATES = 30


def measure_trails(states: tuple[RecordedState, ...], view_request: ViewRequest) -> dict[str, Any]:
    """A line for each prototype of the last state, through its positions in all ``states``."""
    xs: dict[int, list[float]] = {}
    ys: dict[int, list[float]] = {}
    for state in states:
        across, upwards = project(state.centers, view_request)
        for i, x, y in zip(
            state.snapshot.ids.tolist(), across.tolist(), upwards.tolist(), strict=True
        ):
            xs.setdefault(i, []).append(x)
            ys.setdefault(i, []).append(y)
    present = states[-1].snapshot.ids.tolist() if states else []
    return {
        "xs": [pack_coordinates(np.array(xs[i])) for i in present],
        "ys": [pack_coordinates(np.array(ys[i])) for i in present],
        "color": wrap_colors(states[-1].colors if states else np.empty(0, dtype=np.int64)),
    }


class Trails:
    """Lines in the live figure; the browser gets them only after a new state was recorded."""

    def __init__(self) -> None:
        self.lines = build_columns("trails", "xs", "ys", "color")
        self._drawn: tuple[Recording, tuple[int, int, int]] = Recording(), ViewRequest().axes

    def add_to(self, plot: figure) -> None:
        """Add the lines to a plot."""
        color = {"field": "color", "transform": map_colors()}
        plot.multi_line("xs", "ys", source=self.lines, line_color=color, line_width=2, alpha=0.6)

    def draw(self, recording: Recording, view_request: ViewRequest) -> None:
        """Draw the last states of a recording."""
        drawn = recording, view_request.axes
        if drawn != self._drawn:
            self._drawn = drawn
            self.lines.data = measure_trails(recording.states[-N_STATES:], view_request)

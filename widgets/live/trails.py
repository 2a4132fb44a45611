"""Trails: where the prototypes have been in the last moments."""

from typing import Any

import numpy as np
from bokeh.plotting import figure

from clusterer.session.frame import Look
from clusterer.session.recording import Moment, Recording
from widgets.components.float32 import pack_coordinates
from widgets.components.palette import map_colors, wrap_colors
from widgets.components.plot import build_columns
from widgets.live.scene import project

N_MOMENTS = 30


def measure_trails(moments: tuple[Moment, ...], look: Look) -> dict[str, Any]:
    """Last positions of the prototypes of the last moment, one line each."""
    xs: dict[int, list[float]] = {}
    ys: dict[int, list[float]] = {}
    for moment in moments:
        across, upwards = project(moment.centers, look)
        for i, x, y in zip(
            moment.snapshot.ids.tolist(), across.tolist(), upwards.tolist(), strict=True
        ):
            xs.setdefault(i, []).append(x)
            ys.setdefault(i, []).append(y)
    present = moments[-1].snapshot.ids.tolist() if moments else []
    return {
        "xs": [pack_coordinates(np.array(xs[i])) for i in present],
        "ys": [pack_coordinates(np.array(ys[i])) for i in present],
        "color": wrap_colors(moments[-1].colors if moments else np.empty(0, dtype=np.int64)),
    }


class Trails:
    """Lines in the live figure, sent only when a new moment was recorded."""

    def __init__(self) -> None:
        self.lines = build_columns("trails", "xs", "ys", "color")
        self._drawn: tuple[Recording, tuple[int, int, int]] = Recording(), Look().axes

    def add_to(self, plot: figure) -> None:
        """Make the lines part of a plot."""
        color = {"field": "color", "transform": map_colors()}
        plot.multi_line("xs", "ys", source=self.lines, line_color=color, line_width=2, alpha=0.6)

    def draw(self, recording: Recording, look: Look) -> None:
        """Bring the lines up to the end of a recording."""
        drawn = recording, look.axes
        if drawn != self._drawn:
            self._drawn = drawn
            self.lines.data = measure_trails(recording.moments[-N_MOMENTS:], look)

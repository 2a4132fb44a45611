"""The comparison view: ours and a peer on the same stream, side by side."""

from collections.abc import Callable
from typing import Any

import numpy as np
import panel as pn
import panel_material_ui as pmui
from bokeh.models import LegendItem

from clusterer.evaluation.baselines import BaselineSettings, list_baselines
from clusterer.evaluation.comparison import Comparison, Score
from widgets.components.float32 import pack_coordinates
from widgets.components.palette import map_colors, wrap_colors
from widgets.components.plot import (
    add_hover,
    add_legend,
    build_columns,
    build_plot,
    build_range,
    fit,
)
from widgets.components.sliders import space_steps
from widgets.components.text import Html, Text
from widgets.controls.controls import WIDE, write_number
from widgets.live.view_data import ViewData, project

AUTOMATIC = 0.0
ROWS = (
    "clusters",
    "noise",
    "distance to the centre",
    "agreement with the truth",
    "points learned",
    "time a point",
)
NOTE = (
    "The peer learns the same points, from where it was let in; Reset starts both at the first. "
    "The slower of the two sets the pace. Colours are matched where clusters overlap. Agreement is "
    "the adjusted Rand index: 1 is the same division, 0 is chance. Distances are in the units that "
    "are learned in."
)
STYLE = """
table { border-collapse: collapse; width: 100%; font-size: .88rem;
  font-variant-numeric: tabular-nums; }
th { font-weight: 500; opacity: .72; }
th, td { text-align: right; padding: 5px 12px; }
th:first-child, td:first-child { text-align: left; }
td { border-top: 1px solid rgba(128, 128, 128, .28); }
"""


def measure_comparison(view_data: ViewData) -> dict[str, Any] | None:
    """Columns of the points, coloured by either; and the measures of both as text."""
    comparison = view_data.comparison
    if comparison is None:
        return None
    xs, ys = project(comparison.points, view_data.view_request)
    columns: dict[str, Any] = {"x": pack_coordinates(xs), "y": pack_coordinates(ys)}
    for name, verdict in (("ours", comparison.ours), ("theirs", comparison.baseline)):
        labels = verdict.labels.tolist()
        colors = np.array([comparison.palette[label] for label in labels], dtype=np.int64)
        columns[f"{name}_color"] = wrap_colors(colors)
        columns[name] = ["noise" if label < 0 else f"cluster {label}" for label in labels]
    return {"points": columns, "table": tabulate(comparison)}


def tabulate(comparison: Comparison) -> list[tuple[str, str, str]]:
    """The measures: name, ours, theirs."""
    both = zip(ROWS, _write(comparison.ours), _write(comparison.baseline), strict=True)
    return [*both, ("agreement with each other", f"{comparison.agreement:.2f}", "")]


def _write(verdict: Score) -> tuple[str, ...]:
    return (
        str(verdict.n_clusters),
        f"{verdict.noise_share:.1%}",
        f"{verdict.distance:.3g}",
        "no truth known" if verdict.agreement is None else f"{verdict.agreement:.2f}",
        f"{verdict.n_learned:,}",
        f"{verdict.us_per_point:.3g} µs",
    )


class ComparisonView:
    """Chooses a peer and shows what it makes of the last points; ``on_challenge`` lets it in."""

    title = "Compare"

    def __init__(self, on_challenge: Callable[[BaselineSettings | None], None]) -> None:
        self._on_challenge = on_challenge
        self._is_open = False
        self.points = build_columns(
            "comparison", "x", "y", "ours", "theirs", "ours_color", "theirs_color"
        )
        self._ranges = build_range(), build_range()
        self._table = Html("", stylesheets=[STYLE], sizing_mode="stretch_width", margin=(2, 12))
        self._note = Text()
        self._note.show(NOTE)
        self._build_controls()
        plots = pmui.FlexBox(
            self._build_plot("ours", "Ours"),
            self._build_plot("theirs", "Peer"),
            **WIDE,
        )
        self.pane = pmui.Column(self.controls, plots, self._table, self._note.pane, **WIDE)
        self._show_knobs()

    def _build_controls(self) -> None:
        peers = list_baselines()
        narrow = {"sizing_mode": "stretch_width", "min_width": 200, "max_width": 300}
        self.peer = pmui.Select(
            label="Against",
            options={peer.title: key for key, peer in peers.items()},
            value="ours",
            description="What learns the same stream beside ours.",
            **narrow,
        )
        self.knobs = {
            "n_prototypes": pmui.IntSlider(
                label="Its prototypes",
                description="The most prototypes that it keeps.",
                start=2,
                end=200,
                value=20,
                **narrow,
            ),
            "sigma": pmui.DiscreteSlider(
                label="Its σ",
                description="Its kernel width, in the units that are learned in.",
                options={"automatic": AUTOMATIC} | _label(space_steps(0.01, 100.0, 6)),
                value=AUTOMATIC,
                **narrow,
            ),
            "n_clusters": pmui.IntSlider(
                label="Clusters it is told",
                description="How many clusters there are: it does not find out by itself.",
                start=1,
                end=50,
                value=5,
                **narrow,
            ),
            "radius": pmui.DiscreteSlider(
                label="Its radius",
                description="How near points lie that it takes as one, in the units that are "
                "learned in.",
                options=_label(space_steps(0.01, 100.0, 6)),
                value=1.0,
                **narrow,
            ),
        }
        self.controls = pmui.FlexBox(self.peer, *self.knobs.values(), gap="12px", **WIDE)
        for widget in (self.peer, *self.knobs.values()):
            name = "value" if widget is self.peer else "value_throttled"
            widget.param.watch(lambda _: self._change(), name)

    def _build_plot(self, name: str, title: str) -> pn.viewable.Viewable:
        plot = build_plot(
            f"comparison {name}",
            "",
            "",
            x_range=self._ranges[0],
            y_range=self._ranges[1],
            min_width=300,
            dimensions="both",
        )
        points = plot.scatter(
            "x",
            "y",
            source=self.points,
            size=5,
            alpha=0.6,
            line_alpha=0,
            color={"field": f"{name}_color", "transform": map_colors()},
        )
        add_hover(plot, points, ("", f"@{name}"))
        add_legend(plot, [LegendItem(label=f"{title} (grey: noise)", renderers=[points])])
        return pn.pane.Bokeh(plot, autodispatch=False, min_width=300, margin=0, **WIDE)

    def open(self, is_open: bool) -> None:
        """Let the peer in with the tab open, and out with it closed."""
        if is_open != self._is_open:
            self._is_open = is_open
            self._on_challenge(self.challenge if is_open else None)

    @property
    def challenge(self) -> BaselineSettings:
        """What is chosen."""
        told = {name: knob.value for name, knob in self.knobs.items()}
        return BaselineSettings(self.peer.value, **told)

    def _change(self) -> None:
        self._show_knobs()
        if self._is_open:
            self._on_challenge(self.challenge)

    def _show_knobs(self) -> None:
        heeded = list_baselines()[self.peer.value].parameters
        for name, knob in self.knobs.items():
            knob.visible = name in heeded

    def measure(self, view_data: ViewData) -> dict[str, Any] | None:
        """What to draw; takes its time in another thread."""
        return measure_comparison(view_data)

    def draw(self, measured: dict[str, Any] | None) -> None:
        """Bring the screen up to it."""
        if measured is None:
            return
        columns = measured["points"]
        self.points.data = columns
        for axis_range, name in zip(self._ranges, ("x", "y"), strict=True):
            low, high = float(columns[name].min()), float(columns[name].max())
            margin = 0.05 * (high - low) or 1.0
            fit(axis_range, low - margin, high + margin)
        self._table.object = _lay_out(measured["table"])


def _label(steps: list[float]) -> dict[str, float]:
    return {write_number(step): step for step in steps}


def _lay_out(rows: list[tuple[str, str, str]]) -> str:
    body = "".join(
        f"<tr><td>{name}</td><td>{ours}</td><td>{theirs}</td></tr>" for name, ours, theirs in rows
    )
    head = "<tr><th>on the last 500 points</th><th>ours</th><th>peer</th></tr>"
    return f"<table><thead>{head}</thead><tbody>{body}</tbody></table>"

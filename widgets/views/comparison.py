"""The comparison of the run with a baseline that learns the same points."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import panel_material_ui as pmui

from clusterer.evaluation.baselines import BaselineSettings, list_baselines
from clusterer.evaluation.comparison import N_COMPARED, Comparison, Score
from widgets.components.float32 import pack_coordinates
from widgets.components.palette import wrap_colors
from widgets.components.sliders import space_steps
from widgets.components.text import Html, Text
from widgets.controls.controls import WIDE, write_number
from widgets.live.view_data import ViewData, project
from widgets.views.plot import (
    COLOR_OPTIONS,
    Columns,
    LivePlot,
    PlotData,
    load_holoviews,
    place_ticks,
    set_options,
    set_plot_options,
)

if TYPE_CHECKING:
    import holoviews as hv
    from bokeh.plotting import figure

TITLES = {"ours": "Ours", "baseline": "Baseline"}
AUTOMATIC = 0.0
MEASURES = (
    "clusters",
    "noise",
    "distance to the centre",
    "agreement with the truth",
    "points learned",
    "time per point",
)
NOTE = (
    "The baseline learns the same points, from the point where you opened this tab; Reset starts "
    "both at the first point. The slower of the two sets the pace. Clusters that overlap have the "
    "same colour. Agreement is the adjusted Rand index: 1 is the same division, 0 is chance. "
    "Distances have the units in which both learn."
)
STYLE = """
table { border-collapse: collapse; width: 100%; font-size: .88rem;
  font-variant-numeric: tabular-nums; }
th { font-weight: 500; opacity: .72; }
th, td { text-align: right; padding: 5px 12px; }
th:first-child, td:first-child { text-align: left; }
td { border-top: 1px solid rgba(128, 128, 128, .28); }
"""


def comparison(compared: Comparison) -> hv.Layout:
    """The latest points in the colours of the run and of the baseline, and a table of measures.

    Parameters
    ----------
    compared : the comparison that `Run.compare` returns

    Examples
    --------
    >>> from clusterer import OnlineClusterer
    >>> from clusterer.datasets import make_generator
    >>> from clusterer.session.run import Run
    >>> run = Run(make_generator("blobs"), OnlineClusterer())
    >>> run.set_baseline(BaselineSettings("minibatch"))
    >>> _ = run.advance(600)
    >>> ours, baseline, table = comparison(run.compare())
    >>> len(table)
    7
    """
    hv = load_holoviews()

    plots = draw_comparison(measure_comparison(ViewData(comparison=compared)))
    return plots + hv.Table(tabulate(compared), ["measure"], [*TITLES])


def measure_comparison(view_data: ViewData) -> PlotData:
    """The points twice: with the clusters of the run and with the clusters of the baseline."""
    compared = view_data.comparison
    if compared is None:
        return PlotData({f"comparison {name}": {"x": []} for name in TITLES})
    xs, ys = project(compared.points, view_data.view_request)
    places = {"x": pack_coordinates(xs), "y": pack_coordinates(ys)}
    layers: dict[str, Columns] = {}
    for name, score in (("ours", compared.ours), ("baseline", compared.baseline)):
        labels = score.labels.tolist()
        colors = np.array([compared.palette[label] for label in labels], dtype=np.int64)
        layers[f"comparison {name}"] = {
            **places,
            "cluster": ["noise" if label < 0 else f"cluster {label}" for label in labels],
            "color": wrap_colors(colors),
        }
    limits = {}
    for name, values in places.items():
        low, high = float(values.min()), float(values.max())
        margin = 0.05 * (high - low) or 1.0
        limits[name] = low - margin, high + margin
    log_units = dict(zip("xy", view_data.view_request.log_units, strict=True))
    return PlotData(layers, limits, ticks=place_ticks(limits, log_units))


def draw_comparison(data: PlotData) -> hv.Layout:
    """Two plots with the same axes: the clusters of the run and of the baseline."""
    hv = load_holoviews()

    return hv.Layout([_draw_points(data, name, title) for name, title in TITLES.items()])


def _draw_points(data: PlotData, name: str, title: str) -> hv.Overlay:
    hv = load_holoviews()

    layer = f"comparison {name}"
    points = set_options(
        hv.Points(
            data.layers[layer], ["x", "y"], ["cluster", "color"], label=f"{title} (grey: noise)"
        ),
        layer,
        [("", "@cluster")],
        size=5,
        alpha=0.6,
        line_alpha=0,
        **COLOR_OPTIONS,
    )
    return set_plot_options(
        hv.Overlay([points]), data, f"{layer} plot", dimensions="both", xlabel="", ylabel=""
    )


def tabulate(compared: Comparison) -> list[tuple[str, str, str]]:
    """Rows of the table: the measure, the value of the run, the value of the baseline."""
    both = zip(MEASURES, _write(compared.ours), _write(compared.baseline), strict=True)
    return [*both, ("agreement with each other", f"{compared.agreement:.2f}", "")]


def _write(score: Score) -> tuple[str, ...]:
    return (
        str(score.n_clusters),
        f"{score.noise_share:.1%}",
        f"{score.distance:.3g}",
        "no truth known" if score.agreement is None else f"{score.agreement:.2f}",
        f"{score.n_learned:,}",
        f"{score.us_per_point:.3g} µs",
    )


class ComparisonView:
    """Lets the user choose a baseline, and shows its clusters beside the clusters of the run.

    ``set_baseline`` gets the settings of the baseline while the tab is open, otherwise None.
    """

    title = "Compare"

    def __init__(self, set_baseline: Callable[[BaselineSettings | None], None]) -> None:
        self._set_baseline = set_baseline
        self._is_open = False
        self._plot = LivePlot(draw_comparison)
        self._table = Html("", stylesheets=[STYLE], sizing_mode="stretch_width", margin=(2, 12))
        self._note = Text()
        self._note.show(NOTE)
        self._build_controls()
        self.pane = pmui.Column(
            self.controls, self._plot.pane, self._table, self._note.pane, **WIDE
        )
        self._show_parameters()

    def _build_controls(self) -> None:
        narrow = {"sizing_mode": "stretch_width", "min_width": 200, "max_width": 300}
        self.baseline = pmui.Select(
            label="Baseline",
            options={baseline.title: key for key, baseline in list_baselines().items()},
            # The same clusterer would begin as an equal picture.
            value="minibatch",
            description="The clusterer that learns the same stream beside this one.",
            **narrow,
        )
        self.parameters = {
            "n_prototypes": pmui.IntSlider(
                label="Prototypes of the baseline",
                description="The largest number of prototypes of the baseline.",
                start=2,
                end=200,
                value=20,
                **narrow,
            ),
            "sigma": pmui.DiscreteSlider(
                label="σ of the baseline",
                description="The kernel width of the baseline, in the units in which it learns.",
                options={"automatic": AUTOMATIC} | _label(space_steps(0.01, 100.0, 6)),
                value=AUTOMATIC,
                **narrow,
            ),
            "n_clusters": pmui.IntSlider(
                label="Clusters of the baseline",
                description="The number of clusters: this baseline cannot find the number itself.",
                start=1,
                end=50,
                value=5,
                **narrow,
            ),
            "radius": pmui.DiscreteSlider(
                label="Radius of the baseline",
                description="The baseline treats points within this distance as one point. The "
                "distance has the units in which the baseline learns.",
                options=_label(space_steps(0.01, 100.0, 6)),
                value=1.0,
                **narrow,
            ),
        }
        self.controls = pmui.FlexBox(self.baseline, *self.parameters.values(), gap="12px", **WIDE)
        self.baseline.param.watch(self._change, "value")
        for slider in self.parameters.values():
            slider.param.watch(self._change, "value_throttled")

    @property
    def figures(self) -> list[figure]:
        """The figures of Bokeh; none before the first comparison."""
        return self._plot.figures

    def open(self, is_open: bool) -> None:
        """Start the baseline when the tab is opened, and stop it when the tab is closed."""
        if is_open != self._is_open:
            self._is_open = is_open
            self._set_baseline(self.settings if is_open else None)

    @property
    def settings(self) -> BaselineSettings:
        """The settings of the chosen baseline."""
        values = {name: slider.value for name, slider in self.parameters.items()}
        return BaselineSettings(self.baseline.value, **values)

    def _change(self, *_: object) -> None:
        self._show_parameters()
        if self._is_open:
            self._set_baseline(self.settings)

    def _show_parameters(self) -> None:
        known = list_baselines()[self.baseline.value].parameters
        for name, slider in self.parameters.items():
            slider.visible = name in known

    def measure(self, view_data: ViewData) -> tuple[Comparison | None, PlotData, bool]:
        """What `draw` shows; may run in another thread."""
        data = measure_comparison(view_data)
        return view_data.comparison, data, self._plot.build(data)

    def draw(self, measured: tuple[Comparison | None, PlotData, bool]) -> None:
        """Bring the page up to the data; without a comparison the last one stays."""
        compared, data, is_new = measured
        if compared is not None:
            self._plot.show(data, is_new)
            self._table.object = _lay_out(tabulate(compared))


def _label(steps: list[float]) -> dict[str, float]:
    return {write_number(step): step for step in steps}


def _lay_out(rows: list[tuple[str, str, str]]) -> str:
    body = "".join(
        f"<tr><td>{measure}</td><td>{ours}</td><td>{baseline}</td></tr>"
        for measure, ours, baseline in rows
    )
    head = f"<tr><th>on the last {N_COMPARED} points</th><th>ours</th><th>baseline</th></tr>"
    return f"<table><thead>{head}</thead><tbody>{body}</tbody></table>"

"""The grid sweep: clusters of the same points with other σ and K; a click selects a setting."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import panel_material_ui as pmui
from bokeh.events import Tap
from numpy.typing import ArrayLike, NDArray

from clusterer.evaluation.grid_sweep import N_PROTOTYPES, GridSweep, choose_sigmas, sweep_grid
from clusterer.session.frame import ViewRequest
from widgets.components.palette import wrap_colors
from widgets.components.text import Text
from widgets.controls.controls import WIDE, write_number
from widgets.live.view_data import ViewData, project
from widgets.settings import SIGMA_BOUNDS
from widgets.views.plot import (
    COLOR_OPTIONS,
    Columns,
    LivePlot,
    PlotData,
    load_holoviews,
    set_options,
    set_plot_options,
)

if TYPE_CHECKING:
    import holoviews as hv
    from bokeh.plotting import figure

HEIGHT_PX = 420
N_DRAWN = 300
"""Points that each cell shows."""

GAP = 0.02  # between the frame of a cell and the edge of its unit square
MARGIN = 0.06  # between the points of a cell and the edge of its unit square
POINTS_HEIGHT = 0.86  # of a cell; above the points stands the number of clusters
CORNERS = "left", "bottom", "right", "top"
TEXTS = "text", "sigma", "k", "noise"
TOOLTIPS = ("", "@text"), ("σ", "@sigma"), ("K", "@k"), ("noise", "@noise")
NOTE = (
    "Each small plot shows the points of the window, learned again with another σ (across) and K "
    "(upwards). Click a plot, or select it with the slider, to take its setting."
)
NONE = "(as it is)"
NO_POINTS = "There are no points to learn yet: press Play first."
OUTDATED = "The sweep was of another stream. Press Sweep to learn the points of this one."


def grid_sweep(
    points: ArrayLike,
    sigmas: Sequence[float] | None = None,
    n_prototypes: Sequence[int] = N_PROTOTYPES,
    **parameters: Any,
) -> hv.Overlay:
    """Learn the points with each pair of σ and K, and draw the clusters in a small plot for each.

    Parameters
    ----------
    points : (n, d)
        The points in the order of the stream.
    sigmas : sequence of float, optional
        Widths of the kernel; five widths around the automatic width by default.
    n_prototypes : sequence of int, default (10, 20, 50, 100)
        Numbers of prototypes.
    **parameters
        The other parameters of `OnlineClusterer`.

    Examples
    --------
    >>> random = np.random.default_rng(0)
    >>> plot = grid_sweep(random.normal(size=(200, 2)), n_prototypes=(10, 20))
    >>> len(next(iter(plot)))  # cells
    10
    """
    points = np.asarray(points, dtype=np.float64)
    sigmas = tuple(sigmas or choose_sigmas(points))
    cells = tuple(sweep_grid(points, sigmas, n_prototypes, parameters))
    sweep = GridSweep(points, sigmas, tuple(n_prototypes), cells)
    return draw_grid_sweep(measure_grid_sweep(sweep, ViewRequest()))


def measure_grid_sweep(sweep: GridSweep, view_request: ViewRequest) -> PlotData:
    """The finished cells, the points in the unit square of each, and the cell that is chosen."""
    drawn = np.unique(np.linspace(0, len(sweep.points) - 1, N_DRAWN).astype(int))
    xs, ys = (_squeeze(values) for values in project(sweep.points, view_request))
    rows = {k: row for row, k in enumerate(sorted(sweep.n_prototypes))}
    points: dict[str, list[NDArray]] = {"x": [], "y": [], "color": []}
    cells: Columns = {name: [] for name in (*CORNERS, *TEXTS)}
    for cell in sweep.cells:
        column, row = sweep.sigmas.index(cell.sigma), rows[cell.n_prototypes]
        points["x"].append(column + xs[drawn])
        points["y"].append(row + POINTS_HEIGHT * ys[drawn])
        points["color"].append(wrap_colors(_rank(cell.labels)[drawn]))
        values = (
            *_frame(column, row),
            _count(cell.n_clusters),
            cell.sigma,
            cell.n_prototypes,
            f"{cell.noise_share:.1%}",
        )
        for name, value in zip(cells, values, strict=True):
            cells[name].append(value)
    joined = {name: np.concatenate(parts or [np.empty(0)]) for name, parts in points.items()}
    joined |= {name: joined[name].astype(np.float32) for name in ("x", "y")}
    chosen: Columns = {name: [] for name in CORNERS}
    if sweep.chosen is not None:
        sigma, k = sweep.chosen
        corners = _frame(sweep.sigmas.index(sigma), rows[k])
        chosen = {name: [value] for name, value in zip(CORNERS, corners, strict=True)}
    texts = {
        "x": [left + 0.5 - GAP for left in cells["left"]],
        "y": [top + GAP - MARGIN for top in cells["top"]],
        "text": cells["text"],
    }
    layers = {
        "sweep cells": cells,
        "sweep": joined,
        "sweep texts": texts,
        "sweep chosen": chosen,
    }
    if not sweep.sigmas:
        return PlotData(layers)
    limits = {"left": (0.0, float(len(sweep.sigmas))), "bottom": (0.0, float(len(rows)))}
    ticks = {"left": _name_middles(sweep.sigmas), "bottom": _name_middles(rows)}
    return PlotData(layers, limits, ticks=ticks)


def _frame(column: int, row: int) -> tuple[float, float, float, float]:
    """Left, bottom, right and top of the frame of a cell."""
    return column + GAP, row + GAP, column + 1 - GAP, row + 1 - GAP


def _name_middles(values: Iterable[float]) -> dict[float, str]:
    return {i + 0.5: write_number(value) for i, value in enumerate(values)}


def draw_grid_sweep(data: PlotData) -> hv.Overlay:
    """The frames of the cells, the points, the numbers of clusters, the frame that is chosen."""
    hv = load_holoviews()

    cells = set_options(
        hv.Rectangles(data.layers["sweep cells"], [*CORNERS], [*TEXTS]),
        "sweep cells",
        TOOLTIPS,
        fill_color="#888888",
        fill_alpha=0.05,
        line_color="#888888",
        line_alpha=0.4,
        hover_fill_alpha=0.2,
    )
    points = set_options(
        hv.Points(data.layers["sweep"], ["x", "y"], ["color"]),
        "sweep",
        size=3,
        alpha=0.7,
        line_alpha=0,
        **COLOR_OPTIONS,
    )
    texts = set_options(
        hv.Labels(data.layers["sweep texts"], ["x", "y"], ["text"]),
        "sweep texts",
        text_align="center",
        text_baseline="top",
        text_font_size="11px",
        text_color="#888888",
    )
    chosen = set_options(
        hv.Rectangles(data.layers["sweep chosen"], [*CORNERS]),
        "sweep chosen",
        fill_alpha=0,
        line_width=3,
        line_color="#d55e00",
    )
    return set_plot_options(
        cells * points * texts * chosen,
        data,
        "sweep plot",
        dimensions="",
        xlabel="kernel width σ",
        ylabel="prototypes K",
        height=HEIGHT_PX,
        show_grid=False,
        show_legend=False,
        toolbar=None,
    )


def list_settings(sweep: GridSweep) -> dict[str, tuple[float, int]]:
    """The σ and K of the finished cells, by a name that tells the setting and the result.

    >>> from clusterer.evaluation.grid_sweep import GridCell
    >>> cell = GridCell(0.5, 20, np.array([0, 0, 1, -1]))
    >>> list_settings(GridSweep(np.zeros((4, 2)), (0.5,), (20,), (cell,)))
    {'σ = 0.5, K = 20: 2 clusters': (0.5, 20)}
    """
    return {
        f"σ = {write_number(cell.sigma)}, K = {cell.n_prototypes}: {_count(cell.n_clusters)}": (
            cell.sigma,
            cell.n_prototypes,
        )
        for cell in sorted(sweep.cells, key=lambda cell: (cell.n_prototypes, cell.sigma))
    }


def _count(n_clusters: int) -> str:
    return f"{n_clusters} {'cluster' if n_clusters == 1 else 'clusters'}"


def _squeeze(values: NDArray) -> NDArray[np.float64]:
    """Move values between the margins of a square of side 1."""
    if not len(values):
        return values
    extent = float(np.ptp(values)) or 1.0
    return MARGIN + (1 - 2 * MARGIN) * (values - values.min()) / extent


def _rank(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Labels by size, so that the largest cluster has the first colour in each cell."""
    known, sizes = np.unique(labels[labels >= 0], return_counts=True)
    ranks = {int(label): rank for rank, label in enumerate(known[np.argsort(-sizes)])}
    return np.array([ranks.get(label, -1) for label in labels.tolist()], dtype=np.int64)


class GridSweepView:
    """Runs sweeps in a thread of their own and shows the cells that are finished.

    ``take_points`` gives the points of the window, and the same points in the units of the model.
    ``take_parameters`` gives the parameters of the model. ``choose`` gets the σ and K that the user
    selects. ``request_frame`` is called, also from the thread, when there is something to draw.
    """

    title = "Sweep"

    def __init__(
        self,
        take_points: Callable[[], tuple[NDArray, NDArray]],
        take_parameters: Callable[[], dict[str, Any]],
        choose: Callable[[float, int], None],
        request_frame: Callable[[], None],
    ) -> None:
        self._take_points = take_points
        self._take_parameters = take_parameters
        self._choose = choose
        self._request_frame = request_frame
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="clusterer-sweep")
        # The number of the sweep whose cells are still wanted.
        self._number = 0
        self._lock = threading.Lock()
        self.sweep: GridSweep | None = None
        self._plot = LivePlot(draw_grid_sweep)
        self._is_following = False
        self._settings: list[tuple[float, int] | None] = []
        self._offer_shown: tuple[list[Any], tuple[float, int] | None] | None = None
        self._build_widgets()
        # Not the pane of the plot itself: it fills when it becomes visible.
        self._frame = pmui.Column(self._plot.pane, visible=False, margin=0, **WIDE)
        self.pane = pmui.Column(
            pmui.Row(self.start, self._note.pane, align="center", **WIDE),
            self.progress,
            self.taken,
            self._frame,
            **WIDE,
        )

    def _build_widgets(self) -> None:
        self.start = pmui.Button(
            label="Sweep",
            icon="grid_view",
            variant="outlined",
            description="Sweep: learn the points of the window again with other σ and K.",
            on_click=lambda _: self._start(),
        )
        self.progress = pmui.LinearProgress(value=0, variant="determinate", visible=False, **WIDE)
        self._note = Text()
        self._note.show(NOTE)
        # A slider, because the keyboard cannot open a list.
        self.taken = pmui.DiscreteSlider(
            label="Take",
            description="Takes the setting of a small plot, as a click on the plot does.",
            options={NONE: 0},
            value=0,
            visible=False,
            sizing_mode="stretch_width",
            max_width=520,
        )
        self.taken.param.watch(self._take, "value")

    # Only `draw` changes models of Bokeh: a click may come while another callback holds the
    # document.
    def _start(self) -> None:
        points, scaled = self._take_points()
        if not len(points):
            self._set_sweep(GridSweep(points, (), (), message=NO_POINTS))
            return
        self._set_sweep(GridSweep(points, (), N_PROTOTYPES))
        self._worker.submit(self._run, self._number, points, scaled, self._take_parameters())

    def forget(self) -> None:
        """Drop the sweep: another stream has begun."""
        with self._lock:
            self._number += 1
        if self.sweep is not None:
            self._set_sweep(GridSweep(self.sweep.points[:0], (), (), message=OUTDATED))

    def _set_sweep(self, sweep: GridSweep, number: int | None = None) -> bool:
        """Have the sweep drawn, unless a sweep of this number is no longer wanted.

        Returns whether it is still wanted.
        """
        with self._lock:
            is_wanted = number in (None, self._number)
            if is_wanted:
                self.sweep = sweep
        self._request_frame()
        return is_wanted

    def _run(
        self, number: int, points: NDArray, scaled: NDArray, parameters: dict[str, Any]
    ) -> None:
        low, high = SIGMA_BOUNDS
        sweep = GridSweep(points, (), N_PROTOTYPES)
        try:
            sigmas = dict.fromkeys(min(max(s, low), high) for s in choose_sigmas(scaled))
            sweep = replace(sweep, sigmas=tuple(sigmas))
            for cell in sweep_grid(scaled, sweep.sigmas, sweep.n_prototypes, parameters):
                sweep = replace(sweep, cells=(*sweep.cells, cell))
                if not self._set_sweep(sweep, number):
                    return
        except Exception as error:
            # The view shows the message, and the user can start the next sweep there.
            self._set_sweep(replace(sweep, message=str(error) or repr(error)), number)

    @property
    def figure(self) -> figure:
        """The figure of Bokeh, after the first cell."""
        return self._plot.figures[0]

    def measure(self, view_data: ViewData) -> tuple[GridSweep, PlotData, bool] | None:
        """What `draw` shows; may run in another thread."""
        sweep = view_data.sweep
        if sweep is None:
            return None
        data = measure_grid_sweep(sweep, view_data.view_request)
        is_new = self._plot.build(data)
        if is_new:
            self.figure.on_event(Tap, self._tap)
        return sweep, data, is_new

    def draw(self, measured: tuple[GridSweep, PlotData, bool] | None) -> None:
        """Bring the page up to the data."""
        if measured is None:
            return
        sweep, data, is_new = measured
        self._plot.show(data, is_new)
        self._frame.visible = bool(sweep.sigmas)
        self._offer(sweep)
        self.start.disabled = self.progress.visible = sweep.is_running
        self.progress.value = round(100 * len(sweep.cells) / max(sweep.n_cells, 1))
        taken = ""
        if sweep.chosen is not None:
            taken = f"Taken: σ = {write_number(sweep.chosen[0])} and K = {sweep.chosen[1]}."
        self._note.show(sweep.message or taken or NOTE)

    def _offer(self, sweep: GridSweep) -> None:
        """Offer the finished settings, unless they and the chosen one are shown already.

        A frame may be drawn while the user moves the slider, and must not move it back.
        """
        settings = [] if sweep.is_running else [None, *list_settings(sweep).values()]
        offer = settings, sweep.chosen
        if offer == self._offer_shown:
            return
        self._offer_shown = offer
        self._is_following = True
        if settings != self._settings and settings:
            self._settings = settings
            self.taken.options = {name: i for i, name in enumerate([NONE, *list_settings(sweep)])}
        self.taken.value = settings.index(sweep.chosen) if sweep.chosen in settings else 0
        self.taken.visible = len(settings) > 1
        self._is_following = False

    def _take(self, event: Any) -> None:
        if not self._is_following and event.new:
            self._take_setting(self._settings[event.new])

    def _tap(self, event: Tap) -> None:
        self._take_setting(None if self.sweep is None else self.sweep.find(event.x, event.y))

    def _take_setting(self, found: tuple[float, int] | None) -> None:
        if found is None or self.sweep is None:
            return
        self._set_sweep(replace(self.sweep, chosen=found))
        self._choose(*found)

    def close(self) -> None:
        """Run no more sweeps."""
        self._number += 1
        self._worker.shutdown(wait=False, cancel_futures=True)

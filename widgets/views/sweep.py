"""The sweep view: what other σ and K make of the points in the window; click one to take it."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import panel as pn
import panel_material_ui as pmui
from bokeh.events import Tap
from bokeh.models import FixedTicker
from numpy.typing import NDArray

from clusterer.evaluation.grid_sweep import N_PROTOTYPES, GridSweep, choose_sigmas, sweep_grid
from widgets.components.palette import map_colors
from widgets.components.plot import add_hover, build_columns, build_plot, fit
from widgets.components.text import Text
from widgets.controls.controls import WIDE, write_number
from widgets.live.view_data import ViewData
from widgets.settings import SIGMA_BOUNDS
from widgets.views.sweep_cells import CELLS, list_settings, measure_sweep

HEIGHT_PX = 420
NOTE = (
    "Each small plot is the window learned anew with another σ (across) and K (upwards). "
    "Click one, or go to it by the slider, to take its setting."
)
NONE = "(as it is)"
NO_POINTS = "There are no points yet to be learned: press Play first."
OUTDATED = "The sweep was of another stream. Press Sweep to learn the points of this one."


class SweepView:
    """Runs sweeps in a thread of their own and shows what is ready.

    ``take_points`` gives the points of the window and the same in the units of the model.
    ``ask`` is called from the thread with each cell that is ready. ``on_choose`` gets the σ and K
    that are clicked.
    """

    title = "Sweep"

    def __init__(
        self,
        take_points: Callable[[], tuple[NDArray, NDArray]],
        take_parameters: Callable[[], dict[str, Any]],
        on_choose: Callable[[float, int], None],
        ask: Callable[[], None],
    ) -> None:
        self._take_points = take_points
        self._take_parameters = take_parameters
        self._on_choose = on_choose
        self._ask = ask
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="clusterer-sweep")
        # That of the sweep whose cells are still wanted.
        self._number = 0
        self._lock = threading.Lock()
        self.done: GridSweep | None = None
        self.points = build_columns("sweep", "x", "y", "color")
        self.cells = build_columns("sweep cells", *CELLS)
        self.chosen = build_columns("sweep chosen", "x", "y")
        self.start = pmui.Button(
            label="Sweep",
            icon="grid_view",
            variant="outlined",
            description="Sweep: learn the window anew with other σ and K.",
            on_click=lambda _: self._start(),
        )
        self.progress = pmui.LinearProgress(value=0, variant="determinate", visible=False, **WIDE)
        self._note = Text()
        self._note.show(NOTE)
        self.figure = self._build()
        self._plot = pmui.Column(
            pn.pane.Bokeh(self.figure, autodispatch=False, **WIDE), visible=False, margin=0, **WIDE
        )
        self._is_following = False
        self._offered: list[tuple[float, int] | None] = []
        # Not a list: it would not open by the keyboard.
        self.taken = pmui.DiscreteSlider(
            label="Take",
            description="Does what a click on a small plot does, by the keyboard as well.",
            options={NONE: 0},
            value=0,
            visible=False,
            sizing_mode="stretch_width",
            max_width=520,
        )
        self.taken.param.watch(self._take, "value")
        self.pane = pmui.Column(
            pmui.Row(self.start, self._note.pane, align="center", **WIDE),
            self.progress,
            self.taken,
            self._plot,
            **WIDE,
        )

    def _build(self) -> Any:
        plot = build_plot("sweep plot", "kernel width σ", "prototypes K", height=HEIGHT_PX)
        plot.toolbar_location = None
        plot.toolbar.tools = []
        cells = plot.rect(
            "x",
            "y",
            0.96,
            0.96,
            source=self.cells,
            fill_color="#888888",
            fill_alpha=0.05,
            line_color="#888888",
            line_alpha=0.4,
            hover_fill_alpha=0.2,
        )
        plot.scatter(
            "x",
            "y",
            source=self.points,
            size=3,
            alpha=0.7,
            line_alpha=0,
            color={"field": "color", "transform": map_colors()},
        )
        plot.text(
            "x",
            "top",
            source=self.cells,
            text="text",
            text_align="center",
            text_baseline="top",
            text_font_size="11px",
            text_color="#888888",
        )
        plot.rect(
            "x",
            "y",
            0.96,
            0.96,
            source=self.chosen,
            fill_alpha=0,
            line_width=3,
            line_color="#d55e00",
        )
        add_hover(plot, cells, ("", "@text"), ("σ", "@sigma"), ("K", "@k"), ("noise", "@noise"))
        plot.grid.visible = False
        plot.on_event(Tap, self._tap)
        return plot

    # Bokeh's own models are changed by `draw` alone: a click may come while another callback
    # holds the document.
    def _start(self) -> None:
        points, scaled = self._take_points()
        if not len(points):
            self._tell(GridSweep(points, (), (), message=NO_POINTS))
            return
        self._tell(GridSweep(points, (), N_PROTOTYPES))
        self._worker.submit(self._run, self._number, points, scaled, self._take_parameters())

    def forget(self) -> None:
        """Another stream has begun: what the last one's points say is of no more use."""
        with self._lock:
            self._number += 1
        if self.done is not None:
            self._tell(GridSweep(self.done.points[:0], (), (), message=OUTDATED))

    def _tell(self, done: GridSweep, number: int | None = None) -> bool:
        """Have it drawn, unless the sweep of that number is no longer wanted; whether it is."""
        with self._lock:
            is_wanted = number in (None, self._number)
            if is_wanted:
                self.done = done
        self._ask()
        return is_wanted

    def _run(
        self, number: int, points: NDArray, scaled: NDArray, parameters: dict[str, Any]
    ) -> None:
        low, high = SIGMA_BOUNDS
        done = GridSweep(points, (), N_PROTOTYPES)
        try:
            sigmas = dict.fromkeys(min(max(s, low), high) for s in choose_sigmas(scaled))
            done = replace(done, sigmas=tuple(sigmas))
            for cell in sweep_grid(scaled, done.sigmas, done.n_prototypes, parameters):
                done = replace(done, cells=(*done.cells, cell))
                if not self._tell(done, number):
                    return
        except Exception as error:
            # Told in the view, where the next one can be started.
            self._tell(replace(done, message=str(error) or repr(error)), number)

    def measure(self, view_data: ViewData) -> tuple[GridSweep, dict[str, dict[str, Any]]] | None:
        """What to draw; takes its time in another thread."""
        done = view_data.sweep
        return None if done is None else (done, measure_sweep(done, view_data.view_request))

    def draw(self, measured: tuple[GridSweep, dict[str, dict[str, Any]]] | None) -> None:
        """Bring the screen up to it."""
        if measured is None:
            return
        done, columns = measured
        self.points.data, self.cells.data = columns["points"], columns["cells"]
        self.chosen.data = columns["chosen"]
        if done.sigmas:
            self._label(done)
        self._plot.visible = bool(done.sigmas)
        self._offer(done)
        self.start.disabled = self.progress.visible = done.is_running
        self.progress.value = round(100 * len(done.cells) / max(done.n_cells, 1))
        taken = ""
        if done.chosen is not None:
            taken = f"Taken: σ = {write_number(done.chosen[0])} and K = {done.chosen[1]}."
        self._note.show(done.message or taken or NOTE)

    def _label(self, done: GridSweep) -> None:
        for axis, values in (
            (self.figure.xaxis[0], done.sigmas),
            (self.figure.yaxis[0], sorted(done.n_prototypes)),
        ):
            ticks = [i + 0.5 for i in range(len(values))]
            axis.ticker = FixedTicker(ticks=ticks)
            axis.major_label_overrides = {
                tick: write_number(value) for tick, value in zip(ticks, values, strict=True)
            }
        fit(self.figure.x_range, 0, len(done.sigmas))
        fit(self.figure.y_range, 0, len(done.n_prototypes))

    def _offer(self, done: GridSweep) -> None:
        settings = [] if done.is_running else [None, *list_settings(done).values()]
        self._is_following = True
        if settings != self._offered and settings:
            self._offered = settings
            self.taken.options = {name: i for i, name in enumerate([NONE, *list_settings(done)])}
        self.taken.value = settings.index(done.chosen) if done.chosen in settings else 0
        self.taken.visible = len(settings) > 1
        self._is_following = False

    def _take(self, event: Any) -> None:
        if not self._is_following and event.new:
            self._choose(self._offered[event.new])

    def _tap(self, event: Tap) -> None:
        self._choose(self.done.find(event.x, event.y) if self.done is not None else None)

    def _choose(self, found: tuple[float, int] | None) -> None:
        if found is None or self.done is None:
            return
        self._tell(replace(self.done, chosen=found))
        self._on_choose(*found)

    def close(self) -> None:
        """Sweep no more."""
        self._number += 1
        self._worker.shutdown(wait=False, cancel_futures=True)

"""The area of the live figure: the figure, the views beside it, and time travel."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial

import numpy as np
import panel as pn
from numpy.typing import NDArray

from clusterer.session.engine import Engine
from clusterer.session.frame import Frame
from clusterer.session.recording import Recording
from widgets.components.download import EXPORT_TIMEOUT_S, File
from widgets.controls.controls import Controls
from widgets.live.figure import LiveFigure
from widgets.live.point_tip import Lines
from widgets.live.view_data import ViewData
from widgets.settings import Settings
from widgets.views.classify.classify import ClassifyView
from widgets.views.comparison import ComparisonView
from widgets.views.dendrogram import DendrogramView
from widgets.views.drift import draw_drift, measure_drift
from widgets.views.grid_sweep import GridSweepView
from widgets.views.groups.cards import GroupsView
from widgets.views.history import draw_history, measure_history
from widgets.views.plot import PlotView
from widgets.views.scatter_matrix import ScatterMatrixView
from widgets.views.stream_graph import draw_stream_graph, measure_stream_graph
from widgets.views.tables.cluster_table import ClusterTable
from widgets.views.tables.row_table import RowTable
from widgets.views.tables.source_rows import SourceRows, describe_point, read_row
from widgets.views.tabs import PANEL_CLASS, ViewTabs
from widgets.views.time_travel import TimeTravel

BAR_CLASS = "view-bar"
PLOT_CLASS, BESIDE, ALONE, LOW = "plot", "beside", "alone", "low"
# In a wide page the figure fills the rest of the screen, and a view stands to the right of the
# figure, below the tabs, and scrolls by itself. In a narrow page the tabs and the view follow the
# figure, and the page scrolls.
STAGE = """
:host { position: relative; container-type: inline-size; flex: 1 0 auto !important; }
.views { overflow-x: auto; flex: none; }
@media (max-width: 1139px) {
    :host { height: auto !important; max-height: none !important; }
    .views { max-height: none !important; }
}
@media (min-width: 1140px) {
    :host { flex: 1 1 0 !important; min-height: 330px; }
    .plot { min-height: 280px !important; }
}
.alone.plot { display: none; }
.low.plot { min-height: 220px !important; height: 42vh; margin-bottom: 46vh;
    flex: none !important; }
@container (max-width: 779px) {
    .view-bar { order: 1; }
    .views { order: 2; }
}
@container (min-width: 780px) {
    .beside.views { position: absolute !important; inset: 56px 0 0 calc(50% + 6px);
        width: auto !important; height: auto !important; overflow-y: auto; }
    .beside.plot { margin-right: calc(50% + 6px) !important; width: auto !important; }
}
"""


class ViewArea:
    """The live figure, the tabs with the views of an engine's run, and time travel.

    Parameters
    ----------
    engine : Engine
        Drives the run.
    figure : LiveFigure
        Shows trails and the highlighted cluster.
    plot : Bokeh
        The pane with the figure.
    settings : Settings
        The settings of the page; a click in the grid sweep changes σ and K.
    controls : Controls
        Builds the controls of the classifier.
    send : callable
        Sends a file to the browser.
    """

    def __init__(
        self,
        engine: Engine,
        figure: LiveFigure,
        plot: pn.pane.Bokeh,
        settings: Settings,
        controls: Controls,
        send: Callable[[File], None],
    ) -> None:
        self._engine = engine
        self._figure = figure
        self._settings = settings
        self._frame: Frame | None = None
        self._feature_names: tuple[str, ...] = ()
        self.travel = TimeTravel(engine)
        self._sweep: GridSweepView | None = None
        self._table: ClusterTable | None = None
        self._rows: RowTable | None = None
        self._source_rows = SourceRows()
        # A reader of its own: each goes on where it read last.
        self._view_rows = SourceRows()
        self._send = send
        self._run = -1
        self.views = ViewTabs(
            {
                GroupsView.title: lambda: GroupsView(self._name_cluster, self._decide),
                ScatterMatrixView.title: lambda: ScatterMatrixView(),
                "Stream graph": lambda: PlotView(measure_stream_graph, draw_stream_graph),
                "History": lambda: PlotView(measure_history, draw_history),
                DendrogramView.title: lambda: DendrogramView(self._decide, engine.refresh_frame),
                "Drift": lambda: PlotView(measure_drift, draw_drift),
                ClusterTable.title: self._make_table,
                RowTable.title: self._make_rows,
                ComparisonView.title: lambda: ComparisonView(engine.set_baseline),
                ClassifyView.title: lambda: ClassifyView(engine.set_classifier, controls),
                GridSweepView.title: self._make_sweep,
            },
            self._take_view_data,
            engine.refresh_frame,
        )
        self._plot = plot
        self._is_low = False
        self._plot.css_classes = [PLOT_CLASS]
        self.views.tabs.param.update(css_classes=[BAR_CLASS], styles={"scroll-margin": "64px"})
        stage = pn.Column(
            self.views.tabs,
            plot,
            self.views.panel,
            sizing_mode="stretch_both",
            margin=0,
            stylesheets=[STAGE],
        )
        self.parts = [stage, self.travel.view]
        self.views.tabs.param.watch(self._arrange, "active")
        figure.region.listen(self._list_region)

    def _arrange(self, *_: object) -> None:
        """Make room for the open view: beside the figure, or in its place."""
        view = self.views.open_view
        place = [] if view is None else [ALONE if isinstance(view, ScatterMatrixView) else BESIDE]
        low = [LOW] if self._is_low else []
        self._plot.css_classes = [PLOT_CLASS, *place, *low]
        self.views.panel.css_classes = [PANEL_CLASS, *place]

    def lower_plot(self, is_low: bool) -> None:
        """Make the plot so low that it fits above the controls on a phone, or high again."""
        self._is_low = is_low
        self._arrange()

    def choose_frame(self, frame: Frame) -> Frame:
        """The frame to draw: ``frame``, or the frame of the past that the user has chosen."""
        self._frame = frame
        if frame.run != self._run:
            self._run = frame.run
            self._clear_selection()
        return self.travel.show(frame)

    def draw(self, frame: Frame) -> None:
        """Draw trails and the open view; called with each frame that is drawn."""
        is_shown, recording = self._settings.trails, self._engine.recording
        n_seen = frame.snapshot.n_seen
        self._figure.draw_trails(recording.until(n_seen) if is_shown else Recording())
        self.views.draw()

    def show_features(self, names: tuple[str, ...]) -> None:
        """Note the names of the features of the source."""
        self._feature_names = names

    @property
    def estimates(self) -> dict[str, float]:
        """What the drawn classifier has estimated, by the names of its settings."""
        view = self.views.open_view
        return view.estimates if isinstance(view, ClassifyView) else {}

    def leave_stream(self) -> None:
        """Forget the points of the stream, because another stream begins."""
        self._frame = None
        if self._sweep is not None:
            self._sweep.forget()

    def close(self) -> None:
        """Stop measuring."""
        self.views.close()
        if self._sweep is not None:
            self._sweep.close()

    def _make_table(self) -> ClusterTable:
        self._table = ClusterTable(self._highlight)
        return self._table

    def _make_rows(self) -> RowTable:
        self._rows = RowTable(
            self._figure.region,
            lambda: self._engine.export_run().result(timeout=EXPORT_TIMEOUT_S),
            self._source_rows.take,
            self._highlight,
            self._engine.refresh_frame,
            self._send,
        )
        return self._rows

    def _list_region(self) -> None:
        """List the rows in the region that the user has drawn."""
        self.views.tabs.active = self.views.find(RowTable.title)
        if self._rows is not None:
            self._rows.ask()

    def describe_point(self, x: float, y: float) -> tuple[Lines, Callable[[], Lines] | None]:
        """Lines about the point drawn at these coordinates; see `PointTip`."""
        found = self._figure.find_points(x, y)
        if found is None:
            return [], None
        frame, places = found
        names, rows = self._feature_names, None
        # A frame of the past has another number, and its points are not the last of the stream.
        if self._frame is not None and frame.run == self._frame.run:
            rows = self._source_rows.take(self._engine.source)
        read_more = None if rows is None else partial(read_row, frame, places, rows)
        return describe_point(frame, places, names), read_more

    def _make_sweep(self) -> GridSweepView:
        self._sweep = GridSweepView(
            self._take_points,
            self._settings.model_parameters,
            self._choose_setting,
            self._engine.refresh_frame,
        )
        return self._sweep

    def _take_view_data(self) -> ViewData:
        """The data of the views; called in their worker thread."""
        observer = self._engine.observer
        recording = observer.recording
        last = recording.states[-1] if recording.states else None
        past = self.travel.state
        return ViewData(
            recording,
            past or last,
            observer.previous_recording,
            observer.comparison,
            None if self._sweep is None else self._sweep.sweep,
            view_request=self._figure.drawn_view_request,
            frame=self._frame,
            feature_names=self._feature_names,
            classification=observer.classification if past is None else past.classification,
            highlighted=self._figure.highlight.cluster,
            rows=self._view_rows.take(self._engine.source),
        )

    def _take_points(self) -> tuple[NDArray, NDArray]:
        """The last drawn points of the window, in the units of the data and of the model."""
        scaling = self._engine.scaling
        # Until a new stream has drawn its first points, these are the points of the last stream.
        points = np.empty((0, len(scaling.offsets)))
        if self._frame is not None and self._frame.points.shape[1] == len(scaling.offsets):
            points = self._frame.points
        return points, scaling.apply(points)

    def _choose_setting(self, sigma: float, n_prototypes: int) -> None:
        self._settings.param.update(
            sigma=sigma,
            n_prototypes=n_prototypes,
            has_automatic_sigma=False,
            has_automatic_n_prototypes=False,
        )

    def _name_cluster(self, cluster: int, name: str) -> None:
        if self._frame is not None:
            self._engine.name_cluster(cluster, name, self._frame.run)

    def _decide(
        self, kind: str, *, clusters: Sequence[int] = (), threshold: float = 0.0
    ) -> "Future[None]":
        """Decide about the clusters of the run that is drawn; see `Engine.decide`."""
        run = -1 if self._frame is None else self._frame.run
        return self._engine.decide(kind, run, clusters=clusters, threshold=threshold)

    def _highlight(self, cluster: int) -> None:
        self._figure.highlight.cluster = cluster
        self._engine.refresh_frame()

    def _clear_selection(self) -> None:
        """Select nothing: in another run a number means another cluster."""
        self._figure.highlight.cluster = 0
        self._figure.region.clear()
        if self._rows is not None:
            self._rows.restart()
        if self._table is not None:
            self._table.pane.selected = 0

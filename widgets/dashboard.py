"""The dashboard: source, engine, controls and views of one session, put together."""

from os import PathLike
from typing import Any

import panel as pn
import panel_material_ui as pmui

from clusterer import OnlineClusterer
from clusterer.preprocessing.scaling import Scaling
from clusterer.session.engine import Engine
from clusterer.session.frame import Frame
from clusterer.session.run import Run
from clusterer.session.saving.store import RunStore
from clusterer.stream import Source
from widgets.components.download import Downloader
from widgets.components.text import Text
from widgets.controls.controls import WIDE, Controls
from widgets.controls.help import Help, build_introduction
from widgets.controls.keyboard import Keyboard
from widgets.controls.transport import Transport
from widgets.export.export_section import ExportSection
from widgets.export.video import VideoRecorder
from widgets.live.axes import AxesChooser
from widgets.live.counters import Counters
from widgets.live.figure import LiveFigure
from widgets.live.quality_line import QualityLine
from widgets.live.scatter_matrix import ScatterMatrix
from widgets.notebook import CellView, is_in_notebook, take_over_cell
from widgets.page.frame_loop import FrameLoop
from widgets.page.link import AddressBar
from widgets.page.notifications import Notification
from widgets.page.page_layout import build_page, fit_to_phones
from widgets.page.page_state import PageState
from widgets.page.restore import RunRestore
from widgets.settings import Settings
from widgets.sources.painting_tool import PaintingTool
from widgets.sources.source_chooser import SourceChooser
from widgets.sources.user_data import UserData
from widgets.tour.tour import Tour
from widgets.views.view_area import ViewArea

IN_NOTEBOOK_HEIGHT = 720


class Dashboard(pn.viewable.Viewer):
    """Watch and tune online clustering, in a page of its own or in a notebook's cell.

    ``data`` is what to stream first instead of a generated stream: a data frame, an array
    (n_points, n_features), an iterator of such arrays, a callable that returns one, or the path
    of a table. Of a folder all tables are at hand; with Dask they can be learned as one, by the
    workers of ``scheduler`` (its address) or of this machine.
    ``settings`` holds every knob; reading and assigning them from code does what the widgets do.
    `close` frees what the session holds; it is called when the page is left.
    """

    def __init__(self, data: Any = None, *, scheduler: str | None = None, **settings: Any) -> None:
        super().__init__()
        # Who names a width or a memory wants it used.
        for name in Settings.AUTOMATIC.keys() & settings:
            settings.setdefault(Settings.AUTOMATIC[name], False)
        self.settings = Settings(**settings)
        self._is_closed = False
        self._was_shown = False
        self._controls = Controls(self.settings)
        given = data if data is None or isinstance(data, str | PathLike) else UserData(data)
        self._sources = SourceChooser(self._controls, self._open, given, scheduler)
        source, scaling = self._sources.open_first()
        self._engine = Engine(
            source,
            OnlineClusterer(**self.settings.model_parameters()),
            scaling=scaling,
            window_length=self.settings.window_length,
            speed=self.settings.points_per_s,
        )
        self._figure = LiveFigure(self._engine.request_view)
        self._plot = pn.pane.Bokeh(
            self._figure.figure, autodispatch=False, sizing_mode="stretch_both", min_height=340
        )
        self._axes = AxesChooser(self._figure)
        self._matrix = ScatterMatrix()
        self._counters = Counters()
        self._measures = QualityLine()
        self._status = Text(role="alert")
        self._notification = Notification()
        self._transport = Transport(self._engine, self._controls.points_per_s)
        self._view_area = ViewArea(self._engine, self._figure, self.settings)
        self._frame_loop = FrameLoop(self._engine, self._draw)
        self._easel = PaintingTool(
            self._figure.figure, self._sources.painting, self._engine, self._frame_loop.change
        )
        self._show_features(source)
        self._downloader = Downloader(self._figure.figure, self._frame_loop.change)
        self._video_recorder = VideoRecorder()
        self._export = ExportSection(self._engine, self._downloader, self._video_recorder)
        self._address = AddressBar(
            self.settings, self._sources, self._axes, self._figure, self._view_area.views
        )
        self._run_restore: RunRestore | None = None
        self._tour = Tour(self.settings, self._controls, self._sources, self._engine)
        self._help = Help(self._tour.start)
        self._keyboard = Keyboard(
            {
                " ": self._transport.toggle,
                "ArrowRight": lambda: self._engine.step(),
                "r": self._engine.reset,
                "?": self._help.toggle,
                "t": self._tour.toggle,
                "Escape": self._tour.end,
            },
            self._frame_loop.change,
        )
        self._figure.figure.tags = [
            self._frame_loop.heartbeat,
            self._downloader.download,
            self._address.address,
            self._keyboard.key_press,
            self._easel.brush,
            self._tour.spotlight.state,
        ]
        self.settings.param.watch(self._apply, [*self._live_names()])

    def _live_names(self) -> list[str]:
        return sorted(set(self.settings.param) - Settings.NEEDS_RESET - {"name"})

    def _apply(self, *events: Any) -> None:
        """Hand changed settings to the engine, which applies them between two chunks."""
        changed = {event.name for event in events}
        for name in changed & Settings.AUTOMATIC.keys():
            # A slider that shows what was found by itself changes nothing.
            if self._controls.is_estimate(name, getattr(self.settings, name)):
                changed -= {name}
            elif Settings.AUTOMATIC[name] not in changed:
                setattr(self.settings, Settings.AUTOMATIC[name], False)
        if changed:
            self._note_place()
            # All of them: what is in force is what the page shows, whatever came in between.
            for name, value in self.settings.live_values().items():
                self._engine.set(name, value)

    def _note_place(self) -> None:
        if self._run_restore is not None:
            self._run_restore.note()

    def _open(self, source: Source, scaling: Scaling, run_type: type[Run] = Run) -> None:
        self._engine.open(source, scaling=scaling, run_type=run_type)
        self._note_place()
        self._view_area.leave_stream()
        self._show_features(source)
        self._engine.play()

    def _show_features(self, source: Source) -> None:
        self._axes.show(source.feature_names)
        self._matrix.show(source.feature_names)
        self._easel.show(source)

    def _draw(self, frame: Frame) -> None:
        frame = self._view_area.choose_frame(frame)
        self._figure.draw(frame)
        self._matrix.draw(frame)
        if self._figure.can_record(frame):
            self._video_recorder.record(
                frame,
                self._figure.prototype_sizes_px,
                self._figure.viewport.box,
                self._figure.axis_titles,
            )
        self._view_area.draw(frame)
        self._easel.draw()
        self._counters.draw(frame)
        self._measures.draw(frame)
        self._transport.draw(frame)
        self._tour.draw(frame)
        found = frame.snapshot
        self._controls.show_estimates(
            sigma=found.sigma, half_life=found.half_life, is_playing=frame.is_playing
        )
        self._sources.show_progress()
        # The settings of the tour are not the user's to come back to.
        if self._tour.lesson is None:
            self._address.show()
        self._note_place()
        finished = f"The stream has ended: all {frame.snapshot.n_seen:,} points are learned. "
        self._status.show(
            frame.message,
            self._view_area.travel.sentence,
            finished + "Reset starts it again." if frame.is_finished else "",
        )

    def start(self) -> None:
        """Begin to stream and to paint."""
        self._frame_loop.start(pn.state.curdoc)
        # Who keeps runs finds out first whether there is one to go on with.
        if self._run_restore is None:
            self._engine.play()

    def _begin(self, is_new: bool) -> None:
        self._engine.hold(False)
        if is_new:
            self._engine.play()

    def close(self) -> None:
        """Stop the engine's thread and delete what was uploaded."""
        self._is_closed = True
        self._frame_loop.stop()
        self._engine.close()
        self._view_area.close()
        self._sources.table.close()

    def sidebar(self) -> list[pn.viewable.Viewable]:
        """The controls."""
        return [
            self._sources.view,
            self._axes.view,
            self._matrix.switch,
            self._controls.build_main_controls(),
            self._controls.build_accordion(("Export", lambda: [self._export.build()])),
        ]

    def main(self) -> list[pn.viewable.Viewable]:
        """The views."""
        return [
            build_introduction(),
            self._transport.view,
            self._counters.pane,
            self._measures.pane,
            self._notification.pane,
            self._status.pane,
            self._address.message.pane,
            self._easel.view,
            self._tour.card,
            self._plot,
            self._matrix.view,
            self._view_area.view,
        ]

    def page(self, store: RunStore | None = None) -> pmui.Page:
        """A page of its own, which starts when it is loaded and is freed when it is left.

        With a ``store`` the run is kept there, and the page gets it back when it is reloaded.
        """
        self._notification.listen(pn.state.curdoc)
        pn.state.onload(self.start)
        pn.state.on_session_destroyed(lambda _: self.close())
        # The stream is to begin when the page is there, not when the link has been read.
        self._engine.hold(True)
        self._address.restore(pn.state.session_args)
        self._engine.pause()
        if store is None:
            self._engine.hold(False)
        else:
            self._keep(store)
        page = build_page(
            self.sidebar(),
            [*self.main(), self._help.dialog],
            header=[self._help.button, self._tour.button],
        )
        page.param.watch(lambda event: self._tour.note_sidebar(event.new), "sidebar_open")
        self._keyboard.listen(pn.state.curdoc)
        fit_to_phones(page, self._plot, self._frame_loop.heartbeat)
        return page

    def _keep(self, store: RunStore) -> None:
        place = PageState(self.settings, self._sources, self._address, self._engine, self._tour)
        self._run_restore = RunRestore(store, self._engine, place, self._notification)
        self._figure.figure.tags = [*self._figure.figure.tags, self._run_restore.request]
        self._run_restore.listen(pn.state.curdoc, self._begin)

    def __panel__(self) -> pn.viewable.Viewable:
        """A row, live in a notebook's cell or in a page that others have laid out."""
        if self._is_closed:
            raise RuntimeError("This dashboard is closed; make another: Dashboard()")
        row = CellView(
            pmui.Column(*self.sidebar(), width=320, scroll="y-auto", height=IN_NOTEBOOK_HEIGHT),
            pmui.Column(
                *self.main(),
                scroll="y-auto",
                height=IN_NOTEBOOK_HEIGHT,
                sizing_mode="stretch_width",
            ),
            height=IN_NOTEBOOK_HEIGHT,
            **WIDE,
        )
        if pn.state.curdoc is not None:
            pn.state.onload(self.start)
            pn.state.on_session_destroyed(lambda _: self.close())
        elif is_in_notebook():
            self._show_in_cell(row)
        return row

    def _show_in_cell(self, view: CellView) -> None:
        """Paint there and nowhere else."""
        take_over_cell(self)
        self._frame_loop.start_in_notebook(view)
        # Shown once more, it goes on as it was left.
        if not self._was_shown:
            self._was_shown = True
            self._engine.play()

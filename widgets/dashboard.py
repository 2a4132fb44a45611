"""The dashboard: the source, the engine, the controls and the views of one session."""

import asyncio
import shutil
from collections.abc import Collection, Mapping
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any

import pandas as pd
import panel as pn
import panel_material_ui as pmui
from bokeh.document import Document

from clusterer import OnlineClusterer
from clusterer.preprocessing.scaling import Scaling
from clusterer.scaled_learner import ScaledLearner
from clusterer.session.compile_kernels import is_compiling, start_compiling
from clusterer.session.engine import Engine
from clusterer.session.frame import Frame
from clusterer.session.run import Run
from clusterer.session.run_export import RunExport
from clusterer.session.saving.store import RunStore
from clusterer.stream import Source
from clusterer.support.temp_folders import temp_folders
from clusterer.tables import Table
from widgets.components.download import Downloader
from widgets.components.text import Text
from widgets.controls.changes import SettingChanges
from widgets.controls.controls import WIDE, Controls
from widgets.controls.help import Help, build_introduction
from widgets.controls.keyboard import Keyboard
from widgets.controls.transport import Transport
from widgets.export.export_section import ExportSection
from widgets.export.video import VideoRecorder
from widgets.live.axes import AxesChooser
from widgets.live.coloring.color_chooser import ColorChooser
from widgets.live.coloring.column_values import ColumnReader, ColumnTable
from widgets.live.compilation_notice import CompilationNotice
from widgets.live.counters import Counters
from widgets.live.figure import LiveFigure
from widgets.live.plot_text import PlotText
from widgets.live.point_tip import PointTip
from widgets.live.quality_line import QualityLine
from widgets.notebook import CellView, is_in_notebook, take_over_cell
from widgets.page.accessibility import name_elements
from widgets.page.frame_loop import FrameLoop
from widgets.page.link import AddressBar
from widgets.page.notifications import Notification
from widgets.page.page_layout import (
    NARROW_PX,
    build_page,
    fit_to_phones,
    follow_system_theme,
    uncover_early,
)
from widgets.page.page_state import PageState
from widgets.page.presentation import Presentation, hide_controls
from widgets.page.printing import Printing
from widgets.page.restore import RunRestore
from widgets.results import (
    Report,
    copy_model,
    label_rows,
    learn_points,
    report_run,
    tabulate_clusters,
)
from widgets.settings import Settings
from widgets.sources.frame_file import is_frame, write_frame
from widgets.sources.gallery import Gallery, Start
from widgets.sources.painting_tool import PaintingTool
from widgets.sources.source_chooser import GENERATED, TABLE, SourceChooser
from widgets.sources.user_data import UserData
from widgets.tour.tour import Tour
from widgets.views.tables.source_rows import SourceRows
from widgets.views.view_area import BAR_CLASS, PLOT_CLASS, ViewArea

NOTEBOOK_HEIGHT_PX = 720

EXPORT_TIMEOUT_S = 120.0
"""A run that learns a large chunk, or that compiles, takes so long to answer at most."""

BESIDE_PX = 1140
"""From this width on, a page with its sidebar has room for a view beside the plot."""

NOT_HIDDEN = "From the link, hide={} was ignored. What can be hidden: {}."

CLOSED = "This dashboard is closed. Create a new one: Dashboard()"

NOTICE_PERIOD_S = 0.4
"""Time between two updates of the notice about the compilation."""


class Dashboard(pn.viewable.Viewer):
    """An interactive page about online clustering, also for the output of a notebook cell.

    Data flows one way. Points: source → chunk → model → snapshot → frame → views. Settings:
    slider → setting → parameter of the engine.

    Parameters
    ----------
    data
        The data of the first stream, default a generated stream: a frame of pandas, Polars or
        Arrow, an array (n_points, n_features), an iterator of such arrays or frames, a callable
        that returns such an iterator, the path of a table, or the path of a folder of tables. A
        frame is taken as an uploaded table is: text, dates, ids and gaps are allowed, and the
        columns can be chosen on the page. The tables of a folder can be chosen on the page; with
        Dask installed, all of them can be learned as one.
    scheduler : str, optional
        The address of the Dask scheduler for a folder, default a scheduler on this machine.
    log : collection of str, default ()
        The columns of a table or frame whose logarithm is clustered. Values are shown in their own
        units. The page can change this and the weights.
    weights : mapping of str to float, optional
        The weight of columns of a table or frame beside the others: 1 by default, 2 counts double,
        0 leaves a column out.
    **settings
        Initial values of `Settings`. The attribute ``settings`` holds all of them: a program that
        reads or assigns one does the same as a user with its widget.

    Raises
    ------
    TypeError, ValueError
        If ``data`` or a setting is not allowed.
    clusterer.tables.TableError
        If the table at the path ``data`` cannot be read, or a frame has no numbers.
    """

    def __init__(
        self,
        data: Any = None,
        *,
        scheduler: str | None = None,
        log: Collection[str] = (),
        weights: Mapping[str, float] | None = None,
        **settings: Any,
    ) -> None:
        super().__init__()
        # A value for an estimated setting turns its estimate off.
        for name in Settings.AUTOMATIC.keys() & settings:
            settings.setdefault(Settings.AUTOMATIC[name], False)
        self.settings = Settings(**settings)
        self._is_closed = False
        self._is_started = False
        self._was_shown = False
        self._controls = Controls(self.settings)
        self._changes = SettingChanges(self.settings)
        self._frame_folder: Path | None = None
        self._index = data.index if isinstance(data, pd.DataFrame | pd.Series) else None
        if is_frame(data):
            self._frame_folder = temp_folders.make_folder()
            data = write_frame(data, self._frame_folder)
        elif data is not None and not isinstance(data, str | PathLike):
            data = UserData(data)
        self._sources = SourceChooser(self._controls, self._open_source, data, scheduler)
        source, scaling = self._sources.open_first(log, weights or {})
        self._first_source = source
        self._changes.begin_source(self._sources.key)
        self._engine = Engine(
            source,
            OnlineClusterer(**self.settings.model_parameters()),
            scaling=scaling,
            window_length=self.settings.window_length,
            speed=self.settings.points_per_s,
        )
        self._frame_loop = FrameLoop(self._engine, self._draw)
        self._build_views()
        self._build_actions()
        self._show_features(source)
        # Models that talk to the browser but are not visible belong to the document as tags.
        self._figure.figure.tags = [
            self._frame_loop.heartbeat,
            self._downloader.download,
            self._address.address,
            self._keyboard.key_press,
            self._painting_tool.brush,
            self._tour.spotlight.state,
        ]
        live_settings = set(self.settings.param) - Settings.NEEDS_RESET - {"name"}
        self.settings.param.watch(self._apply_settings, sorted(live_settings))

    def _build_views(self) -> None:
        """Build the parts that show the frames of the engine."""
        self._color_rows = SourceRows()
        self._column_reader = ColumnReader(self._take_column_table, self._engine.refresh_frame)
        self._figure = LiveFigure(self._engine.request_view, self._column_reader.read)
        self._plot = pn.pane.Bokeh(
            self._figure.figure, autodispatch=False, sizing_mode="stretch_both", min_height=340
        )
        self._axes = AxesChooser(self._figure)
        self._colors = ColorChooser(self._figure.color_by)
        self._counters = Counters()
        self._quality_line = QualityLine()
        self._plot_text = PlotText()
        self._status = Text(role="alert")
        self._notification = Notification()
        self._compilation_notice = CompilationNotice(lambda shown: self._transport.disable(shown))
        update_page = self._frame_loop.update_page
        self._downloader = Downloader(self._figure.figure, update_page)
        self._view_area = ViewArea(
            self._engine,
            self._figure,
            self._plot,
            self.settings,
            self._controls,
            self._downloader.send,
        )
        self._point_tip = PointTip(
            self._figure.figure, self._figure.points, self._view_area.describe_point, update_page
        )
        self._view_area.views.tabs.param.watch(self._scroll_to_view, "active")
        self._video_recorder = VideoRecorder()

    def _build_actions(self) -> None:
        """Build the parts that act on the engine, the sources or the settings, and the export."""
        plot, update_page = self._figure.figure, self._frame_loop.update_page
        speed = self._controls.add_number_field("points_per_s", self._controls.points_per_s)
        self._transport = Transport(self._engine, speed)
        self._painting_tool = PaintingTool(plot, self._sources.painting, self._engine, update_page)
        self._export = ExportSection(self._engine, self._downloader, self._video_recorder)
        self._address = AddressBar(
            self.settings,
            self._sources,
            self._axes,
            self._colors,
            self._figure,
            self._view_area.views,
        )
        self._run_restore: RunRestore | None = None
        self._tour = Tour(
            self.settings,
            self._controls,
            self._sources,
            self._engine,
            self._show_source,
            self._view_area.views,
        )
        self._help = Help(self._tour.start)
        self._gallery = Gallery(self._begin_start)
        self._introduction = build_introduction()
        self._presentation = Presentation(self._figure, [self._introduction], [self._counters.pane])
        shortcuts = {
            " ": self._transport.toggle,
            "ArrowRight": self._engine.step,
            "r": self._engine.reset,
            "?": self._help.toggle,
            "t": self._tour.toggle,
            "g": self._gallery.open,
            "p": self._presentation.toggle,
            "Escape": self._tour.end,
        }
        self._keyboard = Keyboard(shortcuts, update_page)
        self._printing = Printing(self._engine)

    def _apply_settings(self, *events: Any) -> None:
        """Pass changed settings to the engine, which applies them between two chunks."""
        changed = {event.name for event in events}
        for name in changed & Settings.AUTOMATIC.keys():
            # A slider that shows an estimate changes nothing.
            if self._controls.is_estimate(name, getattr(self.settings, name)):
                changed -= {name}
            elif Settings.AUTOMATIC[name] not in changed:
                setattr(self.settings, Settings.AUTOMATIC[name], False)
        if changed & Settings.NEW_POINTS_ONLY:
            self._transport.offer_restart()
        if changed:
            self._note_page_state()
            # All settings, so that the engine uses what the page shows after any order of events.
            for name, value in self.settings.live_values().items():
                self._engine.set(name, value)

    def _note_page_state(self) -> None:
        if self._run_restore is not None:
            self._run_restore.note_page_state()

    def _open_source(self, source: Source, scaling: Scaling, run_type: type[Run] = Run) -> None:
        if self._tour.lesson is None:
            self._changes.begin_source(self._sources.key)
        self._engine.open(source, scaling=scaling, run_type=run_type)
        self._engine.set("noise", self.settings.noise)
        self._note_page_state()
        self._show_source(source)
        self._engine.play()

    def _show_source(self, source: Source) -> None:
        """Show the features of another source, and forget the points of the last one."""
        self._view_area.leave_stream()
        self._show_features(source)

    def _show_features(self, source: Source) -> None:
        self._axes.show(source.feature_names)
        self._colors.show(source)
        self._painting_tool.show(source)
        self._view_area.show_features(source.feature_names)

    def _draw(self, frame: Frame) -> None:
        """Show a frame of the engine, or the frame of the past that the user has chosen."""
        frame = self._view_area.choose_frame(frame)
        self._figure.draw(frame)
        self._record_video(frame)
        self._view_area.draw(frame)
        self._painting_tool.draw()
        self._compilation_notice.draw(frame)
        self._counters.draw(frame)
        self._quality_line.draw(frame)
        self._plot_text.draw(frame, self._figure.colors.legend.sentence)
        self._transport.draw(frame)
        self._tour.draw(frame)
        snapshot = frame.snapshot
        self._controls.judge(frame)
        self._controls.show_estimates(
            n_prototypes=snapshot.most_prototypes,
            sigma=snapshot.sigma,
            half_life=snapshot.half_life,
            is_playing=frame.is_playing,
            **self._view_area.estimates,
        )
        self._controls.make_room(snapshot.enough_prototypes)
        self._sources.show_progress(frame)
        # The link must not contain the settings of the tour.
        if self._tour.lesson is None:
            self._address.update()
        self._note_page_state()
        self._status.show(
            frame.message,
            self._view_area.travel.sentence,
            f"The stream has ended: all {snapshot.n_seen:,} points are learned. Reset restarts it."
            if frame.is_finished
            else "",
            f"{snapshot.most_prototypes} prototypes are too few here: try "
            f"{snapshot.enough_prototypes}."
            if snapshot.enough_prototypes
            else "",
            self._run_restore.problem if self._run_restore is not None else "",
        )

    def _record_video(self, frame: Frame) -> None:
        if self._figure.can_record(frame):
            self._video_recorder.record(
                frame,
                self._figure.prototype_sizes_px,
                self._figure.viewport.box,
                self._figure.axis_titles,
                self._figure.point_colors,
                self._figure.colors.legend.title,
            )

    def _take_column_table(self) -> ColumnTable | None:
        """The table of the present source with a reader of its own, whose reading goes on."""
        source = self._engine.source
        rows = self._color_rows.take(source)
        table = getattr(source, "table", None)
        return ColumnTable(table, rows) if rows is not None and isinstance(table, Table) else None

    def start(self, doc: Document) -> None:
        """Start to draw frames, once, and the stream if there is no stored run to look for."""
        if self._is_started:
            return
        self._is_started = True
        self._frame_loop.start(doc)
        if is_compiling():
            doc.add_next_tick_callback(self._watch_compilation)
        if self._run_restore is None:
            self._engine.play()

    def _start_when_placed(self, doc: Document) -> None:
        """Start when the browser has placed the plot, or at the latest the whole page."""
        start = partial(self.start, doc)
        self._figure.figure.on_change("inner_width", lambda attr, old, new: start())
        pn.state.onload(start)

    def _watch_compilation(self) -> None:
        """Show a notice until everything is compiled; the event loop must run."""

        async def watch() -> None:
            while is_compiling() and not self._is_closed:
                self._frame_loop.update_page(self._compilation_notice.update)
                await asyncio.sleep(NOTICE_PERIOD_S)
            if not self._is_closed:
                self._frame_loop.update_page(self._compilation_notice.update)

        self._notice_task = asyncio.get_running_loop().create_task(watch())

    def _begin_run(self, is_new: bool) -> None:
        self._engine.hold(False)
        if is_new:
            self._engine.play()

    @property
    def n_learned(self) -> int:
        """Number of points that the dashboard has learned, in all its runs."""
        return self._engine.n_learned

    def learn(self, n_points: int | None = None) -> int:
        """Learn the next points at once, whether the page plays, is paused or is not shown.

        Parameters
        ----------
        n_points : int, optional
            How many points, fewer if the data end; default all that are left of a table, a frame or
            an array.

        Returns
        -------
        int
            The number of points learned.

        Raises
        ------
        ValueError
            If ``n_points`` is no whole number from 0 up, or is left out for a stream that may have
            no end.
        """
        if self._is_closed:
            raise RuntimeError(CLOSED)
        return learn_points(self._engine, n_points)

    def labels(self) -> pd.Series:
        """The cluster of each row of the data, by the present model; see `label_rows`.

        The labels of a pandas frame have the frame's index, so ``frame.assign(cluster=labels)``
        joins them.
        """
        run = self._export_run()
        return label_rows(run, self._index if self._is_of_frame(run.source) else None)

    def clusters(self) -> pd.DataFrame:
        """A row for each cluster, with its name and what sets it apart; see `tabulate_clusters`."""
        return tabulate_clusters(self._export_run())

    def report(self) -> Report:
        """Who the groups are, as an HTML document that a notebook shows and `save` writes."""
        return report_run(self._export_run())

    @property
    def model(self) -> ScaledLearner:
        """A copy of the model that labels points in the units of the data.

        Its ``predict`` gives the model's own numbers of clusters, `labels` those on the page.
        """
        return copy_model(self._export_run())

    def _is_of_frame(self, source: Source) -> bool:
        """Whether the rows of a source are those of the frame, whatever columns are chosen."""
        tables = [getattr(each, "table", None) for each in (source, self._first_source)]
        return self._frame_folder is not None and tables[0] is tables[1]

    def _export_run(self) -> RunExport:
        if self._is_closed:
            raise RuntimeError(CLOSED)
        return self._engine.export_run().result(timeout=EXPORT_TIMEOUT_S)

    def close(self) -> None:
        """Stop the thread of the engine and delete uploaded files."""
        self._is_closed = True
        if self._run_restore is not None:
            self._run_restore.close()
        self._frame_loop.stop()
        self._export.close()
        self._engine.close()
        self._view_area.close()
        self._point_tip.close()
        self._column_reader.close()
        self._sources.table.close()
        if self._frame_folder is not None:
            shutil.rmtree(self._frame_folder, ignore_errors=True)

    def sidebar(self) -> list[pn.viewable.Viewable]:
        """The controls."""
        return [
            self._sources.view,
            self._axes.view,
            self._colors.select,
            self._controls.build_main_controls(),
            self._changes.view,
            self._controls.build_accordion(("Export", lambda: [self._export.build()])),
        ]

    def main(self) -> list[pn.viewable.Viewable]:
        """The views."""
        return [
            self._introduction,
            self._transport.view,
            self._counters.pane,
            self._quality_line.pane,
            self._notification.pane,
            self._status.pane,
            self._address.message.pane,
            self._painting_tool.view,
            self._tour.card,
            self._compilation_notice.pane,
            self._plot_text.pane,
            *self._view_area.parts,
        ]

    def page(self, store: RunStore | None = None) -> pmui.Page:
        """Build a page of its own. It starts when it is loaded, and closing it frees the session.

        With a ``store`` the run is saved there, and a reload of the page restores it.
        """
        start_compiling()
        self._notification.listen(pn.state.curdoc)
        self._start_when_placed(pn.state.curdoc)
        pn.state.on_session_destroyed(lambda _: self.close())
        # A link may choose a source, which plays; the stream must wait until the page is loaded.
        self._engine.hold(True)
        self._address.restore(pn.state.session_args)
        self._changes.note_first()
        self._engine.pause()
        if store is None:
            self._engine.hold(False)
        else:
            self._restore_run(store)
        page = build_page(
            self.sidebar(),
            [*self.main(), self._help.dialog, self._gallery.dialog],
            header=[
                self._gallery.button,
                self._help.button,
                self._tour.button,
                self._presentation.button,
                self._address.copy_button,
            ],
        )
        page.param.watch(self._note_sidebar, "sidebar_open")
        self._keyboard.listen(pn.state.curdoc, self._figure.figure)
        self._printing.listen(pn.state.curdoc, self._figure.figure)
        name_elements(pn.state.curdoc)
        self._apply_lecture(page, pn.state.session_args)
        fit_to_phones(page, self._plot, self._frame_loop.heartbeat)
        follow_system_theme(page, self._frame_loop.heartbeat)
        uncover_early(pn.state.curdoc, self._figure.figure)
        return page

    def _apply_lecture(self, page: pmui.Page, arguments: Mapping[str, list[bytes]]) -> None:
        """Hide the controls that the link names, and present the page if it asks for that."""
        words = {
            key: arguments.get(key, [b""])[-1].decode("utf-8", "replace")
            for key in ("hide", "present")
        }
        parts: dict[str, list[Any]] = {
            "source": [self._sources.view],
            "axes": [self._axes.view],
            "colour": [self._colors.select],
            "step": [self._transport.step],
            "reset": [self._transport.reset],
            "tabs": [self._view_area.views.tabs],
            "time": [self._view_area.travel.view],
            **self._controls.parts,
        }
        unknown = hide_controls(words["hide"], parts)
        if unknown:
            self._notification.show(NOT_HIDDEN.format(", ".join(unknown)[:100], ", ".join(parts)))
        self._presentation.listen(page, words["present"])

    def _begin_start(self, start: Start) -> None:
        """Open a stream of the gallery with its settings."""
        self._tour.end()
        self._sources.kind.value = TABLE if start.table else GENERATED
        if start.table:
            self._sources.table.catalog_select.value = start.table
            return
        self.settings.param.update(**{**self._changes.first_settings, **start.settings})
        self._engine.reset()
        self._engine.play()

    def _note_sidebar(self, event: Any) -> None:
        """Keep the plot visible above the controls on a phone."""
        self._tour.note_sidebar(event.new)
        is_phone = 0 < self._frame_loop.heartbeat.width_px < NARROW_PX
        self._view_area.lower_plot(is_phone and event.new)
        if is_phone and event.new:
            self._tour.spotlight.scroll_to(f"{PLOT_CLASS}^")

    def _scroll_to_view(self, event: Any) -> None:
        """Show the view that was opened below the plot of a page without room beside the plot."""
        if event.new and 0 < self._frame_loop.heartbeat.width_px < BESIDE_PX:
            self._tour.spotlight.scroll_to(f"{BAR_CLASS}^")

    def _restore_run(self, store: RunStore) -> None:
        """Restore the run of the page from a store if it has one, and save the run there."""
        state = PageState(
            self.settings,
            self._sources,
            self._address,
            self._engine,
            self._tour,
            self._show_source,
        )
        self._run_restore = RunRestore(store, self._engine, state, self._notification)
        self._figure.figure.tags = [*self._figure.figure.tags, self._run_restore.request]
        self._run_restore.listen(pn.state.curdoc, self._figure.figure, self._begin_run)

    def __panel__(self) -> pn.viewable.Viewable:
        """A row for a notebook cell or for a page with another layout."""
        if self._is_closed:
            raise RuntimeError(CLOSED)
        self._changes.note_first()
        row = CellView(
            pmui.Column(*self.sidebar(), width=320, scroll="y-auto", height=NOTEBOOK_HEIGHT_PX),
            pmui.Column(
                *self.main(),
                scroll="y-auto",
                height=NOTEBOOK_HEIGHT_PX,
                sizing_mode="stretch_width",
            ),
            height=NOTEBOOK_HEIGHT_PX,
            **WIDE,
        )
        if pn.state.curdoc is not None:
            self._start_when_placed(pn.state.curdoc)
            pn.state.on_session_destroyed(lambda _: self.close())
        elif is_in_notebook():
            self._show_in_cell(row)
        return row

    def _show_in_cell(self, view: CellView) -> None:
        """Draw frames in this view of a cell, and in no earlier one."""
        take_over_cell(self)
        self._frame_loop.start_in_notebook(view)
        start_compiling()
        self._watch_compilation()
        # A dashboard that is shown again stays as it was, playing or paused.
        if not self._was_shown:
            self._was_shown = True
            self._engine.play()

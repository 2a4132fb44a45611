"""The section Export: results, the run itself, pictures and videos as files."""

import asyncio
import shutil
import threading
from collections.abc import Callable
from contextlib import closing
from functools import partial
from typing import Any, NamedTuple

import panel_material_ui as pmui
from sklearn.exceptions import NotFittedError

from clusterer.export.data_files import (
    make_file_name,
    write_clusters_csv,
    write_json,
    write_model,
    write_points_csv,
    write_prototypes_csv,
)
from clusterer.export.labelled_table import Format, write_run_table
from clusterer.export.python_script import write_script
from clusterer.export.report import write_report
from clusterer.session.engine import Engine
from clusterer.session.run_export import RunExport
from clusterer.support.temp_folders import temp_folders
from widgets.components.button import build_button
from widgets.components.download import EXPORT_TIMEOUT_S, TOO_LATE, Downloader, File
from widgets.components.text import Text
from widgets.controls.controls import WIDE
from widgets.export.video import FORMATS, VideoRecorder, write_video

FORMAT_NAMES = {"gif": "GIF", "webp": "WebP"}
PROGRESS_PERIOD_S = 0.2
SCALED = (
    "The model learned standardised values. The JSON file contains the scaling: pass "
    "Scaling(**document['scaling']).apply(points) to the model."
)
NOTHING_TO_EXPORT = "There is nothing to export yet. Press Play first."


class ExportFormat(NamedTuple):
    """A kind of file that a run can be written to."""

    label: str
    file_ending: str
    media_type: str
    description: str
    write: Callable[[RunExport], bytes]


DATA = (
    ExportFormat(
        "Points",
        "window-points.csv",
        "text/csv",
        "Only the newest points, as many as the setting Window, with the numbers of their rows, "
        "their clusters, and with true classes if known, as CSV.",
        write_points_csv,
    ),
    ExportFormat(
        "Clusters",
        "clusters.csv",
        "text/csv",
        "One row per cluster: size, share and centre, as CSV.",
        write_clusters_csv,
    ),
    ExportFormat(
        "Prototypes",
        "prototypes.csv",
        "text/csv",
        "One row per prototype: cluster, weight and position, as CSV.",
        write_prototypes_csv,
    ),
    ExportFormat(
        "JSON",
        "run.json",
        "application/json",
        "Clusters, prototypes, parameters and scaling in one file.",
        write_json,
    ),
)
TABLES: tuple[tuple[str, Format, str, str], ...] = (
    (
        "Whole table",
        "csv",
        "text/csv",
        "All rows and columns of the table in the order of the file, and for each row the cluster, "
        "its name, the distance from its centre, the certainty and the score, or why the row was "
        "not used, as CSV.",
    ),
    (
        "Whole table, Parquet",
        "parquet",
        "application/vnd.apache.parquet",
        "The same as Parquet.",
    ),
)
REPORT = ExportFormat(
    "Report",
    "report.html",
    "text/html",
    "Who the groups are, for people without this page: a picture, a card for each cluster, means "
    "and settings in one HTML file, which loads nothing and can be printed.",
    lambda export: write_report(export).encode(),
)
RUN = (
    ExportFormat(
        "Model",
        "model.npz",
        "application/octet-stream",
        "A model file. clusterer.load reads it, and the model can continue to learn.",
        write_model,
    ),
    ExportFormat(
        "Python",
        "run.py",
        "text/x-python",
        "A script that repeats this run with every change of a parameter.",
        lambda export: write_script(export).encode(),
    ),
)


class ExportSection:
    """Buttons that write files of the present state of the run, for the browser to save."""

    def __init__(
        self, engine: Engine, downloader: Downloader, video_recorder: VideoRecorder
    ) -> None:
        self._engine = engine
        self._downloader = downloader
        self._video_recorder = video_recorder
        self._message = Text(role="status")
        self._cancelled = threading.Event()
        self._is_closed = False

    def build(self) -> pmui.Column:
        """Build the buttons, when the section is first shown."""
        self._progress = pmui.LinearProgress(
            value=0, variant="determinate", visible=False, margin=(8, 12), color="primary", **WIDE
        )
        self._videos = [
            self._build_button(
                "Video" if name == "gif" else f"Video, {FORMAT_NAMES[name]}",
                f"The last seconds of the run as an animated {FORMAT_NAMES[name]}{note}.",
                partial(self._send_video, name),
            )
            for name, note in zip(FORMATS, ("", ", a third smaller"), strict=False)
        ]
        self._tables = [
            self._build_button(
                label, description, partial(self._send_table, table_format, media_type)
            )
            for label, table_format, media_type, description in TABLES
        ]
        self._cancel = self._build_button(
            "Cancel", "Stop writing the table.", lambda _: self._cancelled.set()
        )
        self._cancel.param.update(icon="close", visible=False)
        pictures = [
            self._build_button(
                name.upper(),
                f"A picture of the plot as {name.upper()}.",
                partial(self._send_picture, name),
            )
            for name in ("png", "svg")
        ]
        return pmui.Column(
            *self._build_group("Report", [self._build_export_button(REPORT)]),
            *self._build_group("Table with clusters", self._tables),
            *self._build_group("Data", [self._build_export_button(each) for each in DATA]),
            *self._build_group("Run", [self._build_export_button(each) for each in RUN]),
            *self._build_group("Picture", [*pictures, *self._videos]),
            self._progress,
            self._message.pane,
            self._cancel,
            **WIDE,
        )

    def _build_group(self, title: str, buttons: list[Any]) -> list[Any]:
        heading = pmui.Typography(title, variant="caption", margin=(6, 12, 0, 12))
        return [heading, pmui.FlexBox(*buttons, gap="6px", margin=(2, 8), **WIDE)]

    def _build_button(self, label: str, description: str, on_click: Callable[..., Any]) -> Any:
        return build_button(
            label,
            description,
            on_click,
            size="small",
            variant="outlined",
            icon="download",
            margin=2,
        )

    def _build_export_button(self, export_format: ExportFormat) -> Any:
        async def send(_: Any) -> None:
            try:
                future = asyncio.wrap_future(self._engine.export_run())
                export = await asyncio.wait_for(future, EXPORT_TIMEOUT_S)
                content = await asyncio.to_thread(export_format.write, export)
            except (ValueError, OSError) as error:  # a TimeoutError is an OSError
                self._show_error(error)
                return
            is_scaled = not export.scaling.is_identity
            is_model = export_format.write is write_model
            self._message.show(SCALED if is_model and is_scaled else "")
            name = make_file_name(export.source.name, export_format.file_ending)
            self._downloader.send(File(name, export_format.media_type, content))

        return self._build_button(export_format.label, export_format.description, send)

    async def _send_table(self, table_format: Format, media_type: str, _: Any) -> None:
        """Write the table to a file in a thread, and send the file; both can be cancelled."""
        self._cancelled.clear()
        self._disable_tables(True)
        folder = temp_folders.make_folder()
        path, n_rows = folder / "table", 0

        def write(run: RunExport) -> None:
            nonlocal n_rows
            with path.open("wb") as file, closing(write_run_table(file, run, table_format)) as done:
                for n_written in done:
                    n_rows = n_written
                    if self._cancelled.is_set():
                        return

        try:
            future = asyncio.wrap_future(self._engine.export_run())
            run = await asyncio.wait_for(future, EXPORT_TIMEOUT_S)
            if not run.snapshot.n_seen:
                raise NotFittedError(NOTHING_TO_EXPORT)
            task = asyncio.create_task(asyncio.to_thread(write, run))
            while not task.done():
                await asyncio.wait([task], timeout=PROGRESS_PERIOD_S)
                self._message.show(f"{n_rows:,} rows are written …")
            task.result()
            name = make_file_name(run.source.name, f"clusters.{table_format}")
            await self._follow_sending(File(name, media_type, path))
        except (ValueError, OSError) as error:
            self._show_error(error)
        finally:
            if not self._is_closed:
                self._progress.visible = False
                self._disable_tables(False)
            shutil.rmtree(folder, ignore_errors=True)

    async def _follow_sending(self, file: File) -> None:
        """Send a file and show the progress until the browser has it or the user cancels."""
        if not self._cancelled.is_set():
            # Before the file leaves: at its end another export may have shown its message.
            self._message.show()
            self._downloader.send(file)
            self._progress.param.update(value=0, visible=True)
        while (share := self._downloader.measure_share(file)) is not None:
            if self._cancelled.is_set():
                self._downloader.cancel(file)
            self._progress.value = round(100 * share)
            await asyncio.sleep(PROGRESS_PERIOD_S)
        if self._cancelled.is_set():
            self._message.show("Cancelled; nothing was saved.")

    def _disable_tables(self, is_disabled: bool) -> None:
        for button in self._tables:
            button.disabled = is_disabled
        self._cancel.visible = is_disabled

    def close(self) -> None:
        """Stop writing, since the page is closed."""
        self._is_closed = True
        self._cancelled.set()

    def _show_error(self, error: Exception) -> None:
        if isinstance(error, TimeoutError):
            self._message.show(TOO_LATE)
        elif isinstance(error, NotFittedError):
            self._message.show(NOTHING_TO_EXPORT)
        else:
            self._message.show(str(error))

    def _send_picture(self, picture_format: str, _: Any) -> None:
        name = make_file_name(self._engine.source_name, f"plot.{picture_format}")
        self._downloader.send_plot_image(picture_format, name)

    async def _send_video(self, video_format: str, _: Any) -> None:
        frames = self._video_recorder.frames
        if not frames:
            self._message.show(NOTHING_TO_EXPORT)
            return
        self._message.show(f"Drawing the last {len(frames)} frames …")
        self._disable_videos(True)
        self._progress.param.update(value=0, visible=True)
        share_done = 0.0

        def note_progress(share: float) -> None:
            nonlocal share_done
            share_done = share

        task = asyncio.create_task(
            asyncio.to_thread(write_video, frames, note_progress, video_format)
        )
        try:
            while not task.done():
                await asyncio.wait([task], timeout=PROGRESS_PERIOD_S)
                self._progress.value = round(100 * share_done)
            name = make_file_name(self._engine.source_name, f"video.{video_format}")
            self._downloader.send(File(name, f"image/{video_format}", task.result()))
            self._message.show()
        except (ValueError, OSError) as error:
            self._show_error(error)
        finally:
            self._progress.visible = False
            self._disable_videos(False)

    def _disable_videos(self, is_disabled: bool) -> None:
        for button in self._videos:
            button.disabled = is_disabled

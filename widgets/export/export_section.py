"""Take it away: what the run has found, the run itself, and pictures of it, as files."""

import asyncio
from collections.abc import Callable
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
from clusterer.export.python_script import write_script
from clusterer.session.engine import Engine
from clusterer.session.run_export import RunExport
from widgets.components.download import Downloader, File
from widgets.components.text import Text
from widgets.controls.transport import CLICK_THROUGH_TOOLTIP
from widgets.export.video import KINDS, VideoRecorder, write_video

VIDEOS = {"gif": "GIF", "webp": "WebP"}
WIDE = {"sizing_mode": "stretch_width"}
LONGEST_WAIT_S = 60.0
GAP_S = 0.2
SCALED = (
    "The model learned standardised values. The JSON has the scaling: "
    "Scaling(**document['scaling']).apply(points) is what it understands."
)


class Offer(NamedTuple):
    """A file that a run can be written to."""

    label: str
    ending: str
    kind: str
    description: str
    write: Callable[[RunExport], bytes]


DATA = (
    Offer(
        "Points",
        "points.csv",
        "text/csv",
        "The points in the window with their clusters, and true classes if known, as CSV.",
        write_points_csv,
    ),
    Offer(
        "Clusters",
        "clusters.csv",
        "text/csv",
        "One row a cluster: size, share, centre, as CSV.",
        write_clusters_csv,
    ),
    Offer(
        "Prototypes",
        "prototypes.csv",
        "text/csv",
        "One row a prototype: cluster, weight, position, as CSV.",
        write_prototypes_csv,
    ),
    Offer(
        "JSON",
        "run.json",
        "application/json",
        "Clusters, prototypes, parameters and scaling in one file.",
        write_json,
    ),
)
RUN = (
    Offer(
        "Model",
        "model.npz",
        "application/octet-stream",
        "clusterer.load reads it, and it goes on learning.",
        write_model,
    ),
    Offer(
        "Python",
        "run.py",
        "text/x-python",
        "The lines that repeat this run, with every change of a parameter.",
        lambda taken: write_script(taken).encode(),
    ),
)


class ExportSection:
    """Buttons that make files of the moment in which they are pressed."""

    def __init__(
        self, engine: Engine, downloader: Downloader, roll: VideoRecorder, name: Callable[[], str]
    ) -> None:
        self._engine = engine
        self._downloader = downloader
        self._roll = roll
        self._name = name
        self._message = Text(role="status")

    def lay_out(self) -> pmui.Column:
        """The buttons, which are made when somebody wants to see them."""
        self._progress = pmui.LinearProgress(
            value=0, variant="determinate", visible=False, margin=(8, 12), color="primary", **WIDE
        )
        self._videos = [
            self._build_button(
                "Video" if kind == "gif" else f"Video, {VIDEOS[kind]}",
                f"The last moments of the run, as an animated {VIDEOS[kind]}{note}.",
                partial(self._send_video, kind),
            )
            for kind, note in zip(KINDS, ("", ", a third smaller"), strict=False)
        ]
        pictures = [
            self._build_button(
                kind.upper(), f"A picture of the plot, as {kind.upper()}.", self._ask_picture(kind)
            )
            for kind in ("png", "svg")
        ]
        return pmui.Column(
            *self._group("Data", [self._build_offer(offer) for offer in DATA]),
            *self._group("Run", [self._build_offer(offer) for offer in RUN]),
            *self._group("Picture", [*pictures, *self._videos]),
            self._progress,
            self._message.pane,
            **WIDE,
        )

    def _group(self, title: str, buttons: list[Any]) -> list[Any]:
        heading = pmui.Typography(title, variant="caption", margin=(6, 12, 0, 12))
        return [heading, pmui.FlexBox(*buttons, gap="6px", margin=(2, 8), **WIDE)]

    def _build_button(self, label: str, description: str, on_click: Callable[..., Any]) -> Any:
        return pmui.Button(
            label=label,
            description=f"{label}: {description}",
            size="small",
            variant="outlined",
            icon="download",
            margin=2,
            stylesheets=[CLICK_THROUGH_TOOLTIP],
            on_click=on_click,
        )

    def _build_offer(self, offer: Offer) -> Any:
        async def send(_: Any) -> None:
            try:
                future = asyncio.wrap_future(self._engine.export_run())
                taken = await asyncio.wait_for(future, LONGEST_WAIT_S)
                content = await asyncio.to_thread(offer.write, taken)
            except (ValueError, OSError) as error:  # of which a time-out is one
                self._tell_trouble(error)
                return
            is_scaled = (taken.scaling.scales != 1).any() or (taken.scaling.offsets != 0).any()
            self._message.show(SCALED if offer.write is write_model and is_scaled else "")
            self._downloader.send(
                File(make_file_name(taken.source.name, offer.ending), offer.kind, content)
            )

        return self._build_button(offer.label, offer.description, send)

    def _tell_trouble(self, error: Exception) -> None:
        if isinstance(error, TimeoutError):
            self._message.show("The stream did not answer in time. Pause it, and try again.")
        elif isinstance(error, NotFittedError):
            self._message.show("There is nothing to take away yet: press Play first.")
        else:
            self._message.show(str(error))

    def _ask_picture(self, kind: str) -> Callable[[Any], None]:
        return lambda _: self._downloader.send_plot_image(
            kind, make_file_name(self._name(), f"plot.{kind}")
        )

    async def _send_video(self, kind: str, _: Any) -> None:
        moments = self._roll.cut()
        if not moments:
            self._message.show("There is nothing to make a video of yet: press Play first.")
            return
        self._message.show(f"Drawing the last {len(moments)} moments …")
        self._disable_videos(True)
        self._progress.param.update(value=0, visible=True)
        done = [0.0]
        task = asyncio.create_task(
            asyncio.to_thread(write_video, moments, lambda share: done.__setitem__(0, share), kind)
        )
        try:
            while not task.done():
                await asyncio.wait([task], timeout=GAP_S)
                self._progress.value = round(100 * done[0])
            self._downloader.send(
                File(make_file_name(self._name(), f"video.{kind}"), f"image/{kind}", task.result())
            )
            self._message.show()
        except (ValueError, OSError) as error:
            self._tell_trouble(error)
        finally:
            self._progress.visible = False
            self._disable_videos(False)

    def _disable_videos(self, is_disabled: bool) -> None:
        for button in self._videos:
            button.disabled = is_disabled

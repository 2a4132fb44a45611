"""A video of the run: the last frames on the screen, recorded in compact form."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, features

from clusterer.session.density_image import Box
from clusterer.session.frame import Frame
from clusterer.session.scheduling.scheduler import engine_scheduler
from widgets.components.float32 import pack_coordinates
from widgets.components.palette import wrap_colors
from widgets.export.frame_image import SIZE, FrameImage

FRAME_PERIOD_S = 0.1
MAX_FRAMES = 240
MAX_BYTES = 16 * 2**20
N_PALETTE_SAMPLES = 5
# A third smaller than a GIF in the same time; a higher method takes twice as long for little.
WEBP = {"quality": 70, "method": 2}
FORMATS = ("gif", "webp") if features.check("webp") else ("gif",)
"""The video formats that the installed Pillow can write."""


@dataclass(frozen=True, eq=False)
class VideoFrame:
    """The content of a frame on the two axes, in single precision."""

    n_seen: int
    n_clusters: int
    labels: tuple[str, str]
    box: Box
    points: NDArray
    point_colors: NDArray[np.int8]
    color_title: str
    centers: NDArray
    center_colors: NDArray[np.int8]
    sizes_px: NDArray[np.float32]
    image: NDArray[np.uint8] | None
    image_box: Box | None
    log_units: tuple[float, float]

    @property
    def n_bytes(self) -> int:
        """The memory that the frame takes."""
        arrays = (self.points, self.point_colors, self.centers, self.sizes_px, self.image)
        return sum(array.nbytes for array in arrays if array is not None)


def project_points(frame: Frame, points: NDArray) -> NDArray:
    """The coordinates (n, 2) of points on the two axes."""
    return np.stack([pack_coordinates(each) for each in frame.view_request.project(points)], axis=1)


class VideoRecorder:
    """The last frames of the run: ten a second, at most 240 frames and 16 MB.

    With many sessions, the limit falls to half of the memory that each session may use for its
    recording, see `clusterer.session.scheduling.scheduler`. The oldest frames are dropped first.
    While the stream is paused, only the frame at which it stopped is added.
    """

    def __init__(self) -> None:
        self._frames: deque[VideoFrame] = deque()
        self._n_bytes = 0
        self._recorded_at = 0.0
        self._run = -1

    def record(
        self,
        frame: Frame,
        sizes_px: NDArray[np.float32],
        box: Box,
        labels: tuple[str, str],
        point_colors: NDArray[np.int8] | None = None,
        color_title: str = "",
    ) -> None:
        """Add the part of a frame in ``box`` unless the last frame was added too recently.

        ``point_colors`` (n,) are the colour numbers of the points, default those of their clusters;
        ``color_title`` says what they show, empty for clusters.
        """
        now, n_seen = time.monotonic(), frame.snapshot.n_seen
        if frame.run != self._run:
            self._frames.clear()
            self._n_bytes, self._run, self._recorded_at = 0, frame.run, 0.0
        last = self._frames[-1].n_seen if self._frames else 0
        if n_seen == last or (frame.is_playing and now - self._recorded_at < FRAME_PERIOD_S):
            return
        self._recorded_at = now
        self._add(
            VideoFrame(
                n_seen=n_seen,
                n_clusters=frame.snapshot.n_clusters,
                labels=labels,
                box=box,
                points=project_points(frame, frame.points),
                point_colors=wrap_colors(frame.point_colors)
                if point_colors is None
                else point_colors.copy(),
                color_title=color_title,
                centers=project_points(frame, frame.centers),
                center_colors=wrap_colors(frame.center_colors),
                sizes_px=sizes_px,
                image=frame.image,
                image_box=frame.view_request.box,
                log_units=frame.view_request.log_units,
            )
        )

    def _add(self, frame: VideoFrame) -> None:
        self._frames.append(frame)
        self._n_bytes += frame.n_bytes
        max_bytes = min(engine_scheduler.recording_bytes // 2, MAX_BYTES)
        while len(self._frames) > MAX_FRAMES or self._n_bytes > max_bytes:
            self._n_bytes -= self._frames.popleft().n_bytes

    @property
    def frames(self) -> tuple[VideoFrame, ...]:
        """The recorded frames, oldest first."""
        return tuple(self._frames)


def draw_frame(frame: VideoFrame) -> Image.Image:
    """The image of a frame."""
    image = FrameImage(frame.box, frame.labels, frame.log_units)
    if frame.image is not None and frame.image_box is not None:
        image.draw_density(frame.image, frame.image_box)
    image.draw_points(frame.points, frame.point_colors)
    image.draw_prototypes(frame.centers, frame.sizes_px, frame.center_colors)
    plural = "" if frame.n_clusters == 1 else "s"
    color = f" · colour: {frame.color_title}" if frame.color_title else ""
    return image.finish(f"{frame.n_seen:,} points · {frame.n_clusters} cluster{plural}{color}")


def write_video(
    frames: tuple[VideoFrame, ...],
    on_progress: Callable[[float], None],
    video_format: str = "gif",
) -> bytes:
    """Write an animation in one of the `FORMATS`; takes seconds.

    ``on_progress`` is called with the share of the work that is done. Raises ValueError if there
    are no frames.
    """
    if not frames:
        raise ValueError("There is nothing to make a video of yet. Press Play first.")
    palette = _choose_palette(frames) if video_format == "gif" else None
    images = []
    for i, frame in enumerate(frames):
        image = draw_frame(frame)
        if palette is not None:
            image = image.quantize(palette=palette, dither=Image.Dither.NONE)
        images.append(image)
        on_progress(0.8 * (i + 1) / len(frames))
        # Let the thread of the page run.
        time.sleep(0.002)
    output = BytesIO()
    images[0].save(
        output,
        video_format.upper(),
        save_all=True,
        append_images=images[1:],
        duration=round(1000 * FRAME_PERIOD_S),
        loop=0,
        **({"optimize": False} if video_format == "gif" else WEBP),
    )
    on_progress(1.0)
    return output.getvalue()


def _choose_palette(frames: tuple[VideoFrame, ...]) -> Image.Image:
    """The 256 colours of some frames from the whole video."""
    chosen = np.unique(np.linspace(0, len(frames) - 1, N_PALETTE_SAMPLES).round().astype(int))
    width, height = SIZE
    strip = Image.new("RGB", (width, height * len(chosen)))
    for row, index in enumerate(chosen):
        strip.paste(draw_frame(frames[index]), (0, row * height))
    return strip.quantize(256, dither=Image.Dither.NONE)

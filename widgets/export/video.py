"""A video of the run: the last moments on the screen, kept small, drawn when asked for."""

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
from widgets.export.frame_image import SIZE, Canvas

PERIOD_S = 0.1
MOST_MOMENTS = 240
MOST_BYTES = 16 * 2**20
N_PALETTE_SAMPLES = 5
# A third smaller than a GIF in the same time; more effort saves little and takes twice as long.
WEBP = {"quality": 70, "method": 2}
KINDS = ("gif", "webp") if features.check("webp") else ("gif",)
"""The kinds of video that can be written here."""


@dataclass(frozen=True, eq=False)
class Moment:
    """What a frame showed, on the two axes only and in single precision."""

    n_seen: int
    n_clusters: int
    labels: tuple[str, str]
    box: Box
    points: NDArray
    point_colors: NDArray[np.int8]
    centers: NDArray
    center_colors: NDArray[np.int8]
    sizes_px: NDArray[np.float32]
    image: NDArray[np.uint8] | None
    image_box: Box | None

    @property
    def n_bytes(self) -> int:
        """Room it takes."""
        held = (self.points, self.point_colors, self.centers, self.sizes_px, self.image)
        return sum(array.nbytes for array in held if array is not None)


def place(frame: Frame, points: NDArray) -> NDArray:
    """Where points are on the axes, (n, 2)."""
    return np.stack([pack_coordinates(each) for each in frame.view_request.project(points)], axis=1)


class VideoRecorder:
    """The last moments of the run: ten a second, 240 of them and 16 MB at the most.

    With many sessions it is no more than half of what each may record, see
    `clusterer.session.scheduling.scheduler`. The oldest go first. While the stream is paused
    nothing is added but where it stopped.
    """

    def __init__(self) -> None:
        self._moments: deque[Moment] = deque()
        self._n_bytes = 0
        self._noted_at = 0.0
        self._run = -1

    def __len__(self) -> int:
        return len(self._moments)

    def note(
        self, frame: Frame, sizes_px: NDArray[np.float32], box: Box, labels: tuple[str, str]
    ) -> None:
        """Keep what a frame shows in the box, if the last moment is old enough."""
        now, n_seen = time.monotonic(), frame.snapshot.n_seen
        if frame.run != self._run:
            self._moments.clear()
            self._n_bytes, self._run, self._noted_at = 0, frame.run, 0.0
        last = self._moments[-1].n_seen if self._moments else 0
        if n_seen == last or (frame.is_playing and now - self._noted_at < PERIOD_S):
            return
        self._noted_at = now
        self._add(
            Moment(
                n_seen=n_seen,
                n_clusters=frame.snapshot.n_clusters,
                labels=labels,
                box=box,
                points=place(frame, frame.points),
                point_colors=wrap_colors(frame.point_colors),
                centers=place(frame, frame.centers),
                center_colors=wrap_colors(frame.center_colors),
                sizes_px=sizes_px,
                image=frame.image,
                image_box=frame.view_request.box,
            )
        )

    def _add(self, moment: Moment) -> None:
        self._moments.append(moment)
        self._n_bytes += moment.n_bytes
        most_bytes = min(engine_scheduler.recording_bytes // 2, MOST_BYTES)
        while len(self._moments) > MOST_MOMENTS or self._n_bytes > most_bytes:
            self._n_bytes -= self._moments.popleft().n_bytes

    def cut(self) -> tuple[Moment, ...]:
        """The moments so far, oldest first."""
        return tuple(self._moments)


def draw_moment(moment: Moment) -> Image.Image:
    """One picture of the video."""
    canvas = Canvas(moment.box, moment.labels)
    if moment.image is not None and moment.image_box is not None:
        canvas.shade(moment.image, moment.image_box)
    canvas.dot(moment.points, moment.point_colors)
    canvas.circle(moment.centers, moment.sizes_px, moment.center_colors)
    plural = "" if moment.n_clusters == 1 else "s"
    return canvas.finish(f"{moment.n_seen:,} points · {moment.n_clusters} cluster{plural}")


def write_video(
    moments: tuple[Moment, ...], tell: Callable[[float], None], kind: str = "gif"
) -> bytes:
    """An animation of the moments, of one of `KINDS`; ``tell`` gets the share done. Takes seconds.

    Raises ValueError when there are none.
    """
    if not moments:
        raise ValueError("There is nothing to make a video of yet: press Play first.")
    palette = _choose_palette(moments) if kind == "gif" else None
    pictures = []
    for i, moment in enumerate(moments):
        picture = draw_moment(moment)
        if palette is not None:
            picture = picture.quantize(palette=palette, dither=Image.Dither.NONE)
        pictures.append(picture)
        tell(0.8 * (i + 1) / len(moments))
        # The page's own thread gets its turn.
        time.sleep(0.002)
    sink = BytesIO()
    pictures[0].save(
        sink,
        kind.upper(),
        save_all=True,
        append_images=pictures[1:],
        duration=round(1000 * PERIOD_S),
        loop=0,
        **({"optimize": False} if kind == "gif" else WEBP),
    )
    tell(1.0)
    return sink.getvalue()


def _choose_palette(moments: tuple[Moment, ...]) -> Image.Image:
    """The 256 colours that some moments from all over the video need."""
    chosen = np.unique(np.linspace(0, len(moments) - 1, N_PALETTE_SAMPLES).round().astype(int))
    width, height = SIZE
    strip = Image.new("RGB", (width, height * len(chosen)))
    for row, index in enumerate(chosen):
        strip.paste(draw_moment(moments[index]), (0, row * height))
    return strip.quantize(256, dither=Image.Dither.NONE)

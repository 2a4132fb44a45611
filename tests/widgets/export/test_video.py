"""The video of a run: a bounded number of frames, drawn as they were on the screen."""

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from clusterer import OnlineClusterer
from clusterer.datasets import make_generator
from clusterer.session.frame import ViewRequest
from clusterer.session.run import Run
from widgets.components.palette import number_levels
from widgets.export import video
from widgets.export.frame_image import MARGINS, SIZE
from widgets.export.video import VideoRecorder, draw_frame, write_video

BOX = (-20.0, 20.0, -20.0, 20.0)


@pytest.fixture(autouse=True)
def record_every_frame(monkeypatch):
    monkeypatch.setattr(video, "FRAME_PERIOD_S", 0.0)


def stream(recorder, n_frames, *, n_at_once=100, window_length=500, number=0):
    run = Run(
        make_generator("blobs", noise=0.1),
        OnlineClusterer(20),
        window_length=window_length,
        number=number,
    )
    for _ in range(n_frames):
        run.advance(n_at_once)
        frame = run.make_frame(ViewRequest(0, 1, BOX), is_playing=True)
        sizes = np.full(len(frame.centers), 12, dtype=np.float32)
        recorder.record(frame, sizes, BOX, ("width", "height"))
    return frame


def test_the_recorder_keeps_the_last_frames_within_its_limits():
    recorder = VideoRecorder()
    stream(recorder, video.MAX_FRAMES + 30)
    frames = recorder.frames
    assert len(frames) == video.MAX_FRAMES
    assert [m.n_seen for m in frames] == [100 * i for i in range(31, video.MAX_FRAMES + 31)]
    stream(recorder, video.MAX_FRAMES, n_at_once=6000, window_length=6000, number=1)
    assert recorder.frames[-1].n_seen == 6000 * video.MAX_FRAMES
    assert sum(frame.n_bytes for frame in recorder.frames) <= video.MAX_BYTES
    stream(recorder, 1, number=2)
    assert len(recorder.frames) == 1


def test_a_paused_stream_adds_only_the_frame_at_which_it_stopped(monkeypatch):
    recorder = VideoRecorder()
    frame = stream(recorder, 3)
    # It stops before the next frame is due.
    monkeypatch.setattr(video, "FRAME_PERIOD_S", 60.0)
    run = Run(make_generator("blobs"), OnlineClusterer(20))
    run.advance(310)
    for _ in range(5):
        recorder.record(run.make_frame(frame.view_request), np.empty(0, np.float32), BOX, ("", ""))
    assert [frame.n_seen for frame in recorder.frames] == [100, 200, 300, 310]
    empty = Run(make_generator("blobs"), OnlineClusterer(20), number=1)
    recorder.record(empty.make_frame(frame.view_request), np.empty(0, np.float32), BOX, ("", ""))
    assert len(recorder.frames) == 0


def test_a_frame_is_drawn_where_its_points_and_prototypes_are():
    recorder = VideoRecorder()
    stream(recorder, 1, n_at_once=8000, window_length=6000)
    (frame,) = recorder.frames
    picture = np.asarray(draw_frame(frame)).astype(int)
    assert picture.shape == (SIZE[1], SIZE[0], 3)
    is_coloured = np.ptp(picture, axis=2) > 60
    left, top = MARGINS[0], MARGINS[2]
    right, bottom = SIZE[0] - MARGINS[1], SIZE[1] - MARGINS[3]
    _, xs = np.nonzero(is_coloured)
    assert xs.min() >= left
    assert xs.max() < right
    x, y = frame.centers[frame.center_colors >= 0][0]
    column = left + (x - BOX[0]) / (BOX[1] - BOX[0]) * (right - left)
    row = top + (BOX[3] - y) / (BOX[3] - BOX[2]) * (bottom - top)
    assert is_coloured[int(row) - 6 : int(row) + 7, int(column) - 6 : int(column) + 7].any()


@pytest.mark.parametrize("kind", video.FORMATS)
def test_the_video_has_every_frame_and_reports_its_progress(kind):
    recorder, reported = VideoRecorder(), []
    stream(recorder, 12)
    animation = Image.open(io.BytesIO(write_video(recorder.frames, reported.append, kind)))
    assert animation.format == kind.upper()
    assert animation.size == SIZE
    assert animation.n_frames == 12
    assert reported == sorted(reported)
    assert reported[-1] == 1.0


def test_without_frames_there_is_no_video():
    with pytest.raises(ValueError, match="Press Play"):
        write_video((), lambda share: None)


def test_the_colours_of_the_plot_are_those_of_the_video_and_the_caption_names_them():
    recorder = VideoRecorder()
    stream(recorder, 1)
    run = Run(make_generator("blobs"), OnlineClusterer(20), number=1)
    run.advance(200)
    frame = run.make_frame(ViewRequest(0, 1, BOX))
    levels = number_levels(np.linspace(0, 1, 200))
    sizes = np.full(len(frame.centers), 12, dtype=np.float32)
    recorder.record(frame, sizes, BOX, ("x", "y"), levels, "time of arrival")
    (kept,) = recorder.frames
    assert (kept.point_colors == levels).all()
    assert kept.color_title == "time of arrival"
    left, _, top, _ = MARGINS
    pictures = [
        np.asarray(draw_frame(each)).astype(int)
        for each in (kept, replace(kept, color_title="", point_colors=np.zeros(200, np.int8)))
    ]
    differs = (pictures[0] != pictures[1]).any(axis=2)
    assert differs[:top].any()
    assert differs[top:, left:].any()

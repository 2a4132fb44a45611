"""The video of a run: a bounded roll of moments, drawn as they were on the screen."""

import io

import numpy as np
import pytest
from PIL import Image

from clusterer import OnlineClusterer
from clusterer.datasets import make_generator
from clusterer.session.frame import ViewRequest
from clusterer.session.run import Run
from widgets.export import video as film
from widgets.export.frame_image import SIZE, Canvas
from widgets.export.video import VideoRecorder, draw_moment, write_video

BOX = (-20.0, 20.0, -20.0, 20.0)


@pytest.fixture(autouse=True)
def every_frame(monkeypatch):
    monkeypatch.setattr(film, "PERIOD_S", 0.0)


def stream(roll, n_frames, *, n_at_once=100, window_length=500, number=0):
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
        roll.note(frame, sizes, BOX, ("width", "height"))
    return frame


def test_the_roll_keeps_the_last_moments_within_its_bounds():
    roll = VideoRecorder()
    stream(roll, film.MOST_MOMENTS + 30)
    moments = roll.cut()
    assert len(moments) == film.MOST_MOMENTS
    assert [m.n_seen for m in moments] == [100 * i for i in range(31, film.MOST_MOMENTS + 31)]
    stream(roll, film.MOST_MOMENTS, n_at_once=6000, window_length=6000, number=1)
    assert roll.cut()[-1].n_seen == 6000 * film.MOST_MOMENTS
    assert sum(moment.n_bytes for moment in roll.cut()) <= film.MOST_BYTES
    stream(roll, 1, number=2)
    assert len(roll) == 1


def test_a_paused_stream_adds_only_where_it_stopped(monkeypatch):
    roll = VideoRecorder()
    frame = stream(roll, 3)
    # It stops sooner after the last moment than another is due.
    monkeypatch.setattr(film, "PERIOD_S", 60.0)
    run = Run(make_generator("blobs"), OnlineClusterer(20))
    run.advance(310)
    for _ in range(5):
        roll.note(run.make_frame(frame.view_request), np.empty(0, np.float32), BOX, ("", ""))
    assert [moment.n_seen for moment in roll.cut()] == [100, 200, 300, 310]
    empty = Run(make_generator("blobs"), OnlineClusterer(20), number=1)
    roll.note(empty.make_frame(frame.view_request), np.empty(0, np.float32), BOX, ("", ""))
    assert len(roll) == 0


def test_a_moment_is_drawn_where_its_points_and_prototypes_are():
    roll = VideoRecorder()
    stream(roll, 1, n_at_once=8000, window_length=6000)
    (moment,) = roll.cut()
    picture = np.asarray(draw_moment(moment)).astype(int)
    assert picture.shape == (SIZE[1], SIZE[0], 3)
    is_coloured = np.ptp(picture, axis=2) > 60
    left, right, top, bottom = Canvas(BOX, ("", "")).frame
    _, xs = np.nonzero(is_coloured)
    assert xs.min() >= left
    assert xs.max() < right
    x, y = moment.centers[moment.center_colors >= 0][0]
    column = left + (x - BOX[0]) / (BOX[1] - BOX[0]) * (right - left)
    row = top + (BOX[3] - y) / (BOX[3] - BOX[2]) * (bottom - top)
    assert is_coloured[int(row) - 6 : int(row) + 7, int(column) - 6 : int(column) + 7].any()


@pytest.mark.parametrize("kind", film.KINDS)
def test_the_video_has_every_moment_and_tells_its_progress(kind):
    roll, told = VideoRecorder(), []
    stream(roll, 12)
    video = Image.open(io.BytesIO(write_video(roll.cut(), told.append, kind)))
    assert video.format == kind.upper()
    assert video.size == SIZE
    assert video.n_frames == 12
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_without_moments_there_is_no_video():
    with pytest.raises(ValueError, match="press Play"):
        write_video((), lambda share: None)

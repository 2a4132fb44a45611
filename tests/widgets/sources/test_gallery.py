"""The gallery of starts: each has a picture and settings that are allowed."""

from base64 import b64decode
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from clusterer.datasets import GENERATORS
from widgets.settings import Settings
from widgets.sources.catalog import build_catalog
from widgets.sources.gallery import Gallery, GalleryList, draw_picture, list_starts, sample


@pytest.mark.parametrize("start", list_starts(), ids=lambda start: start.title)
def test_a_start_has_a_picture_and_opens_something_that_exists(start):
    Settings(**start.settings)
    assert (start.table in build_catalog()) == (not start.settings)
    points, colors = sample(start)
    assert len(points) == len(colors) > 100
    picture = b64decode(draw_picture(points, colors).partition(",")[2])
    pixels = np.asarray(Image.open(BytesIO(picture)).convert("RGB"))
    assert 0.01 < (pixels < 250).any(axis=2).mean() < 0.9


def test_each_generator_has_a_start():
    assert {start.settings.get("generator") for start in list_starts()} >= GENERATORS.keys()


def test_points_in_one_place_are_drawn():
    assert draw_picture(np.ones((3, 2)), np.array([0, 1, 99])).startswith("data:image/png")


@pytest.mark.parametrize("message", [True, -1, 2, "0", 0.0, None, {}, [0]])
def test_a_message_that_is_no_number_of_a_start_is_ignored(message):
    chosen = []
    GalleryList(chosen.append, starts=[{}, {}])._handle_msg(message)
    assert chosen == []


def test_a_choice_closes_the_dialog_and_begins():
    begun = []
    gallery = Gallery(begun.append)
    gallery.dialog.open = True
    gallery._choose(1)
    assert not gallery.dialog.open
    assert begun == [list_starts()[1]]

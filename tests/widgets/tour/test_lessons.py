"""The guided tour's lessons: each says what is true of the settings and of the frames."""

import re
from dataclasses import replace

import pytest

from clusterer import OnlineClusterer
from clusterer.datasets import make_generator
from clusterer.session.engine import Engine
from widgets.controls.controls import Controls
from widgets.settings import Settings
from widgets.tour.lessons import LESSONS, find_lag


@pytest.fixture
def learn():
    """Frames after so many points each, of one engine whose settings change between them."""
    engines = []

    def learn_it(settings, *steps):
        source = make_generator(settings.generator, seed=settings.seed, noise=settings.noise)
        engine = Engine(source, OnlineClusterer(**settings.model_parameters()))
        engines.append(engine)
        frames = []
        for n_points, changes in steps:
            settings.param.update(**changes)
            engine.set("noise", settings.noise)
            for name, value in settings.model_parameters().items():
                engine.set(name, value)
            engine.step(n_points)
            engine.request_frame()
            frames.append(engine.wait_for_frame())
        return frames

    yield learn_it
    for engine in engines:
        engine.close()


def numbers(text):
    return [float(each) for each in re.findall(r"\d+(?:\.\d+)?", text)]


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.setting)
def test_what_is_shown_does_what_is_asked(lesson):
    settings = Settings(sigma=3.0, has_automatic_sigma=False, n_prototypes=7, noise=0.4)
    settings.param.update(**lesson.begin())
    assert not lesson.is_done(settings)
    settings.param.update(**lesson.shown)
    assert lesson.is_done(settings)
    assert lesson.setting in lesson.shown
    assert Controls(settings).get(lesson.setting).label


def test_settings_come_back_as_they_were():
    settings = Settings(n_prototypes=7, has_automatic_half_life=False, half_life=300.0)
    known = settings.param.values()
    left = Settings.pick_values(known)
    for lesson in LESSONS:
        settings.param.update(**lesson.begin())
        settings.param.update(**lesson.shown)
    settings.param.update(**left)
    back = settings.param.values()
    # What is found by itself was not ours to set.
    assert {**back, "sigma": None} == {**known, "sigma": None}


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.setting)
def test_what_came_of_it_is_read_off_the_frames(lesson, learn):
    settings = Settings(**lesson.begin())
    before, now = learn(settings, (3000, {}), (1000, lesson.shown))
    told = numbers(lesson.tell(before, now))
    if lesson.setting == "sigma":
        new, old = told[:2]
        assert new < 0.05 < 0.7 < old <= 1
        # After a reset all that there is was learned since.
        assert numbers(lesson.tell(before, replace(now, run=now.run + 1)))[0] > new
    elif lesson.setting == "n_prototypes":
        assert told[:2] == [50, 3]
        assert told[3] < told[2] == 5
    elif lesson.setting == "noise":
        assert told[0] < 2 < told[1]
    elif lesson.setting == "drop_singletons":
        assert told[2] == 5 < 10 < told[3]
    else:
        assert find_lag(now) < find_lag(before) / 2
        assert told == [round(find_lag(now), 1), round(find_lag(before), 1)]

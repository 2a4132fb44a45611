"""The lessons of the guided tour report what the settings and the frames contain."""

import re
from dataclasses import replace

import numpy as np
import pytest

from clusterer import OnlineClusterer
from clusterer.datasets import make_generator
from clusterer.evaluation.classification.prequential import Prequential
from clusterer.session.engine import Engine
from widgets.controls.controls import Controls
from widgets.settings import Settings
from widgets.tour.lessons import LESSONS, count_learned, measure_lag, report_accuracy_before


@pytest.fixture
def learn():
    """Frames of one engine, each after a number of points and a change of settings."""
    engines = []

    def run_steps(settings, *steps, has_classifier=False):
        source = make_generator(settings.generator, seed=settings.seed, noise=settings.noise)
        engine = Engine(source, OnlineClusterer(**settings.model_parameters()))
        engines.append(engine)
        frames = []
        for n_points, changes in steps:
            settings.param.update(**changes)
            engine.set("noise", settings.noise)
            for name, value in settings.model_parameters().items():
                engine.set(name, value)
            if has_classifier:
                engine.set_classifier(settings.classifier_settings(is_learning=True))
            engine.step(n_points)
            engine.request_frame()
            frames.append(engine.wait_for_frame())
            if has_classifier:
                frames[-1] = engine.export_run().result(timeout=60).classification
        return frames

    yield run_steps
    for engine in engines:
        engine.close()


def numbers(text):
    return [float(each) for each in re.findall(r"\d+(?:\.\d+)?", text)]


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.setting)
def test_the_solution_of_a_lesson_fulfils_its_task(lesson):
    settings = Settings(sigma=3.0, has_automatic_sigma=False, n_prototypes=7, noise=0.4)
    settings.param.update(**lesson.first_settings())
    assert not lesson.is_done(settings)
    settings.param.update(**lesson.solution)
    assert lesson.is_done(settings)
    assert lesson.setting in lesson.solution
    assert Controls(settings).get(lesson.setting).label


def test_settings_are_restored_after_all_lessons():
    settings = Settings(noise=0.3, has_automatic_half_life=False, half_life=300.0)
    before = settings.param.values()
    picked = Settings.pick_values(before)
    for lesson in LESSONS:
        settings.param.update(**lesson.first_settings())
        settings.param.update(**lesson.solution)
    settings.param.update(**picked)
    restored = settings.param.values()
    # What is estimated is not restored.
    estimated = {"sigma": None, "n_prototypes": None}
    assert {**restored, **estimated} == {**before, **estimated}


def test_a_lesson_about_the_classifier_counts_the_points_of_the_present_one(learn):
    settings = Settings(**LESSONS[-1].first_settings())
    kernel = {"classifier": "kernel"}
    first, second, other = learn(settings, (200, {}), (300, {}), (400, kernel), has_classifier=True)
    assert count_learned(first, second) == 300
    assert count_learned(second, other) == 400
    assert report_accuracy_before(replace(first, tests=Prequential.empty())) == ""


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.setting)
def test_the_report_of_a_lesson_agrees_with_the_frames(lesson, learn):
    settings = Settings(**lesson.first_settings())
    steps = (3000, {}), (1000, lesson.solution)
    before, now = learn(settings, *steps, has_classifier=bool(lesson.view))
    reported = numbers(lesson.report(before, now))
    if lesson.setting == "sigma":
        new, old = reported[:2]
        assert new < 0.05 < 0.7 < old <= 1
        # After a reset, all points were learned since the change.
        assert numbers(lesson.report(before, replace(now, run=now.run + 1)))[0] > new
    elif lesson.setting == "n_prototypes":
        assert reported[:2] == [50, 3]
        assert reported[3] < reported[2] == 5
    elif lesson.setting == "noise":
        assert reported[0] < 2 < reported[1]
    elif lesson.setting == "drop_singletons":
        assert reported[2] == 5 < 10 < reported[3]
    elif lesson.setting == "classifier":
        right, wrong = reported
        assert wrong == round(100 * np.mean(np.equal(*before.tests.window[-500:].T)))
        assert right == round(100 * np.mean(np.equal(*now.tests.window[-500:].T)))
        assert wrong < 60 < 95 < right
        assert numbers(lesson.report_before(before)) == [wrong]
    else:
        assert measure_lag(now) < measure_lag(before) / 2
        assert reported == [round(measure_lag(now), 1), round(measure_lag(before), 1)]

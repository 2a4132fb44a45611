"""The list of changed settings, Undo and Defaults."""

import pytest

from widgets.controls import changes as module
from widgets.controls.changes import SettingChanges
from widgets.settings import Settings


@pytest.fixture
def clock(monkeypatch):
    """A clock that a test sets."""

    class Clock:
        now_s = 0.0

        def monotonic(self):
            return self.now_s

    monkeypatch.setattr(module, "time", clock := Clock())
    return clock


def test_undo_takes_back_change_by_change(clock):
    settings = Settings()
    changes = SettingChanges(settings)
    assert not changes.view.visible
    settings.has_automatic_n_prototypes = False
    settings.n_prototypes = 3
    clock.now_s = 10.0
    settings.has_automatic_sigma = False
    settings.sigma = 0.001
    assert changes.list_changed() == ["Prototypes K", "Kernel width σ"]
    assert changes.view.visible
    changes.undo()
    assert (settings.has_automatic_sigma, settings.n_prototypes) == (True, 3)
    changes.undo()
    assert settings.model_parameters()["n_prototypes"] == "auto"
    assert changes.list_changed() == []
    changes.undo()
    assert not changes.view.visible


def test_the_moves_of_a_slider_are_one_change(clock):
    settings = Settings()
    changes = SettingChanges(settings)
    for step in range(1, 30):
        clock.now_s = 0.1 * step
        settings.noise = step / 100
    clock.now_s += 10.0
    settings.noise = 0.5
    changes.undo()
    assert settings.noise == 0.29
    changes.undo()
    assert settings.noise == 0.0


def test_an_estimate_and_another_generator_are_no_changes():
    settings = Settings()
    changes = SettingChanges(settings)
    settings.sigma = 2.5
    settings.n_prototypes = 50
    settings.generator = "moons"
    settings.seed = 7
    assert changes.list_changed() == []
    assert not changes.view.visible


def test_another_source_begins_with_the_first_settings(clock):
    settings = Settings(noise=0.1)
    changes = SettingChanges(settings)
    changes.begin_source("a")
    changes.note_first()
    settings.param.update(noise=0.4, join=False, points_per_s=50.0)
    clock.now_s = 10.0
    changes.begin_source("a")
    assert settings.noise == 0.4
    changes.begin_source("b")
    # What the eye sees stays.
    assert (settings.noise, settings.join, settings.points_per_s) == (0.1, True, 50.0)
    changes.undo()
    assert (settings.noise, settings.join) == (0.4, False)
    changes.begin_source("b")
    assert settings.noise == 0.4


def test_defaults_can_be_undone(clock):
    settings = Settings(noise=0.4, join=False)
    changes = SettingChanges(settings)
    assert changes.list_changed() == ["Join prototypes into clusters", "Noise"]
    changes.restore_defaults()
    assert (settings.noise, settings.join) == (0.0, True)
    changes.undo()
    assert (settings.noise, settings.join) == (0.4, False)

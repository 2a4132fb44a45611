"""Changes of the controls take effect at once."""

import inspect

from panel.reactive import Syncable

from widgets.components.sliders import DEBOUNCE_MS
from widgets.controls.controls import Controls
from widgets.dashboard import Dashboard
from widgets.settings import Settings


def test_a_choice_of_the_model_is_shown_and_a_move_turns_the_automatic_number_off():
    dashboard = Dashboard()
    try:
        settings, slider = dashboard.settings, dashboard._controls.n_prototypes
        dashboard._controls.show_estimates(is_playing=False, n_prototypes=50, sigma=2.0)
        assert (slider.value, settings.model_parameters()["n_prototypes"]) == (50, "auto")
        slider.value = 20
        assert settings.model_parameters()["n_prototypes"] == 20
        settings.has_automatic_n_prototypes = True
        assert settings.model_parameters()["n_prototypes"] == "auto"
    finally:
        dashboard.close()


def test_the_slider_of_the_number_reaches_what_is_suggested():
    settings = Settings(n_prototypes=300, has_automatic_n_prototypes=False)
    controls = Controls(settings)
    assert controls.n_prototypes.end == 300
    controls.make_room(800)
    assert controls.n_prototypes.end == 800
    controls.make_room(4000)
    assert controls.n_prototypes.end == settings.param.n_prototypes.bounds[1]


def test_sliders_have_a_short_debounce_time():
    controls = Controls(Settings())
    sliders = [controls.noise, controls.n_prototypes, controls.sigma, controls.points_per_s]
    assert all(slider._debounce == DEBOUNCE_MS < Syncable._debounce for slider in sliders)
    # The attribute is private to Panel, so another version can rename it.
    assert "self._debounce" in inspect.getsource(Syncable._server_change)


def test_each_setting_with_an_estimate_has_a_slider_and_a_field():
    controls = Controls(Settings())
    for name in Settings.AUTOMATIC:
        slider = controls.build(name)
        assert controls.add_number_field(name, slider)

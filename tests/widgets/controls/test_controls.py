"""Changes of the controls take effect at once."""

import inspect

from panel.reactive import Syncable

from widgets.components.sliders import DEBOUNCE_MS
from widgets.controls.controls import Controls
from widgets.settings import Settings


def test_sliders_have_a_short_debounce_time():
    controls = Controls(Settings())
    sliders = [controls.noise, controls.n_prototypes, controls.sigma, controls.points_per_s]
    assert all(slider._debounce == DEBOUNCE_MS < Syncable._debounce for slider in sliders)
    # The attribute is private to Panel, so another version can rename it.
    assert "self._debounce" in inspect.getsource(Syncable._server_change)

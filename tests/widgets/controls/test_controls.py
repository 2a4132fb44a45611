"""The controls are heard at once."""

import inspect

from panel.reactive import Syncable

from widgets.components.sliders import DEBOUNCE_MS
from widgets.controls.controls import Controls
from widgets.settings import Settings


def test_panel_is_told_not_to_wait_and_still_listens():
    controls = Controls(Settings())
    sliders = [controls.noise, controls.n_prototypes, controls.sigma, controls.points_per_s]
    assert all(slider._debounce == DEBOUNCE_MS < Syncable._debounce for slider in sliders)
    # It is Panel's own affair: another version may call it something else.
    assert "self._debounce" in inspect.getsource(Syncable._server_change)

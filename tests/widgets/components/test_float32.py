"""Coordinates become float32 only where the rounding is not visible."""

import numpy as np
import pytest

from widgets.components.float32 import pack_coordinates


@pytest.mark.parametrize("offset", [0.0, 5.0, -1e5, 1.7e9, -1e15, 1e300])
@pytest.mark.parametrize("scale", [1e-300, 1e-40, 1.0, 1e6, 1e38, 1e302])
def test_no_point_moves_by_a_visible_distance(offset, scale):
    values = offset + scale * np.linspace(-1, 1, 50)
    packed = pack_coordinates(values)
    assert np.isfinite(packed).all()
    assert np.abs(packed - values).max() <= 1e-4 * np.ptp(values)


def test_usual_and_empty_coordinates_become_float32():
    assert pack_coordinates(np.linspace(-20, 20, 50)).dtype == np.float32
    assert pack_coordinates(np.zeros(3)).dtype == np.float32
    assert pack_coordinates(np.empty(0)).dtype == np.float32

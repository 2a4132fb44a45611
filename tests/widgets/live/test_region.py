"""A region contains the points that lie in it."""

import numpy as np
from bokeh.events import SelectionGeometry
from bokeh.plotting import figure
from hypothesis import given
from hypothesis import strategies as st

from clusterer.session.frame import ViewRequest
from widgets.live.region import N_CORNERS, Region, contains, read_corners

corner = st.tuples(st.integers(-5, 5), st.integers(-5, 5))


def is_inside_slowly(corners, point):
    """By the winding of the polygon around the point."""
    around = np.array(corners, dtype=float) - point
    angles = np.arctan2(around[:, 1], around[:, 0])
    turns = np.diff(np.append(angles, angles[0]))
    turns = (turns + np.pi) % (2 * np.pi) - np.pi
    return round(float(turns.sum()) / (2 * np.pi)) % 2 == 1


@given(st.lists(corner, min_size=3, max_size=8), st.lists(corner, min_size=1, max_size=9))
def test_the_same_as_by_the_winding_number(corners, points):
    # No point lies on an edge between corners with whole coordinates.
    shifted = np.add(points, (0.123, 0.0456))
    x, y = np.array(corners, dtype=float).T
    expected = [is_inside_slowly(corners, point) for point in shifted]
    assert contains((x, y), shifted[:, 0], shifted[:, 1]).tolist() == expected


def draw(plot, geometry, final=True):
    plot._trigger_event(SelectionGeometry(plot, geometry, final))


def test_a_drawn_region_stays_until_the_axes_change():
    plot, drawn = figure(), []
    region = Region(plot)
    region.listen(lambda: drawn.append(region.corners))
    assert region.contains([0.5], [0.5]) is None
    box = {"type": "rect", "x0": 0.0, "x1": 1.0, "y0": 0.0, "y1": 1.0}
    draw(plot, box, final=False)
    assert region.corners is None
    draw(plot, box)
    assert region.contains([0.5, 2.0], [0.5, 0.5]).tolist() == [True, False]
    region.keep(ViewRequest())
    assert len(drawn) == 1
    assert region.corners is not None
    region.keep(ViewRequest(x=2))
    assert region.corners is None


def test_a_region_without_area_or_with_other_content_is_none():
    for geometry in (
        {"type": "rect", "x0": 1, "x1": 1, "y0": 0, "y1": 2},
        {"type": "poly", "x": [0, 1, 2], "y": [0, 1]},
        {"type": "poly", "x": [0, 1, float("nan")], "y": [0, 1, 5]},
        {"type": "poly", "x": ["a", 1, 2], "y": [0, 1, 3]},
        {"type": "rect"},
        {},
        None,
    ):
        assert read_corners(geometry) is None


def test_a_long_lasso_is_thinned():
    angles = np.linspace(0, 2 * np.pi, 5000)
    geometry = {"type": "poly", "x": np.cos(angles).tolist(), "y": np.sin(angles).tolist()}
    corners = read_corners(geometry)
    assert len(corners[0]) <= N_CORNERS
    assert contains(corners, [0.0, 0.99, 1.01], [0.0, 0.0, 0.0]).tolist() == [True, True, False]

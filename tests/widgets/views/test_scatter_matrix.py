"""The scatter matrix: every pair of the first features in a small plot of its own."""

import numpy as np
import pytest

from widgets.views import scatter_matrix
from widgets.views.plot import LivePlot, load_renderer
from widgets.views.scatter_matrix import (
    arrange_cells,
    draw_scatter_matrix,
    measure_scatter_matrix,
)


# Of more than four features the first four are drawn.
@pytest.mark.parametrize(("n_features", "lengths"), [(2, (0, 1, 500)), (3, (500,)), (6, (0, 500))])
def test_a_scatter_matrix_is_a_layout_that_can_be_rendered(n_features, lengths):
    points = np.random.default_rng(0).normal(size=(500, n_features))
    for n_points in lengths:
        layout = scatter_matrix(points[:n_points], np.zeros(n_points, int))
        assert load_renderer().get_plot(layout).state is not None


def test_the_cells_share_one_data_source_and_the_range_of_each_feature():
    points = np.random.default_rng(0).normal(size=(500, 4))
    plot = LivePlot(lambda data: draw_scatter_matrix(data, ["a", "b", "$$c$$", "d"]), arrange_cells)
    data = measure_scatter_matrix(points, np.zeros(500, dtype=np.int64))
    assert plot.build(data)
    (source,) = {each.data_source for cell in plot.figures for each in cell.renderers}
    assert {*source.data} == {"x0", "x1", "x2", "x3", "color", "alpha"}
    assert len(source.data["x0"]) == 400
    cells = {cell.name: cell for cell in plot.figures}
    assert len(cells) == 6
    assert cells["matrix 0 1"].y_range is cells["matrix 1 2"].x_range
    assert cells["matrix 0 3"].xaxis[0].axis_label == "a"
    # Bokeh must not typeset a name as a formula.
    assert cells["matrix 0 2"].yaxis[0].axis_label.text == "$$c$$"
    plot.show(measure_scatter_matrix(points[:3] + 100.0, np.zeros(3, dtype=np.int64)), is_new=False)
    assert len(source.data["x3"]) == 3
    assert cells["matrix 0 1"].x_range.start > 90.0

"""The view of a grid sweep: a small plot for each setting; a click selects a setting."""

import numpy as np

from clusterer.datasets import make_generator
from clusterer.evaluation.grid_sweep import GridSweep, sweep_grid
from clusterer.session.frame import ViewRequest
from widgets.live.view_data import ViewData
from widgets.views import grid_sweep
from widgets.views.grid_sweep import GridSweepView, measure_grid_sweep
from widgets.views.plot import load_renderer

POINTS = make_generator("blobs", seed=4).take(1_500).points


def test_a_click_finds_the_cell_drawn_there():
    done = GridSweep(POINTS, (0.5, 1.0, 2.0), (20, 10))
    cells = tuple(sweep_grid(POINTS, done.sigmas, done.n_prototypes))
    sweep = GridSweep(POINTS, done.sigmas, done.n_prototypes, cells)
    drawn = measure_grid_sweep(sweep, ViewRequest()).layers
    columns = drawn["sweep cells"]
    assert done.n_cells == len(cells) == len(columns["left"]) == 6
    for i in range(6):
        for x, y in (("left", "bottom"), ("right", "top")):
            found = done.find(columns[x][i], columns[y][i])
            assert found == (columns["sigma"][i], columns["k"][i])
    columns, rows = (np.floor(drawn["sweep"][name]) for name in ("x", "y"))
    per_cell = np.unique(np.stack([columns, rows]), axis=1, return_counts=True)[1]
    assert len(per_cell) == 6
    assert len(set(per_cell.tolist())) == 1
    assert len(measure_grid_sweep(done, ViewRequest()).layers["sweep"]["x"]) == 0


def test_the_axes_name_the_settings_of_the_latest_sweep():
    view = GridSweepView(lambda: (POINTS, POINTS), dict, lambda sigma, k: None, lambda: None)
    assert view.measure(ViewData()) is None
    for sigmas in (0.5, 1.0), (1.0, 2.0, 4.0):
        cells = tuple(sweep_grid(POINTS, sigmas, (10,)))
        sweep = GridSweep(POINTS, sigmas, (10,), cells, chosen=(1.0, 10))
        view.draw(view.measure(ViewData(sweep=sweep)))
        (axis,) = view.figure.xaxis
        assert list(axis.major_label_overrides.values()) == [f"{sigma:g}" for sigma in sigmas]
        assert axis.ticker.ticks == [i + 0.5 for i in range(len(sigmas))]
        assert (view.figure.x_range.start, view.figure.x_range.end) == (0, len(sigmas))
        sources = {each.data_source.name: each.data_source for each in view.figure.renderers}
        assert len(sources["sweep cells"].data["left"]) == len(sigmas)
        assert sources["sweep chosen"].data["left"] == [sigmas.index(1.0) + 0.02]
    view.close()


def test_a_frame_does_not_move_the_slider_back_while_the_user_moves_it():
    choices = []
    view = GridSweepView(
        lambda: (POINTS, POINTS), dict, lambda *choice: choices.append(choice), lambda: None
    )
    cells = tuple(sweep_grid(POINTS, (0.5, 1.0), (10,)))
    view.sweep = GridSweep(POINTS, (0.5, 1.0), (10,), cells, chosen=(1.0, 10))
    drawn = view.measure(ViewData(sweep=view.sweep))
    view.draw(drawn)
    assert view.taken.value == 2
    view.taken.value = 1
    view.draw(drawn)
    assert view.taken.value == 1
    assert choices == [(0.5, 10)]
    view.draw(view.measure(ViewData(sweep=view.sweep)))
    assert (view.taken.value, choices) == (1, [(0.5, 10)])
    view.close()


def test_a_grid_sweep_of_points_is_an_element_that_can_be_rendered():
    plot = load_renderer().get_plot(grid_sweep(POINTS[:300], n_prototypes=(10, 20)))
    assert len(plot.state.renderers) == 4

"""A grid sweep learns the same points with many settings, and a click selects one of them."""

import numpy as np
import pytest

from clusterer import OnlineClusterer
from clusterer.datasets import make_generator
from clusterer.evaluation.grid_sweep import GridSweep, choose_sigmas, sweep_grid
from clusterer.session.frame import ViewRequest
from widgets.live.view_data import ViewData, project
from widgets.views.sweep_cells import measure_sweep

POINTS = make_generator("blobs", seed=4).take(1_500).points


def test_each_cell_holds_the_labels_of_the_estimator():
    sigmas = choose_sigmas(POINTS)
    cells = list(sweep_grid(POINTS, sigmas, (20, 50), {"half_life": 400.0, "sigma": "auto"}))
    assert [(cell.n_prototypes, cell.sigma) for cell in cells] == [
        (k, sigma) for k in (50, 20) for sigma in sigmas
    ]
    for cell in cells:
        model = OnlineClusterer(cell.n_prototypes, cell.sigma, 400.0).fit(POINTS)
        assert np.array_equal(cell.labels, model.predict(POINTS))
        assert cell.n_clusters == len(set(cell.labels.tolist()) - {-1})
    assert cells[2].n_clusters == 5


def test_a_click_finds_the_cell_drawn_there():
    done = GridSweep(POINTS, (0.5, 1.0, 2.0), (20, 10))
    cells = tuple(sweep_grid(POINTS, done.sigmas, done.n_prototypes))
    drawn = measure_sweep(GridSweep(POINTS, done.sigmas, done.n_prototypes, cells), ViewRequest())
    assert done.n_cells == len(cells) == 6
    for i, (x, y) in enumerate(zip(drawn["cells"]["x"], drawn["cells"]["y"], strict=True)):
        assert done.find(x, y) == (drawn["cells"]["sigma"][i], drawn["cells"]["k"][i])
    assert done.find(-0.1, 0.5) is done.find(0.5, 2.0) is done.find(3.0, 0.0) is None
    columns, rows = (np.floor(drawn["points"][name]) for name in ("x", "y"))
    per_cell = np.unique(np.stack([columns, rows]), axis=1, return_counts=True)[1]
    assert len(per_cell) == 6
    assert len(set(per_cell.tolist())) == 1
    assert len(measure_sweep(done, ViewRequest())["points"]["x"]) == 0


@pytest.mark.parametrize("n_features", [1, 2, 3])
def test_axes_beyond_the_features_of_a_source_are_clipped(n_features):
    points = np.arange(4.0 * n_features).reshape(4, n_features)
    xs, ys = project(points, ViewRequest(2, 5))
    assert np.array_equal(xs, points[:, min(2, n_features - 1)])
    assert len(ys) == 4
    assert ViewData().past == []

"""A grid sweep learns the same points with many settings."""

import numpy as np

from clusterer import OnlineClusterer
from clusterer.datasets import make_generator
from clusterer.evaluation.grid_sweep import GridSweep, choose_sigmas, sweep_grid

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


def test_a_place_in_the_grid_finds_its_cell():
    sweep = GridSweep(POINTS, (0.5, 1.0, 2.0), (20, 10))
    assert sweep.n_cells == 6
    assert sweep.find(0.5, 0.5) == (0.5, 10)
    assert sweep.find(2.9, 1.9) == (2.0, 20)
    assert sweep.find(-0.1, 0.5) is sweep.find(0.5, 2.0) is sweep.find(3.0, 0.0) is None

"""The cells of a sweep: where each is drawn and what it is called."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from clusterer.evaluation.grid_sweep import GridSweep
from clusterer.session.frame import ViewRequest
from widgets.components.palette import wrap_colors
from widgets.controls.controls import write_number
from widgets.live.view_data import project

N_DRAWN = 300
MARGIN = 0.06  # of a cell, on every side
HEIGHT = 0.86  # of a cell, for the points; above them it says how many clusters there are
CELLS = ("x", "y", "top", "text", "sigma", "k", "noise")


def measure_sweep(done: GridSweep, view_request: ViewRequest) -> dict[str, dict[str, Any]]:
    """Columns of the points, each cell's in its square of the plot; of the cells; of that taken."""
    places = np.unique(np.linspace(0, len(done.points) - 1, N_DRAWN).astype(int))
    xs, ys = (_squeeze(values) for values in project(done.points, view_request))
    rows = {k: row for row, k in enumerate(sorted(done.n_prototypes))}
    points: dict[str, list[NDArray]] = {"x": [], "y": [], "color": []}
    cells: dict[str, list[Any]] = {name: [] for name in CELLS}
    for cell in done.cells:
        column, row = done.sigmas.index(cell.sigma), rows[cell.n_prototypes]
        points["x"].append(column + xs[places])
        points["y"].append(row + HEIGHT * ys[places])
        points["color"].append(wrap_colors(_rank(cell.labels)[places]))
        cells["x"].append(column + 0.5)
        cells["y"].append(row + 0.5)
        cells["top"].append(row + 1 - MARGIN)
        cells["text"].append(_count(cell.n_clusters))
        cells["sigma"].append(cell.sigma)
        cells["k"].append(cell.n_prototypes)
        cells["noise"].append(f"{cell.noise_share:.1%}")
    joined = {name: np.concatenate(parts or [np.empty(0)]) for name, parts in points.items()}
    joined |= {name: joined[name].astype(np.float32) for name in ("x", "y")}
    chosen: dict[str, list[float]] = {"x": [], "y": []}
    if done.chosen is not None:
        sigma, k = done.chosen
        chosen = {"x": [done.sigmas.index(sigma) + 0.5], "y": [rows[k] + 0.5]}
    return {"points": joined, "cells": cells, "chosen": chosen}


def list_settings(done: GridSweep) -> dict[str, tuple[float, int]]:
    """The σ and K of the cells that are ready, by what they are called.

    >>> from clusterer.evaluation.grid_sweep import GridCell
    >>> cell = GridCell(0.5, 20, np.array([0, 0, 1, -1]))
    >>> list_settings(GridSweep(np.zeros((4, 2)), (0.5,), (20,), (cell,)))
    {'σ = 0.5, K = 20: 2 clusters': (0.5, 20)}
    """
    return {
        f"σ = {write_number(cell.sigma)}, K = {cell.n_prototypes}: {_count(cell.n_clusters)}": (
            cell.sigma,
            cell.n_prototypes,
        )
        for cell in sorted(done.cells, key=lambda cell: (cell.n_prototypes, cell.sigma))
    }


def _count(n_clusters: int) -> str:
    return f"{n_clusters} {'cluster' if n_clusters == 1 else 'clusters'}"


def _squeeze(values: NDArray) -> NDArray[np.float64]:
    """Between the margins of a square of side 1."""
    if not len(values):
        return values
    extent = float(np.ptp(values)) or 1.0
    return MARGIN + (1 - 2 * MARGIN) * (values - values.min()) / extent


def _rank(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Labels by size, so that the largest cluster has the first colour in each cell."""
    known, sizes = np.unique(labels[labels >= 0], return_counts=True)
    ranks = {int(label): rank for rank, label in enumerate(known[np.argsort(-sizes)])}
    return np.array([ranks.get(label, -1) for label in labels.tolist()], dtype=np.int64)

"""Hypothesis strategies for streams and parameters."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

RULES = ("plain", "log-min", "ward", "log-ward")
SIGMAS = ("auto", 0.3, 1.0, 7.0, 1e-200, 1e200)
HALF_LIVES = (None, "auto", 0.7, 3.0, 20.0, 1000.0)

seeds = st.integers(0, 2**32 - 1)
n_prototypes = st.integers(1, 12) | st.integers(2, 5)


def settings() -> st.SearchStrategy[dict[str, Any]]:
    """All parameters that affect learning."""
    return st.fixed_dictionaries(
        {
            "n_prototypes": n_prototypes,
            "sigma": st.sampled_from(SIGMAS),
            "half_life": st.sampled_from(HALF_LIVES),
            "update": st.sampled_from(("kernel", "addc")),
            "merge": st.sampled_from(RULES),
        }
    )


@st.composite
def changes(draw: st.DrawFn, n_most: int = 3) -> dict[int, dict[str, Any]]:
    """Changes of parameters, by the index of the next point; index 0 holds all parameters."""
    found = {0: draw(settings())}
    for step in draw(st.lists(st.integers(2, 35), max_size=n_most)):
        names = draw(st.sets(st.sampled_from(sorted(found[0])), min_size=1))
        found[step] = {name: value for name, value in draw(settings()).items() if name in names}
    return found


@st.composite
def lattices(draw: st.DrawFn, n_features: int, n_points: int = 30) -> NDArray:
    """Points on a small lattice, with ties and duplicates at every step."""
    coordinate = st.integers(0, draw(st.integers(1, 4)))
    point = st.tuples(*[coordinate] * n_features)
    return np.array(draw(st.lists(point, min_size=1, max_size=n_points)), dtype=float)


@st.composite
def clouds(draw: st.DrawFn, n_features: int, n_points: int = 36) -> NDArray:
    """Random points of several shapes, with duplicates and far outliers."""
    rng = np.random.default_rng(draw(seeds))
    shape = rng.integers(1, n_points + 1), n_features
    kind = draw(st.sampled_from(("normal", "blobs", "walk", "coarse", "heavy")))
    points = rng.normal(size=shape)
    if kind == "blobs":
        points = 0.3 * points + 9.0 * rng.integers(3, size=(shape[0], 1))
    elif kind == "walk":
        points = np.cumsum(points, axis=0)
    elif kind == "coarse":
        points = np.round(points)
    elif kind == "heavy":
        points = rng.standard_cauchy(size=shape)
    if draw(st.booleans()):
        points = points[rng.integers(shape[0], size=shape[0])]
    if draw(st.booleans()):
        points[rng.random(shape[0]) < 0.1] *= 10.0 ** rng.integers(3, 60)
    return points * 10.0 ** draw(st.sampled_from((0, 0, 0, -30, 40))) + draw(
        st.sampled_from((0.0, 0.0, 1e3))
    )

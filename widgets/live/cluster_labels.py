"""Labels in the live figure: the name or the number of each cluster, at its middle."""

import time
from collections.abc import Mapping

import numpy as np
from bokeh.plotting import figure
from numpy.typing import NDArray

from clusterer.session.frame import Frame
from clusterer.stream.chunk import NOISE
from clusterer.support.text import shorten
from widgets.components.plot import build_columns

N_NUMBERED = 24
"""With more clusters only those with a name are labelled, because numbers would hide the points."""

MAX_CHARS = 30
PERIOD_S = 0.5


class ClusterLabels:
    """Labels of clusters, which move at most twice a second so that they can be read."""

    def __init__(self) -> None:
        self.source = build_columns("cluster labels", "x", "y", "text")
        self._drawn: tuple[object, ...] = ()
        self._drawn_at = 0.0

    def add_to(self, plot: figure) -> None:
        """Add the labels to the figure, in front of everything that it has."""
        self._text = plot.text(
            "x",
            "y",
            "text",
            source=self.source,
            text_align="center",
            text_baseline="middle",
            text_font_size="12px",
            # The same on a light and on a dark page.
            text_color="#222222",
            background_fill_color="#ffffff",
            background_fill_alpha=0.8,
            border_radius=4,
            padding=2,
        )

    def enlarge(self, is_large: bool) -> None:
        """Write large labels, or labels of the usual size."""
        self._text.glyph.text_font_size = "19px" if is_large else "12px"

    def draw(self, frame: Frame) -> None:
        """Show the labels of a frame."""
        texts = write_labels(frame.center_clusters, frame.cluster_names)
        now = time.monotonic()
        drawn = frame.run, frame.view_request.axes, texts
        state = frame.snapshot.n_seen, drawn
        is_late = now - self._drawn_at >= PERIOD_S or not frame.is_playing
        if state == self._drawn or not (is_late or self._drawn[-1:] != (drawn,)):
            return
        self._drawn, self._drawn_at = state, now
        xs, ys = frame.view_request.project(frame.centers)
        weights = frame.snapshot.weights
        places = [find_middle(xs, ys, weights, frame.center_clusters == each) for each in texts]
        self.source.data = {
            "x": xs[places],
            "y": ys[places],
            "text": np.array([*texts.values()], dtype=object),
        }


def write_labels(clusters: NDArray[np.int64], names: Mapping[int, str]) -> dict[int, str]:
    """The label of each cluster: its name, or its number if the clusters are few.

    >>> write_labels(np.array([1, -1, 2, 2]), {2: "young"})
    {1: '1', 2: 'young'}
    """
    found = [each for each in np.unique(clusters).tolist() if each != NOISE]
    if len(found) > N_NUMBERED:
        found = [each for each in found if each in names]
    return {each: shorten(names.get(each, str(each)), MAX_CHARS) for each in found}


def find_middle(xs: NDArray, ys: NDArray, weights: NDArray, is_member: NDArray[np.bool_]) -> int:
    """The prototype of a cluster that lies nearest to the middle of the cluster on the screen.

    A middle itself can lie outside, as that of a ring does.

    >>> xs, ys = np.array([0.0, 1.0, 2.0, 9.0]), np.zeros(4)
    >>> find_middle(xs, ys, np.ones(4), np.array([True, True, True, False]))
    1
    """
    own = np.flatnonzero(is_member)
    shares = weights[own] if weights[own].any() else np.ones(len(own))
    gaps = [values[own] - np.average(values[own], weights=shares) for values in (xs, ys)]
    # Relative to the extent, because the axes have different units.
    sizes = [max(float(np.abs(gap).max()), np.finfo(float).tiny) for gap in gaps]
    return int(own[sum((gap / size) ** 2 for gap, size in zip(gaps, sizes, strict=True)).argmin()])

"""The regions of the classes, the border and the margins between them, and the support vectors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clusterer.preprocessing.scaling import Scaling
from clusterer.session.frame import ViewRequest
from clusterer.stream.chunk import NOISE
from widgets.components.float32 import pack_coordinates
from widgets.components.palette import wrap_colors
from widgets.live.view_data import project
from widgets.views.classify.plane import Plane, find_contours, span_plane
from widgets.views.plot import (
    COLOR_OPTIONS,
    Columns,
    PlotData,
    load_holoviews,
    place_ticks,
    set_options,
    set_plot_options,
)

if TYPE_CHECKING:
    import holoviews as hv

LAYERS = ("regions", "border", "margins", "points", "merges", "vectors")
ENDS = ("x", "y", "x1", "y1")
SMALLEST_PX, LARGEST_PX = 7.0, 24.0
"""Diameters of the lightest and of the heaviest ring around a support vector."""

HEIGHT_PX = 360
COLORS = {name: COLOR_OPTIONS[name] for name in ("cmap", "clim")}
INK = "#808080"
"""Visible on a light and on a dark background."""


@dataclass(frozen=True, eq=False)
class Scene:
    """A classifier and the points to draw.

    Parameters
    ----------
    model : classifier or None
        The classifier; None before its first point.
    points : (n, d)
        The points, in the units of the data.
    tests : (n, 2) int
        Their classes, and what was predicted for them; -1 for unknown.
    scaling : Scaling
        From the units of the data to the units of the classifier.
    merges : (k, 2, d)
        The places from which and to which support vectors have moved, in the units of the data.
    colors, names : mapping of int to int, and of int to str
        Colour and name of each class; by default its number.
    """

    model: Any
    points: NDArray[np.floating]
    tests: NDArray[np.int64]
    scaling: Scaling
    merges: NDArray[np.float64]
    colors: Mapping[int, int] = field(default_factory=dict)
    names: Mapping[int, str] = field(default_factory=dict)

    def color(self, classes: NDArray) -> NDArray[np.int8]:
        """The colour number (n,) of each class; -1 for an unknown class."""
        codes = [NOISE if i < 0 else self.colors.get(i, i) for i in classes.tolist()]
        return wrap_colors(np.array(codes, dtype=np.int64))

    def call(self, classes: NDArray) -> list[str]:
        """The name of each class."""
        return ["unknown" if i < 0 else self.names.get(i, str(i)) for i in classes.tolist()]


def decision_regions(
    model: Any,
    points: ArrayLike,
    classes: ArrayLike | None = None,
    view_request: ViewRequest | None = None,
) -> hv.Overlay:
    """The regions, borders, margins and support vectors of a classifier under points.

    Parameters
    ----------
    model : classifier
        A fitted `PegasosClassifier` or `KernelPegasosClassifier`, whose classes are whole numbers.
    points : (n, d)
        The points, n at least 1.
    classes : (n,) int, optional
        Their classes, -1 for unknown.
    view_request : ViewRequest, optional
        The axes, by default the first two features.

    Examples
    --------
    >>> from clusterer.datasets import make_generator
    >>> from clusterer.svm import PegasosClassifier
    >>> points, classes = make_generator("moons").take(300)
    >>> plot = decision_regions(PegasosClassifier().partial_fit(points, classes), points, classes)
    >>> len(plot)
    6
    """
    places = np.asarray(points, dtype=np.float64)
    known = np.full(len(places), NOISE) if classes is None else np.asarray(classes)
    tests = np.column_stack([known, model.predict(places)])
    n_features = places.shape[1]
    none = np.empty((0, 2, n_features))
    scene = Scene(model, places, tests, Scaling.identity(n_features), none)
    return draw_regions(measure_regions(scene, view_request or ViewRequest()))


def decide(model: Any, points: NDArray) -> NDArray[np.float64]:
    """Return how far (n, C) each class of ``classes_`` is above the best other class."""
    found = model.decision_function(points)
    if found.ndim == 1:
        return np.column_stack([-found, found])[:, : len(model.classes_)]
    highest = np.sort(found, axis=1)[:, -2:]
    is_best = found == highest[:, 1:]
    return found - np.where(is_best, highest[:, :1], highest[:, 1:])


def find_vectors(model: Any, scaling: Scaling) -> tuple[NDArray, NDArray, NDArray, NDArray]:
    """Return the support vectors: places (m, d) in the units of the data, ids, classes, |α| (m,).

    A linear classifier has none.
    """
    if not hasattr(model, "support_vectors_") or not len(model.classes_):
        none = np.empty(0, dtype=np.int64)
        return np.empty((0, len(scaling.scales))), none, none, np.empty(0)
    coefficients = model.dual_coef_
    classes = model.classes_[coefficients.argmax(axis=1)]
    # Each vector has α in its own class and -α in others.
    weights = 0.5 * np.abs(coefficients).sum(axis=1)
    return scaling.undo(model.support_vectors_), model.ids_, classes, weights


def measure_regions(scene: Scene, view_request: ViewRequest) -> PlotData:
    """The layers; without a row before the first point of the classifier."""
    empty: dict[str, Columns] = {f"classify {name}": {"x": []} for name in LAYERS}
    if scene.model is None or not len(scene.points):
        return PlotData(empty)
    plane = span_plane(scene.points, view_request)
    cells = scene.scaling.apply(plane.points)
    leads = decide(scene.model, cells)
    classes = scene.model.predict(cells)
    places, _, vector_classes, weights = find_vectors(scene.model, scene.scaling)
    layers = {
        "regions": _place_image(plane, scene.color(classes)),
        "border": _trace(plane, leads, 0.0),
        "margins": _trace(plane, leads, 1.0),
        "points": {
            **_place(scene.points, view_request),
            "class": scene.call(scene.tests[:, 0]),
            "predicted": scene.call(scene.tests[:, 1]),
            "color": scene.color(scene.tests[:, 0]),
        },
        "merges": _connect(scene.merges, view_request),
        "vectors": {
            **_place(places, view_request),
            "class": scene.call(vector_classes),
            "weight": weights.astype(np.float32),
            "size": _size(weights),
            "line_color": scene.color(vector_classes),
        },
    }
    limits, log_units = plane.limits, dict(zip("xy", view_request.log_units, strict=True))
    return PlotData(
        {f"classify {name}": layers[name] for name in LAYERS},
        limits,
        ticks=place_ticks(limits, log_units),
    )


def _place(points: NDArray, view_request: ViewRequest) -> Columns:
    xs, ys = project(points, view_request)
    return {"x": pack_coordinates(xs), "y": pack_coordinates(ys)}


def _size(weights: NDArray[np.float64]) -> NDArray[np.float32]:
    """Diameters of rings whose areas grow with |α|."""
    shares = np.sqrt(weights / max(float(weights.max(initial=0.0)), 1e-300))
    return (SMALLEST_PX + (LARGEST_PX - SMALLEST_PX) * shares).astype(np.float32)


def _place_image(plane: Plane, colors: NDArray[np.int8]) -> Columns:
    (left, right), (bottom, top) = plane.limits["x"], plane.limits["y"]
    image = colors.reshape(len(plane.ys), len(plane.xs)).astype(np.float32)
    return {
        "image": [image],
        "x": [left],
        "y": [bottom],
        "dw": [right - left],
        "dh": [top - bottom],
    }


def _trace(plane: Plane, leads: NDArray[np.float64], level: float) -> Columns:
    """The contours at which a class leads by ``level``."""
    if leads.shape[1] == 2 and level == 0.0:
        leads = leads[:, :1]  # both classes have the same border
    parts = [find_contours(plane, leads[:, i], level) for i in range(leads.shape[1])]
    segments = np.concatenate([np.empty((0, 4)), *parts])
    return {name: pack_coordinates(segments[:, i]) for i, name in enumerate(ENDS)}


def _connect(merges: NDArray, view_request: ViewRequest) -> Columns:
    ends = [project(merges[:, end], view_request) for end in (0, 1)]
    values = (*ends[0], *ends[1])
    return {name: pack_coordinates(each) for name, each in zip(ENDS, values, strict=True)}


def draw_regions(data: PlotData) -> hv.Overlay:
    """The regions under the points, with the borders, the margins and the rings."""
    hv = load_holoviews()

    layers = {name: data.layers[f"classify {name}"] for name in LAYERS}
    columns = layers["regions"]
    left, bottom = columns["x"][0], columns["y"][0]
    box = (left, bottom, left + columns["dw"][0], bottom + columns["dh"][0])
    regions = set_options(
        # An image of HoloViews begins with the highest row.
        hv.Image(columns["image"][0][::-1], ["x", "y"], ["color"], bounds=box),
        "classify regions",
        alpha=0.22,
        **COLORS,
    )

    def draw_lines(name: str, label: str, **options: Any) -> Any:
        lines = hv.Segments(layers[name], [*ENDS], label=label)
        return set_options(lines, f"classify {name}", color=INK, **options)

    overlay = (
        regions
        * draw_lines("border", "border", line_width=2.5)
        * draw_lines("margins", "margins", line_width=1.2, line_dash="dashed")
        * _draw_points(layers["points"])
        * draw_lines("merges", "merges", line_width=1.5, alpha=0.8)
        * _draw_vectors(layers["vectors"])
    )
    return set_plot_options(
        overlay,
        data,
        "classify plot",
        dimensions="both",
        xlabel="",
        ylabel="",
        height=HEIGHT_PX,
        show_grid=False,
    )


def _draw_points(columns: Columns) -> hv.Points:
    hv = load_holoviews()

    return set_options(
        hv.Points(columns, ["x", "y"], ["class", "predicted", "color"], label="points"),
        "classify points",
        [("class", "@class"), ("predicted", "@predicted")],
        size=4,
        alpha=0.75,
        line_alpha=0,
        **COLOR_OPTIONS,
    )


def _draw_vectors(columns: Columns) -> hv.Points:
    hv = load_holoviews()

    return set_options(
        hv.Points(
            columns,
            ["x", "y"],
            ["class", "weight", "size", "line_color"],
            label="support vectors",
        ),
        "classify vectors",
        [("support vector of", "@class"), ("|α|", "@weight{0.[000]}")],
        size="size",
        fill_alpha=0,
        # HoloViews names the column of a style by the style.
        line_color="line_color",
        line_width=1.5,
        **COLORS,
    )

"""The plot of a group: box plots of a cluster beside those of all other points, by relevance."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from clusterer.evaluation.descriptions import ClusterDescription, measure_scales
from clusterer.evaluation.feature_contrasts import FeatureContrast
from clusterer.export.cluster_card import N_FEATURES
from clusterer.support.text import make_printable, shorten
from widgets.components.palette import wrap_colors
from widgets.components.text import hide_formula
from widgets.views.plot import (
    COLOR_OPTIONS,
    PlotData,
    load_holoviews,
    set_options,
    set_plot_options,
)

if TYPE_CHECKING:
    import holoviews as hv

ROW_PX, MARGIN_PX = 36, 12
NAME_CHARS = 22
TICK_COLOR = "#777777"
"""Readable on a light and on a dark background."""

BOX, OFFSET = 0.13, 0.19
"""Half the height of a box, and its distance from the middle of its row."""


@dataclass(frozen=True, eq=False)
class Group:
    """What a card shows: the description, the name and the colour number of a cluster.

    ``scales`` holds the lowest and the highest value of each feature in all cards.
    """

    description: ClusterDescription
    name: str
    color: int
    scales: Mapping[str, tuple[float, float]]
    nearest: str
    is_forgetting: bool

    @property
    def title(self) -> str:
        """The number of the cluster, for people."""
        return f"cluster {self.description.cluster}"


def group_plot(
    description: ClusterDescription, scales: Mapping[str, tuple[float, float]] | None = None
) -> hv.Overlay:
    """Box plots of the features that set a cluster apart, each beside that of all other points.

    Parameters
    ----------
    description : ClusterDescription
        From `clusterer.evaluation.descriptions.describe_clusters`.
    scales : mapping, optional
        The lowest and the highest value to show of each feature; default from the quantiles.

    Examples
    --------
    >>> from clusterer import OnlineClusterer
    >>> from clusterer.evaluation.descriptions import describe_clusters
    >>> random = np.random.default_rng(0)
    >>> blobs = np.concatenate([random.normal(size=(200, 2)), random.normal(20, size=(200, 2))])
    >>> described = describe_clusters(OnlineClusterer(20).fit(random.permutation(blobs)))
    >>> len(group_plot(described[0]).Rectangles.I)  # two features, cluster and rest
    4
    """
    found = Group(description, "", 0, scales or measure_scales([description]), "", False)
    return draw_group(measure_group(found))


def measure_group(group: Group) -> PlotData:
    """The boxes, whiskers and medians of a card, on a scale from 0 to 1 for each feature."""
    features = group.description.features[:N_FEATURES]
    columns: dict[str, list[Any]] = {
        name: [] for name in ("low", "left", "middle", "right", "high", "y", "color", "text")
    }
    ticks = {}
    for i, feature in enumerate(features):
        row = len(features) - 1 - i
        ticks[float(row)] = _write_tick(feature, group.scales)
        owners = (
            (group.name or group.title, feature.quantiles, OFFSET, group.color),
            ("all other points", feature.rest_quantiles, -OFFSET, -1),
        )
        for owner, quantiles, offset, color in owners:
            if not math.isfinite(quantiles[0]):
                continue
            places = feature.place(quantiles, group.scales[feature.name])
            for name, place in zip(("low", "left", "middle", "right", "high"), places, strict=True):
                columns[name].append(place)
            columns["y"].append(row + offset)
            columns["color"].append(color)
            texts = [feature.format(value) for value in quantiles]
            columns["text"].append(
                f"{owner}: median {texts[2]}, middle half {texts[1]} to {texts[3]}, "
                f"middle 90 % {texts[0]} to {texts[4]}"
            )
    arrays = {name: np.array(values) for name, values in columns.items() if name != "text"}
    shown = {"color": wrap_colors(np.array(columns["color"], dtype=np.int64))}
    shown["text"] = np.array(columns["text"], dtype=object)
    y = arrays["y"]
    layers = {
        "whiskers": {"x": arrays["low"], "y": y, "x1": arrays["high"], "y1": y, **shown},
        "boxes": {
            "left": arrays["left"],
            "bottom": y - BOX,
            "right": arrays["right"],
            "top": y + BOX,
            **shown,
        },
        "medians": {"x": arrays["middle"], "y": y - BOX, "x1": arrays["middle"], "y1": y + BOX},
    }
    limits = {"x": (-0.03, 1.03), "y": (-0.6, max(len(features), 1) - 0.4)}
    return PlotData(layers, limits, ticks={"y": ticks})


def _write_tick(feature: FeatureContrast, scales: Mapping[str, tuple[float, float]]) -> str:
    low, high = (feature.format(value) for value in scales[feature.name])
    name = shorten(make_printable(feature.name), NAME_CHARS)
    scale = f"{low} … {high}{' (log)' if feature.log_unit else ''}"
    return f"{hide_formula(name)}\n{scale}"


def draw_group(data: PlotData) -> hv.Overlay:
    """The boxes of the cluster above those of the other points, a row for each feature."""
    hv = load_holoviews()
    ends, texts = ["x", "y", "x1", "y1"], ["color", "text"]
    layers = data.layers
    whiskers = set_options(
        hv.Segments(layers["whiskers"], ends, texts), "whiskers", line_width=1.5, **COLOR_OPTIONS
    )
    boxes = set_options(
        # HoloViews gives the columns of its data source these names.
        hv.Rectangles(layers["boxes"], ["left", "bottom", "right", "top"], texts),
        "boxes",
        (("", "@text"),),
        line_alpha=0,
        fill_alpha=0.75,
        **COLOR_OPTIONS,
    )
    medians = set_options(
        hv.Segments(layers["medians"], ends), "medians", color="#ffffff", line_width=2
    )
    return set_plot_options(
        whiskers * boxes * medians,
        data,
        "group plot",
        dimensions="",
        height=measure_height(len(data.ticks["y"])),
        xaxis=None,
        ylabel="",
        show_legend=False,
        toolbar=None,
        hooks=[_color_ticks],
    )


def _color_ticks(plot: Any, element: Any) -> None:
    # A figure that is added after a change of the theme keeps the colours of the theme before.
    plot.state.yaxis.major_label_text_color = TICK_COLOR
    plot.state.xgrid.grid_line_alpha = 0


def measure_height(n_features: int) -> int:
    """The height of a card's plot in pixels."""
    return ROW_PX * max(n_features, 1) + MARGIN_PX

"""Parts of the plots: empty data sources, and the style of the legends."""

import numpy as np
from bokeh.models import ColumnDataSource

LEGEND_STYLE = {
    "orientation": "horizontal",
    "border_line_alpha": 0,
    "background_fill_alpha": 0,
    "label_text_font_size": "12px",
    "padding": 0,
    "margin": 2,
    "spacing": 12,
}
"""Properties of a legend in one line above its plot."""


def build_columns(name: str, *columns: str) -> ColumnDataSource:
    """An empty data source.

    >>> sorted(build_columns("points", "x", "y").data)
    ['x', 'y']
    """
    return ColumnDataSource({column: np.empty(0) for column in columns}, name=name)

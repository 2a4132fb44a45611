"""The legend of the points' colours, above the live figure."""

from typing import Any

import numpy as np
from bokeh.models import CustomJS, Legend, LegendItem
from bokeh.plotting import figure

from widgets.components.palette import NOISE_COLOR
from widgets.components.plot import LEGEND_STYLE
from widgets.components.text import hide_formula
from widgets.live.coloring.point_colors import N_CATEGORIES, ColorLegend

# As many columns as fit beside each other; a legend does not fold by itself. A letter is about half
# as wide as high. The theme of the page sets the size in em.
FOLD = """
    const size = legend.label_text_font_size
    const letter_px = parseFloat(size) * (size.endsWith("em") ? 16 : 1) * 0.54
    const widths = legend.items.filter((item) => item.visible).map(({label}) =>
        (label.value ?? label).length * letter_px + legend.glyph_width + legend.spacing)
    const fits = (n_columns) => {
        let sum = 0
        for (let i = 0; i < n_columns; i++)
            sum += Math.max(...widths.filter((_, place) => place % n_columns == i))
        return sum < plot.outer_width - 30
    }
    let n_columns = Math.max(1, widths.length)
    while (n_columns > 1 && !fits(n_columns)) n_columns--
    if (legend.ncols != n_columns) legend.ncols = n_columns
"""


class ColorLegendBox:
    """Shows a `ColorLegend`; invisible while the colours are those of the clusters.

    Parameters
    ----------
    plot : figure
        The live figure.
    alpha : float
        The opacity of the points.
    prototype : renderer
        A prototype, which the legend shows last.
    """

    def __init__(self, plot: figure, alpha: float, prototype: Any) -> None:
        self._shown = ColorLegend()
        nowhere = [np.nan], [np.nan]
        self._discs: list[Any] = [
            plot.scatter(*nowhere, size=11, fill_color=NOISE_COLOR, line_alpha=0, fill_alpha=alpha)
            for _ in range(N_CATEGORIES + 1)
        ]
        self._items = [
            LegendItem(label="-", renderers=[disc], visible=False) for disc in self._discs
        ]
        last = LegendItem(label="prototype", renderers=[prototype])
        self.legend = Legend(
            items=[*self._items, last],
            name="color legend",
            visible=False,
            title_text_font_size="12px",
            title_standoff=2,
            **LEGEND_STYLE,
        )
        fold = CustomJS(args={"legend": self.legend, "plot": plot}, code=FOLD)
        plot.js_on_change("outer_width", fold)
        # The tags change last, when all labels are there.
        self.legend.js_on_change("tags", fold)
        plot.add_layout(self.legend, "above")

    def show(self, legend: ColorLegend) -> None:
        """Show another legend, or none; cheap if it is the same."""
        if legend == self._shown:
            return
        self._shown = legend
        for i, (item, disc) in enumerate(zip(self._items, self._discs, strict=True)):
            is_used = i < len(legend.entries)
            if is_used:
                label, color = legend.entries[i]
                if disc.glyph.fill_color != color:
                    disc.glyph.fill_color = color
                item.label = {"value": hide_formula(label)}
            if item.visible != is_used:
                item.visible = is_used
        self.legend.update(
            title=hide_formula(f"Colour: {legend.title}"), visible=bool(legend.title)
        )
        self.legend.tags = [*(label for label, _ in legend.entries)]

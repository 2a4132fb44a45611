"""Choosing which two features lie on the axes."""

from typing import Any

import panel_material_ui as pmui

from .figure import LiveFigure


class AxesChooser:
    """Two selects over the features; hidden while there is nothing to choose."""

    def __init__(self, figure: LiveFigure) -> None:
        self._figure = figure
        self._names: tuple[str, ...] = ()
        self._is_filling = False
        wide = {"sizing_mode": "stretch_width", "min_width": 120}
        self.x = pmui.Select(label="x axis", description="The feature drawn across.", **wide)
        self.y = pmui.Select(label="y axis", description="The feature drawn upwards.", **wide)
        self.view = pmui.Row(self.x, self.y, sizing_mode="stretch_width")
        for select in (self.x, self.y):
            select.param.watch(self._choose, "value")

    def show(self, names: tuple[str, ...]) -> None:
        """Offer the features of another source; the first two are drawn."""
        self._names = names
        self._is_filling = True
        self.x.param.update(options=list(names), value=names[0])
        self.y.param.update(options=list(names), value=names[min(1, len(names) - 1)])
        self.view.visible = len(names) > 2
        self._is_filling = False
        self._choose()

    def _choose(self, *_: Any) -> None:
        if not self._is_filling:
            x, y = (self._names.index(select.value) for select in (self.x, self.y))
            self._figure.show_axes(x, y, self._names)

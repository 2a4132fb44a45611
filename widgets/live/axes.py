"""The choice of the two axes of the plot: features or principal components."""

from typing import Any

import panel_material_ui as pmui

from clusterer.preprocessing.projection import N_COMPONENTS
from widgets.live.figure import LiveFigure

COMPONENTS = tuple(f"component {i + 1}" for i in range(N_COMPONENTS))


class AxesChooser:
    """Two selects of the components and the features; hidden for at most two features."""

    def __init__(self, figure: LiveFigure) -> None:
        self._figure = figure
        self._names: tuple[str, ...] = ()
        self._axes: dict[str, int] = {}
        self._is_updating = False
        wide = {"sizing_mode": "stretch_width", "min_width": 120}
        self.x = pmui.Select(
            label="x axis", description="The feature or component on the horizontal axis.", **wide
        )
        self.y = pmui.Select(
            label="y axis", description="The feature or component on the vertical axis.", **wide
        )
        self.view = pmui.Row(self.x, self.y, margin=(10, 0, 0, 0), sizing_mode="stretch_width")
        for select in (self.x, self.y):
            select.param.watch(self._choose, "value")

    def show(self, names: tuple[str, ...]) -> None:
        """Show the features of another source; at first, more than two are shown as components."""
        self._names = names
        self._axes = name_axes(names)
        x, y = (-1, -2) if len(names) > 2 else (0, min(1, len(names) - 1))
        titles = {axis: title for title, axis in self._axes.items()}
        self._is_updating = True
        self.x.param.update(options=list(self._axes), value=titles[x])
        self.y.param.update(options=list(self._axes), value=titles[y])
        self.view.visible = len(names) > 2
        self._is_updating = False
        self._choose()

    def _choose(self, *_: Any) -> None:
        if not self._is_updating:
            x, y = (self._axes[select.value] for select in (self.x, self.y))
            self._figure.show_axes(x, y, self._names)


def name_axes(names: tuple[str, ...]) -> dict[str, int]:
    """The possible axes by title: components are numbered from -1 down, features from 0 up.

    >>> name_axes(("a", "b"))
    {'a': 0, 'b': 1}
    >>> name_axes(("a", "b", "component 1"))["component 1 (of the table)"]
    2
    """
    axes = {name: -1 - i for i, name in enumerate(COMPONENTS)} if len(names) > 2 else {}
    for i, name in enumerate(names):
        axes[f"{name} (of the table)" if name in axes else name] = i
    return axes

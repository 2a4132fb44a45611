"""The choice of what the colours of the points show."""

from collections.abc import Callable, Iterable
from typing import Any

import panel_material_ui as pmui

from clusterer.stream import Source, TableSource
from clusterer.tables.table import Table
from widgets.live.coloring.point_colors import BY_CLUSTER, ColorChoice

SHOWN_KINDS = frozenset({"number", "boolean", "date", "text"})
"""Kinds of columns that are worth colours; an id has another value in each row."""

HELP = (
    "What the colours of the points show; prototypes keep the colours of their clusters. Score: "
    "the logarithm of the density that the prototypes form at the point; it is low where a point "
    "lies far from all prototypes. Pictures and videos show the same colours; the report shows "
    "clusters."
)


class ColorChooser:
    """A select of the clusters, classes, time, score, features and other columns of the table.

    ``on_choose`` is called with each choice.
    """

    def __init__(self, on_choose: Callable[[ColorChoice], None]) -> None:
        self._on_choose = on_choose
        self._choices = {BY_CLUSTER.name: BY_CLUSTER}
        self.select = pmui.Select(
            label="Colour by",
            description=HELP,
            options=[BY_CLUSTER.name],
            value=BY_CLUSTER.name,
            size="small",
            sizing_mode="stretch_width",
            margin=(12, 10, 4, 10),
        )
        self.select.param.watch(self._choose, "value")

    def show(self, source: Source) -> None:
        """Show what another source has; the present choice stays if the source has it, too."""
        self._choices = list_choices(source)
        value = self.select.value if self.select.value in self._choices else BY_CLUSTER.name
        self.select.param.update(options=[*self._choices], value=value)
        # A feature of the same name can have another number.
        self._choose()

    def _choose(self, *_: Any) -> None:
        self._on_choose(self._choices[self.select.value])


def list_choices(source: Source) -> dict[str, ColorChoice]:
    """What the points of a source can be coloured by, by title.

    >>> from clusterer.stream import ArraySource
    >>> [*list_choices(ArraySource([[1.0, 2.0]], ["age", "cluster"]))]
    ['cluster', 'time of arrival', 'score (log density)', 'age', 'cluster (column)']
    """
    choices = [BY_CLUSTER]
    if source.has_classes:
        choices.append(ColorChoice("class", "class"))
    choices += [ColorChoice("time", "time of arrival"), ColorChoice("score", "score (log density)")]
    choices += [ColorChoice("feature", name, i) for i, name in enumerate(source.feature_names)]
    choices += [ColorChoice("column", name) for name in list_columns(source)]
    titled: dict[str, ColorChoice] = {}
    for choice in choices:
        titled[f"{choice.name} (column)" if choice.name in titled else choice.name] = choice
    return titled


def list_columns(source: Source) -> Iterable[str]:
    """The columns of the source's table that are no features."""
    if not isinstance(source, TableSource) or not isinstance(source.table, Table):
        return []
    return [
        column.name
        for column in source.table.columns
        if column.kind in SHOWN_KINDS and column.name not in source.feature_names
    ]

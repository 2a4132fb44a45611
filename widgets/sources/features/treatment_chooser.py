"""The choice of logarithms and weights of the features of a table."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from clusterer.preprocessing.scaling import Treatment
from clusterer.preprocessing.treatment_text import read_weight
from clusterer.support.text import join_names, make_printable
from clusterer.tables import Column, Table
from widgets.components.text import Text
from widgets.sources.features.feature_grid import FeatureGrid
from widgets.sources.features.offer import Offer

ABOUT = (
    "log: the logarithm is taken, for columns with many small and a few very large values; values "
    "are shown in their own units everywhere. weight: how much the column counts beside the "
    "others; 2 counts double, 0 leaves it out."
)
N_NAMED = 6


class TreatmentChooser:
    """A table of the features, and an offer to take the logarithm of those that are heavy-tailed.

    ``on_change`` is called when the user has changed a choice. The choices about a column last
    while the column is not chosen.
    """

    def __init__(self, on_change: Callable[[], object]) -> None:
        self._on_change = on_change
        self._columns: Mapping[str, Column] = {}
        self._features: tuple[str, ...] = ()
        self._logs: set[str] = set()
        self._weights: dict[str, float] = {}
        self._is_updating = False
        self.offer = Offer(self._follow_offer)
        self.about = Text()
        self.about.show(ABOUT)
        self.message = Text(role="alert", style="color: #d32f2f;")
        self.grid = FeatureGrid(sizing_mode="stretch_width", max_height=320, margin=(4, 10))
        self.grid.param.watch(self._take_rows, "rows")

    def show(self, table: Table) -> None:
        """Show another table with plain features."""
        self._columns = {column.name: column for column in table.columns}
        self._logs, self._weights = set(), {}
        self.message.show()

    def show_features(self, features: Sequence[str]) -> None:
        """Show the chosen features."""
        self._features = tuple(features)
        self._update()

    def set(self, logs: Collection[str], weights: Mapping[str, float]) -> list[str]:
        """Choose logarithms and weights; `on_change` is not called.

        Returns the names that are no columns of numbers of the table, which are ignored.
        """
        can_log = {name for name, column in self._columns.items() if column.logarithm is not None}
        usable = {name for name, column in self._columns.items() if column.usable}
        self._logs = set(logs) & can_log & usable
        self._weights = {
            name: weight for name, weight in weights.items() if name in usable and weight != 1.0
        }
        self._update()
        ignored = [name for name in logs if name not in self._logs]
        return ignored + [name for name in weights if name not in usable]

    @property
    def logs(self) -> list[str]:
        """The columns whose logarithm is chosen, in the order of the table."""
        return [name for name in self._columns if name in self._logs]

    @property
    def weights(self) -> dict[str, float]:
        """The weights other than 1, in the order of the table."""
        return {name: self._weights[name] for name in self._columns if name in self._weights}

    def pick(self, features: Sequence[str]) -> tuple[str, ...]:
        """The features of a weight above 0."""
        return tuple(name for name in features if self._weights.get(name, 1.0) > 0.0)

    def treat(self, features: Sequence[str]) -> Treatment:
        """The treatment of features; all have a weight above 0."""
        units = {}
        for name in self._logs:
            logarithm = self._columns[name].logarithm
            if logarithm is not None:
                units[name] = logarithm.unit
        return Treatment.choose(features, units, self._weights)

    def _update(self) -> None:
        rows = [
            {
                "name": name,
                "log": name in self._logs,
                "can_log": self._columns[name].logarithm is not None,
                "weight": f"{self._weights.get(name, 1.0):.10g}",
            }
            for name in self._features
            if name in self._columns
        ]
        if rows != self.grid.rows:
            self._is_updating = True
            self.grid.rows = rows
            self._is_updating = False
        self._update_offer()

    def _find_advised(self) -> list[str]:
        """The chosen features whose logarithm is advised and not chosen."""
        found = []
        for name in self.pick(self._features):
            column = self._columns.get(name)
            logarithm = None if column is None else column.logarithm
            is_number = column is not None and column.kind == "number"
            if is_number and logarithm is not None and logarithm.is_advised:
                found.append(name)
        return [name for name in found if name not in self._logs]

    def _update_offer(self) -> None:
        advised = self._find_advised()
        taken = [name for name in self.pick(self._features) if name in self._logs]
        if advised:
            is_one = len(advised) == 1
            self.offer.show(
                f"{_list(advised)} {'is' if is_one else 'are'} heavy-tailed: most values are "
                "small and a few are very large, and these decide the clusters.",
                f"Take {'its' if is_one else 'their'} logarithm",
            )
        elif taken:
            self.offer.show(
                f"The logarithm of {_list(taken)} is clustered. Values are shown in their own "
                "units.",
                "Cluster the plain values",
            )
        else:
            self.offer.show()

    def _follow_offer(self) -> None:
        advised = self._find_advised()
        if advised:
            self._logs |= set(advised)
        else:
            self._logs -= set(self._features)
        self._update()
        self._on_change()

    def _take_rows(self, event: Any) -> None:
        if self._is_updating:
            return
        before = self._logs.copy(), self._weights.copy()
        self.message.show()
        for row in event.new:
            name = str(row["name"])
            if name not in self._features or name not in self._columns:
                continue
            can_log = self._columns[name].logarithm is not None
            (self._logs.add if row["log"] and can_log else self._logs.discard)(name)
            try:
                weight = read_weight(str(row["weight"]), make_printable(name, 40))
            except ValueError as error:
                sentence = str(error)
                self.message.show(f"{sentence[0].upper()}{sentence[1:]}.")
                continue
            self._weights.pop(name, None)
            if weight != 1.0:
                self._weights[name] = weight
        self._update()
        if (self._logs, self._weights) != before:
            self._on_change()


def _list(names: Sequence[str]) -> str:
    return join_names([make_printable(name, 40) for name in names], N_NAMED)

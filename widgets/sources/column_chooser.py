"""Choosing what to make of the columns of a table."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import panel as pn
import panel_material_ui as pmui

from clusterer.preprocessing.scaling import Moments, RunningScaling, Scaling
from clusterer.stream import Source, TableSource
from clusterer.tables import Table

WIDE = {"sizing_mode": "stretch_width"}
NO_LABEL = "(none)"
IN_FILE_ORDER = "(none: as in the file)"
DROP, FILL = "drop the row", "fill with the mean so far"
MOST_COLUMNS_LISTED = 200
ABOUT_FEATURES = "The columns that make the points."
CHOICES = ("label", "missing", "time", "is_paced", "is_scaled")


def offer_features(
    table: Table | None,
    wanted: Sequence[str] = (),
    *,
    about: str = ABOUT_FEATURES,
) -> pmui.CheckBoxGroup:
    """Checkboxes for a table's columns; ``wanted``, or by default what makes sense, are chosen."""
    columns = () if table is None else table.columns
    usable = [column.name for column in columns if column.usable]
    wanted = wanted or (() if table is None else table.default_features)
    chosen = [name for name in wanted if name in usable][:MOST_COLUMNS_LISTED]
    return pmui.CheckBoxGroup(
        label="Features",
        description=about,
        # What is chosen comes first, to be seen.
        options=[*dict.fromkeys([*chosen, *usable])][:MOST_COLUMNS_LISTED],
        value=chosen,
        **WIDE,
    )


class ColumnChooser:
    """Checkboxes for the features, and whatever else there is to say about the columns.

    ``on_change`` is called when the user has changed something.
    """

    def __init__(self, on_change: Callable[[], object]) -> None:
        self._on_change = on_change
        self._is_filling = False
        self.table: Table | None = None
        self.features = self._make_features(None)
        self.label = pmui.Select(
            label="True classes",
            description="A column that says where each row belongs. It is never learned; the "
            "clusters are compared with it.",
            options=[NO_LABEL],
            margin=(18, 10, 10, 10),
            **WIDE,
        )
        self.missing = pmui.Select(
            label="A value is missing",
            description="What becomes of a row that lacks a value of a chosen column.",
            options=[DROP, FILL],
            visible=False,
            **WIDE,
        )
        self.time = pmui.Select(
            label="Time",
            description="A column of dates, times or numbers whose order the rows come in.",
            options=[IN_FILE_ORDER],
            **WIDE,
        )
        self.is_paced = pmui.Switch(
            label="Keep the pace of the timestamps",
            description="Bursts and gaps come as they did; the speed is that of the mean.",
            value=False,
            visible=False,
            **WIDE,
        )
        self.is_scaled = pmui.Switch(
            label="Standardise",
            description="Brings every column to the same spread, so that none outweighs others by "
            "its unit; the spread is that of all rows so far. The plot keeps the table's units.",
            value=True,
            **WIDE,
        )
        self.view = self._lay_out()
        for widget in (self.label, self.missing, self.time, self.is_paced, self.is_scaled):
            widget.param.watch(self._change, "value")

    def _make_features(self, table: Table | None, wanted: Sequence[str] = ()) -> pmui.CheckBoxGroup:
        features = offer_features(table, wanted)
        features.param.watch(self._change, "value")
        return features

    def _lay_out(self) -> pmui.Column:
        more = pmui.Accordion(
            (
                "Order and scale of the rows",
                pmui.Column(self.time, self.is_paced, self.is_scaled, **WIDE),
            ),
            elevation=0,
            title_variant="body1",
            **WIDE,
        )
        # Of Panel's own kind: in a notebook the other kind has what is put into it later load its
        # styles from the net.
        self._listed = pn.Column(self.features, max_height=260, scroll="y-auto", **WIDE)
        return pmui.Column(
            self._listed,
            self.label,
            self.missing,
            more,
            visible=False,
            **WIDE,
        )

    def show(self, table: Table, features: Sequence[str] = ()) -> None:
        """Offer the columns of another table; ``features`` (none: what makes sense) are chosen."""
        self._is_filling = True
        self.table = table
        # Another widget, as what the browser still has to say of the last one is about that.
        self.features = self._make_features(table, features)
        self._listed.objects = [self.features]
        names = [column.name for column in table.columns][:MOST_COLUMNS_LISTED]
        label = table.label_column if table.label_column in names else None
        self.label.param.update(options=[NO_LABEL, *names], value=label or NO_LABEL)
        timelike = [
            column.name
            for column in table.columns
            if column.kind in ("date", "number", "id") and column.name in names
        ]
        self.time.param.update(options=[IN_FILE_ORDER, *timelike], value=IN_FILE_ORDER)
        self.missing.value = DROP
        self.is_paced.param.update(value=False, visible=False)
        self.show_missing(any(column.n_missing_share for column in table.columns if column.usable))
        self.view.visible = True
        self._is_filling = False

    def describe(self) -> dict[str, Any]:
        """What is chosen, in JSON's types."""
        told = {name: getattr(self, name).value for name in CHOICES}
        return told | {"features": list(self.features.value or ())}

    def choose(self, told: dict[str, Any]) -> None:
        """Choose what `describe` told, of the table that is shown; `on_change` is not called."""
        self._is_filling = True
        for name in CHOICES:
            getattr(self, name).value = told[name]
        if sorted(self.features.value or ()) != sorted(told["features"]):
            self.features.value = told["features"]
        self.is_paced.visible = self.time.value != IN_FILE_ORDER
        self.show_missing(self.missing.visible)
        self._is_filling = False

    def show_missing(self, is_missing: bool) -> None:
        """Offer the rules for missing values where there are any."""
        self.missing.visible = is_missing or self.missing.value != DROP

    def _change(self, event: Any) -> None:
        if isinstance(event.obj, pmui.CheckBoxGroup) and event.obj is not self.features:
            return
        if event.obj is self.time:
            self.is_paced.visible = self.time.value != IN_FILE_ORDER
        # Without a time column it changes nothing.
        is_idle = event.obj is self.is_paced and not self.is_paced.visible
        if not self._is_filling and not is_idle:
            self._on_change()

    def make_source(self) -> tuple[Source, Scaling] | None:
        """The rows of the table as points, and their scaling; None without a feature."""
        table, features = self.table, tuple(self.features.value or ())
        if table is None or not features:
            return None
        source = TableSource(
            table,
            features,
            None if self.label.value == NO_LABEL else self.label.value,
            name=table.name,
            time=None if self.time.value == IN_FILE_ORDER else self.time.value,
            is_paced=bool(self.is_paced.value),
            missing="mean" if self.missing.value == FILL else "drop",
        )
        return source, self._scale(table, features)

    def _scale(self, table: Table, features: tuple[str, ...]) -> Scaling:
        if not self.is_scaled.value:
            return Scaling.identity(len(features))
        known = {column.name: column for column in table.columns}
        chosen = [known[name] for name in features]
        n_whole = table.n_sampled * (1 - max(column.n_missing_share for column in chosen))
        means = np.array([column.mean for column in chosen])
        deviations = np.array([column.std for column in chosen])
        return RunningScaling.begin(Moments(means, deviations, int(n_whole)))

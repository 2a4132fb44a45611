"""The choice of the columns of a table: features, true classes, time, and their treatment."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np
import panel as pn
import panel_material_ui as pmui

from clusterer.preprocessing.scaling import Moments, RunningScaling, Scaling, Treatment
from clusterer.stream import Source, TableSource
from clusterer.tables import Table
from widgets.controls.controls import WIDE
from widgets.sources.features.missing_offer import offer_to_fill, tell_dropped
from widgets.sources.features.offer import Offer
from widgets.sources.features.treatment_chooser import TreatmentChooser

# Stored runs contain these labels.
NO_LABEL = "(none)"
IN_FILE_ORDER = "(none: as in the file)"
DROP, FILL = "drop the row", "fill with the mean so far"
MAX_COLUMNS_LISTED = 200
ABOUT_FEATURES = "The columns that are the coordinates of the points."
CHOICES = ("label", "missing", "time", "is_paced", "is_scaled")


def build_feature_choice(
    table: Table | None,
    chosen: Sequence[str] = (),
    *,
    about: str = ABOUT_FEATURES,
) -> pmui.CheckBoxGroup:
    """Checkboxes for the columns of a table; ``chosen`` (default: default features) are checked."""
    columns = () if table is None else table.columns
    usable = [column.name for column in columns if column.usable]
    chosen = chosen or (() if table is None else table.default_features)
    checked = [name for name in chosen if name in usable][:MAX_COLUMNS_LISTED]
    return pmui.CheckBoxGroup(
        label="Features",
        description=about,
        # Checked columns come first, so that they are visible.
        options=[*dict.fromkeys([*checked, *usable])][:MAX_COLUMNS_LISTED],
        value=checked,
        **WIDE,
    )


class ColumnChooser:
    """Checkboxes for the features, and the other choices about the columns of a table.

    ``on_change`` is called when the user has changed a choice.
    """

    def __init__(self, on_change: Callable[[], object]) -> None:
        self._on_change = on_change
        self._is_updating = False
        self.table: Table | None = None
        self.treatment = TreatmentChooser(on_change)
        self.fill_offer = Offer(self._fill)
        self.features = self._make_features(None)
        self.label = pmui.Select(
            label="True classes",
            description="The column with the true class of each row. It is not learned; the "
            "clusters are compared with it.",
            options=[NO_LABEL],
            margin=(18, 10, 10, 10),
            **WIDE,
        )
        self.missing = pmui.Select(
            label="Missing values",
            description="What happens to a row with a missing value in a chosen column.",
            options=[DROP, FILL],
            visible=False,
            **WIDE,
        )
        self.time = pmui.Select(
            label="Time column",
            description="A column of dates, times or numbers. The rows stream in its order.",
            options=[IN_FILE_ORDER],
            **WIDE,
        )
        self.is_paced = pmui.Switch(
            label="Keep the pace of the timestamps",
            description="On: the gaps between rows follow the timestamps. The slider Speed sets "
            "the mean speed.",
            value=False,
            visible=False,
            **WIDE,
        )
        self.is_scaled = pmui.Switch(
            label="Standardise",
            description="On: every column gets the same spread, so that no column dominates "
            "because of its unit. The spread is that of all rows so far. The plot keeps the units "
            "of the table.",
            value=True,
            **WIDE,
        )
        self.view = self._lay_out()
        for widget in (self.label, self.missing, self.time, self.is_paced, self.is_scaled):
            widget.param.watch(self._change, "value")

    def _make_features(self, table: Table | None, chosen: Sequence[str] = ()) -> pmui.CheckBoxGroup:
        features = build_feature_choice(table, chosen)
        features.param.watch(self._change, "value")
        return features

    def _lay_out(self) -> pmui.Column:
        more = pmui.Accordion(
            (
                "Logarithm and weight of columns",
                pmui.Column(
                    self.treatment.about.pane,
                    self.treatment.message.pane,
                    self.treatment.grid,
                    **WIDE,
                ),
            ),
            (
                "Order and scaling of the rows",
                pmui.Column(self.time, self.is_paced, self.is_scaled, **WIDE),
            ),
            elevation=0,
            title_variant="body1",
            **WIDE,
        )
        # A column of Panel itself: in a notebook, widgets that are added later to a column of
        # panel-material-ui load their styles from the internet.
        self._feature_column = pn.Column(self.features, max_height=260, scroll="y-auto", **WIDE)
        return pmui.Column(
            self._feature_column,
            self.treatment.offer.view,
            self.fill_offer.view,
            self.label,
            self.missing,
            more,
            visible=False,
            **WIDE,
        )

    def show(self, table: Table, features: Sequence[str] = ()) -> None:
        """Show another table; ``features`` (default: its default features) are checked."""
        self._is_updating = True
        self.table = table
        # A new widget: late messages of the browser about the old widget then do no harm.
        self.features = self._make_features(table, features)
        self._feature_column.objects = [self.features]
        self.treatment.show(table)
        names = [column.name for column in table.columns][:MAX_COLUMNS_LISTED]
        label = table.label_column if table.label_column in names else None
        self.label.param.update(options=[NO_LABEL, *names], value=label or NO_LABEL)
        timelike = [
            column.name
            for column in table.columns
            if column.kind in ("date", "number", "id") and column.name in names
        ]
        self.time.param.update(options=[IN_FILE_ORDER, *timelike], value=IN_FILE_ORDER)
        self.missing.value = FILL if table.missing == "mean" else DROP
        self.is_paced.param.update(value=False, visible=False)
        self.show_missing(any(column.n_missing_share for column in table.columns if column.usable))
        self._show_advice()
        self.view.visible = True
        self._is_updating = False

    def describe(self) -> dict[str, Any]:
        """The choices, in the types of JSON."""
        choices = {name: getattr(self, name).value for name in CHOICES}
        treatment = {"logs": self.treatment.logs, "weights": self.treatment.weights}
        return choices | treatment | {"features": list(self.features.value or ())}

    def restore(self, choices: dict[str, Any]) -> None:
        """Set the choices that `describe` returned; `on_change` is not called."""
        self._is_updating = True
        for name in CHOICES:
            getattr(self, name).value = choices[name]
        if sorted(self.features.value or ()) != sorted(choices["features"]):
            self.features.value = choices["features"]
        self.is_paced.visible = self.time.value != IN_FILE_ORDER
        self.show_missing(self.missing.visible)
        # Runs that were saved earlier have neither.
        self.treatment.set(choices.get("logs", ()), choices.get("weights", {}))
        self._show_advice()
        self._is_updating = False

    def treat(self, logs: Collection[str], weights: Mapping[str, float]) -> list[str]:
        """Choose logarithms and weights; `on_change` is not called. Returns unknown names."""
        ignored = self.treatment.set(logs, weights)
        self._show_advice()
        return ignored

    def show_missing(self, is_missing: bool) -> None:
        """Show the rule for missing values if there are any."""
        self.missing.visible = is_missing or self.missing.value != DROP

    def _change(self, event: Any) -> None:
        if isinstance(event.obj, pmui.CheckBoxGroup) and event.obj is not self.features:
            return
        if event.obj is self.time:
            self.is_paced.visible = self.time.value != IN_FILE_ORDER
        # The switch has no effect without a time column.
        has_no_effect = event.obj is self.is_paced and not self.is_paced.visible
        self._show_advice()
        if not self._is_updating and not has_no_effect:
            self._on_change()

    def _show_advice(self) -> None:
        """Show the treatment of the chosen features, and what the page advises about them."""
        features = tuple(self.features.value or ())
        self.treatment.show_features(features)
        offer_to_fill(self.fill_offer, self.table, self._picked, is_filling=self._is_filling)

    def note_dropped(self, n_dropped: int, n_rows: int) -> None:
        """Offer to fill in missing values, if rows after the first ones lack some."""
        if not self._is_filling:
            tell_dropped(self.fill_offer, n_dropped, n_rows)

    @property
    def _is_filling(self) -> bool:
        return bool(self.missing.value == FILL)

    @property
    def _picked(self) -> tuple[str, ...]:
        """The chosen features without those of weight 0."""
        return self.treatment.pick(tuple(self.features.value or ()))

    def _fill(self) -> None:
        self.missing.value = FILL

    def make_source(self) -> tuple[Source, Scaling] | None:
        """The rows of the table as a source, and their scaling; None if no feature is chosen."""
        table, features = self.table, self._picked
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
        return source, self._scale(table, features, self.treatment.treat(features))

    def _scale(self, table: Table, features: tuple[str, ...], treatment: Treatment) -> Scaling:
        if not self.is_scaled.value:
            return Scaling.identity(len(features), treatment)
        columns = {column.name: column for column in table.columns}
        chosen = [columns[name] for name in features]
        n_complete = table.n_sampled * (1 - max(column.n_missing_share for column in chosen))
        # The moments of the logarithm where it is taken.
        known = [
            column.logarithm if unit and column.logarithm is not None else column
            for column, unit in zip(chosen, treatment.log_units, strict=True)
        ]
        means = np.array([each.mean for each in known])
        deviations = np.array([each.std for each in known])
        return RunningScaling.begin(Moments(means, deviations, int(n_complete)), treatment)

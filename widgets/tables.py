"""The user's own table: upload it, choose its columns."""

import asyncio
import tempfile
from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import panel_material_ui as pmui

from clusterer.scalings import Scaling
from clusterer.sources import Source, TableSource
from clusterer.tables import Table, TableError, open_table

from .texts import Text

WIDE = {"sizing_mode": "stretch_width"}
NO_LABEL = "(none)"
MOST_COLUMNS_LISTED = 200

OnOpen = Callable[[Source, Scaling], None]


class TableChooser:
    """An upload, then checkboxes for the features; ``on_open`` gets each source chosen."""

    def __init__(self, on_open: OnOpen) -> None:
        self._on_open = on_open
        self._folder = tempfile.TemporaryDirectory(prefix="clusterer-")
        self._table: Table | None = None
        self._is_filling = False
        self.file = pmui.FileInput(
            label="Choose a table (CSV, TSV, Parquet, …)",
            description="It is read on the machine that serves this page, and kept only while "
            "this page is open.",
            **WIDE,
        )
        self.message = Text(role="alert", style="color: #d32f2f;")
        self.report = Text()
        self.features = pmui.CheckBoxGroup(
            label="Features",
            description="The columns that make the points.",
            options=[],
            **WIDE,
        )
        self.label = pmui.Select(
            label="True classes",
            description="A column that says where each row belongs. It is never learned.",
            options=[NO_LABEL],
            margin=(18, 10, 10, 10),
            **WIDE,
        )
        self.is_scaled = pmui.Switch(
            label="Standardise",
            description="Brings every column to the same spread, so that none outweighs others by "
            "its unit. The plot keeps the units of the table.",
            value=True,
            **WIDE,
        )
        self.columns = pmui.Column(
            pmui.Column(self.features, max_height=260, scroll="y-auto", **WIDE),
            self.label,
            self.is_scaled,
            visible=False,
            **WIDE,
        )
        self.view = pmui.Column(
            self.file, self.message.pane, self.columns, self.report.pane, visible=False, **WIDE
        )
        self.file.param.watch(self._receive, "value")
        for widget in (self.features, self.label, self.is_scaled):
            widget.param.watch(self._choose, "value")

    async def _receive(self, event: Any) -> None:
        content, name = event.new, self.file.filename
        if not content:
            return
        name = name[0] if isinstance(name, list) else name or "table"
        self.message.show()
        try:
            # Reading what a table is may take seconds; the page must not wait for it.
            table = await asyncio.to_thread(self._open, content, name)
        except TableError as error:
            self.message.show(str(error))
            return
        self._fill(table)
        self._choose()

    def _open(self, content: bytes, name: str) -> Table:
        # The name is the user's and no path: it is shown, never used.
        path = Path(self._folder.name) / "upload"
        path.unlink(missing_ok=True)
        path.write_bytes(content)
        return open_table(path, name=name)

    def _fill(self, table: Table) -> None:
        self._is_filling = True
        self._table = table
        usable = [column.name for column in table.columns if column.usable]
        listed = usable[:MOST_COLUMNS_LISTED]
        chosen = [name for name in table.default_features if name in listed]
        self.features.param.update(options=listed, value=chosen)
        names = [column.name for column in table.columns][:MOST_COLUMNS_LISTED]
        self.label.param.update(options=[NO_LABEL, *names], value=table.label_column or NO_LABEL)
        self.columns.visible = True
        self._is_filling = False

    def _choose(self, *_: Any) -> None:
        table = self._table
        if table is None or self._is_filling:
            return
        features = tuple(self.features.value or ())
        if not features:
            self.message.show("Choose at least one column to be a feature.")
            return
        self.message.show()
        self._on_open(*self._make_source(table, features))

    def _make_source(self, table: Table, features: tuple[str, ...]) -> tuple[Source, Scaling]:
        label = None if self.label.value == NO_LABEL else self.label.value
        source = TableSource(table, features, label, name=table.name)
        return source, self._scale(table, features)

    def open_path(self, path: str | PathLike[str]) -> tuple[Source, Scaling]:
        """Read a table of this machine; what comes first. Raises `TableError`."""
        table = open_table(Path(path), name=Path(path).name)
        self._fill(table)
        return self._make_source(table, tuple(self.features.value or ()))

    def _scale(self, table: Table, features: tuple[str, ...]) -> Scaling:
        if not self.is_scaled.value:
            return Scaling.identity(len(features))
        known = {column.name: column for column in table.columns}
        means = np.array([known[name].mean for name in features])
        return Scaling.standardize(means, np.array([known[name].std for name in features]))

    def reopen(self) -> bool:
        """Start the table chosen before anew; whether there is one."""
        self._choose()
        return self._table is not None

    def show_report(self) -> None:
        """Tell what reading the table has dropped or assumed so far."""
        if self._table is not None:
            self.report.show(*self._table.report.summary())

    def close(self) -> None:
        """Delete the uploaded file."""
        self._folder.cleanup()

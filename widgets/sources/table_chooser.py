"""The user's own table: uploaded, or one that is at hand; its columns chosen."""

import asyncio
import shutil
from collections.abc import Callable, Sequence
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any

import panel as pn
import panel_material_ui as pmui

from clusterer.datasets.examples import EXAMPLES
from clusterer.preprocessing.scaling import Scaling
from clusterer.stream import Source
from clusterer.support.lazy_property import lazy_property
from clusterer.support.temp_folders import temp_folders
from clusterer.tables import Table, TableError, open_table
from widgets.components.background import run_in_thread
from widgets.components.lazy import LazyColumn
from widgets.components.text import Text
from widgets.components.upload import Upload
from widgets.sources.catalog import build_catalog
from widgets.sources.column_chooser import WIDE, ColumnChooser
from widgets.sources.table_preview import TablePreview

UPLOADED = "(uploaded)"
NO_FEATURE = "Choose at least one column to be a feature."

OnOpen = Callable[[Source, Scaling], None]


class TableChooser:
    """An upload or a table at hand, then its columns; ``on_open`` gets each source chosen.

    ``folder`` is one whose tables are at hand besides the examples.
    """

    def __init__(self, on_open: OnOpen, folder: str | PathLike[str] | None = None) -> None:
        self._on_open = on_open
        self._folder = self._arrivals = temp_folders.make_folder()
        self._uploaded: Path | None = None
        self._table: Table | None = None
        self._name = ""
        self._n_asked = self._n_reading = 0
        self._is_following = False
        self.catalog = build_catalog(folder)
        self.file = Upload(
            self._folder,
            on_begin=lambda: self.message.show(),
            on_file=self._receive,
            on_trouble=lambda trouble: self.message.show(trouble),
            margin=(5, 10),
            **WIDE,
        )
        self.catalog_select = pmui.Select(
            label="Or choose a table",
            description="Examples, and the tables of the folder that the app was started with.",
            options=[UPLOADED, *self.catalog],
            value=UPLOADED,
            **WIDE,
        )
        self.message = Text(role="alert", style="color: #d32f2f;")
        self.description = Text()
        self.report = Text()
        self.view = LazyColumn(
            lambda: [
                self.file,
                self.catalog_select,
                self.description.pane,
                self.message.pane,
                self.preview.view,
                self.columns.view,
                self.report.pane,
            ],
            visible=False,
        )
        self.catalog_select.param.watch(self._take_from_shelf, "value")

    @lazy_property
    def columns(self) -> ColumnChooser:
        """What is chosen of the table."""
        return ColumnChooser(self._choose)

    @lazy_property
    def preview(self) -> TablePreview:
        """The table's first rows."""
        return TablePreview()

    @property
    def is_uploaded(self) -> bool:
        """Whether the table is one that the user has uploaded."""
        return self._uploaded is not None

    @property
    def catalog_title(self) -> str | None:
        """The title of the table at hand that is chosen; None if it is another one."""
        return None if self.catalog_select.value == UPLOADED else self.catalog_select.value

    @property
    def is_ready(self) -> bool:
        """Whether the table that was chosen last is there, or could not be read."""
        return not self._n_reading and (self._n_asked > 0 or self._table is not None)

    def _receive(self, path: Path, name: str) -> None:
        self._ask(path, name, is_uploaded=True)

    def _take_from_shelf(self, event: Any) -> None:
        one = self.catalog.get(event.new)
        if one is not None and not self._is_following:
            self.message.show()
            self._ask(one.path, one.path.name, shelved=event.new)

    def _ask(self, path: Path, name: str, **place: Any) -> None:
        self._n_asked += 1
        self._n_reading += 1
        pn.state.execute(partial(self._read, self._n_asked, path, name, **place))

    async def _read(
        self, number: int, path: Path, name: str, is_uploaded: bool = False, shelved: str = UPLOADED
    ) -> None:
        try:
            # Reading what a table is may take seconds; the page must not wait for it.
            table = await run_in_thread(open_table, path, name=name)
        except Exception as error:
            if is_uploaded:
                path.unlink(missing_ok=True)
            if not isinstance(error, TableError):
                raise
            if number == self._n_asked:
                self.message.show(str(error))
            return
        finally:
            self._n_reading -= 1
        if number != self._n_asked:
            # Another one was chosen in the meantime.
            if is_uploaded:
                path.unlink(missing_ok=True)
            return
        earlier, self._uploaded = self._uploaded, path if is_uploaded else None
        self._name = name
        self._show(table, shelved)
        self._choose()
        # The engine has the file open for as long as it needs it.
        if earlier is not None:
            earlier.unlink(missing_ok=True)

    def _show(self, table: Table, shelved: str, features: Sequence[str] = ()) -> None:
        self._table = table
        self._is_following = True
        self.catalog_select.value = shelved
        self._is_following = False
        one = self.catalog.get(shelved)
        self.description.show(one.description if one else "")
        self.columns.show(table, features or (one.features if one else ()))
        self.preview.show(table)

    def _choose(self) -> None:
        if self._table is None:
            return
        chosen = self.columns.make_source()
        self.message.show("" if chosen else NO_FEATURE)
        if chosen:
            self._on_open(*chosen)

    def open_path(self, path: str | PathLike[str]) -> tuple[Source, Scaling]:
        """Read a table of this machine; what comes first. Raises `TableError`."""
        table = open_table(Path(path), name=Path(path).name)
        self._show(table, UPLOADED)
        chosen = self.columns.make_source()
        if chosen is None:
            # Ids and constants can be features too, if there is nothing better.
            self.columns.features.value = self.columns.features.options[:1]
            chosen = self.columns.make_source()
        assert chosen is not None
        return chosen

    def reopen(self) -> None:
        """Start the table chosen before anew; the first one at hand if there is none."""
        if self._table is None and self.catalog_select.value != UPLOADED:
            # It is being read.
            return
        if self._table is None:
            self.catalog_select.value = EXAMPLES[0].title
        else:
            self._choose()

    def describe(self) -> dict[str, Any]:
        """Which table it is and what is chosen of it, in JSON's types."""
        return {
            "shelved": self.catalog_select.value,
            "file": None if self._uploaded is None else self._uploaded.name,
            "name": self._name,
            "columns": self.columns.describe(),
        }

    def keep_in(self, folder: Path, arrivals: Path) -> None:
        """Put what is uploaded from now on, once it is whole, where it outlives the page."""
        self._arrivals = arrivals
        self.file.keep_in(folder, arrivals)

    async def bring_back(self, told: dict[str, Any], folder: Path) -> None:
        """Show the table that `describe` told, uploaded ones from the folder, as it was chosen.

        Raises `TableError` or OSError where it is not there, ValueError if it is another.
        """
        # What is still being read a link has asked for, before there was a run to bring back.
        self._n_asked += 1
        one = self.catalog.get(told["shelved"])
        path = one.path if one else folder / str(told["file"]) if told["file"] else None
        if path is not None:
            # Told by the store, but a name only.
            if one is None and path.parent != folder:
                raise ValueError("the table is not in its folder")
            table = await asyncio.to_thread(open_table, path, name=told["name"])
            self._name, self._uploaded = told["name"], None if one else path
            # A widget just made is not to be changed: the browser might hear of that first.
            self._show(table, told["shelved"], told["columns"]["features"])
        elif self._table is None:
            raise ValueError("the table is gone")
        self.columns.choose(told["columns"])

    def show_report(self) -> None:
        """Tell what reading the table has dropped or assumed so far."""
        if self._table is not None:
            report = self._table.report
            self.report.show(*report.summary())
            if report.n_dropped_missing or report.n_filled:
                self.columns.show_missing(True)

    def close(self) -> None:
        """Delete the uploaded file; what is being read is not opened any more."""
        self._n_asked += 1
        self.file.stop()
        for folder in (self._folder, self._arrivals):
            shutil.rmtree(folder, ignore_errors=True)

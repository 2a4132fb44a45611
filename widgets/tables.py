"""The user's own table: uploaded, or one that is at hand; its columns chosen."""

import asyncio
import shutil
from collections.abc import Callable
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any

import panel as pn
import panel_material_ui as pmui

from clusterer.examples import EXAMPLES
from clusterer.scalings import Scaling
from clusterer.scratch import scratch
from clusterer.sources import Source
from clusterer.tables import Table, TableError, open_table

from .columns import WIDE, ColumnChooser
from .previews import TablePreview
from .shelves import fill_shelf
from .texts import Text
from .uploads import Upload

YOURS = "(uploaded)"
NO_FEATURE = "Choose at least one column to be a feature."

OnOpen = Callable[[Source, Scaling], None]


class TableChooser:
    """An upload or a table at hand, then its columns; ``on_open`` gets each source chosen.

    ``folder`` is one whose tables are at hand besides the examples.
    """

    def __init__(self, on_open: OnOpen, folder: str | PathLike[str] | None = None) -> None:
        self._on_open = on_open
        self._folder = scratch.make_folder()
        self._uploaded: Path | None = None
        self._n_asked = 0
        self._is_following = False
        self.shelf = fill_shelf(folder)
        self.file = Upload(
            self._folder,
            on_begin=lambda: self.message.show(),
            on_file=self._receive,
            on_trouble=lambda trouble: self.message.show(trouble),
            margin=(5, 10),
            **WIDE,
        )
        self.at_hand = pmui.Select(
            label="Or one that is at hand",
            description="Examples, and the tables of the folder that the app was started with.",
            options=[YOURS, *self.shelf],
            value=YOURS,
            **WIDE,
        )
        self.message = Text(role="alert", style="color: #d32f2f;")
        self.description = Text()
        self.report = Text()
        self.columns = ColumnChooser(self._choose)
        self.preview = TablePreview()
        self.view = pmui.Column(
            self.file,
            self.at_hand,
            self.description.pane,
            self.message.pane,
            self.preview.view,
            self.columns.view,
            self.report.pane,
            visible=False,
            **WIDE,
        )
        self.at_hand.param.watch(self._take_from_shelf, "value")

    @property
    def _table(self) -> Table | None:
        return self.columns.table

    @property
    def is_uploaded(self) -> bool:
        """Whether the table is one that the user has uploaded."""
        return self._uploaded is not None

    def _receive(self, path: Path, name: str) -> None:
        pn.state.execute(partial(self._read, path, name, is_uploaded=True))

    def _take_from_shelf(self, event: Any) -> None:
        one = self.shelf.get(event.new)
        if one is not None and not self._is_following:
            self.message.show()
            pn.state.execute(partial(self._read, one.path, one.path.name, shelved=event.new))

    async def _read(
        self, path: Path, name: str, *, is_uploaded: bool = False, shelved: str = YOURS
    ) -> None:
        self._n_asked += 1
        number = self._n_asked
        try:
            # Reading what a table is may take seconds; the page must not wait for it.
            table = await asyncio.to_thread(open_table, path, name=name)
        except TableError as error:
            if is_uploaded:
                path.unlink(missing_ok=True)
            if number == self._n_asked:
                self.message.show(str(error))
            return
        if number != self._n_asked:
            # Another one was chosen in the meantime.
            return
        earlier, self._uploaded = self._uploaded, path if is_uploaded else None
        self._show(table, shelved)
        self._choose()
        # The engine has the file open for as long as it needs it.
        if earlier is not None:
            earlier.unlink(missing_ok=True)

    def _show(self, table: Table, shelved: str) -> None:
        self._is_following = True
        self.at_hand.value = shelved
        self._is_following = False
        one = self.shelf.get(shelved)
        self.description.show(one.description if one else "")
        self.columns.show(table, one.features if one else ())
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
        self._show(table, YOURS)
        chosen = self.columns.make_source()
        if chosen is None:
            # Ids and constants can be features too, if there is nothing better.
            self.columns.features.value = self.columns.features.options[:1]
            chosen = self.columns.make_source()
        assert chosen is not None
        return chosen

    def reopen(self) -> None:
        """Start the table chosen before anew; the first one at hand if there is none."""
        if self._table is None:
            self.at_hand.value = EXAMPLES[0].title
        else:
            self._choose()

    def show_report(self) -> None:
        """Tell what reading the table has dropped or assumed so far."""
        if self._table is not None:
            report = self._table.report
            self.report.show(*report.summary())
            if report.n_dropped_missing or report.n_filled:
                self.columns.show_missing(True)

    def close(self) -> None:
        """Delete the uploaded file."""
        self.file.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

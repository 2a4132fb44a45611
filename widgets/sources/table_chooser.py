"""The choice of a table: an uploaded file or a table of the catalog, and its columns."""

import asyncio
import shutil
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any

import panel as pn
import panel_material_ui as pmui

from clusterer.preprocessing.scaling import Scaling
from clusterer.preprocessing.treatment_text import check_weight
from clusterer.stream import Source
from clusterer.support.lazy_property import lazy_property
from clusterer.support.temp_folders import temp_folders
from clusterer.support.text import join_names, make_printable
from clusterer.tables import ReadingOptions, Table, TableError, open_table
from widgets.components.background import run_in_thread
from widgets.components.lazy import LazyColumn
from widgets.components.text import Text
from widgets.components.upload import Upload
from widgets.controls.controls import WIDE
from widgets.sources.catalog import build_catalog
from widgets.sources.column_chooser import ColumnChooser
from widgets.sources.table_preview import TablePreview

# Stored runs contain this value for a table that is not in the catalog.
UPLOADED = "(uploaded)"
NO_FEATURE = "Choose at least one column as a feature."
NO_TABLE = (
    "Drop a file on the field above, or choose an example. The present stream goes on until then."
)

OnOpen = Callable[[Source, Scaling], None]
TreatmentChoice = tuple[Collection[str], Mapping[str, float]]
"""The features whose logarithm is taken, and the weights of features."""


class TableChooser:
    """Widgets that choose a table and its columns; ``on_open`` gets each chosen source.

    The catalog contains the tables of ``folder`` and the examples. ``ignored`` are the names in the
    last wish (`treat`) that are no columns of numbers.
    """

    def __init__(self, on_open: OnOpen, folder: str | PathLike[str] | None = None) -> None:
        self._on_open = on_open
        self._folder = self._upload_folder = temp_folders.make_folder()
        self._uploaded: Path | None = None
        self._table: Table | None = None
        self._name = ""
        self._path: Path | None = None
        self._n_requests = self._n_reading = 0
        self._is_updating = False
        self._wanted: TreatmentChoice | None = None
        self.ignored: list[str] = []
        self.catalog = build_catalog(folder)
        self.message = Text(role="alert", style="color: #d32f2f;")
        self.description = Text()
        self.report = Text()
        self.file = Upload(
            self._folder,
            on_begin=lambda: self.message.show(),
            on_file=self._receive,
            on_problem=lambda problem: self.message.show(problem),
            margin=(5, 10),
            **WIDE,
        )
        self.description.show(NO_TABLE)
        self.catalog_select = pmui.Select(
            label="Or choose a table",
            description="Example tables, and the tables of the folder that the app was started "
            "with.",
            options=self._list_tables(UPLOADED),
            value=UPLOADED,
            **WIDE,
        )
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
        self.catalog_select.param.watch(self._choose_from_catalog, "value")

    @lazy_property
    def columns(self) -> ColumnChooser:
        """The choice of the columns."""
        return ColumnChooser(self._choose)

    @lazy_property
    def preview(self) -> TablePreview:
        """The preview of the table."""
        return TablePreview(self._read_again)

    @property
    def is_uploaded(self) -> bool:
        """Whether the user has uploaded the table."""
        return self._uploaded is not None

    @property
    def catalog_title(self) -> str | None:
        """The title of the chosen table of the catalog; None if the table is not in the catalog."""
        return None if self.catalog_select.value == UPLOADED else self.catalog_select.value

    @property
    def is_chosen(self) -> bool:
        """Whether there is a table, or one of the catalog is being read."""
        return self._table is not None or self.catalog_title is not None

    @property
    def place(self) -> str:
        """The path of the table that was read last; empty if there is none."""
        return str(self._path or "")

    @property
    def is_ready(self) -> bool:
        """Whether no table is being read."""
        return not self._n_reading

    def _list_tables(self, title: str) -> dict[str, str]:
        """The options: the catalog, after the table ``title`` if that is not in the catalog."""
        if title in self.catalog:
            return {each: each for each in self.catalog}
        label = f"File: {make_printable(self._name, 60)}" if self._name else "(no table yet)"
        return {label: UPLOADED} | {each: each for each in self.catalog if each != label}

    def _receive(self, path: Path, name: str) -> None:
        self._start_reading(path, name, is_uploaded=True)

    def _choose_from_catalog(self, event: Any) -> None:
        entry = self.catalog.get(event.new)
        if entry is not None and not self._is_updating:
            self.message.show()
            self._start_reading(entry.path, entry.path.name, title=event.new)

    def _start_reading(self, path: Path, name: str, **origin: Any) -> None:
        self._n_requests += 1
        self._n_reading += 1
        pn.state.execute(partial(self._read, self._n_requests, path, name, **origin))

    def _read_again(self, options: ReadingOptions) -> None:
        """Read the table again with other choices; a failure keeps the table as it is."""
        if self._path is not None:
            title = self.catalog_select.value
            is_uploaded = self._uploaded is not None
            self._start_reading(
                self._path, self._name, is_uploaded=is_uploaded, title=title, options=options
            )

    async def _read(
        self,
        number: int,
        path: Path,
        name: str,
        is_uploaded: bool = False,
        title: str = UPLOADED,
        options: ReadingOptions | None = None,
    ) -> None:
        try:
            # It can take seconds to read a table; the page must not wait.
            table = await run_in_thread(open_table, path, name=name, options=options)
        except Exception as error:
            if is_uploaded and path != self._uploaded:
                path.unlink(missing_ok=True)
            if not isinstance(error, TableError):
                raise
            if number == self._n_requests:
                self.message.show(str(error))
                self.preview.show_error(str(error))
            return
        finally:
            self._n_reading -= 1
        if number != self._n_requests:
            # Another table was chosen in the meantime.
            if is_uploaded and path != self._uploaded:
                path.unlink(missing_ok=True)
            return
        previous, self._uploaded = self._uploaded, path if is_uploaded else None
        self._name, self._path = name, path
        self._show(table, title)
        self._choose()
        # The engine keeps the file open as long as it needs the file.
        if previous is not None and previous != path:
            previous.unlink(missing_ok=True)

    def _show(self, table: Table, title: str, features: Sequence[str] = ()) -> None:
        self._table = table
        self._is_updating = True
        self.catalog_select.param.update(options=self._list_tables(title), value=title)
        # Otherwise the page keeps the name of the last file, since the value is the same.
        self.catalog_select.param.trigger("value")
        self._is_updating = False
        entry = self.catalog.get(title)
        self.description.show(entry.description if entry else "")
        self.columns.show(table, features or (entry.features if entry else ()))
        self._follow_wish()
        self.preview.show(table)

    def treat(self, logs: Collection[str], weights: Mapping[str, float], *, is_next: bool) -> None:
        """Choose logarithms and weights of columns: of the next table, or of the present one."""
        self._wanted = logs, weights
        if not is_next and self._table is not None:
            self._follow_wish()
            self._choose()

    def _follow_wish(self) -> None:
        self.ignored = []
        if self._wanted is not None:
            wanted, self._wanted = self._wanted, None
            self.ignored = self.columns.treat(*wanted)

    def _choose(self) -> None:
        if self._table is None:
            return
        chosen = self.columns.make_source()
        self.message.show("" if chosen else NO_FEATURE)
        if chosen:
            self._on_open(*chosen)

    def open_path(
        self,
        path: str | PathLike[str],
        logs: Collection[str] = (),
        weights: Mapping[str, float] | None = None,
    ) -> tuple[Source, Scaling]:
        """Read a table of this machine as the first source.

        Raises `TableError` if the table cannot be read or has no such columns of numbers, and
        ValueError if a weight is not allowed.
        """
        self._path, self._name = Path(path), Path(path).name
        table = open_table(self._path, name=self._name)
        weights = {name: check_weight(weight, name) for name, weight in (weights or {}).items()}
        self._wanted = [logs] if isinstance(logs, str) else list(logs), weights
        self._show(table, UPLOADED)
        if self.ignored:
            names = join_names([column.name for column in table.columns if column.usable])
            raise TableError(
                f"{join_names(self.ignored)} cannot have a logarithm or a weight; allowed are the "
                f"columns of numbers: {names}"
            )
        chosen = self.columns.make_source()
        if chosen is None:
            # If no column is a default feature, take the first one, such as an id or a constant.
            self.columns.features.value = self.columns.features.options[:1]
            chosen = self.columns.make_source()
        assert chosen is not None
        return chosen

    def reopen(self) -> None:
        """Restart the chosen table, unless it is still being read."""
        self._choose()

    def describe(self) -> dict[str, Any]:
        """The table and the choices about its columns, in the types of JSON."""
        return {
            "shelved": self.catalog_select.value,
            "file": None if self._uploaded is None else self._uploaded.name,
            "name": self._name,
            "reading": {} if self._table is None else dict(self._table.choices),
            "columns": self.columns.describe(),
        }

    def save_in(self, folder: Path, upload_folder: Path) -> None:
        """Store complete uploads in ``folder`` from now on, where they outlive the page."""
        self._upload_folder = upload_folder
        self.file.save_in(folder, upload_folder)

    async def restore(self, description: dict[str, Any], folder: Path) -> None:
        """Show the table that `describe` returned; ``folder`` contains uploaded tables.

        Raises `TableError` or OSError if the table does not exist, ValueError if it is not valid.
        """
        # A link may have asked for a table that is still being read; the stored run replaces it.
        self._n_requests += 1
        self._wanted = None
        entry, file = self.catalog.get(description["shelved"]), description["file"]
        path = entry.path if entry else folder / str(file) if file else None
        if path is not None:
            # The stored name of the file must not contain a path.
            if entry is None and path.parent != folder:
                raise ValueError("the table is not in its folder")
            options = ReadingOptions.from_choices(description.get("reading", {}))
            table = await asyncio.to_thread(
                open_table, path, name=description["name"], options=options
            )
            self._name, self._uploaded = description["name"], None if entry else path
            self._path = path
            # The new checkboxes get their value when they are built: a later change could reach
            # the browser before the checkboxes.
            self._show(table, description["shelved"], description["columns"]["features"])
        elif self._table is None:
            raise ValueError("the table was deleted")
        self.columns.restore(description["columns"])

    def show_report(self, negative: str = "") -> None:
        """Show which rows were dropped and which values were filled so far.

        ``negative`` is a sentence about values below 0 whose logarithm is taken.
        """
        if self._table is not None:
            report = self._table.report
            self.report.show(*report.summary(), negative)
            if report.n_dropped_missing or report.n_filled:
                self.columns.show_missing(True)
            self.columns.note_dropped(report.n_dropped_missing, report.n_rows + report.n_dropped)

    def close(self) -> None:
        """Delete uploaded files; a table that is still being read is not opened."""
        self._n_requests += 1
        self.file.stop()
        for folder in (self._folder, self._upload_folder):
            shutil.rmtree(folder, ignore_errors=True)

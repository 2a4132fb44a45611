"""The state of a page: what a checkpoint needs to open the page again, besides the run."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from clusterer.session.engine import Engine
from clusterer.session.saving.checkpoint import Checkpoint
from clusterer.stream import Source
from widgets.page.link import AddressBar
from widgets.settings import Settings
from widgets.sources.source_chooser import GENERATED, TABLE, SourceChooser
from widgets.tour.tour import Tour


class PageState:
    """The settings, the source and the view of a page; during a tour those from before the tour.

    ``show_source`` is called with the source of a restored run, before its view is restored.
    """

    def __init__(
        self,
        settings: Settings,
        sources: SourceChooser,
        address: AddressBar,
        engine: Engine,
        tour: Tour,
        show_source: Callable[[Source], None],
    ) -> None:
        self._settings = settings
        self._sources = sources
        self._address = address
        self._engine = engine
        self._tour = tour
        self._show_source = show_source

    def describe(self) -> dict[str, Any]:
        """The state in JSON's types."""
        before = self._tour.page_before
        kind = self._sources.opened_kind if before is None else before.kind
        values = self._settings.param.values() if before is None else before.settings
        return {
            "kind": kind,
            "settings": {name: values[name] for name in sorted(values.keys() - {"name"})},
            "view": self._address.write_view(None if before is None else before.tab),
            "table": self._sources.table.describe() if kind == TABLE else None,
        }

    def create_table_models(self) -> None:
        """Create the models of the table's controls; a task cannot send new models."""
        self._sources.table.view.fill()

    def save_tables_in(self, folder: Path, upload_folder: Path) -> None:
        """Save tables that are uploaded from now on in a folder; ``upload_folder`` holds parts."""
        self._sources.table.save_in(folder, upload_folder)

    async def restore(self, checkpoint: Checkpoint, folder: Path) -> None:
        """Restore the state, and resume the checkpoint's run.

        Parameters
        ----------
        checkpoint : Checkpoint
            The saved run and state.
        folder : Path
            The folder of the run's tables.

        Raises
        ------
        ValueError, OSError
            If the run cannot be restored.
        """
        state = checkpoint.page_state
        if state["kind"] == TABLE:
            await self._sources.table.restore(state["table"], folder)
        elif state["kind"] != GENERATED:
            raise ValueError("a run with data from a program cannot be restored")
        values = Settings.pick_values(state["settings"])
        self._settings.param.update(**values)
        self._sources.kind.value = state["kind"]
        # Again, because another source begins with the first settings of the page.
        self._settings.param.update(**values)
        if state["kind"] == TABLE:
            chosen = self._sources.table.columns.make_source()
            if chosen is None:
                raise ValueError("no column is chosen")
            source = chosen[0]
        else:
            source = self._sources.make_source()
        self._show_source(source)
        self._address.restore_view(state["view"])
        # Restoring reads a table again up to the run's position.
        run = await asyncio.to_thread(checkpoint.restore_run, source)
        self._engine.resume_run(run, is_playing=checkpoint.is_playing)
        # A setting changed in the last moment may be saved in the state and not in the run.
        for name, value in self._settings.live_values().items():
            self._engine.set(name, value)

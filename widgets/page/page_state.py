"""Places: all of a page that a run needs to be opened again, as data, and back."""

import asyncio
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from clusterer.session.engine import Engine
from clusterer.session.saving.checkpoint import Checkpoint
from widgets.page.link import AddressBar
from widgets.settings import Settings
from widgets.sources.source_chooser import GENERATED, TABLE, SourceChooser
from widgets.tour.tour import Tour


class PageState:
    """The settings, the source and the view of a page; during a ``tour`` those left for it."""

    def __init__(
        self,
        settings: Settings,
        sources: SourceChooser,
        address: AddressBar,
        engine: Engine,
        tour: Tour,
    ) -> None:
        self._settings = settings
        self._sources = sources
        self._address = address
        self._engine = engine
        self._tour = tour

    def describe(self) -> dict[str, Any]:
        """The place as it is now, in JSON's types."""
        left = self._tour.page_before
        kind = self._sources.kind.value if left is None else left.kind
        values = self._settings.param.values() if left is None else left.settings
        return {
            "kind": kind,
            "was_playing": None if left is None else left.was_playing,
            "settings": {name: values[name] for name in sorted(values.keys() - {"name"})},
            "view": dict(parse_qsl(self._address.write_place())),
            "table": self._sources.table.describe() if kind == TABLE else None,
        }

    def make_room(self) -> None:
        """Have what a table needs in the page: its models have to be there before a task's news."""
        self._sources.table.view.fill()

    def keep_tables(self, folder: Path, arrivals: Path) -> None:
        """Have tables uploaded from now on kept in a folder, once they are whole."""
        self._sources.table.keep_in(folder, arrivals)

    async def go_back(self, checkpoint: Checkpoint, folder: Path) -> None:
        """Be as the memory says, and have the engine adopt its run.

        ``folder`` is where its tables are. Raises ValueError or OSError where that can't be.
        """
        told = checkpoint.page_state
        if told["kind"] == TABLE:
            table = self._sources.table
            await table.restore(told["table"], folder)
        elif told["kind"] != GENERATED:
            raise ValueError("the data was given by a program")
        self._settings.param.update(**Settings.pick_values(told["settings"]))
        self._sources.kind.value = told["kind"]
        self._address.restore_place(told["view"])
        was_playing = told.get("was_playing")
        if was_playing is not None:
            # The run is the tour's: as at its end, the stream that was left begins anew.
            self._sources.reopen()
            (self._engine.play if was_playing else self._engine.pause)()
            return
        if told["kind"] == TABLE:
            chosen = self._sources.table.columns.make_source()
            if chosen is None:
                raise ValueError("no column is chosen")
            source = chosen[0]
        else:
            source = self._sources.make_source()
        # A table is read again up to there.
        run = await asyncio.to_thread(checkpoint.restore_run, source)
        self._engine.resume_run(run, is_playing=checkpoint.is_playing)
        # What was turned in the last moment may not have been stored of both.
        for name, value in self._settings.live_values().items():
            self._engine.set(name, value)

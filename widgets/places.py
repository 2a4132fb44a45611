"""Places: all of a page that a run needs to be opened again, as data, and back."""

import asyncio
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from clusterer.engine import Engine
from clusterer.memories import Memory
from clusterer.settings import Settings

from .address import AddressBar
from .sources import GENERATED, TABLE, SourceChooser


class Place:
    """The settings, the source and the view of a page."""

    def __init__(
        self, settings: Settings, sources: SourceChooser, address: AddressBar, engine: Engine
    ) -> None:
        self._settings = settings
        self._sources = sources
        self._address = address
        self._engine = engine

    def describe(self) -> dict[str, Any]:
        """The place as it is now, in JSON's types."""
        kind = self._sources.kind.value
        values = self._settings.param.values()
        return {
            "kind": kind,
            "settings": {name: values[name] for name in sorted(values.keys() - {"name"})},
            "view": dict(parse_qsl(self._address.write_place())),
            "table": self._sources.table.describe() if kind == TABLE else None,
        }

    def make_room(self) -> None:
        """Have what a table needs in the page: its models have to be there before a task's news."""
        self._sources.table.view.fill()

    def keep_tables(self, folder: Path) -> None:
        """Have tables uploaded from now on kept there."""
        self._sources.table.keep_in(folder)

    async def go_back(self, memory: Memory, folder: Path) -> None:
        """Be as the memory says, and have the engine adopt its run.

        ``folder`` is where its tables are. Raises ValueError or OSError where that can't be.
        """
        told = memory.place
        if told["kind"] == TABLE:
            table = self._sources.table
            await table.bring_back(told["table"], folder)
        elif told["kind"] != GENERATED:
            raise ValueError("the data was given by a program")
        self._settings.param.update(**Settings.pick_values(told["settings"]))
        self._sources.kind.value = told["kind"]
        self._address.restore_place(told["view"])
        if told["kind"] == TABLE:
            chosen = self._sources.table.columns.make_source()
            if chosen is None:
                raise ValueError("no column is chosen")
            source = chosen[0]
        else:
            source = self._sources.make_source()
        # A table is read again up to there.
        run = await asyncio.to_thread(memory.bring_back, source)
        self._engine.adopt(run, is_playing=memory.is_playing)

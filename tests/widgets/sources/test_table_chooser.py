"""The table that a page shows, whichever of those asked for is read first."""

import asyncio
import threading

from widgets.sources import table_chooser as tables
from widgets.sources.table_chooser import UPLOADED, TableChooser


async def bring_one_back_while_another_is_read(chooser, told, folder, may_read):
    chooser.reopen()
    await chooser.bring_back(told, folder)
    may_read.set()
    while not chooser.is_ready:
        await asyncio.sleep(0.01)


def test_a_table_brought_back_stays_when_what_a_link_asked_for_is_read_later(
    tmp_path, write, monkeypatch
):
    write("width,height\n1,2\n3,5\n4,4\n", "own.csv")
    opened = []
    chooser = TableChooser(lambda source, scaling: opened.append(source))
    may_read, read = threading.Event(), tables.open_table

    def read_late(path, **options):
        if path.name != "own.csv":
            assert may_read.wait(30)
        return read(path, **options)

    monkeypatch.setattr(tables, "open_table", read_late)
    chooser.open_path(tmp_path / "own.csv")
    told = chooser.describe() | {"file": "own.csv", "name": "own.csv"}
    fresh = TableChooser(lambda source, scaling: opened.append(source))
    try:
        # Of a thread of its own: the browser's tests leave a loop running in this one.
        worker = threading.Thread(
            target=asyncio.run,
            args=[bring_one_back_while_another_is_read(fresh, told, tmp_path, may_read)],
        )
        worker.start()
        worker.join(60)
        assert not worker.is_alive()
        assert fresh.catalog_select.value == UPLOADED
        assert fresh.columns.features.options == ["width", "height"]
        assert opened == []
    finally:
        chooser.close()
        fresh.close()

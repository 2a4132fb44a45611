"""The page shows the table that was requested last, whichever is read first."""

import asyncio
import threading

from clusterer.datasets.examples import EXAMPLES
from widgets.sources import table_chooser as tables
from widgets.sources.table_chooser import UPLOADED, TableChooser


async def restore_a_table_while_another_is_read(chooser, description, folder, may_read):
    chooser.catalog_select.value = EXAMPLES[0].title
    await chooser.restore(description, folder)
    may_read.set()
    while not chooser.is_ready:
        await asyncio.sleep(0.01)


def test_a_restored_table_stays_when_the_table_of_a_link_is_read_later(
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
    description = chooser.describe() | {"file": "own.csv", "name": "own.csv"}
    fresh = TableChooser(lambda source, scaling: opened.append(source))
    try:
        # In a new thread: the browser tests leave an event loop running in this thread.
        worker = threading.Thread(
            target=asyncio.run,
            args=[restore_a_table_while_another_is_read(fresh, description, tmp_path, may_read)],
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

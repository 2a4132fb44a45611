"""Files that change during a reading or between two readings."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from clusterer.tables import TableError, open_table
from tests.support.table_files import PLAIN, POINTS


@pytest.mark.parametrize("change", [b"a;b\n1;2\n", PLAIN[:2_000_000].encode()])
def test_changed_file_is_refused(write, change):
    path = write(PLAIN + PLAIN.split("\n", 1)[1] * 900)
    table = open_table(path)
    chunks = table.chunks(["x"], 10)
    next(chunks)
    path.write_bytes(change)
    for later in (chunks, table.chunks(["x"], 10)):
        with pytest.raises(TableError, match="has changed since it was opened"):
            list(later)


def test_file_that_grew_or_was_deleted_is_read_to_its_end(write):
    path = write(PLAIN)
    table = open_table(path)
    with path.open("ab") as file:
        file.write(b"1,2,0\n" * 9)
    chunks = table.chunks(["x"], 100)
    n_first = len(next(chunks).points)
    path.unlink()
    assert n_first + sum(len(chunk.points) for chunk in chunks) == 309


@pytest.mark.parametrize("other", [{"z": POINTS[:, 0]}, {"x": ["a"] * 300}])
def test_replaced_parquet_file_is_refused(tmp_path, other):
    path = tmp_path / "t"
    pq.write_table(pa.table({"x": POINTS[:, 0]}), path)
    table = open_table(path)
    pq.write_table(pa.table(other), path)
    with pytest.raises(TableError, match="has changed since it was opened"):
        list(table.chunks(["x"], 10))

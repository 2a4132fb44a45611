"""Small files that describe huge tables, one for each way of describing them."""

import gzip
import io
import json
import lzma
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tests.tables.files.databases import make_sqlite
from tests.tables.files.workbooks import Raw, make_ods, make_xlsx, pack, pack_ods

N_ROWS = 200_000
LONG = "a" * 400_000


def _repeat(text: str, n_rows: int = N_ROWS) -> pa.Array:
    """Return one text that all rows point to."""
    indices = pa.array(np.zeros(n_rows, np.int32))
    return pa.DictionaryArray.from_arrays(indices, pa.array([text]))


def _columns(text: pa.Array) -> pa.Table:
    numbers = np.arange(len(text)) % 97
    return pa.table({"x": numbers * 0.5, "y": -numbers * 0.25, "label": text})


def _write_parquet(table: pa.Table, **options: object) -> bytes:
    held = io.BytesIO()
    pq.write_table(table, held, **options)
    return held.getvalue()


def _write_arrow(table: pa.Table, is_file: bool = False, **options: object) -> bytes:
    held = io.BytesIO()
    make = pa.ipc.new_file if is_file else pa.ipc.new_stream
    with make(held, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(table)
    return held.getvalue()


def make_parquet_dictionary() -> bytes:
    """Write a text of 400,000 letters to which 200,000 rows point."""
    return _write_parquet(_columns(_repeat(LONG)))


def make_parquet_shared_beginnings() -> bytes:
    """Write 1,000 texts of 400,000 letters, each as the beginning of the text before."""
    table = _columns(pa.array([LONG] * 1_000))
    return _write_parquet(
        table,
        use_dictionary=False,
        column_encoding={"x": "PLAIN", "y": "PLAIN", "label": "DELTA_BYTE_ARRAY"},
    )


def make_parquet_page() -> bytes:
    """Write a page that unpacks to 300 MB."""
    table = _columns(pa.array(["a" * 300_000_000, "b", "c"]))
    return _write_parquet(table, use_dictionary=False, compression="zstd", write_statistics=False)


def make_parquet_runs() -> bytes:
    """Write 40 million rows of the same number, as runs."""
    held = io.BytesIO()
    part = pa.table({"x": np.zeros(10_000_000)})
    with pq.ParquetWriter(held, part.schema, compression="zstd") as writer:
        for _ in range(4):
            writer.write_table(part, row_group_size=len(part))
    return held.getvalue()


def make_arrow_dictionary() -> bytes:
    """Write a dictionary of one long text to a stream."""
    return _write_arrow(_columns(_repeat(LONG)))


def make_feather_dictionary() -> bytes:
    """Write a dictionary of one long text to a file."""
    return _write_arrow(_columns(_repeat(LONG)), is_file=True, compression="zstd")


def make_arrow_views() -> bytes:
    """Write views that point to one long text."""
    views = np.zeros((N_ROWS, 4), np.int32)
    views[:, 0] = len(LONG)
    views[:, 1] = np.frombuffer(b"aaaa", np.int32)
    buffers = [None, pa.py_buffer(views.tobytes()), pa.py_buffer(LONG.encode())]
    return _write_arrow(_columns(pa.Array.from_buffers(pa.string_view(), N_ROWS, buffers)))


def make_arrow_runs() -> bytes:
    """Write a billion rows of one number as a run."""
    n_rows = 10**9
    run = pa.RunEndEncodedArray.from_arrays(pa.array([n_rows], pa.int32()), pa.array([1.5]))
    return _write_arrow(pa.table({"x": run}))


def make_arrow_buffers() -> bytes:
    """Write a batch whose buffers unpack to 320 MB."""
    table = pa.table({"x": np.zeros(20_000_000), "y": np.zeros(20_000_000)})
    return _write_arrow(table.combine_chunks(), compression="zstd")


def make_npz() -> bytes:
    """Write an array of zeros of 96 MB."""
    held = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        held, {"descr": "<f8", "fortran_order": False, "shape": (6_000_000, 2)}
    )
    return pack({"x.npy": held.getvalue() + bytes(96_000_000)})


def make_xlsx_texts() -> bytes:
    """Write a sheet whose 20,000 cells point to one text of 400,000 letters."""
    return make_xlsx({"S": [["x", "label"], *([i, LONG] for i in range(20_000))]})


def make_xlsx_corner() -> bytes:
    """Write a sheet with a cell in the first and the last place."""
    last = Raw('<c r="XFD1048576"><v>1</v></c>')
    return make_xlsx({"S": [["x", "y"], [1, 2], [3, 4], [5, 6], [last]]})


def make_ods_repeats() -> bytes:
    """Write a cell that is repeated 16,000 times, in a row that is repeated a million times."""
    cell = 'office:value-type="float" office:value="1.5" table:number-columns-repeated="16000"'
    row = (
        '<table:table-row table:number-rows-repeated="1000000">'
        f"<table:table-cell {cell}/></table:table-row>"
    )
    return make_ods({"S": [["x", "y"], Raw(row)]})


def make_ods_text() -> bytes:
    """Write a sheet as a single text of 300 MB."""
    return pack_ods('<office:document-content xmlns:office="o"><office:body>' + "a" * 300_000_000)


def make_zip() -> bytes:
    """Write a table of 48 MB into a zip archive."""
    return pack({"t.csv": "x,y\n" + "1,2\n" * 12_000_000})


def make_xz() -> bytes:
    """Compress a table of 48 MB by xz."""
    return lzma.compress(b"x,y\n" + b"1,2\n" * 12_000_000, preset=0)


def make_json() -> bytes:
    """Compress an object with 36 MB of empty arrays."""
    return gzip.compress(b'{"x": [' + b"[]," * 12_000_000 + b"[]]}", 1)


def make_json_deep() -> bytes:
    """Nest a million arrays."""
    return b'{"x": ' + b"[" * 1_000_000 + b"]" * 1_000_000 + b"}"


def make_json_wide() -> bytes:
    """Write records whose names of members do not repeat."""
    rows = [{f"k{i}_{j}": 1 for j in range(200)} for i in range(2_000)]
    return json.dumps(rows).encode()


def make_sqlite_defaults() -> bytes:
    """Add a column of 30,000 letters to 20,000 rows, which stores its text once."""
    add = f"ALTER TABLE t ADD COLUMN label TEXT DEFAULT '{'a' * 30_000}'"
    rows = [(i % 97 * 0.5, i % 89) for i in range(20_000)]
    return make_sqlite(rows, "CREATE TABLE t (x, y)", then=[add])


def make_sqlite_tree() -> bytes:
    """Write a tree whose pages have the same page as their child 50 times, on four levels."""
    n_page, n_children, n_levels = 512, 50, 4
    rows = [(i % 7 * 0.5, i % 5, "a" * 60) for i in range(6)]
    whole = make_sqlite(rows, f"PRAGMA page_size = {n_page}", "CREATE TABLE t (x, y, label)")
    schema, leaf = whole[:n_page], whole[n_page : 2 * n_page]
    pages = [schema]
    for level in range(n_levels):
        child = (level + 3).to_bytes(4, "big")
        cells = [child + bytes([i + 1]) for i in range(n_children)]
        starts = [n_page - 5 * (i + 1) for i in range(n_children)]
        head = b"\x05\0\0" + n_children.to_bytes(2, "big") + starts[-1].to_bytes(2, "big") + b"\0"
        page = head + child + b"".join(start.to_bytes(2, "big") for start in starts)
        pages.append(page.ljust(starts[-1], b"\0") + b"".join(reversed(cells)))
    data = bytearray(b"".join([*pages, leaf]))
    data[28:32] = (len(data) // n_page).to_bytes(4, "big")
    return bytes(data)


BOMBS: dict[str, Callable[[], bytes]] = {
    name.removeprefix("make_"): make
    for name, make in list(globals().items())
    if name.startswith("make_") and name not in ("make_xlsx", "make_ods", "make_sqlite")
}

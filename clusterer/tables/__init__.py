"""Reading of messy tables: detect their format, report what was assumed, stream their rows.

How a file becomes points, and where to look:

==========================================  ================================================
bytes: type, compression, archive           `files.signatures`, `.byte_stream`, `.archive`
workbook, SQLite → text                     `processes.workbook`, `.sqlite`
JSON, ARFF → text                           `files.json_rows`, `.arff`
bytes → text: encoding                      `files.encoding.detect_encoding`
text → lines                                `text.blocks.read_blocks`, `text.rewriting`
lines → records: delimiter, quotes,         `text.dialect.detect_dialect`
comments
header, titles, first row                   `text.header.detect_layout`, `text.name_rows`
records → columns                           `text.text_source`
Parquet, Arrow, NumPy → columns             `columnar.parquet_source` …, `.expansion`
column: kind and numbers                    `columns.column.infer_column`, `columns.numbers`,
                                            `columns.notations`
column: dates, ids, sentinels               `columns.dates`, `.identifiers`, `.sentinels`
columns → features, classes, time           `columns.roles`
columns → points, missing values, totals    `rows.points.PointConverter`, `rows.totals`
points in the order of time                 `rows.chunking`
==========================================  ================================================

`opening.open_table` runs the detection on the first megabyte and returns a `table.Table`, whose
`chunks` read all rows. `options.ReadingOptions` holds what the user chose instead of the detection.
`report.Report` holds notes and counts for users.
"""

from clusterer.tables.columns.column import Column
from clusterer.tables.errors import TableError
from clusterer.tables.files.folder import check_inside, list_folder
from clusterer.tables.files.pipe import Pipe
from clusterer.tables.opening import open_table
from clusterer.tables.options import ReadingOptions
from clusterer.tables.report import Report
from clusterer.tables.table import Table

__all__ = [
    "Column",
    "Pipe",
    "ReadingOptions",
    "Report",
    "Table",
    "TableError",
    "check_inside",
    "list_folder",
    "open_table",
]

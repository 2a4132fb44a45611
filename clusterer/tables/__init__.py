"""Reading of messy tables: what is in them, told; their rows as points, streamed.

`open_table` finds out what a file is by its content, how it is written and what its columns
hold; the `Table` that it returns streams the rows in chunks without NaN or infinity, and its
report tells what was assumed and dropped.
"""

from clusterer.tables.columns.column import Column
from clusterer.tables.errors import TableError
from clusterer.tables.files.folder import list_folder
from clusterer.tables.files.pipe import Pipe
from clusterer.tables.opening import open_table
from clusterer.tables.report import Report
from clusterer.tables.table import Table

__all__ = ["Column", "Pipe", "Report", "Table", "TableError", "list_folder", "open_table"]

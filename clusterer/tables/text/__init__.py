"""From text to records: blocks of lines, the dialect, the header, the rows."""

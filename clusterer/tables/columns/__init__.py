"""From cells to columns: numbers, dates, classes, the kinds and the roles of columns."""

"""Columns of a table: their kinds, roles, numbers, dates and classes."""

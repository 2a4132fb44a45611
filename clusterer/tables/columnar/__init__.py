"""Rows of binary formats that hold whole columns: Parquet, Arrow, NumPy arrays."""

"""Distributed learning: many files on one process and on several."""

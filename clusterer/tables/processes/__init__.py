"""Formats that are read in a process of its own, which limits its memory."""

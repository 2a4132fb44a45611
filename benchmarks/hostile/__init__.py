"""Hostile input: tables, models, links."""

"""Malformed messages and dropped connections."""

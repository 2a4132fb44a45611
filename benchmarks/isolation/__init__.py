"""Isolation of sessions."""

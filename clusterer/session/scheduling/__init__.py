"""Scheduling: how engines share the processor."""

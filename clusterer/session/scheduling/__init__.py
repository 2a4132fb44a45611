"""Scheduling: how all engines of a process share its processor and its memory."""

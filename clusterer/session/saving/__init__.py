"""Saving runs: checkpoints, autosave, and the store."""

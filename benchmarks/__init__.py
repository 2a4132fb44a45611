"""Measurements of speed and of quality: `python -m benchmarks`, `-m benchmarks.quality`."""

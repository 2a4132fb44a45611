"""Measurements of speed and of quality: `python -m benchmarks.speed`, `-m benchmarks.quality`."""

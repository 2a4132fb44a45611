"""Data sets: endless generated streams, hand-drawn streams, and example tables."""

from clusterer.datasets.families import GENERATORS
from clusterer.datasets.generator import GeneratedSource, make_generator
from clusterer.datasets.layout import Family
from clusterer.datasets.painted_source import PaintedSource

__all__ = ["GENERATORS", "Family", "GeneratedSource", "PaintedSource", "make_generator"]

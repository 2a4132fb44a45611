"""Streams: sources of points, and the chunks in which points travel."""

from clusterer.stream.chunk import Chunk
from clusterer.stream.source import ArraySource, Source
from clusterer.stream.table_source import TableSource

__all__ = ["ArraySource", "Chunk", "Source", "TableSource"]

"""Sources: where the points of a stream come from."""

from clusterer.sources.families import GENERATORS, Family
from clusterer.sources.generators import NOISE_CLASS, Generator, make_generator
from clusterer.sources.inputs import ArraySource, Source
from clusterer.sources.paintings import Painting
from clusterer.sources.tables import TableSource

__all__ = [
    "GENERATORS",
    "NOISE_CLASS",
    "ArraySource",
    "Family",
    "Generator",
    "Painting",
    "Source",
    "TableSource",
    "make_generator",
]

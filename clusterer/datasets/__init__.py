"""Datasets: seeded generators of streams, and paintings."""

from clusterer.datasets.families import GENERATORS, Family
from clusterer.datasets.generator import NOISE_CLASS, Generator, make_generator
from clusterer.datasets.painting import Painting

__all__ = ["GENERATORS", "NOISE_CLASS", "Family", "Generator", "Painting", "make_generator"]
